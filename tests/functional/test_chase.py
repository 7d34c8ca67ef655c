# SPDX-License-Identifier: BSD-2-Clause
"""CNAMEs that lead to a name of which the upstream says nothing: it is asked for as well."""
import time

import dns.exception
import dns.flags
import pytest

from harness.client import addresses, ask, ede, flags, rcode, records, ttls
from harness.crowd import ask_many
from harness.program import wait_until
from harness.upstream import Later

GOOD, OTHER, OWN, SINK = "198.51.100.7", "198.51.100.8", "192.168.1.9", "192.0.2.1"


def leading(ends=GOOD, ttl=300, **links):
    """A script: what a name leads to, one CNAME a reply; all others have the address."""
    def script(q):
        target = links.get(q.name.lower().split(".")[0])
        if target:
            return q.reply(f"{q.name} {ttl} IN CNAME {target}.test.")
        return q.address(ends) if q.type == "A" else q.negative("NOERROR")
    return script


def hops(count):
    return {f"n{i}": f"n{i + 1}" for i in range(count)}


def serve(daemon, up, **config):
    return daemon({"upstreams": [up.address], **config})


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("dnssec", [False, True], ids=["plain", "do"])
def test_what_it_leads_to_is_asked_for_once(daemon, upstream, tcp, dnssec):
    up = upstream(leading(a="b", b="c"))
    d = serve(daemon, up).start()
    for _ in range(3):
        answer = ask(d.address, "A.test", edns=True, tcp=tcp, do=dnssec)
        assert records(answer) == [("A.test.", "CNAME", "b.test."), ("b.test.", "CNAME", "c.test."),
                                   ("c.test.", "A", GOOD)]
    assert addresses(ask(d.address, "c.test")) == [GOOD] and addresses(ask(d.address, "b.test")) == [GOOD]
    assert sorted(q.name.lower() for q in up.asked()) == ["a.test.", "b.test.", "c.test."]


def test_a_cname_that_is_asked_for_is_not_followed(daemon, upstream):
    up = upstream(leading(a="b"))
    d = serve(daemon, up).start()
    assert records(ask(d.address, "a.test", "CNAME")) == [("a.test.", "CNAME", "b.test.")]
    assert up.count() == 1


def test_whoever_waits_is_answered_together(daemon, upstream):
    up = upstream(leading(a="b"))
    d = serve(daemon, up).start()
    outcomes = ask_many(d.address, ["a.test"] * 50)
    assert all(o.addresses == [GOOD] for o in outcomes)


@pytest.mark.parametrize("count,well", [(10, True), (16, True), (17, False), (60, False)])
def test_the_chain_has_a_bound(daemon, upstream, count, well):
    up = upstream(leading(**hops(count)))
    d = serve(daemon, up).start()
    answer = ask(d.address, "n0.test", timeout=8)
    assert rcode(answer) == ("NOERROR" if well else "SERVFAIL")
    assert addresses(answer) == ([GOOD] if well else [])
    assert up.count() <= 18


@pytest.mark.parametrize("links", [{"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"},
                                   {"a": "b", "b": "c", "c": "d", "d": "a"}])
def test_a_circle_is_servfail(daemon, upstream, links):
    up = upstream(leading(**links))
    d = serve(daemon, up).start()
    begun = time.monotonic()
    assert rcode(ask(d.address, "a.test", timeout=8)) == "SERVFAIL"
    assert time.monotonic() - begun < 3
    assert up.count() <= 3 * len(links)
    assert addresses(ask(d.address, "fine.test")) == [GOOD]


def test_a_circle_through_an_own_name_is_servfail(daemon, upstream):
    up = upstream(leading(a="own"))
    d = serve(daemon, up, local={"names": [{"name": "own.test", "cname": "a.test"}]}).start()
    assert rcode(ask(d.address, "a.test", timeout=8)) == "SERVFAIL"
    assert rcode(ask(d.address, "own.test", timeout=8)) == "SERVFAIL"


