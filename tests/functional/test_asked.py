# SPDX-License-Identifier: BSD-2-Clause
"""What a person asks for, in whatever letters, or with a slip of the pen: it is what was meant, or refused."""
import json

import pytest

from harness.build import run_daemon, slow
from harness.client import addresses, ask, rcode
from harness.control import ask_socket, ctl
from harness.program import wait_until

IDN, ALABEL = "münchen.test", "xn--mnchen-3ya.test"
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def asked(daemon, resolver, tmp_path):
    d = daemon({"upstreams": [resolver.address], "state": {"directory": str(tmp_path / "state")}})
    d.state = tmp_path / "state"
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}})
    d.add_list("bots", f"c2.test\n{ALABEL}\n", action="nxdomain").start()
    wait_until(d.socket.exists, 10, "the socket is there")
    wait_until(lambda: ask_socket(d.socket, "GET", "/v1/report")[0] == 200, slow(5, 20), "the ledger is there")
    return d


def api(d, method, target, body=None):
    status, _, text = ask_socket(d.socket, method, target, body)
    return status, json.loads(text) if text.startswith("{") else text


# ---- names

@pytest.mark.parametrize("written", [IDN, "MÜNCHEN.test.", ALABEL.upper()])
def test_an_idn_is_what_clients_ask_for(asked, written):
    ctl(asked.socket, "unblock", written)
    assert addresses(ask(asked.address, f"www.{ALABEL}")) == [ELSEWHERE]
    assert ctl(asked.socket, "withdraw", written).returncode == 0
    assert rcode(ask(asked.address, ALABEL)) == "NXDOMAIN"
    assert ctl(asked.socket, "block", written.lower().replace("test", "example")).returncode == 0
    assert rcode(ask(asked.address, ALABEL.replace("test", "example"))) == "NXDOMAIN"
    found = json.loads(ctl(asked.socket, "--json", "explain", written).stdout)
    assert found["verdict"] == "blocked-name" and found["name"] == ALABEL
    assert run_daemon("-c", asked.config_path, "--explain", written).returncode == 0


def test_the_cache_forgets_an_idn(asked):
    name = "xn--bcher-kva.example"
    ask(asked.address, name)
    assert json.loads(ctl(asked.socket, "--json", "flush", "bücher.example").stdout)["flushed"] >= 1


def test_an_idn_of_an_order_is_found(asked):
    assert ctl(asked.socket, "block", "straße.example").returncode == 0
    wait_until(lambda: run_daemon("-c", asked.config_path, "--in-force", "straße.example").returncode == 0,
               slow(10, 30), "the receipt is there")


@pytest.mark.parametrize("written", ["192.0.2.1", "2001:db8::1", "192.0.2.0/24", "http://bad.test/x", "bad.test:80",
                                     "*.bad.test", "||bad.test^", "a@bad.test", "a b.test", "bad.test/"])
@pytest.mark.parametrize("command", ["block", "unblock"])
def test_what_no_client_asks_for_is_not_said(asked, command, written):
    """It was told to be blocked now, and nothing was."""
    done = ctl(asked.socket, command, written)
    assert done.returncode == 1 and "this is " in done.stderr, done
    assert "of:" not in ctl(asked.socket, "manual").stdout


def test_what_is_written_with_an_escape_is_meant(asked):
    assert ctl(asked.socket, "block", r"a\032b.example").returncode == 0
    assert rcode(ask(asked.address, r"a\032b.example")) == "NXDOMAIN"
    assert ctl(asked.socket, "withdraw", "a b.example").returncode == 0


def test_a_report_finds_what_is_asked_for(asked):
    for name in ("c2.test", "WWW.c2.test", ALABEL):
        ask(asked.address, name)
    wait_until(lambda: asked.counted("ledger_written") >= 3, slow(5, 20), "all are written")
    for arguments, count in ((("--name", "C2.Test"), 2), (("--name", "c2.test."), 2), (("--name", IDN), 1),
                             (("--name", r"c\050.test"), 2), (("--client", "127.0.0.1"), 3)):
        done = run_daemon("--report", "--store", asked.state / "ledger.db", "--format", "json", *arguments)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, count), (arguments, done)
        done = ctl(asked.socket, "report", "--format", "json", *arguments)
        assert (done.returncode, len(done.stdout.splitlines())) == (0, count), (arguments, done)


