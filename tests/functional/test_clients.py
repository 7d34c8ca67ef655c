# SPDX-License-Identifier: BSD-2-Clause
"""No client takes from others what is theirs: the limits per client, and per name that many wait
for."""
import contextlib
import os
import signal
import socket
import sys
import threading
import time

import dns.message
import pytest

from harness.client import addresses, ask, query, rcode, run_client, udp_socket
from harness.crowd import ask_many, fresh
from harness.daemon import IPV4
from harness.namespace import joined, with_addresses
from harness.program import of_threads, wait_until
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


# ---- connections of a network

# run in the daemon's namespace: connections of 34 addresses that wait for a silent name, as many of
# each as are let in; then one of another network asks
CROWD = """
import socket, sys, dns.message, dns.query
port = int(sys.argv[1])
upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
upstream.bind(("127.0.0.1", 5399))     # and says nothing
held = []
for i in range(68):
    s = socket.socket(socket.AF_INET6)
    s.settimeout(5)
    s.bind((f"2001:db8:1::{i % 34 + 1:x}", 0))
    s.connect(("::1", port))
    wire = dns.message.make_query("silent.test", "A").to_wire()
    try:
        s.sendall(len(wire).to_bytes(2, "big") + wire)
    except OSError:
        pass
    held.append(s)
for source, server in (("2001:db8:2::1", "::1"), ("2001:db8:3::1", "::1"), ("127.0.0.1", "127.0.0.1")):
    for _ in range(4):
        answer = dns.query.tcp(dns.message.make_query("listed.test", "A"), server, 5, port, source=source)
        print(answer.answer[0][0])
waiting = 0
for s in held:
    s.settimeout(0.02)
    try:
        s.recv(1)
    except TimeoutError:
        waiting += 1
    except OSError:
        pass
print(waiting)
"""


@pytest.mark.parametrize("limits", [{"tcp-connections": 40}, {"tcp-connections": 20}],
                         ids=["a client's limit", "the limit of all"])
def test_addresses_of_one_network_do_not_shut_others_out_of_tcp(daemon, limits):
    """34 addresses of a /64 are one client: others are answered, at either limit."""
    listen = {"listen": ["127.0.0.1@5300", "::1@5300"], "workers": 1, **AT_ONCE, **limits}
    listen["allow"] = ["127.0.0.0/8", "::1/128", "2001:db8::/32"]
    d = daemon({"server": listen, "upstreams": [{"address": "127.0.0.1@5399"}]})
    hosts = [f"2001:db8:1::{i:x}/128" for i in range(1, 35)] + ["2001:db8:2::1/128", "2001:db8:3::1/128"]
    d.add_list("one", "listed.test\n").start(prefix=with_addresses(*hosts))
    done = run_client([*joined(d.program.pid), sys.executable, "-c", CROWD, "5300"], timeout=60)
    lines = done.stdout.split()
    assert lines[:12] == [IPV4] * 12, done.stdout + done.stderr
    assert 5 <= int(lines[12]) <= min(32, limits["tcp-connections"])


# ---- what the kernel drops

def states(pid):
    """Of all threads, as proc(5) has them."""
    for stat in of_threads(pid, "stat"):
        yield stat.rpartition(")")[2].split()[0]


def test_what_the_kernel_drops_is_counted_and_told(server):
    """The daemon is held up, and its socket's buffer runs over: all is answered or counted."""
    d = server()
    with udp_socket(d.address) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        os.kill(d.program.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: set(states(d.program.pid)) == {"T"}, 10, "it is held up")
            for _ in range(300):
                s.send(bytes(60000))
            for number in range(100):
                s.send(numbered("listed.test", number))
        finally:
            os.kill(d.program.pid, signal.SIGCONT)
        wait_until(lambda: d.counted("kernel_drops") > 0, 10, "they are counted")
        answered = len(count_answers(s))
    counted = d.counters()
    assert counted["kernel_drops"] == 400 - counted["queries_udp"] - counted["dropped"], counted
    assert 0 < answered <= counted["queries_udp"]
    assert "queries were lost: they came faster" in d.log()
