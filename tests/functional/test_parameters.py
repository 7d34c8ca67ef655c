# SPDX-License-Identifier: BSD-2-Clause
"""What names something that is not there, or says nothing, is told so: it does not pass for an empty answer."""
import json
from subprocess import run

import pytest

from harness.build import daemon_path, run_daemon
from harness.client import ask, rcode
from harness.control import ask_socket, ctl
from harness.program import wait_until


@pytest.fixture(scope="module")
def served(shared_daemon):
    d = shared_daemon()
    d.add_list("court", "bad.example\n", mandatory=True, reason="order", action="nxdomain")
    d.add_list("adverts", "ads.example\n", action="nxdomain", reason="operator")
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}, "state": {"directory": str(d.folder / "state")}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    assert rcode(ask(d.address, "bad.example")) == "NXDOMAIN"
    wait_until(lambda: "bad.example" in ctl(d.socket, "report").stdout, 20, "it is in the ledger")
    wait_until(lambda: "bad.example" in ctl(d.socket, "receipts").stdout, 20, "there is a receipt")
    return d


@pytest.mark.parametrize("words, named", [
    ("receipts nosuch", "nosuch"),
    ("receipts nosuch --format json", "nosuch"),
    ("receipts nosuch --format csv", "nosuch"),
    ("--json receipts nosuch", "nosuch"),
    ("receipts Court", "Court"),
    ("receipts --after x", "x"),
    ("receipts --after -1", "-1"),
    ("receipts --after 1x --format json", "1x"),
    ("audit --list nosuch", "nosuch"),
    ("audit --last x", "x"),
    ("audit --last 1.5", "1.5"),
    ("report --list nosuch", "nosuch"),
    ("report --list nosuch --format json", "nosuch"),
    ("report --client nobody", "nobody"),
    ("report --client 192.0.2.1/33", "192.0.2.1/33"),
    ("report --client mac:x", "mac:x"),
    ("report --name a..b", "a..b"),
    ("report --since x", "x"),
    ("report --format x", "format"),
    ("clients --since x", "x"),
    ("watch --after x", "x"),
    ("hunt a..b", "hunt"),
    ("fetch nosuch", "list"),
    ("list off nosuch --for 1m", "nosuch"),
    ("list on nosuch", "nothing of the kind"),
    ("withdraw nosuch.example", "nothing of the kind"),
    ("explain a..b", "a..b"),
    ("explain a --client x", "x"),
    ("explain a --type x", "x"),
    ("flush a..b", "name"),
], ids=lambda value: value)
def test_what_is_not_there(served, words, named):
    done = ctl(served.socket, *words.split())
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("sinkholectl: ") and named in done.stderr.partition(": ")[2]
    assert len(done.stderr.splitlines()) == 1 and "{" not in done.stderr


@pytest.mark.parametrize("words", [
    "receipts court", "receipts adverts", "receipts manual-block", "receipts court --after 9000", "audit --list court",
    "audit --list adverts", "report --list court", "report --list adverts", "report --list manual-block",
    "report --list :blocked-upstream", "report --client 192.0.2.1", "report --client 2001:db8::/32",
    "report --client mac:02:00:00:00:00:01", "report --name nosuch.example",
])
def test_what_is_there_may_have_nothing(served, words):
    done = ctl(served.socket, *words.split())
    assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize("name", ["bad.example", "BAD.Example.", "example", r"b\097d.example"])
def test_a_name_however_it_is_written(served, name):
    assert "bad.example" in ctl(served.socket, "report", "--name", name).stdout
    done = run_daemon("--report", "--store", str(served.folder / "state" / "ledger.db"), "--name", name)
    assert done.returncode == 0 and "bad.example" in done.stdout


def test_a_name_that_is_none_for_a_store_alone(served):
    done = run_daemon("--report", "--store", str(served.folder / "state" / "ledger.db"), "--name", "a..b")
    assert done.returncode == 1 and "a..b" in done.stderr and not done.stdout


