# SPDX-License-Identifier: BSD-2-Clause
"""Zones with upstreams of their own, the operator's own names, and special-use names."""
import pytest

from harness.build import run_daemon
from harness.client import (addresses, ask, dig, ede, flags, query, exchange, rcode, records, soa,
                            ttls)

GOOD, ZONE, OTHER = "198.51.100.7", "192.168.1.7", "192.168.2.7"
SPECIAL = {"special-use": True}
SINGLE = {"single-labels": True}

NAMES = [
    {"name": "printer.corp.example", "ipv4": ["192.168.1.9", "192.168.1.10"], "ipv6": ["fd00::9"],
     "ttl": 300},
    {"name": "www.corp.example", "cname": "printer.corp.example"},
    {"name": "info.corp.example", "txt": ["v=spf1 -all", "x" * 300]},
    {"name": "9.1.168.192.in-addr.arpa", "ptr": "lp.corp.example"},
    {"name": "*.dev.example", "ipv4": ["192.168.1.50"]},
]


def answering(upstream, address, **options):
    """An upstream that has this address for every name."""
    return upstream(lambda q: q.address(address) if q.type == "A" else q.negative("NOERROR"),
                    **options)


def forward(zone, *upstreams):
    return {"zone": zone, "upstreams": [up.address for up in upstreams]}


# ---- zones

@pytest.fixture
def three(daemon, upstream):
    """A daemon with upstreams for all names, for corp.example and for eu.corp.example."""
    ups = [answering(upstream, address) for address in (GOOD, ZONE, OTHER)]
    d = daemon({"upstreams": [ups[0].address],
                "forward": [forward("corp.example", ups[1]),
                            forward("eu.corp.example", ups[2])]})
    return d, ups


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_longest_zone_is_asked_and_no_other(three, tcp):
    d, ups = three
    d.start()
    expected = {"www.example": 0, "example.org": 0, "corp.example": 1, "WWW.Corp.Example": 1,
                "a.b.corp.example": 1, "xeu.corp.example": 1, "eu.corp.example": 2,
                "www.eu.corp.example": 2, "notcorp.example": 0, "corp.example.org": 0}
    for name, who in expected.items():
        for _ in range(2):
            assert addresses(ask(d.address, name, tcp=tcp)) == [(GOOD, ZONE, OTHER)[who]]
    for who, up in enumerate(ups):
        assert {q.name.lower() for q in up.asked()} == \
            {f"{name.lower()}." for name, i in expected.items() if i == who}
        assert up.count() == sum(i == who for i in expected.values())   # then they were cached


def test_ds_of_a_zone_is_asked_of_its_parent(three):
    d, ups = three
    d.start()
    for name in ("corp.example", "eu.corp.example", "www.eu.corp.example"):
        ask(d.address, name, "DS")
    assert [[q.name.lower() for q in up.asked()] for up in ups] == \
        [["corp.example."], ["eu.corp.example."], ["www.eu.corp.example."]]


def test_reload_adds_and_removes_zones_at_once(daemon, upstream):
    root, zone = answering(upstream, GOOD), answering(upstream, ZONE)
    d = daemon({"upstreams": [root.address]}).start()
    assert addresses(ask(d.address, "www.corp.example")) == [GOOD]
    d.configure({"forward": [forward("corp.example", zone)]})
    d.reload_well()
    for _ in range(4):  # whatever worker has it
        assert addresses(ask(d.address, "www.corp.example")) == [ZONE]
    d.configure({"forward": []})
    d.reload_well()
    for _ in range(4):
        assert addresses(ask(d.address, "www.corp.example")) == [GOOD]
    assert (root.count(), zone.count()) == (1, 1)


