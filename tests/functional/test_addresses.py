# SPDX-License-Identifier: BSD-2-Clause
"""Lists of addresses: what an answer of the upstreams has is judged, address by address."""
import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, records
from harness.upstream import rrset

GOOD, BAD, BAD6, SINK = "198.51.100.7", "203.0.113.9", "2001:db8:bad::9", "192.0.2.1"
LISTED = "# of an order\n203.0.113.0/24 ; a network\n2001:db8:bad::/48\n198.51.100.64-198.51.100.80\n"


def hands_out(*rdata, kind="A"):
    return lambda q: q.reply(*[f"{q.name} 300 IN {kind} {r}" for r in rdata])


def ede(answer):
    return [(o.code, o.text) for o in answer.options if o.otype == 15]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("kind, rdata", [
    ("A", [BAD]), ("A", [GOOD, BAD]), ("A", ["198.51.100.80"]), ("A", ["198.51.100.64"]),
    ("AAAA", [BAD6]), ("AAAA", [f"::ffff:{BAD}"]), ("AAAA", [f"64:ff9b::{BAD}"]),
    ("HTTPS", [f"1 . ipv4hint={GOOD},{BAD}"]), ("HTTPS", [f"1 . alpn=h2 ipv6hint={BAD6}"]),
    ("SVCB", ["1 svc.test. port=53", f"2 svc.test. ipv4hint={BAD}"]),
    ("HTTPS", [f"1 . ipv6hint=64:ff9b::{BAD}"])])
def test_answer_with_a_listed_address(daemon, upstream, kind, rdata, tcp):
    d = daemon({"upstreams": [upstream(hands_out(*rdata, kind=kind)).address]})
    d.add_list("net", LISTED, format="addresses", action="nxdomain", reason="order",
               authority={"case": "1:10-cv-00156"}).start()
    for _ in range(2):  # the second from the cache
        answer = ask(d.address, "w.test", kind, tcp=tcp, edns=True)
        assert answer.rcode() == 3 and not answer.answer
        assert ede(answer) == [(16, "net; case 1:10-cv-00156")]


@pytest.mark.parametrize("before", [0, 15, 16, 17, 40])
@pytest.mark.parametrize("kind", ["A", "HTTPS"])
def test_listed_address_behind_many(daemon, upstream, kind, before):
    many = [f"198.51.100.{i + 100}" for i in range(before)] + [BAD]
    if kind == "HTTPS":
        many = [f"{i + 1} . ipv4hint={a}" for i, a in enumerate(many)]
    d = daemon({"upstreams": [upstream(hands_out(*many, kind=kind)).address]})
    d.add_list("net", LISTED, format="addresses", action="nxdomain").start()
    assert ask(d.address, "w.test", kind, tcp=True).rcode() == 3


@pytest.mark.parametrize("address", [GOOD, "203.0.112.255", "203.0.114.0", "198.51.100.63",
                                     "198.51.100.81"])
def test_other_addresses_are_given(daemon, upstream, address):
    d = daemon({"upstreams": [upstream(hands_out(address)).address]})
    d.add_list("net", LISTED, format="addresses").start()
    assert addresses(ask(d.address, "w.test")) == [address]


def test_address_behind_a_cname(daemon, upstream):
    def script(q):
        return q.reply(f"{q.name} 300 IN CNAME x.cdn.test.", f"x.cdn.test. 300 IN A {BAD}")
    d = daemon({"upstreams": [upstream(script).address]})
    d.add_list("net", LISTED, format="addresses").start()
    assert addresses(ask(d.address, "w.test")) == [SINK]


