# SPDX-License-Identifier: BSD-2-Clause
"""Ports that nobody listens on."""
import os
import random
import socket

# outside of what the kernel gives to clients; of tests that run side by side each has its share
FIRST, LAST = map(int, os.environ.get("TEST_PORTS", "10000-32000").split("-"))


def _bind(address, kind, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((address, port))
    except OSError:
        s.close()
        raise
    return s


def is_free(port, addresses=("127.0.0.1", "::1")):
    """True when it can be bound to over UDP and TCP at all of the addresses."""
    held = []
    try:
        for address in addresses:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                held.append(_bind(address, kind, port))
    except OSError:
        return False
    finally:
        for s in held:
            s.close()
    return True


GIVEN = set()


def free_port(addresses=("0.0.0.0", "::")):
    """One that is free everywhere, so that the wildcard addresses can have it too; who was given one may not
    listen on it yet, so that it is not given again while there are others."""
    for attempt in range(400):
        port = random.randint(FIRST, LAST)
        if (port not in GIVEN or attempt >= 200) and is_free(port, addresses):
            GIVEN.add(port)
            return port
    raise AssertionError("no free port")
