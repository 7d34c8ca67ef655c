# SPDX-License-Identifier: BSD-2-Clause
"""Who the client is, where a forwarder says so by EDNS client subnet (RFC 7871)."""
import json
import re
import socket
import sqlite3
import subprocess

import dns.edns
import dns.flags
import dns.rcode
import pytest

from harness.build import slow
from harness.client import addresses, ask, dig, exchange, query, rcode
from harness.daemon import IPV4
from harness.program import wait_until
from harness.told import CLIENT, CLIENT6, hunt, with_triggers

FORWARDER, OTHER = "127.0.0.2", "127.0.0.3"
SUBNET = dns.edns.OptionType.ECS
UDP, TCP = 1, 4


@pytest.fixture
def server(daemon, tmp_path):
    def make(server=None, **sections):
        d = daemon({"server": {"client-subnet-from": [FORWARDER + "/32"], "workers": 1, **(server or {})},
                    "state": {"directory": str(tmp_path / "state")}, **sections})
        d.ledger = tmp_path / "state" / "ledger.db"
        return d.add_list("bots", "c2.test\n").start()
    return make


def told(d, client, bits=None, name="c2.test", source=FORWARDER, **wanted):
    """The answer to what a forwarder asks for a client."""
    bits = bits if bits is not None else 128 if ":" in client else 32
    return ask(d.address, name, source=source, options=[dns.edns.ECSOption(client, bits)], **wanted)


def raw(data):
    return dns.edns.GenericOption(SUBNET, data)


def subnet(answer):
    """(address, SOURCE, SCOPE) of the option that is given back; None: none is."""
    for option in answer.options:
        if option.otype == SUBNET:
            return option.address, option.srclen, option.scopelen
    return None


def findings(d, what="address, form, sum(count), sum(proven), max(ways)"):
    try:
        with sqlite3.connect(f"file:{d.ledger}?mode=ro", uri=True, timeout=5) as db:
            return db.execute(f"SELECT {what} FROM finding JOIN client ON client.id = finding.client"
                              " GROUP BY address ORDER BY address").fetchall()
    except sqlite3.OperationalError:
        return []


def test_findings_are_the_clients(server):
    d = server()
    assert addresses(told(d, CLIENT)) == [IPV4]
    assert addresses(told(d, CLIENT, tcp=True)) == [IPV4]    # that is the forwarder's connection
    assert addresses(told(d, CLIENT, 24)) == [IPV4]
    assert addresses(told(d, CLIENT6, 56)) == [IPV4]
    assert addresses(told(d, "::ffff:203.0.113.7")) == [IPV4]
    wait_until(lambda: findings(d) == [("2001:db8:7::/56", 1, 1, 0, UDP), ("203.0.113.0/24", 1, 1, 0, UDP),
                                       (CLIENT, 0, 3, 0, UDP)], slow(5, 20), "each client, and none of them proven")


def test_who_may_not_tell(server):
    d = server()
    answer = told(d, CLIENT, source=OTHER)
    assert addresses(answer) == [IPV4]
    assert subnet(answer) is None
    answer = exchange(d.address, query("c2.test", options=[raw(b"\0\1\xff")]), source=OTHER)
    assert addresses(answer) == [IPV4]
    wait_until(lambda: findings(d) == [(OTHER, 0, 2, 0, UDP)], slow(5, 20), "its own address")


def test_a_client_that_is_not_told(server):
    """A SOURCE PREFIX-LENGTH of 0: somebody does not want to be known."""
    d = server()
    assert subnet(told(d, "0.0.0.0", 0)) == ("0.0.0.0", 0, 0)
    answer = dig(d.address, "-b", FORWARDER, "+subnet=0", "c2.test")
    assert answer.answers == [IPV4]
    assert re.search(r"CLIENT-SUBNET: \S*0/0\b", answer.text)
    assert addresses(ask(d.address, "c2.test", source=FORWARDER)) == [IPV4]
    wait_until(lambda: findings(d) == [(FORWARDER, 0, 3, 0, UDP)], slow(5, 20), "the forwarder's address")


