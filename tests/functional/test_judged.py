# SPDX-License-Identifier: BSD-2-Clause
"""Every name that an answer leads to is judged, and what the lists let be holds for what is behind."""
import dns.flags
import pytest

from harness.client import addresses, ask, rcode, records
from harness.upstream import rrset

GOOD, SINK = "198.51.100.7", "192.0.2.1"
EXCEPTION = "||tracker.example^\n@@||www.site.example^\n"


def cname(q):
    """www.site.example -> x.tracker.example -> an address."""
    if q.name == "x.tracker.example.":
        return q.address(GOOD)
    return q.reply(f"{q.name} 300 IN CNAME x.tracker.example.", f"x.tracker.example. 300 IN A {GOOD}")


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_exception_for_a_name_covers_what_its_cname_leads_to(daemon, upstream, tcp):
    d = daemon({"upstreams": [upstream(cname).address]})
    d.add_list("one", EXCEPTION, format="adblock").start()
    for _ in range(2):  # then from the cache
        assert GOOD in addresses(ask(d.address, "www.site.example", tcp=tcp))
        assert addresses(ask(d.address, "other.site.example", tcp=tcp)) == [SINK]
        assert addresses(ask(d.address, "x.tracker.example", tcp=tcp)) == [SINK]
    d.reload_well()
    assert GOOD in addresses(ask(d.address, "www.site.example", tcp=tcp))


@pytest.mark.parametrize("mandatory", [False, True])
def test_exception_of_one_list_is_none_of_another(daemon, upstream, mandatory):
    d = daemon({"upstreams": [upstream(cname).address]})
    d.add_list("one", EXCEPTION, format="adblock")
    d.add_list("two", "tracker.example\n", action="nxdomain", mandatory=mandatory).start()
    assert rcode(ask(d.address, "www.site.example")) == "NXDOMAIN"


def test_exception_that_a_reload_takes_away_is_none(daemon, upstream):
    d = daemon({"upstreams": [upstream(cname).address]})
    d.add_list("one", EXCEPTION, format="adblock").start()
    assert GOOD in addresses(ask(d.address, "www.site.example"))
    d.write_list("one", "||tracker.example^\n")
    d.reload_well()
    assert addresses(ask(d.address, "www.site.example")) == [SINK]


# ---- names that an answer leads to

def dname_alone(q):
    """A DNAME, and no CNAME of what it makes."""
    return q.reply("under.test. 300 IN DNAME listed.test.", f"x.listed.test. 300 IN A {GOOD}")


@pytest.mark.parametrize("listed", ["listed.test", "x.listed.test"])
def test_name_that_a_dname_makes(daemon, upstream, listed):
    d = daemon({"upstreams": [upstream(dname_alone).address]}).add_list("one", listed + "\n").start()
    assert addresses(ask(d.address, "x.under.test")) == [SINK]


def with_additional(kind, rdata):
    def script(q):
        reply = q.reply(f"{q.name} 300 IN {kind} {rdata}")
        reply.additional = [rrset(f"t.listed.test. 300 IN A {GOOD}"),
                            rrset(f"t.good.test. 300 IN A {GOOD}"),
                            rrset(f"t.other.test. 300 IN A {GOOD}")]
        return reply
    return script


TARGETS = [("MX", "1 t.{}.test."), ("SRV", "1 2 3 t.{}.test."), ("NS", "t.{}.test."),
           ("HTTPS", "1 t.{}.test.")]


@pytest.mark.parametrize("kind, rdata", TARGETS)
def test_listed_target_blocks_the_answer(daemon, upstream, kind, rdata):
    up = upstream(with_additional(kind, rdata.format("listed")))
    d = daemon({"upstreams": [up.address]}).add_list("one", "listed.test\n", action="nxdomain").start()
    for _ in range(2):
        answer = ask(d.address, "w.test", kind)
        assert rcode(answer) == "NXDOMAIN" and GOOD not in answer.to_text()
    up.script = with_additional(kind, rdata.format("good"))
    answer = ask(d.address, "v.test", kind)
    assert [name for name, *_ in records(answer, "additional")] == ["t.good.test."]


def two_exchangers(q):
    """Two mail exchangers, one of them listed, with the addresses of both."""
    reply = q.reply(f"{q.name} 300 IN MX 1 t.listed.test.", f"{q.name} 300 IN MX 2 t.good.test.")
    reply.additional = [rrset(f"t.listed.test. 300 IN A {GOOD}"),
                        rrset(f"t.good.test. 300 IN A {GOOD}")]
    return reply


def test_address_of_the_listed_name_goes_over_tcp(daemon, upstream):
    d = daemon({"upstreams": [upstream(two_exchangers).address]})
    d.add_list("one", "else.test\n", action="tcp-only").start()
    assert len(ask(d.address, "w.test", "MX").additional) == 2
    d.write_list("one", "listed.test\n")
    d.reload_well()
    for name in ("w.test", "w.test", "v.test", "v.test"):  # cached before, and asked for since
        assert ask(d.address, name, "MX").flags & dns.flags.TC
        answer = ask(d.address, name, "MX", tcp=True)
        assert [owner for owner, *_ in records(answer, "additional")] == ["t.good.test."]


