# SPDX-License-Identifier: BSD-2-Clause
"""Who the client is, where a proxy says so by the PROXY protocol: dnsdist's way, at the start of each
datagram and of each connection."""
import json
import socket
import sqlite3
import time

import dns.flags
import dns.message
import dns.rcode
import pytest

from harness.build import slow
from harness.client import addresses, query, udp_socket
from harness.daemon import IPV4
from harness.program import wait_until
from harness.proxy import (DGRAM, LOCAL, PROXY, SIGNATURE, STREAM, connect, frame, header,
                           raw_header, read_frame)
from harness.told import CLIENT, CLIENT6, hunt, with_triggers

OTHER, STRANGER = "203.0.113.8", "198.51.100.1"
PROXIES = ["127.0.0.2/32", "::1/128"]
ALLOW = ["127.0.0.0/8", "::1/128", "203.0.113.0/24", "2001:db8:7::/48"]
FROM = "127.0.0.2"      # the proxy's address
UDP, COOKIE, TCP = 1, 2, 4


@pytest.fixture
def server(daemon, tmp_path):
    def make(server=None, **sections):
        d = daemon({"server": {"proxy-protocol-from": PROXIES, "allow": ALLOW, "workers": 1, **(server or {})},
                    "state": {"directory": str(tmp_path / "state")}, **sections})
        d.ledger = tmp_path / "state" / "ledger.db"
        return d.add_list("bots", "c2.test\n").start()
    return make


def told(d, message, head, source=FROM, timeout=5):
    """The answer to what a proxy hands on over UDP; None: none."""
    with udp_socket(d.address, source) as s:
        s.settimeout(timeout)
        s.send(head + message.to_wire())
        try:
            return dns.message.from_wire(s.recv(4096))
        except TimeoutError:
            return None


def is_silent(d, octets, source=FROM):
    """Nothing comes for it; what is sent behind it is answered, so that it was read."""
    with udp_socket(d.address, source) as s:
        s.send(octets)
        q = query("c2.test")
        s.send((header(CLIENT) if source == FROM else b"") + q.to_wire())
        return s.recv(4096)[:2] == q.to_wire()[:2]


def connected(d, source=FROM):
    s = socket.socket()
    s.bind((source, 0))
    s.settimeout(5)
    s.connect(d.address)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def asked(s, message):
    s.sendall(frame(message.to_wire()))
    return dns.message.from_wire(read_frame(s))


def findings(d):
    """(address, count, proven, ways) of each client."""
    try:
        with sqlite3.connect(f"file:{d.ledger}?mode=ro", uri=True, timeout=5) as db:
            return db.execute("SELECT address, sum(count), sum(proven), max(ways) FROM finding JOIN client"
                              " ON client.id = finding.client GROUP BY address ORDER BY address").fetchall()
    except sqlite3.OperationalError:
        return []


def test_over_udp(server):
    d = server()
    for client in CLIENT, CLIENT, CLIENT6:
        assert addresses(told(d, query("c2.test"), header(client))) == [IPV4]
    wait_until(lambda: findings(d) == [(CLIENT6, 1, 0, UDP), (CLIENT, 2, 0, UDP)], slow(5, 20),
               "both clients, and not the proxy")


def test_over_tcp(server):
    d = server()
    with connected(d) as s:
        s.sendall(header(CLIENT, STREAM, tlvs=b"\xe0\0\2ab"))
        for _ in range(3):
            assert addresses(asked(s, query("c2.test"))) == [IPV4]
    wait_until(lambda: findings(d) == [(CLIENT, 3, 3, TCP)], slow(5, 20), "a connection of the client's proves it")


def test_what_came_to_the_proxy_by_udp_is_not_proven(server):
    d = server()
    with connected(d) as s:
        s.sendall(header(CLIENT, DGRAM))
        assert addresses(asked(s, query("c2.test"))) == [IPV4]
    wait_until(lambda: findings(d) == [(CLIENT, 1, 0, UDP)], slow(5, 20), "over TCP, but not the client's")


