# SPDX-License-Identifier: BSD-2-Clause
"""Reports: from the query to each format, checked by the rules of those who read it."""
import base64
import csv
import io
import ipaddress
import json
import os
import re
import sqlite3
import subprocess
import uuid
from pathlib import Path

import pytest

from harness.build import daemon_path, slow
from harness.client import ask
from harness.program import wait_until

SCHEMAS = Path(os.environ.get("SINKHOLED_SCHEMAS", "/usr/share/sinkholed-test/schemas"))
XARF_WHO = ("--contact", "abuse@isp.example", "--domain", "isp.example", "--org", "An ISP")
COURT, CASE = "=A Court", "1:10-cv-00156"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"


def run(*arguments):
    done = subprocess.run([str(daemon_path()), *map(str, arguments)], capture_output=True, text=True,
                          timeout=slow(20, 60), stdin=subprocess.DEVNULL)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def ledger(shared_daemon, tmp_path_factory):
    """What a daemon has written of three names and two ways; it has ended."""
    state = tmp_path_factory.mktemp("state")
    d = shared_daemon({"state": {"directory": str(state)}})
    d.add_list("bots", "c2.test\n", family="Waledac", reason="order",
               authority={"court": COURT, "case": CASE, "date": "2010-02-22", "contact": "abuse@isp.example",
                          "url": "https://court.example/order", "remedy": "https://isp.example/clean"})
    d.add_list("other", "other.test\n", action="nxdomain").start()
    ask(d.address, "c2.test")
    ask(d.address, "c2.test", "AAAA", tcp=True)
    ask(d.address, r"=1+\"\,\001x.c2.test")
    ask(d.address, "other.test", "HTTPS")
    store = state / "ledger.db"
    wait_until(lambda: d.counted("ledger_written") >= 3, slow(5, 20), "all are written")
    d.stop()
    return store


@pytest.fixture(params=["", "hosts", "lease"])
def names(request, tmp_path):
    """What the command is given to know what clients are called, and what that is."""
    if request.param == "hosts":
        (tmp_path / "names").write_text("127.0.0.1 nas_1.test\n")
    else:
        (tmp_path / "names").write_text("0 00:11:22:33:44:55 127.0.0.1 lap-top.test *\n")
    arguments = ("--names", str(tmp_path / "names")) if request.param else ()
    return arguments, {"": None, "hosts": "nas_1.test", "lease": "lap-top.test"}[request.param]


