# SPDX-License-Identifier: BSD-2-Clause
"""The ledger: who asked for names of the lists, from the query to the store."""
import os
import re
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import dns.flags
import pytest

from harness.build import run_daemon, slow
from harness.client import addresses, ask, dig, exchange_many, send_burst, udp_socket
from harness.control import ask_port
from harness.namespace import with_small_disk
from harness.ports import free_port
from harness.program import wait_until

SINK = "192.0.2.1"
UDP, COOKIE, TCP = 1, 2, 4


def rows(path, what="*", where=""):
    """What the store has, read as any other process reads it."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        return db.execute(f"SELECT {what} FROM finding JOIN client ON client.id = finding.client"
                          f" JOIN list ON list.id = finding.list {where} ORDER BY finding.name").fetchall()
    finally:
        db.close()


def total(path, what="sum(count)"):
    try:
        return rows(path, what)[0][0] or 0
    except sqlite3.OperationalError:    # not made yet
        return 0


@pytest.fixture
def keeper(daemon, tmp_path):
    """Makes daemons with a state directory."""
    def make(extra=None, state=None, **lists):
        d = daemon({"state": {"directory": str(state or tmp_path / "state")}, **(extra or {})})
        d.ledger = (state or tmp_path / "state") / "ledger.db"
        return d.add_list("bots", "c2.test\n", **lists)
    return make


def test_from_the_query_to_the_store(keeper):
    d = keeper(authority={"court": "A Court", "case": "1:10", "contact": "abuse@isp.test",
                          "remedy": "https://isp.test/clean"}, family="waledac").start()
    before = int(time.time()) - 1
    for _ in range(3):
        ask(d.address, "c2.test")
    ask(d.address, "Deep.Below.C2.test", "AAAA", tcp=True)
    ask(d.address, "elsewhere.test")
    wait_until(lambda: total(d.ledger) == 4, slow(5, 20), "the store has all four")
    got = rows(d.ledger, "finding.name, address, form, list.name, owner_labels, count, proven, types, ways")
    assert got == [("c2.test", "127.0.0.1", 0, "bots", 2, 3, 0, 1, UDP),
                   ("deep.below.c2.test", "127.0.0.1", 0, "bots", 2, 1, 1, 2, TCP)]
    first, last = rows(d.ledger, "first_s, last_s")[0]
    assert before <= first <= last <= time.time() + 1
    assert rows(d.ledger, "family, action, court, case_id, contact, remedy")[0] == (
        "waledac", "sinkhole", "A Court", "1:10", "abuse@isp.test", "https://isp.test/clean")
    d.stop()
    assert total(d.ledger) == 4


def test_the_same_within_a_second_is_one(keeper):
    d = keeper().start()
    with udp_socket(d.address) as s:
        send_burst(s, "c2.test", 20)
    wait_until(lambda: total(d.ledger) == 20, slow(5, 20), "all twenty")
    assert 1 <= total(d.ledger, "sum(merged)") <= 3    # the burst may be cut by a second's end


def test_a_good_cookie_proves_the_client(keeper):
    d = keeper().start()
    cookie = re.search(r"COOKIE: (\w+)", dig(d.address, "+cookie", "c2.test").text).group(1)
    dig(d.address, f"+cookie={cookie}", "c2.test")
    wait_until(lambda: total(d.ledger) == 2, slow(5, 20), "both")
    assert rows(d.ledger, "count, proven, ways") == [(2, 1, UDP | COOKIE)]


def test_what_an_answer_leads_to(keeper, upstream):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME c2.test.", "c2.test. 300 IN A 198.51.100.9"))
    d = keeper({"upstreams": [up.address]}).start()
    for _ in range(2):      # from the upstream, and from the cache
        assert addresses(ask(d.address, "shop.test")) == [SINK]
    wait_until(lambda: total(d.ledger) == 2, slow(5, 20), "both")
    assert rows(d.ledger, "finding.name, address, owner_labels, count") == [("shop.test", "127.0.0.1", 0, 2)]


def test_lists_that_tell_nothing(keeper):
    d = keeper(findings=False)
    d.add_list("more", "more.test\n").start()
    ask(d.address, "c2.test")
    ask(d.address, "more.test")
    wait_until(lambda: total(d.ledger) == 1, slow(5, 20), "the one")
    assert rows(d.ledger, "list.name") == [("more",)]


def test_a_reload_changes_the_lists(keeper):
    d = keeper().start()
    ask(d.address, "c2.test")
    d.config["lists"].insert(0, {"name": "first", "file": str(d.folder / "first.txt"), "family": "new",
                                 "action": "nxdomain"})
    d.write_list("first", "first.test\n")
    d.write_config()
    d.reload()
    ask(d.address, "first.test")
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == 3, slow(5, 20), "all")
    assert rows(d.ledger, "finding.name, list.name, family, count") == [
        ("c2.test", "bots", "", 2), ("first.test", "first", "new", 1)]


def test_addresses_in_other_forms(keeper, tmp_path):
    key = tmp_path / "key"
    key.write_text("2b7e151628aed2a6abf7158809cf4f3c\n")
    d = keeper({"evidence": {"clients": "prefix"}}).start()
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == 1, slow(5, 20), "the prefix")
    d.stop()
    d.configure({"evidence": {"clients": "encrypted", "key-file": str(key)}})
    d.start()
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == 2, slow(5, 20), "encrypted")
    got = {form & 3: address for form, address in rows(d.ledger, "form, address")}
    assert got[1] == "127.0.0.0/24"
    assert got[2] not in ("127.0.0.1", "127.0.0.0/24") and ":" in got[2]
    d.stop()
    other = tmp_path / "other"
    other.write_text("00000000000000000000000000000001\n")
    for path, status in ((key, 0), (other, 1)):
        done = run_daemon("--report", "--store", d.ledger, "--format", "csv", "--key-file", path)
        assert done.returncode == status and ("another key" in done.stderr) == (status == 1), done
        assert ("127.0.0.1" in done.stdout) == (status == 0), done
    asked_for_by_key(d.ledger, key, other)
    key.unlink()
    d.start()       # serves, and writes nothing rather than a whole address
    assert addresses(ask(d.address, "c2.test")) == [SINK]
    assert "no findings are written down" in d.log()
    d.stop()
    assert total(d.ledger) == 2


def asked_for_by_key(ledger, key, other):
    """A client of a ledger that has its addresses in several forms: what was not looked at is told."""
    keys = [], ["--key-file", key]
    for address, given, lines, status in (("127.0.0.1", keys[0], 0, 1), ("127.0.0.0/24", keys[0], 1, 1),
                                          ("127.0.0.1", keys[1], 1, 1)):
        done = run_daemon("--report", "--store", ledger, "--format", "json", "--client", address, *given)
        assert done.returncode == status and len(done.stdout.splitlines()) == lines, done
        assert "which were not looked at" in done.stderr, done
    for given, findings, status in ((keys[0], 0, 1), (keys[1], 1, 0)):
        done = run_daemon("--hold", "127.0.0.1", "--store", ledger, "--because", "x", *given)
        assert (done.returncode, done.stdout) == (status, f"{findings} findings held\n"), done
        assert ("which were not looked at" in done.stderr) == (status == 1), done
    for act, given, status, said in (
            ("release", keys[1], 0, "1 findings released"), ("release", keys[1], 1, "no hold on "),
            ("hold", keys[0], 1, "without their --key-file"), ("release", keys[1], 0, "0 findings released"),
            ("hold", ["--key-file", other], 1, "encrypted by another key"),
            ("release", ["--key-file", other], 1, "encrypted by another key"),
            ("erase", ["--key-file", other], 1, "encrypted by another key")):
        done = run_daemon(f"--{act}", "127.0.0.1", "--store", ledger, "--because", "x", *given)
        assert done.returncode == status and said in done.stdout + done.stderr, (act, done)
    assert sqlite3.connect(ledger).execute("SELECT * FROM hold").fetchall() == []


def test_killed_under_load(keeper):
    """All but the last second is there, and nothing is broken."""
    d = keeper().start()
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == 1, slow(5, 20), "what comes is written")
    sent, stamps, end = 1, [], time.monotonic() + 3
    while time.monotonic() < end:
        exchange_many(d.address, [f"n{sent + i}.c2.test" for i in range(200)])
        sent += 200
        stamps.append((time.monotonic(), sent))
    killed = time.monotonic()
    d.program.signal(signal.SIGKILL)
    d.program.wait_exit(10)
    d.program = None
    db = sqlite3.connect(d.ledger)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept = db.execute("SELECT sum(count) FROM finding").fetchone()[0]
    db.close()
    owed = max([n for t, n in stamps if t < killed - slow(1, 4)], default=0)
    assert owed <= kept <= sent + 200
    d.start()
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == kept + 1, slow(5, 20), "it goes on")


def test_a_disk_that_fills(keeper, tmp_path):
    """Resolving goes on; what waited is written when there is room again."""
    state = tmp_path / "small"
    prefix = with_small_disk(state, "2m")
    d = keeper(state=state).start(prefix=prefix)
    seen = f"/proc/{d.program.pid}/root{state}"     # the daemon's view of the folder
    ask(d.address, "c2.test")

    def stored():
        """SQLite would follow /proc/PID/root to a folder of this process."""
        for file in ("ledger.db", "ledger.db-wal"):
            shutil.copy(os.path.join(seen, file), tmp_path / file)
        return total(tmp_path / "ledger.db")

    wait_until(lambda: d.counted("ledger_written") == 1, slow(5, 20), "the store is there")
    filler = os.path.join(seen, "filler")
    with pytest.raises(OSError, match="No space left"), open(filler, "wb", buffering=0) as f:
        while True:
            f.write(bytes(4096))
    for i in range(40):
        assert addresses(ask(d.address, f"n{i}.c2.test")) == [SINK]
    wait_until(lambda: "findings wait to be written" in d.log(), slow(10, 30), "the failure is told")
    assert addresses(ask(d.address, "c2.test")) == [SINK]
    assert d.counters()["ledger_failures"] > 0
    os.unlink(filler)
    wait_until(lambda: stored() == 42, slow(10, 30), "all are written")
    assert d.counters()["ledger_lost"] == 0


def break_pages(path):
    """All but the header of the first page, as a disk that fails does."""
    size = path.stat().st_size
    with open(path, "r+b") as f:
        f.seek(100)
        f.write(b"\xa5" * (size - 100))


def no_database(path):
    path.write_text("Forbidden\n" * 500)


@pytest.mark.parametrize("harm", [break_pages, no_database])
def test_a_store_that_is_broken(keeper, harm):
    """It is kept beside, and findings are written into another one."""
    d = keeper(family="waledac").start()
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == 1, slow(5, 20), "the store is there")
    d.stop()
    for part in ("-wal", "-shm"):
        Path(f"{d.ledger}{part}").unlink(missing_ok=True)
    harm(d.ledger)
    broken = d.ledger.read_bytes()
    d.start()
    ask(d.address, "c2.test")
    wait_until(lambda: "is set aside as" in d.log(), slow(10, 30), "it is told")
    wait_until(lambda: total(d.ledger) == 1, slow(10, 30), "another store has it")
    assert rows(d.ledger, "family") == [("waledac",)]
    assert Path(f"{d.ledger}.broken").read_bytes() == broken
    assert d.counters()["ledger_lost"] == 0
    # a second one is not put in the place of the first
    d.stop()
    for part in ("-wal", "-shm"):
        Path(f"{d.ledger}{part}").unlink(missing_ok=True)
    harm(d.ledger)
    d.start()
    ask(d.address, "c2.test")
    wait_until(lambda: "cannot be set aside" in d.log(), slow(10, 30), "it is told")
    assert Path(f"{d.ledger}.broken").read_bytes() == broken
    assert addresses(ask(d.address, "c2.test")) == [SINK]


def test_a_store_that_is_taken_away(keeper):
    """The next one knows the lists too."""
    d = keeper(family="waledac").start()
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == 1, slow(5, 20), "the store is there")
    for part in ("", "-wal", "-shm"):
        Path(f"{d.ledger}{part}").unlink(missing_ok=True)
    ask(d.address, "a.c2.test")
    wait_until(lambda: total(d.ledger) == 1, slow(10, 30), "another store has it")
    assert rows(d.ledger, "family, finding.name") == [("waledac", "a.c2.test")]


def test_a_place_that_cannot_be_written(daemon, tmp_path):
    d = daemon({"state": {"directory": "/proc/self/fdinfo"}}).add_list("bots", "c2.test\n").start()
    for _ in range(3):
        assert addresses(ask(d.address, "c2.test")) == [SINK]
    wait_until(lambda: "findings wait to be written" in d.log(), slow(10, 30), "the failure is told")
    assert addresses(ask(d.address, "c2.test")) == [SINK]


SINKHOLES = Path(__file__).parent.parent.parent / "blocklists/sinkholes.txt"


def test_led_to_a_sinkhole_of_others(keeper, upstream):
    up = upstream(lambda q: q.address("204.95.99.7" if q.name.startswith("bot") else "203.0.113.9"))
    d = keeper({"upstreams": [up.address]})
    d.add_list("foreign-sinkholes", SINKHOLES.read_text(), action="log", format="addresses").start()
    for name in ("bot.test", "bot.test", "other.test"):     # asked for, and from the cache
        assert addresses(ask(d.address, name)) in (["204.95.99.7"], ["203.0.113.9"])
    wait_until(lambda: total(d.ledger) == 2, slow(5, 20), "both are written")
    assert rows(d.ledger, "finding.name, list.name, count, owner_labels") == [("bot.test", "foreign-sinkholes", 2, 0)]


@pytest.mark.parametrize("noted", [True, False])
def test_blocked_upstream(keeper, upstream, noted):
    def answer(q):
        kind = q.name.split(".")[0]
        if kind.startswith("ede"):
            return q.reply(f"{q.name} 300 IN A 0.0.0.0", options=[(15, int(kind[3:]).to_bytes(2, "big") + b"because")])
        if kind == "quad9":         # no RA, and no SOA
            reply = q.reply(rcode="NXDOMAIN")
            reply.flags &= ~dns.flags.RA
            return reply
        return q.negative()
    d = keeper({"upstreams": [upstream(answer).address], "evidence": {"blocked-upstream": noted}}).start()
    for name in ("ede15.test", "ede16.test", "ede17.test", "ede17.test", "quad9.test", "ede4.test", "ede22.test",
                 "nothing.test"):
        ask(d.address, name)
    ask(d.address, "c2.test")
    assert d.counted("blocked_upstream") == 5
    wait_until(lambda: total(d.ledger) == (6 if noted else 1), slow(5, 20), "all are written")
    got = rows(d.ledger, "finding.name, list.name, count")
    assert got[0] == ("c2.test", "bots", 1)
    assert got[1:] == [(f"{n}.test", ":blocked-upstream", c) for n, c in
                       (("ede15", 1), ("ede16", 1), ("ede17", 2), ("quad9", 1)) if noted]


def test_what_is_written_is_counted_in_the_metrics(keeper):
    port = free_port()
    d = keeper({"metrics": {"listen": [f"127.0.0.1@{port}"]}}).start()
    ask(d.address, "c2.test")
    wait_until(lambda: total(d.ledger) == 1, slow(5, 20), "it is written")
    wait_until(lambda: re.search(r"^sinkholed_ledger_written_total 1$", ask_port(port, "GET", "/metrics")[2], re.M),
               slow(5, 20), "and counted")
