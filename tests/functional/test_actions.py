# SPDX-License-Identifier: BSD-2-Clause
"""What a match is answered: each action for each type, with and without EDNS, over UDP and TCP."""
import dns.exception
import pytest

from harness.client import (addresses, ask, dig, ede, exchange, flags, frame, query, rcode,
                            read_frame, records, soa, tcp_socket, ttls, udp_raw)
from harness.upstream import ELSEWHERE

TYPES = ["A", "AAAA", "HTTPS", "MX", "TXT", "DS", "ANY"]
V4, V6 = "192.0.2.10", "2001:db8::10"
CASE = "7 O 12/20"

# list: its options, EDE code of a denial, EXTRA-TEXT, TTL
LISTS = {
    "both": ({"sinkhole": {"ipv4": V4, "ipv6": V6, "ttl": 61}, "reason": "order",
              "authority": {"case": CASE}}, 16, f"both; case {CASE}", 61),
    "v4only": ({"sinkhole": {"ipv4": V4, "ttl": 62}, "reason": "operator"}, 15, "v4only", 62),
    "v6only": ({"sinkhole": {"ipv6": V6, "ttl": 63}, "reason": "requested"}, 17, "v6only", 63),
    "nxdomain": ({"action": "nxdomain", "sinkhole": {"ttl": 64}, "reason": "requested"},
                 17, "nxdomain", 64),
    "nodata": ({"action": "nodata", "sinkhole": {"ttl": 65}, "reason": "order"}, 16, "nodata", 65),
    "refused": ({"action": "refused", "reason": "operator"}, 15, "refused", 60),
    "default": ({"action": "nxdomain"}, 15, "default", 60),
    "drop": ({"action": "drop"}, 0, "", 0),
    "tcponly": ({"action": "tcp-only"}, 0, "", 0),
    "pass": ({"action": "pass"}, 0, "", 0),
    "passed": ({"action": "nxdomain"}, 15, "passed", 60),
}
GIVEN = {
    ("both", "A"): [V4], ("both", "AAAA"): [V6], ("both", "ANY"): sorted([V4, V6]),
    ("v4only", "A"): [V4], ("v4only", "ANY"): [V4],
    ("v6only", "AAAA"): [V6], ("v6only", "ANY"): [V6],
}
RCODES = {"nxdomain": "NXDOMAIN", "default": "NXDOMAIN", "refused": "REFUSED"}


@pytest.fixture(scope="module")
def actions(shared_daemon, resolver):
    daemon = shared_daemon({"upstreams": [resolver.address]})
    for name, (options, *_) in LISTS.items():
        daemon.add_list(name, f"{name}.test\n", **options)
    daemon.list_path("passed").write_text("passed.test\npass.test\n")
    return daemon.start()


@pytest.fixture(params=[False, True], ids=["udp", "tcp"])
def tcp(request):
    return request.param


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ["both", "v4only", "v6only"])
@pytest.mark.parametrize("edns", [False, True], ids=["plain", "edns"])
def test_sinkhole(actions, name, kind, edns, tcp):
    answer = ask(actions.address, f"www.{name}.test", kind, edns=edns, tcp=tcp)
    given = GIVEN.get((name, kind), [])
    _, code, text, ttl = LISTS[name]
    assert rcode(answer) == "NOERROR"
    assert addresses(answer) == given and len(records(answer)) == len(given)
    assert flags(answer) == {"QR", "RD", "RA"}
    assert answer.edns == (0 if edns else -1)
    if given:
        assert ttls(answer) == {ttl} and not answer.authority
    else:
        assert soa(answer) == (f"{name}.test.", ttl, ttl)
    assert ede(answer) == (((4 if given else code), text) if edns else None)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ["nxdomain", "nodata", "refused", "default"])
@pytest.mark.parametrize("edns", [False, True], ids=["plain", "edns"])
def test_denial(actions, name, kind, edns, tcp):
    answer = ask(actions.address, f"www.{name}.test", kind, edns=edns, tcp=tcp)
    _, code, text, ttl = LISTS[name]
    assert rcode(answer) == RCODES.get(name, "NOERROR")
    assert not answer.answer
    assert flags(answer) == {"QR", "RD", "RA"}
    assert answer.edns == (0 if edns else -1)
    owner = "test." if rcode(answer) == "NXDOMAIN" else f"{name}.test."
    assert soa(answer) == (None if name == "refused" else (owner, ttl, ttl))
    assert ede(answer) == ((code, text) if edns else None)