def report(ledger, form, *more):
    done = run("--report", "--store", ledger, "--format", form, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_table(ledger):
    rows = report(ledger, "table").splitlines()
    assert rows[0].split()[0] == "CLIENT" and len(rows) == 4
    assert any(r.split()[0] == "127.0.0.1" and r.endswith("bots             c2.test") for r in rows)


def test_csv(ledger):
    text = report(ledger, "csv")
    assert "\r" not in text and text.isprintable() is False and "\0" not in text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 3
    by_name = {r["name"]: r for r in rows}
    c2 = by_name["c2.test"]
    assert (c2["client"], c2["list"], c2["listed"], c2["count"], c2["proven"]) == (
        "127.0.0.1", "bots", "c2.test", "2", "1")
    assert (c2["types"], c2["transports"], c2["case_number"], c2["remedy"]) == (
        "A AAAA", "udp tcp", CASE, "https://isp.example/clean")
    assert c2["court"] == "'" + COURT       # no formula
    for row in rows:
        for value in row.values():
            assert not value.startswith(("=", "+", "-", "@", "\t")), value
            assert all(" " <= c for c in value)


def test_json_and_filters(ledger):
    assert len(lines(report(ledger, "json"))) == 3
    for arguments, count in ((("--list", "other"), 1), (("--family", "Waledac"), 2), (("--proven",), 1),
                             (("--name", "c2.test"), 2), (("--name", "2.test"), 0),
                             (("--client", "127.0.0.0/8"), 3), (("--client", "192.0.2.1"), 0),
                             (("--since", "1h"), 3), (("--until", "2020-01-01"), 0)):
        assert len(lines(report(ledger, "json", *arguments))) == count, arguments
    client, = lines(report(ledger, "json", "--by", "client"))
    assert (client["client"], client["names"], client["count"], client["proven"]) == ("127.0.0.1", 3, 4, 1)


def test_what_clients_are_called(ledger, tmp_path):
    (tmp_path / "hosts").write_text("127.0.0.1 nas.test nas\n")
    (tmp_path / "leases").write_text("0 00:11:22:33:44:55 127.0.0.1 laptop *\n")
    names = ("--names", f"{tmp_path}/hosts,{tmp_path}/leases")
    for row in lines(report(ledger, "json", *names)) + lines(report(ledger, "json", "--by", "client", *names)):
        assert (row["hostname"], row["hostname_from"], row["mac"]) == ("nas.test", "hosts", "00:11:22:33:44:55")
    names = ("--names", tmp_path / "leases")
    for row in lines(report(ledger, "json", *names)):
        assert (row["hostname"], row["hostname_from"], row["mac"]) == ("laptop", "lease", "00:11:22:33:44:55")
    for row in csv.DictReader(io.StringIO(report(ledger, "shadowserver", *names))):
        assert row["src_hostname"] == "laptop"
    assert {row["hostname"] for row in lines(report(ledger, "json"))} == {""}
    done = run("--report", "--store", ledger, "--names", tmp_path / "none")
    assert done.returncode == 1 and "none" in done.stderr


def test_shadowserver(ledger):
    rows = list(csv.DictReader(io.StringIO(report(ledger, "shadowserver"))))
    assert len(rows) == 3
    wanted = ("timestamp severity protocol src_ip src_port src_asn src_geo src_region src_city src_hostname"
              " src_naics src_sector infection family tag application version event_id query_type query count")
    assert list(rows[0])[:21] == wanted.split()
    for row in rows:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["timestamp"])
        assert row["protocol"] in ("udp", "tcp") and row["count"].isdigit()
        ipaddress.ip_address(row["src_ip"])


def test_intelmq(ledger, names):
    arguments, host = names
    events = lines(report(ledger, "intelmq", *arguments))
    assert len(events) == 3
    for event in events:
        assert event["classification.taxonomy"] == "malicious-code"
        assert event["classification.type"] == "infected-system"
        ipaddress.ip_address(event["source.ip"])
        assert event.get("source.local_hostname") == host and "source.reverse_dns" not in event
        assert re.fullmatch(STAMP, event["time.source"])
        assert all(re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)+", key) for key in event)
        fqdn = event.get("destination.fqdn")
        assert fqdn is None or (fqdn == fqdn.lower() and "\\" not in fqdn and ".." not in fqdn)
    assert sum("destination.fqdn" in e for e in events) == 2
    assert any(e["extra.case_number"] == CASE for e in events if e["extra.list"] == "bots")


def test_misp(ledger, names):
    arguments, host = names
    for sighting in lines(report(ledger, "misp", *arguments)):
        assert sighting["type"] == "0" and sighting["value"] and isinstance(sighting["timestamp"], int)
        assert (f"127.0.0.1 ({host});" if host else "127.0.0.1;") in sighting["source"]


def test_cef(ledger, names):
    arguments, host = names
    events = report(ledger, "cef", *arguments).splitlines()
    assert len(events) == 3
    for event in events:
        head = re.split(r"(?<!\\)\|", event, maxsplit=7)
        assert head[0] == "CEF:0" and len(head) == 8 and 0 <= int(head[6]) <= 10
        pairs = dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", head[7]))
        assert pairs["src"] == "127.0.0.1" and pairs["app"] == "DNS" and pairs["cnt"].isdigit()
        assert pairs.get("shost") == host
        assert not any("=" in value for value in pairs.values())