def test_zone_whose_upstream_is_silent_fails_alone(daemon, upstream):
    root, zone = answering(upstream, GOOD), upstream(lambda q: None)
    d = daemon({"upstreams": [root.address], "forward": [forward("corp.example", zone)],
                "outgoing": {"timeout": "1s", "retransmit": "100ms"}}).start()
    assert rcode(ask(d.address, "www.corp.example")) == "SERVFAIL"
    assert addresses(ask(d.address, "www.example")) == [GOOD]
    assert root.count("www.corp.example.") == 0


def test_lists_hold_in_a_zone(three):
    d, ups = three
    d.add_list("one", "bad.corp.example\n").start()
    assert addresses(ask(d.address, "bad.corp.example")) == ["192.0.2.1"]
    assert [up.count() for up in ups] == [0, 0, 0]


# ---- own names

@pytest.fixture
def own(daemon, upstream):
    up = answering(upstream, GOOD)
    return daemon({"upstreams": [up.address], "local": {"ttl": 60, "names": NAMES}}), up


def test_own_names(own):
    d, up = own
    d.start()
    where = d.address
    assert records(ask(where, "printer.corp.example", "A")) == [
        ("printer.corp.example.", "A", "192.168.1.9"),
        ("printer.corp.example.", "A", "192.168.1.10")]
    assert addresses(ask(where, "Printer.CORP.example", "AAAA")) == ["fd00::9"]
    assert ttls(ask(where, "printer.corp.example")) == {300}
    assert records(ask(where, "www.corp.example")) == [
        ("www.corp.example.", "CNAME", "printer.corp.example."),
        ("printer.corp.example.", "A", "192.168.1.9"),
        ("printer.corp.example.", "A", "192.168.1.10")]
    assert dig(where, "info.corp.example", "TXT").answers == [
        '"v=spf1 -all"', f'"{"x" * 255}" "{"x" * 45}"']
    assert addresses(ask(where, "a.b.dev.example")) == ["192.168.1.50"]
    assert dig(where, "-x", "192.168.1.9").answers == ["lp.corp.example."]
    assert dig(where, "-x", "192.168.1.10").answers == ["printer.corp.example."]
    assert dig(where, "-x", "fd00::9").answers == ["printer.corp.example."]
    none = ask(where, "printer.corp.example", "MX", edns=True)
    assert rcode(none) == "NOERROR" and soa(none) == ("printer.corp.example.", 60, 60)
    assert flags(none) == {"QR", "RD", "RA"}
    assert up.count() == 0
    assert d.counted("local_answers") == 10


def test_names_beside_own_ones_are_asked_upstream(own):
    d, up = own
    d.start()
    for name in ("corp.example", "x.printer.corp.example", "dev.example"):
        assert addresses(ask(d.address, name)) == [GOOD]
    assert up.count() == 3


def test_large_own_answer_is_truncated_over_udp(daemon):
    d = daemon({"local": {"names": [{"name": "big.lan",
                                     "txt": [f"{i} {'x' * 200}" for i in range(20)]}]}}).start()
    over_udp = ask(d.address, "big.lan", "TXT", edns=True)
    assert "TC" in flags(over_udp) and not over_udp.answer
    assert len(records(ask(d.address, "big.lan", "TXT", tcp=True))) == 20


def test_own_name_and_lists(own):
    """An ordinary list does not block an own name, a mandatory one does; so of a CNAME's target."""
    d, up = own
    d.add_list("ordinary", "corp.example\ndev.example\n").start()
    assert addresses(ask(d.address, "www.corp.example"))[0] == "192.168.1.10"
    assert addresses(ask(d.address, "x.dev.example")) == ["192.168.1.50"]
    assert addresses(ask(d.address, "other.corp.example")) == ["192.0.2.1"]
    d.add_list("order", "printer.corp.example\n", mandatory=True, reason="order",
               action="nxdomain").write_config()
    d.reload_well()
    for name in ("printer.corp.example", "www.corp.example"):
        answer = ask(d.address, name, edns=True)
        assert rcode(answer) == "NXDOMAIN" and ede(answer) == (16, "order")
    assert addresses(ask(d.address, "x.dev.example")) == ["192.168.1.50"]
    assert up.count() == 0


