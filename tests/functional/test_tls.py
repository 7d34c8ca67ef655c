# SPDX-License-Identifier: BSD-2-Clause
"""More of DNS over TLS (RFC 7858): what the log says of a server that cannot prove who it is, the
file of those who are trusted, how connections are used, kept and resumed, and servers of others."""
import time

import pytest

from harness import certs, zones
from harness.client import addresses, ask, ede, rcode, records
from harness.crowd import ask_many, fresh
from harness.faults import GOOD, good
from harness.program import wait_until
from harness.servers import Nsd
from harness.upstream import Close, Later, Reset

NAME = certs.NAME
WRONG_PIN = "sha256/" + "A" * 43 + "="


@pytest.fixture
def over_tls(daemon, upstream, ca, right):
    """A daemon of one worker that asks a scripted upstream over TLS; how that one is known may be
    changed."""
    def make(script=good, shown=right, trusted=ca.certificate, outgoing=(), **known):
        known = {key.replace("_", "-"): value
                 for key, value in (known or {"tls_name": NAME}).items()}
        up = upstream(script, tls=shown, **known)
        d = daemon({"upstreams": [up.address], "server": {"workers": 1},
                    "outgoing": {"tls-ca": str(trusted), "timeout": "2s", **dict(outgoing)}})
        return d.start(), up
    return make


def all_good(outcomes):
    return bool(outcomes) and all(o.addresses == [GOOD] for o in outcomes)


# ---- who it is

UNPROVEN = {
    "another name": (lambda ca, t: ca.issue("other.example.net"), {"tls_name": NAME},
                     "its certificate is not for " + NAME),
    "expired": (lambda ca, t: ca.issue(NAME, days=-1), {"tls_name": NAME},
                "its certificate: certificate has expired"),
    "unknown": (lambda ca, t: certs.Authority(t / "other").issue(NAME), {"tls_name": NAME},
                "its certificate: unable to get local issuer certificate"),
    "self-signed": (lambda ca, t: certs.self_signed(t / "self"), {"tls_name": NAME},
                    "its certificate: self-signed certificate"),
    "another pin": (lambda ca, t: ca.issue(NAME), {"tls_pins": [WRONG_PIN]},
                    "its public key has none of the pins"),
    "name without pin": (lambda ca, t: ca.issue(NAME), {"tls_name": NAME, "tls_pins": [WRONG_PIN]},
                         "its public key has none of the pins"),
    "clear text": (lambda ca, t: None, {"tls_name": NAME}, "it takes too long"),
}


@pytest.mark.parametrize("how", UNPROVEN)
def test_the_log_says_why(over_tls, ca, tmp_path, how):
    """Once, and not for every question; nothing was said to the server, in whatever way."""
    make, known, reason = UNPROVEN[how]
    d, up = over_tls(shown=make(ca, tmp_path), **known)
    answer = ask(d.address, "a.net", timeout=10, edns=True)
    assert rcode(answer) == "SERVFAIL" and ede(answer)[0] in (22, 23)
    where = up.address["address"]
    d.program.wait_line(f"^warning: upstream {where}: no TLS connection: {reason}")
    for name in fresh(3):
        assert rcode(ask(d.address, name, timeout=10)) == "SERVFAIL"
    assert up.accepted > 0 and up.questions == [] and up.sent == 0
    assert d.log().count("no TLS connection") == 1


def test_certificate_for_an_address(over_tls, ca):
    d, up = over_tls(shown=ca.issue("127.0.0.1"), tls_name="127.0.0.1")
    assert all_good(ask_many(d.address, fresh(3)))


# ---- the file of those who are trusted

@pytest.mark.parametrize("text, reason", [
    (None, "No such file or directory"), ("", "no certificate or crl found")])
