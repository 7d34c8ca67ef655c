# SPDX-License-Identifier: BSD-2-Clause
"""Messages that are odd, broken, or meant to do harm: the right rcode, or silence."""
import os
import random
import socket
import struct

import dns.edns
import dns.message
import dns.rcode
import pytest

from harness.client import (addresses, ask, dig, ede, exchange, flags, frame, header, is_closed,
                            query, rcode, read_frame, records, run_client, tcp_socket, udp_raw,
                            udp_socket, wire_rcode)
from harness.program import wait_until

FORMERR, NOTIMP, REFUSED = 1, 4, 5
COOKIE = 10
QUIET = 0.15  # seconds after which nothing is taken to come


@pytest.fixture(scope="module")
def server(shared_daemon, resolver):
    daemon = shared_daemon({"upstreams": [resolver.address]})
    return daemon.add_list("one", "listed.test\n").start()


def serves_tcp(daemon):
    """False while the daemon, on a busy machine, has not seen yet that former connections ended."""
    try:
        return bool(ask(daemon.address, "listed.test", tcp=True))
    except ConnectionError:
        return False


def assert_serves(daemon):
    assert addresses(ask(daemon.address, "listed.test")) == ["192.0.2.1"]
    assert addresses(ask(daemon.address, "listed.test", tcp=True)) == ["192.0.2.1"]


def wire_query(qname=b"\x06listed\x04test\x00", *, flags=0x0100, counts=(1, 0, 0, 0), qtype=1,
               qclass=1, rest=b"", number=0x1234):
    question = qname + struct.pack("!HH", qtype, qclass) if counts[0] else b""
    return struct.pack("!6H", number, flags, *counts) + question * counts[0] + rest


def opt(version=0, payload=1232, owner=b"\0", options=b"", ttl=0):
    return owner + struct.pack("!HHIH", 41, payload, version << 16 | ttl, len(options)) + options


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


# ---- cut off, too long

def test_each_truncated_length_of_a_query(server):
    """Without an ID: silence; with one: FORMERR; the whole: an answer."""
    whole = query("listed.test", do=True, options=[dns.edns.GenericOption(65001, b"abc")]).to_wire()
    with udp_socket(server.address) as s:
        for length in range(12, len(whole)):
            s.send(whole[:length])
            answer = s.recv(4096)
            assert answer[:2] == whole[:2] and wire_rcode(answer) == FORMERR, length
        s.settimeout(QUIET)
        for length in range(12):
            s.send(whole[:length])
        with pytest.raises(TimeoutError):
            s.recv(4096)
        s.send(whole)
        assert wire_rcode(s.recv(4096)) == 0


def test_each_truncated_length_of_a_query_over_tcp(server):
    """A message without an ID ends the connection: there is nothing to answer it with."""
    whole = query("listed.test", edns=True).to_wire()
    with tcp_socket(server.address) as s:
        for length in range(12, len(whole)):
            s.sendall(frame(whole[:length]))
            assert wire_rcode(read_frame(s)) == FORMERR, length
    for length in (1, 11):
        with tcp_socket(server.address) as s:
            s.sendall(frame(whole[:length]))
            assert is_closed(s)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_octets_behind_the_message(server, tcp):
    wire = wire_query(rest=b"\0")
    with (tcp_socket if tcp else udp_socket)(server.address) as s:
        s.sendall(frame(wire) if tcp else wire)
        assert wire_rcode(read_frame(s) if tcp else s.recv(4096)) == 0


def test_datagram_of_the_greatest_length(server):
    assert wire_rcode(udp_raw(server.address, wire_query() + b"\0" * 60000)) == 0
    assert_serves(server)


def test_response_is_not_answered(server):
    """Two servers would answer each other for ever."""
    assert udp_raw(server.address, wire_query(flags=0x8100), QUIET) is None
    assert udp_raw(server.address, wire_query(flags=0x8180, counts=(0, 0, 0, 0)), QUIET) is None