def test_own_name_in_a_zone(daemon, upstream):
    zone = answering(upstream, ZONE)
    d = daemon({"forward": [forward("corp.example", zone)], "local": {"names": NAMES}}).start()
    assert addresses(ask(d.address, "printer.corp.example"))[0] == "192.168.1.10"
    assert addresses(ask(d.address, "other.corp.example")) == [ZONE]
    assert zone.count() == 1


def test_reload_adds_and_removes_own_names(own):
    d, up = own
    d.start()
    d.configure({"local": {"names": [{"name": "new.lan", "ipv4": ["192.168.1.1"]}]}})
    d.reload_well()
    assert addresses(ask(d.address, "new.lan")) == ["192.168.1.1"]
    assert addresses(ask(d.address, "printer.corp.example")) == [GOOD]
    d.configure({"local": {"names": NAMES}})
    d.reload_well()
    assert addresses(ask(d.address, "new.lan")) == [GOOD]
    assert addresses(ask(d.address, "printer.corp.example", "AAAA")) == ["fd00::9"]


@pytest.mark.parametrize("names,place,why", [
    ([{"name": "a.lan", "cname": "b.lan", "ipv4": ["192.168.1.1"]}], "cname", "nothing beside it"),
    ([{"name": "a.lan", "txt": ["x"]}, {"name": "A.lan.", "txt": ["y"]}], "name", "given twice"),
    ([{"name": "a.lan", "cname": "A.lan"}], "cname", "a loop"),
], ids=["cname-beside", "twice", "loop"])
def test_wrong_names_are_told_with_their_place(daemon, names, place, why):
    d = daemon({"local": {"names": names}})
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 1
    assert f"local.names[{len(names) - 1}].{place}: " in done.stderr and why in done.stderr
    assert f"{d.config_path}:" in done.stderr


# ---- CNAMEs that lead out

OUT = {"names": [{"name": "shop.corp.example", "cname": "shop.hoster.example", "ttl": 77},
                 {"name": "alias.corp.example", "cname": "shop.corp.example"},
                 {"name": "here.corp.example", "cname": "x.localhost"}]}


def hoster(q):
    """A reply full of pointers into its own question."""
    if q.type != "A":
        return q.reply(rcode="NXDOMAIN" if q.type == "TXT" else "NOERROR", authority=[
            "hoster.example. 300 IN SOA ns.hoster.example. root.hoster.example. 1 3600 600 86400 300"])
    return q.reply(f"{q.name} 300 IN CNAME edge.{q.name}", f"edge.{q.name} 200 IN A {GOOD}",
                   authority=["hoster.example. 100 IN NS ns.hoster.example."])


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_cname_that_leads_out_is_followed(daemon, upstream, tcp):
    up = upstream(hoster)
    d = daemon({"upstreams": [up.address], "local": {"ttl": 60, **OUT}}).start()
    expected = [("shop.corp.example.", "CNAME", "shop.hoster.example."),
                ("shop.hoster.example.", "CNAME", "edge.shop.hoster.example."),
                ("edge.shop.hoster.example.", "A", GOOD)]
    alias = [("alias.corp.example.", "CNAME", "shop.corp.example.")]
    for _ in range(2):
        answer = ask(d.address, "shop.corp.example", edns=True, tcp=tcp)
        assert records(answer) == expected and rcode(answer) == "NOERROR"
        assert records(answer, "authority") == [("hoster.example.", "NS", "ns.hoster.example.")]
        assert records(ask(d.address, "alias.corp.example", tcp=tcp)) == alias + expected
    # asked once, for all who ask the one name or another
    assert [q.name.lower() for q in up.asked()] == ["shop.hoster.example."]
    assert records(ask(d.address, "shop.hoster.example", edns=True, tcp=tcp)) == expected[1:]
    nodata = ask(d.address, "alias.corp.example", "MX", tcp=tcp)
    assert rcode(nodata) == "NOERROR" and soa(nodata) == ("hoster.example.", 300, 300)
    none = ask(d.address, "alias.corp.example", "TXT", tcp=tcp)
    assert rcode(none) == "NXDOMAIN" and records(none) == alias + expected[:1]