@pytest.mark.parametrize("name", ["both", "nodata"])
def test_flags_of_the_query_do_not_make_an_answer_authentic(actions, name, tcp):
    answer = ask(actions.address, f"{name}.test", do=True, cd=True, ad=True, tcp=tcp)
    assert flags(answer) == {"QR", "RD", "RA", "CD"}
    assert answer.ednsflags & 0x8000  # DO is copied (RFC 3225)


def test_blocked_name_is_answered_without_recursion_desired(actions, tcp):
    answer = ask(actions.address, "both.test", rd=False, tcp=tcp)
    assert addresses(answer) == [V4] and flags(answer) == {"QR", "RA"}


def test_negative_answers_are_cached_by_their_soa(actions):
    """dig shows the SOA with the list's TTL above the rule's owner, which does not exist."""
    answer = dig(actions.address, "a.b.nxdomain.test")
    owner, ttl, _, kind, rdata = answer.section("AUTHORITY")[0]
    assert (owner, ttl, kind) == ("test.", "64", "SOA")
    assert rdata.split()[-1] == "64"


@pytest.mark.parametrize("kind", TYPES)
def test_drop_answers_nothing_over_udp(actions, kind):
    """Several types at one time would do; the answer after it tells that it was not late."""
    assert udp_raw(actions.address, query("drop.test", kind).to_wire(), timeout=0.1) is None


def test_drop_answers_nothing_over_tcp_and_others_go_on(actions):
    with tcp_socket(actions.address) as s:
        s.sendall(frame(query("drop.test")) + frame(query("both.test")))
        assert b"\x04both" in read_frame(s)
        s.settimeout(0.2)
        with pytest.raises(TimeoutError):
            read_frame(s)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("edns", [False, True], ids=["plain", "edns"])
def test_tcp_only_is_truncated_over_udp(actions, kind, edns):
    answer = ask(actions.address, "tcponly.test", kind, edns=edns)
    assert rcode(answer) == "NOERROR" and not answer.answer and not answer.authority
    assert flags(answer) == {"QR", "RD", "RA", "TC"}
    assert answer.edns == (0 if edns else -1)


def test_tcp_only_has_the_real_answer_over_tcp(actions):
    assert addresses(ask(actions.address, "tcponly.test", tcp=True)) == [ELSEWHERE]
    assert dig(actions.address, "www.tcponly.test").answers == [ELSEWHERE]


@pytest.mark.parametrize("name", ["pass.test", "www.pass.test"])
def test_pass_is_resolved_and_later_lists_are_not_asked(actions, name, tcp):
    assert addresses(ask(actions.address, name, tcp=tcp)) == [ELSEWHERE]


def test_later_list_blocks_what_is_not_let_pass(actions):
    assert rcode(ask(actions.address, "passed.test")) == "NXDOMAIN"


@pytest.mark.parametrize("name", ["both", "nxdomain", "nodata", "refused"])
def test_nothing_of_a_blocked_name_reaches_the_upstream(actions, resolver, name):
    for kind in TYPES:
        ask(actions.address, f"{kind}.{name}.test", kind)
    assert not [q for q in resolver.questions if q.name.endswith(f"{name}.test.")]


def test_blocked_answer_fits_a_client_of_512_octets(actions):
    """The longest qname there is: the SOA and the EDE still have room, or TC is set."""
    name = ".".join(["x" * 63] * 3 + ["y" * 47, "nxdomain.test"])
    wire = udp_raw(actions.address, query(name, edns=True, payload=512).to_wire())
    assert len(wire) <= 512
    answer = exchange(actions.address, query(name, edns=True, payload=512))
    assert rcode(answer) == "NXDOMAIN" and soa(answer)[0] == "test."


def test_drop_is_silence_to_a_client_library(actions):
    with pytest.raises(dns.exception.Timeout):
        ask(actions.address, "www.drop.test", timeout=0.1)


@pytest.mark.parametrize("rule, name, owner", [
    ("a.b.test", "a.b.test", "b.test."), ("a.b.test", "x.a.b.test", "b.test."),
    ("*.b.test", "a.b.test", "b.test."), ("*.b.test", "y.a.b.test", "b.test.")])
def test_soa_of_a_name_that_does_not_exist_is_above_it(daemon, rule, name, owner):
    """dnsmasq 2.90 tells its clients no data where the owner is the name itself."""
    d = daemon({}).add_list("one", rule + "\n", action="nxdomain").start()
    answer = ask(d.address, name)
    assert rcode(answer) == "NXDOMAIN" and soa(answer)[0] == owner


def test_soa_of_a_top_level_domain_is_the_roots(daemon):
    d = daemon({"guard": {"public-suffixes": False}})
    d.add_list("one", "nosuch\n", action="nxdomain").start()
    for name in ("nosuch", "x.nosuch"):
        assert soa(ask(d.address, name))[0] == "."
