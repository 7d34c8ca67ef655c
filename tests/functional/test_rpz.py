# SPDX-License-Identifier: BSD-2-Clause
"""Response policy zones: triggers, actions, what goes before what, and what a reload makes of it."""
import dns.exception
import pytest

from harness.client import ask, ede, flags, query, rcode, records, soa, exchange
from harness.upstream import ELSEWHERE, ScriptedUpstream

HEAD = "$TTL 300\n@ 60 SOA ns.rpz. host.rpz. ( 7 3600 ; refresh\n 600 86400 30 )\n@ NS localhost.\n"
ZONE = HEAD + """\
; rules
gone.test CNAME .
*.gone.test CNAME .
nodata.test CNAME *.
ok.gone.test CNAME rpz-passthru.
old.gone.test CNAME old.gone.test.
drop.test CNAME rpz-drop.
tcp.test CNAME rpz-tcp-only.
data.test A 192.0.2.1
 60 A 192.0.2.2
 AAAA 2001:db8::1
 MX 10 mail.data.test.
 TXT "hello; world" "two"
garden.test CNAME walled.garden.test.
*.wild.test CNAME *.walled.test.
own.test CNAME mine.test.
*.w.test CNAME .
deep.x.w.test CNAME .
both.test CNAME .
LATE.test A 192.0.2.9
target.test CNAME .
led.test CNAME target.test.
lent.test CNAME tolink.test.
toheld.test CNAME held.test.
*.self.test CNAME a.self.test.
data.test SRV 1 2 3 sip.data.test.
"""


def script(q):
    if q.name == "chain.test.":
        return q.reply("chain.test. 100 IN CNAME data.test.", f"data.test. 100 IN A {ELSEWHERE}")
    if q.name == "tolink.test.":
        return q.reply("tolink.test. 100 IN CNAME gone.test.", f"gone.test. 100 IN A {ELSEWHERE}")
    if q.name == "ok.gone.test.":
        return q.reply("ok.gone.test. 100 IN CNAME nodata.test.", f"nodata.test. 9 IN A {ELSEWHERE}")
    return q.address() if q.type == "A" else q.reply()


@pytest.fixture(scope="module")
def zone(shared_daemon):
    server = ScriptedUpstream(script)
    daemon = shared_daemon({"upstreams": [server.address],
                            "local": {"names": [{"name": "mine.test", "ipv4": ["192.0.2.77"]}]}})
    daemon.add_list("first", "both.test\nordered.test\n", action="nodata", mandatory=True)
    daemon.add_list("feed", ZONE, format="rpz", action="given")
    daemon.add_list("second", HEAD + "gone.test CNAME rpz-passthru.\nsecond.test A 192.0.2.3\n"
                    "ok.gone.test CNAME .\n", format="rpz", action="given")
    daemon.add_list("order", HEAD + "held.test A 192.0.2.5\n", format="rpz", action="given", mandatory=True)
    daemon.add_list("over", HEAD + "over.test CNAME rpz-passthru.\nover2.test A 192.0.2.3\n",
                    format="auto", action="nxdomain")
    yield daemon.start()
    server.close()


def told(answer):
    return [(kind, text) for _, kind, text in records(answer)]


@pytest.mark.parametrize("name", ["gone.test", "a.gone.test", "b.a.gone.test", "over.test", "over2.test"])
@pytest.mark.parametrize("kind", ["A", "MX", "ANY"])
def test_nxdomain(zone, name, kind):
    answer = ask(zone.address, name, kind, edns=True)
    assert rcode(answer) == "NXDOMAIN" and not answer.answer
    assert flags(answer) == {"QR", "RD", "RA"}
    # above what is listed: the name, or those below it
    assert soa(answer) == ("gone.test." if name.endswith("a.gone.test") else "test.", 30, 30)
    assert ede(answer) == (15, "over" if "over" in name else "feed")


def test_nodata(zone):
    answer = ask(zone.address, "nodata.test")
    assert rcode(answer) == "NOERROR" and not answer.answer
    assert soa(answer) == ("nodata.test.", 30, 30)


@pytest.mark.parametrize("name", ["ok.gone.test", "old.gone.test"])
def test_passthru_is_for_all_that_the_answer_leads_to(zone, name):
    answer = ask(zone.address, name)
    assert ELSEWHERE in [text for _, text in told(answer)]


def test_a_cname_to_the_name_itself_passes(zone):
    assert told(ask(zone.address, "a.self.test")) == [("A", ELSEWHERE)]
    assert told(ask(zone.address, "b.self.test")) == [("CNAME", "a.self.test."), ("A", ELSEWHERE)]


def test_drop(zone):
    with pytest.raises(dns.exception.Timeout):
        ask(zone.address, "drop.test", timeout=1)


