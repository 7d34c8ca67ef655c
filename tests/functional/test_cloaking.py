# SPDX-License-Identifier: BSD-2-Clause
"""Names that lead to a listed one by CNAME or DNAME, and what a reload does to them."""
import time

import pytest

from harness.client import addresses, ask, dig, ede, flags, rcode, records, soa
from harness.program import wait_until
from harness.zones import PLAIN

GOOD, SINK = "198.51.100.7", "192.0.2.1"


def chain(q):
    """first.test -> second.test -> third.test -> an address."""
    return q.reply(f"{q.name} 300 IN CNAME second.test.", "second.test. 300 IN CNAME third.test.",
                   f"third.test. 300 IN A {GOOD}")


@pytest.mark.parametrize("listed", ["second.test", "third.test", "test.invalid\nthird.test"])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_each_target_of_a_chain_is_looked_at(daemon, upstream, listed, tcp):
    up = upstream(chain)
    d = daemon({"upstreams": [up.address]}).add_list("one", listed + "\n").start()
    for number in range(1, 3):  # the reply is cached, and looked at each time
        answer = ask(d.address, "first.test", edns=True, tcp=tcp)
        assert records(answer) == [("first.test.", "A", SINK)]
        assert ede(answer) == (4, "one")
        assert d.counted("blocked_cname") == number


@pytest.mark.parametrize("action,expected", [("nxdomain", "NXDOMAIN"), ("nodata", "NOERROR"),
                                             ("refused", "REFUSED")])
def test_list_of_the_target_decides_what_is_answered(daemon, upstream, action, expected):
    d = daemon({"upstreams": [upstream(chain).address]})
    d.add_list("one", "third.test\n", action=action).start()
    answer = ask(d.address, "first.test", edns=True)
    assert rcode(answer) == expected and not answer.answer
    owner = {"nxdomain": "test.", "nodata": "first.test."}
    assert soa(answer) == (None if action == "refused" else (owner[action], 60, 60))


def test_target_that_is_dropped_is_silence(daemon, upstream):
    d = daemon({"upstreams": [upstream(chain).address]})
    d.add_list("one", "third.test\n", action="drop").start()
    assert dig(d.address, "first.test", wait=1).status == ""


def test_block_for_a_target_is_remembered(daemon, upstream):
    """Twenty queries are one question; the sinkhole is given when the upstream is gone, and the
    address that the name had once is not."""
    answers = [lambda q: q.address(GOOD, ttl=1)]
    up = upstream(lambda q: answers[-1](q))
    d = daemon({"upstreams": [up.address], "outgoing": {"timeout": "1s"}})
    d.add_list("one", "third.test\n").start()
    assert addresses(ask(d.address, "first.test")) == [GOOD]
    answers.append(lambda q: q.reply(f"{q.name} 1 IN CNAME third.test.", f"third.test. 1 IN A {GOOD}"))
    wait_until(lambda: addresses(ask(d.address, "first.test")) == [SINK], 5, "it has expired")
    asked = up.count()
    answers.append(chain)
    for _ in range(20):
        assert addresses(ask(d.address, "other.test")) == [SINK]
    assert up.count() == asked + 1
    up.script = lambda q: None
    time.sleep(1.1)
    for _ in range(2):
        assert addresses(ask(d.address, "first.test", timeout=8)) == [SINK]
        assert addresses(ask(d.address, "other.test")) == [SINK]


def test_dname_is_looked_at(daemon, upstream):
    def script(q):
        return q.reply("under.test. 300 IN DNAME listed.test.",
                       f"{q.name} 300 IN CNAME x.listed.test.", f"x.listed.test. 300 IN A {GOOD}")
    d = daemon({"upstreams": [upstream(script).address]}).add_list("one", "listed.test\n").start()
    assert addresses(ask(d.address, "x.under.test")) == [SINK]


