#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""server.py PORT LOG RULE ...: a name server that answers by rules, and logs each question.

RULE is NAME=RCODE[,SOA-OWNER] or NAME=ADDRESS[+ADDRESS ...][,TTL]; "*" stands for every other name.  Types
other than A of a name with an address have no data, with an SOA of the root.
"""
import socket
import struct
import sys

RCODES = {"NOERROR": 0, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}


def pack(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def qname(msg):
    at, labels = 12, []
    while msg[at]:
        labels.append(msg[at + 1:at + 1 + msg[at]].decode("ascii", "replace").lower())
        at += 1 + msg[at]
    return ".".join(labels), at + 1


def soa(owner):
    rdata = pack("ns.example") + pack("host.example") + struct.pack("!IIIII", 1, 3600, 600, 86400, 60)
    return pack(owner) + struct.pack("!HHIH", 6, 1, 60, len(rdata)) + rdata


def answer(msg, rules):
    name, end = qname(msg)
    kind = struct.unpack("!H", msg[end:end + 2])[0]
    question = msg[12:end + 4]
    what, _, more = rules.get(name, rules["*"]).partition(",")
    rcode, answers, authority = RCODES.get(what, 0), [], b""
    if what in RCODES:
        authority = soa(more) if more else b""
    elif kind == 1:
        answers = [b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, int(more or 60), 4) + socket.inet_aton(address)
                   for address in what.split("+")]
    else:
        authority = soa(".")
    flags = 0x8400 | (msg[2] & 1) << 8 | 0x80 | rcode
    header = msg[:2] + struct.pack("!HHHHH", flags, 1, len(answers), bool(authority), 0)
    return name, kind, header + question + b"".join(answers) + authority


def main(port, log, *rules):
    rules = {"*": "NXDOMAIN,.", **dict(rule.split("=", 1) for rule in rules)}
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", int(port)))
    with open(log, "a", buffering=1) as sink:
        while True:
            msg, client = s.recvfrom(4096)
            name, kind, reply = answer(msg, rules)
            sink.write(f"{name} {kind}\n")
            s.sendto(reply, client)


main(*sys.argv[1:])
