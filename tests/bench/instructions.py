#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""User-space instructions a query, counted by valgrind's callgrind: of one build or of several.

    instructions.py [--queries N] [--only blocked,ledger] [--extra FILE.yaml] [--worker] SINKHOLED [SINKHOLED ...]

Each build serves each load twice, with few and with many queries; the difference, over the
difference in queries, is what a query costs, without start and end.  The counts hardly depend on
what else the machine does, so they compare builds where times are too noisy.  Ratios are to the
first build.  What a feature costs is told of the last build: without it, and with it.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import measure  # noqa: E402

FEW = 3000
MANY_NAMES = 10000
FILLED = 16 * MANY_NAMES    # seconds of queries: both tables that the ledger takes by turns have all names
SOME = 500  # names that are asked for
FEW_AT_A_TIME = 32
KINDS = ("blocked", "below", "cached", "forwarded")
PATTERNS = 2000
PLAIN = 'names.txt, format: names, sinkhole: {ipv4: 192.0.2.1, ipv6: "2001:db8::1"}'


class Feature(NamedTuple):
    """The load by which it is measured, what is configured without it and with it, how many addresses
    the upstream answers with, and how many names are asked for, and how many queries are not counted."""
    kind: str
    extra: tuple = ("", "")
    more: tuple = ("", "")
    names: tuple = (PLAIN, PLAIN)
    server: tuple = ("", "")
    addresses: int = 1
    some: int = SOME
    few: int = FEW
    browsers: int = 0


GROUPS = 100


def groups(*asking):
    """So many groups, the last of which has what asks as well."""
    clients = [[f"10.{n}.0.0/16", f"192.168.{n}.0/24", f"fd00:{n + 1:x}::/32"] for n in range(GROUPS)]
    clients[-1] += asking
    return "groups: " + json.dumps([{"name": f"g{n}", "clients": of, "lists": ["all"]}
                                    for n, of in enumerate(clients)])


OPERATION = f"""\
metrics: {{listen: ["127.0.0.1@{measure.free_port()}"]}}
control: {{socket: DIRECTORY/control.sock, listen: ["127.0.0.1@{measure.free_port()}"]}}
"""
FEATURES = {
    "ledger": Feature("blocked", extra=("evidence: {ledger: false}", "")),
    "findings": Feature("blocked", extra=("evidence: {ledger: false}", ""), some=MANY_NAMES, few=FILLED),
    "page": Feature("blocked", extra=("evidence: {ledger: false}", OPERATION), browsers=10),
    "page-findings": Feature("blocked", extra=("evidence: {ledger: false}", OPERATION), browsers=10, some=MANY_NAMES,
                             few=FILLED),
    "compact": Feature("blocked", server=("", ", compact-names: true")),
    "compact-cached": Feature("cached", server=("", ", compact-names: true")),
    "rpz": Feature("blocked", names=("names.txt, format: names, action: nxdomain",
                                     "names.zone, format: rpz, action: given")),
    "patterns": Feature("cached", more=("", "patterns.txt, format: adblock")),
    "no-group": Feature("blocked", extra=("", groups())),
    "no-group-cached": Feature("cached", extra=("", groups())),
    "group": Feature("blocked", extra=("", groups("127.0.0.1"))),
    "group-net": Feature("blocked", extra=("", groups("127.0.0.0/8"))),
    "group-cached": Feature("cached", extra=("", groups("127.0.0.1"))),
    "addresses": Feature("forwarded", more=("", "addresses.txt, format: addresses"), addresses=4),
}
CONFIG = """\
server: {{listen: ["127.0.0.1@{port}"], workers: 1, user: root{server}}}
upstreams: [{{address: 127.0.0.1@{upstream}}}]
lists:
  - {{name: bench, file: {directory}/{names}}}
  {more}
state: {{directory: {directory}/state}}
{extra}
"""


