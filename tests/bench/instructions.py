#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""User-space instructions a query, counted by valgrind's callgrind: of one build or of several.

    instructions.py [--queries N] [--only blocked,cached] [--extra FILE.yaml] [--worker] SINKHOLED [SINKHOLED ...]

Each build serves each load twice, with few and with many queries; the difference, over the
difference in queries, is what a query costs, without start and end.  The counts hardly depend on
what else the machine does, so they compare builds where times are too noisy.  Ratios are to the
first build.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import measure  # noqa: E402

FEW = 3000
SOME = 500  # names that are asked for
FEW_AT_A_TIME = 32
KINDS = ("blocked", "below", "cached", "forwarded")
CONFIG = """\
server: {{listen: ["127.0.0.1@{port}"], workers: 1, user: root}}
upstreams: [{{address: 127.0.0.1@{upstream}}}]
lists:
  - {{name: bench, file: {directory}/names.txt, format: names, sinkhole: {{ipv4: 192.0.2.1, ipv6: "2001:db8::1"}}}}
state: {{directory: {directory}/state}}
{extra}
"""


class Run:
    """One start of a build under callgrind, and the load of one kind."""

    def __init__(self, options, directory, upstream):
        self.options, self.directory, self.upstream = options, directory, upstream

    def count(self, binary, kind, queries):
        """All instructions of a process that answers so many queries."""
        port = measure.free_port()
        config = self.directory / "bench.yaml"
        extra = self.options.extra.read_text() if self.options.extra else ""
        config.write_text(CONFIG.format(port=port, upstream=self.upstream, directory=self.directory,
                                        extra=extra))
        (self.directory / "state" / "cache.dump").unlink(missing_ok=True)  # no build starts warmer
        out = self.directory / "callgrind.out"
        log = self.directory / "log"
        with open(log, "w") as sink:
            server = subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                                       f"--separate-threads={'yes' if self.options.worker else 'no'}",
                                       binary, "-c", str(config)], stdout=sink, stderr=sink)
        try:
            self.await_ready(server, log)
            self.load(kind, queries, port)
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
        questions.write_text("".join((self.directory / f"{name}.txt").read_text().splitlines(True)[:SOME]))
        if kind == "cached":
            self.ask(port, questions, SOME, FEW_AT_A_TIME)
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
        many = FEW + self.options.queries
        return (self.count(binary, kind, many) - self.count(binary, kind, FEW)) / self.options.queries


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=10000)
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--names", type=int, default=10000, help="names on the list")
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
        port = measure.free_port()
        reflector = measure.spawn([str(options.tools / "reflector"), "--answer", "--address", "192.0.2.7",
                                   "--ttl", "86400", "127.0.0.1", str(port)], "0-1", subprocess.DEVNULL)
        try:
            for kind in options.only.split(","):
                run = Run(options, directory, port)
                counts = [run.per_query(binary, kind) for binary in options.binaries]
                shown = "  ".join(f"{count:9.1f} ({count / counts[0]:.3f})" for count in counts)
                print(f"{kind:<10} {shown}", flush=True)
        finally:
            measure.stop(reflector)


if __name__ == "__main__":
    main()
