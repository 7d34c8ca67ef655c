# SPDX-License-Identifier: BSD-2-Clause
"""Triggers of response policy zones beside names: clients, addresses of answers, name servers; which of
several decides, in a zone and between zones; and that nothing changes when the answer is in the cache."""
import dns.exception
import pytest

from harness.client import ask, ede, flags, rcode, records, soa
from harness.upstream import ELSEWHERE, ScriptedUpstream

HEAD = "$TTL 300\n@ 60 SOA ns.rpz. host.rpz. 7 3600 600 86400 30\n"

ADDRESSES = {"one.test.": ["203.0.113.1"], "pass.test.": ["203.0.113.5"], "wide.test.": ["203.0.113.99"],
             "two.test.": ["203.0.113.99", "203.0.113.1"], "owt.test.": ["203.0.113.1", "203.0.113.99"],
             "mixed.test.": ["203.0.113.99", "203.0.113.5"], "given.test.": ["203.0.113.2"],
             "walled.test.": ["203.0.113.3"], "garden.test.": ["192.0.2.80"], "late.test.": ["203.0.113.4"],
             "dropped.test.": ["203.0.113.6"], "tcp.test.": ["203.0.113.7"], "none.test.": ["203.0.113.8"],
             "order.test.": ["203.0.113.1"], "allowed.test.": ["203.0.113.5"], "tie.test.": ["203.0.113.20"],
             "led-allowed.test.": ["203.0.113.5"], "ok.one.test.": ["203.0.113.1"], "apart.test.": ["203.0.113.30"]}
SERVERS = {"a.bad-ns.test.": ("bad-ns.test.", "ns.evil.test.", "192.0.2.200"),
           "a.bad-ip.test.": ("bad-ip.test.", "ns.good.test.", "198.18.0.1"),
           "a.below-ns.test.": ("below-ns.test.", "x.wild-ns.test.", "192.0.2.200"),
           "a.both-ns.test.": ("both-ns.test.", "ns.evil.test.", "198.18.0.1"),
           "a.tld.": ("tld.", "ns.evil.test.", "192.0.2.200")}


def script(q):
    if q.name == "fails.test.":
        return q.reply(rcode="SERVFAIL")
    if q.name.startswith("to-") and q.type in ("A", "AAAA"):
        target = q.name.removeprefix("to-")
        return q.reply(f"{q.name} 100 IN CNAME {target}",
                       *(f"{target} 100 IN A {a}" for a in ADDRESSES.get(target, [ELSEWHERE])))
    if q.type == "AAAA" and q.name == "six.test.":
        return q.reply("six.test. 100 IN AAAA 2001:db8:1::7")
    if q.type == "HTTPS":
        return q.reply(f"{q.name} 100 IN HTTPS 1 . ipv4hint=203.0.113.1")
    if q.type != "A":
        return q.reply(authority=["test. 100 IN SOA . . 1 1 1 1 100"])
    reply = q.reply(*(f"{q.name} 100 IN A {a}" for a in ADDRESSES.get(q.name, [ELSEWHERE])))
    if q.name in SERVERS:
        zone, server, address = SERVERS[q.name]
        reply = q.reply(f"{q.name} 100 IN A {ELSEWHERE}", authority=[f"{zone} 100 IN NS {server}"])
        reply.additional = [dns.rrset.from_text(server, 100, "IN", "A", address)]
    return reply


FIRST = HEAD + """\
24.0.113.0.203.rpz-ip CNAME .
32.1.113.0.203.rpz-ip A 192.0.2.1
32.2.113.0.203.rpz-ip A 192.0.2.2
 TXT "x"
32.3.113.0.203.rpz-ip CNAME garden.test.
32.5.113.0.203.rpz-ip CNAME rpz-passthru.
32.6.113.0.203.rpz-ip CNAME rpz-drop.
32.7.113.0.203.rpz-ip CNAME rpz-tcp-only.
32.8.113.0.203.rpz-ip CNAME *.
32.20.113.0.203.rpz-ip CNAME *.
32.30.113.0.203.rpz-ip A 192.0.2.30
48.zz.1.db8.2001.rpz-ip CNAME .
ok.one.test CNAME rpz-passthru.
tie.test A 192.0.2.20
32.30.113.0.203.rpz-ip A 192.0.2.31
32.9.0.0.127.rpz-client-ip CNAME rpz-passthru.
24.0.7.0.127.rpz-client-ip CNAME .
32.8.7.0.127.rpz-client-ip A 192.0.2.8
32.9.7.0.127.rpz-client-ip CNAME garden.test.
named.test CNAME .
"""
SECOND = HEAD + """\
order.test A 192.0.2.66
allowed.test CNAME .
led-allowed.test CNAME garden.test.
plain.test A 192.0.2.67
fails.test A 192.0.2.68
own-pass.test CNAME rpz-passthru.
wide.test CNAME rpz-passthru.
ns.evil.test.rpz-nsdname A 192.0.2.31
*.wild-ns.test.rpz-nsdname CNAME *.
32.1.0.18.198.rpz-nsip A 192.0.2.32
32.99.0.0.127.rpz-client-ip A 192.0.2.99
"""