@pytest.mark.parametrize("port", [7, 13, 17, 19, 37])
def test_nothing_goes_to_a_port_that_would_answer(server, port):
    """Echo, daytime, qotd, chargen, time: the two would talk to each other for ever."""
    ours = "127.9.%d.%d" % divmod(os.getpid() % 65536, 256)     # other runs bind the same ports
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind((ours, port))
        except PermissionError:
            pytest.skip("port needs privileges")
        s.settimeout(QUIET)
        for wire in (wire_query(), b"no DNS at all, but long enough"):
            s.sendto(wire, server.address)
            with pytest.raises(TimeoutError):
                s.recv(4096)
    assert_serves(server)


def test_response_over_tcp_closes(server):
    with tcp_socket(server.address) as s:
        s.sendall(frame(wire_query(flags=0x8100)))
        assert is_closed(s)


# ---- counts, opcodes, classes, types

@pytest.mark.parametrize("counts,rest", [
    ((0, 0, 0, 0), b""), ((2, 0, 0, 0), b""), ((3, 0, 0, 0), b""), ((1, 1, 0, 0), b""),
    ((1, 0, 1, 0), b""), ((1, 0, 0, 1), b""), ((1, 0, 0, 2), opt()),
    ((0, 0, 0, 1), opt())], ids=str)
def test_counts_that_are_not_a_query(server, counts, rest):
    answer = udp_raw(server.address, wire_query(counts=counts, rest=rest))
    assert wire_rcode(answer) == FORMERR
    assert header(answer)[0] == 0x1234 and header(answer)[1] & 0x8000


@pytest.mark.parametrize("counts", [(65535, 0, 0, 0), (1, 65535, 65535, 65535)])
def test_greatest_counts(server, counts):
    wire = struct.pack("!6H", 7, 0x0100, *counts) + b"\x06listed\x04test\x00\0\1\0\1"
    assert wire_rcode(udp_raw(server.address, wire)) == FORMERR


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 15])
def test_other_opcodes_are_not_implemented(server, opcode):
    answer = udp_raw(server.address, wire_query(flags=opcode << 11))
    assert wire_rcode(answer) == NOTIMP
    assert header(answer)[1] >> 11 & 15 == opcode


@pytest.mark.parametrize("opcode", [2, 4, 5, 6])
def test_what_is_not_implemented_is_answered_without_flags_of_query(server, opcode):
    """Neither RA nor the query's CD (RFC 8906, 8)."""
    answer = udp_raw(server.address, wire_query(flags=opcode << 11 | 0x0110))
    assert wire_rcode(answer) == NOTIMP and header(answer)[1] & 0x07f0 == 0x0100


@pytest.mark.parametrize("opcode", [2, 4, 5])
def test_edns_is_answered_with_edns_whatever_the_opcode(server, opcode):
    wire = wire_query(flags=opcode << 11, counts=(1, 0, 0, 1), rest=opt())
    answer = udp_raw(server.address, wire)
    assert wire_rcode(answer) == NOTIMP and header(answer)[2:] == (1, 0, 0, 1)
    assert answer.endswith(bytes(6)) and answer[-11:-8] == b"\0\0\x29"


def test_update_of_dig_is_not_implemented(server):
    assert dig(server.address, "+opcode=UPDATE", "listed.test").status == "NOTIMP"


@pytest.mark.parametrize("qclass", ["HS", "ANY", "CLASS65280"])
def test_other_classes_are_refused(server, qclass):
    assert rcode(ask(server.address, "listed.test", qclass=qclass)) == "REFUSED"


@pytest.mark.parametrize("name", ["version.bind", "version.server", "id.server", "hostname.bind",
                                  "authors.bind", "listed.test"])
def test_chaos_is_hidden_by_default(server, name):
    answer = ask(server.address, name, "TXT", qclass="CH")
    assert rcode(answer) == "REFUSED" and not answer.answer


def test_chaos_as_configured(daemon):
    d = daemon({"server": {"identity": "res1.example", "version": "a resolver"}}).start()
    for name, text in (("version.bind", '"a resolver"'), ("VERSION.server", '"a resolver"'),
                       ("id.server", '"res1.example"'), ("hostname.bind", '"res1.example"')):
        answer = ask(d.address, name, "TXT", qclass="CH")
        assert [r[2] for r in records(answer)] == [text], name
    assert rcode(ask(d.address, "authors.bind", "TXT", qclass="CH")) == "REFUSED"
    assert dig(d.address, "CH", "TXT", "id.server").answers == ['"res1.example"']