def test_cname_that_leads_to_a_special_name(daemon, upstream):
    up = upstream(hoster)
    d = daemon({"upstreams": [up.address], "local": {**SPECIAL, **OUT}}).start()
    assert records(ask(d.address, "here.corp.example")) == [
        ("here.corp.example.", "CNAME", "x.localhost."), ("x.localhost.", "A", "127.0.0.1")]
    none = ask(d.address, "here.corp.example", "MX")
    assert records(none)[0][1] == "CNAME" and soa(none)[0] == "localhost."
    assert up.count() == 0


@pytest.mark.parametrize("listed", ["shop.hoster.example", "edge.shop.hoster.example"])
def test_cname_that_leads_to_a_listed_name(daemon, upstream, listed):
    d = daemon({"upstreams": [upstream(hoster).address], "local": OUT})
    d.add_list("one", f"{listed}\n").start()
    for _ in range(2):
        assert records(ask(d.address, "alias.corp.example")) == [
            ("alias.corp.example.", "A", "192.0.2.1")]
    d.write_list("one", "other.example\n")
    d.reload_well()
    assert GOOD in addresses(ask(d.address, "alias.corp.example"))
    d.write_list("one", f"{listed}\n")
    d.reload_well()
    assert addresses(ask(d.address, "alias.corp.example")) == ["192.0.2.1"]
    assert d.counted("blocked_cname") == 3


def test_cname_that_leads_into_a_zone(daemon, upstream):
    root, zone = upstream(hoster), upstream(hoster)
    d = daemon({"upstreams": [root.address], "forward": [forward("hoster.example", zone)],
                "local": OUT}).start()
    assert addresses(ask(d.address, "shop.corp.example")) == [GOOD]
    assert (root.count(), zone.count()) == (0, 1)


def test_cname_whose_target_cannot_be_had(daemon, upstream):
    d = daemon({"upstreams": [upstream(lambda q: q.reply(rcode="REFUSED")).address], "local": OUT})
    d.start()
    for _ in range(2):
        assert rcode(ask(d.address, "shop.corp.example", edns=True)) == "SERVFAIL"
    alone = exchange(d.address, query("shop.corp.example", rd=False))
    assert rcode(alone) == "NOERROR" and len(records(alone)) == 1


# ---- the hosts file

def test_hosts_file(daemon, upstream):
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address]})
    d.configure({"local": {"hosts-file": str(d.list_path("hosts")), "ttl": 30,
                           "names": [{"name": "own.lan", "ipv4": ["192.168.1.1"]}]}})
    d.write_list("hosts", "127.0.0.1 localhost\n192.168.1.20 nas.lan nas # disks\n"
                          "fd00::20 nas.lan\n192.168.1.99 own.lan\nno address\n")
    d.start()
    d.program.wait_line(r"hosts\.txt:5: skipped: does not begin with an address")
    assert addresses(ask(d.address, "nas.lan")) == ["192.168.1.20"]
    assert addresses(ask(d.address, "nas.lan", "AAAA")) == ["fd00::20"]
    assert addresses(ask(d.address, "nas")) == ["192.168.1.20"]
    assert ttls(ask(d.address, "nas")) == {30}
    assert dig(d.address, "-x", "192.168.1.20").answers == ["nas.lan."]
    assert addresses(ask(d.address, "own.lan")) == ["192.168.1.1"]   # the configuration's holds
    d.write_list("hosts", "192.168.1.21 nas.lan\n")
    d.reload_well()
    assert addresses(ask(d.address, "nas.lan")) == ["192.168.1.21"]
    assert addresses(ask(d.address, "nas")) == [GOOD]
    d.list_path("hosts").unlink()
    assert "reload FAILED, all stays as it was" in d.reload()
    assert addresses(ask(d.address, "nas.lan")) == ["192.168.1.21"]


