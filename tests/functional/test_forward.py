# SPDX-License-Identifier: BSD-2-Clause
"""What no list decides, asked of real servers: NSD, and Unbound that validates what NSD signs."""
import dns.edns
import dns.flags
import dns.message
import dns.rdatatype
import pytest

from harness.client import (addresses, ask, dig, ede, exchange, flags, query, rcode, records,
                            run_client, soa, ttls, udp_raw)
from harness.namespace import with_resolv_conf
from harness.zones import BIG_STRINGS, FORGED, PLAIN, SIGNED

KINDS = [("www", "A"), ("www", "AAAA"), ("mail", "MX"), ("_sip._tcp", "SRV"), ("web", "HTTPS"),
         ("caa", "CAA"), ("odd", "TYPE65280"), ("alias", "A"), ("alias", "CNAME"), ("alias", "MX"),
         ("dangling", "A"), ("a.b.wild", "A"), ("x.moved", "A"), ("moved", "DNAME"), ("", "SOA"),
         ("", "NS"), ("nothing", "A"), ("www", "MX"), ("x.www", "A"), ("sub", "A"),
         ("x.sub", "A"), ("many", "A"), ("long", "A"), ("zero", "A")]


def full(name, zone):
    return f"{name}.{zone}." if name else f"{zone}."


@pytest.fixture(scope="module")
def to_nsd(shared_daemon, nsd):
    daemon = shared_daemon({"upstreams": [nsd.address], "cache": {"max-ttl": "1w"}})
    return daemon.add_list("one", "listed.test\n").start()


@pytest.fixture(scope="module")
def to_unbound(shared_daemon, unbound):
    return shared_daemon({"upstreams": [unbound.address]}).start()


def sections(message):
    """The records of answer and authority, without regard to their order."""
    return [sorted((str(r.name), r.rdtype, r.rdclass, r.ttl, sorted(map(str, r))) for r in section)
            for section in (message.answer, message.authority)]


def ages(ours, theirs):
    """By how many seconds the first record of ours is older."""
    first, other = (next((r.ttl for r in m.answer + m.authority), 0) for m in (theirs, ours))
    return first - other


def aged(message, by_s):
    """The message as it is `by_s` later."""
    for rrset in message.answer + message.authority:
        rrset.ttl -= by_s
    return message


def assert_same(ours, theirs):
    """The upstream's answer, but for the flags that are of the hop."""
    assert ours.rcode() == theirs.rcode()
    assert sections(ours) == sections(theirs)


@pytest.mark.parametrize("name,kind", KINDS)
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_answer_is_the_upstreams(to_nsd, nsd, name, kind, tcp):
    qname = full(name, PLAIN)
    theirs = ask(nsd.where, qname, kind, edns=True)
    ours = ask(to_nsd.address, qname, kind, edns=True, tcp=tcp)
    # over TCP it comes from the cache, a little older
    age_s = ages(ours, theirs) if tcp else 0
    assert 0 <= age_s < 60
    assert_same(ours, aged(theirs, age_s))
    assert flags(ours) == {"QR", "RD", "RA"}


def test_dig_finds_the_chain(to_nsd):
    answer = dig(to_nsd.address, f"alias.{PLAIN}")
    assert answer.status == "NOERROR"
    assert answer.answers == [f"alias2.{PLAIN}.", f"alias3.{PLAIN}.", f"www.{PLAIN}.",
                              "198.51.100.10"]


@pytest.mark.parametrize("name,kind,expected", [("nothing", "A", "NXDOMAIN"),
                                                ("www", "MX", "NOERROR")])
def test_negative_answer_has_the_zones_soa(to_nsd, name, kind, expected):
    answer = ask(to_nsd.address, full(name, PLAIN), kind)
    assert rcode(answer) == expected and not answer.answer
    owner, ttl, minimum = soa(answer)
    assert owner == f"{PLAIN}." and ttl <= 60 and minimum == 60


def test_case_of_the_question_comes_back(to_nsd):
    for _ in range(2):  # forwarded, then cached
        message = query("WwW.UpStReAm.TeSt", "AAAA")
        wire = message.to_wire()
        assert udp_raw(to_nsd.address, wire)[12:len(wire)] == wire[12:]


# ---- size