@pytest.mark.parametrize("qtype", [251, 252], ids=["IXFR", "AXFR"])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_zones_are_not_given(server, qtype, tcp):
    """RFC 5936, 2.2.1."""
    wire = wire_query(qtype=qtype)
    with (tcp_socket if tcp else udp_socket)(server.address) as s:
        s.sendall(frame(wire) if tcp else wire)
        assert wire_rcode(read_frame(s) if tcp else s.recv(4096)) == REFUSED


def test_identifier_of_the_server(daemon, server):
    """RFC 5001: to who asks for it, of whatever name."""
    d = daemon({"server": {"identity": "res1.example"}}).add_list("one", "a.test\n").start()
    asked = [dns.edns.GenericOption(3, b"")]
    for name in ("a.test", "localhost"):
        answer = ask(d.address, name, options=asked)
        assert [o.to_wire() for o in answer.options if o.otype == 3] == [b"res1.example"]
        assert not [o for o in ask(d.address, name, edns=True).options if o.otype == 3]
    assert not [o for o in ask(server.address, "listed.test", options=asked).options if o.otype == 3]


@pytest.mark.parametrize("kind", ["TKEY", "TSIG", "MAILA", "MAILB", "OPT"])
def test_meta_types_are_not_implemented(server, kind):
    answer = udp_raw(server.address, query("listed.test", kind).to_wire())
    assert wire_rcode(answer) == NOTIMP


# ---- names