def test_start_without_its_hosts_file(daemon):
    d = daemon({"local": {"hosts-file": "nowhere", "names": [{"name": "own.lan",
                                                              "ipv4": ["192.168.1.1"]}]}})
    d.start()
    assert "warning: local.hosts-file: nowhere: No such file or directory" in d.log()
    assert addresses(ask(d.address, "own.lan")) == ["192.168.1.1"]
    assert run_daemon("-c", d.config_path, "--check", cwd=d.folder).returncode == 1


# ---- special-use names

HERE = [
    ("localhost", "A", "NOERROR"), ("x.localhost", "TXT", "NOERROR"), ("a.invalid", "A", "NXDOMAIN"),
    ("a.test", "AAAA", "NXDOMAIN"), ("test", "DS", "NXDOMAIN"), ("a.local", "SRV", "NXDOMAIN"),
    ("abc.onion", "A", "NXDOMAIN"), ("a.alt", "A", "NXDOMAIN"), ("home.arpa", "SOA", "NOERROR"),
    ("router.home.arpa", "A", "NXDOMAIN"), ("_dns.resolver.arpa", "SVCB", "NOERROR"),
    ("1.2.3.10.in-addr.arpa", "PTR", "NXDOMAIN"), ("1.1.168.192.in-addr.arpa", "PTR", "NXDOMAIN"),
    ("1.0.20.172.in-addr.arpa", "PTR", "NXDOMAIN"), ("1.0.100.100.in-addr.arpa", "PTR", "NXDOMAIN"),
    ("1.1.254.169.in-addr.arpa", "PTR", "NXDOMAIN"), ("1.0.0.127.in-addr.arpa", "PTR", "NOERROR"),
    ("0.d.f.ip6.arpa", "PTR", "NXDOMAIN"), ("1.8.b.d.0.1.0.0.2.ip6.arpa", "PTR", "NXDOMAIN"),
]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_special_use_names_are_not_asked_upstream(daemon, upstream, tcp):
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address], "local": SPECIAL}).start()
    for name, kind, expected in HERE:
        answer = ask(d.address, name, kind, edns=True, tcp=tcp)
        assert (name, rcode(answer)) == (name, expected)
        assert "AA" not in flags(answer)
        if expected == "NXDOMAIN":
            owner, ttl, minimum = soa(answer)
            assert f".{name}.".endswith(f".{owner}") and ttl == minimum == 10800
            assert ede(answer) == (0, "special-use name")
    assert up.count() == 0
    assert d.counted("special_use") == len(HERE)


def test_loopback_and_its_reverse(daemon):
    d = daemon({"local": SPECIAL}).start()
    assert addresses(ask(d.address, "localhost")) == ["127.0.0.1"]
    assert addresses(ask(d.address, "x.LocalHost", "AAAA")) == ["::1"]
    assert dig(d.address, "-x", "127.0.0.1").answers == ["localhost."]
    assert dig(d.address, "-x", "::1").answers == ["localhost."]
    assert rcode(exchange(d.address, query("localhost", rd=False))) == "NOERROR"


def test_what_a_validator_asks_of_the_parent_is_asked_upstream(daemon, upstream):
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address], "local": SPECIAL}).start()
    for name in ("home.arpa", "10.in-addr.arpa", "d.f.ip6.arpa"):
        ask(d.address, name, "DS", do=True)
    assert up.count() == 3


def test_special_use_names_can_be_asked_upstream(daemon, upstream):
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address], "local": {"special-use": False}}).start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    d.configure({"local": SPECIAL})
    d.reload_well()
    assert rcode(ask(d.address, "a.test")) == "NXDOMAIN"
    assert up.count() == 1


