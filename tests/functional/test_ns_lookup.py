# SPDX-License-Identifier: BSD-2-Clause
"""outgoing.ns-lookup: the servers of the zones that a name lies in are asked for, and rules for them meet
names whose answers say nothing of servers; and what that may cost is bounded, whatever a zone has."""
import threading
import time

import dns.exception
import pytest

from harness import zones
from harness.build import run_daemon
from harness.client import addresses, ask, exchange, query, rcode, records
from harness.crowd import ask_many
from harness.program import wait_until
from harness.upstream import ELSEWHERE, Later

HEAD = "$TTL 300\n@ 60 SOA ns.rpz. host.rpz. 7 3600 600 86400 30\n"
FEED = HEAD + """\
ns.evil.net.rpz-nsdname CNAME .
*.wild.net.rpz-nsdname CNAME *.
32.1.0.18.198.rpz-nsip A 192.0.2.31
48.zz.6.db8.2001.rpz-nsip A 192.0.2.36
"""
GOOD_NS, BAD_IP, BAD_IP6 = "192.0.2.200", "198.18.0.1", "2001:db8:6::1"


class World:
    """Zones, each with its servers; all names in them have an address, and replies are minimal: NS are told
    of where they are asked for alone."""

    def __init__(self, ttl=100, **zones):
        self.zones = {"test.": ["ns.good.net."], **{f"{k.replace('_', '.')}.": v for k, v in zones.items()}}
        self.hosts = {}     # of servers; others have GOOD_NS
        self.aliases = {}
        self.absent = set()
        self.ttl = ttl
        self.acts = {}      # by (name, type), or type: instead of a reply

    def zone_of(self, name):
        while name not in self.zones:
            if name == ".":
                return "."
            name = name.split(".", 1)[1] or "."
        return name

    def negative(self, q, code="NOERROR"):
        return q.reply(rcode=code, authority=[f"{self.zone_of(q.name)} {self.ttl} IN SOA . . 1 1 1 1 {self.ttl}"])

    def __call__(self, q):
        act = self.acts.get((q.name, q.type), self.acts.get(q.type))
        if act:
            return act(q)
        if q.name in self.aliases:
            target = self.aliases[q.name]
            return q.reply(f"{q.name} {self.ttl} IN CNAME {target}", *(
                [f"{target} {self.ttl} IN A {ELSEWHERE}"] if q.type == "A" else []))
        if q.name in self.absent:
            return self.negative(q, "NXDOMAIN")
        if q.type == "NS" and q.name in self.zones:
            return q.reply(*(f"{q.name} {self.ttl} IN NS {s}" for s in self.zones[q.name]))
        if q.type in ("A", "AAAA"):
            default = [GOOD_NS] if q.name.startswith("ns") else [ELSEWHERE]
            found = [a for a in self.hosts.get(q.name, default) if (":" in a) == (q.type == "AAAA")]
            if found:
                return q.reply(*(f"{q.name} {self.ttl} IN {q.type} {a}" for a in found))
        return self.negative(q)


def silent(_):
    return None


def servfail(q):
    return q.reply(rcode="SERVFAIL")


@pytest.fixture(name="serve")
def fixture_serve(daemon, upstream):
    def make(world, feed=FEED, lookup="wait", **config):
        up = upstream(world)
        d = daemon({"upstreams": [up.address], "outgoing": {"ns-lookup": lookup}, "guard": {"shortest-ipv4": 8},
                    **config})
        d.add_list("feed", feed, format="rpz", action="given")
        d.write_config()
        d.upstream = up
        return d.start()
    return make


def asked(up, kind=None):
    return sorted(q.name for q in up.asked() if kind in (None, q.type))


def twice(d, name, kind="A", **wanted):
    first, second = (ask(d.address, name, kind, **wanted) for _ in range(2))
    assert (rcode(first), records(first)) == (rcode(second), records(second))
    return second


# ---- what is met

