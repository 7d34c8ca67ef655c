# SPDX-License-Identifier: BSD-2-Clause
"""Forged answers: what a forger has to guess, and that guessing does not pay (RFC 5452)."""
import subprocess
import sys
from pathlib import Path

import pytest

from harness import faults, namespace
from harness.build import daemon_path
from harness.client import addresses, ask
from harness.crowd import ask_many, fresh, tell
from harness.faults import FORGED, GOOD, SECOND, CookieServer
from harness.upstream import Later

FORGER = Path(__file__).resolve().parents[1] / "bench" / "forger.py"
LONG = "how-many-letters-does-a-forger-have-to-guess.all-of-them-and-in-one-try.faults.net"


def forward(daemon, *upstreams, **outgoing):
    return daemon({"upstreams": [u.address for u in upstreams], "outgoing": outgoing}).start()


# ---- the letters' case

def test_case_is_drawn_at_random(daemon, upstream):
    """Each letter is either, and the client has its own spelling back."""
    up = upstream(faults.good)
    d = forward(daemon, up)
    outcomes = ask_many(d.address, fresh(100, "abcdefghij.faults.net"))
    assert [str(o.message.question[0].name) for o in outcomes] == [f"{o.name}." for o in outcomes]
    spellings = [q.spelling[q.spelling.index("."):] for q in up.questions]
    assert len(set(spellings)) > 90
    for at, letter in enumerate(spellings[0]):
        if letter.isalpha():
            upper = sum(s[at].isupper() for s in spellings)
            assert 20 <= upper <= 80, (at, upper)


def test_case_is_left_alone_when_that_is_wanted(daemon, upstream):
    up = upstream(faults.good)
    d = forward(daemon, up, **{"case-randomization": False})
    ask_many(d.address, fresh(20))
    assert all(q.spelling == q.name for q in up.questions)


def test_upstream_that_does_not_keep_the_case_is_put_up_with(daemon, upstream):
    """It is the only one: all is answered, and soon a question costs one again."""
    up = upstream(faults.lower_case(faults.good))
    d = forward(daemon, up)
    outcomes = ask_many(d.address, fresh(100), window=5)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)
    before = up.count()
    outcomes = ask_many(d.address, fresh(100), window=5)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)
    assert up.count() - before <= 110


def test_answer_in_another_case_is_not_taken_as_it_is(daemon, upstream):
    """A forger has guessed port and ID, and is first with all in lower case."""
    def script(q):
        if q.name != f"{LONG}.":
            return q.quick(GOOD)
        forged = faults.lower_case(lambda q: q.quick(FORGED))(q)
        return [forged, Later(0.05, q.quick(GOOD))]
    d = forward(daemon, upstream(faults.over_udp(script)), retransmit="1s")
    outcomes = ask_many(d.address, [*fresh(20), LONG, *fresh(20)], window=1)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)


# ---- the race

@pytest.mark.parametrize("forger", [faults.blind_forger, faults.forger_without_case,
                                    faults.forger_without_id])
def test_forger_who_sends_65535_guesses_fails(daemon, upstream, forger):
    """The guesses are all there before the right answer."""
    def script(q):
        forge = q.name == f"{LONG}." and q.transport == "udp" and not raced
        raced.append(q.name)
        return [*forger(q), q.quick(GOOD)] if forge else q.quick(GOOD)

    raced = []
    up = upstream(script)
    d = forward(daemon, up)
    assert ask_many(d.address, [LONG], patience=10)[0].addresses == [GOOD]
    assert up.sent > 60000
    outcomes = ask_many(d.address, [LONG, *fresh(50)])
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)


def test_forged_answers_do_not_cost_the_upstream_its_place(daemon, upstream):
    """An attacker's datagrams with a wrong ID must not make us leave a good upstream."""
    up, other = upstream(lambda q: [faults.wrong_id(q)] * 5 + [q.quick(GOOD)]), \
        upstream(faults.second)
    d = forward(daemon, up, other, policy="in-order", hedge=0)
    outcomes = ask_many(d.address, fresh(100), window=4)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)
    assert other.count() == 0


def test_forger_off_the_path():
    """Raw packets in a namespace; tests/bench/forger.py makes ten million of them by default."""
    namespace.with_addresses()  # or it is skipped
    command = [sys.executable, str(FORGER), "--sinkholed", str(daemon_path()), "--guesses", "100000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "forged: 0" in done.stdout, done.stdout + done.stderr


# ---- lies before the truth

LATE_S = 0.25
LIES = {
    "wrong IDs": lambda q: [faults.wrong_id(q)] * 40,
    "bare SERVFAIL": faults.bare_servfail,
    "broken body": faults.broken,
}


def lying(lie):
    """A forger who is heard first, over UDP; the server's answer comes a bit later."""
    def script(q):
        truth = Later(LATE_S, q.quick(GOOD))
        if q.transport != "udp":
            return truth
        lies = lie(q)
        return [*(lies if isinstance(lies, list) else [lies]), truth]
    return script


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("tcp", [True, False])
@pytest.mark.parametrize("lie", LIES)
def test_late_truth_is_taken(daemon, upstream, lie, tcp, count):
    """Whatever comes before it: no question fails for it, and no server is left for it."""
    ups = [upstream(lying(LIES[lie]), tcp=tcp) for _ in range(count)]
    d = forward(daemon, *ups)
    outcomes = ask_many(d.address, fresh(40), window=4)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)
    assert all(o.seconds < 4 * LATE_S for o in outcomes), max(o.seconds for o in outcomes)
    assert "does not answer" not in d.log()


