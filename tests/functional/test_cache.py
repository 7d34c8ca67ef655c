# SPDX-License-Identifier: BSD-2-Clause
"""What is remembered of upstream answers, and for how long."""
import dns.flags
import dns.rdatatype
import pytest

from harness.client import addresses, ask, ede, exchange_many, rcode, soa, ttls
from harness.daemon import IPV4
from harness.program import wait_until

GOOD = "198.51.100.7"


@pytest.fixture
def cached(daemon, upstream):
    """A daemon with a scripted upstream, and the latter."""
    def make(script=lambda q: q.address(GOOD), **cache):
        up = upstream(script)
        return daemon({"upstreams": [up.address], "cache": cache}).start(), up
    return make


def test_second_query_does_not_reach_the_upstream(cached):
    d, up = cached()
    for name in ("a.test", "A.TEST", "a.Test"):
        for tcp in (False, True):
            assert addresses(ask(d.address, name, tcp=tcp)) == [GOOD]
    assert up.count() == 1
    counters = d.counters()
    assert counters["cache_hits"] == 5 and counters["cache_misses"] == 1
    assert counters["cache_entries"] == 1


SETTINGS = [{}, {"do": True}, {"cd": True}, {"do": True, "cd": True}]
SIGNATURE = "RRSIG A 13 2 300 20300101000000 20200101000000 1 test. c2lnbmF0dXJl"


@pytest.mark.parametrize("first", SETTINGS, ids=["plain", "do", "cd", "both"])
def test_one_entry_for_all_settings(cached, first):
    """Whoever asks first, the upstream is asked once; each is given what it asked for."""
    d, up = cached(lambda q: q.reply(f"{q.name} 300 IN A {GOOD}", f"{q.name} 300 IN {SIGNATURE}"))
    for wanted in [first, *SETTINGS, *SETTINGS]:
        answer = ask(d.address, "a.test", **wanted)
        assert addresses(answer) == [GOOD] and rcode(answer) == "NOERROR"
        signed = any(r.rdtype == dns.rdatatype.RRSIG for r in answer.answer)
        assert signed == wanted.get("do", False)
    assert up.count() == 1 and d.counters()["cache_entries"] == 1
    up.script = lambda q: None
    for wanted in SETTINGS:
        assert addresses(ask(d.address, "a.test", **wanted)) == [GOOD]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["checked-first", "unchecked-first"])
def test_what_a_validating_upstream_refuses(cached, order):
    """Without CD it stays refused, whatever came with CD; with CD it is had in the same query."""
    d, up = cached(lambda q: q.address(GOOD) if q.message.flags & dns.flags.CD
                   else q.negative("SERVFAIL"))
    for _ in range(2):
        for cd in order:
            answer = ask(d.address, "a.test", cd=bool(cd))
            assert rcode(answer) == ("NOERROR" if cd else "SERVFAIL")
    assert d.counters()["cache_entries"] == 2


def test_nxdomain_is_told_once_for_all_types(cached):
    d, up = cached(lambda q: q.negative("NXDOMAIN"))
    for kind in ("A", "AAAA", "HTTPS", "TXT"):
        assert rcode(ask(d.address, "a.test", kind)) == "NXDOMAIN"
    assert up.count() == 1 and d.counters()["cache_entries"] == 1


@pytest.mark.parametrize("wanted", [{"edns": True}, {"ad": True}, {"edns": True, "payload": 4096}],
                         ids=["edns", "ad", "payload"])
def test_what_changes_no_answer_is_not(cached, wanted):
    d, up = cached()
    ask(d.address, "a.test")
    ask(d.address, "a.test", **wanted)
    assert up.count() == 1


def test_types_are_kept_apart(cached):
    d, up = cached(lambda q: q.address(GOOD) if q.type == "A" else q.negative("NOERROR"))
    for _ in range(2):
        assert addresses(ask(d.address, "a.test")) == [GOOD]
        assert not ask(d.address, "a.test", "AAAA").answer
    assert up.count() == 2


def test_ttl_is_counted_down(cached):
    d, up = cached(lambda q: q.address(GOOD, ttl=100))
    assert ttls(ask(d.address, "a.test")) == {100}
    wait_until(lambda: ttls(ask(d.address, "a.test")) == {98}, 5, "two seconds were counted")
    assert up.count() == 1


