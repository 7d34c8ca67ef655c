# SPDX-License-Identifier: BSD-2-Clause
"""Hunts: who asked for a name before a list had it."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from harness.build import daemon_path, slow
from harness.client import addresses, ask, exchange_many
from harness.control import ctl
from harness.namespace import with_small_disk
from harness.program import wait_until

SINK = "192.0.2.1"
DAY_S = 86400


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


@pytest.fixture
def hunter(daemon, upstream, tmp_path):
    """Makes daemons that know who asked, of which all names have an address."""
    def make(evidence=None, state=None):
        up = upstream(lambda q: q.address("203.0.113.9"))
        state = state or tmp_path / "state"
        socket = tmp_path / "control.sock"
        d = daemon({"upstreams": [up.address], "state": {"directory": str(state)}, "control": {"socket": str(socket)},
                    "evidence": {"hunt-days": 30, **(evidence or {})}})
        d.socket, d.folder_of_days = socket, state / "hunt"
        d.store = d.folder_of_days / f"{today()}.db"
        return d.add_list("bots", "c2.example\n")
    return make


def hunt(d, *words):
    done = ctl(d.socket, "hunt", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def who(d, *words):
    return [(row["name"], row["client"], row["asked"], row["list"]) for row in hunt(d, *words)["found"]]


def written(d, rows):
    wait_until(lambda: d.counted("hunt_written") >= rows, slow(10, 30), f"{rows} rows are written")


def test_before_a_list_had_the_name(hunter):
    d = hunter().start()
    before = int(time.time()) - 1
    for name in ("evil.example", "Deep.Below.BAD.example", "fine.example", "c2.example"):
        ask(d.address, name)
    ask(d.address, "evil.example", source="127.0.0.2")
    written(d, 8)       # example, of two clients; evil.example, likewise; deep.below.bad.example, below, bad; fine
    assert who(d, "bots") == []
    d.write_list("bots", "c2.example\nevil.example\nbad.example\nnever.example\n")
    mark = d.program.mark()
    d.reload()
    d.program.wait_line("hunt: of 4 listed names", since=mark, timeout=slow(15, 40))
    log = d.log(mark)
    assert re.search(rf"hunt: evil.example, which list bots has now, was asked for before: 2 times, .*{today()}", log)
    assert re.search(r"hunt: bad.example, which list bots has now, was asked for before: 1 times, .*by 127.0.0.1 on", log)
    assert "fine.example" not in log and "never.example" not in log and "hunt: c2.example" not in log
    assert sorted(who(d, "bots")) == [("bad.example", "127.0.0.1", "names below it", "bots"),
                                      ("evil.example", "127.0.0.1", "the name", "bots"),
                                      ("evil.example", "127.0.0.2", "the name", "bots")]
    assert d.counters()["hunt_found"] == 3
    # by the name, whether a list has it or not
    assert who(d, "evil.example") == [("evil.example", c, "the name", "") for c in ("127.0.0.1", "127.0.0.2")]
    assert who(d, "fine.example") == [("fine.example", "127.0.0.1", "the name", "")]
    assert who(d, "below.bad.example") == [("below.bad.example", "127.0.0.1", "names below it", "")]
    assert who(d, "other.example") == []
    assert who(d, "c2.example") == []       # a finding when it was asked for
    got = hunt(d, "evil.example")
    assert got["whole"] and got["days"] == 1 and 0 < got["false_at_most"] < 1e-15
    at = time.mktime(time.strptime(got["found"][0]["at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert before <= at <= time.time() + 1
    assert who(d, "evil.example", "--since", "2h") != []
    # told once: nothing was asked for since
    mark = d.program.mark()
    d.reload()
    ask(d.address, "another.example")
    time.sleep(slow(2, 6))      # what must not come cannot be waited for
    assert "which list bots has now" not in d.log(mark)
    assert d.counters()["hunt_found"] == 3


def test_by_command(hunter):
    d = hunter().start()
    ask(d.address, "www.evil.example")
    written(d, 3)
    assert ctl(d.socket, "block", "evil.example").returncode == 0
    d.program.wait_line("hunt: evil.example, which list manual-block has now, was asked for", timeout=slow(15, 40))
    assert who(d, "manual-block") == [("evil.example", "127.0.0.1", "names below it", "manual-block")]


def test_over_a_restart(hunter):
    """What the process before knew is found by the next at its start."""
    d = hunter().start()
    ask(d.address, "evil.example")
    d.stop()        # which writes what waits
    assert not d.store.with_name(f"{d.store.name}-wal").exists()
    d.write_list("bots", "c2.example\nevil.example\n")
    d.start()
    d.program.wait_line("hunt: evil.example, which list bots has now", timeout=slow(15, 40))
    d.stop()
    d.start()
    ask(d.address, "c2.example")
    time.sleep(slow(2, 6))
    assert "which list bots has now" not in d.log()
    assert who(d, "bots") == [("evil.example", "127.0.0.1", "the name", "bots")]


def test_rules_for_part_of_a_name(hunter):
    """A rule for names below alone finds no one who asked for the name, and the other way round."""
    d = hunter()
    d.config["lists"].append({"name": "zone", "file": str(d.folder / "zone.txt"), "format": "rpz"})
    d.write_list("zone", "$ORIGIN rpz.\n@ 300 SOA l. h. 1 2 3 4 300\n@ NS l.\n")
    d.write_config()
    d.start()
    for name in ("a.example", "below.b.example", "c.example", "below.d.example"):
        ask(d.address, name)
    written(d, 7)
    d.write_list("zone", "$ORIGIN rpz.\n@ 300 SOA l. h. 2 2 3 4 300\n@ NS l.\n*.a.example CNAME .\n"
                         "*.b.example CNAME .\nc.example CNAME .\nd.example CNAME .\n")
    d.reload()
    d.program.wait_line("hunt: of ", timeout=slow(15, 40))
    assert sorted(who(d, "zone")) == [("*.b.example", "127.0.0.1", "names below it", "zone"),
                                      ("c.example", "127.0.0.1", "the name", "zone")]


def test_lists_that_tell_nothing(hunter):
    d = hunter()
    d.add_list("ads", "ads.example\n", findings=False).start()
    for name in ("evil.example", "more-ads.example"):
        ask(d.address, name)
    written(d, 3)
    d.write_list("ads", "ads.example\nmore-ads.example\n")
    d.write_list("bots", "c2.example\nevil.example\n")
    d.reload()
    d.program.wait_line("hunt: evil.example", timeout=slow(15, 40))
    assert "hunt: more-ads.example" not in d.log()


def test_off(hunter):
    d = hunter({"hunt-days": 0}).start()
    ask(d.address, "evil.example")
    done = ctl(d.socket, "hunt", "evil.example")
    assert done.returncode == 1 and "evidence.hunt-days" in done.stderr
    d.stop()
    assert not d.folder_of_days.exists()


def test_needs_a_ledger(hunter):
    d = hunter({"ledger": False})
    assert "hunt-days: expected 0, as no ledger is kept" in d.fails_to_start()


def test_nothing_is_in_clear(hunter):
    d = hunter({"clients": "prefix"}).start()
    ask(d.address, "secret-name.example")
    written(d, 2)
    assert who(d, "secret-name.example") == [("secret-name.example", "127.0.0.0/24", "the name", "")]
    d.stop()
    for path in d.folder_of_days.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
        assert b"secret-name" not in path.read_bytes()
    assert d.folder_of_days.stat().st_mode & 0o077 == 0


def test_old_days_go(hunter):
    d = hunter({"hunt-days": 3}).start()
    ask(d.address, "evil.example")
    d.stop()
    for ago in (1, 2, 3, 40):
        name = time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * DAY_S))
        shutil.copy(d.store, d.store.with_name(f"{name}.db"))
    (d.folder_of_days / "2020-13-45.db").write_text("none of ours")
    d.start()
    wait_until(lambda: len(list(d.folder_of_days.glob("20*.db"))) == 4, slow(10, 30), "two days are forgotten")
    assert hunt(d, "evil.example")["days"] == 3
    assert len(who(d, "evil.example")) == 3
    assert len(who(d, "evil.example", "--since", "1h")) == 1


def test_killed(hunter):
    """All but the last seconds is there, and nothing is broken."""
    d = hunter().start()
    sent, stamps, end = 0, [], time.monotonic() + slow(4, 8)
    while time.monotonic() < end:
        exchange_many(d.address, [f"n{sent + i}.c3.example" for i in range(100)])
        sent += 100
        stamps.append((time.monotonic(), sent))
    killed = time.monotonic()
    d.program.signal(signal.SIGKILL)
    d.program.wait_exit(10)
    d.program = None
    db = sqlite3.connect(d.store)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept = db.execute("SELECT count(*) FROM asked").fetchone()[0]
    db.close()
    owed = max([n for t, n in stamps if t < killed - slow(2, 6)], default=0)
    assert owed <= kept <= sent + 102
    d.start()
    ask(d.address, "again.example")
    written(d, 1)
    assert who(d, "n0.c3.example") != []


def test_erasure(hunter):
    d = hunter().start()
    for source in ("127.0.0.1", "127.0.0.2"):
        ask(d.address, "evil.example", source=source)
    ask(d.address, "c2.example")
    written(d, 4)
    d.write_list("bots", "c2.example\nevil.example\n")
    d.reload()
    d.program.wait_line("hunt: evil.example", timeout=slow(15, 40))
    wait_until(lambda: len(who(d, "bots")) == 2, slow(10, 30), "both are found")
    ledger = d.folder_of_days.parent / "ledger.db"
    wait_until(lambda: d.counted("ledger_written") == 1, slow(5, 20), "the finding is there")
    erase = [str(daemon_path()), "--erase", "127.0.0.2", "--store", str(ledger), "--because", "a request"]
    done = subprocess.run(erase, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 findings erased\n"     # two hashes, and what was found
    assert [c for _, c, _, _ in who(d, "bots")] == ["127.0.0.1"]
    assert [c for _, c, _, _ in who(d, "evil.example")] == ["127.0.0.1"]
    db = sqlite3.connect(ledger)
    assert db.execute("SELECT act, findings, why, subject FROM audit").fetchall() == [("erase", 3, "a request", "")]
    db.close()
    # nothing of it goes under a hold
    hold = [str(daemon_path()), "--hold", "127.0.0.1", "--store", str(ledger), "--because", "a court"]
    assert subprocess.run(hold, capture_output=True, timeout=60).returncode == 0
    erase[2] = "127.0.0.1"
    assert subprocess.run(erase, capture_output=True, timeout=60).returncode != 0
    assert [c for _, c, _, _ in who(d, "bots")] == ["127.0.0.1"]


def test_a_disk_that_fills(hunter, tmp_path):
    """Resolving goes on; what waited is written when there is room again."""
    state = tmp_path / "small"
    prefix = with_small_disk(state, "4m")
    d = hunter(state=state).start(prefix=prefix)
    seen = f"/proc/{d.program.pid}/root{state}"     # the daemon's view of the folder
    ask(d.address, "first.example")
    written(d, 2)
    filler = os.path.join(seen, "filler")
    with pytest.raises(OSError, match="No space left"), open(filler, "wb", buffering=0) as f:
        while True:
            f.write(bytes(4096))
    for i in range(2000):
        if d.counters()["hunt_failures"]:
            break
        exchange_many(d.address, [f"n{i * 100 + j}.c3.example" for j in range(100)])
    wait_until(lambda: d.counted("hunt_failures") > 0, slow(10, 30), "the failure is counted")
    d.program.wait_line("rows wait to be written")
    assert addresses(ask(d.address, "last.example")) == ["203.0.113.9"]
    assert addresses(ask(d.address, "c2.example")) == [SINK]
    os.unlink(filler)
    d.program.wait_line("hunt: who asks is written down again", timeout=slow(20, 60))
    wait_until(lambda: who(d, "last.example") != [], slow(10, 30), "it is found")
    assert d.counters()["hunt_lost"] == 0


def test_a_store_that_is_broken(hunter):
    d = hunter().start()
    ask(d.address, "first.example")
    written(d, 2)
    d.stop()
    d.store.write_bytes(b"Forbidden\n" * 500)
    d.start()
    ask(d.address, "second.example")
    d.program.wait_line("is set aside as", timeout=slow(15, 40))
    wait_until(lambda: who(d, "second.example") != [], slow(15, 40), "another one has it")
    assert d.store.with_name(f"{d.store.name}.broken").read_bytes() == b"Forbidden\n" * 500


def test_no_more_than_its_size(hunter):
    d = hunter({"hunt-size": "1MiB"}).start()
    for i in range(400):
        exchange_many(d.address, [f"n{i * 100 + j}.example" for j in range(100)])
        if "as large as evidence.hunt-size" in d.log():
            break
    d.program.wait_line("as large as evidence.hunt-size", timeout=slow(20, 60))
    ask(d.address, "too-late.example")
    wait_until(lambda: d.counted("hunt_lost") > 0, slow(10, 30), "it is counted")
    assert addresses(ask(d.address, "c2.example")) == [SINK]
    assert who(d, "too-late.example") == []
    assert who(d, "n0.example") != []