@pytest.fixture(scope="module")
def zones(shared_daemon):
    server = ScriptedUpstream(script)
    daemon = shared_daemon({"upstreams": [server.address], "guard": {"shortest-ipv4": 8}})
    daemon.add_list("first", FIRST, format="rpz", action="given")
    daemon.add_list("second", SECOND, format="rpz", action="given")
    daemon.upstream = server
    yield daemon.start()
    server.close()


def told(answer):
    return [(kind, text) for _, kind, text in records(answer)]


def twice(daemon, name, kind="A", **wanted):
    """From the upstream, then from the cache: that must make no difference."""
    first, second = (ask(daemon.address, name, kind, edns=True, **wanted) for _ in range(2))
    assert (rcode(first), told(first), ede(first)) == (rcode(second), told(second), ede(second))
    return second


@pytest.mark.parametrize("name, answer", [
    ("one.test", [("A", "192.0.2.1")]),
    ("given.test", [("A", "192.0.2.2")]),
    ("apart.test", [("A", "192.0.2.30"), ("A", "192.0.2.31")]),
    ("none.test", []),
    ("pass.test", [("A", "203.0.113.5")]),
    # the longest prefix of all addresses, in whichever order they come
    ("two.test", [("A", "192.0.2.1")]),
    ("owt.test", [("A", "192.0.2.1")]),
    ("mixed.test", [("A", "203.0.113.99"), ("A", "203.0.113.5")]),
    # of a later link: the answer is that of the name asked for
    ("to-one.test", [("A", "192.0.2.1")]),
    # a CNAME of a rule is followed, and not looked at again
    ("walled.test", [("CNAME", "garden.test."), ("A", "192.0.2.80")]),
    ("to-walled.test", [("CNAME", "garden.test."), ("A", "192.0.2.80")]),
])
def test_address(zones, name, answer):
    got = twice(zones, name)
    assert rcode(got) == "NOERROR" and told(got) == answer
    if answer[-1:] == [("A", "192.0.2.1")]:
        assert ede(got) == (4, "first")


def test_address_of_a_wide_prefix(zones):
    answer = twice(zones, "late.test")
    assert rcode(answer) == "NXDOMAIN" and soa(answer) is not None


def test_address_of_ipv6_and_hints(zones):
    assert rcode(twice(zones, "six.test", "AAAA")) == "NXDOMAIN"
    assert told(twice(zones, "hint.test", "HTTPS")) == []


def test_address_drop_and_tcp_only(zones):
    for _ in range(2):
        with pytest.raises(dns.exception.Timeout):
            ask(zones.address, "dropped.test", timeout=1)
    assert "TC" in flags(twice(zones, "tcp.test"))
    assert told(ask(zones.address, "tcp.test", tcp=True)) == [("A", "203.0.113.7")]


def test_a_pass_at_the_name_is_for_its_addresses(zones):
    assert told(twice(zones, "ok.one.test")) == [("A", "203.0.113.1")]


def test_in_a_zone_the_name_goes_before_the_address(zones):
    assert told(twice(zones, "tie.test")) == [("A", "192.0.2.20")]


# ---- clients

