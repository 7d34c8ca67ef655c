# SPDX-License-Identifier: BSD-2-Clause
"""Why a name is blocked, as JSON (draft-ietf-dnsop-structured-dns-error): to who sends the option, minified,
with a code that says so, and left out before the answer is."""
import json

import dns.edns
import dns.flags
import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, ede, rcode

CODE = 65022
WANTED = [dns.edns.GenericOption(CODE, b"")]
OURS = {"option": CODE, "contact": ["mailto:noc@isp.test", "tel:+41-44-000-00-00"], "organization": "ISP \"Züri\"",
        "language": "de"}
ORDER = {"court": "Amtsgericht", "case": "7 C 11/26", "contact": "court@court.test",
         "public-record": ["lumen:def456", "example:a:b"]}


def serve(daemon, resolver, **structured):
    d = daemon({"upstreams": [resolver.address], "structured-errors": {**OURS, **structured}})
    d.add_list("court", "ordered.test\n", reason="order", authority=ORDER)
    d.add_list("ours", "blocked.test\n", action="nxdomain")
    d.add_list("wish", "wished.test\n", action="nodata", reason="requested")
    d.add_list("zone", "$ORIGIN rpz.test.\n@ SOA . . 1 60 60 60 60\ngiven.test A 192.0.2.9\n", format="rpz",
               action="given", reason="order")
    return d.start()


def said(address, name, *, options=WANTED, **wanted):
    answer = ask(address, name, options=options, **wanted)
    return answer, ede(answer)


def test_what_is_said(daemon, resolver):
    d = serve(daemon, resolver)
    for tcp in (False, True):
        answer, (code, text) = said(d.address, "ordered.test", tcp=tcp)
        assert addresses(answer) == ["192.0.2.1"] and code == 16
        assert json.loads(text) == {
            "c": ["mailto:court@court.test", *OURS["contact"]], "j": "court; Amtsgericht; case 7 C 11/26",
            "o": OURS["organization"], "l": "de",
            "fdbs": [{"db": "lumen", "id": "def456"}, {"db": "example", "id": "a:b"}]}
        assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
    for name, status, number in (("blocked.test", "NXDOMAIN", 15), ("wished.test", "NOERROR", 17),
                                 ("given.test", "NOERROR", 16)):
        answer, (code, text) = said(d.address, name)
        assert rcode(answer) == status and code == number and "fdbs" not in json.loads(text)
        assert json.loads(text)["c"] == OURS["contact"]


def test_only_to_who_asks(daemon, resolver):
    """Another option, or the same code where none is configured: the text as before."""
    d = serve(daemon, resolver)
    for options in ([dns.edns.GenericOption(CODE + 1, b"")], []):
        assert said(d.address, "ordered.test", options=options, edns=True)[1] == (4, "court; case 7 C 11/26")
        assert said(d.address, "blocked.test", options=options, edns=True)[1] == (15, "ours")
    d.config["structured-errors"] = {"option": 0}
    d.write_config()
    d.reload()
    assert said(d.address, "ordered.test")[1] == (4, "court; case 7 C 11/26")


def test_what_has_no_room(daemon, resolver):
    """First members, then the text; never an answer, and what is said is whole."""
    long = {"contact": [f"mailto:{c * 60}@isp.test" for c in "abcdefgh"], "organization": "o" * 250}
    d = serve(daemon, resolver, **long)
    _, (code, text) = said(d.address, "ordered.test")
    assert code == 16 and json.loads(text)["c"] == ["mailto:court@court.test"] and "fdbs" in json.loads(text)
    for payload in (512, 1232):
        answer, (code, text) = said(d.address, "given.test", payload=payload)
        assert not answer.flags & dns.flags.TC and len(answer.answer) == 1 and code == 16
        assert json.loads(text or "{}") is not None
        assert payload == 512 or json.loads(text)["j"] == "zone"


@pytest.mark.parametrize("text", ['"' * 120, "\\" * 120, 'a"},{"c":[]', "ü\u6f22" * 20, "\u0008\u007f", "</script>"],
                         ids=["quotes", "backslashes", "json", "wide", "controls", "markup"])
def test_hostile_text(daemon, resolver, text):
    """What would end a string early, or has no place in one, is written as JSON has it, or refused with its place."""
    d = daemon({"upstreams": [resolver.address], "structured-errors": {**OURS, "organization": text}})
    d.add_list("court", "ordered.test\n", reason="order",
               authority={"court": text, "case": text, "contact": text, "public-record": [f"{text[:8]}:{text[:30]}"]})
    d.write_config()
    run = run_daemon("-c", d.config_path, "--check")
    if run.returncode:
        assert "\u007f" in text and "organization: " in run.stderr and d.config_path.name in run.stderr
        return
    d.start()
    code, told = said(d.address, "ordered.test")[1]
    told = json.loads(told)
    assert code == 16 and told["c"] == OURS["contact"][:len(told["c"])] and told["j"].startswith("court")
    assert set(told) <= {"c", "j", "o", "l", "fdbs"}


def test_of_what_an_answer_leads_to(daemon, upstream):
    """A client that waited for an answer is told as one that did not, and so is a hit of the cache."""
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME ordered.test.", "ordered.test. 300 IN A 192.0.2.77"))
    d = serve(daemon, up)
    for _ in range(2):
        answer, (code, text) = said(d.address, "cloaked.test")
        assert "192.0.2.77" not in addresses(answer) and code == 16
        assert json.loads(text)["j"].startswith("court")
    assert said(d.address, "cloaked.test", options=[], edns=True)[1][0] == 4


def test_without_anybody_to_turn_to(daemon, resolver):
    """The text, but no code that says forged; an order's own contact is enough."""
    d = serve(daemon, resolver, contact=[])
    assert said(d.address, "blocked.test")[1] == (15, "ours")
    assert said(d.address, "given.test")[1] == (16, "zone")
    assert json.loads(said(d.address, "ordered.test")[1][1])["c"] == ["mailto:court@court.test"]


@pytest.mark.parametrize("wrong, told", [
    ({"contact": ["noc@isp.test"]}, "expected a URI of tel, sips or mailto"),
    ({"contact": ["mailto:a\"b@isp.test"]}, "expected a URI of tel, sips or mailto"),
    ({"contact": ["mailto:" + "a" * 160]}, "of at most 160 octets"),
    ({"language": "de\"}"}, "expected a tag of BCP 47"),
    ({"option": 15}, "EDNS option 15 is another"),
])
def test_mistakes(daemon, resolver, wrong, told):
    d = daemon({"upstreams": [resolver.address], "structured-errors": {**OURS, **wrong}})
    d.write_config()
    run = run_daemon("-c", d.config_path, "--check")
    assert run.returncode != 0 and told in run.stderr


def test_a_record_without_its_database(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("court", "a.test\n", authority={"public-record": ["lumen"]}).write_config()
    run = run_daemon("-c", d.config_path, "--check")
    assert run.returncode != 0 and "authority.public-record: expected a database" in run.stderr
