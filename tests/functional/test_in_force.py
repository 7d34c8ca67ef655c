# SPDX-License-Identifier: BSD-2-Clause
"""Which entries of orders covered a name at a time: from the receipts, with the line of the audit log that proves
the load."""
import sqlite3
import time

import pytest

from harness.build import run_daemon
from harness.control import ctl
from harness.program import wait_until


@pytest.fixture
def ordered(daemon):
    d = daemon()
    d.add_list("court", "bad.example\nkept.example\n", mandatory=True, reason="order", action="nxdomain",
               authority={"court": "E.D. Va.", "case": "1:10cv156"})
    d.add_list("exact", "alone.example\n", action="nodata", match="exact", mandatory=True)
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}, "state": {"directory": str(d.folder / "state")},
                 "server": {**d.config.get("server", {}), "user": "root"}})
    d.start()
    return d


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def entries(d):
    return ctl(d.socket, "receipts", "--format", "json").stdout


def at(d, name, when=None):
    run = run_daemon("-c", d.config_path, "--in-force", name, *(["--at", stamp(when)] if when else []))
    return run.returncode, run.stdout, run.stderr


def next_second():
    """Receipts have whole seconds: what happens from here on is of a later one."""
    now = time.time()
    wait_until(lambda: int(time.time()) > int(now) + 1, 5, "a second is over")
    return int(time.time())


def test_over_reloads_and_restarts(ordered):
    d = ordered
    wait_until(lambda: "kept.example" in entries(d) and "alone.example" in entries(d), 20, "there are receipts")
    first = next_second()
    next_second()
    d.write_list("court", "kept.example\nnew.example\n")
    d.stop()
    assert run_daemon("-c", d.config_path, "--accept", "court").returncode == 0
    d.start()
    wait_until(lambda: "new.example" in entries(d), 20, "the new one has a receipt")
    second = next_second()
    for name, then, now in (("bad.example", True, False), ("x.y.bad.example", True, False), ("new.example", False, True),
                            ("kept.example", True, True), ("KEPT.example.", True, True), ("example", False, False),
                            ("alone.example", True, True), ("x.alone.example", False, False)):
        for when, wanted in ((first, then), (second, now), (None, now)):
            code, out, err = at(d, name, when)
            assert code == (0 if wanted else 2), (name, when, out, err)
            assert ("in force since" in out) == wanted
    out = at(d, "x.bad.example", first)[1].splitlines()
    assert out[0].startswith("list court (case 1:10cv156): bad.example, line 1, in force since 2")
    assert " until 2" in out[0] and out[0].endswith(": no longer in the list")
    assert out[1] == f"x.bad.example at {stamp(first)}: in force"
    number, log_hash = out[2].split()[5], out[2].split()[-1]
    assert log_hash in (d.folder / "state" / "audit.log").read_text().splitlines()[int(number) - 1]


def test_what_cannot_be_told(ordered):
    d = ordered
    wait_until(lambda: "kept.example" in entries(d), 20, "there are receipts")
    now = next_second()
    for name, when, told in (("bad.example", now - 86400, "what is kept begins at 2"), ("bad..example", now, "no name")):
        code, _, err = at(d, name, when)
        assert code == 1 and told in err
    run = run_daemon("-c", d.config_path, "--in-force", "bad.example", "--at", "yesterday")
    assert run.returncode == 1 and "--at: expected a time" in run.stderr
    d.stop()
    log = d.folder / "state" / "audit.log"
    log.write_text(log.read_text().replace('"entries":2', '"entries":3', 1))
    code, out, _ = at(d, "bad.example", now)
    assert code == 0 and "is not proved: line" in out
    with sqlite3.connect(d.folder / "state" / "receipts.db") as db:
        db.execute("UPDATE receipt SET entries = 2000000 WHERE entry = '' AND left_s = 0")
        db.execute("DELETE FROM receipt WHERE entry != ''")
    code, out, _ = at(d, "bad.example", now)
    assert code == 2 and "list court: it had 2000000 entries then" in out
    d.config["state"] = {}
    d.write_config()
    assert at(d, "bad.example")[0] == 1
