#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A forger who is not on the path, in a network namespace of his own: raw packets from the
upstream's address, while the upstream holds back its answers.  He has the questions asked, so he
knows the names; ports, IDs and the letters' case he guesses."""

import argparse
import heapq
import multiprocessing
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True

import measure  # noqa: E402

CLIENT, UPSTREAM = "127.0.0.1", "127.0.0.53"
GOOD, FORGED = "198.51.100.7", "198.51.100.66"
HOLD_S = 0.5        # before the upstream answers
EACH_S = 0.5        # a name
BATCH = 256


def name_of(number):
    return f"q{number}.who-guesses-how-these-letters-are-spelt.example"


def enter(arguments):
    """Runs this in a namespace where only the loopback interface is."""
    root = [] if os.geteuid() == 0 else ["-Ur"]
    script = 'ip link set lo up && exec "$0" "$@"'
    os.execvp("unshare", ["unshare", *root, "-n", "sh", "-c", script, sys.executable,
                          os.path.abspath(__file__), "--inside", *arguments])


# ---- the upstream

def answer(wire, address):
    end = wire.index(b"\0", 12) + 5
    return (wire[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + wire[12:end] + b"\xc0\x0c\0\1\0\1\0\0\x01\x2c\0\4"
            + socket.inet_aton(address))


def serve():
    """Answers what it is asked, half a second later; there is no TCP."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((UPSTREAM, 53))
    due, order = [], 0
    while True:
        wait = max(0, due[0][0] - time.monotonic()) if due else 1
        if select.select([s], [], [], wait)[0]:
            wire, peer = s.recvfrom(4096)
            heapq.heappush(due, (time.monotonic() + HOLD_S, order, answer(wire, GOOD), peer))
            order += 1
        while due and due[0][0] <= time.monotonic():
            _, _, wire, peer = heapq.heappop(due)
            try:
                s.sendto(wire, peer)
            except OSError:
                pass    # the port is closed by now


# ---- the forger

def guess(guesses, current, seed):
    """Raw packets: IPv4, and UDP without a checksum."""
    rng = random.Random(seed)
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    sent, number, head, body = 0, -1, b"", b""
    while sent < guesses:
        if number != current.value:
            number = current.value
            body = answer(measure.build_query(name_of(number), 0), FORGED)[2:]
            length = 8 + 2 + len(body)
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, 17, 0,
                             socket.inet_aton(UPSTREAM), socket.inet_aton(CLIENT))
            head = (ip + b"\0\x35", struct.pack("!HH", length, 0))
        for _ in range(BATCH):
            word = rng.getrandbits(32)
            port = 1024 + (word >> 16) % 64512
            s.sendto(head[0] + port.to_bytes(2, "big") + head[1] + (word & 0xffff).to_bytes(2, "big")
                     + body, (CLIENT, 0))
        sent += BATCH


# ---- the client

def ask_all(port, current, forgers):
    """A fresh name each half second, until the guesses are made; what came of each."""
    tally = {"right": 0, "forged": 0, "failed": 0, "lost": 0}
    open_names = {}
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((CLIENT, port))
    last = 0
    while any(f.is_alive() for f in forgers) or open_names:
        now = time.monotonic()
        if now > last + EACH_S and any(f.is_alive() for f in forgers):
            current.value += 1
            s.send(measure.build_query(name_of(current.value), current.value & 0xffff))
            open_names[current.value & 0xffff] = last = now
        for number in [n for n, at in open_names.items() if now > at + 5]:
            del open_names[number]
            tally["lost"] += 1
        if not select.select([s], [], [], 0.05)[0]:
            continue
        wire = s.recv(4096)
        if open_names.pop(int.from_bytes(wire[:2], "big"), None) is None:
            continue
        forged, good = (socket.inet_aton(a) in wire for a in (FORGED, GOOD))
        tally["forged" if forged else "right" if good else "failed"] += 1
    return tally


def counter(process, log, name):
    """One of what SIGUSR1 has logged."""
    process.send_signal(signal.SIGUSR1)
    time.sleep(0.5)
    words = [w for w in Path(log).read_text().split() if w.startswith(f"{name}=")]
    return int(words[-1].split("=")[1]) if words else None


def run(options, folder):
    port, log = measure.free_port(), f"{folder}/log"
    Path(f"{folder}/config").write_text(
        f'server: {{listen: ["{CLIENT}@{port}"], workers: 1, user: root}}\n'
        f"upstreams: [{{address: {UPSTREAM}@53}}]\n", encoding="utf-8")
    upstream = multiprocessing.Process(target=serve, daemon=True)
    upstream.start()
    current = multiprocessing.Value("i", 0)
    with open(log, "wb") as out:
        daemon = subprocess.Popen([options.sinkholed, "-c", f"{folder}/config"], stdout=out,
                                  stderr=out)
    try:
        time.sleep(1)
        share = -(-options.guesses // options.forgers)
        forgers = [multiprocessing.Process(target=guess, args=(share, current, seed), daemon=True)
                   for seed in range(options.forgers)]
        begin = time.monotonic()
        for forger in forgers:
            forger.start()
        tally = ask_all(port, current, forgers)
        took = time.monotonic() - begin
        hits = counter(daemon, log, "upstream_unsolicited")
        alive = daemon.poll() is None
    finally:
        daemon.kill()
        daemon.wait()
        upstream.kill()
    return {"guesses": share * options.forgers, "seconds": round(took), "at an open port": hits,
            **tally, "alive": alive}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sinkholed", default=os.environ.get("SINKHOLED", "build/release/sinkholed"))
    parser.add_argument("--guesses", type=int, default=10_000_000)
    parser.add_argument("--forgers", type=int, default=2, help="processes")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.sinkholed = os.path.abspath(options.sinkholed)
    if not options.inside:
        enter(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="sinkholed-forger-") as folder:
        result = run(options, folder)
    print(", ".join(f"{key}: {value}" for key, value in result.items()))
    return 0 if result["forged"] == 0 and result["alive"] and result["right"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
