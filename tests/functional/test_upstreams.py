# SPDX-License-Identifier: BSD-2-Clause
"""Upstreams that are silent, broken, or lie; and how hard it is to lie to us."""
import random
import socket
import statistics
import struct
import threading
import time

import dns.flags
import dns.message
import pytest

from harness.build import slow
from harness.client import (addresses, ask, dig, ede, exchange_many, query, rcode, records,
                            udp_socket)
from harness.program import wait_until
from harness.upstream import Close, FromElsewhere, Later, Raw

GOOD, FORGED, SECOND = "198.51.100.7", "198.51.100.66", "198.51.100.8"
FAST = {"outgoing": {"timeout": "1s", "retransmit": "100ms"}}


def silent(q):
    return None


def good(q):
    return q.address(GOOD)


def timed(action):
    start = time.monotonic()
    result = action()
    return result, time.monotonic() - start


def gather(actions):
    """The results of actions that are done at one time."""
    results = [None] * len(actions)

    def run(i):
        results[i] = actions[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


# ---- one of two is bad

def bad_pointer(q):
    """An answer whose record's owner points forward, at itself."""
    owner = struct.pack("!H", 0xc000 | len(q.bare()))
    return with_record(q.bare(), owner, 1, b"\1\2\3\4")


def with_record(wire, owner, kind, rdata):
    """A reply without records, with one whatever it is."""
    record = owner + struct.pack("!HHIH", kind, 1, 60, len(rdata)) + rdata
    return wire[:6] + b"\0\1" + wire[8:] + record


def edited(edit):
    def script(q):
        wire = bytearray(q.bare(f"{q.name} 60 IN A {FORGED}"))
        edit(wire)
        return bytes(wire)
    return script


def cut_record(wire):
    del wire[-3:]


def count_too_high(wire):
    wire[6:8] = b"\0\7"


def rdata_length_wrong(wire):
    wire[-6:-4] = b"\0\5"


def octets_behind(wire):
    wire += b"\0\0"


def a_of_five(q):
    return with_record(q.bare(), b"\xc0\x0c", 1, b"\1\2\3\4\5")


def cname_loop(q):
    """A CNAME whose target points at itself."""
    target = struct.pack("!H", 0xc000 | len(q.bare()) + 12)
    return with_record(q.bare(), b"\xc0\x0c", 5, target)


def two_opts(q):
    wire = q.bare()
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
    return wire[:10] + b"\0\2" + wire[12:] + opt + opt


def bare_error(rcode):
    """A header, and no question: of a server that cannot read one."""
    return lambda q: q.wire[:2] + bytes([0x81, 0x80 | rcode]) + bytes(8)


UNUSABLE = {
    "SERVFAIL": lambda q: q.reply(rcode="SERVFAIL"),
    "REFUSED": lambda q: q.reply(rcode="REFUSED"),
    "FORMERR": lambda q: q.reply(rcode="FORMERR"),
    "NOTIMP": lambda q: q.reply(rcode="NOTIMP"),
    "record cut": edited(cut_record),
    "count too high": edited(count_too_high),
    "rdata length": edited(rdata_length_wrong),
    "octets behind": edited(octets_behind),
    "pointer forward": bad_pointer,
    "A of 5 octets": a_of_five,
    "CNAME loop": cname_loop,
    "two OPTs": two_opts,
    **{f"{rcode} alone": bare_error(rcode) for rcode in (2, 4, 5)},
}


@pytest.mark.parametrize("how", UNUSABLE)
def test_unusable_answer_has_the_second_upstream_asked_at_once(daemon, upstream, how):
    first, second = upstream(UNUSABLE[how]), upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address, second.address]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [SECOND] and took < 0.35
    # a FORMERR may be the cookie's fault, and what has no OPT may not know EDNS: one more try
    # without; what is broken or repeats no question may be forged: one over TCP
    believed = how in ("SERVFAIL", "REFUSED", "NOTIMP")
    more = 2 if how == "4 alone" else 0 if believed else 1
    assert (first.count(), second.count()) == (1 + more, 1)


