# SPDX-License-Identifier: BSD-2-Clause
"""TCP (RFC 7766): many questions on one connection, answers as they come, limits."""
import contextlib
import os
import socket
import time

import dns.edns
import dns.message
import pytest

from harness.client import (addresses, ask, dig, frame, is_closed, query, rcode, read_frame,
                            records, run_client, tcp_socket)
from harness.program import wait_until
from harness.upstream import Later

SINK, GOOD = "192.0.2.1", "198.51.100.7"


def by_name(q):
    """slow*: after 0.4 s; else at once."""
    answer = q.address(GOOD)
    return Later(0.4, answer) if q.name.startswith("slow") else answer


@pytest.fixture
def server(daemon, upstream):
    def make(script=by_name, workers=1, **options):
        d = daemon({"upstreams": [upstream(script).address],
                    "server": {"workers": workers, **options}})
        return d.add_list("one", "listed.test\n").start()
    return make


def message(qname, number):
    q = query(qname)
    q.id = number
    return q


def read_ids(s, count):
    return [dns.message.from_wire(read_frame(s)).id for _ in range(count)]


@contextlib.contextmanager
def connections(address, count, source=None):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(tcp_socket(address, source)) for _ in range(count)]


def works(s, qname="listed.test"):
    """True when the connection is answered."""
    try:
        s.sendall(frame(query(qname)))
        answer = read_frame(s)
    except (ConnectionError, TimeoutError):
        return False
    return answer is not None and dns.message.from_wire(answer).rcode() == 0


# ---- many questions

def test_one_connection_serves_many_questions_one_after_the_other(server):
    with tcp_socket(server().address) as s:
        for _ in range(100):
            assert works(s) and works(s, "elsewhere.test")


def test_pipelined_questions_are_all_answered(server):
    d = server()
    with tcp_socket(d.address) as s:
        s.sendall(b"".join(frame(message(f"n{i}.listed.test", i)) for i in range(1000)))
        assert sorted(read_ids(s, 1000)) == list(range(1000))


def test_pipelined_questions_for_the_upstream_are_all_answered(server):
    d = server()
    with tcp_socket(d.address) as s:
        s.sendall(b"".join(frame(message(f"n{i}.test", i)) for i in range(300)))
        assert sorted(read_ids(s, 300)) == list(range(300))


def test_fast_answers_do_not_wait_for_slow_ones(server):
    with tcp_socket(server().address) as s:
        s.sendall(frame(message("slow.test", 1)) + frame(message("listed.test", 2))
                  + frame(message("fast.test", 3)))
        assert read_ids(s, 3) == [2, 3, 1]


def test_kdig_keeps_its_connection_open(server):
    host, port = server().address
    done = run_client(["kdig", f"@{host}", "-p", str(port), "+tcp", "+keepopen", "+short",
                       "listed.test", "a.listed.test", "elsewhere.test"])
    assert done.stdout.split() == [SINK, SINK, GOOD], done.stderr


def test_dig_keeps_its_connection_open(server):
    answer = dig(server().address, "+tcp", "+keepopen", "listed.test", "+tcp", "+keepopen",
                 "elsewhere.test")
    assert answer.text.count("status: NOERROR") == 2


# ---- frames

@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_frames_may_come_in_pieces(server, size):
    d = server()
    data = frame(message("a.listed.test", 1)) + frame(message("elsewhere.test", 2))
    with tcp_socket(d.address) as s:
        for at in range(0, len(data), size):
            s.sendall(data[at:at + size])
            time.sleep(0.001)
        assert sorted(read_ids(s, 2)) == [1, 2]


def test_first_frame_is_answered_while_the_second_is_coming(server):
    d = server()
    second = frame(message("b.listed.test", 2))
    with tcp_socket(d.address) as s:
        s.sendall(frame(message("a.listed.test", 1)) + second[:7])
        assert read_ids(s, 1) == [1]
        s.sendall(second[7:])
        assert read_ids(s, 1) == [2]


def test_frames_of_no_octets_are_passed_over(server):
    d = server()
    with tcp_socket(d.address) as s:
        s.sendall(b"\0\0" * 3 + frame(message("listed.test", 1)) + b"\0\0" * 40000
                  + frame(message("elsewhere.test", 2)) + b"\0")
        assert read_ids(s, 2) == [1, 2]
        s.sendall(b"\0" + frame(message("listed.test", 3)))
        assert read_ids(s, 1) == [3]


def keepalive(answer):
    """The timeout that the answer tells (RFC 7828), in tenths of a second; None: it tells none."""
    for option in answer.options:
        if int(option.otype) == 11:
            return int.from_bytes(option.to_wire(), "big")
    return None


@pytest.mark.parametrize("qname", ["listed.test", "elsewhere.test", "slow.test"])
def test_keepalive_is_answered_over_tcp(server, qname):
    d = server(**{"tcp-idle-timeout": "2500ms"})
    wanted = [dns.edns.GenericOption(11, b"")]
    assert keepalive(ask(d.address, qname, tcp=True, options=wanted)) == 25
    assert keepalive(ask(d.address, qname, tcp=True, edns=True)) is None
    assert keepalive(ask(d.address, qname, options=wanted)) is None


