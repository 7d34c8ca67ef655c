#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Half an hour among enemies: hostile clients, a hostile upstream, and a reload every ten seconds.

Meanwhile a well-behaved client, who asks again after two seconds as stub resolvers do, asks for
blocked, cached and local names over UDP and TCP: each has to be answered, and rightly.  The daemon
is to end well, without a word of its sanitizer.
"""
import argparse
import contextlib
import json
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/functional"))

import dns.edns  # noqa: E402
import dns.exception  # noqa: E402
import dns.message  # noqa: E402

from harness import faults  # noqa: E402
from harness.build import daemon_path, sanitizer  # noqa: E402
from harness.client import addresses, frame, query, read_frame  # noqa: E402
from harness.daemon import IPV4, Daemon  # noqa: E402
from harness.program import SANITIZER  # noqa: E402
from harness.upstream import Close, Later, Raw, Reset, ScriptedUpstream  # noqa: E402

AGAIN_S, TRIES = 2, 4
RELOAD_S = 10
OWN, CACHED = "192.0.2.9", "198.51.100.9"
EXPECTED = {"blocked.test": IPV4, "deep.below.blocked.test": IPV4, "own.test": OWN,
            **{f"cached{i}.test": CACHED for i in range(40)}}


# ---- the hostile upstream

def chain(q):
    """Reversed CNAMEs, each owner reached by one more pointer."""
    count = 60 + q.number % 400
    names = [q.spelling.rstrip(".")] + [f"c{i}.test" for i in range(count)]
    out = bytearray(q.wire[:2] + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0) + q.wire[12:q.end])
    for owner, target in reversed(list(zip(names, names[1:]))):
        for name, tail in ((owner, b"\0\5\0\1\0\0\1\0"), (target, b"")):
            wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
            out += wire + tail if tail else struct.pack("!H", len(wire)) + wire
    return bytes(out[:65535])


def pointers(q):
    """A name that is pointers to pointers, and one that leads to itself."""
    body = b"".join(struct.pack("!H", 0xc000 | (q.end + 2 * i)) for i in range(1000))
    return q.wire[:2] + struct.pack("!HHHHH", 0x8180, 1, 40, 0, 0) + q.wire[12:q.end] + body


def poison(q):
    """The true answer, and what is nobody's to say."""
    more = b"".join(b"\7cached%d\4test\0" % i + b"\0\1\0\1\0\1\0\0\0\4" + socket.inet_aton(faults.FORGED)
                    for i in range(9))
    wire = q.quick(faults.GOOD)
    return wire[:10] + b"\0\x09" + wire[12:] + more


def large(q):
    rdata = b"\xff" + b"x" * 255
    record = struct.pack("!HHHIH", 0xc00c, 16, 1, 0xffffffff, 256) + rdata
    count = 200
    return q.wire[:2] + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0) + q.wire[12:q.end] + record * count


def mutated(q):
    rng = random.Random(q.number)
    wire = bytearray(q.quick(faults.GOOD))
    for _ in range(rng.randrange(1, 6)):
        wire[rng.randrange(2, len(wire))] = rng.randrange(256)
    return bytes(wire)


DEEDS = (faults.silent, faults.garbage, faults.wrong_id, faults.wrong_question,
         faults.over_udp(faults.wrong_port),
         faults.bare_servfail, faults.broken, faults.servfail, faults.refused, faults.truncated,
         faults.over_tcp(faults.cut_frame), faults.over_tcp(lambda q: Close()),
         faults.over_tcp(lambda q: Reset()), faults.over_tcp(large), faults.over_tcp(chain),
         faults.over_tcp(lambda q: [Raw(b"\0"), Later(2, Close())]), chain, pointers, poison, large,
         mutated, lambda q: Later(1.5, large(q)[:1200]), lambda q: Later(2.5, q.quick()), lambda q: [faults.wrong_id(q)] * 20)


def hostile(q):
    """The truth for the names that the well-behaved client asks for, for others one of the deeds, by
    the name."""
    name = q.name
    if name.startswith("cached"):
        return q.quick(CACHED, ttl=86400)
    return DEEDS[sum(name.encode()) % len(DEEDS)](q)


# ---- hostile clients, each in a process of its own

def a_source(rng, net=66):
    return f"127.{net}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def udp(address, source=None):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if source:
        s.bind((source, 0))
    s.connect(address)
    s.setblocking(False)
    return s


def throw(s, wire):
    with contextlib.suppress(OSError):
        s.send(wire)
    with contextlib.suppress(OSError):
        s.recv(65535)