@pytest.mark.parametrize("kind, rdata", TARGETS)
def test_list_that_comes_later_takes_the_answer_from_the_cache(daemon, upstream, kind, rdata):
    up = upstream(with_additional(kind, rdata.format("listed")))
    d = daemon({"upstreams": [up.address]}).add_list("one", "else.test\n").start()
    assert "t.listed.test" in ask(d.address, "w.test", kind).to_text()
    d.write_list("one", "listed.test\n")
    d.reload_well()
    for _ in range(2):
        answer = ask(d.address, "w.test", kind)
        assert not answer.answer and not answer.additional


def test_hints_of_a_listed_service_are_not_given(daemon, upstream):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN HTTPS 1 t.listed.test. ipv4hint={GOOD}"))
    d = daemon({"upstreams": [up.address]}).add_list("one", "listed.test\n").start()
    answer = ask(d.address, "w.test", "HTTPS")
    assert rcode(answer) == "NOERROR" and not answer.answer


@pytest.mark.parametrize("first", ["passed", "listed"])
def test_pass_of_one_target_does_not_lift_the_block_of_the_other(daemon, upstream, first):
    second = {"passed": "listed", "listed": "passed"}[first]
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN HTTPS 1 t.{first}.test.",
                                    f"{q.name} 300 IN HTTPS 2 t.{second}.test."))
    d = daemon({"upstreams": [up.address]})
    d.add_list("one", "listed.test\n").add_list("two", "passed.test\n", action="pass").start()
    assert not ask(d.address, "w.test", "HTTPS").answer


# ---- what was not asked for

def test_other_types_are_not_handed_on(daemon, upstream):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN AAAA 2001:db8::1", f"{q.name} 300 IN A {GOOD}"))
    d = daemon({"upstreams": [up.address]}).start()
    for _ in range(2):
        assert addresses(ask(d.address, "w.test", "AAAA")) == ["2001:db8::1"]
    up.script = lambda q: q.reply(f"{q.name} 300 IN A {GOOD}")
    assert rcode(ask(d.address, "v.test", "AAAA")) == "SERVFAIL"


@pytest.mark.parametrize("links", [("w w",), ("w v", "v w"), ("v u", "w v", "u v")])
def test_circle_of_cnames_is_servfail(daemon, upstream, links):
    def script(q):
        return q.reply(*("{}.test. 300 IN CNAME {}.test.".format(*link.split()) for link in links))
    d = daemon({"upstreams": [upstream(script).address]}).start()
    assert rcode(ask(d.address, "w.test")) == "SERVFAIL"


# ---- rules for questions of one type

def test_address_beside_is_judged_as_if_it_were_asked_for(daemon, upstream):
    def script(q):
        reply = q.reply(f"{q.name} 300 IN MX 1 listed.test.", f"{q.name} 300 IN MX 2 other.test.")
        reply.additional = [rrset(f"{n}.test. 300 IN A {GOOD}") for n in ("listed", "other")]
        return reply
    d = daemon({"upstreams": [upstream(script).address]})
    d.add_list("one", "||listed.test^$dnstype=A\n").start()
    for _ in range(2):
        answer = ask(d.address, "w.test", "MX")
        assert len(records(answer)) == 2
        assert [name for name, *_ in records(answer, "additional")] == ["other.test."]


@pytest.mark.parametrize("rule, hint, given", [
    ("||svc.test^$dnstype=A", f"ipv4hint={GOOD}", False),
    ("||svc.test^$dnstype=A", "ipv6hint=2001:db8:7::7", True),
    ("||svc.test^$dnstype=AAAA", "ipv6hint=2001:db8:7::7", False)])
def test_hints_beside_are_judged_as_if_they_were_asked_for(daemon, upstream, rule, hint, given):
    def script(q):
        reply = q.reply(f"{q.name} 300 IN HTTPS 0 svc.test.")
        reply.additional = [rrset(f"svc.test. 300 IN HTTPS 1 . {hint}")]
        return reply
    d = daemon({"upstreams": [upstream(script).address]})
    d.add_list("one", rule + "\n", mandatory=True).start()
    for _ in range(2):
        answer = ask(d.address, "w.test", "HTTPS")
        assert len(records(answer)) == 1
        assert (len(records(answer, "additional")) > 0) == given


@pytest.mark.parametrize("rule, rdata, given", [
    ("||listed.test^$dnstype=A", f"1 . ipv4hint={GOOD}", False),
    ("||listed.test^$dnstype=A", "1 . ipv6hint=2001:db8:7::7", True),
    ("||listed.test^$dnstype=AAAA", "1 . ipv6hint=2001:db8:7::7", False),
    ("||listed.test^$dnstype=A", "1 . alpn=h2", True),
    ("||svc.test^$dnstype=A", f"1 svc.test. ipv4hint={GOOD}", False)])
def test_hints_are_judged_as_if_they_were_asked_for(daemon, upstream, rule, rdata, given):
    d = daemon({"upstreams": [upstream(lambda q: q.reply(f"{q.name} 300 IN HTTPS {rdata}")).address]})
    d.add_list("one", rule + "\n", mandatory=True).start()
    for _ in range(2):
        assert (len(records(ask(d.address, "listed.test", "HTTPS"))) > 0) == given
