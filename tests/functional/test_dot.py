# SPDX-License-Identifier: BSD-2-Clause
"""Upstreams over TCP and TLS (RFC 7766, RFC 7858): connections that many questions share, and
certificates that have to be right."""
import collections
import ssl
import time

import pytest

from harness import certs, faults
from harness.client import addresses, ask, ede, rcode, records
from harness.crowd import ask_many, asking, fresh, tell
from harness.daemon import IPV4
from harness.faults import GOOD, SECOND
from harness.program import wait_until
from harness.servers import Unbound
from harness.upstream import Close, Later, Raw, Reset
from harness.zones import SIGNED

NAME = certs.NAME
FAST = {"timeout": "3s", "retransmit": "200ms"}
BLOCK = 128     # octets that questions over TLS are padded to (RFC 8467)
BACK = 10       # seconds after which an upstream that is well again has to be in use
NOISE = 1.0


@pytest.fixture
def tls_upstream(upstream, right):
    def make(script, identity=None, **options):
        options = options or {"tls-name": NAME}
        return upstream(script, tls=identity or right, **options)
    return make


@pytest.fixture
def forward(daemon, ca):
    def make(*upstreams, **outgoing):
        d = daemon({"upstreams": [u.address for u in upstreams], "server": {"drain-timeout": 0},
                    "outgoing": {**FAST, "tls-ca": str(ca.certificate), **outgoing}})
        return d.add_list("one", "blocked.net\n").start()
    return make


@pytest.fixture(params=["tcp", "tls"])
def stream_upstream(request, upstream, tls_upstream):
    """An upstream over TCP, then the same over TLS."""
    def make(script):
        return upstream(script, transport="tcp") if request.param == "tcp" \
            else tls_upstream(script)
    return make


def all_answered(outcomes, *allowed):
    wrong = [o for o in outcomes if not o.addresses or not set(o.addresses) <= set(allowed)]
    assert outcomes and not wrong, tell(outcomes)


# ---- connections

def test_questions_share_connections(forward, stream_upstream):
    """A worker needs one, and nothing goes over UDP."""
    up = stream_upstream(faults.good)
    d = forward(up)
    all_answered(ask_many(d.address, fresh(300), window=30), GOOD)
    assert up.count(transport="udp") == 0 and up.count() == 300
    assert up.accepted <= 4


def test_answers_may_come_in_any_order(forward, stream_upstream):
    """Each question has its own answer."""
    def script(q):
        number = int(q.name[1:].split(".")[0])
        return Later(0.02 * (number * 7 % 11), q.quick(f"10.0.{number >> 8 & 255}.{number & 255}"))
    d = forward(stream_upstream(script))
    names = fresh(200)
    for o in ask_many(d.address, names, window=60):
        number = int(o.name[1:].split(".")[0])
        assert o.addresses == [f"10.0.{number >> 8 & 255}.{number & 255}"], o


def test_ids_of_one_connection_differ(forward, stream_upstream):
    up = stream_upstream(lambda q: Later(0.2, q.quick(GOOD)))
    d = forward(up)
    all_answered(ask_many(d.address, fresh(100), window=100), GOOD)
    keys = [(q.connection, q.id) for q in up.questions]
    assert len(set(keys)) == len(keys)


def test_frames_may_be_cut_anywhere(forward, stream_upstream):
    def script(q):
        wire = q.quick(GOOD)
        whole = len(wire).to_bytes(2, "big") + wire
        return [Raw(whole[:1]), Later(0.01, Raw(whole[1:9])), Later(0.02, Raw(whole[9:]))]
    d = forward(stream_upstream(script))
    all_answered(ask_many(d.address, fresh(20), window=1), GOOD)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_connection_that_ends_with_questions_in_it_costs_no_answer(forward, stream_upstream, reset):
    """Every tenth question ends it, with what is in flight; it is the only upstream."""
    up = stream_upstream(faults.hanging_up(faults.good, every=10, reset=reset))
    d = forward(up)
    all_answered(ask_many(d.address, fresh(200), window=4), GOOD)
    assert up.count() <= 800


