# SPDX-License-Identifier: BSD-2-Clause
"""The sockets: wildcard addresses, several workers, who may ask."""
import os
import socket
import threading

import dns.message
import pytest

from harness.client import (addresses, ask, dig, ede, flags, frame, is_closed, query, rcode,
                            read_frame, run_client, send_burst, tcp_socket, udp_socket)
from harness.namespace import joined, with_addresses, without_ipv6
from harness.program import of_threads

SINK = "192.0.2.1"


@pytest.fixture(scope="module")
def wildcard(shared_daemon):
    d = shared_daemon()
    d.configure({"server": {"listen": [f"0.0.0.0@{d.port}", f"::@{d.port}"], "workers": 3}})
    return d.add_list("one", "listed.test\n").start()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.255.255.254", "::1"])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_wildcard_answers_from_the_address_that_was_asked(wildcard, host, tcp):
    """dnspython and dig take no answer from elsewhere; each try may meet another worker."""
    for _ in range(12):
        assert addresses(ask((host, wildcard.port), "listed.test", tcp=tcp)) == [SINK]
    assert dig((host, wildcard.port), "listed.test", *(["+tcp"] if tcp else [])).answers == [SINK]


def test_wildcard_answers_forwarded_questions_from_the_address_that_was_asked(daemon, upstream):
    d = daemon({"upstreams": [upstream(lambda q: q.address("198.51.100.7")).address]})
    d.configure({"server": {"listen": [f"0.0.0.0@{d.port}", f"::@{d.port}"], "workers": 3}})
    d.start()
    for i in range(10):
        for host in ("127.0.0.2", "127.0.0.3", "::1"):
            assert addresses(ask((host, d.port), f"n{i}.test")) == ["198.51.100.7"]


def test_wildcard_answers_from_each_address_of_an_interface(daemon):
    """In a network of its own: addresses of which the kernel would choose another as the source."""
    hosts = ["10.9.0.1", "10.9.0.2", "10.9.0.3", "fd00:9::1", "fd00:9::2"]
    d = daemon()
    d.configure({"server": {"listen": ["0.0.0.0@5300", "::@5300"]}})
    d.add_list("one", "listed.test\n")
    d.start(prefix=with_addresses(*[f"{h}/{64 if ':' in h else 24}" for h in hosts]))
    for host in hosts:
        done = run_client([*joined(d.program.pid), "dig", "-r", f"@{host}", "-p", "5300", "+short",
                           "+tries=1", "+time=3", "listed.test"])
        assert done.stdout == f"{SINK}\n", (host, done.stdout, done.stderr)


def test_wildcard_beside_an_address_of_its_own(daemon):
    d = daemon()
    d.configure({"server": {"listen": [f"0.0.0.0@{d.port}", f"127.0.0.3@{d.port}"]}})
    d.add_list("one", "listed.test\n").start()
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        for tcp in (False, True):
            assert addresses(ask((host, d.port), "listed.test", tcp=tcp)) == [SINK]


def workers_of(d):
    return [name for name in of_threads(d.program.pid, "comm") if name.startswith("worker")]


