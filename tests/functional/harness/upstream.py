# SPDX-License-Identifier: BSD-2-Clause
"""An upstream that does as its script says: it answers, loses, delays, cuts, garbles, lies.

The script is a function that gets a Question and returns what to do with it: nothing (None), a
message, octets, or a list of acts, each a message, octets, or one of the classes below.
"""
import heapq
import itertools
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from harness.ports import free_port
from harness.program import wait_until


@dataclass
class Later:
    """What is sent after some seconds."""
    seconds: float
    what: object


@dataclass
class FromElsewhere:
    """What is sent from another port, over UDP."""
    what: object


@dataclass
class Raw:
    """Octets for a TCP connection as they are, without the length before them."""
    octets: bytes


class Close:
    """The end of a TCP connection."""


@dataclass
class Question:
    wire: bytes
    transport: str
    port: int       # where it came from
    number: int     # of all questions that came, from 0
    time: float = field(default_factory=time.monotonic)

    def __post_init__(self):
        self.message = dns.message.from_wire(self.wire)
        self.name = str(self.message.question[0].name)
        self.type = dns.rdatatype.to_text(self.message.question[0].rdtype)
        self.id = self.message.id

    def reply(self, *rrsets, rcode="NOERROR", authority=(), flags=0):
        """A reply with rrsets in text: "name ttl IN type rdata"."""
        message = dns.message.make_response(self.message, recursion_available=True)
        message.set_rcode(dns.rcode.from_text(rcode))
        message.flags |= flags
        message.answer = [rrset(text) for text in rrsets]
        message.authority = [rrset(text) for text in authority]
        return message

    def bare(self, *rrsets):
        """A reply's octets without an OPT at their end, for what is edited."""
        message = self.reply(*rrsets)
        message.use_edns(-1)
        return message.to_wire(max_size=65535)

    def address(self, address="198.51.100.7", ttl=300):
        """The one address of the name that was asked for."""
        kind = "AAAA" if ":" in address else "A"
        return self.reply(f"{self.name} {ttl} IN {kind} {address}")

    def negative(self, rcode="NXDOMAIN", ttl=300, minimum=300):
        soa = f"test. {ttl} IN SOA ns.test. root.test. 1 3600 600 86400 {minimum}"
        return self.reply(rcode=rcode, authority=[soa])

    def truncated(self):
        return self.reply(flags=dns.flags.TC)


def rrset(text):
    name, ttl, rdclass, kind, rdata = text.split(None, 4)
    return dns.rrset.from_text(name, int(ttl), rdclass, kind, rdata)


def _octets(what):
    return what if isinstance(what, bytes) else what.to_wire(max_size=65535)


def _acts(done):
    if done is None:
        return []
    return done if isinstance(done, list) else [done]


class ScriptedUpstream:
    """A server on UDP and, unless it refuses, TCP, in a thread of its own."""

    def __init__(self, script, host="127.0.0.1", tcp=True):
        self.script = script
        self.host, self.port = host, free_port()
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.address = {"address": f"{host}@{self.port}"}
        self.questions = []
        self.sent = 0                   # datagrams
        self.errors = []
        self.due = []                   # heap of what is to be done later
        self.order = itertools.count()
        self.selector = selectors.DefaultSelector()
        self.udp = self._open(socket.SOCK_DGRAM)
        self.elsewhere = socket.socket(self.family, socket.SOCK_DGRAM)
        self.elsewhere.bind((host, 0))
        self.tcp = self._open(socket.SOCK_STREAM) if tcp else None
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _open(self, kind):
        s = socket.socket(self.family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((self.host, self.port))
        s.setblocking(False)
        if kind == socket.SOCK_STREAM:
            s.listen(64)
        self.selector.register(s, selectors.EVENT_READ,
                               self._on_datagram if kind == socket.SOCK_DGRAM else self._on_accept)
        return s

    # ---- the thread

    def _run(self):
        while not self.ending.is_set():
            wait = 0.02
            if self.due:
                wait = max(0, min(wait, self.due[0][0] - time.monotonic()))
            for key, _ in self.selector.select(wait):
                key.data(key.fileobj)
            while self.due and self.due[0][0] <= time.monotonic():
                self._do(*heapq.heappop(self.due)[2:])

    def _ask_script(self, wire, transport, peer, where):
        try:
            question = Question(wire, transport, peer[1], len(self.questions))
            self.questions.append(question)
            for act in _acts(self.script(question)):
                self._do(act, transport, peer, where)
        except Exception as error:  # a test looks at it at its end
            self.errors.append(error)

    def _do(self, act, transport, peer, where):
        if isinstance(act, Later):
            heapq.heappush(self.due, (time.monotonic() + act.seconds, next(self.order), act.what,
                                      transport, peer, where))
        elif transport == "udp":
            self._send_datagram(act, peer)
        else:
            self._send_stream(act, where)

    def _send_datagram(self, act, peer):
        if isinstance(act, FromElsewhere):
            self.elsewhere.sendto(_octets(act.what), peer)
        else:
            self.udp.sendto(_octets(act), peer)
        self.sent += 1

    def _send_stream(self, act, connection):
        try:
            if isinstance(act, Close):
                self._drop(connection)
            elif isinstance(act, Raw):
                connection.sendall(act.octets)
            else:
                wire = _octets(act)
                connection.sendall(struct.pack("!H", len(wire)) + wire)
        except OSError:
            self._drop(connection)  # it was closed by the daemon

    def _on_datagram(self, s):
        while True:
            try:
                wire, peer = s.recvfrom(65535)
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            self._ask_script(wire, "udp", peer, s)

    def _on_accept(self, s):
        connection, peer = s.accept()
        held = bytearray()
        self.selector.register(connection, selectors.EVENT_READ,
                               lambda c: self._on_octets(c, peer, held))

    def _on_octets(self, connection, peer, held):
        try:
            data = connection.recv(65535)
        except ConnectionError:
            data = b""
        if not data:
            self._drop(connection)
            return
        held += data
        while len(held) >= 2:
            length = struct.unpack("!H", held[:2])[0]
            if len(held) < 2 + length:
                return
            wire = bytes(held[2:2 + length])
            del held[:2 + length]
            self._ask_script(wire, "tcp", peer, connection)

    def _drop(self, connection):
        if connection.fileno() >= 0:
            self.selector.unregister(connection)
            connection.close()

    # ---- for the tests

    def count(self, name=None, transport=None):
        return len(self.asked(name, transport))

    def asked(self, name=None, transport=None):
        return [q for q in list(self.questions)
                if name in (None, q.name) and transport in (None, q.transport)]

    def wait_asked(self, count=1, name=None, timeout=6):
        wait_until(lambda: self.count(name) >= count, timeout, f"{count} questions upstream")
        return self.asked(name)

    def close(self):
        self.ending.set()
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.elsewhere.close()
        self.selector.close()
        assert not self.errors, self.errors