def test_connection_that_ends_while_idle_costs_nothing(forward, stream_upstream):
    """A server closes what is idle: the next question finds that out without a loss."""
    up = stream_upstream(lambda q: [q.quick(GOOD), Close()])
    d = forward(up)
    for _ in range(10):
        outcome = ask_many(d.address, fresh(1))[0]
        assert outcome.addresses == [GOOD] and outcome.seconds < NOISE
        time.sleep(0.02)


def test_connection_that_is_deaf_is_left(forward, stream_upstream):
    """It is open, and answers nothing any more: its peer has gone without a word. Others work."""
    up = stream_upstream(faults.good)
    d = forward(up)
    all_answered(ask_many(d.address, fresh(20)), GOOD)
    deaf = up.accepted
    up.script = lambda q: None if q.connection <= deaf else q.quick(GOOD)
    ask_many(d.address, fresh(10))
    wait_until(lambda: all(o.addresses for o in ask_many(d.address, fresh(10))), BACK,
               "another connection is used")
    all_answered(ask_many(d.address, fresh(50)), GOOD)


def test_connection_that_drips_is_left(forward, stream_upstream):
    """The length of an answer of 64 KiB, and then some octets now and then: what is behind it does
    not come.  It is the only upstream.  Seen before: nobody was answered any more."""
    asked = collections.Counter()

    def script(q):
        asked[q.connection] += 1
        if asked[q.connection] == 30:
            return [Raw(b"\xff\xff"), *(Later(0.4 * i, Raw(bytes(100))) for i in range(1, 100))]
        return q.quick(GOOD) if asked[q.connection] < 30 else None
    up = stream_upstream(script)
    d = forward(up)
    all_answered(ask_many(d.address, fresh(150), window=10), GOOD)


def test_idle_connection_is_closed(forward, stream_upstream):
    up = stream_upstream(faults.good)
    d = forward(up, **{"connection-idle": "1s"})
    all_answered(ask_many(d.address, fresh(10)), GOOD)
    assert up.connections >= 1
    wait_until(lambda: up.connections == 0, 8, "it is closed")
    all_answered(ask_many(d.address, fresh(10)), GOOD)


ONE_FAILS = {
    "silent": faults.silent,
    "ends at once": lambda q: Close(),
    "reset at once": lambda q: Reset(),
    "ends in a frame": faults.cut_frame,
    "stuck in a frame": lambda q: Raw(b"\2\0abc"),
    "SERVFAIL": faults.servfail,
    "wrong ID": faults.wrong_id,
    "wrong question": faults.wrong_question,
    "garbage": faults.garbage,
    "TC": faults.truncated,
}


@pytest.mark.parametrize("how", ONE_FAILS)
def test_one_fails_and_the_other_answers(forward, stream_upstream, how):
    bad, other = stream_upstream(ONE_FAILS[how]), stream_upstream(faults.second)
    d = forward(bad, other)
    all_answered(ask_many(d.address, fresh(40), window=10), SECOND)
    bad.script, other.script = faults.good, faults.silent
    wait_until(lambda: addresses(ask(d.address, *fresh(1))) == [GOOD], BACK, "it is in use again")
    all_answered(ask_many(d.address, fresh(20), window=5), GOOD)
    assert bad.count(transport="udp") == other.count(transport="udp") == 0


def test_closed_port_and_back(forward, stream_upstream):
    """Nothing is answered but what needs no upstream; then all is."""
    up = stream_upstream(faults.good)
    d = forward(up)
    all_answered(ask_many(d.address, ["cached.net", *fresh(10)]), GOOD)
    up.down()
    with asking(d.address, fresh(200), rate=100) as outcomes:
        known = ask_many(d.address, ["cached.net", "blocked.net"] * 5, window=1, rate=20)
        assert {o.addresses[0] for o in known} == {GOOD, IPV4}, tell(known)
        assert max(o.seconds for o in known) < NOISE
        time.sleep(1)
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert {o.ede for o in outcomes} <= {22, 23}, tell(outcomes)
    up.up()
    wait_until(lambda: addresses(ask(d.address, *fresh(1))) == [GOOD], BACK, "it is in use again")
    all_answered(ask_many(d.address, fresh(50)), GOOD)


def test_upstream_that_ends_each_connection_is_not_stormed(forward, stream_upstream):
    up = stream_upstream(lambda q: Close())
    d = forward(up)
    with asking(d.address, fresh(300), rate=100) as outcomes:
        time.sleep(2)
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert up.accepted <= 6 * len(outcomes)