def mutants(address, rng):
    """Messages of the fuzzers' corpora, changed, of changing addresses."""
    corpus = [p.read_bytes() for room in ("wire", "query")
              for p in sorted((ROOT / "tests/fuzz/corpus" / room).iterdir())]
    while True:
        with udp(address, a_source(rng)) as s:
            for _ in range(20):
                wire = bytearray(rng.choice(corpus))
                for _ in range(rng.randrange(4)):
                    if wire:
                        wire[rng.randrange(len(wire))] = rng.randrange(256)
                throw(s, bytes(wire[:rng.choice((9999, 9999, rng.randrange(600)))]))
        yield 0.05


def fresh_names(address, rng):
    """Names that were never asked for, of one client, of types and with options of all kinds."""
    sockets = [udp(address, "127.67.0.1") for _ in range(8)]
    while True:
        for _ in range(10):
            name = f"f{rng.randrange(1 << 40):x}.z{rng.randrange(50)}.test"
            message = query(name, rng.choice(("A", "AAAA", "TXT", "ANY", "DNSKEY", "HTTPS", "SRV")),
                            edns=rng.random() < 0.7, do=rng.random() < 0.3, payload=rng.choice((0, 512, 4096)),
                            cd=rng.random() < 0.2)
            throw(rng.choice(sockets), message.to_wire())
        yield 0.03


def same_names(address, rng):
    """Five addresses that ask for a few silent names, again and again."""
    sockets = [udp(address, f"127.68.0.{n}") for n in range(1, 6)]
    wires = [query(f"silent{n}.test").to_wire() for n in range(5)]
    while True:
        for _ in range(40):
            wire = struct.pack("!H", rng.randrange(65536)) + rng.choice(wires)[2:]
            throw(rng.choice(sockets), wire)
        yield 0.05


def many_prefixes(address, rng):
    """Each query of another address, for what is large, or with a cookie of somebody else's."""
    while True:
        options = [dns.edns.GenericOption(10, rng.randbytes(rng.choice((8, 24, 40))))]
        with udp(address, a_source(rng, rng.randrange(70, 250))) as s:
            throw(s, query(rng.choice(("large.test", "blocked.test", "cached1.test")), "ANY",
                           options=options if rng.random() < 0.5 else ()).to_wire())
        yield 0.005