def test_octet_by_octet(server):
    d = server()
    q = query("c2.test")
    with connected(d) as s:
        for octet in header(CLIENT, STREAM, tlvs=b"\x04\0\x05hello") + frame(q.to_wire()):
            s.sendall(bytes([octet]))
            time.sleep(0.002)
        assert addresses(dns.message.from_wire(read_frame(s))) == [IPV4]
        assert addresses(asked(s, query("c2.test"))) == [IPV4]


def test_all_at_once(server):
    d = server()
    q = query("c2.test").to_wire()
    with connected(d) as s:
        s.sendall(header(CLIENT, STREAM) + frame(q) * 3)
        assert [read_frame(s)[:2] for _ in range(3)] == [q[:2]] * 3


def test_access_is_the_clients(server):
    d = server()
    assert told(d, query("c2.test"), header(STRANGER)).rcode() == dns.rcode.REFUSED
    with connected(d) as s:
        s.sendall(header(STRANGER, STREAM))
        assert asked(s, query("c2.test")).rcode() == dns.rcode.REFUSED
        assert s.recv(1) == b""      # it shall not hold the connection
    assert d.counted("not_allowed") == 2


def test_the_proxy_itself(server):
    d = server()
    for head in raw_header(LOCAL, 0), raw_header(LOCAL, 0x11, b"x" * 12), raw_header(PROXY, 0):
        assert addresses(told(d, query("c2.test"), head)) == [IPV4]
        with connected(d) as s:
            s.sendall(head)
            assert addresses(asked(s, query("c2.test"))) == [IPV4]
    wait_until(lambda: findings(d) == [(FROM, 6, 3, UDP | TCP)], slow(5, 20), "its own address")


BAD = {
    "none": b"",
    "half a signature": SIGNATURE[:9],
    "longer than the datagram": header(CLIENT)[:14] + b"\xff\xff" + header(CLIENT)[16:],
    "a little longer": header(CLIENT)[:14] + b"\0\x40" + header(CLIENT)[16:],
    "of another family": raw_header(PROXY, 0x22, header(CLIENT)[16:]),
    "a TLV too long": header(CLIENT, tlvs=b"\x04\0\x09ab"),
    "version 1": b"PROXY UDP4 203.0.113.7 192.0.2.53 40000 53\r\n",
    "an unknown command": raw_header(0x2f, 0x12, header(CLIENT)[16:]),
    "a Unix socket": raw_header(PROXY, 0x32, b"/" * 216),
    "twice": header(CLIENT) * 2,
}


@pytest.mark.parametrize("head", BAD.values(), ids=BAD)
def test_bad_headers(server, head):
    d = server()
    q = query("c2.test").to_wire()
    assert is_silent(d, head + q)
    assert is_silent(d, head)
    with connected(d) as s:
        s.sendall(head + frame(q))
        s.shutdown(socket.SHUT_WR)
        assert s.recv(100) == b""
    counted = d.counters()
    assert counted["proxy_bad"] + counted["proxy_refused"] >= 2
    wait_until(lambda: findings(d) == [(CLIENT, 2, 0, UDP)], slow(5, 20), "what was good")


def test_a_header_that_is_cut_off(server):
    d = server()
    for length in 1, 11, 12, 15, 16, 27:
        assert is_silent(d, header(CLIENT)[:length])
    assert d.counted("proxy_bad") == 6
    with connected(d) as s:     # the rest may come: until the end
        s.sendall(header(CLIENT)[:27])
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""


def test_who_is_no_proxy(server):
    """Over UDP anybody may send from any address; but a header is taken from proxies alone."""
    d = server()
    q = query("c2.test").to_wire()
    mark = d.program.mark()
    assert is_silent(d, header(CLIENT) + q, "127.0.0.1")
    with connected(d, "127.0.0.1") as s:
        s.sendall(header(CLIENT, STREAM) + frame(q))
        assert s.recv(100) == b""
    assert d.counted("proxy_refused") == 2
    assert "127.0.0.1 sends a PROXY header" in d.log(mark)
    wait_until(lambda: findings(d) == [("127.0.0.1", 1, 0, UDP)], slow(5, 20), "its own query")


