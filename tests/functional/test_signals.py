# SPDX-License-Identifier: BSD-2-Clause
"""SIGTERM, SIGINT, SIGUSR1, and the word to systemd."""
import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import dns.message
import pytest

from harness.build import daemon_path, slow
from harness.client import (addresses, ask, dig, frame, is_closed, query, read_frame, send_burst,
                            tcp_socket, udp_socket)
from harness.daemon import READY
from harness.program import catches, wait_until
from harness.upstream import Later

SINK, GOOD = "192.0.2.1", "198.51.100.7"


def later(seconds):
    return lambda q: Later(seconds, q.address(GOOD))


@pytest.fixture
def server(daemon, upstream):
    def make(script, drain="2s"):
        up = upstream(script)
        d = daemon({"upstreams": [up.address], "server": {"drain-timeout": drain}})
        return d.add_list("one", "listed.test\n").start(), up
    return make


def end(d, number=signal.SIGTERM):
    """Sends the signal; a function that waits for the end and gives the seconds it took."""
    start = time.monotonic()
    d.program.signal(number)

    def wait():
        status = d.program.wait_exit(15)
        d.program.assert_sane()
        assert status == 0, d.log()
        return time.monotonic() - start
    return wait


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_idle_daemon_ends_at_once(server, number):
    d, _ = server(later(0))
    ask(d.address, "listed.test")
    assert end(d, number)() < slow(0.5, 5)
    assert d.program.lines[-1] == "ended"


def test_a_log_that_nobody_reads_stops_nothing(daemon):
    d = daemon().add_list("one", "listed.test\n")
    d.write_config()
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen([str(daemon_path()), "-c", str(d.config_path)], stderr=writing,
                               stdin=subprocess.DEVNULL, cwd=d.folder)
    try:
        wait_until(lambda: catches(process.pid, signal.SIGUSR1, signal.SIGTERM), slow(10, 30), "start")
        for _ in range(40):     # each is logged by the workers too
            process.send_signal(signal.SIGUSR1)
            assert addresses(ask(d.address, "listed.test")) == [SINK]
        process.send_signal(signal.SIGHUP)
        for _ in range(40):
            assert addresses(ask(d.address, "listed.test")) == [SINK]
        process.send_signal(signal.SIGTERM)
        assert process.wait(slow(8, 20)) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("delay", [0.101, 0.152, 0.203, 0.254])
def test_question_in_flight_is_answered(server, tcp, delay):
    d, up = server(later(delay))
    with (tcp_socket if tcp else udp_socket)(d.address) as s:
        wire = query("slow.test").to_wire()
        s.sendall(frame(wire) if tcp else wire)
        up.wait_asked()
        wait = end(d)
        answer = dns.message.from_wire(read_frame(s) if tcp else s.recv(4096))
        assert addresses(answer) == [GOOD]
        if tcp:
            assert is_closed(s)
    assert wait() < slow(1.5, 6)


def refuses_connections(d):
    try:
        with tcp_socket(d.address):
            return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("count", [200, 600, 1000])
def test_all_questions_in_flight_are_answered(daemon, upstream, count):
    """Their answers come all at one time, so that the daemon is busy when it looks whether it is
    done: what it has not sent by then must not be lost."""
    up = upstream(later(0.5))
    d = daemon({"upstreams": [up.address], "server": {"workers": 1},
                "outgoing": {"retransmit": "2s"}}).start()
    with udp_socket(d.address) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for number in range(count):
            message = query(f"n{number}.test")
            message.id = number
            s.send(message.to_wire())
        wait_until(lambda: d.counted("forwarded") == count, 5, "all went upstream")
        wait = end(d)
        wait_until(lambda: refuses_connections(d), 5, "it takes no more")
        d.program.signal(signal.SIGSTOP)
        try:
            wait_until(lambda: up.sent >= count, 10, "the upstream has answered")
        finally:
            d.program.signal(signal.SIGCONT)
        wait()
        s.settimeout(0.5)
        seen = set()
        while len(seen) < count:
            seen.add(s.recv(4096)[:2])


def test_drain_is_bounded(server):
    d, up = server(lambda q: None, drain="300ms")
    with udp_socket(d.address) as s, tcp_socket(d.address) as t:
        s.send(query("a.test").to_wire())
        t.sendall(frame(query("b.test")))
        up.wait_asked(2)
        assert end(d)() < slow(1.2, 6)


def test_drain_of_0_waits_for_nothing(server):
    d, up = server(lambda q: None, drain="0s")
    with udp_socket(d.address) as s:
        s.send(query("a.test").to_wire())
        up.wait_asked()
        assert end(d)() < slow(0.6, 5)


def test_what_has_arrived_is_answered(server):
    """The datagrams are in the kernel's queue before the signal is."""
    d, _ = server(later(0))
    with udp_socket(d.address) as s:
        send_burst(s, "listed.test", 500)
        wait = end(d)
        assert len({s.recv(512)[:2] for _ in range(500)}) == 500
    wait()