def test_list_that_changes_acts_on_what_is_cached(daemon, upstream):
    up = upstream(hands_out(BAD))
    d = daemon({"upstreams": [up.address]})
    d.add_list("net", "192.0.2.128/25\n", format="addresses").start()
    assert addresses(ask(d.address, "w.test")) == [BAD]
    d.write_list("net", LISTED)
    d.reload_well()
    asked = len(up.questions)
    assert addresses(ask(d.address, "w.test")) == [SINK]
    d.write_list("net", "192.0.2.128/25\n")
    d.reload_well()
    assert addresses(ask(d.address, "w.test")) == [BAD]
    assert len(up.questions) == asked  # the cache has it all the while


@pytest.mark.parametrize("lists, expected", [
    ([("one", "203.0.113.0/24", {"action": "nodata"}), ("two", BAD, {"action": "nxdomain"})], "one"),
    ([("one", BAD, {"action": "nodata"}), ("two", "203.0.113.0/24", {"action": "pass"})], None),
    ([("one", BAD, {"action": "pass"}),
      ("two", "203.0.112.0/20", {"action": "nxdomain", "mandatory": True})], "two"),
    ([("one", BAD, {"action": "log"}), ("two", "203.0.113.0/24", {"action": "nxdomain"})], "two"),
    ([("one", BAD, {"action": "log"})], None)])
def test_precedence_is_that_of_names(daemon, upstream, lists, expected):
    d = daemon({"upstreams": [upstream(hands_out(BAD)).address]})
    for name, text, options in lists:
        d.add_list(name, text + "\n", format="addresses", **options)
    d.start()
    for _ in range(2):
        answer = ask(d.address, "w.test", edns=True)
        assert [text for _, text in ede(answer)] == ([expected] if expected else [])
        assert addresses(answer) == ([] if expected else [BAD])


@pytest.mark.parametrize("lists", [
    [("let", "64:ff9b::/96", {"action": "pass"}), ("order", BAD, {"mandatory": True})],
    [("order", BAD, {"mandatory": True}), ("late", "64:ff9b::/96", {"action": "tcp-only"})]])
def test_address_in_another_is_an_orders_whatever_is_said_of_the_other(daemon, upstream, lists):
    d = daemon({"upstreams": [upstream(hands_out(f"64:ff9b::{BAD}", kind="AAAA")).address],
                "guard": {"shortest-ipv6": 0}})
    for name, text, options in lists:
        d.add_list(name, text + "\n", format="addresses", **options)
    d.start()
    for tcp in (False, True):
        assert addresses(ask(d.address, "w.test", "AAAA", tcp=tcp)) == ["2001:db8::1"]


def test_name_that_passes_has_its_addresses_pass(daemon, upstream):
    d = daemon({"upstreams": [upstream(hands_out(BAD)).address]})
    d.add_list("let", "let.test\n", action="pass")
    d.add_list("net", LISTED, format="addresses").start()
    assert addresses(ask(d.address, "www.let.test")) == [BAD]
    assert addresses(ask(d.address, "w.test")) == [SINK]


def test_addresses_among_names(daemon, upstream):
    d = daemon({"upstreams": [upstream(hands_out(BAD)).address]})
    text = f"listed.test\n{BAD}\n0.0.0.0 hosted.test\n||{GOOD}^\n"
    d.add_list("one", text, addresses=True).start()
    for name in ("listed.test", "hosted.test", "w.test"):
        assert addresses(ask(d.address, name)) == [SINK]
    d.program.wait_line(r"list one: 2 names and 2 prefixes in force")
    d.config["lists"][0]["addresses"] = False
    d.write_config()
    d.reload_well()
    assert addresses(ask(d.address, "w.test")) == [BAD]


def test_additional_addresses_go(daemon, upstream):
    def script(q):
        reply = q.reply(f"{q.name} 300 IN MX 1 a.mx.test.", f"{q.name} 300 IN MX 2 b.mx.test.")
        reply.additional = [rrset(f"a.mx.test. 300 IN A {BAD}"), rrset(f"b.mx.test. 300 IN A {GOOD}")]
        return reply
    d = daemon({"upstreams": [upstream(script).address]})
    d.add_list("net", LISTED, format="addresses").start()
    for _ in range(2):
        answer = ask(d.address, "w.test", "MX")
        assert len(records(answer)) == 2
        assert [name for name, *_ in records(answer, "additional")] == ["b.mx.test."]