BAD = [b"", b"\0\1\x18", b"\0\1\x18\0\xcb\0", b"\0\1\x18\0\xcb\0\x71\0", b"\0\1\x17\0\xcb\0\x71", b"\0\1\x18\x18\xcb\0\x71",
       b"\0\1\x21\0\xcb\0\x71\7\0", b"\0\3\x18\0\xcb\0\x71", b"\0\1\xff\0" + b"x" * 32, b"\0\2\x80\0" + b"x" * 60]


def test_bad_options(server):
    d = server()
    for data in BAD:
        answer = exchange(d.address, query("c2.test", options=[raw(data)]), source=FORWARDER)
        assert (rcode(answer), subnet(answer)) == ("FORMERR", None), data
    assert addresses(told(d, CLIENT)) == [IPV4]
    wait_until(lambda: findings(d) == [(CLIENT, 0, 1, 0, UDP)], slow(5, 20), "the good one")


def test_it_is_never_sent_upstream(server, upstream):
    seen = []

    def script(q):
        seen.append([option.otype for option in q.message.options])
        return q.address("198.51.100.9")

    d = server(upstreams=[upstream(script).address])
    for bits in 32, 24:
        answer = told(d, CLIENT, bits, "good.test")
        assert addresses(answer) == ["198.51.100.9"]
        assert subnet(answer) == (CLIENT if bits == 32 else "203.0.113.0", bits, 0)
    assert len(seen) == 1       # the second is of the cache, for all
    assert SUBNET not in seen[0]


def test_groups_are_the_clients(server, upstream):
    up = upstream(lambda q: q.address("198.51.100.9"))
    d = server(upstreams=[up.address],
               groups=[{"name": "school", "clients": ["203.0.113.0/28"], "without": ["bots"]},
                       {"name": "house", "clients": ["198.51.100.0/24"], "without": ["bots"]}])
    answer = told(d, CLIENT)
    assert addresses(answer) == ["198.51.100.9"]
    assert subnet(answer) == (CLIENT, 32, 32)       # it is good for who is in that prefix
    answer = told(d, "203.0.113.77")
    assert addresses(answer) == [IPV4]
    assert subnet(answer) == ("203.0.113.77", 32, 32)
    assert addresses(told(d, CLIENT, 28)) == ["198.51.100.9"]
    answer = told(d, CLIENT, 24)                    # of which some are in the group
    assert addresses(answer) == [IPV4]
    assert subnet(answer) == ("203.0.113.0", 24, 24)
    assert addresses(told(d, "198.51.100.9", 25)) == ["198.51.100.9"]
    assert addresses(told(d, CLIENT, source=OTHER)) == [IPV4]


def test_triggers_for_clients_are_the_clients(server, upstream):
    """Of response policy zones: who is told is meant, not who tells; and a prefix only where all of it is."""
    d = with_triggers(server, upstream)
    for client, bits, answer, scope in ((CLIENT, 32, "192.0.2.9", 32), ("203.0.113.1", 32, "192.0.2.8", 32),
                                        (CLIENT, 28, "192.0.2.8", 28), (CLIENT, 24, "198.51.100.9", 24),
                                        ("203.0.113.77", 32, "198.51.100.9", 32), (CLIENT6, 128, "192.0.2.10", 128),
                                        (CLIENT6, 48, "192.0.2.10", 48), (CLIENT6, 40, "198.51.100.9", 40)):
        got = told(d, client, bits, "any.test")
        assert (addresses(got), subnet(got)[1:]) == ([answer], (bits, scope)), (client, bits)
    assert addresses(ask(d.address, "any.test", source=FORWARDER)) == ["192.0.2.11"]
    assert addresses(told(d, CLIENT, name="any.test", source=OTHER)) == ["198.51.100.9"]


def test_hunts_are_for_the_clients(server, upstream, tmp_path):
    def ask_all(d):
        for client, bits in ((CLIENT, 32), (CLIENT6, 64)):
            told(d, client, bits, "evil.test")
        told(d, CLIENT, name="evil.test", source=OTHER)
    assert hunt(server, upstream, tmp_path, 3, ask_all) == [OTHER, "2001:db8:7::/64", CLIENT]