@pytest.mark.parametrize("client, name, answer", [
    ("127.0.0.9", "named.test", [("A", ELSEWHERE)]),     # before the name, in one zone
    ("127.0.0.9", "one.test", [("A", "203.0.113.1")]),   # and before what the answer has
    ("127.0.7.8", "named.test", [("A", "192.0.2.8")]),   # the longest prefix
    ("127.0.7.9", "free.test", [("CNAME", "garden.test."), ("A", "192.0.2.80")]),
    ("127.0.0.99", "free2.test", [("A", "192.0.2.99")]),
    ("127.0.0.99", "one.test", [("A", "192.0.2.1")]),    # an earlier zone's address before that
    ("127.0.0.99", "allowed.test", [("A", "203.0.113.5")]),
    ("127.0.0.98", "free2.test", [("A", ELSEWHERE)]),
])
def test_client(zones, client, name, answer):
    for _ in range(2):
        assert told(ask(zones.address, name, source=client)) == answer
    assert rcode(ask(zones.address, name, source="127.0.7.7")) == "NXDOMAIN"


# ---- zones in their order

def test_an_address_of_an_earlier_zone_goes_before_a_name_of_a_later_one(zones):
    assert told(twice(zones, "order.test")) == [("A", "192.0.2.1")]
    assert told(twice(zones, "allowed.test")) == [("A", "203.0.113.5")]
    assert told(twice(zones, "led-allowed.test")) == [("A", "203.0.113.5")]
    assert told(twice(zones, "plain.test")) == [("A", "192.0.2.67")]
    assert rcode(twice(zones, "wide.test")) == "NXDOMAIN"
    assert told(twice(zones, "own-pass.test")) == [("A", ELSEWHERE)]


def test_a_name_of_the_first_zone_asks_nobody(zones):
    before = len(zones.upstream.questions)
    assert rcode(ask(zones.address, "named.test")) == "NXDOMAIN"
    assert len(zones.upstream.questions) == before


def test_a_name_that_waits_is_blocked_when_the_upstream_fails(zones):
    assert told(twice(zones, "fails.test")) == [("A", "192.0.2.68")]


def test_not_wanted_resolved(zones):
    assert told(ask(zones.address, "order.test", rd=False)) == [("A", "192.0.2.66")]


# ---- name servers

@pytest.mark.parametrize("name, answer", [
    ("a.bad-ns.test", [("A", "192.0.2.31")]),
    ("a.below-ns.test", []),
    ("a.bad-ip.test", [("A", "192.0.2.32")]),
    ("a.both-ns.test", [("A", "192.0.2.31")]),      # the name goes before the address
    ("a.tld", [("A", ELSEWHERE)]),                  # servers of a top-level domain say nothing
])
def test_name_servers(zones, name, answer):
    assert told(twice(zones, name)) == answer


def test_failures_are_left_as_they_are(daemon):
    server = ScriptedUpstream(lambda q: q.reply(rcode="SERVFAIL"))
    d = daemon({"upstreams": [server.address]})
    d.add_list("feed", FIRST.split("ok.one")[0], format="rpz", action="given").start()
    for _ in range(2):
        assert rcode(ask(d.address, "any.test")) == "SERVFAIL"
    server.close()


# ---- mandatory zones

HELD = {"rpz-client-ip": "32.9.0.0.127.rpz-client-ip CNAME .\n", "rpz-nsdname": "ns.evil.test.rpz-nsdname CNAME .\n",
        "rpz-nsip": "24.0.0.18.198.rpz-nsip CNAME .\n", "rpz-ip": "24.0.113.0.203.rpz-ip CNAME .\n"}
ASKED = {"rpz-client-ip": ("any.test", "127.0.0.9"), "rpz-nsdname": ("a.bad-ns.test", None),
         "rpz-nsip": ("a.bad-ip.test", None), "rpz-ip": ("wide.test", None)}


@pytest.fixture
def mandatory(daemon):
    """Starts a daemon with a mandatory zone of these rules, beside one for a name."""
    servers = []

    def start(rules, mandatory=True):
        servers.append(ScriptedUpstream(script))
        d = daemon({"upstreams": [servers[0].address]})
        d.add_list("order", HEAD + "named.test CNAME .\n" + rules, format="rpz", action="given",
                   mandatory=mandatory)
        return d.start()

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("trigger", HELD)
def test_a_rule_of_a_mandatory_zone_is_not_lifted(mandatory, trigger):
    d = mandatory(HELD[trigger])
    name, source = ASKED[trigger]
    assert rcode(ask(d.address, name, source=source)) == "NXDOMAIN"
    d.write_list("order", HEAD + "named.test CNAME .\n")
    assert "would not be blocked any more" in d.reload()
    assert rcode(ask(d.address, name, source=source)) == "NXDOMAIN"
    assert "would no longer be blocked: " in d.program.text()


