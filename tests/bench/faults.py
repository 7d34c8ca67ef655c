#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What clients see while upstreams fail: sinkholed and its peers with the same two upstreams, the
same faults and the same questions."""

import argparse
import json
import math
import os
import random
import select
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "functional"))

import fairness  # noqa: E402
import forwarders  # noqa: E402
import measure  # noqa: E402
from harness import certs, faults as ways  # noqa: E402
from harness.upstream import ScriptedUpstream  # noqa: E402

ZONE = "faults.example"
RTT_S = 0.01        # of an upstream that is well
CLIENT_WAIT_S = 5   # as dig and glibc wait
TTL_S = 1           # of what is to be stale
STALE_WAIT_S = 2.5


def well(q):
    return ways.delayed(ways.good, RTT_S)(q)


def brief(q):
    return ways.delayed(lambda q: q.quick(ways.GOOD, ttl=TTL_S), RTT_S)(q)


def after_rtt(script):
    return ways.delayed(script, RTT_S)


# ---- the faults

def scripts(first=well, second=well):
    """The fault is that the upstreams answer by other scripts."""
    def begin(pair, _):
        pair[0].script, pair[1].script = first, second
    return begin


def go_down(pair, _):
    pair[0].down()


def all_down(pair, _):
    for up in pair:
        up.down()


def present(which):
    """The first upstream has a new certificate, and ends what connections it has."""
    def begin(pair, folder):
        pair[0].down()
        pair[0].context = identity(folder, which).context()
        pair[0].up()
    return begin


def lied_to(lie, tcp=True):
    """A forger is heard first over UDP; the truth comes after 250 ms."""
    def script(q):
        truth = ways.delayed(ways.good, 0.25)(q)
        if q.transport != "udp":
            return truth if tcp else ways.Close()
        lies = lie(q)
        return [*(lies if isinstance(lies, list) else [lies]), truth]
    return script


def wrong_ids(q):
    return [ways.wrong_id(q)] * 40


LIES = {"ids": ("40 wrong IDs", wrong_ids), "bare": ("bare SERVFAIL", ways.bare_servfail),
        "broken": ("broken body", ways.broken)}


@dataclass
class Fault:
    key: str
    title: str
    begin: object
    transport: str = "udp"
    until: float = math.inf     # seconds after which the upstreams are well again
    normal: object = well
    stale: bool = False         # names that were asked before, and are beyond their TTL
    upstreams: int = 2


FAULTS = [
    Fault("none", "none", scripts()),
    Fault("loss", "one loses 30 %", scripts(ways.lossy(well, seed=1))),
    Fault("loss-both", "both lose 30 %", scripts(ways.lossy(well, seed=1), ways.lossy(well, seed=2))),
    Fault("slow", "one takes 200 ms", scripts(ways.delayed(ways.good, 0.2))),
    Fault("slower", "one takes 2 s", scripts(ways.delayed(ways.good, 2))),
    Fault("tail", "both take 500 ms for 1 of 25",
          scripts(ways.sometimes_delayed(well, 0.5, 25), ways.sometimes_delayed(well, 0.5, 25))),
    Fault("dead", "one is silent", scripts(ways.silent)),
    Fault("back", "one is silent for 3 s", scripts(ways.silent), until=3),
    Fault("outage", "both are silent for 3 s", scripts(ways.silent, ways.silent), until=3),
    Fault("closed", "one is closed (ICMP)", go_down),
    Fault("servfail", "one: SERVFAIL", scripts(after_rtt(ways.servfail))),
    Fault("refused", "one: REFUSED", scripts(after_rtt(ways.refused))),
    Fault("wrong-id", "one: wrong ID", scripts(after_rtt(ways.wrong_id))),
    Fault("wrong-question", "one: wrong question", scripts(after_rtt(ways.wrong_question))),
    Fault("wrong-port", "one: wrong source port", scripts(after_rtt(ways.wrong_port))),
    Fault("garbage", "one: garbage", scripts(after_rtt(ways.garbage))),
    Fault("forger-ids", "forger of both: 40 wrong IDs, truth after 250 ms",
          scripts(lied_to(wrong_ids), lied_to(wrong_ids))),
    Fault("forger-bare", "forger of both: bare SERVFAIL",
          scripts(lied_to(ways.bare_servfail), lied_to(ways.bare_servfail))),
    Fault("forger-broken", "forger of both: broken body",
          scripts(lied_to(ways.broken), lied_to(ways.broken))),
    Fault("forger-ids-no-tcp", "40 wrong IDs, no TCP",
          scripts(lied_to(wrong_ids, False), lied_to(wrong_ids, False))),
    Fault("forger-bare-no-tcp", "bare SERVFAIL, no TCP",
          scripts(lied_to(ways.bare_servfail, False), lied_to(ways.bare_servfail, False))),
    Fault("forger-broken-no-tcp", "broken body, no TCP",
          scripts(lied_to(ways.broken, False), lied_to(ways.broken, False))),
    Fault("forger-one", "forger of one: bare SERVFAIL, no TCP",
          scripts(lied_to(ways.bare_servfail, False))),
    *(Fault(f"forger-only-{key}{'' if tcp else '-no-tcp'}",
            f"one upstream alone: {title}{'' if tcp else ', no TCP'}", scripts(lied_to(lie, tcp)), upstreams=1)
      for tcp in (True, False) for key, (title, lie) in LIES.items()),
    Fault("case", "one lower-cases the question", scripts(after_rtt(ways.lower_case(ways.good)))),
    Fault("tc-cut", "one: TC, TCP ends inside of a frame", scripts(ways.over_tcp(ways.cut_frame))),
    Fault("tc-closed", "one: TC, TCP ends at once",
          scripts(ways.over_tcp(lambda q: ways.Close()))),
    Fault("tcp", "none", scripts(), "tcp"),
    Fault("tcp-hangs-up", "one ends connections with questions in them",
          scripts(ways.hanging_up(ways.good, wait=0.1)), "tcp"),
    Fault("tcp-hang-up", "both end connections with questions in them",
          scripts(ways.hanging_up(ways.good, wait=0.1), ways.hanging_up(ways.good, wait=0.1)), "tcp"),
    Fault("tcp-silent", "one is silent, its connections stay", scripts(ways.silent), "tcp"),
    Fault("tcp-closed", "one is closed (RST)", go_down, "tcp"),
    Fault("tls", "none", scripts(), "tls"),
    Fault("tls-hangs-up", "one ends connections with questions in them",
          scripts(ways.hanging_up(ways.good, wait=0.1)), "tls"),
    Fault("tls-hang-up", "both end connections with questions in them",
          scripts(ways.hanging_up(ways.good, wait=0.1), ways.hanging_up(ways.good, wait=0.1)), "tls"),
    Fault("tls-name", "one: certificate of another name", present("other"), "tls"),
    Fault("tls-expired", "one: certificate expired", present("expired"), "tls"),
    Fault("tls-unknown", "one: certificate self-signed", present("unknown"), "tls"),
    Fault("tls-silent", "one is silent, its connections stay", scripts(ways.silent), "tls"),
    Fault("tls-closed", "one is closed (RST)", go_down, "tls"),
    Fault("stale", "both are silent; names were asked before, TTL over",
          scripts(ways.silent, ways.silent), normal=brief, stale=True),
    Fault("stale-closed", "both are closed; names were asked before, TTL over", all_down,
          normal=brief, stale=True),
]
BY_KEY = {fault.key: fault for fault in FAULTS}


# ---- certificates

def make_identities(folder):
    ca = certs.Authority(folder / "ca")
    identities = {"right": ca.issue(forwarders.TLS_NAME), "other": ca.issue("other.example.net"),
                  "expired": ca.issue(forwarders.TLS_NAME, days=-1),
                  "unknown": certs.self_signed(folder / "self", forwarders.TLS_NAME)}
    for name, made in identities.items():
        shutil.copy(made.certificate, folder / f"{name}.pem")
        shutil.copy(made.key, folder / f"{name}.key")
    return ca.certificate


def identity(folder, name):
    return certs.Identity(folder / f"{name}.pem", folder / f"{name}.key")


# ---- the upstreams, in a process of their own

def serve(key, folder):
    """Does what it is told by lines, and answers each by one."""
    fault = BY_KEY[key]
    tls = identity(folder, "right") if fault.transport == "tls" else None
    pair = [ScriptedUpstream(fault.normal, tls=tls) for _ in range(2)]
    base = [0, 0]
    print(json.dumps([up.port for up in pair]), flush=True)
    for line in sys.stdin:
        if line == "begin\n":
            base = [up.count() for up in pair]
            fault.begin(pair, folder)
        elif line == "end\n":
            scripts(fault.normal, fault.normal)(pair, folder)
        print(json.dumps([up.count() - before for up, before in zip(pair, base)]), flush=True)


class Upstreams:
    def __init__(self, key, folder):
        command = [sys.executable, os.path.abspath(__file__), "--serve", key, str(folder)]
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL"] + command,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = json.loads(self.process.stdout.readline())

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


# ---- the client

@dataclass
class Tally:
    """What became of the questions of a run."""
    times: list         # seconds, of those that had any answer
    answered: int = 0   # with the right address
    failed: int = 0     # with SERVFAIL and the like
    forged: int = 0     # with an address of nobody's
    lost: int = 0


class Client:
    """Asks at a fixed rate and never again, over one socket."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.number = random.randrange(65536)

    def send(self, name):
        self.number = (self.number + 1) & 0xffff
        wire = measure.build_query(name, self.number)
        try:
            self.socket.send(wire)
        except OSError:
            pass    # nobody is there: the question is lost
        return wire

    def receive(self, wait_s):
        if not select.select([self.socket], [], [], max(0, wait_s))[0]:
            return None
        try:
            return self.socket.recv(4096)
        except OSError:
            return None

    def run(self, names, rate):
        """Asks for each name; answers are waited for until the last one's time is over."""
        open_questions, tally = {}, Tally([])
        begin = time.monotonic()
        sent = 0
        while sent < len(names) or open_questions:
            due = begin + sent / rate
            now = time.monotonic()
            if sent < len(names) and now >= due:
                wire = self.send(names[sent])
                open_questions[wire[:2]] = (now, wire[12:])
                sent += 1
                continue
            for number in [n for n, (at, _) in open_questions.items() if now > at + CLIENT_WAIT_S]:
                del open_questions[number]
                tally.lost += 1
            answer = self.receive(min(due - now, 0.05) if sent < len(names) else 0.05)
            if answer and len(answer) > 12:
                self.take(answer, open_questions, tally)
        return tally

    def take(self, answer, open_questions, tally):
        at, question = open_questions.get(answer[:2], (None, b""))
        if at is None or answer[12:12 + len(question)].lower() != question:
            return
        del open_questions[answer[:2]]
        tally.times.append(time.monotonic() - at)
        right = socket.inet_aton(ways.GOOD)
        if answer[3] & 15 or not answer[6:8] > b"\0\0":
            tally.failed += 1
        elif right in answer[12 + len(question):]:
            tally.answered += 1
        else:
            tally.forged += 1

    def wait_ready(self, process, limit_s=20):
        """Until a question is answered by an upstream; the server may take its time to start."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            self.send(f"ready{self.number}.{ZONE}")
            answer = self.receive(0.1)  # to this question, or to one before it
            if answer and len(answer) > 12 and not answer[3] & 15:
                return
            if process.poll() is not None:
                raise measure.Failure(f"ended with status {process.returncode}")
            time.sleep(0.02)
        raise measure.Failure("no answer from it")


def fresh_names(count, what):
    salt = random.randrange(1 << 32)
    return [f"{what}{i}-{salt:x}.{ZONE}" for i in range(count)]


# ---- one run: one server, one fault

class Run:
    def __init__(self, options, cls, fault, folder):
        self.options, self.cls, self.fault, self.folder = options, cls, fault, folder
        self.upstreams = self.server = None

    def measure(self):
        directory = self.folder / f"{self.fault.key}-{self.cls.name}"
        directory.mkdir()
        self.upstreams = Upstreams(self.fault.key, self.folder)
        program = self.options.sinkholed if self.cls is forwarders.Sinkholed else None
        ports = self.upstreams.ports[:self.fault.upstreams]
        self.server = self.cls(str(directory), ports, self.fault.transport,
                               self.folder / "ca" / "ca.pem", program)
        try:
            self.server.start()
            return self.ask()
        finally:
            self.server.stop()
            self.upstreams.stop()

    def ask(self):
        options, client = self.options, Client(self.server.port)
        count = int(options.rate * options.seconds)
        client.wait_ready(self.server.process)
        names = fresh_names(count, "q")
        warm = names if self.fault.stale else fresh_names(int(options.rate), "warm")
        client.run(warm, options.rate * (4 if self.fault.stale else 1))
        if self.fault.stale:
            time.sleep(STALE_WAIT_S)
        self.upstreams.tell("begin")
        if self.fault.until < options.seconds:
            threading.Timer(self.fault.until, self.upstreams.tell, ["end"]).start()
        tally = client.run(names, options.rate)
        return self.result(tally, count, self.upstreams.tell("count"))

    def result(self, tally, count, asked):
        times = sorted(tally.times) + [math.inf] * (count - len(tally.times))
        return {
            "fault": self.fault.key, "server": self.cls.name, "questions": count,
            "answered": tally.answered, "failed": tally.failed, "lost": tally.lost,
            "forged": tally.forged, "median_ms": statistics.median_high(times) * 1000,
            "p99_ms": times[math.ceil(count * 0.99) - 1] * 1000,
            "upstream_queries": asked, "per_question": sum(asked) / count,
        }


def run_one(options, cls, fault, folder):
    try:
        return Run(options, cls, fault, folder).measure()
    except measure.Failure as failure:
        print(f"{fault.key}: {cls.name}: {failure}", file=sys.stderr)
        return {"fault": fault.key, "server": cls.name, "failure": str(failure)}


def run_all(options, folder):
    """All servers meet a fault at the same time, each with upstreams of its own."""
    results = []
    for fault in options.faults:
        able = [cls for cls in options.peers if fault.transport in cls.transports]
        print(f"{fault.key} ...", file=sys.stderr, flush=True)
        with ThreadPoolExecutor(options.jobs) as pool:
            results += pool.map(lambda cls: run_one(options, cls, fault, folder), able)
    return results


# ---- report

def milliseconds(value):
    if math.isinf(value):
        return "lost"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def outcome(result):
    """What became of those that were not answered with the right address."""
    parts = [f"{result[kind]} {kind}" for kind in ("failed", "lost", "forged") if result[kind]]
    return ", ".join(parts) or "0"


def times(result):
    return f"{milliseconds(result['median_ms'])} / {milliseconds(result['p99_ms'])}"


def table(heading, cell, results, options):
    """A row a fault, a column a server."""
    how = {"udp": "", "tcp": " (TCP)", "tls": " (TLS)"}
    by_place = {(r["fault"], r["server"]): r for r in results}
    lines = [heading, "", "| fault | " + " | ".join(cls.title for cls in options.peers) + " |",
             "|---|" + "---|" * len(options.peers)]
    for fault in options.faults:
        cells = []
        for cls in options.peers:
            result = by_place.get((fault.key, cls.name))
            cells.append("" if result is None else result.get("failure") or cell(result))
        lines.append(f"| {fault.title}{how[fault.transport]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def markdown(results, options):
    count = int(options.rate * options.seconds)
    return "\n".join([
        *header(options),
        f"{count} questions at {options.rate:g} a second.", "",
        table(f"Not answered, of {count}:", outcome, results, options),
        table("Milliseconds until an answer, median / 99th percentile:", times, results, options),
        table("Upstream queries a question:", lambda r: f"{r['per_question']:.2f}", results, options)])


def header(options):
    machine = measure.machine()
    versions = ", ".join(f"{cls.title} {cls.version(options.sinkholed)}" for cls in options.peers
                         if cls is not forwarders.DnsmasqAll)
    return [f"`{shlex.join(['tests/bench/faults.py'] + sys.argv[1:])}`", "",
            f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {versions}."]


def pick(table, what):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in table:
                raise argparse.ArgumentTypeError(f"no {what} '{name}'; there are {', '.join(table)}")
        return [table[name] for name in names]
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    peers = {cls.name: cls for cls in forwarders.ALL}
    parser.add_argument("--sinkholed", default=os.environ.get("SINKHOLED", "build/release/sinkholed"),
                        help="the daemon")
    parser.add_argument("--peers", type=pick(peers, "peer"), default=list(peers.values()),
                        help="of " + ",".join(peers))
    parser.add_argument("--faults", type=pick(BY_KEY, "fault"), default=FAULTS,
                        help="of " + ",".join(BY_KEY))
    parser.add_argument("--rate", type=float, default=40, help="questions a second to each server")
    parser.add_argument("--fairness", action="store_true",
                        help="good names beside silent ones, instead of the faults")
    parser.add_argument("--seconds", type=float,
                        help="of asking: for each fault 6, for each number of silent names 60")
    parser.add_argument("--jobs", type=int, default=8, help="servers measured at one time")
    parser.add_argument("--markdown", metavar="FILE", help="the table")
    parser.add_argument("--json", metavar="FILE", help="all results")
    options = parser.parse_args()
    options.sinkholed = os.path.abspath(options.sinkholed)
    options.seconds = options.seconds or (60 if options.fairness else 6)
    installed = [cls for cls in options.peers
                 if (os.access(options.sinkholed, os.X_OK) if cls is forwarders.Sinkholed
                     else cls.find())]
    for cls in options.peers:
        if cls not in installed:
            print(f"{cls.name}: not installed, left out", file=sys.stderr)
    options.peers = installed
    return options


def main():
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], Path(sys.argv[3]))
        return 0
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="sinkholed-faults-") as directory:
        os.chmod(directory, 0o755)  # servers give up being root and read their files again
        folder = Path(directory)
        if options.fairness:
            results = fairness.run_all(options, folder)
            text = "\n".join([*header(options), "", fairness.markdown(results, options)])
        else:
            make_identities(folder)
            results = run_all(options, folder)
            text = markdown(results, options)
    print(text)
    if options.markdown:
        Path(options.markdown).write_text(text, encoding="utf-8")
    if options.json:
        finite = [{k: None if v == math.inf else v for k, v in r.items()} for r in results]
        Path(options.json).write_text(json.dumps(finite, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