def test_more_specific_names_are_excepted(daemon, upstream):
    """A zone with upstreams of its own at, above or below it, and an own name."""
    root, zone = answering(upstream, GOOD), answering(upstream, ZONE)
    d = daemon({"upstreams": [root.address],
                "forward": [forward(z, zone) for z in ("10.in-addr.arpa", "home.arpa", "ip6.arpa",
                                                       "1.168.192.in-addr.arpa")],
                "local": {**SPECIAL, "names": [{"name": "nas.local", "ipv4": ["192.168.2.1"]}]}})
    d.start()
    for name in ("1.2.3.10.in-addr.arpa", "10.in-addr.arpa", "x.home.arpa", "0.d.f.ip6.arpa",
                 "9.1.168.192.in-addr.arpa"):
        assert addresses(ask(d.address, name)) == [ZONE]
    assert zone.count() == 5
    assert rcode(ask(d.address, "9.2.168.192.in-addr.arpa", "PTR")) == "NXDOMAIN"
    assert addresses(ask(d.address, "nas.local")) == ["192.168.2.1"]
    assert dig(d.address, "-x", "192.168.2.1").answers == ["nas.local."]
    assert rcode(ask(d.address, "other.local")) == "NXDOMAIN"
    # what lies above a name of ours is there (RFC 8020)
    assert rcode(ask(d.address, "2.168.192.in-addr.arpa", "PTR")) == "NOERROR"
    assert root.count() == 0


def test_list_comes_before_special_use(daemon):
    d = daemon({"local": SPECIAL}).add_list("one", "bad.home.arpa\n").start()
    assert addresses(ask(d.address, "bad.home.arpa")) == ["192.0.2.1"]
    assert rcode(ask(d.address, "good.home.arpa")) == "NXDOMAIN"


def test_what_lies_above_an_own_name_exists(daemon, upstream):
    """A client that finds no zone `local` asks no resolver for what is in it."""
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address],
                "local": {**SPECIAL, **SINGLE,
                          "names": [{"name": "printer.local", "ipv4": ["192.168.1.6"]},
                                    {"name": "a.b.fritz", "ipv4": ["192.168.1.7"]}]}})
    d.start()
    answer = ask(d.address, "local", "SOA")
    assert rcode(answer) == "NOERROR" and [r[1] for r in records(answer)] == ["SOA"]
    for name in ("local", "fritz"):
        answer = ask(d.address, name)
        assert rcode(answer) == "NOERROR" and not answer.answer and soa(answer)[0] == f"{name}."
    assert rcode(ask(d.address, "other.local")) == "NXDOMAIN"
    d.configure({"local": {"names": []}})
    d.reload_well()
    assert rcode(ask(d.address, "local", "SOA")) == "NXDOMAIN"
    assert up.count() == 0


# ---- names that do not leave

def test_single_labels_are_not_asked_upstream(daemon, upstream):
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address], "local": {**SINGLE, "ttl": 77}}).start()
    for kind in ("A", "AAAA", "HTTPS"):
        answer = ask(d.address, "WPAD", kind, edns=True)
        assert rcode(answer) == "NXDOMAIN" and soa(answer) == (".", 77, 77)
        assert ede(answer) == (0, "no top-level domain")
    assert up.count() == 0
    for kind in ("NS", "SOA", "DS", "DNSKEY"):  # a validator behind us asks for these
        assert rcode(ask(d.address, "wpad", kind)) == "NOERROR"
    assert addresses(ask(d.address, "com")) == addresses(ask(d.address, "wpad.example")) == [GOOD]
    assert up.count() == 6
    d.configure({"local": {"single-labels": False}})
    d.reload_well()
    assert addresses(ask(d.address, "wpad")) == [GOOD]