def test_name_of_a_server(serve):
    d = serve(World(evil_test=["ns.evil.net."], wild_test=["ns1.good.net.", "a.b.wild.net."]))
    assert rcode(twice(d, "www.evil.test")) == "NXDOMAIN"
    assert rcode(twice(d, "evil.test")) == "NXDOMAIN"
    assert rcode(twice(d, "x.y.z.evil.test", "TXT")) == "NXDOMAIN"
    assert records(twice(d, "www.wild.test")) == []
    assert addresses(twice(d, "www.test")) == [ELSEWHERE]
    counters = d.counters()
    assert counters["servers_unknown"] == 0 and counters["server_lookups"] > 0 and counters["blocked_server"] == 8


def test_address_of_a_server(serve):
    world = World(four_test=["ns.four.test."], six_test=["ns9.good.net.", "ns.six.test."])
    world.hosts = {"ns.four.test.": [BAD_IP], "ns.six.test.": [GOOD_NS, BAD_IP6]}
    d = serve(world)
    assert addresses(twice(d, "www.four.test")) == ["192.0.2.31"]
    assert addresses(twice(d, "www.six.test")) == ["192.0.2.36"]
    assert addresses(twice(d, "www.test")) == [ELSEWHERE]


def test_without_the_option_nothing_is_asked(serve):
    d = serve(World(evil_test=["ns.evil.net."]), lookup="off")
    assert addresses(twice(d, "www.evil.test")) == [ELSEWHERE]
    assert asked(d.upstream) == ["www.evil.test."]


def test_without_such_rules_nothing_is_asked(serve):
    d = serve(World(), feed=HEAD + "x.test CNAME .\n32.1.0.18.198.rpz-ip CNAME .\n")
    assert addresses(twice(d, "www.test")) == [ELSEWHERE]
    assert asked(d.upstream) == ["www.test."]


def test_a_zone_above(serve):
    """The servers of each zone on the way are looked at, but for those of top-level domains."""
    d = serve(World(evil_test=["ns.evil.net."], sub_evil_test=["ns.good.net."]))
    assert rcode(twice(d, "www.sub.evil.test")) == "NXDOMAIN"
    d.upstream.script.zones["test."] = ["ns.evil.net."]
    assert addresses(twice(d, "www.test")) == [ELSEWHERE]
    assert "test." not in asked(d.upstream, "NS")


def test_what_a_cname_leads_to(serve):
    world = World(evil_test=["ns.evil.net."])
    world.aliases = {"www.test.": "host.evil.test."}
    d = serve(world)
    assert rcode(twice(d, "www.test")) == "NXDOMAIN"


def test_a_cname_that_comes_alone(serve):
    world = World(evil_test=["ns.evil.net."])
    world.acts = {("www.test.", "A"): lambda q: q.reply("www.test. 100 IN CNAME host.evil.test.")}
    d = serve(world)
    assert rcode(twice(d, "www.test")) == "NXDOMAIN"


def test_what_does_not_exist(serve):
    """The SOA says which zone would have it: the name itself is not asked for."""
    world = World(evil_test=["ns.evil.net."])
    world.absent = {"no.evil.test."}
    d = serve(world)
    assert rcode(twice(d, "no.evil.test")) == "NXDOMAIN"
    assert d.counted("blocked_server") == 2
    assert asked(d.upstream, "NS") == ["evil.test."]


def test_its_own_ns_and_addresses(serve):
    """Clients ask for what the look-up would."""
    world = World(evil_test=["ns.evil.net."], self_test=["ns.self.test."])
    world.hosts = {"ns.self.test.": [BAD_IP]}
    d = serve(world)
    assert rcode(twice(d, "evil.test", "NS")) == "NXDOMAIN"
    assert addresses(twice(d, "ns.self.test", "A")) == ["192.0.2.31"]
    assert addresses(twice(d, "self.test", "A")) == ["192.0.2.31"]


def test_ttl_of_zero(serve):
    d = serve(World(ttl=0, evil_test=["ns.evil.net."], four_test=["ns.four.test."]))
    d.upstream.script.hosts = {"ns.four.test.": [BAD_IP]}
    for _ in range(3):
        assert rcode(ask(d.address, "www.evil.test")) == "NXDOMAIN"
        assert addresses(ask(d.address, "www.four.test")) == ["192.0.2.31"]
        assert addresses(ask(d.address, "www.test")) == [ELSEWHERE]
    assert d.counted("servers_unknown") == 0