# ---- what may be listed

@pytest.mark.parametrize("line, why", [
    ("0.0.0.0/0", "is wider than guard.shortest-ipv4"), ("203.0.113.9/32, 1", None),
    ("128.0.0.0-191.255.255.255", "is wider than guard.shortest-ipv4"),
    ("2000::/3", "is wider than guard.shortest-ipv6"),
    ("10.1.2.3", "is in guard.protected-addresses"), ("192.168.0.0/15", "protected-addresses"),
    ("fe80::1", "is in guard.protected-addresses"),
    ("192.0.2.0/30", "has an address that a list answers with"),
    ("198.51.100.53", "has the address of an upstream"),
    ("203.0.113.9/24", None), ("203.0.113.9-203.0.113.1", None), ("listed.test", None)])
def test_entries_that_are_not_taken(daemon, upstream, line, why):
    d = daemon({"upstreams": [{"address": "198.51.100.53@53"}], "forward": [
        {"zone": "test", "upstreams": [upstream(hands_out(BAD)).address]}]})
    d.add_list("net", f"203.0.113.0/24\n{line}\n", format="addresses").start()
    d.program.wait_line(r"held back, it would block too much: .*" + why if why
                        else r"net.txt:2: skipped: ")
    assert addresses(ask(d.address, "w.test")) == [SINK]


# ---- rebinding

PRIVATE = [("A", "192.168.1.1"), ("A", "127.0.0.1"), ("A", "0.0.0.0"), ("A", "169.254.169.254"),
           ("AAAA", "::1"), ("AAAA", "::"), ("AAAA", "fe80::1"), ("AAAA", "fd00::1"),
           ("AAAA", "::ffff:10.0.0.1"), ("AAAA", "64:ff9b::10.0.0.1"), ("AAAA", "2002:a00:1::1"),
           ("HTTPS", "1 . ipv4hint=10.0.0.1")]


@pytest.mark.parametrize("kind, rdata", PRIVATE)
def test_rebinding(daemon, upstream, kind, rdata):
    other = {"A": GOOD, "AAAA": "2001:db8::7", "HTTPS": "2 ."}[kind]
    up = upstream(hands_out(other, rdata, kind=kind))
    d = daemon({"rebinding": {"enabled": True, "exceptions": ["let.test"]}, "upstreams": [up.address],
                "forward": [{"zone": "corp.test", "upstreams": [up.address]}]}).start()
    for _ in range(2):
        answer = ask(d.address, "w.test", kind, edns=True)
        assert answer.rcode() == 0 and not answer.answer
        assert ede(answer) == [(15, "rebinding: the name has an address of a private network")]
        for name in ("let.test", "x.let.test", "x.corp.test"):
            assert len(ask(d.address, name, kind).answer[0]) == 2
    d.configure({"rebinding": {"enabled": False}})
    d.reload_well()
    assert len(ask(d.address, "w.test", kind).answer[0]) == 2


def test_rebinding_knows_dnsbls(daemon, upstream):
    d = daemon({"rebinding": {"enabled": True}, "upstreams": [upstream(hands_out("127.0.0.2")).address]})
    d.start()
    assert addresses(ask(d.address, "9.113.0.203.zen.spamhaus.org")) == ["127.0.0.2"]
    assert not addresses(ask(d.address, "w.test"))


# ---- mandatory

