# SPDX-License-Identifier: BSD-2-Clause
"""Extended DNS Errors (RFC 8914) of an upstream: all that it says is handed on, whoever asks and
when, as far as there is room, and never as it stands where it could harm who reads it."""
import struct

import dns.edns
import dns.rcode
import pytest

from harness.client import addresses, ask, flags, query, rcode, udp_raw

GOOD = "198.51.100.7"
SEVERAL = [(9, "no DNSKEY matches DS"), (22, "at delegation a.test."), (23, "192.0.2.53:53 timed out"), (0, "")]


def told(answer):
    return [(int(o.code), o.text or "") for o in answer.options if o.otype == dns.edns.OptionType.EDE]


def saying(options, *records, code="NOERROR"):
    """A script whose reply has the EDE options, (code, octets)."""
    opt = b"".join(struct.pack("!HHH", 15, 2 + len(text), number) + text for number, text in options)

    def script(q):
        reply = q.reply(*(r.format(name=q.name) for r in records), rcode=code)
        if code == "NXDOMAIN":
            reply = q.negative(code)
        reply.use_edns(-1)
        wire = reply.to_wire()
        return wire[:10] + struct.pack("!H", 1) + wire[12:] + struct.pack("!BHHIH", 0, 41, 1232, 0, len(opt)) + opt
    return script


def encoded(options):
    return [(number, text.encode()) for number, text in options]


def serve(daemon, up, **more):
    return daemon({"upstreams": [up.address], **more}).start()


RECORD = f"{{name}} 300 IN A {GOOD}"
KINDS = {"answer": ([RECORD], "NOERROR"), "nxdomain": ([], "NXDOMAIN"), "failure": ([], "SERVFAIL")}


@pytest.mark.parametrize("kind", KINDS)
def test_all_are_handed_on_and_kept(daemon, upstream, kind):
    records, code = KINDS[kind]
    up = upstream(saying(encoded(SEVERAL), *records, code=code))
    d = serve(daemon, up)
    for wanted in ({"edns": True}, {"do": True}, {"edns": True, "tcp": True}, {"do": True, "tcp": True}):
        answer = ask(d.address, "a.test", **wanted)
        assert rcode(answer) == code and told(answer) == SEVERAL
    assert not ask(d.address, "a.test").options
    assert kind == "failure" or up.count() == 1


def test_they_outlast_a_restart(daemon, upstream):
    up = upstream(saying(encoded(SEVERAL), RECORD))
    d = serve(daemon, up, state={"directory": "state"})
    ask(d.address, "a.test")
    d.stop()
    d.start()
    d.program.wait_line(r"cache: state/cache\.dump: ")
    for _ in range(2):
        answer = ask(d.address, "a.test", edns=True)
        assert addresses(answer) == [GOOD] and told(answer) == SEVERAL
    assert up.count() == 1


def test_those_of_a_chain_stand_together(daemon, upstream):
    first = saying(encoded(SEVERAL[:2]), "{name} 300 IN CNAME b.test.")
    second = saying(encoded(SEVERAL[1:]), RECORD)
    up = upstream(lambda q: (first if q.name.lower() == "a.test." else second)(q))
    d = serve(daemon, up)
    for _ in range(2):
        answer = ask(d.address, "a.test", edns=True)
        assert addresses(answer) == [GOOD] and told(answer) == SEVERAL


@pytest.mark.parametrize("count, length, kept", [(100, 0, 8), (100, 20, 8), (100, 300, 5), (7000, 0, 8), (1, 60000, 1)])
def test_there_is_a_bound(daemon, upstream, count, length, kept):
    """Eight, and 512 octets, at most."""
    many = saying([(i, b"x" * length) for i in range(count)], RECORD)
    up = upstream(lambda q: many(q) if q.transport == "tcp" else q.truncated())
    d = serve(daemon, up)
    for _ in range(2):
        answer = ask(d.address, "a.test", edns=True, payload=4096, tcp=True)
        assert addresses(answer) == [GOOD]
        assert [code for code, _ in told(answer)][:kept] == list(range(kept)) and len(told(answer)) <= 8
        assert sum(6 + len(text) for _, text in told(answer)) <= 512


HOSTILE = [b"\x1b]0;owned\x07\x1b[2J", b"a\r\nb\0c", "\u202egpj.exe\u2066\u200b".encode(), b"\xff\xfe\xc0\xaf",
           b"\xed\xa0\x80", "\u0085\u009b31m".encode(), b"<script>\0", b"\0\0", "fine: M\u00fcnchen".encode()]
CLEAN = ["?]0;owned??[2J", "a??b?c", "?gpj.exe??", "????", "???", "??31m", "<script>", "", "fine: M\u00fcnchen"]


def test_texts_are_hostile(daemon, upstream):
    for i, text in enumerate(HOSTILE):
        up = upstream(saying([(22, text)], RECORD))
        d = serve(daemon, up)
        for _ in range(2):
            assert told(ask(d.address, f"n{i}.test", edns=True)) == [(22, CLEAN[i])]
        d.stop()


def test_they_give_way_to_the_answer(daemon, upstream):
    """Of any size that a client takes: what is whole without EDEs is not truncated for them; texts go
    before codes do, and the first that is said goes last."""
    up = upstream(saying([(i, b"x" * 40) for i in range(6)],
                         *(f"{{name}} 300 IN A 198.51.100.{i}" for i in range(1, 36))))
    d = serve(daemon, up)
    whole = len(udp_raw(d.address, query("a.test", edns=True, payload=1232).to_wire()))
    assert whole > 800
    seen = set()
    for payload in range(512, whole + 1):
        answer = ask(d.address, "a.test", edns=True, payload=payload)
        if "TC" in flags(answer):
            assert payload < whole - 6 * 46
            continue
        assert len(addresses(answer)) == 35
        codes = [code for code, _ in told(answer)]
        assert codes == sorted(codes)
        seen.add(len(codes))
        if payload == whole:
            assert told(answer) == [(i, "x" * 40) for i in range(6)]
    assert seen >= {0, 1, 5, 6}


def test_a_blocked_answer_is_not_truncated_for_its_reason(daemon, upstream):
    """The least a client takes, the longest name, and the longest reason."""
    d = daemon({"upstreams": [upstream(saying([])).address]})
    d.add_list("n" * 63, "listed.test\n", action="nxdomain", reason="order", authority={"case": "c" * 100}).start()
    name = ".".join(["x" * 63] * 3 + ["y" * 47, "listed.test"])
    answer = ask(d.address, name, edns=True, payload=512)
    assert rcode(answer) == "NXDOMAIN" and "TC" not in flags(answer)
    assert [code for code, _ in told(answer)] == [16]
