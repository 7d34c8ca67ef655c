# SPDX-License-Identifier: BSD-2-Clause
"""The audit log: what was put in force, refused and said, and whether somebody has changed it."""
import json
import shutil

import pytest

from harness.build import run_daemon
from harness.client import ask, rcode
from harness.control import ctl
from harness.program import wait_until


@pytest.fixture
def kept(daemon):
    """A daemon with a state directory and a control socket."""
    d = daemon({"state": {"directory": "state"}})
    d.add_list("court", "bad.example\nworse.example\n", mandatory=True, reason="order")
    d.add_list("adverts", "ads.example\n", action="nxdomain")
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    d.state = d.folder / "state"
    return d


def lines(d):
    path = d.state / "audit.log"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def events(d, kind):
    return [line for line in lines(d) if line["event"] == kind]


def verify(d, *more):
    return run_daemon("--audit-verify", d.state / "audit.log", *more)


def test_a_day(kept):
    d = kept
    assert ctl(d.socket, "block", "evil.example", "--until", "1h", "--ticket", "T-1").returncode == 0
    assert rcode(ask(d.address, "evil.example")) == "NXDOMAIN"
    d.write_list("adverts", "<!doctype html>\n")
    assert ctl(d.socket, "reload").returncode != 0
    d.write_list("adverts", "ads.example\nmore.example\n")
    assert ctl(d.socket, "reload").returncode == 0
    assert ctl(d.socket, "withdraw", "evil.example").returncode == 0
    d.stop()
    seen = [line["event"] for line in lines(d)]
    assert seen[0] == "start" and seen[-1] == "end"
    assert [(e["list"], e["entries"]) for e in events(d, "list-loaded")] == [
        ("court", 2), ("adverts", 1), ("adverts", 2)]
    refused, = events(d, "list-refused")
    assert refused["list"] == "adverts" and "HTML" in refused["reason"]
    assert [(e["what"], e["about"], e["ticket"]) for e in events(d, "command")] == [
        ("said", "evil.example", "T-1"), ("withdrawn", "evil.example", "")]
    assert all(e["blocked"] == e["asked"] == 2 for e in events(d, "in-force"))
    done = verify(d, "--checkpoint", d.state / "audit.checkpoint")
    assert (done.returncode, done.stdout.split(",")[0]) == (0, f"ok: {len(seen)} lines"), done.stderr


def test_a_restart_goes_on(kept):
    d = kept
    d.stop()
    before = len(lines(d))
    d.start()
    d.stop()
    assert len(lines(d)) > before
    assert verify(d).returncode == 0


def test_a_kill_loses_no_order(kept):
    d = kept
    assert ctl(d.socket, "block", "evil.example").returncode == 0
    d.program.kill()
    assert events(d, "command")[-1]["about"] == "evil.example"
    assert verify(d).returncode == 0


def test_what_somebody_has_changed_is_named(kept):
    d = kept
    wait_until((d.state / "audit.checkpoint").exists, 10, "what has begun is on the disk")
    shutil.copy(d.state / "audit.checkpoint", d.folder / "elsewhere")
    d.stop()
    log = d.state / "audit.log"
    sound = log.read_text().splitlines(keepends=True)
    log.write_text("".join(sound).replace('"list":"adverts"', '"list":"advents"', 1))
    done = verify(d)
    assert done.returncode == 1 and ": edited: its hash" in done.stdout
    assert "not as it was written" in done.stderr
    log.write_text("".join(sound[:1] + sound[2:]))
    assert "line 2: 1 lines before it are missing" in verify(d).stdout
    log.write_text("".join(sound[:1]))
    assert verify(d).returncode == 0
    done = verify(d, "--checkpoint", d.folder / "elsewhere")
    assert done.returncode == 1 and "the end is cut off" in done.stdout


def test_without_a_state_directory_there_is_none(daemon):
    d = daemon().start()
    d.stop()
    assert not list(d.folder.rglob("audit.*"))


def test_a_key_that_is_none(daemon):
    d = daemon({"state": {"directory": "state"}})
    (d.folder / "state").mkdir()
    (d.folder / "state" / "audit.key").write_text("no key\n")
    d.start()
    assert "audit.key: no Ed25519 key in PEM: no audit log is kept" in d.program.text()


def test_verify_of_what_is_not_there(tmp_path):
    done = run_daemon("--audit-verify", tmp_path / "audit.log")
    assert done.returncode == 1 and "No such file" in done.stderr
