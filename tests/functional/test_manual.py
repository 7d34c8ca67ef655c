# SPDX-License-Identifier: BSD-2-Clause
"""What is said by command: block, unblock, list off."""
import json
import os
import signal
import sqlite3
import stat
import time

import pytest

from harness.client import ask
from harness.control import ask_port, ask_socket, ctl, samples
from harness.ports import free_port
from harness.program import wait_until

COURT = "bad.example\n"
ADS = "ads.example\nboth.example\n"


@pytest.fixture
def served(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("court", COURT, mandatory=True)
    d.add_list("ads", ADS, action="nxdomain")
    d.control_port = free_port()
    d.socket = d.folder / "control.sock"
    d.configure({"state": {"directory": str(d.folder / "state")},
                 "guard": {"protected": ["www.safe.example"], "public-suffixes": True},
                 "control": {"socket": str(d.socket), "listen": [f"127.0.0.1@{d.control_port}"]}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    return d


def said(d, *words):
    done = ctl(d.socket, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(d, *words):
    done = ctl(d.socket, *words)
    assert done.returncode == 1, done.stdout
    return done.stderr


def is_blocked(d, name):
    return ask(d.address, name).rcode() == 3


def entries(d):
    return json.loads(said(d, "--json", "manual"))["entries"]


def shown(d, command):
    return json.loads(said(d, "--json", *command.split()))


def list_of(d, name):
    return next((row for row in shown(d, "lists")["lists"] if row["name"] == name), None)


def test_block(served):
    assert not is_blocked(served, "www.evil.example")  # and it is in the cache
    assert "by list manual-block (mandatory)" in said(served, "block", "evil.example",
                                                      "--ticket", "T-17")
    for name in ("evil.example", "EVIL.example", "www.evil.example"):
        assert is_blocked(served, name), name
    assert not is_blocked(served, "notevil.example")
    served.program.wait_line("command: block evil.example, ticket T-17, by user ")
    row = list_of(served, "manual-block")
    assert (row["mandatory"], row["names"], row["hits"]) == (True, 1, 3)
    assert shown(served, "status")["manual"] == {"blocked": 1, "unblocked": 0, "lists_off": []}
    found = samples(said(served, "metrics"))
    assert found['sinkholed_manual_entries{kind="block"}'] == 1
    assert found['sinkholed_list_hits_total{list="manual-block"}'] == 3
    rules = shown(served, "explain www.evil.example")["rules"]
    assert [(r["list"], r["owner"], r["decides"]) for r in rules] == [
        ("manual-block", "evil.example", True)]


def test_block_of_what_a_cname_leads_to(daemon, upstream):
    """The reply is in the cache, as one that no list has anything against."""
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME deep.evil.test.",
                                    "deep.evil.test. 300 IN A 198.51.100.7"))
    d = daemon({"upstreams": [up.address]})
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}})
    d.start()
    assert not is_blocked(d, "alias.test")
    assert not is_blocked(d, "alias.test")
    done = ctl(d.socket, "block", "evil.test")  # there is no state directory
    assert done.returncode == 1 and "until the next restart alone" in done.stderr
    assert is_blocked(d, "alias.test")
    assert d.counted("blocked_cname") == 1


def test_unblock(served):
    assert is_blocked(served, "x.ads.example")
    assert "now forwarded" in said(served, "unblock", "ads.example")
    assert not is_blocked(served, "x.ads.example")
    assert is_blocked(served, "both.example")
    out = said(served, "unblock", "bad.example")
    assert "now blocked-name" in out and "by list court (mandatory)" in out
    assert str(ask(served.address, "bad.example").answer[0][0]) == "192.0.2.1"
    assert "ads.example" in said(served, "withdraw", "ads.example")
    assert is_blocked(served, "x.ads.example")
    assert "nothing of the kind was said" in refused(served, "withdraw", "ads.example")


def test_block_beats_unblock(served):
    said(served, "block", "evil.example")
    said(served, "unblock", "www.evil.example")
    assert is_blocked(served, "www.evil.example")
    said(served, "withdraw", "evil.example")
    assert not is_blocked(served, "www.evil.example")


@pytest.mark.parametrize("name", [".", "com", "co.uk", "safe.example", "www.safe.example"])
def test_guards_hold(served, name):
    assert name.rstrip(".") in refused(served, "block", name)
    assert entries(served) == []


@pytest.mark.parametrize("words", [
    ("block",), ("block", "a..b"), ("block", "a.example", "--until", "yesterday"),
    ("block", "a.example", "--until", "2020-01-01"), ("block", "a.example", "b.example"),
    ("block", "a.example", "--ticket", "x" * 65), ("block", "a.example", "--ticket", "a\nb"),
    ("list", "off", "ads"), ("list", "off", "none", "--for", "10m"),
    ("list", "off", "court", "--for", "10m"), ("list", "on", "ads"), ("list",)])
def test_what_cannot_be_said(served, words):
    assert refused(served, *words)
    assert entries(served) == []


def test_ends_by_itself(served):
    said(served, "block", "evil.example", "--until", "2s")
    said(served, "unblock", "ads.example", "--until", "2s")
    assert is_blocked(served, "evil.example")
    wait_until(lambda: not is_blocked(served, "evil.example"), 20, "the block has ended")
    wait_until(lambda: is_blocked(served, "ads.example"), 20, "it passes no more")
    served.program.wait_line("command: ended: block evil.example, until ")
    assert entries(served) == []
    assert json.loads((served.folder / "state" / "manual.json").read_text()) == {"entries": []}


