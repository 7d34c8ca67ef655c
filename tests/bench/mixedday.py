#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Upstream questions of a mixed day: what each server asks its upstream for the same clients.

    mixedday.py [--names FILE] [--queries N] [--seconds S] [--prefetch] SINKHOLED [SINKHOLED ...]
    mixedday.py --ideal [--names FILE] [--queries N] [--seconds S]

Ten minutes of a day in S seconds: TTLs are scaled with them, to a second at least.  Names are drawn
by Zipf (1.0) from FILE (one name a line, or .xz; else made), every tenth query is for a fresh one;
types A 55, AAAA 30, HTTPS 15 in 100; a fifth of the queries has DO, a tenth of the names does not
exist.  All from a fixed seed.  Each query goes to all servers in turn: the builds of sinkholed that
are given, Unbound, and dnsdist with a packet cache, each with an upstream of its own that counts.
Ratios are to the first build.

--ideal counts what caches would ask that never lose anything before its TTL is over, and never ask
early: one that has an NXDOMAIN for all types of a name, one that has it by type, and one that also
has what was asked with DO and without apart.
"""
import argparse
import bisect
import itertools
import lzma
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import measure  # noqa: E402

DAY_S = 600
TYPES = (1, 28, 65)
TTLS_S = (30, 60, 120, 300, 600, 900, 1800, 3600)
RDATA = {1: b"\xc0\x00\x02\x50", 28: bytes(15) + b"\1", 65: b"\0\1\0"}
SOA = b"\0" + bytes(1) + struct.pack("!IIIII", 1, 3600, 600, 86400, 3600)
WAIT_S = 5


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def read_names(path):
    if path is None:
        return [f"www.name{i}.example" for i in range(10000)]
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt") as lines:
        return [line.strip() for line in lines if line.strip()]


def make_queries(options):
    """The queries' octets behind the ID, in their order."""
    draw = random.Random(1)
    names = [encode(name) for name in read_names(options.names)]
    weights = list(itertools.accumulate(1 / (i + 1) for i in range(len(names))))
    for number in range(options.queries):
        if draw.random() < 0.1:
            name = encode(f"f{number:x}.fresh.example")
        else:
            name = names[bisect.bisect_left(weights, draw.random() * weights[-1])]
        kind = draw.choices(TYPES, (55, 30, 15))[0]
        wants = 0x8000 if draw.random() < 0.2 else 0
        yield (struct.pack("!HHHHH", 0x0100, 1, 0, 0, 1) + name + struct.pack("!HH", kind, 1)
               + b"\0" + struct.pack("!HHIH", 41, 1232, wants, 0))


def facts(name):
    """What the upstreams say of a name: whether it exists, and its TTL before that is scaled."""
    chance = zlib.crc32(name)
    return chance // 8 % 10 != 0, TTLS_S[chance % len(TTLS_S)]


def count_ideal(options):
    """Questions by kind of cache, and those of the first of them for fresh names."""
    until, asked, fresh = {}, [0, 0, 0], 0
    for number, query in enumerate(make_queries(options)):
        now_s = options.seconds * number / options.queries
        name, rest = query[10:].split(b"\0", 1)
        kind, wants = rest[:2], rest[-4]
        exists, ttl_s = facts(name.lower())
        for cache, key in enumerate(((name, kind if exists else None), (name, kind), (name, kind, wants))):
            if until.get((cache, key), 0) <= now_s:
                until[cache, key] = now_s + max(1, round(ttl_s * options.seconds / DAY_S))
                asked[cache] += 1
                fresh += cache == 0 and name.endswith(b"\5fresh\7example")
    return asked, fresh


class Upstream:
    """Answers, and counts."""

    def __init__(self, scale):
        self.scale, self.count = scale, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def answer(self):
        wire, client = self.socket.recvfrom(4096)
        end = 12
        while wire[end]:
            end += 1 + wire[end]
        (kind,) = struct.unpack_from("!H", wire, end + 1)
        name = wire[12:end].lower()
        if kind in TYPES and name:
            self.count += 1
        exists, ttl_s = facts(name)
        ttl = max(1, round(ttl_s * self.scale))
        if kind not in TYPES or not exists:
            flags, counts = 0x8183 if kind in TYPES else 0x8180, (0, 1)
            record = b"\0" + struct.pack("!HHIH", 6, 1, ttl, len(SOA)) + SOA
        else:
            flags, counts = 0x8180, (1, 0)
            record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(RDATA[kind])) + RDATA[kind]
        has_opt = wire[11] > 0
        opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000, 0) if has_opt else b""
        self.socket.sendto(wire[:2] + struct.pack("!HHHHH", flags, 1, *counts, int(has_opt))
                           + wire[12:end + 5] + record + opt, client)


