# SPDX-License-Identifier: BSD-2-Clause
"""The ledger of many resolvers: findings reach PostgreSQL, each once, whatever fails on the way."""
import json
import shutil
import subprocess

import pytest

from harness.build import slow
from harness.client import addresses, ask
from harness.control import ask_socket, ctl, samples
from harness.namespace import with_small_disk
from harness.postgres import Postgres
from harness.program import wait_until

SINK = "192.0.2.1"


@pytest.fixture(scope="module")
def server():
    try:
        postgres = Postgres()
    except OSError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    yield postgres
    postgres.close()


@pytest.fixture
def url(server):
    return server.fresh()


@pytest.fixture
def keeper(daemon, tmp_path):
    """Makes daemons that write to the database."""
    def make(url, name="one", state=None, **evidence):
        state = state or tmp_path / f"state-{name}"
        d = daemon({"state": {"directory": str(state)}, "control": {"socket": str(tmp_path / f"{name}.socket")},
                    "evidence": {"store": url, "resolver": name, **evidence}})
        d.socket = tmp_path / f"{name}.socket"
        d.spool = state / "spool"
        return d.add_list("bots", "c2.test\n", family="waledac")
    return make


def rows(url, what="name, sum(count)"):
    try:
        return Postgres.ask(f"SET search_path TO sinkholed; SELECT {what} FROM finding GROUP BY name ORDER BY name", url)
    except OSError:     # no tables yet
        return []


def total(url):
    return sum(int(count) for _, count in rows(url))


def report(d, url, *more):
    done = subprocess.run([d.binary, "--report", "--store", url, *more], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def hit(d, *names):
    for name in names:
        assert addresses(ask(d.address, name)) == [SINK]


def metrics(d):
    return samples(ask_socket(d.socket, "GET", "/metrics")[2])


def test_from_the_query_to_the_report(keeper, url):
    d = keeper(url).start()
    hit(d, "c2.test", "c2.test", "deep.c2.test", "\\000\\255\\|.c2.test")
    wait_until(lambda: total(url) == 4, slow(10, 30), "the database has all four")
    assert rows(url) == [["\\000\\255|.c2.test", "1"], ["c2.test", "2"], ["deep.c2.test", "1"]]
    assert Postgres.ask("SELECT resolver, last > 0 FROM sinkholed.stream", url) == [["one", "t"]]
    wait_until(lambda: d.counted("ledger_sent") == 3, slow(10, 30), "it is told")
    shown = metrics(d)
    assert shown["sinkholed_ledger_connected"] == 1 and shown["sinkholed_ledger_waiting"] == 0
    assert len(report(d, url, "--format", "json").splitlines()) == 3
    done = ctl(d.socket, "report")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 4 and "waledac" in done.stdout
    d.stop()
    assert not list(d.spool.iterdir())


def test_what_rows_of_a_table_say(keeper, url):
    d = keeper(url)
    d.add_list("rows", "name;case;malware\nfox.test;T-1;Fox\nplain.test;;\n", format="csv", family="of the list",
               columns={"name": "name", "ticket": "case", "family": "malware"}).start()
    hit(d, "fox.test", "plain.test")
    wait_until(lambda: total(url) == 2, slow(10, 30), "the database has both")
    found = {row["name"]: (row["family"], row["ticket"])
             for row in map(json.loads, report(d, url, "--format", "json").splitlines())}
    assert found == {"fox.test": ("Fox", "T-1"), "plain.test": ("of the list", "")}
    for family, name in (("Fox", "fox.test"), ("of the list", "plain.test")):
        text = report(d, url, "--format", "json", "--family", family)
        assert [json.loads(line)["name"] for line in text.splitlines()] == [name]


def test_a_password_in_the_url(daemon, tmp_path):
    for store in ("postgresql://me:hush@db/x", "postgresql://db/x?password=hush", "postgresql://db/x?user=a&password=hush"):
        d = daemon({"state": {"directory": str(tmp_path)}, "evidence": {"store": store}})
        log = d.fails_to_start()
        assert "a password stands in it" in log and "hush" not in log


def test_a_password_in_a_file(keeper, server, url, tmp_path):
    """None is shown, wherever it comes from; and it works where the server wants it."""
    secret = tmp_path / "secret"
    secret.write_text("hush-hush\n")
    d = keeper(url, **{"password-file": str(secret)}).start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "it is written")
    shown = subprocess.run([d.binary, "--dump-config", "-c", d.config_path], capture_output=True, text=True, timeout=20)
    assert "hush" not in shown.stdout + d.log() + ask_socket(d.socket, "GET", "/metrics")[2]