@pytest.mark.parametrize("qname", [
    b"\xc0\x0c",                                   # a pointer to itself
    b"\x06listed\xc0\x0c",                         # a loop over its own first label
    b"\xc0\x20",                                   # a pointer forward
    b"\x06listed\xc0\xff",                         # a pointer behind the end
    b"\xc0\x00",                                   # a pointer into the header
    b"\x40listed", b"\x80listed",                  # label types that are not
    b"\x3f" + b"x" * 62,                           # a label behind the end
    (b"\x3f" + b"x" * 63) * 4 + b"\0",             # 257 octets
    (b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"y" * 62 + b"\0",  # 256 octets
], ids=lambda name: name[:8].hex())
def test_bad_name_is_a_format_error(server, qname):
    assert wire_rcode(udp_raw(server.address, wire_query(qname))) == FORMERR


def test_longest_name_is_taken(server):
    qname = (b"\x3f" + b"x" * 63) * 3 + b"\x3d" + b"y" * 61 + b"\0"
    assert len(qname) == 255
    answer = udp_raw(server.address, wire_query(qname))
    assert wire_rcode(answer) == 0 and answer[12:12 + 255] == qname


def test_name_of_127_labels_is_taken(server):
    answer = udp_raw(server.address, wire_query(b"\1x" * 127 + b"\0"))
    assert wire_rcode(answer) == 0


def test_name_with_octets_of_all_kinds(server):
    """What is no host name is a name still (RFC 2181, 11), and comes back as it was."""
    for first in range(0, 256, 16):
        qname = b"\x10" + bytes(range(first, first + 16)) + b"\x04test\0"
        answer = udp_raw(server.address, wire_query(qname))
        assert wire_rcode(answer) == 0 and answer[12:12 + len(qname)] == qname


def test_root_is_taken(server):
    assert wire_rcode(udp_raw(server.address, wire_query(b"\0", qtype=1))) == 0


# ---- EDNS

def test_unknown_version_is_badvers(server):
    """dig: without the fall-back it has since 9.18."""
    answer = dig(server.address, "+edns=1", "+noednsnegotiation", "listed.test")
    assert answer.status == "BADVERS" and answer.opt and not answer.answers
    assert dig(server.address, "+edns=1", "listed.test").answers == ["192.0.2.1"]


@pytest.mark.parametrize("version", [1, 2, 255])
@pytest.mark.parametrize("options", [b"", b"\0\x0a\0\x09x"], ids=["", "of another form"])
def test_badvers_is_told_with_version_0(server, version, options):
    """Whatever that version's options look like (RFC 6891, 6.1.3)."""
    wire = wire_query(counts=(1, 0, 0, 1), rest=opt(version, options=options))
    answer = dns.message.from_wire(udp_raw(server.address, wire))
    assert answer.rcode() == dns.rcode.BADVERS and answer.edns == 0 and not answer.answer


@pytest.mark.parametrize("rest,count", [
    (opt() + opt(), 2), (opt(owner=b"\1x\0"), 1), (opt(owner=b"\xc0\x0c"), 1),
    (opt(options=b"\0"), 1), (opt(options=b"\0\x0a\0\x08"), 1),
    (opt(options=option(65001, b"x") + b"\1"), 1),
    (opt(options=option(COOKIE, b"short")), 1), (opt(options=option(COOKIE, b"123456789")), 1),
    (opt(options=option(COOKIE, b"x" * 41)), 1)],
    ids=["two", "named", "pointer", "one octet", "cut", "octet behind", "cookie of 5", "of 9",
         "of 41"])
def test_bad_opt_is_a_format_error(server, rest, count):
    answer = udp_raw(server.address, wire_query(counts=(1, 0, 0, count), rest=rest))
    assert wire_rcode(answer) == FORMERR
    assert header(answer)[5] == (1 if rest[:1] == b"\0" else 0)  # an OPT, where there was one


def test_opt_outside_of_the_additional_section(server):
    answer = udp_raw(server.address, wire_query(counts=(1, 1, 0, 0), rest=opt()))
    assert wire_rcode(answer) == FORMERR


def test_record_before_the_opt_is_no_harm(server):
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + b"\1\2\3\4"
    answer = udp_raw(server.address, wire_query(counts=(1, 0, 0, 2), rest=record + opt()))
    assert wire_rcode(answer) == 0 and dns.message.from_wire(answer).edns == 0


def test_unknown_option_is_ignored(server, resolver):
    answer = ask(server.address, "listed.test",
                 options=[dns.edns.GenericOption(65001, b"x" * 100)])
    assert addresses(answer) == ["192.0.2.1"]
    assert 65001 not in [int(o.otype) for o in answer.options]
    assert dig(server.address, "+ednsopt=65001:abcd", "elsewhere.test").answers == ["198.51.100.7"]
    assert not any(o.otype == 65001 for q in resolver.questions for o in q.message.options)


@pytest.mark.parametrize("data", [b"", b"\0"])
def test_error_option_without_a_code_is_no_harm(server, data):
    wire = wire_query(counts=(1, 0, 0, 1), rest=opt(options=option(15, data)))
    assert wire_rcode(udp_raw(server.address, wire)) == 0


def test_unknown_edns_flags_are_not_copied(server):
    wire = wire_query(counts=(1, 0, 0, 1), rest=opt(ttl=0x7fff))
    answer = dns.message.from_wire(udp_raw(server.address, wire))
    assert answer.edns == 0 and answer.ednsflags & 0xffff == 0


def test_reserved_header_bit_is_not_copied(server):
    assert header(udp_raw(server.address, wire_query(flags=0x0140)))[1] & 0x0040 == 0


# ---- cookies

def cookie_of(message):
    found = [o.data for o in message.options if int(o.otype) == COOKIE]
    return found[0] if found else None


def ask_with_cookie(address, data, qname="listed.test", **wanted):
    return ask(address, qname, options=[dns.edns.GenericOption(COOKIE, data)], **wanted)


def test_dig_gets_a_server_cookie_and_finds_it_good(server):
    text = dig(server.address, "+cookie", "listed.test").text
    assert "COOKIE: " in text and "(good)" in text


def test_cookie_has_the_clients_part_and_the_interoperable_form(server):
    """RFC 9018, 4: version 1, reserved 0, the time, a hash."""
    cookie = cookie_of(ask_with_cookie(server.address, b"abcdefgh"))
    assert len(cookie) == 24 and cookie[:8] == b"abcdefgh" and cookie[8:12] == b"\1\0\0\0"


def test_cookie_is_the_same_within_a_second_and_for_all_workers(server):
    """Each socket of ours may meet another worker; a second may end between two queries."""
    seen = {cookie_of(ask_with_cookie(server.address, b"abcdefgh")) for _ in range(30)}
    assert len({c[12:16] for c in seen}) == len(seen) <= 3


def test_cookie_differs_by_client(server):
    ours = cookie_of(ask_with_cookie(server.address, b"abcdefgh", source="127.0.0.1"))
    theirs = cookie_of(ask_with_cookie(server.address, b"abcdefgh", source="127.0.0.2"))
    assert ours[16:] != theirs[16:]


def test_cookie_comes_with_forwarded_and_cached_answers(server):
    for _ in range(2):
        assert len(cookie_of(ask_with_cookie(server.address, b"abcdefgh", "cookie.test"))) == 24


def test_query_for_a_cookie_alone(server):
    """RFC 7873, 5.4: no question, but a cookie."""
    wire = wire_query(counts=(0, 0, 0, 1), rest=opt(options=option(COOKIE, b"abcdefgh")))
    answer = dns.message.from_wire(udp_raw(server.address, wire))
    assert answer.rcode() == 0 and not answer.question and len(cookie_of(answer)) == 24


def test_no_cookie_unless_asked(server):
    assert cookie_of(ask(server.address, "listed.test", edns=True)) is None


def test_no_cookies_when_the_operator_says_so(daemon):
    d = daemon({"server": {"cookies": False}}).add_list("one", "listed.test\n").start()
    answer = ask_with_cookie(d.address, b"abcdefgh")
    assert cookie_of(answer) is None and addresses(answer) == ["192.0.2.1"]


# ---- garbage

def mutated(rng, seeds):
    """A valid message with some of it changed, cut, repeated; or no message at all."""
    wire = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 6)):
        if wire and rng.random() < 0.7:
            wire[rng.randrange(len(wire))] = rng.choice([0, 1, 0x3f, 0x40, 0xc0, 0xff,
                                                         rng.randrange(256)])
        elif wire:
            at = rng.randrange(len(wire))
            wire[at:at] = wire[at:at + rng.randrange(16)]
    if rng.random() < 0.2:
        del wire[rng.randrange(len(wire) + 1):]
    return bytes(wire) if rng.random() < 0.95 else rng.randbytes(rng.randrange(600))