def test_stream_beside_udp(forward, upstream, stream_upstream):
    """Whichever of the two fails, the other one answers."""
    stream, udp = stream_upstream(faults.good), upstream(faults.second)
    d = forward(stream, udp)
    all_answered(ask_many(d.address, fresh(20)), GOOD, SECOND)
    stream.down()
    all_answered(ask_many(d.address, fresh(40)), SECOND)
    stream.up()
    udp.script = faults.silent
    wait_until(lambda: addresses(ask(d.address, *fresh(1))) == [GOOD], BACK, "it is in use again")
    all_answered(ask_many(d.address, fresh(20)), GOOD)


# ---- who the upstream is

def test_right_name(forward, tls_upstream):
    up = tls_upstream(faults.good)
    d = forward(up)
    all_answered(ask_many(d.address, fresh(20)), GOOD)
    assert {q.transport for q in up.questions} == {"tls"} and up.failed_handshakes == 0


def test_name_is_asked_for(forward, tls_upstream):
    """SNI: the server can tell which certificate is wanted."""
    up = tls_upstream(faults.good)
    names = []
    up.context.sni_callback = lambda s, name, context: names.append(name)
    d = forward(up)
    all_answered(ask_many(d.address, fresh(2)), GOOD)
    assert set(names) == {NAME}


@pytest.mark.parametrize("make", ["self-signed", "by the CA", "expired"])
def test_right_pin(forward, tls_upstream, ca, tmp_path, make):
    """A pin alone is enough, whoever signed (RFC 7858, 4.2)."""
    identity = {"self-signed": lambda: certs.self_signed(tmp_path / "self"),
                "by the CA": lambda: ca.issue("other.example.net"),
                "expired": lambda: ca.issue(NAME, days=-1)}[make]()
    up = tls_upstream(faults.good, identity, **{"tls-pins": [identity.pin()]})
    d = forward(up)
    all_answered(ask_many(d.address, fresh(20)), GOOD)


def test_one_of_two_pins(forward, tls_upstream, right, tmp_path):
    other = certs.self_signed(tmp_path / "self")
    up = tls_upstream(faults.good, right, **{"tls-pins": [other.pin(), right.pin()]})
    all_answered(ask_many(forward(up).address, fresh(5)), GOOD)


def wrong_certificates(ca, folder, right):
    """What is presented, and what was configured."""
    named = {"tls-name": NAME}
    other = certs.self_signed(folder / "other")
    stranger = certs.Authority(folder / "stranger", "another CA")
    return {
        "other name": (ca.issue("other.example.net"), named),
        "name below": (ca.issue(f"a.{NAME}"), named),
        "an address": (ca.issue("127.0.0.1"), named),
        "expired": (ca.issue(NAME, days=-1), named),
        "self-signed": (certs.self_signed(folder / "self", NAME), named),
        "another CA": (stranger.issue(NAME), named),
        "wrong pin": (right, {"tls-pins": [other.pin()]}),
        "right name, wrong pin": (right, {**named, "tls-pins": [other.pin()]}),
        "right pin, other name": (other, {"tls-name": "other.example.net",
                                          "tls-pins": [other.pin()]}),
    }


WRONG = ["other name", "name below", "an address", "expired", "self-signed", "another CA",
         "wrong pin", "right name, wrong pin", "right pin, other name"]


@pytest.mark.parametrize("how", WRONG)
def test_wrong_certificate_is_told_no_question(forward, tls_upstream, ca, tmp_path, right, how):
    """Neither over TLS nor in clear text; another upstream is told instead."""
    identity, wanted = wrong_certificates(ca, tmp_path, right)[how]
    bad = tls_upstream(faults.good, identity, **wanted)
    d = forward(bad)
    outcomes = ask_many(d.address, fresh(10))
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert {o.ede for o in outcomes} <= {22, 23}, tell(outcomes)
    assert max(o.seconds for o in outcomes) < 3 + NOISE
    assert bad.questions == [] and bad.accepted >= 1
    good = tls_upstream(faults.second)
    d.configure({"upstreams": [bad.address, good.address]})
    d.reload_well()
    all_answered(ask_many(d.address, fresh(30), window=10), SECOND)
    assert bad.questions == []