def test_kept_over_restarts(served):
    said(served, "block", "evil.example", "--ticket", "T-1")
    said(served, "unblock", "ads.example", "--until", "1d")
    said(served, "block", "short.example", "--until", "1s")
    path = served.folder / "state" / "manual.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    time.sleep(1.1)
    served.restart()
    assert is_blocked(served, "evil.example")
    assert not is_blocked(served, "short.example")
    assert not is_blocked(served, "ads.example")
    assert [(e["kind"], e["of"], e["ticket"]) for e in entries(served)] == [
        ("block", "evil.example", "T-1"), ("unblock", "ads.example", "")]


def test_kept_over_a_kill(served):
    said(served, "block", "evil.example")
    served.program.kill()
    served.start()
    assert is_blocked(served, "evil.example")


def test_kept_over_reloads_and_a_hand_over(served):
    said(served, "block", "evil.example")
    said(served, "list", "off", "ads", "--for", "1h")
    said(served, "reload")
    assert is_blocked(served, "evil.example")
    assert not is_blocked(served, "ads.example")
    served.write_list("ads", ADS + "more.example\n")
    served.hand_over()
    assert is_blocked(served, "evil.example")
    assert not is_blocked(served, "more.example")
    assert list_of(served, "ads")["off"]


def test_said_while_loading(served):
    """A load that began before puts nothing in force that was not said."""
    served.write_list("ads", "".join(f"n{i}.ads.example\n" for i in range(200_000)))
    os.kill(served.program.pid, signal.SIGHUP)
    for i in range(20):
        said(served, "block", f"evil{i}.example")
    served.program.wait_line("200001 names of 2 lists in force", timeout=60)
    for i in range(20):
        assert is_blocked(served, f"evil{i}.example")


def test_a_damaged_file_is_no_start(served):
    said(served, "block", "evil.example")
    served.stop()
    path = served.folder / "state" / "manual.json"
    path.write_text(path.read_text()[:40])
    assert f"{path}: line" in served.fails_to_start()


def test_guard_that_comes_later(served):
    said(served, "block", "evil.example")
    served.configure({"guard": {"protected": ["www.evil.example"]}})
    said(served, "reload")
    assert not is_blocked(served, "evil.example")
    served.program.wait_line("command: block evil.example is not in force: ")
    assert [e["held"] for e in entries(served)] == [True]


def test_list_off(served):
    assert is_blocked(served, "ads.example")
    assert ", until 20" in said(served, "list", "off", "ads", "--for", "3s", "--ticket", "T-2")
    assert not is_blocked(served, "ads.example")
    assert shown(served, "status")["manual"]["lists_off"] == ["ads"]
    assert samples(said(served, "metrics"))['sinkholed_list_off{list="ads"}'] == 1
    wait_until(lambda: is_blocked(served, "ads.example"), 20, "the list is asked again")
    said(served, "list", "off", "ads", "--for", "1h")
    assert not is_blocked(served, "ads.example")
    said(served, "list", "on", "ads")
    assert is_blocked(served, "ads.example")


def test_who_asked_is_written_down(served):
    said(served, "block", "evil.example")
    ask(served.address, "www.evil.example")
    ledger = served.folder / "state" / "ledger.db"

    def found():
        with sqlite3.connect(ledger) as db:
            return db.execute("SELECT * FROM list WHERE name = 'manual-block'").fetchall()
    wait_until(found, 20, "the finding is written")


def test_action_of_its_own(served):
    served.configure({"manual": {"action": "sinkhole", "sinkhole": {"ipv4": "192.0.2.77"}}})
    said(served, "reload")
    said(served, "block", "evil.example")
    assert str(ask(served.address, "evil.example").answer[0][0]) == "192.0.2.77"


def test_names_that_are_taken(served):
    served.add_list("manual-block", "x.example\n")
    served.write_config()
    assert "is that of what is said by command" in refused_reload(served)


def refused_reload(d):
    done = ctl(d.socket, "reload")
    assert done.returncode == 1
    return done.stdout


# with an escape it is meant as a name, and is no address of a page that somebody has copied
HOSTILE = [r"\<script>alert(1)</script>.evil.example", r"\010\034\092\027[2J.evil.example",
           r"\000\255.evil.example", r"=cmd\124' /C calc'!A0.evil.example"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(served, name):
    out = said(served, "block", name, "--ticket", "<b>\"'&")
    assert "\x1b" not in out
    said(served, "reload")
    of = entries(served)[0]["of"]
    assert all(" " <= c <= "~" for c in of)
    said(served, "withdraw", of)
    assert entries(served) == []


def test_by_the_token(served):
    token = (served.folder / "state" / "control.token").read_text().strip()
    body = json.dumps({"name": "evil.example", "ticket": "T-9"})
    assert ask_port(served.control_port, "POST", "/v1/block", body)[0] == 401
    assert not is_blocked(served, "evil.example")
    status, _, text = ask_port(served.control_port, "POST", "/v1/block", body,
                               {"Authorization": f"Bearer {token}"})
    assert status == 200 and json.loads(text)["by"] == "the token"
    assert is_blocked(served, "evil.example")


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"name": 1}', '{"name": "a.example", "until": 5}',
                                  '{"name": "a.example", "ticket": {}}', '{"name": "a\\u0000b"}'])
def test_bodies(served, body):
    status, _, text = ask_socket(served.socket, "POST", "/v1/block", body)
    assert status == 400 and json.loads(text)["error"]
    assert entries(served) == []


def test_a_rule_that_leads_to_the_name_itself_passes(served):
    d = served
    d.add_list("zone", "$TTL 300\n@ SOA ns. host. 1 2 3 4 5\n*.self.example CNAME a.self.example.\n",
               format="rpz", action="given")
    d.configure({})
    d.reload()
    before = ask(d.address, "a.self.example").answer
    said(d, "block", "other.example")
    assert ask(d.address, "a.self.example").answer == before