class Browsers:
    """Ask for what the page asks for, as often, while the load is on, and for the metrics; none when there is
    nowhere to ask."""
    PAGE = ("status", "stats", "history", "lists", "upstreams", "manual", "clients")
    PAUSE = 5

    def __init__(self, sinkholectl, directory, count):
        self.over, self.asked, self.token = threading.Event(), 0, ""
        if count:
            said = subprocess.run([sinkholectl, "--socket", directory / "control.sock", "--json", "page"],
                                  check=True, capture_output=True, text=True).stdout
            self.at, self.token = json.loads(said)["page"].split("/#")
        self.threads = [threading.Thread(target=self.look) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def look(self):
        while not self.over.is_set():
            for what in self.PAGE:
                asked = urllib.request.Request(f"{self.at}/v1/{what}", headers={"Authorization": f"Bearer {self.token}"})
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    answer.read()
                self.asked += 1
            self.over.wait(self.PAUSE)

    def close(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.threads and self.asked < len(self.threads) * len(self.PAGE):
            raise measure.Failure(f"the page was asked for {self.asked} times only")


class Run:
    """One start of a build under callgrind, and the load of one kind."""

    def __init__(self, options, directory, upstream, extra="", more="", names=PLAIN, server="", some=SOME, few=FEW,
                 browsers=0):
        self.options, self.directory, self.upstream, self.names = options, directory, upstream, names
        self.some, self.few, self.server, self.browsers = some, few, server, browsers
        self.extra = extra + (options.extra.read_text() if options.extra else "")
        self.more = f"- {{name: more, file: {directory}/{more}, action: nxdomain}}" if more else ""

    def count(self, binary, kind, queries):
        """All instructions of a process that answers so many queries."""
        port = measure.free_port()
        config = self.directory / "bench.yaml"
        config.write_text(CONFIG.format(port=port, upstream=self.upstream, directory=self.directory, names=self.names,
                                        extra=self.extra.replace("DIRECTORY", str(self.directory)), more=self.more,
                                        server=self.server))
        (self.directory / "state" / "cache.dump").unlink(missing_ok=True)  # no build starts warmer
        out = self.directory / "callgrind.out"
        log = self.directory / "log"
        with open(log, "w") as sink:
            server = subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                                       f"--separate-threads={'yes' if self.options.worker else 'no'}",
                                       binary, "-c", str(config)], stdout=sink, stderr=sink)
        try:
            self.await_ready(server, log)
            browsers = Browsers(self.options.tools / "sinkholectl", self.directory, self.browsers)
            try:
                self.load(kind, queries, port)
            finally:
                browsers.close()
        finally:
            measure.stop(server, 60)
        return sum(map(self.total, self.threads(out)))

    def threads(self, out):
        """The counts of the process, or with --worker those of the threads that read datagrams."""
        if not self.options.worker:
            return [out.read_text()]
        files = list(self.directory.glob("callgrind.out-*"))
        texts = [f.read_text() for f in files]
        for f in files:
            f.unlink()
        return [text for text in texts if "recvmmsg" in text]

    @staticmethod
    def total(text):
        return int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1))

    def await_ready(self, server, log):
        for _ in range(1200):
            if "ready" in log.read_text() or server.poll() is not None:
                break
            measure.time.sleep(0.05)
        if server.poll() is not None:
            raise measure.Failure(log.read_text())

    def load(self, kind, queries, port):
        """What is asked upstream is asked by a few at a time: a server that is slow under callgrind
        would ask again what it has not come to read the answers of, once more often than another time.
        What is cached is asked for when it is over a second old: TTLs are counted down from then on."""
        name = "unlisted" if kind in ("cached", "forwarded") else kind
        questions = self.directory / f"{name}.some"
        questions.write_text("".join((self.directory / f"{name}.txt").read_text().splitlines(True)[:self.some]))
        if kind == "cached":
            self.ask(port, questions, self.some, FEW_AT_A_TIME)
            measure.time.sleep(1.5)
        if kind == "forwarded":
            self.ask(port, questions, queries, FEW_AT_A_TIME, "--unique")
        else:
            self.ask(port, questions, queries, 512)

    def ask(self, port, questions, queries, window, *more):
        subprocess.run([self.options.tools / "load", *more, "-w", str(window), "-S", "1", "-n", str(queries),
                        "-e", "-t", "5000", "-s", "300", f"127.0.0.1@{port}", questions],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def per_query(self, binary, kind):
        many = self.few + self.options.queries
        return (self.count(binary, kind, many) - self.count(binary, kind, self.few)) / self.options.queries


def write_patterns(path):
    """As lists have them: most begin or end so, some are regular expressions.  None is in a name
    that is asked for but by chance."""
    draw = random.Random(1)

    def word(least, most):
        return "".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(draw.randint(least, most)))

    with open(path, "w") as out:
        for number in range(PATTERNS):
            a, b = word(4, 8), word(5, 10)
            print((f"||{a}*.{b}.com^", f"||{a}-*.{b}.", f"/^{a}[0-9]+\\.{b}/")[number % 3], file=out)