def test_all_workers_serve(daemon):
    """Many sockets of ours are spread over the workers by the kernel; each counts for itself."""
    d = daemon({"server": {"workers": 4}}).add_list("one", "listed.test\n").start()

    def client():
        for _ in range(50):
            assert addresses(ask(d.address, "listed.test")) == [SINK]
    threads = [threading.Thread(target=client) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert d.counted("queries_udp") == 200
    assert sorted(workers_of(d)) == [f"worker-{i}" for i in range(4)]


def test_workers_0_is_one_for_each_core(daemon):
    d = daemon({"server": {"workers": 0}}).add_list("one", "listed.test\n").start()
    assert len(workers_of(d)) == os.cpu_count()


# ---- a machine without IPv6

@pytest.mark.parametrize("listen", [["127.0.0.1@5300", "::1@5300"], ["::1@5300", "127.0.0.1@5300"]],
                         ids=["IPv4 first", "IPv6 first"])
def test_loopback_address_that_is_not_there_is_left_out(daemon, listen):
    """What the default configuration names."""
    d = daemon()
    d.configure({"server": {"listen": listen}})
    d.add_list("one", "listed.test\n").start(prefix=without_ipv6())
    log = d.log()
    assert log.count("listening on ") == 1 and "listening on 127.0.0.1@5300" in log
    assert log.count("warning: cannot listen on ::1@5300") == 1
    d.reload_well()
    for options in ([], ["+tcp"]):
        done = run_client([*joined(d.program.pid), "dig", "-r", "@127.0.0.1", "-p", "5300", "+short",
                           "+tries=1", "+time=3", *options, "listed.test"])
        assert done.stdout == f"{SINK}\n", (done.stdout, done.stderr)


def test_loopback_of_ipv6_alone_is_an_error_without_ipv6(daemon):
    d = daemon()
    d.configure({"server": {"listen": ["::1@5300"]}})
    log = d.add_list("one", "listed.test\n").fails_to_start(prefix=without_ipv6())
    assert "error: cannot listen on ::1@5300" in log


# ---- who may ask

@pytest.fixture(scope="module")
def restricted(shared_daemon):
    d = shared_daemon({"server": {"allow": ["127.0.0.2/31"]}})
    return d.add_list("one", "listed.test\n").start()


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.3"])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_client_inside_is_served(restricted, source, tcp):
    assert addresses(ask(restricted.address, "listed.test", tcp=tcp, source=source)) == [SINK]


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.4", "::1"])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("name", ["listed.test", "elsewhere.test"])
def test_client_outside_is_refused_with_ede_18(restricted, source, tcp, name):
    where = ("::1" if ":" in source else "127.0.0.1", restricted.port)
    answer = ask(where, name, tcp=tcp, source=source, edns=True)
    assert rcode(answer) == "REFUSED" and ede(answer)[0] == 18
    assert not answer.answer and not answer.authority and "TC" not in flags(answer)
    assert rcode(ask(where, name, tcp=tcp, source=source)) == "REFUSED"


def test_refused_client_does_not_hold_a_connection(restricted):
    with tcp_socket(restricted.address, "127.0.0.1") as s:
        s.sendall(frame(query("listed.test")))
        assert dns.message.from_wire(read_frame(s)).rcode() == 5
        assert is_closed(s)


def test_refused_clients_are_counted(restricted):
    before = restricted.counted("not_allowed")
    ask(restricted.address, "listed.test", source="127.0.0.9")
    assert restricted.counted("not_allowed") == before + 1


def test_nobody_may_ask_when_none_is_allowed(daemon):
    d = daemon({"server": {"allow": []}}).add_list("one", "listed.test\n").start()
    assert rcode(ask(d.address, "listed.test")) == "REFUSED"


def test_default_is_no_open_resolver(daemon):
    """A public address of ours is refused, a private one is served."""
    d = daemon()
    d.configure({"server": {"listen": ["0.0.0.0@5300"]}})
    d.add_list("one", "listed.test\n")
    d.start(prefix=with_addresses("10.9.0.1/24", "203.0.113.1/24"))
    for host, expected in (("10.9.0.1", "NOERROR"), ("203.0.113.1", "REFUSED")):
        done = run_client([*joined(d.program.pid), "dig", "-r", f"@{host}", "-b", host, "-p",
                           "5300", "+tries=1", "+time=3", "listed.test"])
        assert f"status: {expected}" in done.stdout, done.stdout


def test_allow_changes_by_reload(daemon):
    d = daemon().add_list("one", "listed.test\n").start()
    assert rcode(ask(d.address, "listed.test")) == "NOERROR"
    d.configure({"server": {"allow": ["127.0.0.2"]}})
    d.reload_well()
    assert rcode(ask(d.address, "listed.test")) == "REFUSED"
    assert rcode(ask(d.address, "listed.test", source="127.0.0.2")) == "NOERROR"


def test_burst_of_datagrams_is_answered_in_full(daemon):
    """More than one batch at one time, all from one socket: one worker's."""
    d = daemon().add_list("one", "listed.test\n").start()
    with udp_socket(d.address) as s:
        send_burst(s, "listed.test", 500)
        assert {s.recv(512)[:2] for _ in range(500)} == {n.to_bytes(2, "big") for n in range(500)}