def test_a_pass_and_precedence(serve):
    world = World(evil_test=["ns.evil.net."])
    d = serve(world, feed=HEAD + "ns.evil.net.rpz-nsdname CNAME rpz-passthru.\n")
    d.add_list("later", HEAD + "www.evil.test A 192.0.2.66\nother.test A 192.0.2.67\n", format="rpz", action="given")
    d.write_config()
    d.reload_well()
    assert addresses(twice(d, "www.evil.test")) == [ELSEWHERE]
    assert addresses(twice(d, "other.test")) == ["192.0.2.67"]


def test_an_earlier_zone_is_not_waited_for(serve):
    world = World(evil_test=["ns.evil.net."])
    d = serve(world, feed=HEAD + "www.evil.test A 192.0.2.66\nns.evil.net.rpz-nsdname CNAME .\n")
    assert addresses(twice(d, "www.evil.test")) == ["192.0.2.66"]
    assert asked(d.upstream) == []


def test_a_listed_server_name_is_asked_for_all_the_same(serve):
    world = World(four_test=["ns.four.test."])
    world.hosts = {"ns.four.test.": [BAD_IP]}
    d = serve(world, feed=FEED + "ns.four.test CNAME .\n")
    assert addresses(twice(d, "www.four.test")) == ["192.0.2.31"]
    assert rcode(twice(d, "ns.four.test")) == "NXDOMAIN"


def test_a_reload_that_brings_the_rule(serve):
    d = serve(World(evil_test=["ns.evil.net."]), feed=HEAD + "x.test CNAME .\n")
    assert addresses(twice(d, "www.evil.test")) == [ELSEWHERE]
    d.write_list("feed", FEED)
    d.reload_well()
    assert rcode(twice(d, "www.evil.test")) == "NXDOMAIN"
    d.write_list("feed", HEAD + "x.test CNAME .\n")
    d.reload_well()
    assert addresses(twice(d, "www.evil.test")) == [ELSEWHERE]


# ---- what is asked

def test_each_thing_once(serve):
    d = serve(World(evil_test=["ns.good.net."]))
    for name in ("a.evil.test", "b.evil.test", "a.evil.test"):
        assert addresses(ask(d.address, name)) == [ELSEWHERE]
    names = asked(d.upstream)
    assert names == ["a.evil.test."] * 2 + ["b.evil.test."] * 2 + ["evil.test."] + ["ns.good.net."] * 2


def test_names_asked_together(serve):
    """One client, one cold zone: all of the look-ups are joined, and nobody is turned away."""
    d = serve(World(evil_test=["ns.evil.net."]), server={"burst-size": "1MiB"})
    world = d.upstream.script
    world.acts = {("evil.test.", "NS"): lambda q: Later(0.3, q.reply("evil.test. 100 IN NS ns.evil.net."))}
    outcomes = ask_many(d.address, [f"n{i}.evil.test" for i in range(200)], window=200)
    assert {o.rcode for o in outcomes} == {"NXDOMAIN"}
    assert asked(d.upstream, "NS").count("evil.test.") <= 6     # one a worker, and what is sent again


def test_a_zone_with_upstreams_of_its_own(daemon, upstream):
    """Zones above it are not on the way to its names; the zone's own servers ask for them."""
    inside, outside = World(), World(corp_test=["ns.evil.net."])
    inside.zones = {"lan.corp.test.": ["ns.good.net."]}
    up_in, up_out = upstream(inside), upstream(outside)
    d = daemon({"upstreams": [up_out.address], "outgoing": {"ns-lookup": "wait"},
                "forward": [{"zone": "lan.corp.test", "upstreams": [up_in.address]}]})
    d.add_list("feed", FEED, format="rpz", action="given")
    d.write_config()
    d.start()
    assert addresses(twice(d, "www.lan.corp.test")) == [ELSEWHERE]
    assert rcode(twice(d, "www.corp.test")) == "NXDOMAIN"
    assert asked(up_in, "NS") == ["lan.corp.test.", "www.lan.corp.test."]


