# SPDX-License-Identifier: BSD-2-Clause
"""A proxy of queries that says whose they are: headers of the PROXY protocol, version 2."""
import ipaddress
import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
STREAM, DGRAM = 1, 2


def raw_header(command, family_protocol, rest=b""):
    return SIGNATURE + struct.pack(">BBH", command, family_protocol, len(rest)) + rest


def header(client, protocol=DGRAM, tlvs=b"", port=40000):
    """That of a client's query."""
    address = ipaddress.ip_address(client)
    to = ipaddress.ip_address("192.0.2.53" if address.version == 4 else "2001:db8::53")
    return raw_header(PROXY, (0x10 if address.version == 4 else 0x20) | protocol,
                      address.packed + to.packed + struct.pack(">HH", port, 53) + tlvs)


def frame(message):
    return struct.pack(">H", len(message)) + message


def read_frame(s):
    """One message of a connection; b"" at its end."""
    want, got = 2, b""
    while len(got) < want:
        some = s.recv(want - len(got))
        if not some:
            return b""
        got += some
        if len(got) == 2:
            want = 2 + struct.unpack(">H", got)[0]
    return got[2:]


def connect(address, timeout=8):
    s = socket.create_connection(address, timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s
