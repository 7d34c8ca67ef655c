# SPDX-License-Identifier: BSD-2-Clause
"""What one client may have over UDP: so many queries a second where a rate is set, and so much at one
time of what was held back for it."""
import contextlib
import socket
import struct
import threading
import time

import dns.edns
import dns.flags
import dns.message
import pytest

from harness.client import ask, dig, query, udp_raw, udp_socket
from harness.crowd import ask_many, fresh
from harness.daemon import IPV4
from harness.program import wait_until
from harness.upstream import Later

GOOD = "198.51.100.7"
LARGE = 1100    # octets of an answer that still goes over UDP
EVERYBODY = {"exempt": []}  # the tests' own addresses are exempt by default


@pytest.fixture
def server(daemon, upstream):
    def make(script=lambda q: q.address(GOOD), rate=None, server=None, **sections):
        d = daemon({"upstreams": [upstream(script).address],
                    "server": {"workers": 1, "drain-timeout": 0, **(server or {})},
                    "rate-limit": {**EVERYBODY, **(rate or {})}, **sections})
        return d.add_list("one", "listed.test\n").start()
    return make


def wire_of(name, number, **wanted):
    message = query(name, **wanted)
    message.id = number
    return message.to_wire()


def answers(s, quiet=0.7):
    """All that comes until nothing has for a while."""
    found = []
    s.settimeout(quiet)
    with contextlib.suppress(TimeoutError):
        while True:
            found.append(s.recv(65535))
    return found


def ask_at_once(d, count, name="listed.test", source=None, **wanted):
    """Whole answers, and truncated ones."""
    with udp_socket(d.address, source) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for number in range(count):
            s.send(wire_of(name, number, **wanted))
        got = answers(s)
    whole = [w for w in got if not w[2] & 2]
    return whole, [w for w in got if w[2] & 2]


# ---- the rate

def test_nobody_is_limited_by_default(daemon, upstream):
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address]})
    d.add_list("one", "listed.test\n").start()
    assert len(ask_at_once(d, 500, source="127.0.0.5")[0]) == 500
    assert d.counted("rate_exceeded") == 0


@pytest.mark.parametrize("name", ["listed.test", "other.net"])
def test_beyond_the_burst_answers_are_truncated(server, name):
    """Each is answered; what is truncated is no longer than the query, and has no record.  What is
    listed is counted all the same."""
    d = server(rate={"rate": 1, "burst": 10})
    whole, truncated = ask_at_once(d, 50, name)
    assert 10 <= len(whole) <= 12 and len(whole) + len(truncated) == 50
    assert max(map(len, truncated)) == len(wire_of(name, 0))
    assert {w[6:12] for w in truncated} == {bytes(6)}
    counted = d.counters()
    assert counted["rate_exceeded"] == len(truncated) and counted["rate_dropped"] == 0
    if name == "listed.test":
        assert counted["blocked_name"] == 50


@pytest.mark.parametrize("name, kind", [
    ("LiSted.test", "A"), ("below.LISTED.test", "MX"), ("oWn.test", "A"), ("alias.TEST", "A"),
    ("Kept.net", "A"), ("kept.net", "ANY"), ("fresh.NET", "DNSKEY"), ("version.bind", "TXT"),
    ("localhost", "A")])
@pytest.mark.parametrize("edns", [False, True])
def test_truncated_answer_repeats_the_question(server, name, kind, edns):
    """Whatever the whole answer would have been, and however often it was built there before."""
    d = server(rate={"rate": 1, "burst": 1}, server={"cookies": False}, local={"names": [
        {"name": "own.test", "ipv4": ["192.0.2.5"]}, {"name": "alias.test", "cname": "kept.net"}]})
    ask(d.address, "kept.net", tcp=True)
    wanted = {"qtype": kind, "edns": edns, "qclass": "CH" if name == "version.bind" else "IN"}
    _, truncated = ask_at_once(d, 12, name, **wanted)
    assert len(truncated) >= 9
    sent = wire_of(name, 0, **wanted)
    for wire in truncated:
        assert len(wire) == len(sent) and wire[12:len(sent) - 11 * edns] == sent[12:len(sent) - 11 * edns]
        assert wire[4:12] == b"\0\1\0\0\0\0\0" + bytes([edns]) and wire[3] & 15 == 0