class Server:
    def __init__(self, title, options, directory):
        self.title, self.options, self.directory = title, options, directory
        self.upstream = Upstream(options.seconds / DAY_S)
        self.port = measure.free_port()
        self.lost = 0
        directory.mkdir()
        directory.chmod(0o777)
        (directory / "config").write_text(self.config())
        self.log = open(directory / "log", "w")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.setblocking(False)

    def serve(self, timeout_s):
        """What came of the server, while its upstream answers; None: nothing in time."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self.socket, self.upstream.socket], [], [], left)
            if self.upstream.socket in ready:
                self.upstream.answer()
            if self.socket in ready:
                try:
                    return self.socket.recv(4096)
                except ConnectionError:
                    return None
        return None

    def ask(self, query, timeout_s=WAIT_S):
        try:
            self.socket.send(query)
        except ConnectionError:
            return False
        while (answer := self.serve(timeout_s)) is not None:
            if answer[:2] == query[:2]:
                return True
        return False

    def wait_ready(self):
        probe = b"\xff\xff" + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + encode("ready.example") + b"\0\1\0\1"
        for _ in range(100):
            if self.ask(probe, 0.2):
                self.upstream.count = 0
                return
            time.sleep(0.1)
        raise SystemExit(f"{self.title} does not answer: {self.directory}/log")


class Sinkholed(Server):
    def __init__(self, binary, *more):
        self.binary = binary
        super().__init__(*more)

    def config(self):
        return (f'server: {{listen: ["127.0.0.1@{self.port}"], workers: 1, user: root}}\n'
                f"upstreams: [{{address: 127.0.0.1@{self.upstream.port}}}]\n"
                f"cache: {{size: {self.options.cache_mib}MiB, prefetch: {10 if self.options.prefetch else 0}}}\n"
                f"state: {{directory: {self.directory}}}\n")

    def command(self):
        return [self.binary, "-c", self.directory / "config"]


class Unbound(Server):
    def config(self):
        half = self.options.cache_mib / 2
        return (f"server:\n num-threads: 1\n do-daemonize: no\n interface: 127.0.0.1\n port: {self.port}\n"
                " access-control: 127.0.0.0/8 allow\n do-not-query-localhost: no\n do-ip6: no\n"
                f' username: ""\n chroot: ""\n pidfile: ""\n directory: "{self.directory}"\n use-syslog: no\n'
                f" msg-cache-size: {half:g}m\n rrset-cache-size: {half:g}m\n module-config: iterator\n"
                f" prefetch: {'yes' if self.options.prefetch else 'no'}\n"
                f'forward-zone:\n name: "."\n forward-addr: 127.0.0.1@{self.upstream.port}\n'
                "remote-control:\n control-enable: no\n").replace(".5m", "500k")

    def command(self):
        return ["unbound", "-d", "-c", self.directory / "config"]


class Dnsdist(Server):
    def config(self):
        entries = self.options.cache_mib * (1 << 20) // 256  # blocks of our cache
        return (f'setLocal("127.0.0.1:{self.port}")\nsetACL("127.0.0.0/8")\nsetSecurityPollSuffix("")\n'
                f'newServer({{address="127.0.0.1:{self.upstream.port}", healthCheckMode="up"}})\n'
                f'getPool(""):setCache(newPacketCache({entries}, {{maxTTL=86400}}))\n')

    def command(self):
        return ["dnsdist", "-C", self.directory / "config", "--supervised", "--disable-syslog"]


def start(options, directory):
    servers = [Sinkholed(binary, f"sinkholed {i}", options, directory / f"sinkholed{i}")
               for i, binary in enumerate(options.sinkholed)]
    for program, kind in (("unbound", Unbound), ("dnsdist", Dnsdist)):
        if shutil.which(program):
            servers.append(kind(program, options, directory / program))
    return servers


def run(options, servers):
    begun = time.monotonic()
    for number, query in enumerate(make_queries(options)):
        time.sleep(max(0, begun + options.seconds * number / options.queries - time.monotonic()))
        wire = struct.pack("!H", number & 0x7fff) + query
        for server in servers:
            server.lost += not server.ask(wire)
    return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=Path)
    parser.add_argument("--queries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=DAY_S)
    parser.add_argument("--cache-mib", type=int, default=64)
    parser.add_argument("--prefetch", action="store_true")
    parser.add_argument("--ideal", action="store_true")
    parser.add_argument("sinkholed", nargs="*")
    options = parser.parse_args()
    if options.ideal:
        asked, fresh = count_ideal(options)
        print(f"one NXDOMAIN a name {asked[0]} questions ({fresh} for fresh names), by type {asked[1]}, "
              f"by type and DO {asked[2]}")
        return
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        servers = start(options, Path(directory))
        try:
            for server in servers:
                server.wait_ready()
            took_s = run(options, servers)
        finally:
            for server in servers:
                measure.stop(server.process, 10)
    print(f"{options.queries} queries in {took_s:.0f} s, prefetch {'on' if options.prefetch else 'off'}")
    for server in servers:
        print(f"{server.title:14} {server.upstream.count:8} questions"
              f"  x{server.upstream.count / servers[0].upstream.count:.3f}  lost {server.lost}")


if __name__ == "__main__":
    main()
