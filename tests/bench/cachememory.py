#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Memory of a cached name that clients ask for under all four settings of DO and CD.

    cachememory.py [--names N] [--signed] SINKHOLED [SINKHOLED ...]

Each build is asked for N names four times: plain, with DO, with CD, with both.  What its resident
memory grows by is divided by N.  The upstream gives each name one address, and with --signed a
signature of 96 octets to who sets DO.
"""
import argparse
import multiprocessing
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import measure  # noqa: E402

SETTINGS = ((0, 0), (0x8000, 0), (0, 0x0010), (0x8000, 0x0010))
WINDOW = 64
RECORD = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 86400, 4) + b"\xc0\0\2\1"
SIGNATURE = b"\xc0\x0c" + struct.pack("!HHIH", 46, 1, 86400, 18 + 9 + 64) + bytes(18) + b"\7example\0" + bytes(64)


def question(number):
    return b"\x08n%07d\7example\0\0\1\0\1" % number


def serve(sock, signed):
    while True:
        wire, client = sock.recvfrom(4096)
        end = wire.index(b"\0", 12) + 5
        more = signed and len(wire) > end + 7 and wire[end + 7] & 0x80
        opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000 if more else 0, 0) if wire[11] else b""
        sock.sendto(wire[:2] + struct.pack("!HHHHH", 0x8180, 1, 2 if more else 1, 0, bool(opt)) + wire[12:end]
                    + RECORD + (SIGNATURE if more else b"") + opt, client)


def ask(port, names, wants, flags):
    """All of them, so many at a time; what gets lost is asked for again."""
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, wants, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", port))
        for start in range(0, names, WINDOW):
            left = {n: struct.pack("!HHHHHH", n & 0xffff, 0x0100 | flags, 1, 0, 0, 1) + question(n) + opt
                    for n in range(start, min(start + WINDOW, names))}
            while left:
                for wire in left.values():
                    s.send(wire)
                while left and select.select([s], [], [], 1)[0]:
                    answer = s.recv(4096)
                    if not answer[3] & 15 and answer[7]:
                        left.pop(int(answer[14:21]), None)


def resident(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def run(binary, options, directory):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(("127.0.0.1", 0))
        upstream = multiprocessing.Process(target=serve, args=(sock, options.signed), daemon=True)
        upstream.start()
        port = measure.free_port()
        (directory / "config").write_text(
            f'server: {{listen: ["127.0.0.1@{port}"], workers: 1, user: root}}\n'
            f"upstreams: [{{address: 127.0.0.1@{sock.getsockname()[1]}}}]\n"
            "cache: {size: 4GiB, prefetch: 0}\n")
        server = subprocess.Popen([binary, "-c", directory / "config"], stderr=open(directory / "log", "w"))
        try:
            measure.wait_for_address(port, "n0000000.example", "192.0.2.1", 30, server)
            ask(port, 1000, 0, 0)
            before = resident(server.pid)
            for wants, flags in SETTINGS:
                ask(port, options.names, wants, flags)
            return (resident(server.pid) - before) / options.names
        finally:
            measure.stop(server, 30)
            upstream.terminate()
            upstream.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--signed", action="store_true")
    parser.add_argument("sinkholed", nargs="+")
    options = parser.parse_args()
    for binary in options.sinkholed:
        with tempfile.TemporaryDirectory() as directory:
            print(f"{run(binary, options, Path(directory)):8.0f} octets a name: {binary}", flush=True)


if __name__ == "__main__":
    main()
