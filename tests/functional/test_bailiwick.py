# SPDX-License-Identifier: BSD-2-Clause
"""What an upstream says of names that nobody asked it about does not reach a client."""
import pytest

from harness.client import addresses, ask, rcode, records
from harness.upstream import rrset

GOOD, FORGED, SECOND = "198.51.100.7", "198.51.100.66", "198.51.100.8"
# what is said besides, to a question about w.a.test: the section, and the record
MIXED = [
    "an w.bank.test. 60 IN A 198.51.100.66",
    "an v.a.test. 60 IN CNAME w.bank.test.",
    "an w.a.test. 60 IN A 198.51.100.7",
    "ns bank.test. 60 IN NS n.s.bank.test.",
    "ns a.test. 60 IN NS n.s.bank.test.",
    "ar n.s.bank.test. 60 IN A 198.51.100.66",
    "ar ns.a.test. 60 IN A 198.51.100.9",
]


def reply_of(q, lines):
    reply = q.reply()
    for line in lines:
        section, text = line.split(None, 1)
        sections = {"an": reply.answer, "ns": reply.authority, "ar": reply.additional}
        sections[section].append(rrset(text))
    return reply


def test_records_of_other_names_are_removed(daemon, upstream):
    """The names of those that stay were compressed against those that go."""
    up = upstream(lambda q: reply_of(q, MIXED))
    d = daemon({"upstreams": [up.address]}).start()
    for _ in range(2):  # then from the cache
        answer = ask(d.address, "w.a.test", edns=True, payload=4096)
        assert addresses(answer) == [GOOD]
        assert records(answer, "authority") == [("a.test.", "NS", "n.s.bank.test.")]
        assert not records(answer, "additional")
        assert FORGED not in answer.to_text()
    assert up.count() == 1 and d.counted("upstream_pruned") == 1


def test_chain_may_stand_in_any_order(daemon, upstream):
    up = upstream(lambda q: q.reply("y.c.test. 60 IN A 198.51.100.7", "x.b.test. 60 IN CNAME y.c.test.",
                                    "w.a.test. 60 IN CNAME x.b.test."))
    d = daemon({"upstreams": [up.address]}).start()
    answer = ask(d.address, "w.a.test")
    assert addresses(answer) == [GOOD] and len(answer.answer) == 3
    assert d.counted("upstream_pruned") == 0


def test_alias_of_another_name_does_not_have_a_name_blocked(daemon, upstream):
    """The lists look at what the question leads to, not at what else stands there."""
    up = upstream(lambda q: q.reply(f"{q.name} 60 IN A 198.51.100.7", "v.a.test. 60 IN CNAME listed.test."))
    d = daemon({"upstreams": [up.address]}).add_list("one", "listed.test\n").start()
    assert addresses(ask(d.address, "w.a.test")) == [GOOD]


def test_answer_to_another_question_has_the_next_upstream_asked(daemon, upstream):
    """It is no proof that the name has no address."""
    first = upstream(lambda q: q.reply("w.bank.test. 60 IN A 198.51.100.66"))
    second = upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address, second.address]}).start()
    assert addresses(ask(d.address, "w.a.test")) == [SECOND]


@pytest.mark.parametrize("soa, cached", [("a.test.", True), ("bank.test.", False)])
def test_denial_of_another_zone_is_not_cached(daemon, upstream, soa, cached):
    up = upstream(lambda q: q.reply(rcode="NXDOMAIN", authority=[
        f"{soa} 300 IN SOA ns.test. root.test. 1 3600 600 86400 300"]))
    d = daemon({"upstreams": [up.address]}).start()
    for _ in range(2):
        assert rcode(ask(d.address, "w.a.test")) == "NXDOMAIN"
    assert up.count() == (1 if cached else 2)
