# SPDX-License-Identifier: BSD-2-Clause
"""What RFC 8906, 8 has servers tested with, and ISC's DNS compliance tester does, by dig as there and
by octets where dig hides what comes: for a name of a list, one that is asked of an upstream, one that
is in the cache, and one of the operator's own."""
import re
import struct

import dns.edns
import dns.flags
import dns.message
import pytest

from harness.client import dig, flags, frame, header, query, read_frame, tcp_socket, udp_raw, wire_rcode
from harness.upstream import ScriptedUpstream

GOOD, SINK, OWN = "198.51.100.7", "192.0.2.1", "192.168.1.9"
NAMES = {"listed": SINK, "asked": GOOD, "cached": GOOD, "own": OWN}
IDENTITY = "res1.example"
PLAIN = ["+noedns", "+noad", "+nocookie"]


@pytest.fixture(scope="module")
def server(shared_daemon):
    def script(q):
        if q.name.startswith("large."):
            return q.reply(*(f"{q.name} 300 IN TXT {'x' * 200}{i}" for i in range(10)))
        return q.address(GOOD) if q.type == "A" else q.negative("NOERROR")
    up = ScriptedUpstream(script)
    d = shared_daemon({"upstreams": [up.address], "server": {"identity": IDENTITY},
                       "local": {"names": [{"name": "own.test", "ipv4": [OWN]}]}})
    d.add_list("one", "listed.test\n").start()
    dig(d.address, "cached.test")
    yield d
    up.close()


count = iter(range(1_000_000))


def name_of(kind):
    """Each of the asked names is a new one, which the cache has not."""
    return f"{next(count)}.asked.test" if kind == "asked" else f"{kind}.test"


def z_bits(answer):
    """The reserved bits of an OPT that dig shows, or that it says must be zero."""
    return re.findall(r"MBZ: (0x\w+)", answer.text)


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("tcp", [[], ["+tcp"]], ids=["udp", "tcp"])
class TestBasic:
    """8.1; without EDNS in the query there is none in the answer."""

    def ask(self, server, kind, tcp, *more):
        answer = dig(server.address, *PLAIN, *tcp, *more, name_of(kind))
        assert not answer.opt and "qr" in answer.flags and "ra" in answer.flags
        return answer

    def test_plain(self, server, kind, tcp):
        answer = self.ask(server, kind, tcp)
        assert answer.status == "NOERROR" and answer.answers == [NAMES[kind]] and "rd" in answer.flags

    def test_unknown_type(self, server, kind, tcp):
        answer = self.ask(server, kind, tcp, "-t", "TYPE1000")
        assert answer.status == "NOERROR" and not answer.answers

    @pytest.mark.parametrize("bit", ["+cdflag", "+adflag", "+zflag"])
    def test_bit_of_the_header(self, server, kind, tcp, bit):
        """AD does not come of itself, and the reserved bit never."""
        answer = self.ask(server, kind, tcp, bit)
        assert answer.status == "NOERROR" and answer.answers == [NAMES[kind]]
        assert not answer.flags & {"aa", "ad", "tc"} and "MBZ" not in answer.text
        assert ("cd" in answer.flags) == (bit == "+cdflag")

    def test_without_recursion(self, server, kind, tcp):
        answer = self.ask(server, kind, tcp, "+norec")
        if kind in ("listed", "own"):
            assert answer.status == "NOERROR" and answer.answers == [NAMES[kind]]
        else:
            assert answer.status == "REFUSED" and not answer.answers
        assert "rd" not in answer.flags