@pytest.mark.parametrize("trigger", HELD)
def test_a_rule_that_stays_or_is_wider_is_no_weakening(mandatory, trigger):
    d = mandatory(HELD[trigger])
    wider = HELD[trigger].replace("32.9.0.0.127", "24.0.0.0.127").replace("24.0.0.18.198", "16.0.0.18.198")
    d.write_list("order", HEAD + "named.test CNAME .\n" + wider)
    assert "REFUSED" not in d.reload()


LIFTING = [
    ("32.9.0.0.127.rpz-client-ip CNAME rpz-passthru.", "named.test", "127.0.0.9"),
    ("32.9.0.0.127.rpz-client-ip CNAME rpz-tcp-only.", "named.test", "127.0.0.9"),
    ("24.0.113.0.203.rpz-ip CNAME .\n32.5.113.0.203.rpz-ip CNAME rpz-passthru.", "pass.test", None),
    ("24.0.113.0.203.rpz-ip CNAME .\n32.5.113.0.203.rpz-ip CNAME rpz-passthru.", "mixed.test", None),
    ("24.0.0.18.198.rpz-nsip CNAME .\nns.good.test.rpz-nsdname CNAME rpz-passthru.", "a.bad-ip.test", None),
    ("24.0.0.18.198.rpz-nsip CNAME .\n32.1.0.18.198.rpz-nsip CNAME rpz-passthru.", "a.bad-ip.test", None),
]
IDS = ["client", "client-tcp", "address", "beside", "server", "server-address"]


@pytest.mark.parametrize("rule, name, source", LIFTING, ids=IDS)
def test_what_passes_undoes_no_block_of_a_mandatory_zone(mandatory, rule, name, source):
    d = mandatory(rule + "\n")
    for tcp in (False, True):
        assert rcode(ask(d.address, name, source=source, tcp=tcp)) == "NXDOMAIN"
    assert "of a mandatory zone, and would let pass what it blocks" in d.program.text()


@pytest.mark.parametrize("rule, name, source", LIFTING, ids=IDS)
def test_zone_that_becomes_mandatory_keeps_none_of_its_passes(mandatory, rule, name, source):
    """And its file cannot be read just then: it is what was in force before that stays."""
    d = mandatory(rule + "\n", mandatory=False)
    d.write_list("order", "<html>\n")
    d.config["lists"][0]["mandatory"] = True
    d.write_config()
    assert "REFUSED" in d.reload()
    for tcp in (False, True):
        assert rcode(ask(d.address, name, source=source, tcp=tcp)) == "NXDOMAIN"


@pytest.mark.parametrize("trigger", HELD)
@pytest.mark.parametrize("held", [True, False], ids=["mandatory", "not"])
def test_rules_in_force_outlive_a_file_that_cannot_be_read(mandatory, trigger, held):
    d = mandatory(HELD[trigger], mandatory=held)
    d.write_list("order", "<html>\n")
    log = d.reload()
    assert "REFUSED" in log and "no longer" not in log and "held back" not in log
    name, source = ASKED[trigger]
    assert rcode(ask(d.address, name, source=source)) == "NXDOMAIN"


def test_pass_for_a_server_goes_before_a_later_rule_for_the_client_from_the_cache_too(daemon, upstream):
    """The answer came there by the question of a client that no rule is for."""
    d = daemon({"upstreams": [upstream(script).address]})
    d.add_list("first", HEAD + "ns.evil.test.rpz-nsdname CNAME rpz-passthru.\n", format="rpz", action="given")
    d.add_list("second", HEAD + "32.9.0.0.127.rpz-client-ip CNAME .\n", format="rpz", action="given")
    d.start()
    for source in ("127.0.0.2", "127.0.0.9", "127.0.0.9"):
        assert rcode(ask(d.address, "a.bad-ns.test", source=source)) == "NOERROR"
    assert rcode(ask(d.address, "a.bad-ip.test", source="127.0.0.9")) == "NXDOMAIN"