def test_the_server_is_away_for_a_while(keeper, server, url):
    d = keeper(url).start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the first")
    server.kill()
    try:
        for i in range(30):
            hit(d, "c2.test", f"n{i}.c2.test")
        wait_until(lambda: metrics(d)["sinkholed_ledger_connected"] == 0, slow(10, 30), "it is told")
        wait_until(lambda: metrics(d)["sinkholed_ledger_spool_bytes"] > 0, slow(10, 30), "it waits")
    finally:
        server.again()
    wait_until(lambda: total(url) == 61, slow(40, 60), "all, and none twice")
    d.program.wait_line("the database takes findings again")
    assert d.log().count("the database takes nothing") <= 3     # of each reason one line
    assert d.log().count("the database takes findings again") == 1
    assert d.counted("ledger_lost") == 0


def test_killed_with_a_spool(keeper, server, url, tmp_path):
    """What waits is brought by the next process, under the number it had."""
    d = keeper(url).start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the first")
    server.kill()
    try:
        hit(d, *[f"n{i}.c2.test" for i in range(20)])
        wait_until(lambda: d.counted("ledger_written") >= 21, slow(10, 30), "all is on the disk")
        d.program.kill()
        kept = list(d.spool.iterdir())
        assert len(kept) == 1 and kept[0].stat().st_mode & 0o777 == 0o600
        copy = tmp_path / "copy"
        shutil.copy(kept[0], copy)
        d.start()
    finally:
        server.again()
    wait_until(lambda: total(url) == 21, slow(40, 60), "all of it")
    wait_until(lambda: not kept[0].exists(), slow(10, 30), "the file is done with")
    # the same batches once more, as after an answer that was lost
    shutil.copy(copy, kept[0])
    wait_until(lambda: not kept[0].exists(), slow(30, 60), "taken again")
    assert total(url) == 21
    wait_until(lambda: d.counted("ledger_again") > 0, slow(10, 30), "and counted as sent again")


def test_a_file_that_is_broken(keeper, url, tmp_path):
    d = keeper(url)
    d.spool.mkdir(parents=True)
    (d.spool / ("0" * 32)).write_bytes(b"\1" * 100)
    (d.spool / "other").write_bytes(b"stays")
    d.start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "it goes on")
    assert "is broken, or cut off" in d.log()
    assert sorted(f.name for f in d.spool.iterdir())[-1] == "other"


def test_a_full_disk(keeper, server, url, tmp_path):
    """Names are answered; findings go from memory to the database, and wait there while it is away."""
    state = tmp_path / "small"
    prefix = with_small_disk(state, "64k")
    d = keeper(url, state=state)
    d.start(prefix=prefix)
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the first")
    wait_until(lambda: metrics(d)["sinkholed_ledger_spool_bytes"] == 0, slow(10, 30), "none waits")
    fill = f"/proc/{d.program.pid}/root{state}/fill"
    try:
        with open(fill, "wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
    except OSError:
        pass
    hit(d, *[f"n{i}.c2.test" for i in range(20)])
    wait_until(lambda: total(url) == 21, slow(20, 40), "they are there all the same")
    server.kill()
    try:
        hit(d, *[f"m{i}.c2.test" for i in range(20)])
        wait_until(lambda: "No space left" in d.log(), slow(10, 30), "it is told")
    finally:
        server.again()
    wait_until(lambda: total(url) == 41, slow(60, 90), "and those")
    assert d.counted("ledger_lost") == 0


def refused(d, url, server, spoil, mend, word):
    """The database refuses: told, kept, and written when it takes it again."""
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the first")
    Postgres.ask(spoil, url)
    Postgres.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND pid <> pg_backend_pid()", url)
    mark = d.program.mark()
    hit(d, "n1.c2.test", "n2.c2.test")
    d.program.wait_line(word, mark, slow(20, 40))
    hit(d, "n3.c2.test")
    wait_until(lambda: d.counted("ledger_failures") >= 3, slow(20, 40), "tried again")
    assert metrics(d)["sinkholed_ledger_connected"] == 0
    Postgres.ask(mend, url)
    wait_until(lambda: total(url) == 4, slow(40, 60), "all of it")
    log = d.log(mark)
    assert sum("the database takes nothing" in line for line in log.splitlines()) <= 2, log
    assert log.count("the database takes findings again") <= 2, log
    assert d.counted("ledger_failures") > 0 and d.counted("ledger_lost") == 0


@pytest.mark.parametrize("spoil, mend, word", (
    ("ALTER TABLE sinkholed.finding RENAME TO lost", "ALTER TABLE sinkholed.lost RENAME TO finding", "does not exist"),
    ("INSERT INTO sinkholed.version VALUES (99)", "DELETE FROM sinkholed.version WHERE version = 99", "later version"),
    ("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$;"
     " CREATE FUNCTION sinkholed.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'read-only'"
     " USING ERRCODE = '25006'; END $$; CREATE TRIGGER no BEFORE INSERT ON sinkholed.finding FOR EACH ROW"
     " EXECUTE FUNCTION sinkholed.no()",
     "SET default_transaction_read_only = off; DROP TRIGGER no ON sinkholed.finding", "read-only"),
    # somebody's own constraint: what is not taken now may be once it has gone
    ("ALTER TABLE sinkholed.finding ADD CONSTRAINT mine CHECK (count < 0) NOT VALID",
     "ALTER TABLE sinkholed.finding DROP CONSTRAINT mine", "violates check constraint"),
    ("CREATE FUNCTION sinkholed.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file'"
     " USING ERRCODE = '53100'; END $$; CREATE TRIGGER f BEFORE INSERT ON sinkholed.finding FOR EACH ROW"
     " EXECUTE FUNCTION sinkholed.full()", "DROP TRIGGER f ON sinkholed.finding", "could not extend file"),
    ("DROP TABLE sinkholed.finding_other; ALTER TABLE sinkholed.list RENAME COLUMN name TO other",
     "ALTER TABLE sinkholed.list RENAME COLUMN other TO name", "does not exist")))
def test_the_database_refuses(keeper, url, server, spoil, mend, word):
    refused(keeper(url).start(), url, server, spoil, mend, word)


SLOW = ("CREATE FUNCTION sinkholed.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END $$;"
        " CREATE TRIGGER slow BEFORE INSERT ON sinkholed.finding FOR EACH ROW EXECUTE FUNCTION sinkholed.slow()")


def test_killed_in_the_middle_of_a_load(keeper, server, url):
    """It is begun anew, all of it, and none of it counts twice."""
    d = keeper(url).start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the first")
    Postgres.ask(SLOW, url)
    hit(d, *[f"n{i}.c2.test" for i in range(20)], "c2.test")
    wait_until(lambda: Postgres.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sinkholed'"
                                    " AND wait_event = 'PgSleep'", url) == [["1"]], slow(10, 30), "it is in the middle")
    server.kill()
    server.again()
    Postgres.ask("DROP TRIGGER slow ON sinkholed.finding", url)
    wait_until(lambda: total(url) == 22, slow(40, 60), "all of it")
    assert d.counted("ledger_lost") == 0