def test_ocsf(ledger, names):
    arguments, host = names
    for event in lines(report(ledger, "ocsf", *arguments)):
        assert (event["class_uid"], event["category_uid"]) == (4003, 4)
        assert event["type_uid"] == 4003 * 100 + event["activity_id"] and 0 <= event["severity_id"] <= 6
        assert event["metadata"]["version"] and event["metadata"]["product"]["name"]
        assert event["time"] > 10**12 and event["start_time"] <= event["end_time"]
        assert event["query"]["hostname"] and event["src_endpoint"]["ip"] == "127.0.0.1"
        assert event["src_endpoint"].get("hostname") == (host if host == "lap-top.test" else None)
        assert "security_control" in event["metadata"]["profiles"]
        assert (event["action_id"], event["disposition_id"]) in ((2, 2), (4, 11))


def flat(value, path=""):
    if isinstance(value, dict) and path != "labels":
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def test_ecs(ledger, names):
    arguments, host = names
    events = lines(report(ledger, "ecs", *arguments))
    fields = SCHEMAS / "ecs" / "fields.tsv"
    known = {}
    if fields.exists():
        known = {r["field"]: r for r in csv.DictReader(fields.open(), delimiter="\t")}
    for event in events:
        assert re.fullmatch(STAMP, event["@timestamp"]) and event["ecs"]["version"]
        assert event["event"]["kind"] == "alert" and "network" in event["event"]["category"]
        assert set(event["event"]["type"]) <= {"access", "allowed", "connection", "denied", "end", "info",
                                               "protocol", "start"}
        assert all(isinstance(v, str) for v in event["labels"].values())
        assert event["client"] == event["source"] and event["client"].get("domain") == host
        for path, value in flat(event):
            field = known.get(path)
            assert not known or field, path
            if field and field["allowed values"]:
                values = value if isinstance(value, list) else [value]
                assert set(values) <= set(field["allowed values"].split(",")), path
            if field:
                assert isinstance(value, list) == (field["normalize"] == "array"), path


def schemas_of(folder):
    """All schemas below it, by their names, or none where they are not."""
    found = {}
    for path in (SCHEMAS / folder).rglob("*.json"):
        schema = json.loads(path.read_text())
        found[schema.get("$id", str(path))] = schema
    return found


def validator(folder, schema_id):
    """What checks by a schema of this ID; None where it is not at hand."""
    found = schemas_of(folder)
    schema = next((s for i, s in found.items() if i.endswith(schema_id)), None)
    if not schema:
        return None
    jsonschema = pytest.importorskip("jsonschema")
    resolver = jsonschema.RefResolver(schema["$id"], schema, store=found)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def test_stix(ledger, names):
    arguments, host = names
    bundle = json.loads(report(ledger, "stix", *arguments))
    assert bundle["type"] == "bundle"
    ids = [o["id"] for o in bundle["objects"]]
    assert len(ids) == len(set(ids))
    for o in bundle["objects"]:
        kind, _, number = o["id"].partition("--")
        assert kind == o["type"] and uuid.UUID(number).version in (4, 5) and o["spec_version"] == "2.1"
        refs = [v for k, v in o.items() if k.endswith("_ref")]
        refs += [r for k, v in o.items() if k.endswith("_refs") for r in v]
        assert set(refs) <= set(ids)
        for key in ("created", "modified", "first_seen", "last_seen", "first_observed", "last_observed"):
            assert key not in o or re.fullmatch(STAMP, o[key])
        for key in ("count", "number_observed"):
            assert key not in o or 1 <= o[key] <= 999_999_999
    kinds = [o["type"] for o in bundle["objects"]]
    assert kinds.count("sighting") == kinds.count("observed-data") == 3
    assert kinds.count("indicator") == 2 and kinds.count("ipv4-addr") == 1
    led = [(o["value"], o["resolves_to_refs"]) for o in bundle["objects"] if "resolves_to_refs" in o]
    address, = (o["id"] for o in bundle["objects"] if o["type"] == "ipv4-addr")
    assert led == ([(host, [address])] if host == "nas_1.test" else [])     # a client's own word is not handed on
    indicator = next(o for o in bundle["objects"] if o["type"] == "indicator" and o["name"] == "c2.test")
    assert indicator["pattern"] == "[domain-name:value = 'c2.test']"
    assert {"source_name": "remedy", "url": "https://isp.example/clean"} in indicator["external_references"]
    folders = {"sighting": "sros", "indicator": "sdos", "observed-data": "sdos", "identity": "sdos",
               "ipv4-addr": "observables", "domain-name": "observables"}
    for o in bundle["objects"]:
        check = validator("stix-2.1", f"/{folders[o['type']]}/{o['type']}.json")
        if check:
            check.validate(o)
    # the same findings have the same IDs the next time
    again = [o["id"] for o in json.loads(report(ledger, "stix", *arguments))["objects"]]
    assert again == ids