def test_nothing_is_asked_upstream_beyond_the_rate(server):
    seen = []

    def script(q):
        seen.append(q.name)
        return q.address(GOOD)
    d = server(script, rate={"rate": 1, "burst": 5})
    with udp_socket(d.address) as s:
        for number, name in enumerate(fresh(60)):
            s.send(wire_of(name, number))
        got = answers(s)
    assert len(got) == 60 and sum(n.startswith("n") for n in seen) <= 7


def test_real_client_comes_by_tcp(server):
    d = server(rate={"rate": 1, "burst": 1})
    for _ in range(5):
        assert dig(d.address, "listed.test").answers == [IPV4]
        assert dig(d.address, "other.net").answers == [GOOD]
    counted = d.counters()
    assert counted["rate_exceeded"] >= 7 and counted["queries_tcp"] >= 7


def test_bucket_fills_again(server):
    d = server(rate={"rate": 20, "burst": 4})
    assert len(ask_at_once(d, 40)[0]) >= 4
    wait_until(lambda: len(ask_at_once(d, 4)[1]) == 0, 10, "four are answered again")


def test_others_are_not_limited(server):
    d = server(rate={"rate": 1, "burst": 3})
    assert ask_at_once(d, 100, source="127.0.0.9")[1]
    for n in range(2, 9):
        whole, truncated = ask_at_once(d, 3, source=f"127.0.1.{n}")
        assert len(whole) == 3 and not truncated


def test_client_is_a_prefix(server):
    d = server(rate={"rate": 1, "burst": 4}, server={"client-prefix-ipv4": 24})
    whole = sum(len(ask_at_once(d, 2, source=f"127.0.3.{n}")[0]) for n in range(1, 11))
    assert 4 <= whole <= 16     # 20, if each address was one
    assert len(ask_at_once(d, 4, source="127.0.4.1")[0]) == 4


def test_exempt_and_networks_of_their_own(server):
    d = server(rate={"rate": 1, "burst": 2, "exempt": ["127.0.5.0/24"],
                     "networks": [{"prefixes": ["127.0.6.0/24"], "rate": 1, "burst": 20}]})
    assert len(ask_at_once(d, 60, source="127.0.5.1")[0]) == 60
    assert 20 <= len(ask_at_once(d, 60, source="127.0.6.1")[0]) <= 23
    assert 2 <= len(ask_at_once(d, 60, source="127.0.7.1")[0]) <= 5


def test_only_a_network_is_limited(server):
    d = server(rate={"networks": [{"prefixes": ["127.0.6.0/24"], "rate": 1, "burst": 20}]})
    assert len(ask_at_once(d, 60, source="127.0.5.1")[0]) == 60
    assert len(ask_at_once(d, 60, source="127.0.6.1")[1]) > 30


@pytest.mark.parametrize("slip, least, most", [(0, 0, 0), (1, 300, 300), (2, 100, 200), (100, 0, 20)])
def test_slip(server, slip, least, most):
    d = server(rate={"rate": 1, "burst": 1, "slip": slip})
    _, truncated = ask_at_once(d, 301)
    assert least - 10 <= len(truncated) <= most
    counted = d.counters()
    assert counted["rate_exceeded"] - counted["rate_dropped"] == len(truncated)


def test_dry_run_counts_and_answers(server):
    d = server(rate={"rate": 1, "burst": 1, "dry-run": True})
    whole, truncated = ask_at_once(d, 50)
    assert len(whole) == 50 and not truncated
    assert d.counted("rate_exceeded") >= 45
    wait_until(lambda: "dry run" in d.log(), 5, "the log tells")