def test_the_answer_goes_to_the_proxy(server, upstream):
    """Over UDP, for what an upstream is asked, too, and each to the socket that asked."""
    up = upstream(lambda q: q.address("198.51.100.9"))
    d = server(upstreams=[up.address])
    with udp_socket(d.address, FROM) as one, udp_socket(d.address, FROM) as two:
        first, second = query("a.test"), query("a.test")
        second.id = first.id
        one.send(header(CLIENT) + first.to_wire())
        two.send(header(OTHER) + second.to_wire())
        for s in one, two:
            assert addresses(dns.message.from_wire(s.recv(4096))) == ["198.51.100.9"]
    with udp_socket(d.address, FROM) as s:    # the same port and ID, for two clients
        q = query("b.test")
        s.send(header(CLIENT) + q.to_wire())
        s.send(header(OTHER) + q.to_wire())
        assert [addresses(dns.message.from_wire(s.recv(4096))) for _ in range(2)] == [["198.51.100.9"]] * 2


def test_groups_and_rates_are_the_clients(server):
    d = server(groups=[{"name": "school", "clients": [CLIENT + "/32"], "without": ["bots"]}],
               **{"rate-limit": {"rate": 1, "burst": 2, "exempt": []}, "local": {"special-use": True}})
    assert told(d, query("c2.test"), header(CLIENT)).rcode() == dns.rcode.NXDOMAIN    # special use
    assert addresses(told(d, query("c2.test"), header(OTHER))) == [IPV4]
    many = [told(d, query("c2.test"), header("203.0.113.99")) for _ in range(8)]
    assert any(a.flags & dns.flags.TC for a in many)
    assert addresses(told(d, query("c2.test"), header("203.0.113.98"))) == [IPV4]


def test_triggers_for_clients_are_the_clients(server, upstream):
    """Of response policy zones."""
    d = with_triggers(server, upstream)
    for client, answer in ((CLIENT, "192.0.2.9"), ("203.0.113.77", "198.51.100.9"), (CLIENT6, "192.0.2.10")):
        assert addresses(told(d, query("any.test"), header(client))) == [answer]
    assert addresses(told(d, query("any.test"), raw_header(LOCAL, 0, b""))) == ["192.0.2.11"]


def test_hunts_are_for_the_clients(server, upstream, tmp_path):
    def ask_all(d):
        for client in (CLIENT, CLIENT6, CLIENT):
            told(d, query("evil.test"), header(client))
    assert hunt(server, upstream, tmp_path, 2, ask_all) == [CLIENT6, CLIENT]


def test_connections_are_the_clients(server):
    """The bound of one client is not the proxy's, and an idle one of its own makes room."""
    d = server({"tcp-connections-per-client": 2})
    held = []
    for client in [CLIENT] * 3 + [OTHER] * 2 + ["203.0.113.9"] * 2:
        s = connected(d)
        s.sendall(header(client, STREAM))
        assert addresses(asked(s, query("c2.test"))) == [IPV4]
        held.append(s)
    held[0].settimeout(slow(5, 20))
    assert held[0].recv(1) == b""
    assert d.counted("tcp_evicted") == 1
    for s in held[1:]:
        assert addresses(asked(s, query("c2.test"))) == [IPV4]
        s.close()
    held[0].close()


def test_a_reload_changes_the_proxies(server):
    d = server()
    d.configure({"server": {"proxy-protocol-from": []}})
    d.reload_well()
    with udp_socket(d.address, FROM) as s:
        s.send(query("c2.test").to_wire())
        assert addresses(dns.message.from_wire(s.recv(4096))) == [IPV4]
    assert told(d, query("c2.test"), header(CLIENT), timeout=1) is None


def test_the_query_log_has_the_client(server, tmp_path):
    d = server(**{"query-log": {"file": str(tmp_path / "queries.json")}})
    assert addresses(told(d, query("c2.test"), header(CLIENT6))) == [IPV4]
    path = tmp_path / "queries.json"
    wait_until(lambda: path.exists() and path.read_text(), slow(5, 20), "a line")
    assert json.loads(path.read_text().splitlines()[0])["client"]["ip"] == CLIENT6