def test_what_the_role_has_set(keeper, url, server):
    """Limits and levels of somebody else's are not ours."""
    d = keeper(url)
    urls = with_roles(server, url, d)
    for setting in ("statement_timeout = '200ms'", "lock_timeout = '1ms'", "idle_in_transaction_session_timeout = '1ms'",
                    "default_transaction_isolation = 'serializable'", "synchronous_commit = off", "search_path = nowhere",
                    "client_encoding = 'SQL_ASCII'", "default_transaction_read_only = on"):
        Postgres.ask(f"ALTER ROLE a_writer SET {setting}", url)
    Postgres.ask(SLOW, url)
    d.configure({"evidence": {"store": urls["writer"]}})
    d.start()
    try:
        hit(d, "c2.test", "n1.c2.test", "n2.c2.test")
        wait_until(lambda: total(url) == 3, slow(20, 40), "it is written all the same")
    finally:
        Postgres.ask("ALTER ROLE a_writer RESET ALL", url)


def test_a_server_that_does_not_answer(keeper, server, url):
    """It is there and says nothing: names are answered, and an end does not wait for it."""
    d = keeper(url).start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the first")
    server.freeze()
    try:
        hit(d, *[f"n{i}.c2.test" for i in range(20)])
        wait_until(lambda: d.counted("ledger_written") >= 21, slow(10, 30), "it waits on the disk")
        d.stop()
        assert list(d.spool.iterdir())
        d.start()
        hit(d, "n0.c2.test")
    finally:
        server.thaw()
    wait_until(lambda: total(url) == 22, slow(60, 90), "all of it")


def with_roles(server, url, d):
    """The schema by its owner, and somebody in each role."""
    printed = subprocess.run([d.binary, "--schema"], capture_output=True, text=True, timeout=20)
    assert printed.returncode == 0
    Postgres.ask(printed.stdout + printed.stdout, url)      # also where it is there already
    for role in ("writer", "reader", "editor"):
        Postgres.ask(f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'a_{role}') THEN"
                     f" CREATE ROLE a_{role} LOGIN; END IF; END $$; GRANT sinkholed_{role} TO a_{role}", url)
    return {role: url.replace("owner@", f"a_{role}@") for role in ("writer", "reader", "editor")}


