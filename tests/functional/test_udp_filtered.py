# SPDX-License-Identifier: BSD-2-Clause
"""Upstreams that are reached over TCP alone, from the beginning or for a while: what lies between
drops UDP, or nobody is at that port."""
import time

import pytest

from harness import faults
from harness.client import ask, rcode
from harness.crowd import ask_many, asking, fresh, tell
from harness.faults import GOOD
from harness.program import wait_until

NOISE = 0.8     # seconds a busy machine may take, and less than what is told apart here
BACK = 20


def tcp_alone(q):
    return faults.good(q) if q.transport == "tcp" else None


def forward(daemon, *upstreams, **outgoing):
    return daemon({"upstreams": [up.address for up in upstreams], "outgoing": outgoing,
                   "server": {"workers": 1, "drain-timeout": 0}}).start()


def all_good(outcomes):
    assert outcomes and {tuple(o.addresses) for o in outcomes} == {(GOOD,)}, tell(outcomes)


@pytest.mark.parametrize("count", [1, 2])
def test_udp_is_filtered(daemon, upstream, count):
    """Seen before: SERVFAIL for all, for good."""
    d = forward(daemon, *(upstream(tcp_alone) for _ in range(count)))
    with asking(d.address, fresh(80), rate=20) as outcomes:
        time.sleep(4)
    all_good(outcomes)
    later = ask_many(d.address, fresh(30), window=5)
    all_good(later)
    assert max(o.seconds for o in later) < NOISE
    assert "answers over TCP alone" in d.log()


def test_nobody_is_at_the_udp_port(daemon, upstream):
    up = upstream(faults.good)
    up.down_udp()
    d = forward(daemon, up)
    with asking(d.address, fresh(40), rate=20) as outcomes:
        time.sleep(2)
    all_good(outcomes)
    assert max(o.seconds for o in outcomes) < 2 * NOISE


def test_udp_is_lost_for_a_while(daemon, upstream):
    up = upstream(faults.good)
    d = forward(daemon, up)
    all_good(ask_many(d.address, fresh(20)))
    assert up.count(transport="tcp") == 0
    up.script = tcp_alone
    with asking(d.address, fresh(120), rate=20) as outcomes:
        wait_until(lambda: up.count(transport="tcp") > 20, BACK, "it goes on over TCP")
        up.script = faults.good

        def is_by_udp():
            name = fresh(1)[0]
            ask(d.address, name)
            return up.asked(f"{name}.")[-1].transport == "udp"
        wait_until(is_by_udp, BACK, "it goes by UDP again")
    all_good(outcomes)
    assert "answers over UDP again" in d.log()
    before = up.count(transport="tcp")
    all_good(ask_many(d.address, fresh(20)))
    assert up.count(transport="tcp") == before


def test_udp_is_tried_more_seldom_each_time(daemon, upstream):
    up = upstream(tcp_alone)
    d = forward(daemon, up)
    with asking(d.address, fresh(400), rate=50) as outcomes:
        wait_until(lambda: up.count(transport="tcp") > 20, BACK, "it goes on over TCP")
        before = up.count(transport="udp")
        time.sleep(4)
        tried = up.count(transport="udp") - before
    all_good(outcomes)
    assert tried <= 7, tried     # after 0.1, 0.2, 0.4 ... seconds


def test_comes_back_whole_after_it_was_away_altogether(daemon, upstream):
    """Which of both speaks first when it is back does not decide for long."""
    up = upstream(faults.good)
    d = forward(daemon, up)
    all_good(ask_many(d.address, fresh(5)))
    up.down()
    for _ in range(3):
        assert rcode(ask(d.address, *fresh(1))) == "SERVFAIL"
    time.sleep(1)
    up.up()
    wait_until(lambda: rcode(ask(d.address, *fresh(1))) == "NOERROR", BACK, "it is back")

    def by_udp_alone():
        before = up.count(transport="tcp")
        all_good(ask_many(d.address, fresh(20)))
        return up.count(transport="tcp") == before
    wait_until(by_udp_alone, BACK, "it goes by UDP")


def test_udp_that_is_configured_stays_udp(daemon, upstream):
    up = upstream(tcp_alone)
    up.address["transport"] = "udp"
    d = forward(daemon, up, timeout="2s")
    outcomes = ask_many(d.address, fresh(20), rate=10)
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert up.count(transport="tcp") == 0