def test_access_and_rates_are_the_forwarders(server):
    d = server({"allow": ["127.0.0.0/30"]}, **{"rate-limit": {"rate": 1, "burst": 2, "exempt": []}})
    assert addresses(told(d, "192.0.2.200")) == [IPV4]      # who would not be allowed
    many = [told(d, f"203.0.113.{n}") for n in range(8)]
    assert any(a.flags & dns.flags.TC for a in many)
    d.configure({"server": {"allow": [CLIENT + "/32"]}})
    d.reload_well()
    assert told(d, CLIENT, tcp=True).rcode() == dns.rcode.REFUSED


def test_what_an_answer_leads_to(server, upstream):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME c2.test.", "c2.test. 300 IN A 198.51.100.9"))
    d = server(upstreams=[up.address])
    for client in CLIENT, "203.0.113.8":    # from the upstream, and from the cache
        assert addresses(told(d, client, name="shop.test", tcp=True)) == [IPV4]
    wait_until(lambda: findings(d) == [(CLIENT, 0, 1, 0, UDP), ("203.0.113.8", 0, 1, 0, UDP)], slow(5, 20), "both")


def test_prefixes_of_the_ledger(server):
    """What is written down is no longer than is wanted, and no longer than is known."""
    d = server(evidence={"clients": "prefix", "prefix-ipv4": 24, "prefix-ipv6": 48})
    for client, bits in (CLIENT, 32), (CLIENT, 24), (CLIENT, 20), (CLIENT6, 56), (CLIENT6, 32):
        assert addresses(told(d, client, bits)) == [IPV4]
    wait_until(lambda: [row[:3] for row in findings(d)] == [("2001:db8:7::/48", 1, 1), ("2001:db8::/32", 1, 1),
                                                            ("203.0.112.0/20", 1, 1), ("203.0.113.0/24", 1, 2)],
               slow(5, 20), "five queries")


def test_the_query_log_has_the_client(server, tmp_path):
    path = tmp_path / "queries.json"
    d = server(**{"query-log": {"file": str(path)}})
    told(d, CLIENT, 24)
    wait_until(lambda: path.exists() and path.read_text(), slow(5, 20), "a line")
    assert json.loads(path.read_text().splitlines()[0])["client"]["ip"] == "203.0.113.0/24"


# ---- hardware addresses

MAC, LINK_LOCAL = "02:00:5e:00:53:01", "fe80::5eff:fe00:5301"
MAC_RAW, MAC_TEXT, CPE_ID = 65001, 65073, 65074
OCTETS = bytes.fromhex(MAC.replace(":", ""))


def marked(d, *options, name="c2.test", source=FORWARDER, **wanted):
    """The answer to what a forwarder asks with options, each a code and octets."""
    return ask(d.address, name, source=source,
               options=[o if isinstance(o, dns.edns.Option) else dns.edns.GenericOption(*o) for o in options], **wanted)


@pytest.fixture
def marker(server):
    def make(**sections):
        return server({"client-mac-from": [FORWARDER + "/32"], "client-subnet-from": [FORWARDER + "/32", OTHER + "/32"]},
                      **sections)
    return make


def test_a_client_by_its_mac(marker):
    """However it is written, and before an address; nothing of it is proven. Reports have the hardware address."""
    d = marker()
    for option in ((MAC_RAW, OCTETS), (MAC_TEXT, MAC.encode()), (MAC_TEXT, b"AgBeAFMB")):
        answer = marked(d, option)
        assert addresses(answer) == [IPV4] and subnet(answer) is None
        assert not [o for o in answer.options if o.otype in (MAC_RAW, MAC_TEXT)]
    answer = marked(d, dns.edns.ECSOption(CLIENT, 32), (MAC_RAW, OCTETS), tcp=True)
    assert subnet(answer) == (CLIENT, 32, 0)
    wait_until(lambda: findings(d) == [(LINK_LOCAL, 0, 4, 0, UDP)], slow(10, 30), "all are that client's")
    done = subprocess.run([d.binary, "--report", "--store", str(d.ledger), "--format", "json", "--client", "mac:" + MAC],
                          capture_output=True, text=True, timeout=20)
    row = json.loads(done.stdout)
    assert (row["client"], row["mac"], row["name"]) == (LINK_LOCAL, MAC, "c2.test")