@pytest.mark.parametrize("listed", ["b.test", "c.test", "d.test"])
def test_each_hop_is_judged(daemon, upstream, listed):
    up = upstream(leading(a="b", b="c", c="d"))
    d = serve(daemon, up).add_list("one", listed + "\n").start()
    for _ in range(2):
        answer = ask(d.address, "a.test", edns=True, timeout=8)
        assert records(answer) == [("a.test.", "A", SINK)] and ede(answer) == (4, "one")
    assert f"{listed}." not in [q.name.lower() for q in up.asked()]
    d.write_list("one", "other.test\n")
    d.reload_well()
    assert addresses(ask(d.address, "a.test", timeout=8)) == [GOOD]


@pytest.mark.parametrize("action, tcp", [("sinkhole", False), ("nxdomain", True), ("refused", False)])
def test_a_blocked_name_is_remembered(daemon, upstream, action, tcp):
    """By the CNAME alone, for as long as that lives, and over a restart; it is no answer for anybody."""
    up = upstream(leading(a="b", c="a"))
    d = serve(daemon, up, state={"directory": "state"})
    d.add_list("one", "b.test\n", action=action).start()
    blocked = ask(d.address, "a.test", tcp=tcp)
    for kind in ("A", "AAAA", "TXT"):
        for wanted in ({}, {"do": True}, {"cd": True}, {"edns": True}, {"do": True, "cd": True}):
            answer = ask(d.address, "a.test", kind, tcp=tcp, **wanted)
            assert rcode(answer) == rcode(blocked)
            assert kind != "A" or answer.answer == blocked.answer
    assert up.count() == 3
    assert rcode(ask(d.address, "c.test", tcp=tcp)) == rcode(blocked)
    assert up.count() == 4
    d.stop()
    d.start()
    d.program.wait_line(r"cache: state/cache\.dump: ")
    assert rcode(ask(d.address, "a.test", tcp=tcp)) == rcode(blocked) and up.count() == 4
    d.write_list("one", "else.test\n")
    d.reload_well()
    for name in ("a.test", "c.test"):
        assert addresses(ask(d.address, name, tcp=tcp)) == [GOOD]


def test_a_blocked_cname_that_is_stale_is_no_answer(daemon, upstream):
    """The list has let it go since, and the upstreams are silent."""
    up = upstream(leading(ttl=1, a="b"))
    d = serve(daemon, up, outgoing={"timeout": "1s"}).add_list("one", "b.test\n").start()
    assert addresses(ask(d.address, "a.test")) == [SINK]
    up.script = lambda q: None
    time.sleep(1.2)
    assert addresses(ask(d.address, "a.test", timeout=8)) == [SINK]
    d.write_list("one", "else.test\n")
    d.reload_well()
    answer = ask(d.address, "a.test", timeout=8)
    assert rcode(answer) == "SERVFAIL" and not answer.answer


@pytest.mark.parametrize("links, well", [(3, True), (12, False)])
def test_a_chain_may_outlast_a_timeout(daemon, upstream, links, well):
    """Each link is answered in time, all of them are not: three times as long is waited, no more."""
    script = leading(**hops(links))
    up = upstream(lambda q: Later(0.7, script(q)))
    d = serve(daemon, up, outgoing={"timeout": "1s", "retransmit": "900ms"}).start()
    begun = time.monotonic()
    answer = ask(d.address, "n0.test", timeout=30)
    took = time.monotonic() - begun
    assert rcode(answer) == ("NOERROR" if well else "SERVFAIL") and addresses(answer) == ([GOOD] if well else [])
    assert took > (2 if well else 2.9)
    up.script = script
    assert addresses(ask(d.address, "fine.test")) == [GOOD]


def test_end_without_an_soa_is_not_kept(daemon, upstream):
    """CNAMEs that live long, and nothing that says for how long there is nothing behind them."""
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME b.test.") if q.name.lower() == "a.test." else q.reply())
    d = serve(daemon, up).start()
    for i in range(3):
        assert len(ask(d.address, "a.test").answer) == 1
        assert up.count("a.test.") == i + 1


