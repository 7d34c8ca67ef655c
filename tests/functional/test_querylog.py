# SPDX-License-Identifier: BSD-2-Clause
"""The query log, and what is seen live."""
import json
import subprocess

import pytest

from harness.build import daemon_path
from harness.client import ask
from harness.control import ask_socket, ctl, samples
from harness.program import wait_until
from harness.upstream import ScriptedUpstream

HOSTILE = [r"<script>alert(1)</script>.bad.example", r"\010\034\092\027[2J.bad.example",
           r"=cmd\124' /C calc'!A0.bad.example", "x" * 63 + "." + "y" * 63 + ".bad.example"]


@pytest.fixture
def served(daemon, resolver):
    d = daemon({"server": {"workers": 1}, "upstreams": [resolver.address]})
    d.add_list("court", "bad.example\n")
    d.socket, d.querylog = d.folder / "control.sock", d.folder / "q.log"
    d.configure({"state": {"directory": str(d.folder / "state")},
                 "control": {"socket": str(d.socket)}})
    return d


def with_file(d, **more):
    d.configure({"query-log": {"file": str(d.querylog), **more}})
    return d.start()


def lines(d):
    """Those that are there; each has to be whole."""
    if not d.querylog.exists():
        return []
    text = d.querylog.read_text()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def wait_lines(d, count):
    wait_until(lambda: len(lines(d)) >= count, 20, f"{count} lines are written")
    return lines(d)


def flat(value, prefix=""):
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner


def test_lines(served):
    with_file(served)
    ask(served.address, "www.bad.example", "AAAA")
    ask(served.address, "good.example")
    ask(served.address, "good.example", tcp=True)
    found = [dict(flat(line)) for line in wait_lines(served, 3)]
    assert [(f["dns.question.name"], f["dns.question.type"], f["event.action"],
             f["network.transport"], f["dns.response_code"]) for f in found] == [
        ("www.bad.example", "AAAA", "blocked", "udp", "NOERROR"),
        ("good.example", "A", "forwarded", "udp", "NOERROR"),
        ("good.example", "A", "answered", "tcp", "NOERROR")]
    assert found[0]["rule.ruleset"] == "court" and "rule.ruleset" not in found[1]
    assert found[0]["event.type"] == ["protocol", "denied"]
    assert {f["client.ip"] for f in found} == {"127.0.0.1"}
    assert all(f["event.category"] == ["network"] and f["event.kind"] == "event" for f in found)
    stamps = [f["@timestamp"] for f in found]
    assert stamps == sorted(stamps) and all(s.endswith("Z") for s in stamps)
    assert samples(ctl(served.socket, "metrics").stdout)["sinkholed_querylog_lines_total"] == 3


def test_a_blocked_answer_is_told_whether_cached_or_not(daemon):
    server = ScriptedUpstream(lambda q: q.reply(f"{q.name} 100 IN CNAME www.bad.example.",
                                                "www.bad.example. 100 IN A 192.0.2.9"))
    d = daemon({"server": {"workers": 1}, "upstreams": [server.address]})
    d.querylog = d.folder / "q.log"
    d.add_list("court", "bad.example\n")
    with_file(d, **{"blocked-only": True})
    for _ in range(3):
        ask(d.address, "cloak.example")
    found = [dict(flat(line)) for line in wait_lines(d, 3)]
    assert [(f["event.action"], f["rule.ruleset"]) for f in found] == [("blocked", "court")] * 3
    server.close()


def test_what_rebinding_ends_is_told_as_blocked(daemon):
    server = ScriptedUpstream(lambda q: q.reply(f"{q.name} 100 IN A 10.1.2.3"))
    d = daemon({"server": {"workers": 1}, "upstreams": [server.address], "rebinding": {"enabled": True}})
    d.querylog = d.folder / "q.log"
    d.add_list("court", "bad.example\n")
    with_file(d, **{"blocked-only": True})
    for _ in range(2):
        ask(d.address, "router.example")
    found = [dict(flat(line)) for line in wait_lines(d, 2)]
    assert [f["rule.ruleset"] for f in found] == ["rebinding"] * 2
    server.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(served, name):
    with_file(served)
    ask(served.address, name)
    text = json.dumps(wait_lines(served, 1))
    assert "\\u00" not in text
    assert all(" " <= c <= "~" for c in served.querylog.read_text().replace("\n", ""))


def test_off_by_default(served):
    served.start()
    ask(served.address, "bad.example")
    assert samples(ctl(served.socket, "metrics").stdout)["sinkholed_querylog_lines_total"] == 0
    assert not list(served.folder.glob("q.log*"))


def test_blocked_only_and_clients_hidden(served):
    served.configure({"evidence": {"clients": "prefix"}})
    with_file(served, **{"blocked-only": True})
    ask(served.address, "good.example")
    ask(served.address, "bad.example")
    found = [dict(flat(line)) for line in wait_lines(served, 1)]
    assert [(f["dns.question.name"], f["client.ip"]) for f in found] == [
        ("bad.example", "127.0.0.0/24")]