def connections(address, rng):
    """Connections that say nothing, half of something, too much, and never read."""
    held = []
    while True:
        with contextlib.suppress(OSError):
            s = socket.socket()
            s.bind((rng.choice(("127.69.0.1", a_source(rng, 69))), 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(2)
            s.connect(address)
            s.setblocking(False)
            held.append(s)
            names = [f"p{rng.randrange(1 << 30)}.test", "blocked.test", "silent1.test"]
            s.send(rng.choice((
                b"", b"\0", b"\xff\xff" + rng.randbytes(50), rng.randbytes(200), b"\0\0" * 500,
                b"".join(frame(query(rng.choice(names))) for _ in range(100)),
                frame(query("blocked.test"))[:-3], frame(query("large.test", "TXT")) * 20)))
        while len(held) > 60:
            s = held.pop(rng.randrange(len(held)))
            if rng.random() < 0.3:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        yield 0.03


ENEMIES = {f.__name__: f for f in (mutants, fresh_names, same_names, many_prefixes, connections)}


def be_hostile(kind, port):
    for pause in ENEMIES[kind](("127.0.0.1", port), random.Random()):
        time.sleep(pause)


# ---- the well-behaved client

class Client(threading.Thread):
    def __init__(self, address, over_tcp, every):
        super().__init__(daemon=True)
        self.address, self.over_tcp, self.every = address, over_tcp, every
        self.sent = self.again = 0
        self.slowest, self.failures, self.ended = 0.0, [], threading.Event()

    def once(self, name):
        wire = query(name).to_wire()
        if self.over_tcp:
            with socket.create_connection(self.address, AGAIN_S) as s:
                s.sendall(frame(wire))
                return addresses(dns.message.from_wire(read_frame(s) or b""))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(AGAIN_S)
            s.connect(self.address)
            s.send(wire)
            return addresses(dns.message.from_wire(s.recv(4096)))

    def ask(self, name):
        found = None
        for number in range(TRIES):
            self.again += number > 0
            try:
                return self.once(name)
            except (OSError, EOFError, dns.exception.DNSException) as error:
                found = repr(error)
        return found

    def run(self):
        names = list(EXPECTED)
        while not self.ended.wait(self.every):
            name = names[self.sent % len(names)]
            self.sent += 1
            begin = time.monotonic()
            found = self.ask(name)
            took = time.monotonic() - begin
            self.slowest = max(self.slowest, took)
            if found != [EXPECTED[name]]:
                self.failures.append((time.strftime("%H:%M:%S"), name, str(found), round(took, 2)))


# ---- the course of it

class Siege:
    def __init__(self, folder, seconds):
        self.folder, self.seconds = folder, seconds
        self.upstream = ScriptedUpstream(hostile)
        self.reloads = 0
        self.memory, self.counters = [], {}

    def begin(self):
        self.daemon = Daemon(self.folder, {
            "upstreams": [self.upstream.address],
            "server": {"workers": 2, "burst-size": "2KiB", "tcp-connections": 200, "tcp-idle-timeout": "5s"},
            "rate-limit": {"rate": 50, "slip": 2, "exempt": ["127.0.0.1"]},
            "cache": {"size": "8MiB"},
            "outgoing": {"in-flight": 512},
            "local": {"names": [{"name": "own.test", "ipv4": [OWN]}]},
        })
        self.write_list()
        self.daemon.add_list("one", **{"max-bad": 100, "min-entries": 0})
        self.daemon.start()
        self.clients = [Client(self.daemon.address, over_tcp, every)
                        for over_tcp, every in ((False, 0.02), (False, 0.03), (True, 0.2))]
        for name in EXPECTED:
            assert self.clients[0].ask(name) == [EXPECTED[name]], name
        for client in self.clients:
            client.start()
        self.enemies = [subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, __file__,
                                          "--enemy", kind, "--port", str(self.daemon.port)])
                        for kind in ENEMIES]

    def write_list(self):
        rng = random.Random(self.reloads)
        junk = "".join(rng.choice(("||", "", "0.0.0.0 ")) + rng.choice("abc\xe9*.-") * rng.randrange(70)
                       + f"{rng.randrange(9999)}.bad.example" + rng.choice(("^", "\n", "$x\n", "\0\n"))
                       for _ in range(300))
        self.daemon.write_list("one", "blocked.test\n" + "".join(
            f"n{self.reloads}-{i}.test\n" for i in range(2000)) + junk)

    def live(self):
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(RELOAD_S)
            self.reloads += 1
            self.write_list()
            self.daemon.reload(timeout=120)
            status = open(f"/proc/{self.daemon.program.pid}/status").read()
            self.memory.append(int(status.split("VmRSS:")[1].split()[0]))

    def end(self):
        for enemy in self.enemies:
            enemy.kill()
            enemy.wait()
        for client in self.clients:
            client.ended.set()
            client.join()
        with contextlib.suppress(AssertionError):
            self.counters = self.daemon.counters()
        status = self.daemon.program.stop(60)
        self.upstream.close()
        return self.report(status, self.daemon.program.text())

    def report(self, status, text):
        failures = [failure for client in self.clients for failure in client.failures]
        interesting = ("queries_udp", "queries_tcp", "formerr", "rate_exceeded", "rate_dropped",
                       "burst_truncated", "waiters_refused", "waiters_crowded_out", "client_overload",
                       "tcp_evicted", "kernel_drops", "upstream_bad", "upstream_forged", "forwarded")
        report = {
            "flavour": sanitizer() or "release", "reloads": self.reloads,
            "sent": [client.sent for client in self.clients],
            "asked_again": [client.again for client in self.clients],
            "slowest_s": [round(client.slowest, 3) for client in self.clients],
            "failed_by_kind": {kind: sum(kind in f[1] for f in failures)
                               for kind in ("blocked", "own", "cached") if failures},
            "failures": failures[:20], "status": status, "sanitizer": bool(SANITIZER.search(text)),
            "memory_kib": self.memory[::max(1, len(self.memory) // 20)],
            "counters": {name: self.counters.get(name) for name in interesting},
        }
        wrong = []
        if failures:
            wrong.append(f"{len(failures)} names were not answered, or wrongly")
        if status != 0:
            wrong.append("the daemon did not end well")
        if report["sanitizer"]:
            wrong.append("a sanitizer has complained")
        report["wrong"] = wrong
        print(json.dumps(report, indent=1))
        if wrong:
            lines = text.splitlines()
            found = [i for i, line in enumerate(lines) if SANITIZER.search(line)]
            print("\n".join(lines[found[0] - 3:found[0] + 80] if found else lines[-60:]), file=sys.stderr)
        return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--enemy", choices=list(ENEMIES), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.enemy:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        be_hostile(options.enemy, options.port)
    assert daemon_path().exists(), "make builds the daemon"
    signal.signal(signal.SIGINT, signal.default_int_handler)    # ends it early, with its report
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with tempfile.TemporaryDirectory(prefix="sinkholed-siege-") as name:
        siege = Siege(Path(name), options.minutes * 60)
        siege.begin()
        try:
            siege.live()
        finally:
            well = siege.end()
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
