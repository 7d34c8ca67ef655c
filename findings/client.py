#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""client.py PORT NAME [TYPE]: asks 127.0.0.1 once, over UDP, and prints what a finding looks at."""
import socket
import struct
import sys

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
NAMES = {number: name for name, number in TYPES.items()}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def pack(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def unpack(msg, at):
    """The name at `at`, and where what follows it begins."""
    labels, end = [], None
    while msg[at]:
        if msg[at] >= 0xc0:
            end = end or at + 2
            at = (msg[at] & 0x3f) << 8 | msg[at + 1]
            continue
        labels.append(msg[at + 1:at + 1 + msg[at]].decode("ascii", "replace"))
        at += 1 + msg[at]
    return ".".join(labels) + ".", end or at + 1


def records(msg, at, count):
    for _ in range(count):
        owner, at = unpack(msg, at)
        kind, _class, ttl, length = struct.unpack("!HHIH", msg[at:at + 10])
        yield owner, kind, ttl, msg[at + 10:at + 10 + length], at + 10
        at += 10 + length
    return at


def main(port, name, kind="A"):
    query = struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + pack(name) + struct.pack(
        "!HH", TYPES[kind], 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.sendto(query, ("127.0.0.1", int(port)))
        try:
            msg = s.recv(4096)
        except OSError:
            print("silence")
            return
    _, flags, _, answers, authority, _ = struct.unpack("!HHHHHH", msg[:12])
    at = 12 + len(pack(name)) + 4
    found = list(records(msg, at, answers + authority))
    out = [RCODES.get(flags & 15, str(flags & 15))]
    for owner, number, ttl, rdata, _ in found:
        if number == 1:
            out.append(f"A={'.'.join(map(str, rdata))} ttl={ttl}")
        elif number == 6:
            out.append(f"soa={owner}")
        else:
            out.append(NAMES.get(number, str(number)))
    print(" ".join(out))


main(*sys.argv[1:])