def test_a_reload_turns_it_on_and_off(served):
    served.start()
    served.configure({"query-log": {"file": str(served.querylog)}})
    assert ctl(served.socket, "reload").returncode == 0

    def one_more():
        ask(served.address, "bad.example")
        return lines(served)
    wait_until(one_more, 20, "lines are written")
    served.configure({"query-log": {"file": ""}})
    assert ctl(served.socket, "reload").returncode == 0


def test_rotation_by_size_and_by_others(served):
    with_file(served, size="64KiB", keep=2)
    for i in range(600):
        ask(served.address, f"n{i}.bad.example")
    wait_until(lambda: samples(ctl(served.socket, "metrics").stdout)
               ["sinkholed_querylog_lines_total"] == 600, 20, "all are written")
    first = served.querylog.with_name("q.log.1")
    assert first.exists() and first.stat().st_size <= 65536
    assert all(json.loads(line) for line in first.read_text().splitlines())
    moved = served.folder / "moved"
    served.querylog.rename(moved)

    def again():
        ask(served.address, "bad.example")
        return lines(served)
    wait_until(again, 20, "the file is opened anew")


def test_a_full_disk_costs_lines_alone(served, tmp_path):
    """/dev/full cannot be a file of lines; a directory in its place is as bad."""
    served.querylog.mkdir()
    with_file(served)
    for i in range(20):
        assert str(ask(served.address, "bad.example").answer[0][0]) == "192.0.2.1"
    wait_until(lambda: samples(ctl(served.socket, "metrics").stdout)
               ["sinkholed_querylog_lost_lines_total"] == 20, 20, "they are counted")
    served.program.wait_line("lines are lost")
    served.querylog.rmdir()
    ask(served.address, "bad.example")
    wait_lines(served, 1)
    served.program.wait_line("lines are written again")


def shown(d, *words):
    done = ctl(d.socket, "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_top(served):
    served.start()
    shown(served, "top")
    for _ in range(9):
        ask(served.address, "bad.example")
    for _ in range(5):
        ask(served.address, "good.example")

    def found():
        top = shown(served, "top")
        return [(row["of"], row["count"]) for row in top["names"]] == [
            ("bad.example", 9), ("good.example", 5)] and top
    wait_until(found, 20, "they are counted")
    top = shown(served, "top")
    assert [row["of"] for row in top["blocked"]] == ["bad.example"]
    assert [row["of"] for row in top["clients"]] == ["127.0.0.1"]
    assert "bad.example" in ctl(served.socket, "top").stdout


def test_watch(served):
    served.start()
    shown_at_once = json.loads(ask_socket(served.socket, "GET", "/v1/watch")[2])
    assert shown_at_once == {"last": 0, "queries": []}
    out = served.folder / "seen"
    with open(out, "w") as to:
        watch = subprocess.Popen([daemon_path().parent / "sinkholectl", "--socket", served.socket,
                                  "watch"], stdout=to)
    try:
        def seen():
            ask(served.address, HOSTILE[1])
            return "[2j" in out.read_text()
        wait_until(seen, 20, "it is seen")
    finally:
        watch.kill()
        watch.wait()
    text = out.read_text()
    assert "\x1b" not in text
    assert "blocked" in text and "by list court" in text


def test_clients_and_reports(served):
    served.start()
    for name in HOSTILE:
        ask(served.address, name)
    wait_until(lambda: ctl(served.socket, "clients").returncode == 0
               and shown(served, "clients")["clients"], 20, "it is in the ledger")
    wait_until(lambda: shown(served, "clients")["clients"][0]["names"] == len(HOSTILE), 20, "all are")
    row = shown(served, "clients")["clients"][0]
    assert (row["client"], row["count"]) == ("127.0.0.1", len(HOSTILE))
    assert "127.0.0.1" in ctl(served.socket, "clients").stdout
    csv = ctl(served.socket, "report", "--client", "127.0.0.1").stdout
    assert csv.startswith("client,list,") and csv.count("\n") == 1 + len(HOSTILE)
    assert ctl(served.socket, "report", "--format", "nonsense").returncode == 1
    assert ctl(served.socket, "report", "--format", "stix").stdout.startswith("{")
    assert shown(served, "clients", "--since", "1h")["whole"]
    assert ctl(served.socket, "clients", "--since", "x").returncode == 1


def test_history(served):
    served.start()
    ask(served.address, "bad.example")

    def one():
        return json.loads(ask_socket(served.socket, "GET", "/v1/history")[2])["samples"]
    wait_until(one, 30, "a sample is there")
    assert one()[0]["queries"] == 1 and one()[0]["blocked"] == 1
