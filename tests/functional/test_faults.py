# SPDX-License-Identifier: BSD-2-Clause
"""What clients see while upstreams fail: nothing is lost that another upstream could answer, what
needs no upstream is answered at once, upstreams that are down are not stormed, and all is well
again by itself."""
import time

import pytest

from harness import faults
from harness.build import slow
from harness.client import addresses, ask, ede, rcode, records
from harness.crowd import ask_many, asking, fresh, tell
from harness.daemon import IPV4
from harness.faults import GOOD, SECOND
from harness.program import wait_until
from harness.servers import Nsd
from harness.upstream import Close
from harness.zones import SIGNED

FAST = {"timeout": "2s", "retransmit": "100ms"}
NOISE = 1.0     # seconds that a busy machine may add to what is "at once"
BACK = 8        # seconds after which an upstream that is well again has to be in use
TTL_LONG, TTL_SHORT = 3600, 1
# an end without waiting for what is in flight; and all of a crowd ask from one address here
AT_ONCE = {"server": {"drain-timeout": 0, "burst-size": "1MiB"}}


def forward(daemon, *upstreams, **outgoing):
    d = daemon({"upstreams": [u.address for u in upstreams], "outgoing": {**FAST, **outgoing},
                **AT_ONCE})
    d.add_list("one", "blocked.net\n")
    return d.start()


def all_answered(outcomes, *allowed):
    """Each with an address of those allowed."""
    wrong = [o for o in outcomes if o.rcode != "NOERROR" or not set(o.addresses) <= set(allowed)
             or not o.addresses]
    assert outcomes and not wrong, tell(outcomes)


# ---- one of two fails

ONE_FAILS = {
    "silent": faults.silent,
    "loses 30 %": faults.lossy(faults.good),
    "200 ms": faults.delayed(faults.good, 0.2),
    "2 s": faults.delayed(faults.good, 2),
    "SERVFAIL": faults.servfail,
    "REFUSED": faults.refused,
    "NOTIMP": faults.coded(4),
    "wrong ID": faults.wrong_id,
    "wrong question": faults.wrong_question,
    "wrong port": faults.wrong_port,
    "wrong cookie": faults.over_udp(faults.wrong_cookie),
    "garbage": faults.garbage,
    "lower case": faults.lower_case(faults.good),
    "TC, TCP ends": faults.over_tcp(lambda q: Close()),
    "TC, TCP ends in a frame": faults.over_tcp(faults.cut_frame),
    "TC, TCP silent": faults.over_tcp(faults.silent),
    "TC, TC over TCP": faults.truncated,
}


@pytest.mark.parametrize("how", ONE_FAILS)
def test_one_fails_and_the_other_answers(daemon, upstream, how):
    """All questions have their answer, whichever of the two stands first; then the failing one is
    well again, and the other one fails."""
    first, other = upstream(ONE_FAILS[how]), upstream(faults.second)
    d = forward(daemon, first, other)
    all_answered(ask_many(d.address, fresh(60), window=10), GOOD, SECOND)
    first.script = faults.good
    other.script = faults.silent
    wait_until(lambda: addresses(ask(d.address, *fresh(1))) == [GOOD], BACK, "it is in use again")
    all_answered(ask_many(d.address, fresh(30), window=10), GOOD)