def test_real_chain_of_nsd(daemon, nsd):
    d = daemon({"upstreams": [nsd.address]}).add_list("one", f"tracker.{PLAIN}\n").start()
    assert dig(d.address, f"cloaked.{PLAIN}").answers == [SINK]
    assert dig(d.address, f"alias.{PLAIN}").answers[-1] == "198.51.100.10"


def test_name_let_pass_is_let_pass_with_its_targets(daemon, upstream):
    d = daemon({"upstreams": [upstream(chain).address]})
    d.add_list("one", "third.test\n").add_list("allow", "first.test\n", action="pass").start()
    assert GOOD in addresses(ask(d.address, "first.test"))
    assert addresses(ask(d.address, "other.test")) == [SINK]


def test_target_let_pass_is_let_pass(daemon, upstream):
    d = daemon({"upstreams": [upstream(chain).address]})
    d.add_list("one", "third.test\n").add_list("allow", "second.test\n", action="pass").start()
    assert GOOD in addresses(ask(d.address, "first.test"))


def test_mandatory_target_is_blocked_whatever_is_let_pass(daemon, upstream):
    d = daemon({"upstreams": [upstream(chain).address]})
    d.add_list("order", "third.test\n", mandatory=True)
    d.add_list("allow", "first.test\nsecond.test\n", action="pass").start()
    assert addresses(ask(d.address, "first.test")) == [SINK]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_reload_acts_at_once_on_what_is_cached(daemon, upstream, tcp):
    """A target that is listed, and then lifted again; nothing is flushed in between."""
    up = upstream(lambda q: chain(q) if q.name == "first.test." else q.address(GOOD))
    d = daemon({"upstreams": [up.address]}).add_list("one", "other.test\n").start()

    def found():
        """What all workers say; the question before it has another name in their buffers."""
        seen = set()
        for _ in range(4):
            assert addresses(ask(d.address, "kept.long.name.example", tcp=tcp)) == [GOOD]
            seen.update(addresses(ask(d.address, "first.test", tcp=tcp)))
        return seen

    assert found() == {GOOD}
    assert up.count() == 2
    d.write_list("one", "third.test\n")
    d.reload_well()
    assert found() == {SINK}
    d.write_list("one", "other.test\n")
    d.reload_well()
    assert found() == {GOOD}
    assert up.count("kept.long.name.example.") == 1


def test_cached_chain_is_served_on_after_a_reload_that_does_not_concern_it(daemon, upstream):
    up = upstream(chain)
    d = daemon({"upstreams": [up.address]}).add_list("one", "other.test\n").start()
    ask(d.address, "first.test")
    d.write_list("one", "another.test\n")
    d.reload_well()
    assert GOOD in addresses(ask(d.address, "first.test")) and up.count() == 1


def test_chain_without_end_is_an_answer(daemon, upstream):
    """A hundred CNAMEs: we follow none, the client may judge."""
    def long_chain(q):
        names = [q.name] + [f"n{i}.test." for i in range(30)]
        return q.reply(*[f"{a} 60 IN CNAME {b}" for a, b in zip(names, names[1:])])
    d = daemon({"upstreams": [upstream(long_chain).address]}).add_list("one", "n29.test\n").start()
    assert addresses(ask(d.address, "first.test", edns=True)) == [SINK]


def test_target_for_tcp_only(daemon, upstream):
    """Truncated over UDP, the true answer over TCP; so, too, when it is cached."""
    up = upstream(chain)
    d = daemon({"upstreams": [up.address]})
    d.add_list("one", "third.test\n", action="tcp-only").start()
    for _ in range(2):
        over_udp = ask(d.address, "first.test")
        assert "TC" in flags(over_udp) and not over_udp.answer
        assert GOOD in addresses(ask(d.address, "first.test", tcp=True))
    assert dig(d.address, "first.test").answers[-1] == GOOD
    d.write_list("one", "other.test\n")
    d.reload_well()
    assert GOOD in addresses(ask(d.address, "first.test"))
    d.write_list("one", "third.test\n")
    d.reload_well()
    assert "TC" in flags(ask(d.address, "first.test"))
    assert GOOD in addresses(ask(d.address, "first.test", tcp=True))