def test_what_passes_may_lead_to_what_is_listed_and_that_stays_blocked(daemon, upstream):
    """The name on the pass list is answered; what it leads to is not answered for itself."""
    up = upstream(leading(a="b", b="c", x="b"))
    d = serve(daemon, up)
    d.add_list("good", "a.test\n", action="pass").add_list("bad", "b.test\nc.test\n").start()
    for _ in range(2):
        assert addresses(ask(d.address, "a.test")) == [GOOD]
        for name in ("b.test", "c.test", "x.test"):
            assert addresses(ask(d.address, name)) == [SINK]


def test_an_own_name_answers(daemon, upstream):
    up = upstream(leading(a="own", b="alias", c="far"))
    names = [{"name": "own.test", "ipv4": [OWN]}, {"name": "alias.test", "cname": "own.test"},
             {"name": "far.test", "cname": "away.test"}]
    d = serve(daemon, up, local={"names": names}).start()
    for _ in range(2):
        assert addresses(ask(d.address, "a.test")) == [OWN]
        assert addresses(ask(d.address, "b.test")) == [OWN]
        assert records(ask(d.address, "c.test")) == [
            ("c.test.", "CNAME", "far.test."), ("far.test.", "CNAME", "away.test."),
            ("away.test.", "A", GOOD)]
        assert rcode(ask(d.address, "a.test", "AAAA")) == "NOERROR"
    assert sorted({q.name.lower() for q in up.asked()}) == ["a.test.", "away.test.", "b.test.", "c.test."]


def test_special_use_is_not_asked_for(daemon, upstream):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME hidden.onion."))
    d = serve(daemon, up, local={"special-use": True}).start()
    assert rcode(ask(d.address, "a.example")) == "NXDOMAIN"
    assert up.count() == 1


def test_it_crosses_zones(daemon, upstream):
    """Out of a zone with upstreams of its own, and into one."""
    def zone(q):
        return q.reply(f"{q.name} 300 IN CNAME www.outside.") if q.name.lower() == "out.corp.test." \
            else q.address(OTHER)

    def root(q):
        return q.reply(f"{q.name} 300 IN CNAME www.corp.test.") if q.name.lower() == "in.outside." \
            else q.address(GOOD)
    ups = upstream(root), upstream(zone)
    d = daemon({"upstreams": [ups[0].address],
                "forward": [{"zone": "corp.test", "upstreams": [ups[1].address]}]}).start()
    for _ in range(2):
        assert addresses(ask(d.address, "out.corp.test")) == [GOOD]
        assert addresses(ask(d.address, "in.outside")) == [OTHER]
    assert {q.name.lower() for q in ups[0].asked()} == {"www.outside.", "in.outside."}
    assert {q.name.lower() for q in ups[1].asked()} == {"out.corp.test.", "www.corp.test."}


def test_the_other_zone_is_dead(daemon, upstream):
    dead = upstream(lambda q: None, tcp=False)
    up = upstream(leading(a="x.corp"))
    d = daemon({"upstreams": [up.address], "outgoing": {"timeout": "1s"},
                "forward": [{"zone": "corp.test", "upstreams": [dead.address]}]}).start()
    answer = ask(d.address, "a.test", edns=True, timeout=8)
    assert rcode(answer) == "SERVFAIL" and ede(answer)[0] in (22, 23)
    for i in range(20):
        assert addresses(ask(d.address, f"f{i}.test")) == [GOOD]
    assert up.count("a.test") <= 3    # its server has answered: it is not blamed, nor asked for ever


def test_when_all_fail_what_was_known_is_given(daemon, upstream):
    up = upstream(leading(ttl=1, a="b"))
    d = serve(daemon, up, outgoing={"timeout": "1s"}).start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    up.script = lambda q: q.reply(f"{q.name} 1 IN CNAME c.test.") if q.name.lower() == "a.test." else None
    time.sleep(1.2)
    answer = ask(d.address, "a.test", edns=True, timeout=8)
    assert addresses(answer) == [GOOD] and ede(answer)[0] == 3 and max(ttls(answer)) <= 30