def test_idle_connections_do_not_delay_the_end(server):
    d, _ = server(later(0))
    with tcp_socket(d.address) as s, tcp_socket(d.address) as half:
        s.sendall(frame(query("listed.test")))
        read_frame(s)
        half.sendall(b"\0")
        assert end(d)() < slow(0.6, 5)
        assert is_closed(s) and is_closed(half)


def test_port_is_free_at_once(server):
    d, _ = server(later(0))
    with tcp_socket(d.address) as s:
        s.sendall(frame(query("listed.test")))
        read_frame(s)
        d.restart()
        assert addresses(ask(d.address, "listed.test", tcp=True)) == [SINK]


def test_end_during_the_start(daemon):
    d = daemon()
    d.add_list("one", "".join(f"n{i}.test\n" for i in range(slow(200000, 20000))))
    d.write_config()
    d.spawn()
    time.sleep(0.01)  # somewhere in the start; wherever, it ends, and well
    d.program.signal(signal.SIGTERM)
    assert d.program.wait_exit(15) in (0, -signal.SIGTERM), d.log()
    d.program.assert_sane()


def test_end_during_a_reload(server):
    d, _ = server(later(0))
    d.write_list("one", "".join(f"n{i}.test\n" for i in range(slow(200000, 20000))))
    d.program.signal(signal.SIGHUP)
    d.program.wait_line(r"^SIGHUP: reloading")
    assert end(d)() < slow(1, 8)
    assert re.search(r"^reload 2 done|^reload given up", d.log(), re.M)


def test_end_does_not_wait_for_a_long_load(server):
    """Some seconds' worth of names, when it is told to end."""
    d, _ = server(later(0))
    d.write_list("one", "".join(f"n{i}.test\n" for i in range(slow(3000000, 600000))))
    d.program.signal(signal.SIGHUP)
    d.program.wait_line(r"^SIGHUP: reloading")
    assert end(d)() < slow(1, 4)
    assert "reload given up" in d.program.lines and d.program.lines[-1] == "ended"


def is_written(daemon, name):
    """True when the daemon has had the list's file open for a while, to keep what it read."""
    def is_open():
        with contextlib.suppress(OSError):      # one was closed meanwhile
            return any(os.readlink(file) == str(daemon.list_path(name))
                       for file in Path(f"/proc/{daemon.program.pid}/fd").iterdir())
        return False
    return is_open() and not time.sleep(0.3) and is_open()


def test_end_does_not_wait_for_a_load_that_hangs(server, tmp_path):
    """A pipe that nobody reads has taken the place of a file that is written to."""
    d, _ = server(later(0), drain="100ms")
    d.configure({"state": {"directory": str(tmp_path / "state")}})
    d.restart()
    os.mkfifo(tmp_path / "state" / "one.list.new")
    d.write_list("one", "other.test\n")
    mark = d.program.mark()
    d.program.signal(signal.SIGHUP)
    d.program.wait_line(r"^SIGHUP: reloading", mark)
    wait_until(lambda: is_written(d, "one"), 20, "the load is at the pipe")
    assert end(d)() < slow(2.5, 6)
    assert "warning: the load under way does not give up: ending without it" in d.program.lines


def test_repeated_signals_are_no_harm(server):
    d, up = server(later(0.3))
    with udp_socket(d.address) as s:
        s.send(query("slow.test").to_wire())
        up.wait_asked()
        wait = end(d)
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGINT):
            d.program.signal(number)
        assert addresses(dns.message.from_wire(s.recv(4096))) == [GOOD]
    wait()


# ---- counters

def test_counters_count(server):
    d, up = server(lambda q: q.negative() if q.name == "no.test." else q.address(GOOD))
    dig(d.address, "listed.test")
    dig(d.address, "+tcp", "www.listed.test")
    for _ in range(3):
        ask(d.address, "a.test")
    ask(d.address, "no.test")
    ask(d.address, "version.bind", "TXT", qclass="CH")
    with udp_socket(d.address) as s:
        s.send(b"x" * 11)
        s.send(b"\0" * 12)
        s.recv(512)
    counters = d.counters()
    assert {name: counters[name] for name in (
        "queries_udp", "queries_tcp", "blocked_name", "cache_hits", "cache_misses", "forwarded",
        "resolved", "dropped", "formerr", "chaos", "tcp_accepted", "servfail", "not_allowed")} == {
        "queries_udp": 7, "queries_tcp": 1, "blocked_name": 2, "cache_hits": 2, "cache_misses": 2,
        "forwarded": 2, "resolved": 2, "dropped": 1, "formerr": 1, "chaos": 1, "tcp_accepted": 1,
        "servfail": 0, "not_allowed": 0}
    assert counters["cache_entries"] == 2 and counters["cache_bytes_max"] == 4 << 20


def test_counters_are_logged_at_the_end(server):
    d, _ = server(later(0))
    ask(d.address, "listed.test")
    d.stop()
    assert "queries_udp=1" in d.log()


# ---- the upstreams

