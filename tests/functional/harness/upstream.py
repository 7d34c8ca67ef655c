# SPDX-License-Identifier: BSD-2-Clause
"""An upstream that does as its script says: it answers, loses, delays, cuts, garbles, lies.

The script is a function that gets a Question and returns what to do with it: nothing (None), a
message, octets, or a list of acts, each a message, octets, or one of the classes below.  It may be
exchanged while the upstream runs: `up.script = other`.  harness/faults.py has scripts that are made
of others.
"""
import collections
import functools
import heapq
import itertools
import selectors
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from harness.ports import free_port
from harness.program import wait_until

PADDING, COOKIE = 12, 10    # EDNS options: RFC 7830, RFC 7873
ELSEWHERE = "198.51.100.7"  # where names are that nothing else is said of
HEADER = 12


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
class ToPort:
    """What is sent to another port of the asker's than the one that asked, over UDP."""
    port: int
    what: object


@dataclass
class Raw:
    """Octets for a TCP connection as they are, without the length before them."""
    octets: bytes


class Close:
    """The end of a TCP connection."""


class Reset:
    """The end of a TCP connection by RST: what was under way is lost."""


class Pause:
    """A millisecond in which the asker can read what it was sent."""


@dataclass
class Question:
    wire: bytes
    transport: str  # udp, tcp, tls
    port: int       # where it came from
    number: int     # of all questions that came, from 0
    connection: int = 0     # its number, from 1; 0: UDP
    time: float = field(default_factory=time.monotonic)

    @functools.cached_property
    def message(self):
        return dns.message.from_wire(self.wire)

    @functools.cached_property
    def end(self):
        """Where the question ends, and what is behind it begins."""
        at = HEADER
        while self.wire[at]:
            at += 1 + self.wire[at]
        return at + 5

    @functools.cached_property
    def spelling(self):
        """The name as it was spelt."""
        labels, at = [], HEADER
        while self.wire[at]:
            labels.append(self.wire[at + 1:at + 1 + self.wire[at]])
            at += 1 + self.wire[at]
        return str(dns.name.Name([*labels, b""]))

    @property
    def name(self):
        return self.spelling.lower()

    @property
    def type(self):
        return dns.rdatatype.to_text(struct.unpack_from("!H", self.wire, self.end - 4)[0])

    @property
    def id(self):
        return struct.unpack_from("!H", self.wire)[0]

    def option(self, code):
        """An EDNS option's octets, None when there is none."""
        for option in self.message.options:
            if option.otype == code:
                return option.to_wire()
        return None

    @property
    def cookie(self):
        return self.option(COOKIE)

    @property
    def padding(self):
        """How many octets pad it."""
        octets = self.option(PADDING)
        return None if octets is None else len(octets)

    def reply(self, *rrsets, rcode="NOERROR", authority=(), flags=0, options=()):
        """A reply with rrsets in text: "name ttl IN type rdata"."""
        message = dns.message.make_response(self.message, recursion_available=True)
        message.set_rcode(dns.rcode.from_text(rcode))
        message.flags |= flags
        message.answer = [rrset(text) for text in rrsets]
        message.authority = [rrset(text) for text in authority]
        if options:
            message.use_edns(0, 0, 1232, options=[dns.edns.GenericOption(c, o) for c, o in options])
            message.set_rcode(dns.rcode.from_text(rcode))
        return message

    def bare(self, *rrsets):
        """A reply's octets without an OPT at their end, for what is edited."""
        message = self.reply(*rrsets)
        message.use_edns(-1)
        return message.to_wire(max_size=65535)

    def address(self, address=ELSEWHERE, ttl=300, **more):
        """The one address of the name that was asked for."""
        kind = "AAAA" if ":" in address else "A"
        return self.reply(f"{self.name} {ttl} IN {kind} {address}", **more)

    def quick(self, address=ELSEWHERE, ttl=300, flags=0x8180):
        """As address() and without an OPT, but ten times as fast."""
        return (self.wire[:2] + struct.pack("!HHHHH", flags, 1, 1, 0, 0)
                + self.wire[HEADER:self.end] + struct.pack("!HHHIH", 0xc00c, 1, 1, ttl, 4) + socket.inet_aton(address))

    def negative(self, rcode="NXDOMAIN", ttl=300, minimum=300, zone="test."):
        soa = f"{zone} {ttl} IN SOA ns.test. root.test. 1 3600 600 86400 {minimum}"
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


