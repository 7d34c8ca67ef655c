# SPDX-License-Identifier: BSD-2-Clause
"""Lists that are tables: CSV and JSON, by columns, with dates, scores and addresses."""
import datetime
import gzip
import json

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask
from harness.control import ask_socket, ctl
from harness.program import wait_until
from harness.upstream import ELSEWHERE

UTC = datetime.timezone.utc
SINK = "192.0.2.1"


def at(seconds):
    when = datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds)
    return when.isoformat(timespec="seconds")


@pytest.fixture
def forwarding(daemon, upstream):
    return daemon({"upstreams": [upstream(lambda q: q.address(ELSEWHERE)).address]})


def blocks(d, name):
    found = addresses(ask(d.address, name))
    assert found in ([SINK], [ELSEWHERE]), found
    return found == [SINK]


def cert_pl_rows(rows):
    return [{"RegisterPositionId": i, "DomainAddress": name, "InsertDate": at(-86400), "DeleteDate": delete}
            for i, (name, delete) in enumerate(rows, 1)]


def cert_pl_csv(rows):
    return "PozycjaRejestru\tAdresDomeny\tDataWpisu\tDataWykreslenia\n" + "".join(
        f"{row['RegisterPositionId']}\t{row['DomainAddress']}\t{row['InsertDate']}\t{row['DeleteDate'] or ''}\n"
        for row in cert_pl_rows(rows))


def cert_pl(format_, rows):
    return cert_pl_csv(rows) if format_ == "csv" else json.dumps(cert_pl_rows(rows))


@pytest.mark.parametrize("format_", ["csv", "json"])
@pytest.mark.parametrize("packed", [False, True])
def test_cert_pl(forwarding, format_, packed):
    d = forwarding
    d.add_list("hole", format=format_, columns={"preset": "cert-pl"})
    text = cert_pl(format_, [("bad.test", None), ("gone.test", at(-60)), ("later.test", at(3600))])
    d.list_path("hole").write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    d.start()
    assert blocks(d, "bad.test") and blocks(d, "www.bad.test") and blocks(d, "later.test")
    assert not blocks(d, "gone.test")
    d.program.wait_line(r"1 of 3 lines not taken: 1 over, by its delete date")


def test_entry_lapses_when_its_date_comes(forwarding):
    """Without a signal; both what ends and what begins."""
    d = forwarding
    d.add_list("hole", "name,from,to\nends.test,,%s\nbegins.test,%s,\n" % (at(5), at(5)), format="csv",
               columns={"name": "name", "insert": "from", "delete": "to"}).start()
    assert blocks(d, "ends.test") and not blocks(d, "begins.test")
    d.program.wait_line(r"the date of an entry has come: reloading", timeout=20)
    wait_until(lambda: not blocks(d, "ends.test") and blocks(d, "begins.test"), 20, "the dates act")


THREATFOX_CSV = """\
################################################################
# ThreatFox IOCs: recent additions - CSV format                #
################################################################
#
# "first_seen_utc","ioc_id","ioc_value","ioc_type","threat_type","confidence_level","tags"
"2026-09-01 10:00:00", "1", "sure.test", "domain", "botnet_cc", "100", "a,b"
"2026-09-01 10:00:00", "2", "unsure.test", "domain", "botnet_cc", "50", "None"
"2026-09-01 10:00:00", "3", "hardly.test", "domain", "botnet_cc", "10", "None"
"2026-09-01 10:00:00", "4", "https://host.test:8443/gate.php", "url", "botnet_cc", "75", "None"
"2026-09-01 10:00:00", "5", "203.0.113.10:443", "ip:port", "botnet_cc", "75", "None"
"2026-09-01 10:00:00", "6", "d41d8cd98f00b204e9800998ecf8427e", "md5_hash", "payload", "75", "None"
# Number of entries: 6
"""


