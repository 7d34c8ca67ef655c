# SPDX-License-Identifier: BSD-2-Clause
"""The time of day is put forward and back while the daemon runs: what holds by the hour or by a date follows it,
no TTL lasts beyond the hours that an answer is of, and what a mandatory list blocks is blocked all the while."""
import calendar
import random
import signal
import time

import pytest

from harness.build import slow
from harness.client import addresses, ask, rcode, ttls
from harness.clock import Clock
from harness.program import wait_until

KID, NOBODY = "127.0.0.33", "127.0.0.9"
GOOD, SINK = "198.51.100.7", "192.0.2.1"
HOUR, DAY = 3600, 86400
NOON = calendar.timegm((2026, 11, 30, 12, 0, 0))       # a Monday
BEGIN, END = NOON + 9 * HOUR, NOON + 10 * HOUR          # of each day's hours
SOON = slow(5, 20)


@pytest.fixture
def served(daemon, upstream, tmp_path):
    """In the group's hours the list adult holds, and ads does not."""
    clock = Clock(tmp_path, NOON)
    up = upstream(lambda q: q.reply(f"{q.name} 86400 IN A {GOOD}"))
    d = daemon({"upstreams": [up.address], "cache": {"max-ttl": "1d"}, "groups": [
        {"name": "kids", "clients": ["127.0.0.32/27"], "schedule": [
            {"from": "21:00", "to": "22:00", "time-zone": "UTC", "lists": ["adult"], "without": ["ads"]}]}]},
        environment=clock.environment)
    d.add_list("court", "order.test\n", mandatory=True, sinkhole={"ipv4": SINK, "ttl": "1d"})
    d.add_list("ads", "ads.test\n", sinkhole={"ipv4": SINK, "ttl": "1d"})
    d.add_list("adult", "adult.test\n", sinkhole={"ipv4": SINK, "ttl": "1d"}, **{"groups-only": True})
    d.clock = clock
    return d


def in_hours(at_s):
    return BEGIN % DAY <= at_s % DAY < END % DAY


def left_s(at_s):
    """Until the hours begin or end."""
    return min((mark - at_s) % DAY or DAY for mark in (BEGIN, END))


LATE_S = 1 + slow(1, 4)     # a whole second, and what a busy machine puts between its two looks at the clock


def ask_in_time(d, name, client=KID, **wanted):
    """The addresses; no TTL lasts beyond the hours, however shortly the clock was put."""
    before = d.clock.now()
    answer = ask(d.address, name, source=client, **wanted)
    if client == KID:
        assert max(ttls(answer)) <= left_s(before) + LATE_S, (name, time.gmtime(before))
    return addresses(answer)


def holds(d):
    at_s = d.clock.now()
    adult, ads = (SINK, GOOD) if in_hours(at_s) else (GOOD, SINK)
    return [ask_in_time(d, "adult.test"), ask_in_time(d, "ads.test")] == [[adult], [ads]]


def put(d, at_s):
    """The clock, and what is asked at once is in time; then the lists of the hour hold, on both ways."""
    d.clock.set(at_s)
    for name in ("free.test", "adult.test", "ads.test", "order.test"):
        ask_in_time(d, name)
    wait_until(lambda: holds(d), SOON, f"the lists of {time.ctime(at_s)} hold")
    for tcp in (False, True):
        assert ask_in_time(d, "free.test", tcp=tcp) == [GOOD]
        assert ask_in_time(d, "order.test", tcp=tcp) == [SINK]
        assert ask_in_time(d, "adult.test", NOBODY, tcp=tcp) == [GOOD]


# over one boundary, over several, to where none is between, and back; by years as well
STEPS = [
    [BEGIN - 60, BEGIN + 1, BEGIN - 60, BEGIN + 1],
    [BEGIN + 60, END + 1, BEGIN + 60, BEGIN - 5 * HOUR, END - 2],
    [NOON + 30 * DAY, BEGIN + 400 * DAY, BEGIN - 2000 * DAY + 60, NOON - 9000 * DAY, END - 30],
    [BEGIN + 60, BEGIN + DAY + 60, BEGIN + 60, NOON, NOON - 1, NOON - 2 * DAY],
]


@pytest.mark.parametrize("steps", STEPS)
def test_hours_follow_the_clock(served, steps):
    served.start()
    put(served, NOON)
    for at_s in steps:
        put(served, at_s)


def test_a_clock_put_while_lists_are_loaded(served):
    """However a step and a reload meet; orders hold all the while."""
    names = "".join(f"n{i}.bulk.test\n" for i in range(slow(300000, 30000)))
    served.add_list("bulk", names).start()
    draw = random.Random(7)
    for turn in range(8):
        mark = served.program.mark()
        served.write_list("bulk", names + f"turn{turn}.test\n")
        served.program.signal(signal.SIGHUP)
        for _ in range(draw.randrange(1, 4)):
            served.clock.set(draw.choice((BEGIN, END, NOON)) + draw.randrange(-90, 90) + DAY * draw.randrange(-3, 4))
            for name in ("free.test", "order.test", "adult.test"):
                assert ask_in_time(served, name)[0] in (GOOD, SINK)
            assert ask_in_time(served, "order.test") == [SINK]
        put(served, draw.choice((BEGIN, END)) + draw.choice((-300, 300)))
        served.program.wait_line(r"list bulk: .* in force", since=mark, timeout=slow(20, 60))
        put(served, draw.choice((BEGIN, END)) + draw.choice((-300, 300)))


def test_what_lapsed_by_a_wrong_clock_is_back(daemon, tmp_path):
    """Orders that have lapsed, and rows that have ended, hold when a clock that was ahead is put right."""
    clock = Clock(tmp_path, NOON + 400 * DAY)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOON + 30 * DAY))
    d = daemon({}, environment=clock.environment)
    d.add_list("order", "order.test\n", mandatory=True, action="nxdomain", lapse="lift", expires=stamp)
    d.add_list("rows", f"name,to\nrow.test,{stamp}\nother.test,\n", format="csv", mandatory=True, lapse="lift",
               action="nxdomain", columns={"name": "name", "delete": "to"}).start()

    def answered():
        assert rcode(ask(d.address, "other.test")) == "NXDOMAIN"
        return [rcode(ask(d.address, name)) == "NXDOMAIN" for name in ("order.test", "row.test")]
    assert answered() == [False, False]
    clock.set(NOON)
    d.program.wait_line("the date of an entry has come: reloading", timeout=SOON)
    wait_until(lambda: answered() == [True, True], SOON, "they hold again")