class Connection:
    """A TCP connection of the upstream's, with TLS or not."""

    def __init__(self, s, port, number, context):
        s.setblocking(False)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port, self.number = port, number
        self.kind = "tls" if context else "tcp"
        self.shaking = bool(context)
        self.socket = context.wrap_socket(s, server_side=True, do_handshake_on_connect=False) \
            if context else s
        self.held = bytearray()

    def fileno(self):
        return self.socket.fileno()

    def shake(self):
        """True once the handshake is done."""
        if self.shaking:
            try:
                self.socket.do_handshake()
            except ssl.SSLWantReadError:
                return False
            self.shaking = False
        return True

    def read(self):
        """What has come; None at its end."""
        data = b""
        while True:
            try:
                part = self.socket.recv(65535)
            except (BlockingIOError, ssl.SSLWantReadError):
                return data
            except OSError:
                part = b""
            if not part:
                return data or None
            data += part

    def frames(self):
        while len(self.held) >= 2:
            length = struct.unpack_from("!H", self.held)[0]
            if len(self.held) < 2 + length:
                return
            wire = bytes(self.held[2:2 + length])
            del self.held[:2 + length]
            yield wire

    def write(self, octets):
        self.socket.settimeout(2)
        try:
            self.socket.sendall(octets)
        finally:
            self.socket.setblocking(False)

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class ScriptedUpstream:
    """A server on UDP and, unless it refuses, TCP, in a thread of its own.  With `tls` (a
    certs.Identity) it speaks TLS on TCP; what comes over UDP then is what leaks."""

    def __init__(self, script, host="127.0.0.1", tcp=True, tls=None, **options):
        self.script = script
        self.host, self.port = host, free_port()
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.address = {"address": f"{host}@{self.port}", **options}
        self.wants_tcp = tcp
        self.context = tls.context() if tls else None
        self.questions = []
        self.sent = 0                   # datagrams
        self.accepted = 0               # TCP connections
        self.failed_handshakes = 0
        self.greeting = b""             # what a TCP client is sent unasked
        self.errors = []
        self.due = []                   # heap of what is to be done later
        self.order = itertools.count()
        self.orders = collections.deque()   # of other threads to this one
        self.selector = selectors.DefaultSelector()
        self.elsewhere = socket.socket(self.family, socket.SOCK_DGRAM)
        self.elsewhere.bind((host, 0))
        self.udp = self.tcp = None
        self._open_all()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _open(self, kind):
        s = socket.socket(self.family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if kind == socket.SOCK_STREAM:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((self.host, self.port))
        s.setblocking(False)
        if kind == socket.SOCK_STREAM:
            s.listen(64)
        self.selector.register(s, selectors.EVENT_READ,
                               self._on_datagram if kind == socket.SOCK_DGRAM else self._on_accept)
        return s

    def _open_all(self):
        self.udp = self._open(socket.SOCK_DGRAM)
        self.tcp = self._open(socket.SOCK_STREAM) if self.wants_tcp else None

    def _close_all(self):
        for key in list(self.selector.get_map().values()):
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
        self.udp = self.tcp = None

    # ---- the thread

    def _run(self):
        while not self.ending.is_set():
            wait = 0.02
            if self.due:
                wait = max(0, min(wait, self.due[0][0] - time.monotonic()))
            for key, _ in self.selector.select(wait):
                if key.fileobj.fileno() >= 0:   # it was not closed by one before it
                    key.data(key.fileobj)
            while self.due and self.due[0][0] <= time.monotonic():
                self._do(*heapq.heappop(self.due)[2:])
            while self.orders:
                what, done = self.orders.popleft()
                what()
                done.set()

    def _ask_script(self, wire, transport, port, where, number=0):
        try:
            question = Question(wire, transport, port, len(self.questions), number)
            self.questions.append(question)
            for act in _acts(self.script(question)):
                self._do(act, where)
        except Exception as error:  # a test looks at it at its end
            self.errors.append(error)

    def _do(self, act, where):
        """`where` is a Connection, or the address of who asked over UDP."""
        if isinstance(act, Later):
            heapq.heappush(self.due, (time.monotonic() + act.seconds, next(self.order), act.what,
                                      where))
        elif isinstance(act, list):
            for each in act:
                self._do(each, where)
        elif isinstance(where, Connection):
            self._send_stream(act, where)
        else:
            self._send_datagram(act, where)

    def _send_datagram(self, act, peer):
        if isinstance(act, Pause):
            time.sleep(0.001)
            return
        s = self.udp
        if isinstance(act, FromElsewhere):
            s, act = self.elsewhere, act.what
        elif isinstance(act, ToPort):
            peer, act = (peer[0], act.port, *peer[2:]), act.what
        if s is None:
            return      # it is down
        try:
            s.sendto(_octets(act), peer)
            self.sent += 1
        except (ConnectionError, BlockingIOError):
            pass        # nobody is there: it was said of an earlier one

    def _send_stream(self, act, connection):
        try:
            if isinstance(act, (Close, Reset)):
                self._drop(connection, isinstance(act, Reset))
            elif isinstance(act, Raw):
                connection.write(act.octets)
            else:
                wire = _octets(act)
                connection.write(struct.pack("!H", len(wire)) + wire)
        except OSError:
            self._drop(connection)  # it was closed by the daemon

    def _on_datagram(self, s):
        for _ in range(256):
            try:
                wire, peer = s.recvfrom(65535)
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            if len(wire) > 2 and wire[2] & 0x80:
                continue   # a late answer to whoever had this port before
            self._ask_script(wire, "udp", peer[1], peer)

    def _on_accept(self, s):
        try:
            accepted, peer = s.accept()
        except (BlockingIOError, ConnectionError):
            return
        self.accepted += 1
        if self.greeting:
            accepted.sendall(self.greeting)
        connection = Connection(accepted, peer[1], self.accepted, self.context)
        self.selector.register(connection, selectors.EVENT_READ, self._on_octets)

    def _on_octets(self, connection):
        try:
            if not connection.shake():
                return
        except OSError:
            self.failed_handshakes += 1
            self._drop(connection)
            return
        data = connection.read()
        if data is None:
            self._drop(connection)
            return
        connection.held += data
        for wire in connection.frames():
            self._ask_script(wire, connection.kind, connection.port, connection, connection.number)

    def _drop(self, connection, reset=False):
        if connection.fileno() >= 0:
            self.selector.unregister(connection)
            connection.close(reset)

    # ---- for the tests

    def _order(self, what):
        done = threading.Event()
        self.orders.append((what, done))
        assert done.wait(5)

    def down(self):
        """Closes all sockets: the kernel refuses in its name (ICMP, RST)."""
        self._order(self._close_all)

    def up(self):
        """Comes back on the same port."""
        self._order(self._open_all)

    @property
    def connections(self):
        """How many are open."""
        return sum(isinstance(key.fileobj, Connection)
                   for key in list(self.selector.get_map().values()))

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
        self._close_all()
        self.elsewhere.close()
        self.selector.close()
        assert not self.errors, self.errors
        for question in self.questions[:2000]:
            assert question.message.question    # all that came can be read