def threatfox_json():
    rows = [line.strip('"').split('", "') for line in THREATFOX_CSV.splitlines() if line[0] == '"']
    return json.dumps({row[1]: [{"ioc_value": row[2], "ioc_type": row[3], "confidence_level": int(row[5])}]
                       for row in rows})


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_threatfox_with_two_thresholds(forwarding, format_):
    d = forwarding
    text = THREATFOX_CSV if format_ == "csv" else threatfox_json()
    d.add_list("fox", text, format=format_, columns={"preset": "threatfox", "least-score": 75})
    d.add_list("fox-log", text, format=format_, action="log",
               columns={"preset": "threatfox", "least-score": 50, "below-score": 75})
    d.start()
    d.program.wait_line(r"4 of 6 lines not taken: ")
    log = d.program.text()
    assert "1 an address, not a name" in log and "1 the hash of a file" in log
    assert "2 a score that the list does not take" in log
    assert blocks(d, "sure.test") and blocks(d, "host.test")
    assert not blocks(d, "unsure.test") and not blocks(d, "hardly.test")
    done = run_daemon("-c", d.config_path, "--explain", "unsure.test", cwd=d.folder)
    assert "fox-log" in done.stdout + done.stderr


HOSTILE = '=cmd|" /C calc"!A0'
NOTED_CSV = """\
name,malware,case,to
fox.test,Fox Loader,T-1,
sink.test,Fox Loader,T-2,192.0.2.77
plain.test,,,
hostile.test,"=cmd|"" /C calc""!A0",\x1b]0;owned\x07@SUM(A1),
"""
NOTED = {"name": "name", "family": "malware", "ticket": "case", "sinkhole": "to"}
FORMATS = ["table", "csv", "json", "shadowserver", "intelmq", "stix", "misp", "cef", "ocsf", "ecs", "xarf"]


@pytest.fixture
def noted(forwarding, tmp_path):
    """A list whose rows have families and tickets; another with the same one in a log, where the list has one."""
    d = forwarding
    d.configure({"state": {"directory": str(tmp_path / "state")}})
    d.ledger = tmp_path / "state" / "ledger.db"
    d.add_list("rows", NOTED_CSV, format="csv", columns=NOTED, family="of the list")
    d.add_list("watch", "name,malware\nwatched.test,Lurker\n", format="csv", action="log",
               columns={"name": "name", "family": "malware"})
    d.start()
    return d


def reported(d, *more, form="json"):
    done = run_daemon("--report", "--store", d.ledger, "--format", form,
                      "--contact", "a@isp.test", "--domain", "isp.test", *more, cwd=d.folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def found(d, *more):
    return {row["name"]: (row["list"], row["family"], row["ticket"])
            for row in map(json.loads, reported(d, *more).splitlines())}


def test_family_and_ticket_of_a_row_are_reported(noted):
    """Where a row has none, that of the list; of a rule that gives an address, and of one that logs, too."""
    d = noted
    for name in ("fox.test", "www.fox.test", "sink.test", "plain.test", "hostile.test", "watched.test"):
        ask(d.address, name)
    wait_until(lambda: d.counted("ledger_written") >= 6, 20, "all are written")
    ticket = "?]0;owned?@SUM(A1)"
    assert found(d) == {
        "fox.test": ("rows", "Fox Loader", "T-1"), "www.fox.test": ("rows", "Fox Loader", "T-1"),
        "sink.test": ("rows", "Fox Loader", "T-2"), "plain.test": ("rows", "of the list", ""),
        "hostile.test": ("rows", HOSTILE, ticket), "watched.test": ("watch", "Lurker", "")}
    assert set(found(d, "--family", "Fox Loader")) == {"fox.test", "www.fox.test", "sink.test"}
    assert set(found(d, "--family", "of the list")) == {"plain.test"}
    assert set(found(d, "--family", "Lurker")) == {"watched.test"}
    for form in FORMATS:
        text = reported(d, form=form)
        assert not any(ord(c) < 32 and c != "\n" or ord(c) == 127 for c in text), form
        assert form in ("table", "misp", "xarf") or "Fox Loader" in text, form
    assert '"\'=cmd|"" /C calc""!A0"' in reported(d, form="csv")
    assert any(e.get("threat") == {"software": {"name": "Lurker"}}
               for e in map(json.loads, reported(d, form="ecs").splitlines()))
    assert any(e.get("malware.name") == "Fox Loader" and e.get("extra.ticket") == "T-2"
               for e in map(json.loads, reported(d, form="intelmq").splitlines()))


def test_family_and_ticket_of_a_row_are_explained(noted):
    d = noted
    done = run_daemon("-c", d.config_path, "--explain", "www.fox.test", cwd=d.folder)
    assert ", line 2 of " in done.stdout and ", family Fox Loader, ticket T-1: this decides" in done.stdout
    done = run_daemon("-c", d.config_path, "--explain", "plain.test", cwd=d.folder)
    assert ", family of the list: this decides" in done.stdout and ", ticket " not in done.stdout
    assert addresses(ask(d.address, "sink.test")) == ["192.0.2.77"]


def test_another_family_is_no_difference(noted):
    """What a dry run tells, and what is held against a mandatory list, is what is answered."""
    d = noted
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}})
    d.config["lists"][0].update(mandatory=True)
    d.write_config()
    d.restart()
    wait_until(d.socket.exists, 20, "the socket is there")
    d.list_path("rows").write_text(NOTED_CSV.replace("T-1", "T-100").replace("Fox", "Wolf"))
    done = ctl(d.socket, "reload", "--dry-run")
    assert done.stdout == "0 names would be blocked that are not\n0 names would not be blocked any more\n"
    d.reload_well()
    told = json.loads(ask_socket(d.socket, "GET", "/v1/explain?name=fox.test")[2])
    assert [(r["family"], r["ticket"]) for r in told["rules"]] == [("Wolf Loader", "T-100")]
    shown = ctl(d.socket, "explain", "fox.test").stdout
    assert "Wolf Loader" in shown and "T-100" in shown