@pytest.mark.parametrize("lie", LIES)
def test_lies_alone_are_silence(daemon, upstream, lie):
    """Nothing true comes, and there is no TCP: the other upstream is asked, as if nothing came."""
    liar, other = upstream(faults.over_udp(LIES[lie]), tcp=False), upstream(faults.second)
    d = forward(daemon, liar, other, policy="in-order", hedge=0)
    outcomes = ask_many(d.address, fresh(40), window=4)
    assert all(o.addresses == [SECOND] for o in outcomes), tell(outcomes)


def test_server_without_edns_is_known_after_three(daemon, upstream):
    """It says FORMERR without repeating the question; each of the first three costs two."""
    def old(q):
        return q.quick(GOOD) if q.message.edns < 0 else q.wire[:2] + b"\x81\x81" + bytes(8)
    up = upstream(old)
    d = daemon({"upstreams": [up.address], "server": {"workers": 1}}).start()
    outcomes = ask_many(d.address, fresh(50), window=1)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)
    assert up.count() == 53


# ---- cookies (RFC 7873)

def test_cookie_of_an_upstream_is_learned(daemon, upstream):
    """BADCOOKIE brings the server's part; from then on the questions have it."""
    server = CookieServer()
    up = upstream(server)
    d = forward(daemon, up)
    outcomes = ask_many(d.address, fresh(100), window=4)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)
    assert 1 <= server.refused <= 16
    cookies = [q.cookie for q in up.questions if q.transport == "udp"]
    assert {len(c) for c in cookies} == {8, 24}
    assert {len(c) for c in cookies[-50:]} == {24}


def test_cookie_of_an_upstream_may_change(daemon, upstream):
    server = CookieServer()
    up = upstream(server)
    d = forward(daemon, up)
    ask_many(d.address, fresh(40), window=4)
    server.secret, before = b"2", server.refused
    outcomes = ask_many(d.address, fresh(60), window=4)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)
    assert 1 <= server.refused - before <= 16


def test_client_cookies_are_of_one_upstream(daemon, upstream):
    """Nobody can tell from them that two upstreams have the same client (RFC 7873, 4.1)."""
    ups = [upstream(CookieServer()), upstream(CookieServer())]
    d = forward(daemon, *ups, policy="round-robin")
    ask_many(d.address, fresh(60), window=4)
    first, second = ({q.cookie[:8] for q in up.questions if q.cookie} for up in ups)
    assert first and second and not first & second


def test_cookies_are_not_sent_when_they_are_not_wanted(daemon, upstream):
    up = upstream(CookieServer())
    d = forward(daemon, up, cookies=False)
    outcomes = ask_many(d.address, fresh(10))
    assert all(o.addresses == [GOOD] for o in outcomes)
    assert {q.cookie for q in up.questions} == {None}


@pytest.mark.parametrize("right", [lambda q: CookieServer()(q), faults.good],
                         ids=["server with cookies", "server without"])
def test_answer_to_another_cookie_is_ignored(daemon, upstream, right):
    up = upstream(faults.over_udp(lambda q: [faults.wrong_cookie(q), Later(0.05, right(q))]))
    d = forward(daemon, up, retransmit="1s")
    outcomes = ask_many(d.address, fresh(30), window=4)
    assert all(o.addresses == [GOOD] for o in outcomes), tell(outcomes)


def test_upstream_that_wants_a_cookie_again_and_again(daemon, upstream):
    """BADCOOKIE without end: no question is asked in a loop.  Over TCP none is needed (RFC 7873,
    5.3), and the next upstream needs none."""
    server = CookieServer()
    server.server_cookie = lambda client: bytes(server.refused % 256 for _ in range(16))
    up, other = upstream(server), upstream(faults.second)
    d = forward(daemon, up, other, policy="in-order", retransmit="200ms")
    outcomes = ask_many(d.address, fresh(30), window=4)
    assert all(o.addresses in ([GOOD], [SECOND]) for o in outcomes), tell(outcomes)
    assert up.count() <= 30 * 4


def test_client_does_not_see_the_cookies(daemon, upstream):
    d = forward(daemon, upstream(CookieServer()))
    for _ in range(2):
        answer = ask(d.address, "a.net", edns=True)
        assert addresses(answer) == [GOOD] and not answer.options