def test_roles(keeper, url, server):
    """Each can do its work, and no more."""
    d = keeper(url)
    urls = with_roles(server, url, d)
    d.configure({"evidence": {"store": urls["writer"]}})
    d.start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the writer writes")
    assert "c2.test" in report(d, urls["reader"])
    done = subprocess.run([d.binary, "--erase", "127.0.0.1", "--store", urls["editor"], "--because", "asked"],
                          capture_output=True, text=True, timeout=20)
    assert done.stdout == "1 findings erased\n", done.stderr
    assert total(url) == 0
    for role, sql in (("writer", "DELETE FROM finding"), ("writer", "SELECT * FROM audit"), ("writer", "DELETE FROM hold"),
                      ("reader", "INSERT INTO list(name) VALUES ('x')"), ("reader", "SELECT make_day(current_date)"),
                      ("editor", "DELETE FROM audit"), ("editor", "INSERT INTO list(name) VALUES ('x')")):
        with pytest.raises(OSError, match="permission denied"):
            Postgres.ask(f"SET search_path TO sinkholed; {sql}", urls[role])
    assert Postgres.ask("SELECT act, subject, why FROM sinkholed.audit", url) == [["erase", "", "asked"]]


def test_permission_lost(keeper, url, server):
    d = keeper(url)
    urls = with_roles(server, url, d)
    d.configure({"evidence": {"store": urls["writer"]}})
    refused(d.start(), url, server, "REVOKE INSERT ON sinkholed.finding FROM sinkholed_writer",
            "GRANT INSERT ON sinkholed.finding TO sinkholed_writer", "permission denied")


def test_no_schema_and_no_right_to_make_it(keeper, url, server):
    d = keeper(url)
    with_roles(server, server.fresh(), d)
    d.configure({"evidence": {"store": url.replace("owner@", "a_writer@")}})
    d.start()
    d.program.wait_line("sinkholed --schema prints it", 0, slow(10, 30))
    hit(d, "c2.test")
    with_roles(server, url, d)
    wait_until(lambda: total(url) == 1, slow(40, 60), "written once it is there")


def test_a_day_has_a_table(keeper, url):
    d = keeper(url).start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "written")
    parts = Postgres.ask("SELECT tableoid::regclass FROM sinkholed.finding", url)
    assert parts == [["sinkholed.finding_" + Postgres.ask("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')", url)[0][0]]]


def test_ten_resolvers_report_as_one(keeper, daemon, url, tmp_path):
    """The same hits at one resolver with a file, and spread over ten with the database."""
    hits = [(f"n{i % 13}.c2.test", i % 2) for i in range(60)]
    alone = daemon({"state": {"directory": str(tmp_path / "alone")}}).add_list("bots", "c2.test\n", family="waledac").start()
    for name, tcp in hits:
        ask(alone.address, name, tcp=bool(tcp))
    ten = [keeper(url, f"r{i}").start() for i in range(10)]
    for i, (name, tcp) in enumerate(hits):
        ask(ten[i % 10].address, name, tcp=bool(tcp))
    for d in [alone, *ten]:
        d.stop()
    assert total(url) == 60
    assert Postgres.ask("SELECT count(*) FROM sinkholed.stream", url) == [["10"]]
    stored = str(tmp_path / "alone" / "ledger.db")
    columns = ("--format", "json")

    def told(store, *more):
        """Without what the clock says."""
        import json
        found = [json.loads(line) for line in report(alone, store, *columns, *more).splitlines()]
        return sorted((sorted((k, str(v)) for k, v in row.items() if k not in ("first_seen", "last_seen", "merged"))
                       for row in found))

    assert told(stored) == told(url) and len(told(url)) == 13
    assert told(stored, "--by", "client") == told(url, "--by", "client")
    assert told(stored, "--proven") == told(url, "--proven")


def test_an_address_is_the_same_however_it_is_written(keeper, url):
    """What the database takes for an IPv6 address is an IPv4 one: a hold on it has to hold, an erasure to erase."""
    d = keeper(url).start()
    hit(d, "c2.test")
    wait_until(lambda: total(url) == 1, slow(10, 30), "the database has it")
    written = "::FFFF:127.0.0.1"

    def act(what, *more):
        return subprocess.run([d.binary, what, written, "--store", url, "--because", "x", *more], capture_output=True,
                              text=True, timeout=60)
    assert len(report(d, url, "--format", "json", "--client", written).splitlines()) == 1
    assert act("--hold").stdout == "1 findings held\n"
    assert act("--erase").returncode == 1 and total(url) == 1
    released = subprocess.run([d.binary, "--release", "127.0.0.1/32", "--store", url, "--because", "x"],
                              capture_output=True, text=True, timeout=60)
    assert released.returncode == 0, released.stderr
    assert act("--erase").stdout == "1 findings erased\n"
    assert total(url) == 0