def test_largest_frame_is_read_whole(server):
    d = server()
    whole = message("listed.test", 1).to_wire()
    with tcp_socket(d.address) as s:
        s.sendall(frame(whole + b"\0" * (65535 - len(whole))))
        assert rcode(dns.message.from_wire(read_frame(s), ignore_trailing=True)) == "NOERROR"
        assert works(s)


def test_client_that_has_said_all_gets_all_answers(server):
    """It closes its side (shutdown) and still reads."""
    with tcp_socket(server().address) as s:
        s.sendall(frame(message("slow.test", 1)) + frame(message("listed.test", 2)))
        s.shutdown(1)
        assert read_ids(s, 2) == [2, 1]
        assert read_frame(s) is None


def test_client_that_goes_away_costs_nothing(server):
    d = server()
    for i in range(30):
        with tcp_socket(d.address) as s:
            s.sendall(frame(message(f"slow{i}.test", 1)) + b"\0")
    assert addresses(ask(d.address, "listed.test", tcp=True)) == [SINK]
    wait_until(lambda: d.counted("tcp_accepted") == 31, 5, "all were taken")


def test_client_that_never_reads_is_bounded(server):
    """Others are served on; the daemon keeps no answers without end for it."""
    d = server(lambda q: q.reply(*[f'{q.name} 60 IN TXT "{i:04d}{"x" * 200}"' for i in range(60)]),
               **{"tcp-idle-timeout": "1s"})
    ask(d.address, "big.test", "TXT", tcp=True)
    with tcp_socket(d.address) as s:
        s.settimeout(0.5)
        with pytest.raises(TimeoutError):  # what it says is not taken any more
            for _ in range(1000):
                s.sendall(frame(query("big.test", "TXT")) * 2000)
        assert addresses(ask(d.address, "listed.test", tcp=True)) == [SINK]
        with pytest.raises(ConnectionError):  # in the end it is cut off
            for _ in range(10):
                with contextlib.suppress(TimeoutError):
                    s.sendall(frame(query("big.test", "TXT")) * 2000)
        pages = int(open(f"/proc/{d.program.pid}/statm").read().split()[1])
    assert pages * 4096 < 600 << 20


