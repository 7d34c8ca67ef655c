# SPDX-License-Identifier: BSD-2-Clause
"""What others see while somebody asks for names that nobody answers: ten fresh good names a second,
of ten clients, beside more and more silent ones of one client, or beside five clients who ask for
one silent name again and again."""

import math
import random
import select
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import forwarders
import measure

SILENT = (0, 1, 10, 100, 1000)      # names a second
ZONES = {"one": 1, "thousand": 1000, "same": 1}
SAME = (10, 100, 1000, 3000)        # queries a second for one name
CLIENTS = [f"127.0.1.{n}" for n in range(1, 11)]
ATTACKERS = {"one": 1, "thousand": 1, "same": 5}
GOOD_RATE = 10
IN_TIME_S = 1
GOOD = "198.51.100.7"
PEERS = ("sinkholed", "unbound", "bind", "dnsmasq")


# ---- the upstreams, in a process of their own

def serve(ports):
    """Answers at once, but for names with the label "silent"; prints how many of those came."""
    sockets, silent = [], 0
    for _ in range(ports):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        s.bind(("127.0.0.1", 0))
        s.setblocking(False)
        sockets.append(s)
    print(*[s.getsockname()[1] for s in sockets], flush=True)
    tail = b"\xc0\x0c\0\1\0\1\0\0\x01\x2c\0\4" + socket.inet_aton(GOOD)
    while True:
        for s in select.select([*sockets, sys.stdin], [], [])[0]:
            if s is sys.stdin:
                if not sys.stdin.readline():
                    return
                print(silent, flush=True)
                continue
            for _ in range(256):
                try:
                    wire, peer = s.recvfrom(4096)
                except BlockingIOError:
                    break
                end = wire.index(b"\0", 12) + 5
                if b"\6silent" in wire[12:end].lower():
                    silent += 1
                    continue
                is_a = wire[end - 4:end] == b"\0\1\0\1"
                counts = b"\0\1\0\1\0\0\0\0" if is_a else b"\0\1\0\0\0\0\0\0"
                s.sendto(wire[:2] + b"\x81\x80" + counts + wire[12:end] + (tail if is_a else b""),
                         peer)