def test_all_ttls_are_counted_down(cached):
    d, up = cached(lambda q: q.reply(f"{q.name} 50 IN CNAME b.test.", f"b.test. 10 IN A {GOOD}"))
    ask(d.address, "a.test")
    wait_until(lambda: ttls(ask(d.address, "a.test")) == {49, 9}, 5, "a second was counted")
    assert up.count() == 1


def test_answer_expires_with_its_least_ttl(cached):
    d, up = cached(lambda q: q.reply(f"{q.name} 50 IN CNAME b.test.", f"b.test. 1 IN A {GOOD}"))
    ask(d.address, "a.test")
    ask(d.address, "a.test")
    assert up.count() == 1
    wait_until(lambda: ask(d.address, "a.test") and up.count() >= 2, 4, "it expired")


def test_ttl_of_0_is_not_cached(cached):
    d, up = cached(lambda q: q.address(GOOD, ttl=0))
    for number in range(1, 4):
        assert ttls(ask(d.address, "a.test")) == {0}
        assert up.count() == number


def test_ttl_with_the_highest_bit_is_taken_as_0(cached):
    """RFC 2181, 8."""
    def script(q):
        wire = bytearray(q.bare(f"{q.name} 60 IN A {GOOD}"))
        wire[-10:-6] = b"\xff\xff\xff\xff"
        return bytes(wire)
    d, up = cached(script)
    for number in range(1, 3):
        assert ttls(ask(d.address, "a.test")) == {0} and up.count() == number


def test_max_ttl(cached):
    d, up = cached(lambda q: q.address(GOOD, ttl=86400), **{"max-ttl": "1s"})
    assert ttls(ask(d.address, "a.test")) == {1}
    wait_until(lambda: ask(d.address, "a.test") and up.count() >= 2, 4, "it expired")


def test_min_ttl(cached):
    d, up = cached(lambda q: q.address(GOOD, ttl=0), **{"min-ttl": "30"})
    for _ in range(3):
        assert max(ttls(ask(d.address, "a.test"))) in (29, 30)
    assert up.count() == 1


@pytest.mark.parametrize("code", ["NXDOMAIN", "NOERROR"])
@pytest.mark.parametrize("ttl,minimum,kept", [(300, 50, 50), (50, 300, 50), (9999, 9999, 3600)])
def test_negative_answer_is_kept_by_its_soa(cached, code, ttl, minimum, kept):
    """The lesser of the SOA's TTL and its minimum (RFC 2308, 5), and at most max-negative-ttl."""
    d, up = cached(lambda q: q.negative(code, ttl, minimum))
    for _ in range(3):
        answer = ask(d.address, "a.test")
        assert rcode(answer) == code and kept - 2 <= soa(answer)[1] <= kept
    assert up.count() == 1


def test_negative_answer_expires(cached):
    d, up = cached(lambda q: q.negative("NXDOMAIN", 300, 1))
    ask(d.address, "a.test")
    wait_until(lambda: ask(d.address, "a.test") and up.count() >= 2, 4, "it expired")


@pytest.mark.parametrize("code", ["NXDOMAIN", "NOERROR"])
def test_negative_answer_without_an_soa_is_not_kept(cached, code):
    d, up = cached(lambda q: q.reply(rcode=code))
    for number in range(1, 3):
        assert rcode(ask(d.address, "a.test")) == code and up.count() == number


def test_nxdomain_of_a_name_says_nothing_of_another(cached):
    d, up = cached(lambda q: q.negative() if q.name == "a.test." else q.address(GOOD))
    assert rcode(ask(d.address, "a.test")) == "NXDOMAIN"
    assert addresses(ask(d.address, "b.test")) == [GOOD]
    assert addresses(ask(d.address, "x.a.test")) == [GOOD]


def test_size_0_keeps_nothing(cached):
    d, up = cached(size=0)
    for number in range(1, 4):
        assert addresses(ask(d.address, "a.test")) == [GOOD] and up.count() == number


