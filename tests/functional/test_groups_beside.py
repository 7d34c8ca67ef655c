# SPDX-License-Identifier: BSD-2-Clause
"""Groups of clients beside the rest: hunts, dry runs, explain, prefetch, hand-over, clients told by others."""
import json
import socket
import time

import dns.edns
import dns.message
import pytest

from harness.build import run_daemon, slow
from harness.client import addresses, ask, ede, rcode, records, soa
from harness.control import ctl
from harness.program import wait_until
from harness.proxy import header

KID, OFFICE, NOBODY = ("127.0.0.33", "127.0.0.65", "127.0.0.9")
PROXY, FORWARDER = "127.0.0.70", "127.0.0.71"
SINK, OWN, GOOD = "192.0.2.1", "192.0.2.77", "198.51.100.7"


@pytest.fixture
def grouped(daemon, upstream):
    """A daemon with an order's list, one for all, and one for the kids alone."""
    def make(config=None, script=lambda q: q.address(GOOD), adult=None, **kids):
        d = daemon({"upstreams": [upstream(script).address], "state": {"directory": "state"}, "groups": [
            {"name": "kids", "clients": ["127.0.0.32/27"], "lists": ["all", "adult"], "sinkhole-ipv4": OWN, **kids},
            {"name": "office", "clients": ["127.0.0.64/27"], "without": ["ads"]}], **(config or {})})
        d.socket = d.folder / "control.sock"
        d.configure({"control": {"socket": str(d.socket)}})
        d.add_list("court", "order.test\n", mandatory=True)
        d.add_list("ads", "ads.test\n")
        d.add_list("adult", "adult.test\n", **{"groups-only": True, **(adult or {})})
        return d.start()
    return make


def answered(d, name, client, **wanted):
    return addresses(ask(d.address, name, source=client, **wanted))


def test_hunts_know_who_asked(grouped):
    """A list has the name later: of all who asked, for whom the list holds or not."""
    d = grouped({"evidence": {"hunt-days": 30}})
    for client in (KID, NOBODY):
        assert answered(d, "late.test", client) == [GOOD]
    wait_until(lambda: d.counted("hunt_written") >= 2, slow(10, 30), "they are written")
    d.write_list("adult", "adult.test\nlate.test\n")
    mark = d.program.mark()
    d.reload()
    d.program.wait_line("hunt: .*listed names", since=mark, timeout=slow(15, 40))
    found = json.loads(ctl(d.socket, "hunt", "adult", "--json").stdout)["found"]
    assert {(f["name"], f["client"]) for f in found} == {("late.test", KID), ("late.test", NOBODY)}
    assert [answered(d, "late.test", c) for c in (KID, NOBODY)] == [[OWN], [GOOD]]


def test_what_only_logs_does_so_for_its_group(grouped):
    d = grouped(adult={"dry-run": True})
    for client in (KID, OFFICE, NOBODY):
        assert answered(d, "adult.test", client) == [GOOD]
    assert d.counters()["logged"] == 1


def test_a_dry_run_of_a_groups_list(grouped):
    d = grouped()
    d.write_list("adult", "adult.test\nmore.test\n")
    done = ctl(d.socket, "reload", "--dry-run")
    assert done.returncode == 0 and "more.test (adult)" in done.stdout, done
    assert answered(d, "more.test", KID) == [GOOD]
    d.reload()
    assert [answered(d, "more.test", c) for c in (KID, OFFICE, NOBODY)] == [[OWN], [GOOD], [GOOD]]


@pytest.mark.parametrize("name, kid, office, nobody", [
    ("adult.test", OWN, None, None), ("ads.test", OWN, None, SINK), ("order.test", SINK, SINK, SINK),
    ("free.test", None, None, None)])
def test_explained_without_a_service(grouped, name, kid, office, nobody):
    """By whatever way the address is written."""
    d = grouped()
    for client, address in ((KID, kid), (f"::ffff:{KID}", kid), (OFFICE, office), (NOBODY, nobody)):
        first = run_daemon("-c", d.config_path, "--explain", name, "--client", client).stdout.splitlines()[0]
        assert ("blocked-name" in first and address in first) if address else "forwarded" in first, first