def cookie(data):
    return dns.edns.GenericOption(10, data)


def server_cookie(d, source):
    message = ask(d.address, "listed.test", options=[cookie(b"c" * 8)], source=source)
    return next(o.data for o in message.options if o.otype == 10)


def test_good_cookie_is_not_limited(server):
    """The truncated answer has it; another address's is worth nothing, nor is a wrong one."""
    d = server(rate={"rate": 1, "burst": 1})
    ask_at_once(d, 20, source="127.0.0.8")
    with udp_socket(d.address, "127.0.0.8") as s:
        s.send(wire_of("listed.test", 1, options=[cookie(b"c" * 8)]))
        told = dns.message.from_wire(s.recv(4096))
    assert told.flags & dns.flags.TC
    good = next(o.data for o in told.options if o.otype == 10)
    for source, data, limited in (("127.0.0.8", good, False), ("127.0.0.9", good, True),
                                  ("127.0.0.8", b"d" * 8 + good[8:], True),
                                  ("127.0.0.8", good[:-1] + bytes([good[-1] ^ 1]), True)):
        whole, truncated = ask_at_once(d, 30, source=source, options=[cookie(data)])
        assert (len(truncated) > 20) is limited, (source, data)
        assert len(whole) + len(truncated) == 30


def test_what_is_no_query_is_dropped_beyond_the_rate(server):
    """An error has no use for the client, who would be told a lie by an empty answer."""
    d = server(rate={"rate": 1, "burst": 1})
    ask_at_once(d, 10)
    assert udp_raw(d.address, wire_of("listed.test", 1)[:-3], timeout=1) is None
    assert ask(d.address, "listed.test", tcp=True)


def test_those_not_allowed_are_limited_too(server):
    d = server(rate={"rate": 1, "burst": 2}, server={"allow": ["127.0.0.1"]})
    whole, truncated = ask_at_once(d, 30, source="127.0.0.9")
    assert {w[3] & 15 for w in whole} == {5} and len(truncated) > 20


def test_ipv4_mapped_and_ipv6(server):
    d = server(rate={"rate": 1, "burst": 4})
    v6 = ("::1", d.port)
    with udp_socket(v6) as s:
        for number in range(30):
            s.send(wire_of("listed.test", number))
        assert sum(1 for w in answers(s) if w[2] & 2) > 20
    assert len(ask_at_once(d, 4)[0]) == 4


def test_log_names_the_heaviest_once_a_minute(server):
    """First those who are near it, then those who are over it; no line for each."""
    d = server(rate={"rate": 1, "burst": 20}, server={"client-prefix-ipv4": 24})
    ask_at_once(d, 18, source="127.0.8.7")
    wait_until(lambda: "is near it" in d.log(), 5, "the warning")
    assert "127.0.8.0/24 is near it" in d.log() and "were over it" not in d.log()
    ask_at_once(d, 300, source="127.0.9.9")
    wait_until(lambda: "were over it" in d.log(), 5, "it is told")
    assert " of client 127.0.9.0/24, who had most" in d.log()
    for _ in range(3):
        ask_at_once(d, 50, source="127.0.10.1")
    assert d.log().count("were over it") == 1 and d.log().count("is near it") == 1


def test_reload_changes_the_rate(server):
    d = server()
    assert len(ask_at_once(d, 60)[0]) == 60
    d.configure({"rate-limit": {"rate": 1, "burst": 5}})
    d.reload_well()
    assert len(ask_at_once(d, 60)[1]) > 40
    d.configure({"rate-limit": {"rate": 0}})
    d.reload_well()
    assert len(ask_at_once(d, 60)[0]) == 60