def test_tcp_only(zone):
    answer = ask(zone.address, "tcp.test")
    assert "TC" in flags(answer) and not answer.answer
    assert told(ask(zone.address, "tcp.test", tcp=True)) == [("A", ELSEWHERE)]


GIVEN = {
    "A": {("A", "192.0.2.1"), ("A", "192.0.2.2")},
    "AAAA": {("AAAA", "2001:db8::1")},
    "MX": {("MX", "10 mail.data.test.")},
    "TXT": {("TXT", '"hello; world" "two"')},
    "SRV": {("SRV", "1 2 3 sip.data.test.")},
    "HTTPS": set(),
}
GIVEN["ANY"] = set().union(*GIVEN.values())


@pytest.mark.parametrize("kind", GIVEN)
@pytest.mark.parametrize("name", ["data.test", "DATA.TesT"])
def test_local_data(zone, kind, name):
    answer = ask(zone.address, name, kind, edns=True)
    assert rcode(answer) == "NOERROR"
    assert set(told(answer)) == GIVEN[kind]
    assert {owner for owner, *_ in records(answer)} <= {f"{name}."}
    assert flags(answer) == {"QR", "RD", "RA"}
    if GIVEN[kind]:
        assert ede(answer) == (4, "feed") and not answer.authority
    else:
        assert soa(answer) == (f"{name}.", 30, 30) and ede(answer) == (15, "feed")
    if kind == "MX":
        assert {rrset.ttl for rrset in answer.answer} == {300}


def test_names_of_other_case(zone):
    assert told(ask(zone.address, "late.test")) == [("A", "192.0.2.9")]


@pytest.mark.parametrize("name, chain", [
    ("garden.test", [("CNAME", "walled.garden.test."), ("A", ELSEWHERE)]),
    ("A.wild.test", [("CNAME", "A.wild.test.walled.test."), ("A", ELSEWHERE)]),
    ("own.test", [("CNAME", "mine.test."), ("A", "192.0.2.77")]),
    ("led.test", [("CNAME", "target.test."), ("A", ELSEWHERE)]),    # not looked at again
])
def test_cnames_are_followed(zone, name, chain):
    for _ in range(2):      # once more from the cache
        assert told(ask(zone.address, name)) == chain
    assert told(ask(zone.address, name, "CNAME")) == chain[:1]
    assert told(ask(zone.address, name, rd=False)) == (chain if name == "own.test" else chain[:1])
    # nor is the cache of the target's own clean for others
    if name == "led.test":
        assert rcode(ask(zone.address, "target.test")) == "NXDOMAIN"


def test_what_is_behind_a_target_is_not_clean_for_others(zone):
    for _ in range(3):      # from the upstream, then from the cache
        assert told(ask(zone.address, "lent.test"))[-1] == ("A", ELSEWHERE)
    assert rcode(ask(zone.address, "tolink.test")) == "NXDOMAIN"


def test_a_target_that_an_order_gives(zone):
    for _ in range(2):
        assert told(ask(zone.address, "toheld.test")) == [("A", "192.0.2.5")]


def test_expansion_that_is_too_long(zone):
    name = ".".join(["a" * 60] * 4) + ".wild.test"      # 253 octets with the rest
    answer = ask(zone.address, name, edns=True)
    assert rcode(answer) == "YXDOMAIN" and not answer.answer


def test_an_order_goes_first(zone):
    answer = ask(zone.address, "both.test", edns=True)
    assert rcode(answer) == "NOERROR" and ede(answer) == (15, "first")


def test_zones_in_their_order(zone):
    assert rcode(ask(zone.address, "gone.test")) == "NXDOMAIN"        # before a later pass
    assert told(ask(zone.address, "ok.gone.test"))                    # a pass before a later block
    assert told(ask(zone.address, "second.test")) == [("A", "192.0.2.3")]


def test_links_of_an_answer(zone):
    for _ in range(2):
        assert rcode(ask(zone.address, "tolink.test")) == "NXDOMAIN"
        assert set(told(ask(zone.address, "chain.test"))) >= GIVEN["A"]


def test_wildcards_end_at_names_of_the_zone(zone):
    assert rcode(ask(zone.address, "a.w.test")) == "NXDOMAIN"
    assert rcode(ask(zone.address, "deep.x.w.test")) == "NXDOMAIN"
    assert told(ask(zone.address, "x.w.test")) == [("A", ELSEWHERE)]
    assert told(ask(zone.address, "a.x.w.test")) == [("A", ELSEWHERE)]
    assert "*.w.test does not hold for names below x.w.test" in zone.log()


