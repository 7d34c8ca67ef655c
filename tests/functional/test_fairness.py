# SPDX-License-Identifier: BSD-2-Clause
"""Names that nobody answers cost their own client, and nobody else; what is told of a server that
says nothing, or nothing of use."""
import socket
import threading
import time

import pytest

from harness import faults
from harness.client import addresses, ask, query
from harness.crowd import asking, fresh, tell
from harness.faults import GOOD
from harness.program import wait_until
from harness.upstream import Later

NOISE = 0.8     # seconds a busy machine may take, and less than what is told apart here
SILENT = "silent.net"


def is_probe(q):
    return q.name == "." and q.type == "NS"


def silent_names(q):
    """A resolver that waits for the authoritative servers of one zone."""
    if SILENT in q.name:
        return None
    return q.reply(rcode="REFUSED") if is_probe(q) else faults.good(q)


def line_is_cut(q):
    return q.reply(rcode="SERVFAIL") if is_probe(q) else None


def forward(daemon, *upstreams, more=None, **outgoing):
    return daemon({"upstreams": [up.address for up in upstreams], "outgoing": outgoing,
                   "server": {"workers": 1}, **(more or {})}).start()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("rate", [10, 100])
def test_silent_names_cost_nobody_else(daemon, upstream, count, rate):
    """Another client's fresh names are answered as ever, from the first second on."""
    ups = [upstream(silent_names) for _ in range(count)]
    d = forward(daemon, *ups)
    with asking(d.address, fresh(8 * rate, SILENT), rate=rate, source="127.0.0.9") as silent:
        with asking(d.address, fresh(60), rate=10, source="127.0.0.2") as good:
            time.sleep(6)
    in_time = [o for o in good if o.addresses == [GOOD] and o.seconds < NOISE]
    assert len(good) >= 50 and len(in_time) >= 0.99 * len(good), tell(good)
    assert {o.rcode for o in silent} <= {"SERVFAIL", "lost"}, tell(silent)
    assert "does not answer" not in d.log()


class Flood:
    """Asks for names below SILENT, so many a second, each time from another of many addresses."""

    def __init__(self, address, rate, sources=300):
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(sources)]
        for number, s in enumerate(self.sockets):
            s.bind((f"127.0.{1 + number // 200}.{1 + number % 200}", 0))
            s.connect(address)
        self.queries = [query(name).to_wire() for name in fresh(8000, SILENT)]
        self.rate = rate
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        begun = time.monotonic()
        for number, wire in enumerate(self.queries):
            if self.ended.wait(max(0, begun + number / self.rate - time.monotonic())):
                return
            self.sockets[number % len(self.sockets)].send(wire)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        for s in self.sockets:
            s.close()


def test_silent_names_from_everywhere_cost_nobody_else(daemon, upstream):
    """Random labels below one zone, of addresses that anybody could pretend to have, more than
    there are places.  Seen before: in place of the good names of others they were refused."""
    d = forward(daemon, upstream(silent_names), **{"in-flight": 256})
    with Flood(d.address, rate=600):
        wait_until(lambda: d.counted("upstream_crowded_out") > 0, 20, "all places are taken")
        with asking(d.address, fresh(60), rate=10, source="127.0.9.9") as good:
            time.sleep(6)
    assert len(good) >= 50 and not [o for o in good if o.rcode == "SERVFAIL"], tell(good)
    in_time = [o for o in good if o.addresses == [GOOD] and o.seconds < NOISE]
    assert len(in_time) >= 0.9 * len(good), tell(good)


@pytest.mark.parametrize("count", [1, 2])
def test_rare_good_name_beside_silent_ones(daemon, upstream, count):
    """Nothing was answered for seconds, and yet the one who asks for something else has it at
    once."""
    d = forward(daemon, *(upstream(silent_names) for _ in range(count)))
    with asking(d.address, fresh(120, SILENT), rate=10, source="127.0.0.9"):
        for _ in range(3):
            time.sleep(3)
            begun = time.monotonic()
            assert addresses(ask(d.address, *fresh(1))) == [GOOD]
            assert time.monotonic() - begun < NOISE


def test_labels_below_a_silent_zone_cost_two_tries(daemon, upstream):
    up = upstream(silent_names)
    d = forward(daemon, up, timeout="1500ms", retransmit="100ms")
    with asking(d.address, fresh(20), rate=10), asking(d.address, fresh(1, SILENT)):
        time.sleep(2)
    names = fresh(10, SILENT)
    with asking(d.address, fresh(20), rate=10), asking(d.address, names):
        time.sleep(2)
    assert all(up.count(f"{name}.") <= 2 for name in names), [up.count(f"{n}.") for n in names]


# ---- a server whose own line is cut

def test_stale_at_once_when_the_line_is_cut(daemon, upstream):
    """It answers us, and no question of clients: what is left is given at once; for what is not,
    clients are told within a second."""
    up = upstream(lambda q: q.quick(GOOD, ttl=1))
    d = forward(daemon, up)
    kept = fresh(1)[0]
    assert addresses(ask(d.address, kept)) == [GOOD]
    up.script = line_is_cut
    with asking(d.address, fresh(40), rate=10):
        wait_until(lambda: "is there, but answers no question" in d.log(), 10, "it is known")
        begun = time.monotonic()
        assert addresses(ask(d.address, kept)) == [GOOD]
        assert time.monotonic() - begun < NOISE
    with asking(d.address, fresh(5)) as told:
        time.sleep(2.5)
    assert {o.rcode for o in told} == {"SERVFAIL"} and max(o.seconds for o in told) < 1 + NOISE
    up.script = faults.good
    assert addresses(ask(d.address, *fresh(1))) == [GOOD]
    wait_until(lambda: "answers again" in d.log(), 5, "it is well")


# ---- our own questions

def test_only_our_own_questions_are_put_to_a_dead_server(daemon, upstream):
    """The root's NS, ten times a second, with RD; what waits is asked when one is answered."""
    up = upstream(faults.silent)
    d = forward(daemon, up)
    with asking(d.address, fresh(60), rate=20) as outcomes:
        wait_until(lambda: "does not answer" in d.log(), 10, "it is dead")
        before = len(up.questions)
        time.sleep(1)
        asked = up.questions[before:]
        up.script = faults.good
        time.sleep(0.5)
    assert 5 <= len(asked) <= 15 and all(map(is_probe, asked)), [q.name for q in asked]
    assert all(q.wire[2] & 1 for q in asked)
    assert sum(o.addresses == [GOOD] for o in outcomes) >= len(outcomes) - 1, tell(outcomes)


def test_zone_is_asked_for_its_soa(daemon, upstream):
    up, zone = upstream(faults.good), upstream(faults.silent)
    d = forward(daemon, up, more={"forward": [{"zone": "corp.example",
                                               "upstreams": [zone.address]}]})
    with asking(d.address, fresh(40, "corp.example"), rate=10):
        wait_until(lambda: zone.asked("corp.example."), 10, "the zone's SOA is asked for")
    assert {q.type for q in zone.asked("corp.example.")} == {"SOA"}
    assert not any(map(is_probe, zone.questions + up.questions))


def test_late_answer_is_heard_and_not_believed(daemon, upstream):
    """A resolver that gives up on its own after two seconds is no dead server."""
    up = upstream(lambda q: Later(2, q.quick(GOOD)))
    d = forward(daemon, up, timeout="1s")
    with asking(d.address, fresh(60), rate=10) as outcomes:
        time.sleep(6)
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    before = d.log().count("does not answer")
    with asking(d.address, fresh(40), rate=10):
        time.sleep(3)
    assert d.log().count("does not answer") == before