def test_mandatory_addresses_are_not_lifted(daemon, upstream, tmp_path):
    d = daemon({"upstreams": [upstream(hands_out(BAD)).address],
                "state": {"directory": str(tmp_path / "state")}})
    d.add_list("net", LISTED, format="addresses", mandatory=True).start()
    assert addresses(ask(d.address, "w.test")) == [SINK]
    # the same addresses otherwise are no other list
    d.write_list("net", "203.0.113.0/25\n203.0.113.128-203.0.113.255\n2001:db8:bad::/48\n"
                        "198.51.100.0/24\n")
    d.reload_well()
    assert addresses(ask(d.address, "v.test")) == [SINK]
    d.write_list("net", "203.0.113.0/29\n2001:db8:bad::/48\n198.51.100.0/24\n")
    d.reload()
    d.program.wait_line(r"would no longer be blocked: 203.0.113.8-203.0.113.255")
    d.program.wait_line(r"REFUSED: it is mandatory, and 1 range of the addresses that it blocks would "
                        r"not be blocked any more")
    assert addresses(ask(d.address, "u.test")) == [SINK]
    # nor by a restart
    d.stop()
    d.start()
    d.program.wait_line(r"REFUSED: it is mandatory, and 1 range")
    assert addresses(ask(d.address, "w.test")) == [SINK]
    d.config["lists"] = []
    d.write_config()
    d.reload()
    assert addresses(ask(d.address, "t.test")) == [SINK]


def test_last_good_version_stands_in(daemon, upstream, tmp_path):
    d = daemon({"upstreams": [upstream(hands_out(BAD)).address],
                "state": {"directory": str(tmp_path / "state")}})
    d.add_list("net", LISTED, format="addresses").start()
    d.write_list("net", "<html>\n")
    d.reload()
    assert addresses(ask(d.address, "w.test")) == [SINK]
    d.stop()
    d.start()
    assert addresses(ask(d.address, "w.test")) == [SINK]


def test_expect_entries_counts_lines(daemon, upstream):
    d = daemon({"upstreams": [upstream(hands_out(BAD)).address]})
    d.add_list("net", LISTED, format="addresses", **{"expect-entries": 3}).start()
    d.program.wait_line(r"list net: 4 prefixes in force from .* \(addresses\): 3 entries")


# ---- explained

@pytest.mark.parametrize("asked, verdict, answered, decides", [
    (BAD, "blocked-address", "NXDOMAIN", "net"), ("203.0.113.7", "blocked-address", SINK, "one"),
    (GOOD, "not-listed", "what the upstreams say", None),
    (f"64:ff9b::{BAD}", "blocked-address", "NXDOMAIN", "net"),
    ("203.0.113.70", "passed", "what the upstreams say", None),
    ("192.168.1.1", "blocked-rebinding", "no data", None)])
def test_explain_an_address(daemon, asked, verdict, answered, decides):
    d = daemon({"rebinding": {"enabled": True}})
    d.add_list("one", "203.0.113.7\n", format="addresses")
    d.add_list("let", "203.0.113.64/26\n", format="addresses", action="pass")
    d.add_list("net", LISTED, format="addresses", action="nxdomain")
    d.write_config()
    done = run_daemon("-c", d.config_path, "--explain", asked, cwd=d.folder)
    first, *rules = done.stdout.splitlines()
    assert first.endswith(f": {verdict}; answered: {answered}")
    assert [r.split()[1] for r in rules if r.endswith("this decides")] == [
        f"{decides}:"] * (decides is not None)
    if decides == "net":
        assert "list net: 203.0.113.0/24, line 2 of " in done.stdout


def test_what_is_left_of_a_range_stays_as_long_as_the_file_is_refused(daemon, upstream):
    d = daemon({"upstreams": [upstream(hands_out("203.0.113.4")).address]})
    d.add_list("net", "203.0.113.1-203.0.113.6\n", format="addresses", action="nxdomain").start()
    d.configure({"guard": {"protected-addresses": ["203.0.113.1/32"]}})
    d.list_path("net").unlink()
    for _ in range(2):
        d.reload()
        assert ask(d.address, "w.test").rcode() == 3