@pytest.mark.parametrize("bare", [False, True])
def test_upstream_that_does_not_know_edns_is_asked_without(daemon, upstream, bare):
    """RFC 6891, 7: FORMERR without an OPT; some do not even repeat the question."""
    def old(q):
        if q.message.edns < 0:
            return q.address(GOOD)
        return bare_error(1)(q) if bare else q.bare()[:2] + b"\x81\x81" + q.bare()[4:]

    up = upstream(old)
    d = daemon({"upstreams": [up.address]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [GOOD] and took < 0.35 and up.count() == 2


IGNORED = {
    "silence": silent,
    "wrong ID": edited(lambda wire: wire.__setitem__(0, wire[0] ^ 0xff)),
    "wrong name": edited(lambda wire: wire.__setitem__(13, ord("z"))),
    "wrong type": edited(lambda wire: wire.__setitem__(21, 28)),
    "wrong class": edited(lambda wire: wire.__setitem__(23, 3)),
    "no question": edited(lambda wire: wire.__setitem__(slice(4, 6), b"\0\0")),
    "two questions": edited(lambda wire: wire.__setitem__(slice(4, 6), b"\0\2")),
    "no response": edited(lambda wire: wire.__setitem__(2, wire[2] & 0x7f)),
    "other opcode": edited(lambda wire: wire.__setitem__(2, wire[2] | 0x20)),
    "other port": lambda q: FromElsewhere(q.address(FORGED)),
    "one octet": lambda q: b"\0",
    "garbage": lambda q: q.wire[:2] + bytes(range(200)),
    "header alone": lambda q: q.wire[:2] + b"\x81\x80" + b"\0" * 8,
}


@pytest.mark.parametrize("how", IGNORED)
def test_answer_that_is_none_to_our_question_is_ignored(daemon, upstream, how):
    """The right one is still waited for, from the same or from the next."""
    first = upstream(IGNORED[how])
    second = upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address, second.address], **FAST}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [SECOND] and took < 0.7


@pytest.mark.parametrize("how", [name for name in IGNORED if name != "silence"])
def test_right_answer_after_a_wrong_one_is_taken(daemon, upstream, how):
    up = upstream(lambda q: [IGNORED[how](q), Later(0.02, q.address(GOOD))])
    d = daemon({"upstreams": [up.address]}).start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    assert up.count() == 1


def test_datagrams_that_nobody_waits_for_do_no_harm(daemon, upstream):
    up = upstream(lambda q: [q.address(GOOD), q.address(FORGED), b"", b"\xff" * 700])
    d = daemon({"upstreams": [up.address]}).start()
    for i in range(50):
        assert addresses(ask(d.address, f"n{i}.test")) == [GOOD]
    assert addresses(ask(d.address, "n1.test")) == [GOOD]
    wait_until(lambda: d.counted("upstream_unsolicited") >= 100, 5, "they were counted")


# ---- silence

def test_silent_upstream_costs_one_retransmission(daemon, upstream):
    """By default: the second one is asked after 400 ms."""
    first, second = upstream(silent), upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address, second.address]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [SECOND] and 0.3 < took < 1.2


def test_upstream_that_stays_silent_is_set_aside(daemon, upstream):
    first, second = upstream(silent), upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address, second.address], "server": {"workers": 1},
                **FAST}).start()
    took = [timed(lambda: ask(d.address, f"n{i}.test"))[1] for i in range(8)]
    assert first.count() < 8 and second.count() == 8
    assert max(took[4:]) < 0.09, took


