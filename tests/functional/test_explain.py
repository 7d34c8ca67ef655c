# SPDX-License-Identifier: BSD-2-Clause
"""What a query would be answered, and why: asked of the daemon, and without one."""
import json
import re

import pytest

from harness.build import run_daemon
from harness.client import ask, rcode
from harness.control import ask_socket, ctl
from harness.program import wait_until


@pytest.fixture
def served(daemon, resolver):
    d = daemon({"upstreams": [resolver.address],
                "local": {"special-use": True,
                          "names": [{"name": "own.example", "ipv4": ["192.0.2.9"]}]},
                "server": {"allow": ["127.0.0.0/8"]}})
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}})
    d.add_list("pass", "fine.bad.example\n", action="pass")
    d.add_list("court", "# a comment\nbad.example\n", mandatory=True)
    d.add_list("ads", "ads.example\n@@||good.ads.example^\n", action="nxdomain")
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    return d


def explained(d, *arguments):
    done = ctl(d.socket, "--json", "explain", *arguments)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


CASES = [
    (("www.bad.example",), "blocked-name", "192.0.2.1", "court"),
    (("bad.example", "--type", "AAAA"), "blocked-name", "2001:db8::1", "court"),
    (("bad.example", "--type", "HTTPS"), "blocked-name", "no data", "court"),
    (("fine.bad.example",), "blocked-name", "192.0.2.1", "court"),
    (("ads.example",), "blocked-name", "NXDOMAIN", "ads"),
    (("good.ads.example",), "forwarded", "what the upstreams say", None),
    (("other.example",), "forwarded", "what the upstreams say", None),
    (("own.example",), "local", "192.0.2.9", None),
    (("x.localhost",), "special-use", "127.0.0.1", None),
    (("bad.example", "--client", "203.0.113.1"), "not-allowed", "REFUSED", None),
]


@pytest.mark.parametrize("arguments, verdict, answer, decides", CASES)
def test_explained(served, arguments, verdict, answer, decides):
    found = explained(served, *arguments)
    assert (found["verdict"], found["answer"]) == (verdict, answer)
    assert [r["list"] for r in found["rules"] if r["decides"]] == ([decides] if decides else [])
    # the same without the daemon
    done = run_daemon("-c", served.config_path, "--explain", *arguments)
    assert done.returncode == (0 if verdict.startswith("blocked") else 2), done
    assert re.search(rf": {verdict}; answered: {re.escape(answer)}$", done.stdout, re.M)
    if decides:
        assert re.search(rf"^list {decides}\b.*: this decides$", done.stdout, re.M)


def test_the_line_is_told(served):
    rule = [r for r in explained(served, "a.b.bad.example")["rules"] if r["list"] == "court"][0]
    assert rule["owner"] == "bad.example" and rule["line"] == 2 and rule["mandatory"]
    assert rule["file"] == str(served.list_path("court"))


def test_it_is_what_clients_get(served):
    assert rcode(ask(served.address, "ads.example")) == "NXDOMAIN"
    assert explained(served, "ads.example")["answer"] == "NXDOMAIN"


def test_nothing_is_counted(served):
    before = served.counters()
    explained(served, "bad.example")
    assert served.counters() == before


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.example", "a\x1b[31mb.example",
                                  "\"'&;|.example", "ü.example", "x" * 63 + ".example"])
def test_hostile_names(served, name):
    done = ctl(served.socket, "explain", name)
    assert done.returncode == 0, done
    assert "\x1b" not in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize("target", ["", "?", "?name=a..b", "?name=" + "a." * 128 + "a",
                                    "?name=a&type=NONSENSE", "?name=a&client=300.1.1.1",
                                    "?name=%zz%00", "?name=" + "x" * 300])
def test_what_is_no_question(served, target):
    status, _, text = ask_socket(served.socket, "GET", "/v1/explain" + target)
    assert status == 400
    assert json.loads(text)["error"]


def test_what_is_no_question_on_the_command_line(served):
    for arguments in (("--explain", "a..b"), ("--explain", "a", "--type", "X9"),
                      ("--explain", "a", "--client", "b")):
        assert run_daemon("-c", served.config_path, *arguments).returncode == 1


ZONE = """$TTL 300
@ SOA ns.rpz. host.rpz. 7 3600 600 86400 30
given.bad.net TXT "x"
24.0.113.0.203.rpz-ip CNAME .
32.7.113.0.203.rpz-ip TXT "x"
32.9.0.0.127.rpz-client-ip CNAME .
"""
OF_A_ZONE = [
    (("given.bad.net", "--type", "TXT"), "blocked-name", "what the rule gives", 'given.bad.net TXT', 3),
    (("given.bad.net",), "blocked-name", "no data", 'given.bad.net TXT', 3),
    (("203.0.113.1",), "blocked-address", "NXDOMAIN", "203.0.113.0/24 CNAME .", 4),
    (("203.0.113.7",), "blocked-address", "what the rule gives", "203.0.113.7/32 TXT", 5),
    (("any.net", "--client", "127.0.0.9"), "blocked-client", "NXDOMAIN", "127.0.0.9/32 CNAME .", 6),
    (("any.net", "--client", "127.0.0.8"), "forwarded", "what the upstreams say", None, 0),
    (("given.bad.net", "--type", "TXT", "--client", "127.0.0.9"), "blocked-client", "NXDOMAIN",
     "127.0.0.9/32 CNAME .", 6),
]


@pytest.mark.parametrize("arguments, verdict, answer, rule, line", OF_A_ZONE)
def test_rules_of_a_zone_are_told_by_what_they_are_for(daemon, resolver, arguments, verdict, answer, rule, line):
    d = daemon({"upstreams": [resolver.address], "server": {"allow": ["127.0.0.0/8"]}})
    d.add_list("zone", ZONE, format="rpz")
    d.write_config()
    done = run_daemon("-c", d.config_path, "--explain", *arguments)
    assert re.search(rf": {verdict}; answered: {re.escape(answer)}$", done.stdout, re.M), done.stdout
    decides = re.findall(r"^list zone: (.*), line (\d+) of .*: this decides$", done.stdout, re.M)
    assert decides == ([(rule, str(line))] if rule else []), done.stdout


@pytest.mark.parametrize("action, status", [("nxdomain", 0), ("nodata", 0), ("refused", 0), ("drop", 0), ("log", 2),
                                            ("pass", 2), ("tcp-only", 0)])
def test_exit_status_tells_a_block(daemon, resolver, action, status):
    d = daemon({"upstreams": [resolver.address]}).add_list("one", "a.test\n", action=action)
    d.write_config()
    done = run_daemon("-c", d.config_path, "--explain", "a.test")
    assert done.returncode == status, done
    assert run_daemon("-c", d.config_path, "--explain", "b.test").returncode == 2