def upstream_lines(d):
    """SIGUSR1; what its one worker says of each upstream, by address."""
    mark = d.program.mark()
    d.program.signal(signal.SIGUSR1)
    count = len(d.config["upstreams"])
    pattern = r"^upstream (\S+) (\w+), worker 0: (\w+) rtt_us=(\d+) p95_us=(\d+) " \
              r"timeout_ms=(\d+) strikes=(\d+)$"

    def lines():
        return re.findall(pattern, d.log(mark), re.M)
    wait_until(lambda: len(lines()) == count, 10, "the worker has reported")
    return {line[0]: (*line[1:3], *map(int, line[3:])) for line in lines()}


def test_upstreams_are_logged(daemon, upstream):
    first = upstream(lambda q: q.negative("REFUSED"))
    second, third = upstream(later(0)), upstream(later(0))
    d = daemon({"upstreams": [first.address, second.address, {**third.address, "transport": "tcp"}],
                "server": {"workers": 1},
                "outgoing": {"policy": "in-order", "retransmit": "300ms", "hedge": 0}}).start()
    unknown = ("well", 0, 0, 300, 0)
    places = [up.address["address"] for up in (first, second, third)]
    assert upstream_lines(d) == dict(zip(places, [("udp", *unknown), ("udp", *unknown),
                                                  ("tcp", *unknown)]))
    for number in range(30):
        assert addresses(ask(d.address, f"n{number}.test")) == [GOOD]
    lines = upstream_lines(d)
    assert lines[places[0]][1] == "aside" and lines[places[0]][5] == 3
    transport, state, rtt, p95, timeout, strikes = lines[places[1]]
    assert (transport, state, strikes) == ("udp", "well", 0)
    assert 0 < rtt and 0 < p95 and timeout >= 100
    assert lines[places[2]] == ("tcp", *unknown)


def test_dead_upstream_is_logged(daemon, upstream):
    up = upstream(lambda q: None)
    d = daemon({"upstreams": [up.address], "server": {"workers": 1},
                "outgoing": {"timeout": "500ms", "retransmit": "100ms"}}).start()

    def state():
        return upstream_lines(d)[up.address["address"]][1]

    def is_dead():
        ask(d.address, f"n{time.monotonic_ns()}.test")
        return state() == "dead"
    wait_until(is_dead, 20, "it is dead")
    assert f"upstream {up.address['address']} does not answer" in d.log()
    up.script = later(0)
    wait_until(lambda: addresses(ask(d.address, "a.test")) == [GOOD], 20, "it is heard")
    assert state() == "well"


def test_what_nobody_waits_for_does_not_delay_the_end(daemon, upstream):
    """The slower upstream is being measured."""
    fast, silent = upstream(later(0)), upstream(lambda q: None)
    d = daemon({"upstreams": [fast.address, silent.address],
                "server": {"workers": 1, "drain-timeout": "20s"},
                "outgoing": {"hedge": 50}}).start()

    def is_measured():
        ask(d.address, f"n{time.monotonic_ns()}.test")
        return d.counted("upstream_probes") == 1
    wait_until(is_measured, 10, "it is measured")
    silent.wait_asked()
    assert end(d)() < slow(0.7, 1.9)  # a measurement takes 2 seconds


# ---- systemd

def test_word_to_systemd(daemon, manager):
    d = daemon(environment=manager.environment)
    d.add_list("one", "listed.test\n").start()
    manager.wait_for("READY")
    d.reload_well()
    manager.wait_for("READY", 2)
    d.write_list("one", "<html>")
    d.reload()
    manager.wait_for("READY", 3)
    d.stop()
    manager.wait_for("STOPPING")
    words = [next(iter(word)) for word in manager.words
             if "FDSTORE" not in word and next(iter(word)) != "STATUS"]
    assert words == ["READY", "RELOADING", "READY", "RELOADING", "READY", "STOPPING"]
    assert len(manager.said("MONOTONIC_USEC")) == 2


def test_priorities_for_the_journal(daemon):
    d = daemon(environment={"JOURNAL_STREAM": "8:1"})
    d.add_list("one", "listed.test\nnot a name\n")
    d.write_config()
    d.spawn()
    d.program.wait_line(r"^<4>warning: .*:2: skipped")
    d.program.wait_line(r"^<5>sinkholed \S+ ready")
    wait_until(d.listens_to_signals, 10, "it listens to signals")


def test_log_that_nobody_reads_is_no_harm(daemon):
    """The reader of its log goes away; it serves and reloads on."""
    d = daemon().add_list("one", "listed.test\n")
    d.write_config()
    process = subprocess.Popen([str(daemon_path()), "-c", str(d.config_path)], cwd=d.folder,
                               stderr=subprocess.PIPE)
    try:
        for line in process.stderr:
            if re.match(READY.encode(), line):
                break
        process.stderr.close()
        assert addresses(ask(d.address, "listed.test")) == [SINK]
        wait_until(lambda: catches(process.pid, signal.SIGHUP), 10, "it listens to signals")
        d.write_list("one", "other.test\n")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: addresses(ask(d.address, "other.test")) == [SINK], 10, "it reloads")
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