def test_big_answer_is_truncated_over_udp_and_whole_over_tcp(to_nsd):
    name = f"big.{PLAIN}"
    short = ask(to_nsd.address, name, "TXT", edns=True, payload=4096)
    assert "TC" in flags(short) and not short.answer
    whole = ask(to_nsd.address, name, "TXT", edns=True, tcp=True)
    assert len(records(whole)) == BIG_STRINGS and "TC" not in flags(whole)


def test_dig_comes_back_over_tcp_by_itself(to_nsd):
    answer = dig(to_nsd.address, f"big.{PLAIN}", "TXT")
    assert len(answer.answers) == BIG_STRINGS and answer.size > 8000 and "(TCP)" in answer.text


@pytest.mark.parametrize("payload,whole", [(None, False), (0, False), (511, False), (512, False),
                                           (700, False), (720, True), (1232, True), (65535, True)])
def test_no_answer_is_larger_than_asked(to_nsd, payload, whole):
    """`many` takes 700 octets or so; our own limit is 1232."""
    wanted = {} if payload is None else {"edns": True, "payload": payload}
    wire = udp_raw(to_nsd.address, query(f"many.{PLAIN}", **wanted).to_wire())
    assert len(wire) <= min(max(payload or 0, 512), 1232)
    answer = dns.message.from_wire(wire)
    assert ("TC" not in flags(answer)) == whole
    assert len(addresses(answer)) == (40 if whole else 0)


def test_own_limit_holds(daemon, nsd):
    d = daemon({"upstreams": [nsd.address], "server": {"udp-size": 600}}).start()
    answer = ask(d.address, f"many.{PLAIN}", edns=True, payload=4096)
    assert "TC" in flags(answer) and answer.payload == 600
    d.configure({"server": {"udp-size": 4096}})
    d.reload_well()
    assert len(addresses(ask(d.address, f"many.{PLAIN}", edns=True, payload=4096))) == 40


# ---- DNSSEC

def test_without_do_no_signature_comes(to_nsd):
    answer = ask(to_nsd.address, f"www.{SIGNED}", edns=True)
    assert {kind for _, kind, _ in records(answer)} == {"A"}


@pytest.mark.parametrize("name,kind", [
    ("www", "A"), ("", "DNSKEY"), ("nothing", "A"), ("www", "MX"), ("a.wild", "A"), ("alias", "A"),
    ("sub", "DS"), ("x.moved", "A"), ("mail", "MX")])
@pytest.mark.parametrize("cd", [False, True], ids=["", "cd"])
def test_signatures_come_unharmed(to_nsd, nsd, name, kind, cd):
    qname = full(name, SIGNED)
    theirs = ask(nsd.where, qname, kind, do=True, payload=4096, cd=cd)
    for tcp in (False, True, False):
        ours = ask(to_nsd.address, qname, kind, do=True, payload=4096, cd=cd, tcp=tcp)
        assert_same(ours, theirs)
        assert any(r.rdtype == dns.rdatatype.RRSIG for r in ours.answer + ours.authority)
        assert ("CD" in flags(ours)) == cd and ours.ednsflags & dns.flags.DO


def test_validator_behind_us_finds_all_secure(to_nsd, nsd, tmp_path):
    """delv validates by itself what it gets from us, by the key of the zone."""
    anchor = tmp_path / "anchor"
    key = nsd.signer.anchor().split("DNSKEY ")[1].split(None, 3)
    anchor.write_text('trust-anchors { %s. static-key %s %s %s "%s"; };\n' %
                      (SIGNED, *key[:3], key[3].replace(" ", "")))
    host, port = to_nsd.address
    for name, kind, expected in [("www", "A", "198.51.100.10"), ("a.wild", "A", "198.51.100.77"),
                                 ("nothing", "A", "negative response"),
                                 ("www", "MX", "negative response")]:
        done = run_client(["delv", f"@{host}", "-p", str(port), "-a", str(anchor),
                           f"+root={SIGNED}", full(name, SIGNED), kind])
        text = done.stdout + done.stderr
        assert "; fully validated" in text or "; negative response, fully validated" in text, text
        assert expected in text


