# SPDX-License-Identifier: BSD-2-Clause
"""Reloads that only tell what would change, and the way back."""
import json

import pytest

from harness.client import ask
from harness.control import ask_socket, ctl
from harness.program import wait_until


@pytest.fixture
def served(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("court", "bad.example\nworse.example\n", mandatory=True, action="nxdomain")
    d.add_list("ads", "ads.example\nold.example\n", action="nxdomain")
    d.socket = d.folder / "control.sock"
    d.configure({"state": {"directory": str(d.folder / "state")},
                 "control": {"socket": str(d.socket)}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    return d


def is_blocked(d, name):
    return ask(d.address, name).rcode() == 3


def difference(d):
    return json.loads(ask_socket(d.socket, "GET", "/v1/difference")[2])


def test_dry_run_changes_nothing(served):
    assert difference(served)["reason"] == "there was no dry run of this process"
    def files():    # the ledger and the audit log have files of their own time
        return sorted(p.name for p in (served.folder / "state").iterdir()
                      if not p.name.startswith(("ledger.db", "receipts.db", "audit.", "state.lock")))

    kept = files()
    served.write_list("ads", "ads.example\nnew.example\n*.below.example\n")
    done = ctl(served.socket, "reload", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["2 names would be blocked that are not",
                                        "  new.example (ads)", "  *.below.example (ads)",
                                        "1 names would not be blocked any more",
                                        "  old.example (ads)"]
    assert is_blocked(served, "old.example") and not is_blocked(served, "new.example")
    assert files() == kept
    assert ctl(served.socket, "reload").returncode == 0
    assert not is_blocked(served, "old.example") and is_blocked(served, "new.example")
    done = ctl(served.socket, "reload", "--dry-run")
    assert done.stdout == ("0 names would be blocked that are not\n"
                           "0 names would not be blocked any more\n")


def test_dry_run_of_what_would_fail(served):
    served.write_list("court", "bad.example\n")
    done = ctl(served.socket, "reload", "--dry-run")
    assert done.returncode == 1
    assert "it would FAIL: list court is mandatory" in done.stdout
    served.config_text = "lists: ["
    served.write_config()
    done = ctl(served.socket, "reload", "--dry-run")
    assert done.returncode == 1 and "sinkholed.yaml:2" in done.stdout
    assert is_blocked(served, "worse.example")


def test_dry_run_knows_what_was_said(served):
    assert ctl(served.socket, "block", "new.example").returncode == 0
    served.write_list("ads", "ads.example\nold.example\nnew.example\n")
    done = ctl(served.socket, "reload", "--dry-run")
    assert done.stdout.startswith("0 names would be blocked that are not\n")


def test_back(served):
    done = ctl(served.socket, "reload", "--back")
    assert done.returncode == 1 and "no former configuration is known" in done.stdout
    served.config["lists"][1]["action"] = "refused"
    served.write_config()
    assert ctl(served.socket, "reload").returncode == 0
    assert ask(served.address, "ads.example").rcode() == 5
    assert ctl(served.socket, "reload", "--back").returncode == 0
    assert is_blocked(served, "ads.example")
    served.program.wait_line("still says otherwise")
    assert ctl(served.socket, "reload", "--back").returncode == 0  # and forth
    assert ask(served.address, "ads.example").rcode() == 5
    served.restart()
    assert ctl(served.socket, "reload", "--back").returncode == 0
    assert is_blocked(served, "ads.example")


def test_back_lifts_nothing(served):
    """A mandatory list that the former configuration has not yet stays."""
    served.add_list("more", "more.example\n", mandatory=True, action="nxdomain")
    served.write_config()
    assert ctl(served.socket, "reload").returncode == 0
    assert is_blocked(served, "more.example")
    ctl(served.socket, "reload", "--back")
    assert is_blocked(served, "more.example")


def test_several_at_a_time(served):
    served.write_list("ads", "ads.example\nnew.example\n")
    numbers = [json.loads(ask_socket(served.socket, "POST", "/v1/reload", body)[2])["reload"]
               for body in ('{"dry-run": true}', "{}", "", '{"dry-run": true}')]
    assert numbers == sorted(set(numbers))

    def over():
        load = json.loads(ask_socket(served.socket, "GET", "/v1/status")[2])["load"]
        return load["covered"] >= numbers[2] and load["covered_dry_run"] >= numbers[3]
    wait_until(over, 30, "all are over")
    assert is_blocked(served, "new.example")
    assert difference(served)["blocked"]["count"] == 0


@pytest.mark.parametrize("body", ["[]", '{"dry-run": 1}', '{"dry-run": true, "back": true}', "x"])
def test_bodies(served, body):
    assert ask_socket(served.socket, "POST", "/v1/reload", body)[0] == 400