@pytest.mark.parametrize("policy", ["fastest", "in-order", "round-robin"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_policy_does_not_matter_to_what_is_answered(daemon, upstream, policy, place):
    ups = [upstream(faults.good) for _ in range(3)]
    ups[place].script = faults.silent
    d = forward(daemon, *ups, policy=policy)
    all_answered(ask_many(d.address, fresh(60), window=10), GOOD)


@pytest.mark.parametrize("policy,expected", [("in-order", [60, 0]), ("round-robin", [30, 30])])
def test_policy_when_all_are_well(daemon, upstream, policy, expected):
    ups = [upstream(faults.good), upstream(faults.second)]
    d = forward(daemon, *ups, policy=policy, hedge=0)
    all_answered(ask_many(d.address, fresh(60), window=1), GOOD, SECOND)
    for up, count in zip(ups, expected):
        assert abs(up.count() - count) <= 6, [u.count() for u in ups]


def test_fastest_is_found_and_followed(daemon, upstream):
    """Most questions go to the faster of the two, and when they change places, to the other."""
    slow, fast = upstream(faults.delayed(faults.good, 0.08)), upstream(faults.second)
    d = forward(daemon, slow, fast)
    ask_many(d.address, fresh(60), window=4)
    before = slow.count()
    all_answered(ask_many(d.address, fresh(200), window=4), GOOD, SECOND)
    assert slow.count() - before <= 50
    slow.script, fast.script = faults.good, faults.delayed(faults.second, 0.3)
    ask_many(d.address, fresh(200), window=4)
    before = fast.count()
    all_answered(ask_many(d.address, fresh(200), window=4), GOOD, SECOND)
    assert fast.count() - before <= 50


def test_three_of_four_fail_each_in_its_way(daemon, upstream):
    ups = [upstream(faults.silent), upstream(faults.refused), upstream(faults.garbage),
           upstream(faults.good)]
    d = forward(daemon, *ups)
    all_answered(ask_many(d.address, fresh(60), window=10), GOOD)


def test_closed_upstream(daemon, upstream):
    """ICMP tells at once: nothing waits for a timer."""
    first, other = upstream(faults.good), upstream(faults.second)
    d = forward(daemon, first, other, retransmit="2s", timeout="4s", policy="in-order")
    all_answered(ask_many(d.address, fresh(20)), GOOD, SECOND)
    first.down()
    outcomes = ask_many(d.address, fresh(40), window=10)
    all_answered(outcomes, SECOND)
    assert max(o.seconds for o in outcomes) < NOISE
    first.up()
    other.down()
    wait_until(lambda: addresses(ask(d.address, *fresh(1))) == [GOOD], BACK, "it is in use again")
    all_answered(ask_many(d.address, fresh(30), window=10), GOOD)


@pytest.mark.parametrize("count", [1, 2])
def test_loss_costs_no_answer(daemon, upstream, count):
    """30 % of the datagrams, of each upstream there is; a question is lost six times in a row with
    a chance of 1 to 1400."""
    ups = [upstream(faults.lossy(faults.good, seed=seed)) for seed in range(count)]
    d = forward(daemon, *ups, timeout="4s")
    outcomes = ask_many(d.address, fresh(300), window=30)
    failed = [o for o in outcomes if o.addresses != [GOOD]]
    assert len(failed) <= 3 and all(o.rcode == "SERVFAIL" for o in failed), tell(outcomes)


def test_only_upstream_that_takes_long(daemon, upstream):
    """Its answers come, and it is not asked for each of them over and over."""
    up = upstream(faults.delayed(faults.good, 1.5))
    d = forward(daemon, up, timeout="4s", retransmit="400ms")
    all_answered(ask_many(d.address, fresh(40), window=40), GOOD)
    assert up.count() <= 40 * 4


def test_hedging_is_within_its_bound(daemon, upstream):
    """One answer in 20 comes late: few wait for it, and the other upstream has few questions
    more."""
    ups = [upstream(faults.sometimes_delayed(faults.good, 0.9, 20)) for _ in range(2)]
    d = forward(daemon, *ups, retransmit="2s", timeout="4s", hedge=10)
    ask_many(d.address, fresh(100), window=4)
    before = sum(up.count() for up in ups)
    outcomes = ask_many(d.address, fresh(400), window=4)
    all_answered(outcomes, GOOD)
    extra = sum(up.count() for up in ups) - before - 400
    assert extra <= 400 * 0.25, extra
    late = [o for o in outcomes if o.seconds > 0.8]
    assert len(late) <= 10, len(late)


def test_no_hedging(daemon, upstream):
    ups = [upstream(faults.sometimes_delayed(faults.good, 0.3, 20)) for _ in range(2)]
    d = forward(daemon, *ups, retransmit="2s", timeout="4s", hedge=0)
    all_answered(ask_many(d.address, fresh(200), window=4), GOOD)
    assert sum(up.count() for up in ups) <= 220     # those that take long are sent again


# ---- real servers

@pytest.fixture
def own_nsd(tmp_path):
    folder = tmp_path / "nsd"
    folder.mkdir()
    server = Nsd(folder)
    yield server
    server.close()


def signed_names(count):
    """Each is another name of the signed zone's wildcard."""
    return fresh(count, f"wild.{SIGNED}")


def all_signed(outcomes):
    assert outcomes and all(o.rcode == "NOERROR" for o in outcomes), tell(outcomes)
    for o in outcomes:
        assert {"A", "RRSIG"} <= {kind for _, kind, _ in records(o.message)}, o.message


@pytest.mark.parametrize("how", ["silent", "SERVFAIL", "garbage", "wrong cookie", "lower case",
                                 "TC, TCP ends"])
@pytest.mark.parametrize("server", ["nsd", "unbound"])
def test_signed_answers_come_of_the_real_server(daemon, upstream, request, server, how):
    real, bad = request.getfixturevalue(server), upstream(ONE_FAILS[how])
    if how == "lower case":
        bad.script = faults.lower_case(faults.servfail)
    elif how == "wrong cookie":
        bad.script = faults.over_udp(faults.wrong_cookie, faults.silent)
    d = forward(daemon, bad, real)
    all_signed(ask_many(d.address, signed_names(30), window=10, do=True))
    assert rcode(ask(d.address, f"nothing.{SIGNED}", do=True)) == "NXDOMAIN"


def test_real_server_that_is_stopped_for_a_while(daemon, own_nsd, unbound):
    d = forward(daemon, own_nsd, unbound)
    all_signed(ask_many(d.address, signed_names(20), window=5, do=True))
    own_nsd.freeze()
    all_signed(ask_many(d.address, signed_names(60), window=10, do=True))
    own_nsd.thaw()
    all_signed(ask_many(d.address, signed_names(20), window=5, do=True))


def test_real_server_that_is_the_only_one_comes_back(daemon, own_nsd):
    d = forward(daemon, own_nsd)
    all_signed(ask_many(d.address, signed_names(10), do=True))
    own_nsd.freeze()
    outcomes = ask_many(d.address, signed_names(20), do=True)
    assert tell(outcomes).keys() <= {("SERVFAIL", "EDE 22"), ("SERVFAIL", "EDE 23")}
    own_nsd.thaw()
    wait_until(lambda: ask(d.address, *signed_names(1)).answer, BACK, "it is in use again")
    all_signed(ask_many(d.address, signed_names(20), do=True))


# ---- all fail

def go_down(ups):
    for up in ups:
        up.down()


def come_back(ups):
    for up in ups:
        if up.udp is None:
            up.up()
        up.script = faults.good


def by_script(script):
    def fail(ups):
        for up in ups:
            up.script = script
    return fail


ALL_FAIL = {
    "silent": by_script(faults.silent),
    "closed": go_down,
    "SERVFAIL": by_script(faults.servfail),
    "REFUSED": by_script(faults.refused),
    "garbage": by_script(faults.garbage),
    "wrong ID": by_script(faults.wrong_id),
    "TC, TCP silent": by_script(faults.over_tcp(faults.silent)),
}
CACHED = "cached.faults.net"


@pytest.fixture
def failing(daemon, upstream):
    """A daemon that has one name in its cache, and then no upstream that is well."""
    def make(fail, **more):
        ups = [upstream(faults.good), upstream(faults.good)]
        d = forward(daemon, *ups, **more)
        assert addresses(ask(d.address, CACHED)) == [GOOD]
        fail(ups)
        return d, ups
    return make


@pytest.mark.parametrize("how", ALL_FAIL)
def test_all_fail(failing, how):
    """Clients are told in time; what needs no upstream is answered at once, all the while; and
    when they are back, so is everything."""
    d, ups = failing(ALL_FAIL[how])
    with asking(d.address, fresh(300), rate=100) as lost:
        time.sleep(0.5)
        for _ in range(10):
            known = ask_many(d.address, [CACHED, "blocked.net", "www.blocked.net"], window=1)
            assert [o.addresses for o in known] == [[GOOD], [IPV4], [IPV4]], tell(known)
            assert max(o.seconds for o in known) < NOISE
            time.sleep(0.1)
    assert {o.rcode for o in lost} == {"SERVFAIL"}, tell(lost)
    assert {o.ede for o in lost} <= {22, 23}, tell(lost)
    assert max(o.seconds for o in lost) < 2 + NOISE
    come_back(ups)
    wait_until(lambda: addresses(ask(d.address, *fresh(1))) == [GOOD], BACK, "they are used again")
    all_answered(ask_many(d.address, fresh(60), window=10), GOOD)


@pytest.mark.parametrize("how,most", [("silent", 1), ("garbage", 1.2), ("SERVFAIL", 3)])
def test_upstreams_that_fail_are_not_stormed(failing, how, most):
    """100 questions a second of as many names. Once they are known to be dead, the upstreams have
    fewer questions than there are; of one that says something useless, each is asked once; failures
    that are answered cost one of each."""
    d, ups = failing(ALL_FAIL[how])
    with asking(d.address, fresh(600), rate=100) as outcomes:
        time.sleep(3.5)
        questions, before = d.counted("queries_udp"), sum(up.count() for up in ups)
        time.sleep(1.5)
        asked = sum(up.count() for up in ups) - before
        questions = d.counted("queries_udp") - questions    # a busy machine asks them in heaps
    assert questions > 50 and asked <= questions * most + 10, (asked, questions, tell(outcomes))


@pytest.mark.parametrize("how,most", [("SERVFAIL", 20), ("silent", 40)])
def test_one_name_that_all_ask_for_does_not_storm(failing, how, most):
    """A failure is remembered (RFC 9520): it costs a few questions, however many want to know."""
    d, ups = failing(ALL_FAIL[how], **{"waiters-per-question": 1000})
    before = sum(up.count() for up in ups)
    with asking(d.address, fresh(1) * 500, rate=100) as outcomes:
        time.sleep(4)
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert sum(up.count() for up in ups) - before <= most


@pytest.mark.parametrize("how", ["silent", "SERVFAIL"])
def test_failing_upstream_beside_a_good_one_is_asked_now_and_then(daemon, upstream, how):
    """When that it fails is known, it costs a few questions a second, not one a question."""
    ups = [upstream(faults.good), upstream(faults.second)]
    d = forward(daemon, *ups, retransmit="400ms")
    all_answered(ask_many(d.address, fresh(40)), GOOD, SECOND)
    ALL_FAIL[how](ups[:1])
    with asking(d.address, fresh(500), rate=100) as outcomes:
        time.sleep(2)
        before, since = ups[0].count(), ups[1].count()
        time.sleep(2)
        asked, served = ups[0].count() - before, ups[1].count() - since
    all_answered(outcomes, SECOND)
    assert served > 100 and asked <= 0.15 * served, (asked, served)


@pytest.mark.parametrize("seconds", [1.5, 3])
def test_outage_shorter_than_clients_wait(failing, seconds):
    """None is lost: what was asked when they fell silent, and what came when they were known to be
    dead, is answered when they speak again."""
    d, ups = failing(ALL_FAIL["silent"], timeout="4s", retransmit="400ms")
    with asking(d.address, fresh(400), rate=100) as outcomes:
        time.sleep(seconds)
        come_back(ups)
        time.sleep(0.5)
    all_answered(outcomes, GOOD)


@pytest.mark.parametrize("speaks,silence,takes", [(0.5, 0, 0.2), (1, 1, 0.2), (2, 0.5, 0.01)])
def test_silent_by_turns(daemon, upstream, speaks, silence, takes):
    """Each is away in turn, and all are between: what was asked meanwhile is asked anew as soon as one
    is heard of.  Seen before: it came back to the questions in their own time, which was over then."""
    good = faults.delayed(faults.good, takes)
    ups = [upstream(faults.silent) for _ in range(2)]
    d = forward(daemon, *ups, timeout="4900ms", retransmit="400ms")
    with asking(d.address, fresh(360), rate=40) as outcomes:
        for turn in range(round(9 / (speaks + silence))):
            ups[turn % 2].script = good
            time.sleep(speaks)
            ups[turn % 2].script = faults.silent
            time.sleep(silence)
        come_back(ups)
    all_answered(outcomes, GOOD)


def test_full_table_of_questions_spares_what_needs_no_upstream(daemon, upstream):
    up = upstream(faults.good)
    d = daemon({"upstreams": [up.address], "server": {"workers": 1, "drain-timeout": 0},
                "outgoing": {**FAST, "in-flight": 16, "timeout": "4s"}})
    d.add_list("one", "blocked.net\n").start()
    ask(d.address, CACHED)
    up.script = faults.silent
    with asking(d.address, fresh(100)) as outcomes:
        up.wait_asked(16)
        known = ask_many(d.address, [CACHED, "blocked.net"], window=1)
        assert [o.addresses for o in known] == [[GOOD], [IPV4]], tell(known)
    assert tell(outcomes).keys() <= {("SERVFAIL", f"EDE {code}") for code in (0, 22, 23)}


def test_one_client_cannot_use_up_all(daemon, upstream):
    """Beyond queries-per-client it is told at once; another client is served."""
    up = upstream(faults.silent)
    d = forward(daemon, up, **{"queries-per-client": 10, "timeout": "3s"})
    with asking(d.address, fresh(40)) as outcomes:
        wait_until(lambda: len({q.name for q in up.questions}) >= 10, 3, "10 are asked")
        assert rcode(ask(d.address, "www.blocked.net")) == "NOERROR"
        name = fresh(1)[0]
        ask_many(d.address, [name], source="127.0.0.2", patience=0.5)
        assert up.count(f"{name}.") >= 1
    early = [o for o in outcomes if o.seconds < NOISE]
    assert len(early) == 30 and {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert ask_many(d.address, fresh(1), patience=0.3)[0].rcode == "lost"   # it may ask again


# ---- answers that are beyond their time

def aged(daemon, ups, script=None, **cache):
    """A daemon with an answer in its cache whose TTL is over."""
    for up in ups:
        up.script = script or (lambda q: q.quick(GOOD, ttl=TTL_SHORT))
    d = daemon({"upstreams": [up.address for up in ups], **AT_ONCE,
                "outgoing": {**FAST, "timeout": "4s"},
                "cache": {"stale-timeout": "500ms", "stale-ttl": "30s", "servfail-ttl": "1s",
                          "prefetch": 0, **cache}})
    d.add_list("one", "blocked.net\n").start()
    ask(d.address, CACHED)
    time.sleep(TTL_SHORT + 0.3)
    return d


@pytest.mark.parametrize("how", ALL_FAIL)
def test_stale_answer_while_all_fail(daemon, upstream, how):
    """RFC 8767: with a TTL of 30 seconds, and told so (EDE 3)."""
    ups = [upstream(faults.good), upstream(faults.good)]
    d = aged(daemon, ups)
    ALL_FAIL[how](ups)
    answer = ask_many(d.address, [CACHED])[0]
    assert (answer.addresses, answer.ede) == ([GOOD], 3), answer
    assert answer.ttl <= 30 and answer.seconds < 0.5 + NOISE
    again = ask_many(d.address, [CACHED] * 20, window=1)
    assert {(*o.addresses, o.ede) for o in again} == {(GOOD, 3)}, tell(again)
    assert max(o.seconds for o in again) < NOISE


def test_stale_answer_is_replaced_when_upstreams_are_back(daemon, upstream):
    """The question that its first client waited for is still open."""
    up = upstream(faults.good)
    d = aged(daemon, [up])
    up.script = faults.silent
    assert ask_many(d.address, [CACHED])[0].ede == 3
    up.script = lambda q: q.quick(SECOND, ttl=TTL_LONG)
    wait_until(lambda: addresses(ask(d.address, CACHED)) == [SECOND], BACK, "it is replaced")
    assert ede(ask(d.address, CACHED, edns=True)) is None


def test_fresh_answer_is_waited_for(daemon, upstream):
    """An upstream that answers within stale-timeout is what counts."""
    up = upstream(faults.good)
    d = aged(daemon, [up])
    up.script = faults.delayed(faults.second, 0.15)
    assert addresses(ask(d.address, CACHED)) == [SECOND]


def test_late_answer_is_for_the_next_client(daemon, upstream):
    """The client has the stale one in time; what comes later is cached."""
    up = upstream(faults.good)
    d = aged(daemon, [up])
    up.script = faults.delayed(faults.second, 1)
    assert addresses(ask(d.address, CACHED)) == [GOOD]
    wait_until(lambda: addresses(ask(d.address, CACHED)) == [SECOND], 5, "it is cached")


def test_stale_negative_answer(daemon, upstream):
    """EDE 19 (RFC 8914)."""
    up = upstream(faults.good)
    d = aged(daemon, [up], lambda q: q.negative("NXDOMAIN", TTL_SHORT, TTL_SHORT, "net."))
    up.script = faults.silent
    answer = ask_many(d.address, [CACHED])[0]
    assert (answer.rcode, answer.ede) == ("NXDOMAIN", 19)


@pytest.mark.parametrize("how", ["silent", "SERVFAIL"])
def test_no_stale_answers_when_they_are_not_wanted(daemon, upstream, how):
    up = upstream(faults.good)
    d = aged(daemon, [up], **{"serve-stale": 0})
    ALL_FAIL[how]([up])
    assert ask_many(d.address, [CACHED])[0].rcode == "SERVFAIL"


def test_stale_answers_have_an_end(daemon, upstream):
    up = upstream(faults.good)
    d = aged(daemon, [up], **{"serve-stale": "1s"})
    up.script = faults.silent
    time.sleep(1.2)
    assert ask_many(d.address, [CACHED])[0].rcode == "SERVFAIL"


def test_stale_answer_of_a_name_that_is_blocked_by_now_is_not_given(daemon, upstream):
    def chain(q):
        return q.reply(f"{q.name} {TTL_SHORT} IN CNAME target.net.",
                       f"target.net. {TTL_SHORT} IN A {GOOD}")
    up = upstream(faults.good)
    d = aged(daemon, [up], chain)
    up.script = faults.silent
    assert addresses(ask(d.address, CACHED)) == [GOOD]
    d.write_list("one", "blocked.net\ntarget.net\n")
    d.reload_well()
    answer = ask_many(d.address, [CACHED])[0]
    assert answer.rcode == "SERVFAIL" or answer.addresses == [IPV4], tell([answer])
    d.write_list("one", f"blocked.net\n{CACHED}\n")
    d.reload_well()
    assert addresses(ask(d.address, CACHED)) == [IPV4]


def test_name_in_demand_is_asked_anew_before_it_is_over(daemon, upstream):
    """No client waits for it: the upstream takes 300 ms, and none has to."""
    up = upstream(faults.good)
    d = daemon({"upstreams": [up.address], "outgoing": {"retransmit": "1s"},
                "cache": {"prefetch": 50}}).start()
    up.script = lambda q: q.quick(GOOD, ttl=2)
    ask(d.address, CACHED)
    up.script = faults.delayed(lambda q: q.quick(GOOD, ttl=2), 0.3)
    outcomes = ask_many(d.address, [CACHED] * 100, window=1, rate=20)
    all_answered(outcomes, GOOD)
    assert max(o.seconds for o in outcomes) < slow(0.25, 1.0)
    assert 2 <= up.count() <= 8


def test_prefetch_that_fails_costs_nothing(daemon, upstream):
    """The answer stays until its TTL is over; the upstream is not asked at each question."""
    up = upstream(lambda q: q.quick(GOOD, ttl=4))
    d = daemon({"upstreams": [up.address], "outgoing": FAST,
                "cache": {"prefetch": 90, "serve-stale": 0}}).start()
    ask(d.address, CACHED)
    up.script = faults.servfail
    outcomes = ask_many(d.address, [CACHED] * 60, window=1, rate=20)
    all_answered(outcomes, GOOD)
    assert up.count() <= 8


# ---- failures that are remembered

def test_failure_is_remembered_for_its_time(daemon, upstream):
    up = upstream(faults.servfail)
    d = daemon({"upstreams": [up.address], "outgoing": FAST,
                "cache": {"servfail-ttl": "2s"}}).start()
    name = fresh(1)[0]
    assert rcode(ask(d.address, name)) == "SERVFAIL"
    asked = up.count()
    up.script = faults.good
    for _ in range(5):
        assert rcode(ask(d.address, name)) == "SERVFAIL"
    assert up.count() == asked
    assert addresses(ask(d.address, *fresh(1))) == [GOOD]   # of that name alone
    wait_until(lambda: addresses(ask(d.address, name)) == [GOOD], 4, "it is forgotten")


def test_failure_does_not_take_the_place_of_an_answer(daemon, upstream):
    """A stale answer outlives a failure that is remembered."""
    up = upstream(faults.good)
    d = aged(daemon, [up], **{"servfail-ttl": "10s"})
    up.script = faults.servfail
    outcomes = ask_many(d.address, [CACHED] * 10, window=1)
    assert {(*o.addresses, o.ede) for o in outcomes} == {(GOOD, 3)}, tell(outcomes)


# ---- zones of their own

@pytest.fixture
def zoned(daemon, upstream):
    """A default upstream, and one for corp.example."""
    default, corp = upstream(faults.good), upstream(faults.second)
    d = daemon({"upstreams": [default.address], "outgoing": FAST, **AT_ONCE,
                "forward": [{"zone": "corp.example", "upstreams": [corp.address]}]}).start()
    return d, default, corp


def test_zone_has_upstreams_of_its_own(zoned):
    d, default, corp = zoned
    inside = ["corp.example", "a.corp.example", "A.b.CORP.example"]
    outside = ["xcorp.example", "example", "corp.example.net", "a.net"]
    all_answered(ask_many(d.address, inside), SECOND)
    all_answered(ask_many(d.address, outside), GOOD)
    assert {q.name for q in corp.questions} == {f"{n.lower()}." for n in inside}
    assert {q.name for q in default.questions} == {f"{n}." for n in outside}


@pytest.mark.parametrize("how", ["silent", "closed", "SERVFAIL", "REFUSED"])
def test_names_of_a_zone_that_fails_go_nowhere_else(zoned, how):
    d, default, corp = zoned
    ALL_FAIL[how]([corp])
    inside = ask_many(d.address, fresh(20, "corp.example"))
    assert {o.rcode for o in inside} == {"SERVFAIL"}, tell(inside)
    all_answered(ask_many(d.address, fresh(20)), GOOD)
    assert not [q for q in default.questions if q.name.endswith("corp.example.")]


@pytest.mark.parametrize("how", ["silent", "closed", "SERVFAIL"])
def test_zone_is_answered_while_all_others_fail(zoned, how):
    d, default, corp = zoned
    ALL_FAIL[how]([default])
    with asking(d.address, fresh(100), rate=100):
        outcomes = ask_many(d.address, fresh(40, "corp.example"), window=4)
    all_answered(outcomes, SECOND)
    assert max(o.seconds for o in outcomes) < NOISE
    assert all(q.name.endswith("corp.example.") for q in corp.questions)
