# SPDX-License-Identifier: BSD-2-Clause
"""Orders: from when to when a list is in force, what comes then, and lists that only log."""
import datetime
import sqlite3

import pytest

from harness.build import run_daemon, slow
from harness.client import addresses, ask
from harness.program import wait_until

REAL, SINK = "198.51.100.7", "192.0.2.1"
UTC = datetime.timezone.utc


def at(seconds, zone=UTC):
    """The time so many seconds from now, as the configuration has it."""
    when = datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds)
    return when.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")


@pytest.fixture
def real(upstream):
    return upstream(lambda q: q.address(REAL)).address


def check(d):
    return run_daemon("-c", d.config_path, "--check", cwd=d.folder)


def blocks(d, name="listed.test"):
    answers = addresses(ask(d.address, name))
    assert answers in ([SINK], [REAL])
    return answers == [SINK]


@pytest.mark.parametrize("mandatory", [False, True])
def test_order_that_begins_and_lapses(daemon, real, mandatory):
    d = daemon({"upstreams": [real]})
    berlin = datetime.timezone(datetime.timedelta(hours=1))
    d.add_list("order", "listed.test\n", mandatory=mandatory, lapse="lift",
               **{"valid-from": at(6), "expires": at(12, berlin)}).start()
    d.program.wait_line(r"list order: not in force yet: its order is valid from \S+Z on, and by our clock it is 20\S+Z")
    d.program.wait_line(r"list order: its order lapses at \S+Z, in 0 days; then it is lifted")
    assert not blocks(d)
    d.program.wait_line(r"list order: its order is in force, from \S+ until \S+", timeout=20)
    assert blocks(d)
    d.program.wait_line(r"warning: list order: its order lapsed at \S+; it is lifted", timeout=20)
    assert not blocks(d)  # also what the cache had
    d.reload_well()
    assert not blocks(d)


@pytest.mark.parametrize("lapse, blocked, told", [
    ("keep", True, "it stays in force"), ("log", False, "it only logs"), ("lift", False, "it is lifted")])
def test_what_comes_at_the_lapse(daemon, real, lapse, blocked, told):
    d = daemon({"upstreams": [real]})
    d.add_list("order", "listed.test\n", lapse=lapse, **{"expires": at(5)}).start()
    assert blocks(d)
    d.program.wait_line(r"warning: list order: its order lapsed at \S+; " + told, timeout=20)
    assert blocks(d) == blocked
    assert (d.counters()["logged"] > 0) == (lapse == "log")


def test_order_that_has_lapsed_at_the_start(daemon, real):
    d = daemon({"upstreams": [real]})
    d.add_list("order", "listed.test\n", lapse="lift", expires="2010-02-22T00:00:00Z")
    d.add_list("kept", "other.test\n", expires="2010-02-22T00:00:00Z").start()
    d.program.wait_line(r"list order: its order lapsed at 2010-02-22T00:00:00Z; it is lifted")
    assert not blocks(d) and blocks(d, "other.test")


def test_only_its_own_end_lifts_a_mandatory_list(daemon, real, tmp_path):
    d = daemon({"upstreams": [real], "state": {"directory": str(tmp_path / "state")}})
    d.add_list("order", "listed.test\n", mandatory=True).start()
    assert blocks(d)
    entry = d.config["lists"][0]
    for change in ({"expires": at(-60), "lapse": "lift"}, {"valid-from": at(3600)}):
        d.config["lists"][0] = {**entry, **change}
        d.write_config()
        log = d.reload()
        assert "REFUSED: it is mandatory, and 1 of the names" in log
        assert blocks(d)
        d.stop()
        d.start()
        assert blocks(d)
    # an end that is to come may be given, and has it end
    d.config["lists"][0] = {**entry, "expires": at(5), "lapse": "lift"}
    d.write_config()
    d.reload_well()
    assert blocks(d)
    d.program.wait_line(r"list order: its order lapsed at \S+; it is lifted", timeout=20)
    assert not blocks(d)
    d.stop()
    d.start()
    assert not blocks(d)


def test_status_tells_of_what_lapses(daemon, real):
    d = daemon({"upstreams": [real]})
    d.add_list("order", "listed.test\n", expires=at(86400 * 3 + 600)).start()
    d.program.wait_line(r"ready: 1 names of 1 lists in force, 1 order lapses soon")
    d.program.wait_line(r"list order: its order lapses at \S+, in 3 days; then it stays in force")
    d.config["lists"][0]["lapse-warning"] = "1d"
    d.write_config()
    assert "lapses" not in d.reload_well()


# ---- lists that only log