def test_single_labels_that_somebody_knows(daemon, upstream):
    root, zone = answering(upstream, GOOD), answering(upstream, ZONE)
    d = daemon({"upstreams": [root.address], "forward": [forward("corp", zone)],
                "local": {**SINGLE, "names": [{"name": "nas", "ipv4": ["192.168.2.1"]}]}}).start()
    assert addresses(ask(d.address, "corp")) == [ZONE]
    assert addresses(ask(d.address, "nas")) == ["192.168.2.1"]
    assert root.count() == 0


def test_local_only_zones(daemon, upstream):
    root, zone = answering(upstream, GOOD), answering(upstream, ZONE)
    d = daemon({"upstreams": [root.address], "forward": [forward("deep.lan", zone)],
                "local": {"local-only": ["lan", "fritz.box", "local"], "special-use": False,
                          "names": [{"name": "nas.home.lan", "ipv4": ["192.168.2.1"]}]}}).start()
    for name in ("x.lan", "a.b.fritz.box", "x.local", "x.home.lan"):
        answer = ask(d.address, name, "TXT")
        assert rcode(answer) == "NXDOMAIN" and f".{name}.".endswith(f".{soa(answer)[0]}")
    for name in ("fritz.box", "home.lan", "lan"):
        assert rcode(ask(d.address, name)) == "NOERROR"
    assert addresses(ask(d.address, "nas.home.lan")) == ["192.168.2.1"]
    assert [r[1] for r in records(ask(d.address, "lan", "SOA"))] == ["SOA"]
    assert root.count() == 0
    assert addresses(ask(d.address, "x.deep.lan")) == [ZONE]
    assert addresses(ask(d.address, "a.test")) == [GOOD]


CANARIES = ["use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"]


def test_canaries(daemon, upstream):
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address]}).start()
    for name in CANARIES:
        answer = ask(d.address, name, edns=True)
        assert rcode(answer) == "NXDOMAIN" and ede(answer) == (0, "canary name")
        assert soa(answer)[0] == name.split(".", 1)[1] + "."
    assert up.count() == 0
    assert addresses(ask(d.address, "www.icloud.com")) == [GOOD]
    d.configure({"local": {"canaries": False}})
    d.reload_well()
    for name in CANARIES:
        assert addresses(ask(d.address, name)) == [GOOD]


def test_canaries_and_lists(daemon, upstream):
    up = answering(upstream, GOOD)
    d = daemon({"upstreams": [up.address]})
    d.add_list("allow", "mask.icloud.com\n", action="pass")
    d.add_list("one", "icloud.com\nuse-application-dns.net\n").start()
    assert addresses(ask(d.address, "mask.icloud.com")) == [GOOD]
    assert addresses(ask(d.address, "www.icloud.com")) == ["192.0.2.1"]
    for off in (False, True):   # an address would say that any resolver will do
        d.configure({"local": {"canaries": not off}})
        d.reload_well()
        for name in (CANARIES[0], CANARIES[2]):
            answer = ask(d.address, name, edns=True)
            assert rcode(answer) == "NXDOMAIN" and ede(answer) == (15, "one")


# ---- types that there are none of

def test_filtered_types(daemon, upstream):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN AAAA 2001:db8::1") if q.type == "AAAA"
                  else q.address(GOOD))
    d = daemon({"upstreams": [up.address], "server": {"filter-types": ["AAAA", "TYPE65280"]},
                "local": {"ttl": 77, "names": [
                    {"name": "nas.lan", "ipv6": ["fd00::1"]},
                    {"name": "out.lan", "cname": "www.example"}]}})
    d.add_list("one", "bad.example\n", sinkhole={"ipv4": "192.0.2.1", "ipv6": "2001:db8::dead"})
    d.start()
    for name, kind in (("www.example", "AAAA"), ("www.example", "TYPE65280")):
        answer = ask(d.address, name, kind, edns=True)
        assert rcode(answer) == "NOERROR" and not answer.answer
        assert soa(answer) == ("www.example.", 77, 77) and ede(answer) == (17, "filter-types")
    answer = ask(d.address, "out.lan", "AAAA")
    assert records(answer) == [("out.lan.", "CNAME", "www.example.")]
    assert soa(answer)[0] == "www.example."
    assert up.count() == 0 and d.counted("filtered_types") == 3
    assert addresses(ask(d.address, "www.example")) == [GOOD]
    assert addresses(ask(d.address, "nas.lan", "AAAA")) == ["fd00::1"]
    assert addresses(ask(d.address, "bad.example", "AAAA")) == ["2001:db8::dead"]
    d.configure({"server": {"filter-types": []}})
    d.reload_well()
    assert addresses(ask(d.address, "www.example", "AAAA")) == ["2001:db8::1"]