def test_size_is_kept_and_what_is_asked_often_stays(cached):
    """1 MiB, and several times as much to keep."""
    text = " ".join([f'"{"x" * 250}"'] * 4)
    d, up = cached(lambda q: q.reply(f"{q.name} 600 IN TXT {text}"), size="1MiB")
    ask(d.address, "often.test", "TXT")
    for start in range(0, 3000, 100):
        exchange_many(d.address, [f"n{number}.test" for number in range(start, start + 100)], "TXT")
        ask(d.address, "often.test", "TXT")
    counters = d.counters()
    assert counters["cache_bytes_used"] <= counters["cache_bytes_max"] <= 1 << 20
    assert counters["cache_evicted"] > 0 and counters["cache_entries"] > 100
    assert up.count("often.test.") == 1


def test_cache_outlives_a_reload(cached):
    d, up = cached()
    ask(d.address, "a.test")
    d.reload_well()
    ask(d.address, "a.test")
    assert up.count() == 1


def test_limits_change_by_reload(cached):
    d, up = cached(lambda q: q.address(GOOD, ttl=500))
    d.configure({"cache": {"max-ttl": "100"}})
    d.reload_well()
    assert ttls(ask(d.address, "a.test")) == {100}


def test_types_have_limits_of_their_own(cached):
    d, up = cached(lambda q: q.reply(f"{q.name} 500 IN TXT hello") if q.type == "TXT"
                   else q.address(GOOD, ttl=500), types=[{"type": "TXT", "max-ttl": "1m"}])
    assert ttls(ask(d.address, "a.test", "TXT")) == {60}
    assert ttls(ask(d.address, "a.test")) == {500}
    d.configure({"cache": {"types": [{"type": "A", "max-ttl": "2m"}]}})
    d.reload_well()
    assert ttls(ask(d.address, "b.test", "TXT")) == {500}
    assert ttls(ask(d.address, "b.test")) == {120}


def test_type_with_a_share_does_not_push_out_the_rest(cached):
    """A tunnel through TXT, each question for a name of its own."""
    d, up = cached(lambda q: q.reply(f"{q.name} 600 IN TXT hello") if q.type == "TXT"
                   else q.address(GOOD, ttl=600), size="1MiB",
                   types=[{"type": "TXT", "share": 10}])
    names = [f"n{number}.test" for number in range(200)]
    for name in names:
        ask(d.address, name)
    exchange_many(d.address, [f"t{number}.test" for number in range(4000)], "TXT")
    before = len([q for q in up.asked() if q.type == "A"])
    for name in names:
        assert addresses(ask(d.address, name)) == [GOOD]
    # of TXT, questions that were sent once more may still arrive
    assert len([q for q in up.asked() if q.type == "A"]) == before
    assert d.counted("cache_evicted") > 3000


def test_stale_answer_that_leads_to_what_is_blocked_by_now_is_not_given(cached):
    alive = [True]
    d, up = cached(lambda q: q.reply(f"{q.name} 1 IN CNAME bad.test.", f"bad.test. 1 IN A {GOOD}")
                   if alive[0] else q.reply(rcode="SERVFAIL"))
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    alive[0] = False
    wait_until(lambda: ede(ask(d.address, "a.test", edns=True)) == (3, ""), 5, "it is stale")
    d.add_list("block", "bad.test\n")
    d.write_config()
    d.reload_well()
    answer = ask(d.address, "a.test", edns=True)
    assert addresses(answer) == [IPV4] and ede(answer)[0] == 4
    # lifted: nothing is left, of the answer or of the block
    d.config["lists"] = []
    d.write_config()
    alive[0] = True
    d.reload_well()
    wait_until(lambda: addresses(ask(d.address, "a.test")) == [GOOD], 8, "the answer is there")


# ---- what lies below a name that does not exist (RFC 8020)

def denying(q):
    """Of gone.test nothing is there, as an upstream says that asks its own zone."""
    return q.negative("NXDOMAIN") if q.name.endswith("gone.test.") else q.address(GOOD)