def test_a_row_that_changes_tells_what_it_says_now(noted):
    """Also of a file that is gone meanwhile, whose rows stay in force, and over a start."""
    d = noted

    def ticket(name, wanted):
        ask(d.address, name)
        return found(d).get(name, ("", "", ""))[2] == wanted

    wait_until(lambda: ticket("fox.test", "T-1"), 20, "the first ticket is written")
    d.list_path("rows").write_text(NOTED_CSV.replace("T-1", "T-100"))
    d.reload()
    wait_until(lambda: ticket("fox.test", "T-100"), 20, "the second one is")
    d.list_path("rows").unlink()
    d.reload()
    wait_until(lambda: ticket("www.fox.test", "T-100"), 20, "what is carried over has it")
    d.stop()
    d.start()
    wait_until(lambda: ticket("deep.fox.test", "T-100"), 20, "what is kept has it")


def test_rows_that_answer_an_address(forwarding):
    d = forwarding
    d.add_list("own", "name;to\nhere.test;192.0.2.77\nthere.test;\n", format="csv",
               columns={"name": "name", "sinkhole": "to"}).start()
    assert addresses(ask(d.address, "here.test")) == ["192.0.2.77"]
    assert blocks(d, "there.test")


def test_addresses_of_a_table(forwarding):
    d = forwarding
    d.add_list("own", f"host,ip\nname.test,192.0.2.1\n,{ELSEWHERE}/32\n", format="csv", addresses=True,
               columns={"name": "host", "address": "ip"}).start()
    assert addresses(ask(d.address, "any.test")) == [SINK]   # its answer has the listed address


@pytest.mark.parametrize("format_, text, why", [
    ("csv", "Forbidden", 'has no column "name"'),
    ("csv", "<html>Forbidden</html>", "is an HTML or XML page"),
    ("csv", "name,x\nbad.test,1\n\"cut", "is cut off"),
    ("csv", "host\nbad.test\n", 'line 1: has no column "name"; those that are there: host'),
    ("json", "Forbidden", "is no JSON"),
    ("json", '[{"name": "other.test"}, {"name": "b', "is no JSON"),
    ("json", '[{"name": "other.test"},', "is no JSON"),
    ("json", "[]", ""),
    ("csv", "", ""),
])
def test_what_is_refused_changes_nothing(forwarding, format_, text, why):
    d = forwarding
    good = {"csv": "name\nbad.test\n", "json": '[{"name": "bad.test"}]'}[format_]
    d.add_list("own", good, format=format_, columns={"name": "name"}).start()
    assert blocks(d, "bad.test")
    d.write_list("own", text)
    log = d.reload()
    assert "list own: REFUSED: " in log and why in log
    assert blocks(d, "bad.test") and not blocks(d, "other.test")


def test_a_broken_element_costs_itself(forwarding):
    d = forwarding
    good = "".join(f'{{"name": "n{i}.test"}},\n' for i in range(40))
    d.add_list("own", f'[{good}{{"name": "bad.test", "x": 0x1}},\n{{"name": "other.test"}}]', format="json",
               columns={"name": "name"}, **{"max-bad": 10}).start()
    assert blocks(d, "n7.test") and blocks(d, "other.test") and not blocks(d, "bad.test")
    assert ':41: skipped: no JSON: "is no JSON: ' in d.log()


