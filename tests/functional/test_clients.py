# SPDX-License-Identifier: BSD-2-Clause
"""No client takes from others what is theirs: the limits per client, and per name that many wait
for."""
import contextlib
import socket
import threading
import time

import dns.message
import pytest

from harness.client import addresses, ask, query, rcode, udp_socket
from harness.crowd import ask_many, fresh
from harness.program import wait_until
from harness.upstream import Later

GOOD = "198.51.100.7"
AT_ONCE = {"drain-timeout": 0}


def silent_or_good(q):
    """silent*: nothing; held*: after 1.5 s; else at once."""
    if q.name.startswith("silent"):
        return None
    answer = q.address(GOOD)
    return Later(1.5, answer) if q.name.startswith("held") else answer


@pytest.fixture
def server(daemon, upstream):
    def make(script=silent_or_good, server=None, **sections):
        d = daemon({"upstreams": [upstream(script).address],
                    "server": {"workers": 1, **AT_ONCE, **(server or {})}, **sections})
        return d.add_list("one", "listed.test\n").start()
    return make


def numbered(name, number, **wanted):
    message = query(name, **wanted)
    message.id = number
    return message.to_wire()


def count_answers(s, quiet=1.0):
    """How many datagrams come until none has for a while."""
    s.settimeout(quiet)
    found = []
    with contextlib.suppress(TimeoutError):
        while True:
            found.append(s.recv(65535))
            s.settimeout(quiet)
    return found


# ---- waiters of a question

def test_one_client_has_only_so_many_waiters_of_a_question(server):
    d = server(outgoing={"waiters-per-question": 4})
    with udp_socket(d.address) as s, udp_socket(d.address, "127.0.0.2") as other:
        for number in range(20):
            s.send(numbered("held.test", number))
        other.send(numbered("held.test", 7))
        got = count_answers(s, 3)
        assert [w[:2] for w in got] == [bytes([0, n]) for n in range(4)]
        assert dns.message.from_wire(other.recv(4096)).rcode() == 0
    assert d.counted("waiters_refused") == 16


def test_retransmission_takes_its_former_place(server):
    """The letters of the last one are those of the answer; another socket's query is another."""
    d = server(outgoing={"waiters-per-question": 2})
    with udp_socket(d.address) as s, udp_socket(d.address) as t:
        for name in ["held.test"] * 9 + ["HELD.test"]:
            s.send(numbered(name, 5))
        t.send(numbered("held.test", 5))
        got = count_answers(s, 3)
        assert len(got) == 1 and b"HELD" in got[0]
        assert t.recv(4096)[:2] == b"\0\5"
    assert d.counted("retransmissions") == 9 and d.counted("waiters_refused") == 0


def test_client_is_a_network_of_ipv6(server):
    d = server(server={"client-prefix-ipv4": 24}, outgoing={"waiters-per-question": 1})
    with udp_socket(d.address, "127.0.0.2") as a, udp_socket(d.address, "127.0.0.3") as b, \
            udp_socket(d.address, "127.0.1.3") as c:
        for s in (a, b, c):
            s.send(numbered("held.test", 1))
        assert a.recv(4096) and c.recv(4096)
        assert not count_answers(b, 0.5)


def test_silent_name_asked_by_few_takes_no_place_from_others(server):
    """Five addresses ask for a silent name thousands of times a second; what others ask for the
    first time is answered."""
    d = server(outgoing={"in-flight": 1024})
    stop = threading.Event()

    def flood(source):
        with udp_socket(d.address, source) as s:
            s.setblocking(False)
            number = 0
            while not stop.is_set():
                for _ in range(30):
                    with contextlib.suppress(BlockingIOError, ConnectionError):
                        s.send(numbered("silent.test", number % 65536))
                    number += 1
                time.sleep(0.05)
    threads = [threading.Thread(target=flood, args=(f"127.0.1.{n}",)) for n in range(1, 6)]
    for t in threads:
        t.start()
    try:
        wait_until(lambda: d.counted("waiters_refused") > 1000, 20, "the flood is on")
        outcomes = ask_many(d.address, fresh(200), window=10)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert [o for o in outcomes if o.rcode != "NOERROR"] == []


def test_heaviest_question_makes_room(server):
    """Hundreds of addresses wait for one name, each once: they give way to those who ask for
    others."""
    d = server(outgoing={"in-flight": 64})
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(udp_socket(d.address, f"127.1.{n // 200}.{n % 200 + 1}"))
                 for n in range(300)]
        for s in crowd:
            s.send(numbered("silent.test", 1))
        wait_until(lambda: d.counted("waiters_crowded_out") >= 300 - 128, 10, "places ran out")
        for name in fresh(20):
            assert addresses(ask(d.address, name, timeout=3)) == [GOOD]