def below(daemon, up, wanted=True, **config):
    return daemon({"upstreams": [up.address], "cache": {"nothing-below-nxdomain": wanted}, **config})


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_nothing_is_below_what_does_not_exist(daemon, upstream, tcp):
    up = upstream(denying)
    d = below(daemon, up).start()
    above = ask(d.address, "gone.test", tcp=tcp)
    for i, wanted in enumerate([{}, {"edns": True}, {"do": True}, {"cd": True}, {"ad": True}]):
        for name in (f"n{i}.gone.test", f"a.b.{i}.Gone.TEST", ".".join(["x"] * 100 + ["gone.test"])):
            for kind in ("A", "AAAA", "TXT", "DS"):
                answer = ask(d.address, name, kind, tcp=tcp, **wanted)
                assert rcode(answer) == "NXDOMAIN" and not answer.answer
                assert soa(answer)[0].lower() == "test." and soa(answer)[2] == soa(above)[2]
                assert answer.authority[0].ttl <= above.authority[0].ttl
    assert up.count() == 1 and d.counted("cache_misses") == 1
    for name in ("test", "xgone.test", "n.other.test"):  # above, and beside
        assert rcode(ask(d.address, name, tcp=tcp)) in ("NOERROR", "NXDOMAIN")
    assert up.count() == 4


def test_what_is_below_is_asked_for_by_default(daemon, upstream):
    up = upstream(lambda q: q.negative("NXDOMAIN") if q.name == "gone.test." else q.address(GOOD))
    d = daemon({"upstreams": [up.address]}).start()
    assert rcode(ask(d.address, "gone.test")) == "NXDOMAIN"
    assert addresses(ask(d.address, "n.gone.test")) == [GOOD]
    d.configure({"cache": {"nothing-below-nxdomain": True}})
    d.reload_well()
    assert addresses(ask(d.address, "n.gone.test")) == [GOOD]  # it is known
    assert rcode(ask(d.address, "m.gone.test")) == "NXDOMAIN"


def test_what_is_known_better_comes_first(daemon, upstream):
    """Zones, names of one's own, names of lists; and what the zone's upstream says holds in the zone."""
    up, zone = upstream(denying), upstream(lambda q: q.negative("NXDOMAIN") if q.name == "no.corp.gone.test."
                                           else q.address("198.51.100.8"))
    d = below(daemon, up, forward=[{"zone": "corp.gone.test", "upstreams": [zone.address]}],
              local={"names": [{"name": "own.gone.test", "ipv4": ["192.168.1.9"]},
                               {"name": "alias.gone.test", "cname": "n.corp.gone.test"},
                               {"name": "nowhere.gone.test", "cname": "n.gone.test"}]})
    d.add_list("one", "listed.gone.test\n").start()
    assert rcode(ask(d.address, "gone.test")) == "NXDOMAIN"
    assert addresses(ask(d.address, "n.corp.gone.test")) == ["198.51.100.8"]
    assert addresses(ask(d.address, "corp.gone.test")) == ["198.51.100.8"]
    assert addresses(ask(d.address, "own.gone.test")) == ["192.168.1.9"]
    assert addresses(ask(d.address, "alias.gone.test")) == ["198.51.100.8"]
    assert addresses(ask(d.address, "x.listed.gone.test")) == [IPV4]
    for name in ("no.corp.gone.test", "below.no.corp.gone.test"):
        assert rcode(ask(d.address, name)) == "NXDOMAIN"
    answer = ask(d.address, "nowhere.gone.test")
    assert rcode(answer) == "NXDOMAIN" and len(answer.answer) == 1 and soa(answer)[0] == "test."
    assert up.count() == 1 and zone.count() == 3


@pytest.mark.parametrize("script", [
    lambda q: q.reply(f"{q.name} 300 IN CNAME x.test.", rcode="NXDOMAIN"),   # of the CNAME's target
    lambda q: q.negative("NOERROR"), lambda q: q.negative("SERVFAIL"),
    lambda q: q.negative("NXDOMAIN", minimum=0)], ids=["cname", "nodata", "failure", "not kept"])
def test_other_answers_say_nothing_of_what_is_below(daemon, upstream, script):
    up = upstream(lambda q: script(q) if q.name == "gone.test." else q.address(GOOD))
    d = below(daemon, up).start()
    ask(d.address, "gone.test")
    assert addresses(ask(d.address, "n.gone.test")) == [GOOD]


def test_what_was_denied_and_has_expired_denies_nothing(daemon, upstream):
    up = upstream(lambda q: q.negative("NXDOMAIN", minimum=1) if q.name == "gone.test." else q.address(GOOD))
    d = below(daemon, up).start()
    ask(d.address, "gone.test")
    assert rcode(ask(d.address, "n.gone.test")) == "NXDOMAIN"
    wait_until(lambda: addresses(ask(d.address, "n.gone.test")) == [GOOD], 5, "it expired")
