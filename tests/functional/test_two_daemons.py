# SPDX-License-Identifier: BSD-2-Clause
"""Two daemons that are given the same state directory, or the same control socket."""
import json
import os

import pytest

from harness.build import run_daemon
from harness.client import ask, rcode
from harness.control import ask_socket, ctl
from harness.program import wait_until


def made(daemon, state, socket):
    d = daemon()
    d.add_list("court", "bad.example\n", action="nxdomain")
    d.socket = socket
    d.configure({"control": {"socket": str(socket)}, "state": {"directory": str(state)}})
    return d


@pytest.fixture
def first(daemon, tmp_path):
    d = made(daemon, tmp_path / "state", tmp_path / "control.sock")
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    return d


def test_one_state_directory(first, daemon, tmp_path):
    second = made(daemon, tmp_path / "state", tmp_path / "other.sock")
    log = second.fails_to_start()
    assert "state.lock: process" in log and "each daemon needs one of its own" in log
    assert rcode(ask(first.address, "bad.example")) == "NXDOMAIN"


def test_the_lock_ends_with_its_holder(first, daemon, tmp_path):
    first.program.kill()
    second = made(daemon, tmp_path / "state", tmp_path / "other.sock")
    second.start()
    assert rcode(ask(second.address, "bad.example")) == "NXDOMAIN"


def test_a_hand_over_hands_the_lock_on(first, daemon, tmp_path):
    first.hand_over()
    second = made(daemon, tmp_path / "state", tmp_path / "other.sock")
    assert "state.lock: process" in second.fails_to_start()
    first.hand_over()
    assert "state.lock: process" in second.fails_to_start()


def test_a_restart(first):
    first.restart()
    assert rcode(ask(first.address, "bad.example")) == "NXDOMAIN"


def test_one_control_socket(first, daemon, tmp_path):
    second = made(daemon, tmp_path / "other", first.socket)
    second.start()
    assert f"{first.socket}: process" in second.log() and "keeps it" in second.log()
    second.write_list("court", "other.example\n")
    assert ctl(first.socket, "explain", "bad.example").returncode == 0
    status, _, text = ask_socket(first.socket, "GET", "/v1/lists")
    assert status == 200
    assert json.loads(text)["lists"][0]["file"].startswith(str(first.folder))
    second.stop()
    assert first.socket.exists()
    assert ctl(first.socket, "status").returncode == 0


def test_a_socket_that_nobody_serves_is_taken(first, daemon, tmp_path):
    first.program.kill()
    assert first.socket.exists()
    second = made(daemon, tmp_path / "other", first.socket)
    second.start()
    wait_until(lambda: ctl(first.socket, "status").returncode == 0, 10, "it is served")


def test_a_user_that_is_not_there(first):
    """A reload says so, which the next start would fail for."""
    first.configure({"server": {"user": "no-such-user"}})
    done = ctl(first.socket, "reload")
    assert done.returncode != 0 and "server.user: there is no user no-such-user" in done.stdout
    done = run_daemon("-c", first.config_path, "--check")
    said = done.stdout + done.stderr
    assert "there is no user no-such-user" in said
    assert done.returncode != 0 or os.geteuid() != 0
    first.configure({"server": {"user": "root"}})
    assert ctl(first.socket, "reload").returncode == 0


def test_status_for_people(first):
    done = ctl(first.socket, "status")
    started, = (line for line in done.stdout.splitlines() if line.startswith("started: "))
    assert started[9:].startswith("20") and "Z (" in started and started.endswith(" ago)")
    assert "uptime: " in done.stdout and " s\n" in done.stdout
    assert isinstance(json.loads(ctl(first.socket, "status", "--json").stdout)["started"], int)