@pytest.mark.parametrize("arguments", [("--name", "a..b"), ("--name", "."), ("--name", ""), ("--since", "2026-02-31"),
                                       ("--since", "2026"), ("--client", "nobody"), ("--client", "127.0.0.1/8")])
def test_a_report_refuses_what_is_none(asked, arguments):
    """An empty report would say that nobody has asked, and one of all times that somebody has."""
    assert run_daemon("--report", "--store", asked.state / "ledger.db", *arguments).returncode == 1
    done = ctl(asked.socket, "report", *arguments)
    if arguments[1]:
        assert done.returncode == 1 and not done.stdout, done


def test_a_report_ends_after_it_begins(asked):
    done = run_daemon("--report", "--store", asked.state / "ledger.db", "--since", "1d", "--until", "2d")
    assert done.returncode == 1 and "before" in done.stderr


# ---- the API's parameters

@pytest.mark.parametrize("method, target, body", [
    ("POST", "/v1/reload", '{"dry_run": true}'), ("POST", "/v1/reload", '{"back": true, "dryrun": true}'),
    ("POST", "/v1/block", '{"name": "a.test", "for": "1h"}'), ("POST", "/v1/block", '{"name": "a.test", "Until": "1h"}'),
    ("POST", "/v1/block?until=1h", '{"name": "a.test"}'), ("POST", "/v1/fetch", '{"list": "bots"}'),
    ("GET", "/v1/report?until=1h", None), ("GET", "/v1/report?proven=1", None),
    ("GET", "/v1/report?client=127.0.0.1&client=127.0.0.2", None), ("GET", "/v1/report?address=127.0.0.1", None),
    ("GET", "/v1/clients?time=1h", None), ("GET", "/v1/explain?name=a.test&Type=AAAA", None),
    ("GET", "/v1/status?verbose=1", None), ("GET", "/v1/audit?last=1e3", None), ("GET", "/v1/receipts?after=-1", None),
    ("GET", "/v1/receipts?after=x", None), ("GET", "/v1/receipts?after=99999999999999999999", None),
    ("GET", "/v1/watch?after=", None)])
def test_a_misspelt_bound_is_no_bound(asked, method, target, body):
    before = api(asked, "GET", "/v1/status")[1]
    status, said = api(asked, method, target, body)
    assert status == 400 and said["error"], said
    now = api(asked, "GET", "/v1/status")[1]
    assert (now["load"], now["manual"]) == (before["load"], before["manual"])


@pytest.mark.parametrize("method, target, body", [
    ("POST", "/v1/reload", ""), ("POST", "/v1/reload", '{"dry-run": true}'), ("GET", "/v1/report?since=1h&list=bots", None),
    ("POST", "/v1/block", '{"name": "a.test", "until": "1h", "ticket": "T"}'), ("GET", "/metrics?format=text", None),
    ("POST", "/v1/list-off", '{"list": "bots", "for": "1h"}'), ("GET", "/v1/audit?list=bots&last=5", None)])
def test_what_a_command_takes_is_taken(asked, method, target, body):
    assert api(asked, method, target, body)[0] in (200, 202)


def test_a_reload_is_not_told_of_anothers_failure(asked):
    """Somebody asks to go back where nothing is to go back to, while another one reloads."""
    mine = api(asked, "POST", "/v1/reload", "{}")[1]["reload"]
    other = api(asked, "POST", "/v1/reload", '{"back": true}')[1]["reload"]

    def load():
        return api(asked, "GET", "/v1/status")[1]["load"]

    wait_until(lambda: load()["covered"] >= mine and load()["covered_back"] >= other, slow(10, 30), "both are over")
    assert load()["reason_new"] == "" and "no former configuration" in load()["reason_back"]