class Upstreams:
    def __init__(self):
        command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL"] + command,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = [int(word) for word in self.process.stdout.readline().split()]

    def silent(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


# ---- the clients

@dataclass
class Cell:
    rate: int
    zones: str

    @property
    def title(self):
        where = {"one": "in one zone", "thousand": "in a thousand zones",
                 "same": "for the same name"}[self.zones]
        return f"{self.rate:,} a second {where}" if self.rate else "none"


CELLS = [Cell(rate, zones) for rate in SILENT for zones in ("one", "thousand")
         if rate or zones == "one"] + [Cell(rate, "same") for rate in SAME]


class Client:
    def __init__(self, source, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.number = 0
        self.asked = {}     # number: when

    def ask(self, name):
        self.number = (self.number + 1) & 0xffff
        self.asked[self.number] = time.monotonic()
        try:
            self.socket.send(measure.build_query(name, self.number))
        except OSError:
            pass

    def receive(self):
        """Seconds that good answers have taken."""
        took = []
        while True:
            try:
                wire = self.socket.recv(4096)
            except OSError:
                return took
            at = self.asked.pop(int.from_bytes(wire[:2], "big"), None)
            if at is not None and not wire[3] & 15 and socket.inet_aton(GOOD) in wire:
                took.append(time.monotonic() - at)


def run(port, cell, seconds):
    """The seconds of all good names, infinite where none came."""
    salt = random.randrange(1 << 32)
    clients = [Client(source, port) for source in CLIENTS]
    attackers = [Client(f"127.0.2.{n + 1}", port) for n in range(ATTACKERS[cell.zones])]
    begin, good, silent, took = time.monotonic(), 0, 0, []
    sockets = {c.socket: c for c in [*clients, *attackers]}
    zones = ZONES[cell.zones]
    while time.monotonic() < begin + seconds + 5:
        now = time.monotonic() - begin
        if now < seconds:
            while silent < now * cell.rate:
                label = 0 if cell.zones == "same" else silent
                attackers[silent % len(attackers)].ask(
                    f"q{label}-{salt:x}.z{silent % zones}.silent.example")
                silent += 1
            while good < now * GOOD_RATE:
                clients[good % len(clients)].ask(f"g{good}-{salt:x}.good.example")
                good += 1
        for s in select.select(list(sockets), [], [], 0.002)[0]:
            answers = sockets[s].receive()
            took += answers if sockets[s] not in attackers else []
        if now > seconds and len(took) == good:
            break
    for s in sockets:
        s.close()
    return sorted(took) + [math.inf] * (good - len(took)), silent


class Run:
    def __init__(self, options, cls, cell, folder):
        self.options, self.cls, self.cell, self.folder = options, cls, cell, folder

    def measure(self):
        directory = self.folder / f"{self.cell.rate}-{self.cell.zones}-{self.cls.name}"
        directory.mkdir()
        upstreams = Upstreams()
        program = self.options.sinkholed if self.cls is forwarders.Sinkholed else None
        server = self.cls(str(directory), upstreams.ports, "udp", "", program)
        try:
            server.start()
            self.wait_ready(server)
            times, silent = run(server.port, self.cell, self.options.seconds)
            return self.result(times, silent, upstreams.silent())
        finally:
            server.stop()
            upstreams.stop()

    def wait_ready(self, server):
        client, end = Client(CLIENTS[0], server.port), time.monotonic() + 20
        while not client.receive():
            if server.process.poll() is not None or time.monotonic() > end:
                raise measure.Failure(f"{self.cls.name} does not answer")
            client.ask(f"ready{client.number}.good.example")
            time.sleep(0.05)

    def result(self, times, silent, tries):
        return {
            "cell": self.cell.title, "server": self.cls.name, "questions": len(times),
            "in_time_percent": 100 * sum(t <= IN_TIME_S for t in times) / len(times),
            "p99_ms": times[math.ceil(len(times) * 0.99) - 1] * 1000,
            "tries_per_silent": tries / silent if silent else 0,
        }


def run_one(options, cls, cell, folder):
    try:
        return Run(options, cls, cell, folder).measure()
    except measure.Failure as failure:
        print(f"{cell.title}: {cls.name}: {failure}", file=sys.stderr)
        return {"cell": cell.title, "server": cls.name, "failure": str(failure)}


def run_all(options, folder):
    peers = [cls for cls in options.peers if cls.name in PEERS]
    results = []
    for cell in CELLS:
        print(f"{cell.title} ...", file=sys.stderr, flush=True)
        with ThreadPoolExecutor(options.jobs) as pool:
            results += pool.map(lambda cls: run_one(options, cls, cell, folder), peers)
    return results


# ---- report

def show(result):
    if "failure" in result:
        return result["failure"]
    p99 = "lost" if math.isinf(result["p99_ms"]) else f"{result['p99_ms']:.0f} ms"
    tries = f", {result['tries_per_silent']:.1f}" if result["tries_per_silent"] else ""
    return f"{result['in_time_percent']:.1f} %, {p99}{tries}"


def markdown(results, options):
    peers = [cls for cls in options.peers if cls.name in PEERS]
    by_place = {(r["cell"], r["server"]): r for r in results}
    lines = [f"Of {int(options.seconds * GOOD_RATE)} good names: answered within a second, 99th "
             "percentile, and upstream queries a silent name:", "",
             "| silent names | " + " | ".join(cls.title for cls in peers) + " |",
             "|---|" + "---|" * len(peers)]
    for cell in CELLS:
        shown = [show(by_place[cell.title, cls.name]) for cls in peers]
        lines.append(f"| {cell.title} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    assert sys.argv[1:] == ["--serve"]
    serve(2)