def test_a_name_of_the_operator(zone):
    assert told(ask(zone.address, "mine.test")) == [("A", "192.0.2.77")]


# ---- files

def additional_soa(answer):
    return [f"{r.name} {r.ttl} {r[0]}" for r in answer.additional]


def test_soa_of_the_zone(daemon, tmp_path):
    """By option an answer says by its zone's SOA which one it is of, last of all and where there is room for it."""
    d = daemon({"upstreams": [ScriptedUpstream(script).address], "state": {"directory": str(tmp_path / "state")}})
    text = HEAD.replace("@ 60 SOA ns", "@ 20 SOA NS") + ZONE[len(HEAD):]
    text += "big.test TXT " + " ".join(f'"{"x" * 220}"' for _ in range(2)) + "\n*.wide.test A 192.0.2.8\n"
    d.add_list("feed", text.replace("@ 20", "$ORIGIN feed.rpz.\n@ 20"), format="rpz", action="given",
                      **{"add-soa": True})
    d.add_list("over", "$ORIGIN over.rpz.\n" + HEAD + "over.test A 192.0.2.1\n", format="rpz", action="nodata",
               **{"add-soa": True})
    d.add_list("silent", "$ORIGIN silent.rpz.\n" + HEAD + "silent.test CNAME .\n", format="rpz", action="given")
    d.add_list("plain", "plain.test\n", action="nxdomain", **{"add-soa": True})
    d.start()
    said = ["feed.rpz. 20 NS.rpz. host.rpz. 7 3600 600 86400 30"]

    def check():
        for name, kind in (("gone.test", "A"), ("nodata.test", "A"), ("data.test", "A"), ("data.test", "AAAA"),
                           ("data.test", "HTTPS"), ("garden.test", "A"), ("garden.test", "CNAME"), ("chain.test", "A")):
            for edns in (True, False):
                for tcp in (False, True):
                    answer = ask(d.address, name, kind, edns=edns, tcp=tcp)
                    assert additional_soa(answer) == said, (name, kind)
        assert additional_soa(ask(d.address, "over.test")) == ["over.rpz. 30 ns.rpz. host.rpz. 7 3600 600 86400 30"]
        for name in ("silent.test", "plain.test", "ok.gone.test", "free.test", "mine.test"):
            assert additional_soa(ask(d.address, name)) == [], name

    check()
    answer = ask(d.address, "big.test", "TXT", edns=False)
    assert not answer.additional and len(answer.answer) == 1 and "TC" not in flags(answer)
    assert additional_soa(ask(d.address, "big.test", "TXT", edns=True, payload=1232)) == said
    tcp_only = ask(d.address, "tcp.test")
    assert "TC" in flags(tcp_only) and not tcp_only.additional
    d.list_path("feed").unlink()
    assert "feed" in d.reload()
    check()
    d.restart()
    check()


def test_reload(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("feed", HEAD + "a.test A 192.0.2.1\nb.test CNAME c.test.\n", format="rpz", action="given").start()
    assert told(ask(d.address, "a.test")) == [("A", "192.0.2.1")]
    d.write_list("feed", HEAD + "a.test A 192.0.2.2\na.test TXT x\n")
    d.reload()
    assert told(ask(d.address, "a.test")) == [("A", "192.0.2.2")]
    assert told(ask(d.address, "b.test")) == [("A", ELSEWHERE)]
    # a file that cannot be taken leaves the rules as they are, what they give too
    d.write_list("feed", HEAD + "$INCLUDE other\n")
    d.reload()
    assert "line 5: $INCLUDE: a list is one file" in d.log()
    assert told(ask(d.address, "a.test")) == [("A", "192.0.2.2")]
    assert told(ask(d.address, "a.test", "TXT")) == [("TXT", '"x"')]


def test_bad_lines_are_told(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("feed", HEAD + "a.test. CNAME .\nb.test CNAME rpz-passthru\nc.test CNAME (\n"
               "d.test CNAME .\nd.test A 192.0.2.1\ncom CNAME .\n*.com CNAME .\n",
               format="rpz", action="given", **{"max-bad": 90}).start()
    log = d.log()
    for line in ('5: skipped: outside of the zone: "a.test. CNAME ."',
                 '6: skipped: an RPZ action that is not known: "b.test CNAME rpz-passthru"',
                 '7: skipped: no record as zone files have them: "c.test CNAME ("',
                 "9: skipped: the name has another action already",
                 "11: held back, it would block too much: com is a top-level domain"):
        assert f"feed.txt:{line}" in log
    assert rcode(ask(d.address, "d.test")) == "NXDOMAIN"
    assert told(ask(d.address, "a.com")) == [("A", ELSEWHERE)]
    assert exchange(d.address, query("b.test")).answer