def test_macs_that_are_not_taken(marker):
    """Of nobody who may tell; of a group; of another length; the identity of a line (65074) is none."""
    d = marker()
    bad = ((MAC_RAW, b"\1\0\x5e\0\0\1"), (MAC_RAW, OCTETS[:5]), (MAC_RAW, b""), (MAC_RAW, OCTETS + b"x"), (MAC_RAW, b"\0" * 6),
           (MAC_TEXT, OCTETS), (MAC_TEXT, b"02:00:5e:00:53:0x"), (CPE_ID, b"line 7"))
    for option in bad:
        assert addresses(marked(d, option)) == [IPV4]
    marked(d, (MAC_RAW, OCTETS), source=OTHER)
    marked(d, (MAC_RAW, OCTETS), dns.edns.ECSOption(CLIENT, 32), source=OTHER)
    wait_until(lambda: findings(d, "address, sum(count)") == [(FORWARDER, len(bad)), (OTHER, 1), (CLIENT, 1)], slow(10, 30),
               "they are whose they would be")


def test_groups_by_mac(marker, upstream, tmp_path):
    up = upstream(lambda q: q.address("198.51.100.9"))
    log = tmp_path / "queries.json"
    d = marker(upstreams=[up.address], groups=[{"name": "kids", "clients": ["mac:02-00-5E-00-53-01"], "without": ["bots"]}],
               **{"query-log": {"file": str(log)}})
    assert addresses(marked(d, (MAC_RAW, OCTETS))) == ["198.51.100.9"]
    assert addresses(marked(d, (MAC_RAW, OCTETS[:5] + b"\2"))) == [IPV4]
    assert addresses(marked(d)) == [IPV4]
    assert addresses(marked(d, (MAC_RAW, OCTETS), source=OTHER)) == [IPV4]
    wait_until(lambda: log.exists() and LINK_LOCAL in log.read_text(), slow(10, 30), "the query log has it")


def test_a_mac_that_is_none(daemon):
    d = daemon({"groups": [{"name": "kids", "clients": ["mac:02:00:5e:00:53"]}]})
    assert "mac:02:00:5e:00:53" in d.fails_to_start()


def test_hostile_macs(marker, upstream):
    """Twice: the first counts, whatever it is; far behind others; longer than it may be; behind a mapped address."""
    up = upstream(lambda q: q.address("198.51.100.9"))
    d = marker(upstreams=[up.address], groups=[{"name": "kids", "clients": ["mac:" + MAC], "without": ["bots"]}])
    other, long = OCTETS[:5] + b"\2", b"\0" * 60000
    kids, others = ["198.51.100.9"], [IPV4]
    for tcp in (False, True):
        for options, expected in (
                (((MAC_RAW, OCTETS), (MAC_RAW, other)), kids), (((MAC_RAW, other), (MAC_RAW, OCTETS)), others),
                (((MAC_RAW, b""), (MAC_RAW, OCTETS)), others), (((MAC_RAW, b"x"), (MAC_TEXT, MAC.encode())), others),
                (((MAC_TEXT, b"A" * 8), (MAC_TEXT, MAC.encode())), others),
                ((dns.edns.ECSOption("::ffff:203.0.113.7", 128), (MAC_RAW, OCTETS)), kids),
                ((dns.edns.ECSOption(CLIENT, 0), (MAC_RAW, OCTETS)), kids)):
            assert addresses(marked(d, *options, tcp=tcp)) == expected, options
    for filler, expected in ((65500, kids), (MAC_RAW, others)):
        message = query("c2.test")
        message.use_edns(0, 0, 1232, 65535, [dns.edns.GenericOption(filler, long), dns.edns.GenericOption(MAC_RAW, OCTETS)])
        assert addresses(exchange(d.address, message, source=FORWARDER, tcp=True)) == expected
    assert rcode(marked(d, (SUBNET, b"\0\1\x20\0\1"), (MAC_RAW, OCTETS))) == "FORMERR"
    for length in (7, 0xffff):      # more than there is
        wire = query("c2.test", options=[dns.edns.GenericOption(MAC_RAW, OCTETS)]).to_wire()
        wire = wire[:-8] + length.to_bytes(2, "big") + wire[-6:]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((FORWARDER, 0))
            s.settimeout(slow(5, 20))
            s.sendto(wire, d.address)
            assert s.recv(4096)[3] & 15 == dns.rcode.FORMERR