def test_thousands_of_prefixes_do_not_free_the_heavy_one(server):
    """Many addresses, each with a query now and then, are answered; who floods stays limited."""
    d = server(rate={"rate": 1, "burst": 2})
    ask_at_once(d, 50, source="127.0.0.9")
    for n in range(3000):
        with udp_socket(d.address, f"127.{n // 250 + 1}.{n % 250}.1") as s:
            s.send(wire_of("listed.test", 1))
            assert not s.recv(4096)[2] & 2, n
    whole, truncated = ask_at_once(d, 60, source="127.0.0.9")
    assert len(truncated) > 50, (len(whole), len(truncated))


# ---- bursts of what was held back

class HeldBack:
    """Names in held.net have large answers, all at one time: so long after the first was asked
    for.  All others are answered at once."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.release = None

    def __call__(self, q):
        if not q.name.endswith("held.net."):
            return q.address(GOOD)
        self.release = self.release or q.time + self.seconds
        rdata = (b"\xf0" + b"x" * 240) * (LARGE // 250)
        record = struct.pack("!HHHIH", 0xc00c, 16, 1, 300, len(rdata)) + rdata
        return Later(max(0, self.release - q.time), q.wire[:2] + bytes.fromhex("81800001000100000000")
                     + q.wire[12:q.end] + record)


def collect(d, count, seconds, options=(), source=None):
    """Asks for so many names over the time, then takes what comes: octets sent, and the answers."""
    sent = 0
    with udp_socket(d.address, source) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for number in range(count):
            wire = wire_of(f"h{number}.held.net", number, qtype="TXT", edns=True, options=options)
            sent += s.send(wire)
            time.sleep(seconds / count)
        return sent, answers(s, 3)


def test_names_that_are_held_back_set_off_no_flood(server):
    """Seen before: 44 kB of queries within three seconds, 1.167 MB of answers within 7 ms."""
    d = server(HeldBack(3))
    sent, got = collect(d, 400, 1)
    whole = [w for w in got if not w[2] & 2]
    assert len(got) == 400 and sum(map(len, got)) < sent + sum(map(len, whole))
    assert 1 <= sum(map(len, whole)) <= 64 * 1024, len(whole)  # 8 KiB, and more on a busy machine
    assert d.counted("burst_truncated") == 400 - len(whole)


def test_bound_of_bursts_is_an_option(server):
    d = server(HeldBack(1.5), server={"burst-size": 0})
    _, got = collect(d, 100, 0.5)
    assert len(got) == 100 and not [w for w in got if w[2] & 2]
    d.configure({"server": {"burst-size": 1}})
    d.reload_well()
    assert d.counted("burst_truncated") == 0


def test_bursts_of_who_has_a_good_cookie_are_not_bounded(server):
    d = server(HeldBack(1.5))
    good = server_cookie(d, "127.0.0.4")
    _, got = collect(d, 100, 0.5, options=[cookie(good)], source="127.0.0.4")
    assert len(got) == 100 and not [w for w in got if w[2] & 2]


def test_burst_of_one_client_is_not_anothers(server):
    d = server(HeldBack(1.5))
    found = {}

    def run(source, count):
        found[source] = collect(d, count, 0.5, source=source)[1]
    threads = [threading.Thread(target=run, args=(f"127.0.0.{n}", count))
               for n, count in ((4, 300), (5, 4), (6, 4))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [w[2] & 2 for n in (5, 6) for w in found[f"127.0.0.{n}"]] == [0] * 8
    assert sum(1 for w in found["127.0.0.4"] if w[2] & 2) > 100


def test_forwarder_of_many_is_not_bounded_at_all(server):
    """A thousand clients behind one address, whose names are answered as they are asked for."""
    d = server(lambda q: q.quick(GOOD))
    outcomes = ask_many(d.address, fresh(2000), window=200)
    assert {(o.rcode, *o.addresses) for o in outcomes} == {("NOERROR", GOOD)}
    assert d.counted("burst_truncated") == 0