def test_hints_of_filtered_types(daemon, upstream):
    """They are not given either: neither fresh, nor of what was remembered before."""
    https = "1 . alpn=h2 ipv4hint=192.0.2.9 ipv6hint=2001:db8::9"
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN HTTPS {https}",
                                    f"{q.name} 300 IN HTTPS 2 svc.{q.name}"))
    d = daemon({"upstreams": [up.address]}).start()

    def hints(name):
        (_, _, first), (_, _, second) = records(ask(d.address, name, "HTTPS"))
        assert second == f"2 svc.{name}."
        assert first.startswith('1 . alpn="h2"')
        return [hint for hint in ("ipv4hint", "ipv6hint") if hint in first]

    assert hints("before.example") == ["ipv4hint", "ipv6hint"]
    d.configure({"server": {"filter-types": ["AAAA"]}})
    d.reload_well()
    for name in ("before.example", "before.example", "after.example", "after.example"):
        assert hints(name) == ["ipv4hint"]
    d.configure({"server": {"filter-types": ["A"]}})
    d.reload_well()
    assert hints("before.example") == ["ipv6hint"]
    assert up.count() == 2


# ---- an own name before a large answer

def test_answer_behind_an_own_name_stays_compressed(daemon, upstream):
    """The upstream's octets, and the CNAME: no more."""
    owner = "a-rather-long-label-for-a-name.of-many-octets.far.example."

    def script(q):
        return q.reply(*[f"{owner} 300 IN MX {i} mx{i}.mail.{owner}" for i in range(16)])
    up = upstream(script)
    names = [{"name": "own.corp.example", "cname": owner[:-1]}]
    d = daemon({"upstreams": [up.address], "local": {"names": names}}).start()
    direct = len(ask(d.address, owner, "MX", edns=True).to_wire())
    for tcp in (False, True):
        for _ in range(2):   # asked, and cached
            answer = ask(d.address, "own.corp.example", "MX", edns=True, tcp=tcp)
            assert "TC" not in flags(answer) and len(records(answer)) == 17
            assert len(answer.to_wire()) <= direct + len(owner) + 40


@pytest.mark.parametrize("octets,well", [(65100, True), (65420, True), (65520, False)])
def test_own_name_before_as_much_as_a_message_holds(daemon, upstream, octets, well):
    """Over TCP nothing is truncated: what is too large there fails."""
    def script(q):
        answer = q.reply(f"{q.name} 300 IN TYPE65280 \\# {octets - 60} {'00' * (octets - 60)}")
        return answer if q.transport != "udp" else q.truncated()
    up = upstream(script)
    names = [{"name": "own.corp.example", "cname": "far.example"}]
    d = daemon({"upstreams": [up.address], "local": {"names": names}}).start()
    for _ in range(2):
        answer = ask(d.address, "own.corp.example", "TYPE65280", edns=True, tcp=True)
        assert "TC" not in flags(answer)
        assert rcode(answer) == ("NOERROR" if well else "SERVFAIL")
        assert len(records(answer)) == (2 if well else 0)
    assert "TC" in flags(ask(d.address, "own.corp.example", "TYPE65280", edns=True)) or not well