def test_local_names_are_not_asked_for(serve):
    d = serve(World(), local={"names": [{"name": "www.own.test", "ipv4": ["192.0.2.9"]}]})
    assert addresses(twice(d, "www.own.test")) == ["192.0.2.9"]
    assert asked(d.upstream) == []


# ---- what is hostile

def test_a_hundred_servers(serve):
    """Twenty-four questions for a query at most; the next one goes on, until all is known."""
    many = [f"ns{i}.victim.net." for i in range(100)]
    world = World(evil_test=many)
    world.hosts = {"ns99.victim.net.": [BAD_IP]}
    d = serve(world)
    before = 0
    for turn in range(12):
        answer = ask(d.address, "www.evil.test")
        spent, before = d.counted("server_lookups") - before, d.counted("server_lookups")
        assert spent <= 24 and len(set(asked(d.upstream))) <= 24 * (turn + 1)
        if addresses(answer) == ["192.0.2.31"]:
            break
        assert addresses(answer) == [ELSEWHERE] and d.counted("servers_unknown") == turn + 1
    assert 8 <= turn <= 10
    assert addresses(twice(d, "www.evil.test")) == ["192.0.2.31"]


def test_a_hundred_server_names_are_all_judged(serve):
    d = serve(World(evil_test=[*(f"ns{i}.victim.net." for i in range(99)), "ns.evil.net."]),
              feed=HEAD + "ns.evil.net.rpz-nsdname CNAME .\n")
    assert rcode(twice(d, "www.evil.test")) == "NXDOMAIN"
    assert not asked(d.upstream, "AAAA")


def test_servers_that_do_not_exist_are_not_asked_for_again(serve):
    world = World(evil_test=[f"ns{i}.victim.net." for i in range(10)])
    world.absent = {f"ns{i}.victim.net." for i in range(10)}
    d = serve(world)
    for _ in range(3):
        assert addresses(ask(d.address, "www.evil.test")) == [ELSEWHERE]
    assert len(asked(d.upstream)) <= 1 + 2 + 20 and d.counted("servers_unknown") == 0


@pytest.mark.parametrize("act", [silent, servfail])
def test_ns_that_are_not_to_be_had(serve, act):
    """The answer passes, and is not remembered as clean: once they are to be had, it is blocked."""
    world = World(evil_test=["ns.evil.net."])
    world.acts = {"NS": act}
    d = serve(world, cache={"servfail-ttl": "1s"}, **{"outgoing": {"ns-lookup": "wait", "timeout": "1s"}})
    begun = time.monotonic()
    assert addresses(ask(d.address, "www.evil.test", timeout=8)) == [ELSEWHERE]
    assert time.monotonic() - begun < 5
    assert addresses(ask(d.address, "www.evil.test", timeout=8)) == [ELSEWHERE]
    assert d.counted("servers_unknown") == 2
    world.acts = {}
    wait_until(lambda: rcode(ask(d.address, "www.evil.test", timeout=8)) == "NXDOMAIN", 15, "it is blocked")


def test_a_server_that_fails_on_ns_of_names_in_a_zone(serve):
    world = World(evil_test=["ns.evil.net."])
    world.acts = {("www.evil.test.", "NS"): servfail}
    d = serve(world)
    assert rcode(twice(d, "www.evil.test")) == "NXDOMAIN"


def test_a_server_that_denies_names_without_ns(serve):
    """What is asked for the look-up's sake does not take a name from clients."""
    world = World(evil_test=["ns.good.net."])
    world.acts = {("www.evil.test.", "NS"): lambda q: world.negative(q, "NXDOMAIN")}
    d = serve(world)
    assert addresses(ask(d.address, "www.evil.test")) == [ELSEWHERE]
    assert rcode(ask(d.address, "www.evil.test", "TXT")) == "NOERROR"
    assert addresses(ask(d.address, "www.evil.test")) == [ELSEWHERE]
    assert d.upstream.count() <= 7