def test_check_names_rows(forwarding):
    d = forwarding
    d.add_list("own", 'name,x\n"good.test","a\nb"\n"b d.test",1\n192.0.2.1,1\n', format="csv",
               columns={"name": "name"}).write_config()
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "own.txt:4: skipped: a character that a host name cannot have" in told.replace(".list", ".txt"), told
    assert ":5: skipped: an address, not a name" in told, told


@pytest.mark.parametrize("options, why", [
    ({"format": "csv"}, "columns: expected a preset, a name or an address"),
    ({"columns": {"name": "x"}}, "columns: expected format csv or json"),
    ({"format": "csv", "columns": {"name": "x", "separator": "ab"}}, "separator: expected one of"),
    ({"format": "json", "columns": {"name": "x", "least-score": 9, "below-score": 9}},
     "below-score: expected more than least-score, 9, got 9"),
    ({"format": "csv", "columns": {"nam": "x"}}, "nam"),
])
def test_options(forwarding, options, why):
    d = forwarding
    d.add_list("own", "x\nbad.test\n", **options).write_config()
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    assert done.returncode == 1 and why in done.stderr, done.stderr


@pytest.mark.parametrize("lapse, lifted", [("keep", False), ("lift", True)])
def test_mandatory_entry_that_is_over(forwarding, lapse, lifted):
    """Its date lifts it only where the order may lapse, over reloads and restarts; its removal never."""
    d = forwarding
    d.config["state"] = {"directory": "state"}
    (d.cwd / "state").mkdir(exist_ok=True)
    d.add_list("order", cert_pl_csv([("a.test", None), ("b.test", None)]), format="csv", mandatory=True,
               lapse=lapse, columns={"preset": "cert-pl"}).start()
    assert blocks(d, "a.test") and blocks(d, "b.test")
    d.write_list("order", cert_pl_csv([("a.test", at(-1)), ("b.test", None)]))
    d.reload_well()
    assert blocks(d, "a.test") != lifted and blocks(d, "b.test")
    d.stop()
    d.start()
    assert blocks(d, "a.test") != lifted and blocks(d, "b.test")
    d.write_list("order", cert_pl_csv([("a.test", at(-1))] + ([("c.test", None)] if lifted else [])))
    log = d.reload()
    assert "list order: REFUSED: it is mandatory" in log and "b.test" in log
    assert blocks(d, "b.test") and not blocks(d, "c.test")


def test_columns_that_change_keep_what_a_mandatory_list_held(forwarding):
    """A configuration that names a wrong column is refused, and a restart still knows the rows."""
    d = forwarding
    d.config["state"] = {"directory": "state"}
    (d.cwd / "state").mkdir(exist_ok=True)
    d.add_list("order", "name\nbad.test\n", format="csv", mandatory=True, columns={"name": "name"}).start()
    d.config["lists"][0]["columns"] = {"name": "domain"}
    d.write_config()
    assert 'has no column "domain"' in d.reload()
    assert blocks(d, "bad.test")
    d.config["lists"][0]["columns"] = {"name": "name"}
    d.write_config()
    d.write_list("order", "name\nother.test\n")
    d.stop()
    d.start()
    assert blocks(d, "bad.test")


def test_another_column_of_dates_lifts_nothing(forwarding):
    """A mandatory list's names end by the column of dates that they were read with: by another one, over reloads
    and restarts, only what is accepted."""
    d = forwarding
    d.config["state"] = {"directory": "state"}
    (d.cwd / "state").mkdir(exist_ok=True)
    rows = [("a.test", at(-86400), ""), ("b.test", at(-86400), ""), ("c.test", at(-86400), ""), ("d.test", "", "")]
    text = "name,begun,ended\n" + "".join(",".join(row) + "\n" for row in rows)
    d.add_list("order", text, format="csv", mandatory=True, lapse="lift",
               columns={"name": "name", "delete": "ended"}).start()
    d.config["lists"][0]["columns"]["delete"] = "begun"
    d.write_config()
    for again in range(2):
        log = d.reload()
        assert "list order: REFUSED: it is mandatory, and 3 of the names" in log, again
        assert all(blocks(d, row[0]) for row in rows)
    d.stop()
    d.start()
    assert all(blocks(d, row[0]) for row in rows)
    d.stop()
    done = run_daemon("-c", d.config_path, "--accept", "order", cwd=d.folder)
    assert done.returncode == 0, done.stderr
    d.start()
    assert [blocks(d, row[0]) for row in rows] == [False, False, False, True]
