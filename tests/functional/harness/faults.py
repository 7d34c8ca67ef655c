# SPDX-License-Identifier: BSD-2-Clause
"""Scripts for ScriptedUpstream: one a way of failing.

Those in lower case are scripts; those that take a script make one of it.  The tests use them, and
so does tests/bench/faults.py.
"""
import hashlib
import random
import struct

from harness.upstream import COOKIE, Close, FromElsewhere, Later, Pause, Raw, Reset, ToPort

GOOD, SECOND, FORGED = "198.51.100.7", "198.51.100.8", "198.51.100.66"


# ---- answers

def good(q):
    """An address for whatever is asked: no message is parsed."""
    return q.quick(GOOD)


def second(q):
    return q.quick(SECOND)


def silent(q):
    return None


def coded(rcode):
    """A failure in four bits: the question, and nothing else."""
    return lambda q: q.wire[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, 0, 0, 0) \
        + q.wire[12:q.end]


servfail, refused = coded(2), coded(5)


# ---- between a question and its answer

def lossy(script, share=0.3, seed=1):
    """Some of the datagrams are lost, always the same ones of a run."""
    rng = random.Random(seed)
    return lambda q: None if rng.random() < share else script(q)


def delayed(script, seconds):
    def late(q):
        done = script(q)
        return done if done is None else Later(seconds, done)
    return late


def sometimes_delayed(script, seconds, one_in):
    """Slow for one question in so many: what hedging is for."""
    return lambda q: Later(seconds, script(q)) if q.number % one_in == 0 else script(q)


def over_udp(script, otherwise=good):
    """What a forger can do from afar: over TCP and TLS the upstream itself is heard."""
    return lambda q: script(q) if q.transport == "udp" else otherwise(q)


# ---- answers to something else

def wrong_id(q):
    wire = q.quick(FORGED)
    return bytes([wire[0] ^ 0xff]) + wire[1:]


def wrong_question(q):
    wire = bytearray(q.quick(FORGED))
    wire[13] = ord("z") if wire[13] not in b"zZ" else ord("y")
    return bytes(wire)


def wrong_port(q):
    return FromElsewhere(q.quick(FORGED))


def garbage(q):
    return random.Random(q.number).randbytes(60 + q.number % 400)


def bare_servfail(q):
    """Needs the port and the ID alone."""
    return q.wire[:2] + b"\x81\x82" + bytes(8)


def broken(q):
    """The right question, and a record that is cut off."""
    return q.quick(FORGED)[:-3]


def lower_case(script):
    """An upstream that does not echo the question as it was spelt."""
    def lower(q):
        wire = script(q)
        return wire[:12] + wire[12:q.end].lower() + wire[q.end:]
    return lower


# ---- TCP

def truncated(q):
    return q.wire[:2] + struct.pack("!HHHHH", 0x8380, 1, 0, 0, 0) + q.wire[12:q.end]


def over_tcp(script):
    """TC over UDP; the script over TCP."""
    return lambda q: truncated(q) if q.transport == "udp" else script(q)


def cut_frame(q):
    """Half of an answer, and the end of the connection."""
    wire = q.quick(FORGED)
    return [Raw(struct.pack("!H", len(wire)) + wire[:20]), Close()]


def hanging_up(script, every=10, wait=0.03, reset=False):
    """Every so many questions the connection is closed, with those of the last moment in it."""
    def hang_up(q):
        if q.number % every == every - 1:
            return Reset() if reset else Close()
        return Later(wait, script(q))
    return hang_up


# ---- cookies (RFC 7873)

class CookieServer:
    """Knows its own server cookies, and answers BADCOOKIE to what has none of them."""

    def __init__(self, address=GOOD, secret=b"1"):
        self.address, self.secret = address, secret
        self.refused = 0

    def server_cookie(self, client):
        return hashlib.sha256(self.secret + client).digest()[:16]

    def __call__(self, q):
        cookie = q.cookie
        if cookie is None:
            return q.address(self.address)
        client, theirs = cookie[:8], cookie[8:]
        option = [(COOKIE, client + self.server_cookie(client))]
        if theirs != self.server_cookie(client):
            self.refused += 1
            return q.reply(rcode="BADCOOKIE", options=option)
        return q.address(self.address, options=option)


def wrong_cookie(q):
    """The answer to somebody else's cookie."""
    return q.address(FORGED, options=[(COOKIE, b"\1" * 8 + b"\2" * 16)])


# ---- forgers

GUESSES = 65535
BURST = 100     # datagrams, then the asker gets to read


def _with_pauses(acts):
    out = []
    for start in range(0, len(acts), BURST):
        out += acts[start:start + BURST] + [Pause()]
    return out


def blind_forger(q, seed=1):
    """Knows the name, and neither port nor ID."""
    rng = random.Random(seed)
    body = q.quick(FORGED)[2:]
    return _with_pauses([ToPort(rng.randint(1024, 65535), rng.randbytes(2) + body)
                         for _ in range(GUESSES)])


def forger_without_case(q):
    """Knows name and port, and sends every ID; how the name was spelt it does not know."""
    wire = lower_case(lambda q: q.quick(FORGED))(q)
    return _with_pauses([struct.pack("!H", number) + wire[2:] for number in range(GUESSES + 1)])


def forger_without_id(q):
    """Knows name, port, and how the name was spelt: every ID but the right one."""
    body = q.quick(FORGED)[2:]
    return _with_pauses([struct.pack("!H", number) + body for number in range(GUESSES + 1)
                         if number != q.id])