@pytest.mark.parametrize("target, status", [
    ("/v1/receipts?list=nosuch", 404), ("/v1/receipts?list=court&after=x", 400), ("/v1/audit?list=nosuch", 404),
    ("/v1/audit?last=", 400), ("/v1/report?list=nosuch", 404), ("/v1/report?client=x", 400), ("/v1/report?name=a..b", 400),
    ("/v1/report?name=.", 400), ("/v1/watch?after=99999999999999999999", 400), ("/v1/receipts?list=", 404),
])
def test_the_api_says_so(served, target, status):
    found, _, text = ask_socket(served.socket, "GET", target)
    assert found == status and json.loads(text)["error"]


def test_a_list_of_before(daemon):
    """What is known of a list that is configured no longer is shown."""
    d = daemon()
    d.add_list("stays", "a.example\n", action="nxdomain", reason="operator")
    d.add_list("goes", "bad.example\n", action="nxdomain", reason="operator")
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}, "state": {"directory": str(d.folder / "state")}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    assert rcode(ask(d.address, "bad.example")) == "NXDOMAIN"
    wait_until(lambda: "bad.example" in ctl(d.socket, "report").stdout, 20, "it is in the ledger")
    d.config["lists"] = [entry for entry in d.config["lists"] if entry["name"] != "goes"]
    d.write_config()
    assert ctl(d.socket, "reload").returncode == 0
    done = ctl(d.socket, "report", "--list", "goes")
    assert done.returncode == 0 and "bad.example" in done.stdout
    assert "list-loaded" in ctl(d.socket, "audit", "--list", "goes").stdout
    assert ctl(d.socket, "receipts", "goes").returncode == 1


@pytest.mark.parametrize("words", [
    ["--socket"], ["status", "--socket"], ["--socket", "--json", "status"], ["report", "--format"],
    ["report", "--list", "--format", "csv"], ["report", "--list", "--json"], ["explain", "a.example", "--type"],
    ["explain", "a.example", "--client", "--type", "A"], ["list", "off", "court", "--for"],
    ["block", "a.example", "--until"], ["block", "a.example", "--ticket"], ["receipts", "--after"], ["audit", "--last"],
    ["audit", "--list"], ["clients", "--since"], ["hunt", "a.example", "--since"],
], ids=" ".join)
def test_an_option_without_its_value(tmp_path, words):
    done = ctl(tmp_path / "none.sock", *words)
    option, = [word for at, word in enumerate(words) if word.startswith("--") and word != "--json" and
               (at + 1 == len(words) or words[at + 1].startswith("--"))]
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == f"sinkholectl: {option}: lacks its value\n"


def test_generate_without_its_value():
    done = run([daemon_path().parent / "sinkholectl", "--generate"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and done.stderr == "sinkholectl: --generate: lacks its value\n"


@pytest.mark.parametrize("option", [
    "--config", "--accept", "--explain", "--type", "--client", "--explain-diff", "--list", "--limit", "--in-force", "--at",
    "--audit-verify", "--checkpoint", "--key",
])
def test_an_option_of_the_daemon_without_its_value(option):
    done = run_daemon(option)
    assert done.returncode == 1 and not done.stdout
    assert f"option '{option}' requires an argument" in done.stderr.splitlines()[0]


@pytest.mark.parametrize("option", [
    "--erase", "--hold", "--release", "--report --store", "--report --format", "--report --by", "--report --client",
    "--report --list", "--report --family", "--report --name", "--report --since", "--report --until",
    "--report --key-file", "--report --names", "--report --org", "--report --contact", "--report --domain",
    "--report --because", "--report --password-file",
])
def test_an_option_for_a_store_without_its_value(option):
    done = run_daemon(*option.split())
    assert done.returncode == 1 and not done.stdout
    assert f"option '{option.split()[-1]}' requires an argument" in done.stderr.splitlines()[0]