@pytest.mark.parametrize("name,rc", [("www", "NOERROR"), ("nothing", "NXDOMAIN")])
@pytest.mark.parametrize("wanted,authentic", [
    ({}, False), ({"edns": True}, False), ({"ad": True}, True), ({"do": True}, True)],
    ids=["plain", "edns", "ad", "do"])
def test_authentic_data_is_told_to_whom_it_means_something(to_unbound, name, rc, wanted, authentic):
    """RFC 6840, 5.7; the second answer is from the cache."""
    for _ in range(2):
        answer = ask(to_unbound.address, full(name, SIGNED), **wanted)
        assert rcode(answer) == rc and ("AD" in flags(answer)) == authentic


def test_unsigned_data_is_not_authentic(to_unbound):
    assert "AD" not in flags(ask(to_unbound.address, f"www.{PLAIN}", do=True, ad=True))


def test_bogus_answer_fails_and_the_client_learns_why(to_unbound):
    """EDE 6 is the validator's (DNSSEC Bogus); with CD the client judges by itself."""
    answer = ask(to_unbound.address, f"bogus.{SIGNED}", edns=True)
    assert rcode(answer) == "SERVFAIL" and ede(answer)[0] == 6
    answer = ask(to_unbound.address, f"bogus.{SIGNED}", do=True, cd=True)
    assert addresses(answer) == [FORGED[1]] and "AD" not in flags(answer)


# ---- EDNS towards the upstream

def seen(daemon, upstream, message, **options):
    """The one question that comes upstream for a message."""
    before = upstream.count()
    exchange(daemon.address, message, **options)
    assert upstream.count() == before + 1
    return upstream.questions[-1].message


def test_question_upstream_carries_nothing_of_the_client(daemon, upstream):
    """Not even DO and CD: RD, AD (RFC 6840, 5.7) and DO are always set, and the cookie is our own."""
    up = upstream(lambda q: q.address())
    d = daemon({"upstreams": [up.address]}).start()
    subnet = dns.edns.ECSOption("192.0.2.0", 24)
    asked = seen(d, up, query("MiXed.Test", options=[subnet, dns.edns.GenericOption(10, b"c" * 8)]))
    assert flags(asked) == {"RD", "AD"} and asked.edns == 0
    (cookie,) = asked.options
    assert cookie.otype == 10 and len(cookie.data) == 8 and cookie.data != b"c" * 8
    assert asked.payload == 1232 and asked.ednsflags == dns.flags.DO
    assert str(asked.question[0].name).lower() == "mixed.test."
    asked = seen(d, up, query("do.test", do=True, payload=4096))
    assert asked.ednsflags == dns.flags.DO and asked.payload == 1232
    asked = seen(d, up, query("cd.test", cd=True))
    assert flags(asked) == {"RD", "AD"}


def test_client_without_edns_gets_none(to_nsd):
    for _ in range(2):
        answer = ask(to_nsd.address, f"mx.{PLAIN}")
        assert answer.edns == -1 and addresses(answer) == ["198.51.100.25"]


def test_ede_of_the_upstream_reaches_the_client(daemon, upstream):
    def script(q):
        message = q.negative()
        message.use_edns(0, 0, 1232, options=[dns.edns.EDEOption(3, "stale as bread")])
        return message
    d = daemon({"upstreams": [upstream(script).address]}).start()
    for _ in range(2):
        assert ede(ask(d.address, "a.test", edns=True)) == (3, "stale as bread")


def test_everything_over_ipv6_too(to_nsd):
    where = ("::1", to_nsd.port)
    assert addresses(ask(where, f"www.{PLAIN}")) == ["198.51.100.10"]
    assert len(dig(where, f"big.{PLAIN}", "TXT").answers) == BIG_STRINGS


def test_ttl_over_the_limit_is_cut(daemon, nsd):
    d = daemon({"upstreams": [nsd.address], "cache": {"max-ttl": "1h"}}).start()
    assert ttls(ask(d.address, f"long.{PLAIN}")) == {3600}


def test_upstreams_of_resolv_conf(daemon, tmp_path):
    """Without upstreams of its own the configuration has those of /etc/resolv.conf."""
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.53\n# a comment\nnameserver ::1\nsearch a.test\n")
    d = daemon()
    del d.config["upstreams"]
    d.start(prefix=with_resolv_conf(file))
    assert "upstream 127.0.0.53@53\nupstream ::1@53\n" in d.log()