def write_zone(directory):
    """The same names, and what is below them, as a response policy zone."""
    with open(directory / "names.txt") as names, open(directory / "names.zone", "w") as out:
        print("$TTL 60\n@ SOA ns.bench. host.bench. 1 3600 600 86400 60\n@ NS ns.bench.", file=out)
        for name in map(str.rstrip, names):
            print(f"{name} CNAME .\n*.{name} CNAME .", file=out)


def write_addresses(path, count):
    """Addresses and networks from all over, none of them one that is answered."""
    draw = random.Random(2)
    with open(path, "w") as out:
        for _ in range(count):
            network = draw.randrange(1 << 24, 192 << 24) & 0xffffff00
            print(".".join(str(network >> shift & 255) for shift in (24, 16, 8, 0)) +
                  draw.choice(("", "/24")), file=out)


def compare_builds(options, directory, kind, port):
    run = Run(options, directory, port)
    counts = [run.per_query(binary, kind) for binary in options.binaries]
    shown = "  ".join(f"{count:9.1f} ({count / counts[0]:.3f})" for count in counts)
    print(f"{kind:<10} {shown}", flush=True)


def tell_feature(options, directory, name, port):
    feature = FEATURES[name]
    kind = feature.kind
    without, used = (Run(options, directory, port, *configured, some=feature.some,
                         few=feature.few).per_query(options.binaries[-1], kind)
                     for configured in zip(feature.extra, feature.more, feature.names, feature.server))
    print(f"{name:<10} {without:9.1f} without, {used:9.1f} with it ({used / without:.3f}, "
          f"{used - without:+.1f}; {kind})", flush=True)


def measure_one(options, directory, name):
    addresses = FEATURES[name].addresses if name in FEATURES else 1
    port = measure.free_port()
    upstream = measure.spawn([str(options.tools / "reflector"), "--answer", "--address", "192.0.2.7",
                              *(["--further", str(addresses - 1)] if addresses > 1 else []),
                              "--ttl", "86400", "127.0.0.1", str(port)], "0-1", subprocess.DEVNULL)
    try:
        (tell_feature if name in FEATURES else compare_builds)(options, directory, name, port)
    finally:
        measure.stop(upstream)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=10000)
    parser.add_argument("--only", default=",".join((*KINDS, *FEATURES)),
                        help="%(default)s")
    parser.add_argument("--names", type=int, default=10000, help="names on the list")
    parser.add_argument("--prefixes", type=int, default=10000, help="lines of the list of addresses")
    parser.add_argument("--extra", type=Path, help="YAML to put behind the configuration")
    parser.add_argument("--worker", action="store_true", help="the worker's thread alone")
    parser.add_argument("--tools", type=Path, default=Path("build/release"))
    parser.add_argument("binaries", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        directory.chmod(0o777)
        (directory / "state").mkdir(0o777)
        (directory / "state").chmod(0o777)
        subprocess.run([options.tools / "names", str(options.names), folder], check=True,
                       stdout=subprocess.DEVNULL)
        write_zone(directory)
        write_patterns(directory / "patterns.txt")
        write_addresses(directory / "addresses.txt", options.prefixes)
        for name in options.only.split(","):
            measure_one(options, directory, name)


if __name__ == "__main__":
    main()