@pytest.mark.parametrize("how", [{"action": "log"}, {"action": "nxdomain", "dry-run": True}])
def test_list_that_logs(daemon, real, how):
    d = daemon({"upstreams": [real]})
    d.add_list("watch", "listed.test\nboth.test\nlet.test\n", **how)
    d.add_list("block", "both.test\n")
    d.add_list("let", "let.test\n", action="pass").start()
    assert not blocks(d) and not blocks(d, "www.listed.test") and not blocks(d, "let.test")
    assert blocks(d, "both.test")
    assert d.counters()["logged"] == 3  # what passes is not asked about


def test_findings_beside_the_verdict(daemon, upstream, tmp_path):
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN CNAME c2.test.", f"c2.test. 300 IN A {REAL}"))
    d = daemon({"upstreams": [up.address], "state": {"directory": str(tmp_path / "state")}})
    d.add_list("watch", "both.test\nc2.test\n", action="log")
    d.add_list("net", f"{REAL}\n", format="addresses", action="log")
    d.add_list("block", "both.test\n").start()
    assert blocks(d, "www.both.test")
    for _ in range(2):  # then from the cache
        assert REAL in addresses(ask(d.address, "w.test"))

    def rows():
        try:
            with sqlite3.connect(tmp_path / "state" / "ledger.db") as db:
                return set(db.execute("SELECT list.name, finding.name, owner_labels, count FROM finding "
                                      "JOIN list ON list.id = finding.list"))
        except sqlite3.OperationalError:    # not made yet
            return set()
    wait_until(lambda: rows() == {("watch", "www.both.test", 2, 1), ("block", "www.both.test", 2, 1),
                                  ("watch", "w.test", 0, 2), ("net", "w.test", 0, 2)},
               slow(5, 20), "all lists have their findings")


@pytest.mark.parametrize("how", [{"action": "log"}, {"dry-run": True}, {"lapse": "log"}])
def test_mandatory_list_does_not_only_log(daemon, real, how):
    d = daemon({"upstreams": [real]})
    d.add_list("order", "listed.test\n", mandatory=True, **how)
    d.write_config()
    done = check(d)
    assert done.returncode != 0 and "mandatory: expected false" in done.stderr


@pytest.mark.parametrize("options, words", [
    ({"expires": "2026-12-31"}, "expected a time with its zone"),
    ({"expires": "2026-12-31T23:59:59"}, "expected a time with its zone"),
    ({"valid-from": "2026-12-31T00:00:00Z", "expires": "2026-12-31T00:00:00+01:00"},
     "expected a time after valid-from")])
def test_terms_that_are_none(daemon, options, words):
    d = daemon().add_list("order", "listed.test\n", **options)
    d.write_config()
    done = check(d)
    assert done.returncode != 0 and words in done.stderr


# ---- in force here

def test_the_daemon_asks_itself(daemon, real):
    d = daemon({"upstreams": [real]})
    names = "".join(f"n{i}.test\n" for i in range(2500))
    d.add_list("order", names, reason="order", action="nxdomain")
    d.add_list("below", "*.b.test\nx.test\n", mandatory=True)
    d.add_list("ads", "ads.test\n").start()
    d.program.wait_line(r"list order: in force here: asked for, 1000 of 1000 names are blocked \(a sample\)$")
    d.program.wait_line(r"list below: in force here: asked for, 2 of 2 names are blocked$")
    d.add_list("let", "n7.test\nx.test\n", action="pass")
    d.write_list("order", "n7.test\nn8.test\n")
    d.write_config()
    d.reload_well()
    d.program.wait_line(r"list order: NOT in force here: n7.test is answered: what the upstreams say")
    d.program.wait_line(r"list order: in force here: asked for, 1 of 2 names are blocked$")
    assert "list ads: in force here" not in d.log()


def explained(d, *question):
    return run_daemon("-c", d.config_path, "--explain", *question, cwd=d.folder).stdout


def test_explain_tells_the_state_of_an_order(daemon, real):
    d = daemon({"upstreams": [real]})
    d.add_list("waits", "listed.test\n", **{"valid-from": at(3600)})
    d.add_list("lifted", "listed.test\n", expires="2010-02-22T00:00:00Z", lapse="lift")
    d.add_list("kept", "other.test\n", expires="2010-02-22T00:00:00Z")
    d.add_list("try", "listed.test\n", **{"dry-run": True}).write_config()
    out = explained(d, "listed.test")
    assert "listed.test A: forwarded" in out and "this decides" not in out
    for name, state in (("waits", "not in force yet"), ("lifted", "lapsed, and lifted"),
                        ("try", "only logs")):
        assert f"list {name} ({state}): listed.test, line 1 of" in out
    assert "list kept (lapsed, and kept): other.test, line 1 of" in explained(d, "other.test")