def test_prefetched_for_those_who_may_have_it(grouped):
    """What is asked for anew for one group is blocked for the other all the same."""
    def script(q):
        return q.reply(f"{q.name} 3 IN CNAME adult.test.", f"adult.test. 3 IN A {GOOD}")
    d = grouped({"cache": {"prefetch": 90}}, script)
    begin = time.monotonic()
    while d.counters()["prefetches"] < 2 and time.monotonic() < begin + slow(15, 40):
        assert answered(d, "x.test", NOBODY)[-1:] == [GOOD]
        assert answered(d, "x.test", KID)[-1:] == [OWN]
        time.sleep(0.1)
    assert d.counters()["prefetches"] >= 2
    assert answered(d, "x.test", KID)[-1:] == [OWN]


def test_handed_over(grouped):
    """The cache comes along; no entry of one group's is clean for another."""
    def script(q):
        return q.reply(f"{q.name} 300 IN CNAME adult.test.", f"adult.test. 300 IN A {GOOD}")
    d = grouped(script=script)
    for client in (NOBODY, KID):
        answered(d, "x.test", client)
    for _ in range(2):
        d.hand_over()
        for client, address in ((KID, OWN), (OFFICE, GOOD), (NOBODY, GOOD), (KID, OWN)):
            assert answered(d, "x.test", client)[-1:] == [address]
    assert d.counted("forwarded") == 0


@pytest.mark.parametrize("clients", [["127.0.0.32/27"], ["::ffff:127.0.0.32/123"]])
def test_mapped_clients(grouped, clients):
    """An IPv4 client is one however a proxy, a forwarder or the configuration writes its address."""
    d = grouped({"server": {"proxy-protocol-from": [PROXY + "/32"], "client-subnet-from": [FORWARDER + "/32"]}},
                clients=clients)
    assert answered(d, "adult.test", KID) == [OWN]
    for told, address in ((KID, OWN), (f"::ffff:{KID}", OWN), (NOBODY, GOOD), (f"::ffff:{NOBODY}", GOOD)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((PROXY, 0))
            s.settimeout(slow(5, 20))
            s.sendto(header(told) + dns.message.make_query("adult.test", "A").to_wire(), d.address)
            answer = dns.message.from_wire(s.recv(4096))
        assert addresses(answer) == [address], told
    for told, address in ((KID, OWN), (NOBODY, GOOD)):
        query = dns.message.make_query("adult.test", "A", options=[dns.edns.ECSOption(told, 32)])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((FORWARDER, 0))
            s.settimeout(slow(5, 20))
            s.sendto(query.to_wire(), d.address)
            assert addresses(dns.message.from_wire(s.recv(4096))) == [address]


# ---- types that there are none of for a group

def script_of_both(q):
    return q.reply(f"{q.name} 300 IN AAAA 2001:db8::7") if q.type == "AAAA" else q.address(GOOD)


def test_types_of_a_group(grouped):
    d = grouped({"server": {"filter-types": ["TYPE65280"]}, "local": {"ttl": 77, "names": [
        {"name": "nas.lan", "ipv6": ["fd00::1"]}, {"name": "out.lan", "cname": "www.test"}]}},
        script_of_both, **{"filter-types": ["AAAA"]})
    for client in (NOBODY, KID, OFFICE, KID):
        answer = ask(d.address, "www.test", "AAAA", source=client, edns=True)
        if client == KID:
            assert rcode(answer) == "NOERROR" and not answer.answer
            assert soa(answer) == ("www.test.", 77, 77) and ede(answer) == (17, "filter-types")
        else:
            assert addresses(answer) == ["2001:db8::7"]
        assert addresses(ask(d.address, "nas.lan", "AAAA", source=client)) == ["fd00::1"]
        assert addresses(ask(d.address, "www.test", source=client)) == [GOOD]
        assert not ask(d.address, "www.test", "TYPE65280", source=client).answer
    answer = ask(d.address, "out.lan", "AAAA", source=KID)
    assert records(answer) == [("out.lan.", "CNAME", "www.test.")] and soa(answer)[0] == "www.test."
    assert len(records(ask(d.address, "out.lan", "AAAA", source=NOBODY))) == 2


def test_types_of_a_group_of_everybody(grouped):
    """What a CNAME leads to is asked for nobody in particular: no group's types are left out there."""
    def script(q):
        if q.name.startswith("www."):
            return q.reply(f"{q.name} 300 IN CNAME cdn.test.")
        return script_of_both(q)
    d = grouped(script=script)
    groups = d.config["groups"] + [{"name": "rest", "clients": ["0.0.0.0/0"], "filter-types": ["AAAA"]}]
    d.configure({"groups": groups})
    d.reload()
    for _ in range(2):
        assert addresses(ask(d.address, "www.test", "AAAA", source=KID))[-1:] == ["2001:db8::7"]
        assert ask(d.address, "www.test", "AAAA", source=NOBODY).answer == []