@pytest.mark.parametrize("how", ["silent", "no TLS", "closed"])
def test_upstream_that_speaks_no_tls_is_told_no_question(forward, upstream, how):
    bad = upstream(faults.good, **{"tls-name": NAME})
    if how == "no TLS":
        bad.greeting = b"220 ready\r\n"
    elif how == "closed":
        bad.down()
    outcomes = ask_many(forward(bad).address, fresh(5))
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert {o.ede for o in outcomes} <= {22, 23}, tell(outcomes)
    assert bad.questions == []


def test_certificate_that_is_renewed_is_taken_again(forward, tls_upstream, ca, right):
    """Expired, then renewed: by itself, without a reload."""
    up = tls_upstream(faults.good, ca.issue(NAME, days=-1))
    d = forward(up)
    assert rcode(ask(d.address, *fresh(1))) == "SERVFAIL"
    up.down()
    up.context = right.context()
    up.up()
    wait_until(lambda: addresses(ask(d.address, *fresh(1))) == [GOOD], BACK, "it is in use again")
    all_answered(ask_many(d.address, fresh(20)), GOOD)


def test_connection_does_not_outlive_what_it_was_checked_for(forward, tls_upstream):
    """Another name is wanted by a reload: the open connection is not used any more."""
    up = tls_upstream(faults.good)
    d = forward(up)
    all_answered(ask_many(d.address, fresh(10)), GOOD)
    d.configure({"upstreams": [{**up.address, "tls-name": "other.example.net"}]})
    d.reload_well()
    before = up.count()
    outcomes = ask_many(d.address, fresh(5))
    assert {o.rcode for o in outcomes} == {"SERVFAIL"}, tell(outcomes)
    assert up.count() == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version,works", [("TLSv1_2", True), ("TLSv1_3", True),
                                           ("TLSv1_1", False)])
def test_versions_of_tls(forward, tls_upstream, version, works):
    up = tls_upstream(faults.good)
    up.context.minimum_version = up.context.maximum_version = ssl.TLSVersion[version]
    up.context.set_ciphers("ALL:@SECLEVEL=0")
    outcomes = ask_many(forward(up).address, fresh(3))
    assert {o.rcode for o in outcomes} == {"NOERROR" if works else "SERVFAIL"}, tell(outcomes)
    assert bool(up.questions) == works


def test_questions_over_tls_are_padded(forward, tls_upstream):
    """Whatever their names, and with whatever else an OPT has (RFC 8467, 4.1)."""
    up = tls_upstream(faults.good)
    d = forward(up)
    names = [f"{'x' * n}.{'y' * 60}.net" for n in range(1, 64, 7)] + fresh(5)
    all_answered(ask_many(d.address, names), GOOD)
    assert {len(q.wire) % BLOCK for q in up.questions} == {0}, [len(q.wire) for q in up.questions]
    assert all(q.padding is not None for q in up.questions)


def test_padding_does_not_come_to_the_client(forward, tls_upstream):
    up = tls_upstream(lambda q: q.address(GOOD, options=[(12, b"\0" * 300)]))
    d = forward(up)
    for _ in range(2):
        answer = ask(d.address, "a.net", edns=True)
        assert addresses(answer) == [GOOD] and not answer.options


def test_real_server_over_tls(forward, daemon, nsd, ca, right, tmp_path):
    """Unbound, which validates the signed zone: its answers and its reasons."""
    folder = tmp_path / "unbound"
    folder.mkdir()
    server = Unbound(folder, nsd, right)
    try:
        d = daemon({"upstreams": [{"address": "%s@%d" % server.tls_where, "tls-name": NAME}],
                    "outgoing": {"tls-ca": str(ca.certificate)}}).start()
        outcomes = ask_many(d.address, fresh(100, f"wild.{SIGNED}"), window=20, do=True)
        assert {o.rcode for o in outcomes} == {"NOERROR"}, tell(outcomes)
        assert all("RRSIG" in {kind for _, kind, _ in records(o.message)} for o in outcomes)
        big = ask(d.address, f"big.{SIGNED}", "TXT", tcp=True, do=True)
        assert len([r for r in records(big) if r[1] == "TXT"]) == 40
        bogus = ask(d.address, f"bogus.{SIGNED}", edns=True)
        assert rcode(bogus) == "SERVFAIL" and ede(bogus) is not None
    finally:
        server.close()