def test_xarf(ledger, names):
    arguments, host = names
    r, = lines(report(ledger, "xarf", *XARF_WHO, *arguments))
    assert (r["xarf_version"], r["category"], r["type"]) == ("4.2.0", "infrastructure", "botnet")
    uuid.UUID(r["report_id"])
    assert re.fullmatch(STAMP, r["timestamp"]) and r["source_identifier"] == "127.0.0.1"
    assert r["reporter"] == r["sender"] == {"org": "An ISP", "contact": "abuse@isp.example",
                                            "domain": "isp.example"}
    assert r["compromise_evidence"] and 0 <= r["confidence"] <= 1 and "source_port" not in r
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+-]*", tag) for tag in r["tags"])
    evidence, = r["evidence"]
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(evidence["payload"], validate=True).decode())))
    assert len(rows) == 3 and evidence["size"] > 0
    assert {row["hostname"] for row in rows} == {host or ""}
    check = validator("xarf-4", "infrastructure-botnet.json")
    if check:
        check.validate(r)
    assert run("--report", "--store", ledger, "--format", "xarf").returncode == 1


def test_mistakes_are_told(ledger, tmp_path):
    for arguments, word in ((("--report",), "--store is missing"),
                            (("--report", "--store", tmp_path / "none"), "none: "),
                            (("--report", "--store", ledger, "--format", "pdf"), "no format pdf"),
                            (("--report", "--store", ledger, "--since", "soon"), "soon: expected a time"),
                            (("--report", "--store", ledger, "--client", "me"), "me: expected an address"),
                            (("--erase", "127.0.0.1", "--store", ledger), "--because is missing"),
                            (("--report", "--nonsense"), "nonsense")):
        done = run(*arguments)
        assert done.returncode == 1 and word in done.stderr and not done.stdout, arguments


def test_while_the_daemon_writes(daemon, tmp_path):
    """Reports, erasure, hold and release beside it; the audit has all that was done."""
    state = tmp_path / "state"
    d = daemon({"state": {"directory": str(state)}}).add_list("bots", "c2.test\n").start()
    store = state / "ledger.db"
    ask(d.address, "c2.test")
    wait_until(lambda: d.counted("ledger_written") == 1, slow(5, 20), "written")
    because = ("--store", store, "--because", "a test")
    assert run("--hold", "127.0.0.1", *because).stdout == "1 findings held\n"
    refused = run("--erase", "127.0.0.0/8", *because)
    assert refused.returncode == 1 and "there is a hold" in refused.stderr
    assert run("--release", "127.0.0.1", *because).returncode == 0
    assert run("--erase", "127.0.0.0/8", *because).stdout == "1 findings erased\n"
    assert report(store, "json") == ""
    ask(d.address, "c2.test")
    wait_until(lambda: report(store, "json"), slow(5, 20), "it goes on")
    d.stop()
    db = sqlite3.connect(store)
    assert [r[0] for r in db.execute("SELECT act FROM audit ORDER BY id")] == ["hold", "release", "erase"]
    assert db.execute("SELECT subject, why FROM audit WHERE act = 'erase'").fetchone() == ("", "a test")
    db.close()