def test_stale_target_is_given_stale_and_not_kept(daemon, upstream):
    def script(q):
        return q.reply(f"{q.name} 300 IN CNAME b.test.") if q.name.lower() == "a.test." \
            else q.address(GOOD, ttl=1)
    up = upstream(script)
    d = serve(daemon, up, outgoing={"timeout": "1s"}).start()
    assert addresses(ask(d.address, "b.test")) == [GOOD]
    up.script = lambda q: script(q) if q.name.lower() == "a.test." else None
    time.sleep(1.2)
    answer = ask(d.address, "a.test", edns=True, timeout=8)
    assert addresses(answer) == [GOOD] and ede(answer)[0] == 3
    up.script = lambda q: script(q) if q.name.lower() == "a.test." else q.address(OTHER)
    wait_until(lambda: addresses(ask(d.address, "b.test")) == [OTHER], 40, "b.test is had anew")
    assert addresses(ask(d.address, "a.test")) == [OTHER]


def test_no_such_name_and_no_such_records_at_the_end(daemon, upstream):
    def script(q):
        name = q.name.lower()
        if name in ("a.test.", "b.test."):
            return q.reply(f"{q.name} 300 IN CNAME {'no' if name[0] == 'a' else 'empty'}.test.")
        return q.negative("NXDOMAIN" if name == "no.test." else "NOERROR")
    up = upstream(script)
    d = serve(daemon, up).start()
    asked = 0
    for _ in range(2):
        answer = ask(d.address, "a.test")
        assert rcode(answer) == "NXDOMAIN" and len(answer.answer) == 1 and answer.authority
        answer = ask(d.address, "b.test")
        assert rcode(answer) == "NOERROR" and len(answer.answer) == 1 and answer.authority
        asked = up.count() if not asked else asked
    assert len({q.name.lower() for q in up.asked()}) == 4 and up.count() == asked


def test_target_that_is_never_kept(daemon, upstream):
    """A TTL of 0 and NODATA without an SOA: answered each time."""
    def script(q):
        name = q.name.lower()
        if name[0] in "ab":
            return q.reply(f"{q.name} 0 IN CNAME {'c' if name[0] == 'a' else 'd'}.test.")
        return q.address(GOOD, ttl=0) if name[0] == "c" else q.reply()
    up = upstream(script)
    d = serve(daemon, up).start()
    for _ in range(3):
        assert addresses(ask(d.address, "a.test")) == [GOOD]
        answer = ask(d.address, "b.test")
        assert rcode(answer) == "NOERROR" and len(answer.answer) == 1


def test_what_was_refused_with_cd_is_asked_so(daemon, upstream):
    """A validating upstream refuses the target unless CD is set."""
    def script(q):
        if q.name.lower() == "a.test.":
            return q.reply(f"{q.name} 300 IN CNAME b.test.")
        return q.address(GOOD) if q.message.flags & dns.flags.CD else q.reply(rcode="SERVFAIL")
    up = upstream(script)
    d = serve(daemon, up).start()
    assert rcode(ask(d.address, "a.test")) == "SERVFAIL"
    assert addresses(ask(d.address, "a.test", cd=True)) == [GOOD]
    assert rcode(ask(d.address, "a.test")) == "SERVFAIL"


def test_without_a_cache(daemon, upstream):
    up = upstream(leading(a="b", b="c"))
    d = serve(daemon, up, cache={"size": 0}).start()
    for _ in range(2):
        assert addresses(ask(d.address, "a.test")) == [GOOD]
    assert "TC" not in flags(ask(d.address, "a.test"))


def test_it_ends_while_one_waits(daemon, upstream):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME b.test.") if q.name.lower() == "a.test." else None,
                  tcp=False)
    d = serve(daemon, up).start()
    with pytest.raises(dns.exception.Timeout):
        ask(d.address, "a.test", timeout=0.5)
    d.stop()
