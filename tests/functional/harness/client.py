# SPDX-License-Identifier: BSD-2-Clause
"""Clients: dnspython for exact messages, dig and kdig as what people use, bare sockets for
what no client would send."""
import contextlib
import re
import socket
import struct
import subprocess

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

TIMEOUT = 8


def query(qname, qtype="A", *, edns=False, payload=1232, do=False, cd=False, ad=False, rd=True,
          options=(), qclass="IN"):
    """A query; with EDNS when anything is asked for that needs it."""
    message = dns.message.make_query(qname, qtype, qclass)
    message.flags = (dns.flags.RD if rd else 0) | (dns.flags.CD if cd else 0) \
        | (dns.flags.AD if ad else 0)
    if edns or do or options:
        message.use_edns(0, dns.flags.DO if do else 0, payload, options=list(options))
    return message


def exchange(address, message, *, tcp=False, timeout=TIMEOUT, source=None):
    """The answer to a message; dnspython holds it against the question.  What comes from elsewhere is late,
    and for who had our port before."""
    host, port = address
    if tcp:
        return dns.query.tcp(message, host, timeout, port, source=source)
    return dns.query.udp(message, host, timeout, port, source=source, ignore_unexpected=True)


def ask(address, qname, qtype="A", *, tcp=False, timeout=TIMEOUT, source=None, **wanted):
    return exchange(address, query(qname, qtype, **wanted), tcp=tcp, timeout=timeout,
                    source=source)


# ---- what an answer says

def rcode(message):
    return dns.rcode.to_text(message.rcode())


def flags(message):
    return set(dns.flags.to_text(message.flags).split())


def records(message, section="answer"):
    """(owner, type, text) of every record."""
    return [(str(rrset.name), dns.rdatatype.to_text(rrset.rdtype), str(rdata))
            for rrset in getattr(message, section) for rdata in rrset]


def addresses(message):
    """The addresses in the answer, sorted."""
    return sorted(text for _, kind, text in records(message) if kind in ("A", "AAAA"))


def ttls(message, section="answer"):
    return {rrset.ttl for rrset in getattr(message, section)}


def ede(message):
    """(code, text) of the Extended DNS Error, None when there is none."""
    for option in message.options:
        if option.otype == dns.edns.OptionType.EDE:
            return int(option.code), option.text or ""
    return None


def soa(message):
    """(owner, TTL, minimum) of the SOA of a negative answer, None when there is none."""
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return str(rrset.name), rrset.ttl, rrset[0].minimum
    return None


# ---- dig and kdig

class Dig:
    """One answer as dig shows it; status "" when there was none."""

    def __init__(self, text):
        self.text = text
        self.status = self._first(r"status: (\w+)")
        self.flags = set(self._first(r";; flags: ([a-z ]*);").split())
        self.question = self._first(r";; QUESTION SECTION:\n;(\S+)")
        self.size = int(self._first(r"MSG SIZE\s+rcvd: (\d+)") or 0)
        self.opt = "OPT PSEUDOSECTION" in text

    def _first(self, pattern):
        match = re.search(pattern, self.text)
        return match.group(1) if match else ""

    def section(self, name):
        """[owner, TTL, class, type, rdata] of every record of a section."""
        match = re.search(rf";; {name} SECTION:\n(.*?)(?:\n\n|\Z)", self.text, re.S)
        return [line.split(None, 4) for line in match.group(1).splitlines()] if match else []

    @property
    def answers(self):
        return [record[4] for record in self.section("ANSWER")]


def run_client(command, timeout=20):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)


def dig(address, *arguments, tries=1, wait=6):
    host, port = address
    done = run_client(["dig", "-r", f"@{host}", "-p", str(port), f"+tries={tries}", f"+time={wait}",
                       "+noidnin", "+noidnout", *arguments])
    return Dig(done.stdout)


# ---- bare sockets

def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


@contextlib.contextmanager
def udp_socket(address, source=None):
    """Connected to the daemon: what comes from elsewhere is not seen."""
    with socket.socket(family_of(address[0]), socket.SOCK_DGRAM) as s:
        if source:
            s.bind((source, 0))
        s.connect(address)
        s.settimeout(TIMEOUT)
        yield s


def exchange_many(address, names, qtype="A", window=100):
    """Asks for all of them over UDP, so many at a time, and takes that many answers."""
    with udp_socket(address) as s:
        for start in range(0, len(names), window):
            some = names[start:start + window]
            for name in some:
                s.send(query(name, qtype).to_wire())
            for _ in some:
                s.recv(4096)


def send_burst(s, name, count):
    """So many queries, whose IDs are their numbers, without a look at what comes back."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    for number in range(count):
        message = query(name)
        message.id = number
        s.send(message.to_wire())


@contextlib.contextmanager
def tcp_socket(address, source=None):
    with socket.create_connection(address, TIMEOUT,
                                  source_address=(source, 0) if source else None) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield s


def udp_raw(address, wire, timeout=TIMEOUT):
    """The octets that come back, None when nothing does."""
    with udp_socket(address) as s:
        s.settimeout(timeout)
        s.send(wire)
        try:
            return s.recv(65535)
        except TimeoutError:
            return None


def frame(message):
    wire = message if isinstance(message, bytes) else message.to_wire()
    return struct.pack("!H", len(wire)) + wire


def _read_octets(s, count):
    data = b""
    while len(data) < count:
        part = s.recv(count - len(data))
        if not part:
            return None
        data += part
    return data


def read_frame(s):
    """The next message of a TCP connection, None at its end."""
    prefix = _read_octets(s, 2)
    return _read_octets(s, struct.unpack("!H", prefix)[0]) if prefix else None


def is_closed(s, timeout=TIMEOUT):
    """True when the peer closes the connection in time, without another octet."""
    s.settimeout(timeout)
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def header(wire):
    """(id, flags, qdcount, ancount, nscount, arcount)"""
    return struct.unpack("!6H", wire[:12])


def wire_rcode(wire):
    return header(wire)[1] & 15