def cpu_seconds(d):
    fields = open(f"/proc/{d.program.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_waiting_costs_nothing(server):
    """Nobody asks; one has said all, one a part, one too much; two wait for the upstream."""
    d = server(lambda q: None, **{"tcp-pipeline": 1})
    with connections(d.address, 5) as (idle, half, part, full, gone):
        half.sendall(frame(message("slow.test", 1)))
        half.shutdown(1)
        part.sendall(frame(message("listed.test", 1))[:9])
        full.sendall(b"".join(frame(message(f"slow{i}.test", i)) for i in range(50)))
        gone.sendall(frame(message("slow2.test", 1)))
        gone.close()
        assert works(idle)
        before, start = cpu_seconds(d), time.monotonic()
        time.sleep(1)
        assert cpu_seconds(d) - before < 0.25 * (time.monotonic() - start)
    d.configure({"server": {"drain-timeout": "0s"}})
    d.reload_well()


# ---- time and limits

def test_idle_connection_is_closed(server):
    d = server(**{"tcp-idle-timeout": "300ms"})
    with tcp_socket(d.address) as fresh, tcp_socket(d.address) as used:
        assert works(used)
        start = time.monotonic()
        assert is_closed(used, 5) and is_closed(fresh, 5)
        assert 0.15 < time.monotonic() - start < 2


def test_connection_that_is_used_stays_open(server):
    d = server(**{"tcp-idle-timeout": "300ms"})
    with tcp_socket(d.address) as s:
        for _ in range(10):
            assert works(s)
            time.sleep(0.1)


def test_dripping_octets_do_not_keep_a_connection_open(server):
    d = server(**{"tcp-idle-timeout": "300ms"})
    data = frame(query("listed.test")) * 20
    with tcp_socket(d.address) as s:
        start = time.monotonic()
        with pytest.raises(ConnectionError):
            for octet in data[:25]:
                s.sendall(bytes([octet]))
                time.sleep(0.1)
        assert time.monotonic() - start < 2


def test_connection_that_waits_for_the_upstream_is_not_idle(server):
    d = server(**{"tcp-idle-timeout": "100ms"})
    with tcp_socket(d.address) as s:
        s.sendall(frame(message("slow.test", 1)))
        assert read_ids(s, 1) == [1]


@pytest.mark.parametrize("workers", [1, 2])
def test_one_client_has_only_so_many_connections(server, workers):
    """One more is answered: of its own, an idle one goes, at whatever worker it is.  That may be the new
    one, once it has been answered, where its worker has no other of them and looks first."""
    d = server(workers=workers, **{"tcp-connections-per-client": 3})
    with tcp_socket(d.address, "127.0.0.2") as other, connections(d.address, 3) as held:
        assert works(other) and all(works(s) for s in held)
        with tcp_socket(d.address) as fourth:
            assert works(fourth)
            wait_until(lambda: d.counted("tcp_evicted") >= 1, 5, "one was closed")
            assert works(other)
            assert sum(works(s) for s in [*held, fourth]) == 3
    assert d.counted("tcp_refused") == 0


def test_33rd_connection_is_answered(server):
    d = server(workers=2)
    with connections(d.address, 32), tcp_socket(d.address) as last:
        assert works(last)


def test_newcomers_at_all_workers_at_once_are_answered(server):
    """Each makes room by a connection of its own client, and none takes the room of another.  Seen
    before: two workers made one place for two, and closed the newcomer that came second."""
    d = server(workers=2)
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            newcomers = [stack.enter_context(socket.socket()) for _ in range(4)]
            for s in newcomers:
                s.setblocking(False)
                s.connect_ex(d.address)
            for s in newcomers:
                s.settimeout(8)
            assert all([works(s) for s in newcomers])
    assert d.counted("tcp_refused") == 0 and d.counted("tcp_evicted") >= 700


def test_client_whose_connections_are_all_busy_is_refused(server):
    d = server(**{"tcp-connections-per-client": 2})
    with connections(d.address, 2) as held:
        for s in held:
            s.sendall(frame(message("slow.test", 1)))
        wait_until(lambda: d.counted("queries_tcp") == 2, 5, "both wait for the upstream")
        with tcp_socket(d.address) as more:
            assert is_closed(more)
    d.program.wait_line(r"^warning: a TCP connection of 127\.0\.0\.1 was refused: ")
    assert d.counted("tcp_refused") >= 1


def test_heaviest_client_makes_room(server):
    """Of the client with most connections, an idle one first, then one in use."""
    d = server(**{"tcp-connections": 6, "tcp-connections-per-client": 5})
    with tcp_socket(d.address, "127.0.0.2") as light, connections(d.address, 5) as heavy:
        assert works(light) and works(heavy[4])
        for s in heavy[:4]:
            s.sendall(frame(message("slow.test", 1)))
        wait_until(lambda: d.counted("forwarded") >= 1, 5, "they wait")
        with tcp_socket(d.address, "127.0.0.3") as third, \
                tcp_socket(d.address, "127.0.0.4") as fourth:
            assert works(third) and works(fourth) and works(light)
            assert is_closed(heavy[4]) and is_closed(heavy[0])
            assert read_ids(heavy[1], 1) == [1]


def test_oldest_idle_connection_makes_room(server):
    d = server(**{"tcp-connections": 4, "tcp-connections-per-client": 4})
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(tcp_socket(d.address, f"127.0.0.{n}")) for n in range(2, 6)]
        for s in held:
            assert works(s)
        assert works(held[0])  # now held[1] is the oldest
        newcomer = stack.enter_context(tcp_socket(d.address, "127.0.0.9"))
        assert works(newcomer)
        assert is_closed(held[1])
        assert all(works(s) for s in (held[0], held[2], held[3], newcomer))
    assert d.counted("tcp_evicted") == 1


def test_busy_connections_are_not_closed_for_a_newcomer(server):
    d = server(**{"tcp-connections": 2, "tcp-connections-per-client": 2})
    with tcp_socket(d.address, "127.0.0.2") as a, tcp_socket(d.address, "127.0.0.3") as b:
        for s in (a, b):
            s.sendall(frame(message("slow.test", 1)))
        wait_until(lambda: d.counted("queries_tcp") == 2, 5, "both wait for the upstream")
        with tcp_socket(d.address, "127.0.0.4") as newcomer:
            assert is_closed(newcomer)
        assert read_ids(a, 1) == read_ids(b, 1) == [1]


def test_pipeline_limit_delays_and_loses_nothing(server):
    d = server(**{"tcp-pipeline": 4})
    with tcp_socket(d.address) as s:
        s.sendall(b"".join(frame(message(f"slow{i}.test", i)) for i in range(10)))
        assert sorted(read_ids(s, 10)) == list(range(10))


def test_many_connections_at_one_time(server):
    d = server(workers=2, **{"tcp-connections-per-client": 300})
    with connections(d.address, 300) as held:
        for i, s in enumerate(held):
            s.sendall(frame(message("slow.test" if i % 2 else "listed.test", i)))
        for i, s in enumerate(held):
            assert read_ids(s, 1) == [i]


def test_answer_of_64_kib_comes_whole(server):
    def huge(q):
        if q.transport == "udp":
            return q.truncated()
        return q.reply(*[f'{q.name} 60 IN TXT "{i:04d}{"x" * 245}"' for i in range(245)])
    d = server(huge)
    with tcp_socket(d.address) as s:
        for _ in range(5):
            s.sendall(frame(query("huge.test", "TXT")))
            wire = read_frame(s)
            assert len(wire) > 63000
            assert len(records(dns.message.from_wire(wire))) == 245