def test_circles(serve):
    world = World(evil_test=["ns.loop.test."], loop_test=["ns.evil.test.", "ns.loop.test."])
    world.aliases = {"ns.loop.test.": "ns.evil.test.", "ns.evil.test.": "ns.loop.test."}
    d = serve(world)
    assert addresses(ask(d.address, "www.evil.test", timeout=8)) == [ELSEWHERE]
    assert d.upstream.count() < 30


def test_a_reload_while_it_is_looked_for(serve):
    world = World(evil_test=["ns.evil.net."])
    world.acts = {"NS": lambda q: Later(1, q.reply(f"{q.name} 100 IN NS ns.evil.net.")
                                        if q.name == "evil.test." else world.negative(q))}
    d = serve(world)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(d.address, "www.evil.test", timeout=8)))
    asking.start()
    wait_until(lambda: asked(d.upstream, "NS"), 5, "the look-up begins")
    d.reload_well()
    d.write_list("feed", FEED + "more.test CNAME .\n")
    d.reload_well()
    asking.join()
    assert rcode(answers[0]) == "NXDOMAIN"


def test_clients_that_go_away(serve):
    world = World(evil_test=["ns.evil.net."])
    world.acts = {"NS": lambda q: Later(0.5, q.reply(f"{q.name} 100 IN NS ns.evil.net.")
                                        if q.name == "evil.test." else world.negative(q))}
    d = serve(world)
    for i in range(20):
        with pytest.raises(dns.exception.Timeout):
            exchange(d.address, query(f"n{i}.evil.test"), tcp=i % 2 > 0, timeout=0.02)
    wait_until(lambda: rcode(ask(d.address, "n1.evil.test")) == "NXDOMAIN", 10, "it is blocked")


def test_a_hand_over_while_it_is_looked_for(serve):
    world = World(evil_test=["ns.evil.net."])
    world.acts = {("evil.test.", "NS"): lambda q: Later(1, q.reply("evil.test. 100 IN NS ns.evil.net."))}
    d = serve(world)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(d.address, "www.evil.test", timeout=8)))
    asking.start()
    wait_until(lambda: asked(d.upstream, "NS"), 5, "the look-up begins")
    d.hand_over()
    asking.join()
    assert rcode(answers[0]) == "NXDOMAIN"
    assert rcode(ask(d.address, "www.evil.test", timeout=8)) == "NXDOMAIN"


# ---- without upstreams

def test_what_is_stale_stays_blocked(serve):
    world = World(ttl=1, evil_test=["ns.evil.net."])
    d = serve(world, outgoing={"ns-lookup": "wait", "timeout": "1s"}, cache={"servfail-ttl": "1s"})
    assert rcode(twice(d, "www.evil.test")) == "NXDOMAIN"
    assert addresses(twice(d, "www.test")) == [ELSEWHERE]
    d.upstream.script = silent
    time.sleep(2)
    assert rcode(ask(d.address, "www.evil.test", timeout=8)) == "NXDOMAIN"
    assert addresses(ask(d.address, "www.test", timeout=8)) == [ELSEWHERE]
    d.reload_well()
    assert rcode(ask(d.address, "www.evil.test", timeout=8)) == "NXDOMAIN"
    assert addresses(ask(d.address, "www.test", timeout=8)) == [ELSEWHERE]


# ---- in the background

def test_in_the_background(serve):
    world = World(evil_test=["ns.evil.net."])
    world.acts = {"NS": lambda q: Later(0.5, q.reply(f"{q.name} 100 IN NS ns.evil.net.")
                                        if q.name == "evil.test." else world.negative(q))}
    d = serve(world, lookup="background", server={"workers": 1})
    begun = time.monotonic()
    assert addresses(ask(d.address, "www.evil.test")) == [ELSEWHERE]
    assert time.monotonic() - begun < 0.5
    assert addresses(ask(d.address, "www.evil.test")) == [ELSEWHERE]
    wait_until(lambda: rcode(ask(d.address, "www.evil.test")) == "NXDOMAIN", 10, "it is blocked")
    assert d.counted("servers_unknown") >= 2
    assert asked(d.upstream, "A").count("www.evil.test.") == 1