def test_lost_question_is_asked_again(daemon, upstream):
    up = upstream(lambda q: q.address(GOOD) if q.number else None)
    d = daemon({"upstreams": [up.address], **FAST}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [GOOD] and took < 0.6
    assert up.count() == 2
    first, second = up.questions
    assert (first.id, first.port) != (second.id, second.port)


def test_late_answer_to_the_first_try_is_taken(daemon, upstream):
    up = upstream(lambda q: None if q.number else Later(0.25, q.address(GOOD)))
    d = daemon({"upstreams": [up.address], **FAST}).start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    assert up.count() >= 2


def test_all_silent_is_servfail_before_dig_gives_up(daemon, upstream):
    """dig waits 5 s; EDE 22 says that no upstream was reached."""
    ups = [upstream(silent), upstream(silent)]
    d = daemon({"upstreams": [up.address for up in ups]}).start()
    answer, took = timed(lambda: dig(d.address, "a.test", wait=5))
    assert answer.status == "SERVFAIL" and "EDE: 22" in answer.text
    assert 3 < took < 4.9
    assert all(2 <= up.count() <= 8 for up in ups)


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_failure_is_no_answer_of_the_future(daemon, upstream, tcp):
    """Where it is not to be remembered, the upstream is asked again, and well again."""
    up = upstream(lambda q: q.reply(rcode="SERVFAIL") if q.number == 0 else q.address(GOOD))
    d = daemon({"upstreams": [up.address], "cache": {"servfail-ttl": 0}}).start()
    answer = ask(d.address, "a.test", tcp=tcp, edns=True)
    assert rcode(answer) == "SERVFAIL" and ede(answer)[0] == 23
    assert addresses(ask(d.address, "a.test", tcp=tcp)) == [GOOD]


def test_refusing_host_is_noticed_at_once(daemon):
    """Nothing listens there: ICMP says so."""
    d = daemon({"upstreams": [{"address": "127.0.0.1@9"}, {"address": "::1@9"}]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test", edns=True))
    assert rcode(answer) == "SERVFAIL" and ede(answer)[0] == 23 and took < 1


def test_refusing_host_has_the_next_one_asked_at_once(daemon, upstream):
    up = upstream(good)
    d = daemon({"upstreams": [{"address": "127.0.0.1@9"}, up.address]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [GOOD] and took < 0.3


def test_unreachable_network_has_the_next_one_asked(daemon, upstream):
    """An address of no route (or of nobody): it costs one try at the most."""
    up = upstream(good)
    d = daemon({"upstreams": [{"address": "2001:db8:dead::1@53"}, up.address], **FAST}).start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]


# ---- truncation and TCP

def big(q):
    return q.reply(*[f'{q.name} 60 IN TXT "{i:04d}{"x" * 200}"' for i in range(60)])


def truncated_first(over_tcp):
    return lambda q: q.truncated() if q.transport == "udp" else over_tcp(q)


def test_what_signatures_make_too_long_is_had_without_tcp(daemon, upstream):
    """An upstream whose answers with DO do not fit, and which has no TCP, is asked without DO for
    clients that do not want it."""
    up = upstream(lambda q: q.truncated() if q.message.ednsflags & dns.flags.DO
                  else q.address(GOOD), tcp=False)
    d = daemon({"upstreams": [up.address]}).start()
    for _ in range(2):
        assert addresses(ask(d.address, "a.test")) == [GOOD]
    assert up.count() == 2
    assert addresses(ask(d.address, "a.test", do=True)) == [GOOD]   # rather than nothing
    assert up.count() == 3
    assert addresses(ask(d.address, "a.test")) == [GOOD]


def test_truncated_answer_is_asked_again_over_tcp(daemon, upstream):
    up = upstream(truncated_first(big))
    d = daemon({"upstreams": [up.address]}).start()
    answer = ask(d.address, "a.test", "TXT", tcp=True)
    assert len(records(answer)) == 60
    assert [q.transport for q in up.questions] == ["udp", "tcp"]
    assert "TC" in ask(d.address, "a.test", "TXT").to_text() and up.count() == 2


def test_upstream_over_ipv6(daemon, upstream):
    up = upstream(lambda q: big(q) if q.transport == "tcp" or q.type == "A" else q.truncated(),
                  host="::1")
    d = daemon({"upstreams": [up.address]}).start()
    assert len(records(ask(d.address, "a.test", "TXT", tcp=True))) == 60
    assert [q.transport for q in up.questions] == ["udp", "tcp"]


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
def test_answer_over_tcp_may_come_in_pieces(daemon, upstream, pieces):
    def slowly(q):
        wire = big(q).to_wire(max_size=65535)
        whole = struct.pack("!H", len(wire)) + wire
        parts = [whole[:1], whole[1:2], *[whole[i:i + 2 + len(whole) // pieces] for i in
                                         range(2, len(whole), 2 + len(whole) // pieces)]]
        return [Later(0.0002 * i, Raw(part)) for i, part in enumerate(parts)]
    d = daemon({"upstreams": [upstream(truncated_first(slowly)).address]}).start()
    assert len(records(ask(d.address, "a.test", "TXT", tcp=True))) == 60


def wrong_id(q):
    message = q.address(FORGED)
    message.id ^= 1
    return message


BAD_OVER_TCP = {
    "closed": lambda q: Close(),
    "closed in a frame": lambda q: [Raw(b"\x01\x00" + b"x" * 20), Close()],
    "closed in the length": lambda q: [Raw(b"\x01"), Close()],
    "too short": lambda q: Raw(b"\0\5" + b"x" * 5),
    "garbage": lambda q: Raw(b"\0\x40" + bytes(range(64))),
    "wrong ID": wrong_id,
    "truncated again": lambda q: q.truncated(),
    "SERVFAIL": lambda q: q.reply(rcode="SERVFAIL"),
}


@pytest.mark.parametrize("how", BAD_OVER_TCP)
def test_bad_answer_over_tcp_has_the_second_upstream_asked(daemon, upstream, how):
    first = upstream(truncated_first(BAD_OVER_TCP[how]))
    second = upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address, second.address]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [SECOND] and took < slow(0.39, 1.0)


def test_refused_tcp_has_the_second_upstream_asked(daemon, upstream):
    first, second = upstream(lambda q: q.truncated(), tcp=False), upstream(good)
    d = daemon({"upstreams": [first.address, second.address]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test"))
    assert addresses(answer) == [GOOD] and took < 0.39


def test_refused_tcp_of_the_only_upstream_is_servfail(daemon, upstream):
    up = upstream(lambda q: q.truncated(), tcp=False)
    d = daemon({"upstreams": [up.address]}).start()
    answer, took = timed(lambda: ask(d.address, "a.test", edns=True))
    assert rcode(answer) == "SERVFAIL" and ede(answer)[0] == 23 and took < 1


@pytest.mark.parametrize("how", [silent, lambda q: Raw(b"\x02\x00abc")], ids=["silent", "stuck"])
def test_tcp_that_never_ends_is_bounded(daemon, upstream, how):
    up = upstream(truncated_first(how))
    d = daemon({"upstreams": [up.address], **FAST}).start()
    answer, took = timed(lambda: ask(d.address, "a.test", edns=True))
    assert rcode(answer) == "SERVFAIL" and ede(answer)[0] == 22 and took < 1.5


# ---- identical questions

def test_identical_questions_in_flight_share_one(daemon, upstream):
    up = upstream(lambda q: Later(0.3, q.address(GOOD)))
    d = daemon({"upstreams": [up.address], "server": {"workers": 1}}).start()
    names = ["shared.test", "SHARED.test", "Shared.Test"] * 5
    answers = gather([lambda n=n: ask(d.address, n) for n in names]
                     + [lambda: ask(d.address, "shared.test", tcp=True)] * 3)
    assert all(addresses(answer) == [GOOD] for answer in answers)
    assert up.count() == 1 and d.counted("joined") == 17


def test_other_questions_do_not_share(daemon, upstream):
    up = upstream(lambda q: Later(0.2, q.address(GOOD) if q.type == "A" else q.negative("NOERROR")))
    d = daemon({"upstreams": [up.address], "server": {"workers": 1}}).start()
    gather([lambda: ask(d.address, "a.test"), lambda: ask(d.address, "a.test", "TXT"),
            lambda: ask(d.address, "a.test", do=True), lambda: ask(d.address, "a.test", cd=True),
            lambda: ask(d.address, "b.test")])
    assert up.count() == 3   # DO and CD are settings of the clients'


def test_thousand_clients_of_one_name_cost_one_question_a_worker(daemon, upstream):
    up = upstream(lambda q: Later(0.2, q.address(GOOD)))
    d = daemon({"upstreams": [up.address], "outgoing": {"waiters-per-question": 1000}}).start()
    with udp_socket(d.address) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for number in range(1000):
            message = query("one.test")
            message.id = number
            s.send(message.to_wire())
        seen = {s.recv(4096)[:2] for _ in range(1000)}
    assert len(seen) == 1000 and up.count() == 1


def test_more_than_may_be_in_flight_are_refused_with_servfail(daemon, upstream):
    up = upstream(silent)
    d = daemon({"upstreams": [up.address], "server": {"workers": 1},
                "outgoing": {"in-flight": 16, "timeout": "2s"}})
    d.configure({"server": {"drain-timeout": "0s"}})
    d.start()
    with udp_socket(d.address) as s:
        for number in range(40):
            s.send(query(f"n{number}.test", edns=True).to_wire())
        s.settimeout(1)
        early = [dns.message.from_wire(s.recv(4096)) for _ in range(24)]
    assert {rcode(m) for m in early} == {"SERVFAIL"} and {ede(m)[0] for m in early} == {0}
    assert d.counted("overload") == 24


# ---- how hard it is to guess

def test_ports_and_ids_are_spread(daemon, upstream):
    """1000 questions, as a port test would look at them."""
    up = upstream(good)
    d = daemon({"upstreams": [up.address]}).start()
    exchange_many(d.address, [f"n{number}.test" for number in range(1000)], window=50)
    ports, ids = [q.port for q in up.questions], [q.id for q in up.questions]
    assert up.count() >= 1000      # more where the machine is slow: asked again
    assert len(set(ports)) >= 200 and statistics.stdev(ports) > 10000
    assert len(set(ids)) > 950 and statistics.stdev(ids) > 15000
    assert min(ports) >= 1024
    steps = [abs(a - b) for a, b in zip(ports, ports[1:])]
    assert statistics.median(steps) > 5000
    assert abs(statistics.correlation(ids[:-1], ids[1:])) < 0.2


def test_ports_change_over_a_restart(daemon, upstream):
    up = upstream(good)
    d = daemon({"upstreams": [up.address]}).start()
    for i in range(20):
        ask(d.address, f"n{i}.test")
    d.restart()
    for i in range(20):
        ask(d.address, f"n{i}.test")
    first, second = up.questions[:20], up.questions[20:]
    assert len({(q.port, q.id) for q in first} & {(q.port, q.id) for q in second}) == 0


def test_two_answers_to_one_question_the_first_counts(daemon, upstream):
    up = upstream(lambda q: [q.address(GOOD), q.address(FORGED)])
    d = daemon({"upstreams": [up.address]}).start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    assert addresses(ask(d.address, "a.test")) == [GOOD] and up.count() == 1


def test_upstreams_change_by_reload(daemon, upstream):
    first, second = upstream(good), upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address]}).start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    d.configure({"upstreams": [second.address]})
    d.reload_well()
    assert addresses(ask(d.address, "b.test")) == [SECOND]
    assert first.count() == 1


def test_question_in_flight_survives_a_change_of_the_upstreams(daemon, upstream):
    first = upstream(lambda q: Later(0.5, q.address(GOOD)))
    second = upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address]}).start()
    with udp_socket(d.address) as s:
        s.send(query("a.test").to_wire())
        first.wait_asked()
        d.configure({"upstreams": [second.address]})
        d.reload_well()
        answer = dns.message.from_wire(s.recv(4096))
    assert addresses(answer) in ([GOOD], [SECOND])


def test_answer_larger_than_was_asked_for_is_taken_or_asked_again(daemon, upstream):
    """An upstream that ignores our size: what came is whole, so it may be used."""
    up = upstream(big)
    d = daemon({"upstreams": [up.address]}).start()
    assert len(records(ask(d.address, "a.test", "TXT", tcp=True))) == 60


# ---- the OPT of an upstream

def opt(options):
    return b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(options)) + options


def with_additional(wire, *additional):
    return wire[:10] + struct.pack("!H", len(additional)) + wire[12:] + b"".join(additional)


def ede_option(data):
    return struct.pack("!HH", 15, len(data)) + data


@pytest.mark.parametrize("text", [b"", b"x" * 50, b"x" * 250, b"x" * 1000, b"\xc3\xa9" * 300],
                         ids=["none", "50", "250", "1000", "UTF-8"])
def test_long_reason_of_an_upstream_is_cut_and_its_code_is_kept(daemon, upstream, text):
    def script(q):
        return with_additional(q.bare(f"{q.name} 60 IN A {GOOD}"),
                               opt(ede_option(b"\0\x03" + text)))
    d = daemon({"upstreams": [upstream(script).address]}).start()
    for _ in range(2):  # then from the cache
        answer = ask(d.address, "a.test", edns=True)
        assert addresses(answer) == [GOOD]
        code, said = ede(answer)
        assert code == 3 and text.decode().startswith(said) and len(said) >= min(len(text), 50)


@pytest.mark.parametrize("data", [b"", b"\0"])
def test_reason_without_its_code_is_as_good_as_none(daemon, upstream, data):
    up = upstream(lambda q: with_additional(q.bare(f"{q.name} 60 IN A {GOOD}"), opt(ede_option(data))))
    d = daemon({"upstreams": [up.address]}).start()
    answer = ask(d.address, "a.test", edns=True)
    assert addresses(answer) == [GOOD] and ede(answer) is None


def test_dname_that_makes_too_long_a_name(daemon, upstream):
    """RFC 6672, 2.2: YXDOMAIN, with the DNAME, is an answer."""
    up = upstream(lambda q: q.reply("a.test. 60 IN DNAME b.test.", rcode="YXDOMAIN"))
    d = daemon({"upstreams": [up.address]}).start()
    for _ in range(2):  # then from the cache
        answer = ask(d.address, "w.a.test")
        assert rcode(answer) == "YXDOMAIN" and [str(s.name) for s in answer.answer] == ["a.test."]
    assert up.count() == 1


def test_opt_may_stand_before_other_records(daemon, upstream):
    """What stands behind it is not needed; what comes to the client can be read."""
    glue = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + b"\1\2\3\4"
    up = upstream(lambda q: with_additional(q.bare(f"{q.name} 60 IN A {GOOD}"), glue, opt(b""),
                                            glue))
    d = daemon({"upstreams": [up.address]}).start()
    for edns in (False, True, False):
        answer = ask(d.address, "a.test", edns=edns)
        assert addresses(answer) == [GOOD] and answer.edns == (0 if edns else -1)


def test_extended_rcode_is_a_failure(daemon, upstream):
    """BADVERS in the OPT: the header's own four bits say NOERROR."""
    def script(q):
        bad = b"\0" + struct.pack("!HHIH", 41, 1232, 1 << 24, 0)
        return with_additional(q.bare(), bad)
    first, second = upstream(script), upstream(lambda q: q.address(SECOND))
    d = daemon({"upstreams": [first.address, second.address]}).start()
    assert addresses(ask(d.address, "a.test")) == [SECOND]


# ---- whatever may come

def garbled(rng):
    """Right answers with some octets changed behind the question, cut, or repeated."""
    def script(q):
        names = [q.name, "b.test.", "c.example."]
        good = q.bare(*[f"{a} 60 IN CNAME {b}" for a, b in zip(names, names[1:])],
                      f'{names[-1]} 60 IN TXT "a" "b"', f"{names[-1]} 60 IN MX 1 {q.name}",
                      f"{names[-1]} 60 IN SOA {q.name} b.test. 1 2 3 4 5")
        wire = bytearray(good)
        body = len(q.bare())
        for _ in range(rng.randint(1, 5)):
            wire[rng.randrange(body, len(wire))] = rng.choice([0, 1, 0x3f, 0xc0, 0xff,
                                                               rng.randrange(256)])
        if rng.random() < 0.3:
            wire[rng.choice([3, 6, 7, 8, 9, 10, 11])] = rng.randrange(256)
        if rng.random() < 0.3:
            del wire[rng.randrange(body, len(wire) + 1):]
        return bytes(wire) if q.transport == "udp" or rng.random() < 0.5 else Raw(bytes(wire))
    return script


def test_garbled_answers_do_no_harm(daemon, upstream):
    """Each question is answered: with what can be read of it, or SERVFAIL."""
    up = upstream(garbled(random.Random(3)))
    d = daemon({"upstreams": [up.address], **FAST}).add_list("one", "c.example\n").start()
    count, codes = 400, []      # a CNAME that is left of an answer is followed, each hop in its own time
    with udp_socket(d.address) as s:
        for start in range(0, count, 20):
            for number in range(start, start + 20):
                s.send(query(f"n{number}.test").to_wire())
            codes += [s.recv(4096)[3] & 15 for _ in range(20)]
    assert up.count() >= count
    assert {0, 2} <= set(codes) <= {0, 2, 3}
    assert d.counted("upstream_bad") > count / 10 and d.counted("blocked_cname") > count / 10
    assert addresses(ask(d.address, "c.example")) == ["192.0.2.1"]


# ---- ourselves

@pytest.mark.parametrize("listen,address", [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"),
                                            ("::", "::1"), ("127.0.0.1", "0.0.0.0")])
def test_upstream_that_we_are_ourselves_is_refused(daemon, listen, address):
    """Each question would come back to us, until it dies."""
    d = daemon()
    d.configure({"server": {"listen": [f"{listen}@{d.port}"]},
                 "upstreams": [{"address": f"{address}@{d.port}"}]})
    assert f"{address}@{d.port}" in d.fails_to_start()