@pytest.mark.parametrize("opcode", [o for o in range(1, 16)])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_unknown_opcode(server, opcode, tcp):
    """8.1.4: NOTIMP, a header alone, and nothing in it that is of QUERY."""
    wire = struct.pack("!6H", 7, opcode << 11 | 0x07f0, 0, 0, 0, 0)
    if tcp:
        with tcp_socket(server.address) as s:
            s.sendall(frame(wire))
            answer = read_frame(s)
    else:
        answer = udp_raw(server.address, wire)
    assert answer == struct.pack("!6H", 7, 0x8000 | opcode << 11 | 0x0100 | 4, 0, 0, 0, 0)


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("tcp", [[], ["+tcp"]], ids=["udp", "tcp"])
class TestEdns:
    """8.2; with EDNS in the query there is an OPT of version 0 in the answer."""

    def ask(self, server, kind, tcp, *more):
        answer = dig(server.address, "+noednsnegotiation", "+noad", "+nocookie", *tcp, *more, name_of(kind))
        assert answer.opt and "EDNS: version: 0" in answer.text and not z_bits(answer)
        return answer

    @pytest.mark.parametrize("more", [
        [], ["+ednsopt=100"], ["+ednsopt=100:00", "+ednsopt=65001:010203"], ["+ednsflags=0x40"],
        ["+ednsflags=0x7fff"], ["+dnssec"], ["+subnet=0.0.0.0/0", "+nsid", "+cookie", "+expire"],
        ["+subnet=192.0.2.0/24", "+padding=128", "+keepalive"]], ids=" ".join)
    def test_answered(self, server, kind, tcp, more):
        answer = self.ask(server, kind, tcp, "+edns=0", *more)
        assert answer.status == "NOERROR" and answer.answers == [NAMES[kind]]
        assert ("; EDNS: version: 0, flags: do" in answer.text) == ("+dnssec" in more)
        assert "OPT=100" not in answer.text and "OPT=65001" not in answer.text
        assert (IDENTITY in answer.text) == ("+nsid" in more)

    @pytest.mark.parametrize("more", [
        [], ["+ednsflags=0x40"], ["+ednsopt=100"], ["+dnssec"], ["+nsid", "+cookie"]], ids=" ".join)
    @pytest.mark.parametrize("version", [1, 100, 255])
    def test_other_version(self, server, kind, tcp, version, more):
        answer = self.ask(server, kind, tcp, f"+edns={version}", *more)
        assert answer.status == "BADVERS" and not answer.answers
        assert "OPT=100" not in answer.text


@pytest.mark.parametrize("size", [0, 1, 511, 512, 1000])
def test_truncation(server, size):
    """8.2.7: with an OPT, and no longer than the client takes or 512 octets; whole over TCP."""
    message = query("large.test", "TXT", edns=True, payload=size)
    wire = udp_raw(server.address, message.to_wire())
    answer = dns.message.from_wire(wire)
    assert len(wire) <= max(512, size) and answer.edns == 0 and answer.flags & dns.flags.TC
    assert answer.payload >= 512
    with tcp_socket(server.address) as s:
        s.sendall(frame(message))
        answer = dns.message.from_wire(read_frame(s))
    assert len(answer.answer[0]) == 10 and not answer.flags & dns.flags.TC and answer.edns == 0


def wire_of(rest, counts=(1, 0, 0, 1), flags_=0x0110, name=b"\6listed\4test\0"):
    return struct.pack("!6H", 7, flags_, *counts) + name + struct.pack("!HH", 1, 1) + rest


OPT = struct.pack("!BHHIH", 0, 41, 1232, 0, 0)


@pytest.mark.parametrize("rest, counts", [
    (struct.pack("!BHHIH", 0, 41, 1232, 0, 3) + b"\0\3\0", (1, 0, 0, 1)),           # an option that is cut off
    (struct.pack("!BHHIH", 0, 41, 1232, 0, 6) + b"\0\3\0\7ab", (1, 0, 0, 1)),       # one longer than the OPT
    (OPT + OPT, (1, 0, 0, 2)), (OPT, (1, 0, 0, 2)),
    (b"\0\0\1\0\1" + OPT, (2, 0, 0, 1))], ids=["cut", "long", "two", "one missing", "two questions"])
def test_format_error_has_an_opt_where_the_query_had(server, rest, counts):
    answer = udp_raw(server.address, wire_of(rest, counts))
    assert wire_rcode(answer) == 1 and header(answer)[5] == 1
    assert dns.message.from_wire(answer).edns == 0


@pytest.mark.parametrize("rest, counts", [(b"\1", (1, 0, 0, 0)), (OPT + b"behind", (1, 0, 0, 1)),
                                          (OPT + bytes(400), (1, 0, 0, 1)), (OPT + OPT, (1, 0, 0, 1))])
def test_octets_behind_the_last_record_do_not_matter(server, rest, counts):
    answer = udp_raw(server.address, wire_of(rest, counts))
    assert wire_rcode(answer) == 0 and header(answer)[3] == 1 and SINK in str(dns.message.from_wire(answer))


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("tcp", [[], ["+tcp"]], ids=["udp", "tcp"])
@pytest.mark.parametrize("wanted", ["AXFR", "IXFR=1"])
def test_no_zone_is_given(server, kind, tcp, wanted):
    """RFC 5936, 2.2.1."""
    wire = query(name_of(kind), wanted.split("=")[0], edns=True).to_wire()
    if tcp:
        with tcp_socket(server.address) as s:
            s.sendall(frame(wire))
            answer = read_frame(s)
    else:
        answer = udp_raw(server.address, wire)
    answer = dns.message.from_wire(answer)
    assert answer.rcode() == 5 and not answer.answer and answer.edns == 0
    assert flags(answer) == {"QR", "RD", "RA"}