def seeds():
    return [query("listed.test").to_wire(), query("www.listed.test", "ANY", do=True).to_wire(),
            query("elsewhere.test", edns=True,
                  options=[dns.edns.GenericOption(COOKIE, b"abcdefgh"),
                           dns.edns.GenericOption(65001, b"x" * 20)]).to_wire(),
            wire_query(b"\x06listed\xc0\x0c"), wire_query(counts=(0, 0, 0, 1), rest=opt())]


def test_ten_thousand_datagrams_of_garbage(server):
    rng = random.Random(1)
    kinds = seeds()
    before = server.counted("queries_udp")
    with udp_socket(server.address) as s:
        s.setblocking(False)
        for i in range(10000):
            s.send(mutated(rng, kinds))
            if i % 50 == 0:
                assert_serves(server)
                try:
                    while s.recv(65535):
                        pass
                except BlockingIOError:
                    pass
    assert_serves(server)
    assert server.counted("queries_udp") - before > 3000


def test_a_thousand_streams_of_garbage(server):
    rng = random.Random(2)
    kinds = seeds()
    for i in range(250):
        try:
            with tcp_socket(server.address) as s:
                s.settimeout(5)
                for _ in range(4):
                    wire = mutated(rng, kinds)
                    s.sendall(frame(wire) if rng.random() < 0.8 else wire)
        except ConnectionError:
            pass  # the daemon closed the connection, and rightly
    wait_until(lambda: serves_tcp(server), 10, "a place is free among the connections of one client")
    assert_serves(server)


def test_flags_of_refusals(server):
    answer = exchange(server.address, query("listed.test", qclass="HS", edns=True))
    assert flags(answer) == {"QR", "RD", "RA"} and ede(answer)[0] == 21


def test_not_recursive_query_for_another_name_is_refused(server):
    answer = ask(server.address, "elsewhere2.test", rd=False, edns=True)
    assert rcode(answer) == "REFUSED" and ede(answer)[0] == 20


def test_kdig_with_padding_and_a_subnet(server):
    host, port = server.address
    done = run_client(["kdig", f"@{host}", "-p", str(port), "+short", "+padding=128",
                       "+subnet=192.0.2.0/24", "+nsid", "listed.test"])
    assert done.stdout == "192.0.2.1\n", done.stderr