def test_bad_ca_file_is_refused(over_tls, tmp_path, text, reason):
    d, up = over_tls()
    path = tmp_path / "bad.pem"
    if text is not None:
        path.write_text(text)
    d.configure({"outgoing": {"tls-ca": str(path)}})
    log = d.reload()
    assert "reload FAILED" in log and f"outgoing.tls-ca: {path}: {reason}" in log
    assert all_good(ask_many(d.address, fresh(3)))
    d.stop()
    assert f"{path}: {reason}" in d.fails_to_start()


def test_ca_file_is_read_again_at_a_reload(over_tls, ca, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(ca.certificate.read_bytes())
    d, up = over_tls(trusted=path)
    assert all_good(ask_many(d.address, fresh(3)))
    d.reload_well()     # the same file: the connection is kept
    assert all_good(ask_many(d.address, fresh(3)))
    assert up.accepted == 1
    other = tmp_path / "new.pem"
    other.write_bytes(certs.Authority(tmp_path / "other").certificate.read_bytes())
    other.replace(path)
    d.reload_well()
    before = up.count()
    assert rcode(ask(d.address, *fresh(1), timeout=10)) == "SERVFAIL"
    assert up.count() == before


# ---- the connection

def test_one_connection_for_many_questions(over_tls):
    d, up = over_tls(lambda q: Later(0.05, good(q)))
    assert all_good(ask_many(d.address, fresh(1)))
    assert all_good(ask_many(d.address, fresh(60), window=30))
    assert (up.accepted, up.count(transport="tls"), up.count()) == (1, 61, 61)


@pytest.mark.parametrize("end", [Close, Reset])
def test_nothing_in_flight_is_lost(over_tls, end):
    """20 questions are in flight when the server ends the first connection."""
    def script(q):
        if q.connection > 1 or q.number == 0:
            return good(q)
        return end() if q.number == 20 else None

    d, up = over_tls(script)
    assert all_good(ask_many(d.address, fresh(1)))
    assert all_good(ask_many(d.address, fresh(20), window=20))
    assert up.accepted == 2 and up.count(transport="tls") == up.count()


def test_restart_of_the_server(over_tls):
    d, up = over_tls()
    assert all_good(ask_many(d.address, fresh(1)))
    up.down()
    up.up()
    assert all_good(ask_many(d.address, fresh(5)))
    assert up.accepted == 2


def test_unused_connection_is_closed_and_resumed(over_tls):
    d, up = over_tls(outgoing={"connection-idle": "1s"})
    for _ in range(3):
        begun = time.monotonic()
        assert all_good(ask_many(d.address, fresh(1)))
        wait_until(lambda: up.connections == 0, 8, "it is closed")
        assert time.monotonic() - begun >= 0.9
    assert up.accepted == 3 and up.context.session_stats()["hits"] == 2


def test_large_answer(over_tls):
    """In many TLS records."""
    text = " ".join('"%s"' % ("x" * 250) for _ in range(200))
    d, up = over_tls(lambda q: q.reply(f"{q.name} 60 IN TXT {text}"))
    answer = ask(d.address, "a.net", "TXT", tcp=True)
    assert len(records(answer)[0][2]) > 50000


# ---- a real server, which takes one message of each TLS record that it reads

def test_nsd(daemon, ca, right, tmp_path):
    folder = tmp_path / "nsd"
    folder.mkdir()
    server = Nsd(folder, right)
    try:
        d = daemon({"upstreams": [{"address": "%s@%d" % server.tls_where, "tls-name": NAME,
                                   "tls-pins": [right.pin()]}],
                    "outgoing": {"tls-ca": str(ca.certificate)}}).start()
        outcomes = ask_many(d.address, fresh(200, f"wild.{zones.PLAIN}"), window=50)
        assert all(o.addresses == ["198.51.100.77"] for o in outcomes)
        big = ask(d.address, f"big.{zones.PLAIN}", "TXT", tcp=True)
        assert len(records(big)) == zones.BIG_STRINGS
        assert "TLS" not in d.log()
    finally:
        server.close()