# ---- groups

def test_a_list_of_a_group(daemon, upstream):
    """What was clean for those whom the list is not for is not so for the others."""
    world = World(evil_test=["ns.evil.net."])
    up = upstream(world)
    d = daemon({"upstreams": [up.address], "outgoing": {"ns-lookup": "wait"},
                "groups": [{"name": "wards", "clients": ["127.0.0.1"], "lists": ["feed"]}]})
    d.add_list("feed", FEED, format="rpz", action="given", **{"groups-only": True})
    d.write_config()
    d.start()
    assert addresses(twice(d, "www.evil.test", source="127.0.0.7")) == [ELSEWHERE]
    assert rcode(twice(d, "www.evil.test", source="127.0.0.1")) == "NXDOMAIN"
    assert addresses(twice(d, "www.evil.test", source="127.0.0.7")) == [ELSEWHERE]


@pytest.mark.parametrize("leads", [False, True])
def test_a_group_with_upstreams_of_its_own(daemon, upstream, leads):
    """Its zones' servers are those that its own upstreams know, and nobody else hears of its names."""
    world, world_of_wards = World(evil_test=["ns.good.net."]), World(evil_test=["ns.evil.net."])
    if leads:
        world_of_wards.acts = {("to.test.", "A"): lambda q: q.reply("to.test. 100 IN CNAME www.evil.test.")}
    up, of_wards = upstream(world), upstream(world_of_wards)
    d = daemon({"upstreams": [up.address], "outgoing": {"ns-lookup": "wait"},
                "groups": [{"name": "wards", "clients": ["127.0.0.1"], "upstreams": [of_wards.address]}]})
    d.add_list("feed", FEED, format="rpz", action="given")
    d.write_config()
    d.start()
    name = "to.test" if leads else "www.evil.test"
    assert rcode(twice(d, name, source="127.0.0.1")) == "NXDOMAIN"
    assert asked(up) == [] and "evil.test." in asked(of_wards, "NS")
    assert addresses(twice(d, "www.evil.test", source="127.0.0.7")) == [ELSEWHERE]
    assert rcode(twice(d, name, source="127.0.0.1")) == "NXDOMAIN"


# ---- explained

@pytest.mark.parametrize("lookup", ["off", "wait"])
def test_explained(serve, lookup):
    """Nobody is asked by --explain, which says so."""
    d = serve(World(evil_test=["ns.evil.net."]), lookup=lookup)
    told = run_daemon("-c", str(d.config_path), "--explain", "www.evil.test").stdout
    assert "answered: what the upstreams say" in told
    assert "list feed: has rules for name servers; who serves the name is not asked here" in told
    assert ("ns-lookup: off" in told) == (lookup == "off")
    assert asked(d.upstream) == []


# ---- real upstreams

@pytest.mark.parametrize("zone", [zones.PLAIN, zones.SIGNED])
@pytest.mark.parametrize("rule, answer", [
    ("ns.upstream.test.rpz-nsdname A 192.0.2.32\nns.signed.test.rpz-nsdname A 192.0.2.32", ["192.0.2.32"]),
    ("32.2.0.0.127.rpz-nsip A 192.0.2.31\nns.other.test.rpz-nsdname A 192.0.2.32", None)])
def test_behind_unbound(daemon, unbound, zone, rule, answer):
    """Which leaves NS away where it need not say them, and validates."""
    d = daemon({"upstreams": [unbound.address], "outgoing": {"ns-lookup": "wait"}, "guard": {"shortest-ipv4": 8}})
    d.add_list("feed", f"{HEAD}{rule}\n", format="rpz", action="given")
    d.write_config()
    d.start()
    for name in (f"www.{zone}", f"alias.{zone}", f"x.y.wild.{zone}"):
        first = addresses(ask(d.address, name, edns=True, do=True))
        assert first == addresses(ask(d.address, name)) and (first == answer if answer else first)
    assert rcode(ask(d.address, f"nothing.here.{zone}")) == ("NOERROR" if answer else "NXDOMAIN")
    assert d.counted("servers_unknown") == 0
