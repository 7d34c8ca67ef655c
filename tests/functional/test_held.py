# SPDX-License-Identifier: BSD-2-Clause
"""What the guard holds back: told, counted, no entry; and what mail servers query."""
import re

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, rcode, records
from harness.program import wait_until

SINK, GOOD = "192.0.2.1", "198.51.100.7"
LISTED = "127.0.0.2"  # what a DNSBL answers of what it lists
DNSBL = "zen.spamhaus.org"
QUERIED = f"2.0.0.127.{DNSBL}"


def check(d):
    d.write_config()
    return run_daemon("-c", d.config_path, "--check", cwd=d.folder)


@pytest.fixture
def made(daemon, upstream):
    """A daemon whose upstream answers as a DNSBL does."""
    def make(text, **options):
        d = daemon({"upstreams": [upstream(lambda q: q.address(LISTED)).address]})
        return d.add_list("one", text + "listed.test\n", **options)
    return make


# ---- zones that mail servers query

@pytest.mark.parametrize("rule", [DNSBL, QUERIED, "spamhaus.org", "127." + DNSBL])
@pytest.mark.parametrize("action", ["sinkhole", "drop", "refused"])
@pytest.mark.parametrize("mandatory", [False, True])
def test_no_mail_server_refuses_everybody(made, rule, action, mandatory):
    d = made(rule + "\n", action=action, mandatory=mandatory).start()
    assert re.search(rf"held back, it would block too much: {re.escape(rule)}\.? is .*dnsbl-zones",
                     d.log()), d.log()
    assert addresses(ask(d.address, QUERIED)) == [LISTED]


@pytest.mark.parametrize("action, code", [("nxdomain", "NXDOMAIN"), ("nodata", "NOERROR")])
def test_zone_in_which_nothing_is_listed(made, action, code):
    d = made(DNSBL + "\n", action=action).start()
    answer = ask(d.address, QUERIED)
    assert rcode(answer) == code and not answer.answer


def test_zones_are_the_operators_to_choose(made):
    d = made(f"{DNSBL}\nbl.corp.test\n")
    d.config["guard"] = {"dnsbl-zones": ["bl.corp.test"]}
    d.start()
    assert addresses(ask(d.address, QUERIED)) == [SINK]
    assert addresses(ask(d.address, "2.0.0.127.bl.corp.test")) == [LISTED]
    d.configure({"guard": {"dnsbl-zones": []}})
    d.reload_well()
    assert addresses(ask(d.address, "2.0.0.127.bl.corp.test")) == [SINK]


def test_public_zones_are_shown(made):
    d = made("")
    d.write_config()
    done = run_daemon("-c", d.config_path, "--dump-config", cwd=d.folder)
    zones = re.search(r"dnsbl-zones:(.*?)\n\S", done.stdout, re.S).group(1)
    assert DNSBL in zones and "list.dnswl.org" in zones and "bl.spamcop.net" in zones


# ---- judged again when what stands in for a file is judged by another configuration

def spoil(d):
    d.write_list("one", "<html>\n")


def change(d, **options):
    d.config["lists"][0].update(sinkhole={"ipv4": SINK}, **options)
    d.write_config()


@pytest.mark.parametrize("action", ["sinkhole", "refused", "drop"])
@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
@pytest.mark.parametrize("state", [False, True], ids=["without", "kept"])
def test_zone_is_held_back_of_former_entries_by_the_new_action(made, action, restart, state):
    d = made(DNSBL + "\n", action="nxdomain")
    if state:
        d.config["state"] = {"directory": "state"}
    elif restart:
        pytest.skip("nothing is left to stand in")
    d.start()
    assert rcode(ask(d.address, QUERIED)) == "NXDOMAIN"
    if state:
        wait_until(lambda: (d.folder / "state" / "one.list").exists(), 10, "it is kept")
    spoil(d)
    change(d, action=action)
    log = d.restart().log() if restart else d.reload()
    assert "list one: REFUSED" in log
    assert re.search(rf"held back, it would block too much: {re.escape(DNSBL)}", log), log
    assert "1 entry held back" in log
    assert addresses(ask(d.address, QUERIED)) == [LISTED]


@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
def test_mandatory_list_stays_as_it_was_when_its_former_entries_would_be_held_back(made, restart):
    """No sinkhole address in the zone, and nothing lifted."""
    d = made(DNSBL + "\n", action="nxdomain", mandatory=True)
    d.config["state"] = {"directory": "state"}
    d.start()
    wait_until(lambda: (d.folder / "state" / "one.order").exists(), 10, "it is kept")
    spoil(d)
    change(d, action="sinkhole")
    for _ in range(2):
        log = d.restart().log() if restart else d.reload()
        assert "list one: REFUSED: it is mandatory, and 1 of the names" in log, log
        for name in (QUERIED, "listed.test"):
            assert rcode(ask(d.address, name)) == "NXDOMAIN"


@pytest.mark.parametrize("mandatory", [False, True])
def test_protected_name_is_held_back_of_former_entries(made, mandatory):
    d = made("bank.test\n", action="sinkhole", mandatory=mandatory).start()
    spoil(d)
    d.configure({"guard": {"protected": ["www.bank.test"]}})
    log = d.reload()
    assert re.search("held back, it would block too much: bank.test", log), log
    stays = [SINK] if mandatory else [LISTED]
    assert addresses(ask(d.address, "www.bank.test")) == stays
    assert addresses(ask(d.address, "listed.test")) == [SINK]


def test_public_suffix_is_held_back_of_former_entries(made):
    d = made("zip\n", **{"allow-public-suffixes": True}).start()
    assert addresses(ask(d.address, "any.zip")) == [SINK]
    spoil(d)
    change(d, **{"allow-public-suffixes": False})
    d.reload()
    assert addresses(ask(d.address, "any.zip")) == [LISTED]
    assert addresses(ask(d.address, "listed.test")) == [SINK]


def test_former_entries_of_which_nothing_would_be_left_stay_in_force(made):
    d = made("", action="nxdomain")
    d.write_list("one", DNSBL + "\n")
    d.start()
    spoil(d)
    change(d, action="sinkhole")
    assert re.search("^error: reload FAILED.*list one is in force and cannot be loaded", d.reload(), re.M)
    assert rcode(ask(d.address, QUERIED)) == "NXDOMAIN"


# ---- another reading of what stands in

def test_exceptions_of_a_list_that_let_pass_are_no_blocks(made):
    """Read to let pass, an exception is as good as a rule: nothing stands in for it as a block."""
    d = made("", action="pass")
    d.write_list("one", "||listed.test^\n@@||good.test^\n")
    d.start()
    spoil(d)
    change(d, action="sinkhole")
    assert re.search("^error: reload FAILED.*list one is in force and cannot be loaded", d.reload(), re.M)
    assert addresses(ask(d.address, "good.test")) == [LISTED]


def test_list_that_let_pass_is_read_anew_from_what_is_kept(made):
    d = made("", action="pass")
    d.config["state"] = {"directory": "state"}
    d.write_list("one", "||listed.test^\n@@||good.test^\n")
    d.start()
    wait_until(lambda: (d.folder / "state" / "one.list").exists(), 10, "it is kept")
    spoil(d)
    change(d, action="sinkhole")
    d.reload()
    assert addresses(ask(d.address, "good.test")) == [LISTED]
    assert addresses(ask(d.address, "listed.test")) == [SINK]


# ---- counted and told

def test_what_is_held_is_counted(made, manager):
    d = made(f"com\n{DNSBL}\n")
    assert check(d).stdout == "ok: 1 lists, 1 names, 2 entries held back\n"
    d.environment = manager.environment
    d.start()
    assert re.search(r"ready: 1 names of 1 lists in force, 2 entries held back, loaded in", d.log())
    assert "2 held back" in d.log()
    manager.wait_for("STATUS", 1)
    assert manager.said("STATUS")[-1] == "1 names of 1 lists in force, 2 entries held back"
    d.write_list("one", "com\nlisted.test\n")
    assert re.search(r"^reload 2 done: .* 0 lists refused, 1 entry held back, loaded", d.reload(), re.M)
    wait_until(lambda: manager.said("STATUS")[-1].endswith("force, 1 entry held back"), 10, "status")
    d.list_path("one").unlink()  # what stays in force has the same held back
    assert re.search(r"^reload 3 done: .* 1 lists refused, 1 entry held back", d.reload(), re.M)
    wait_until(lambda: "1 refused, 1 entry held back" in manager.said("STATUS")[-1], 10, "status")
    d.configure({"cache": {"size": "nonsense"}})
    assert "reload FAILED" in d.reload()
    wait_until(lambda: manager.said("STATUS")[-1].startswith("the last reload failed"), 10, "status")


def test_what_is_held_is_no_entry(made):
    d = made("com\nnet\n", **{"min-entries": 2})
    assert "has 1 entry, at least 2 are required" in check(d).stderr


def test_list_of_which_nothing_may_be_held(made):
    d = made("com\n", **{"on-held": "refuse"})
    done = check(d)
    assert done.returncode == 1
    assert re.search(r"list one: \S+: has 1 entry held back, the first in line 1: com is a top-level domain",
                     done.stderr), done.stderr
    d.write_list("one", "listed.test\n")
    d.start()
    d.write_list("one", "com\nother.test\n")
    assert re.search(r"list one: REFUSED: \S+: has 1 entry held back", d.reload()), d.log()
    assert addresses(ask(d.address, "listed.test")) == [SINK]
    assert addresses(ask(d.address, "other.test")) == [LISTED]


@pytest.mark.parametrize("mandatory", [False, True])
def test_last_good_version_stands_in_whatever_is_held_of_it(made, mandatory):
    d = made("com\n", mandatory=mandatory)
    d.config["state"] = {"directory": "state"}
    d.start()
    wait_until(lambda: (d.folder / "state" / "one.list").exists(), 10, "it is kept")
    d.config["lists"][0]["on-held"] = "refuse"
    d.write_config()
    d.restart()
    assert re.search(r"list one: REFUSED: \S+: has 1 entry held back", d.log()), d.log()
    assert addresses(ask(d.address, "listed.test")) == [SINK]


def test_check_tells_of_every_list_that_is_refused(made):
    d = made("com\n", **{"on-held": "refuse"})
    d.add_list("two", "", mandatory=True).add_list("three", "<html>\n").add_list("four", "ok.test\n")
    done = check(d)
    assert done.returncode == 1 and not done.stdout
    refused = re.findall(r"^error: list (\w+): ", done.stderr, re.M)
    assert refused == ["one", "two", "three"], done.stderr


def test_check_tells_of_what_is_weakened_beside_what_is_refused(made):
    d = made("", mandatory=True)
    d.config["state"] = {"directory": "state"}
    d.add_list("two", "two.test\n", mandatory=True).add_list("three", "three.test\n").start()
    wait_until(lambda: (d.folder / "state" / "two.order").exists(), 10, "it is kept")
    d.stop()
    d.write_list("one", "other.test\n")
    d.write_list("two", "")
    d.write_list("three", "")
    done = check(d)
    assert done.returncode == 1
    assert re.search(r"^error: list one is mandatory, and 1 of the names", done.stderr, re.M)
    assert not re.search("^error: list two is mandatory", done.stderr, re.M)
    assert re.search(r"^error: list two: \S+: (would block nothing|has 0)", done.stderr, re.M)
    assert re.search("^error: list three: ", done.stderr, re.M)


def test_restart_knows_of_public_suffixes_that_were_allowed(made):
    d = made("zip\n", mandatory=True, **{"allow-public-suffixes": True})
    d.config["state"] = {"directory": "state"}
    d.start()
    wait_until(lambda: (d.folder / "state" / "one.order").exists(), 10, "it is kept")
    assert addresses(ask(d.address, "any.zip")) == [SINK]
    d.write_list("one", "listed.test\n")
    d.restart()
    assert "list one: REFUSED: it is mandatory" in d.log()
    assert addresses(ask(d.address, "any.zip")) == [SINK]


# ---- mail to a listed name

def test_null_mx(made):
    d = made("")
    d.start()
    assert not ask(d.address, "listed.test", "MX").answer
    d.config["lists"][0]["sinkhole"]["null-mx"] = True
    d.write_config()
    d.reload_well()
    answer = ask(d.address, "listed.test", "MX")
    assert rcode(answer) == "NOERROR"
    assert records(answer) == [("listed.test.", "MX", "0 .")]
    assert addresses(ask(d.address, "listed.test")) == [SINK]
    for other in ("TXT", "SRV"):
        assert not ask(d.address, "listed.test", other).answer
    assert "MX" not in ask(d.address, "listed.test", "ANY").to_text().split("ANSWER")[1]


# ---- what the operator protects by a file, and where lists come from

def held(d, name):
    return re.search(rf"held back, it would block too much: {re.escape(name)}\.? is (.*)", d.log())


def test_file_of_protected_names(made):
    """Read with the configuration, so that a reload takes what it has become."""
    d = made("bank.test\nother.test\n")
    (d.folder / "protected.txt").write_text("# what must go on\n WWW.Bank.test.\t# our bank\r\n\nother.test\n")
    d.config["guard"] = {"protected-file": "protected.txt"}
    d.start()
    assert "above a protected name" in held(d, "bank.test")[1] and held(d, "other.test")
    assert addresses(ask(d.address, "www.bank.test")) == [LISTED]
    assert addresses(ask(d.address, "listed.test")) == [SINK]
    (d.folder / "protected.txt").write_text("bank.test\n")
    d.reload()
    assert addresses(ask(d.address, "other.test")) == [SINK]
    assert addresses(ask(d.address, "bank.test")) == [LISTED]


@pytest.mark.parametrize("content, reason", [
    (None, "protected.txt: No such file or directory"),
    (b"good.test\nno name\n", "protected.txt:2: expected a host name"),
    (b"good.test\n.\n", "protected.txt:2: expected a host name"),
    (b"good.test\0bad.test\n", "protected.txt: a NUL character in the text"),
    (b"".join(b"n%d.test\n" % i for i in range(4097)), "protected.txt:4097: more than 4096 protected names"),
    (b"x" * (1 << 20) + b"\n", "protected.txt: larger than 1024 KiB"),
], ids=["gone", "no name", "root", "NUL", "too many", "too large"])
def test_bad_file_of_protected_names(made, content, reason):
    """A reload that cannot read it changes nothing."""
    d = made("bank.test\n")
    path = d.folder / "protected.txt"
    path.write_text("bank.test\n")
    d.config["guard"] = {"protected-file": "protected.txt"}
    d.start()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    checked = check(d)
    assert checked.returncode == 1 and f"guard.protected-file: {reason}" in checked.stdout + checked.stderr
    assert re.search(r":\d+:\d+: ", checked.stdout + checked.stderr)
    assert f"guard.protected-file: {reason}" in d.reload()
    assert addresses(ask(d.address, "bank.test")) == [LISTED]


def test_where_lists_come_from_is_not_blocked(made):
    d = made("lists.example\nfeed.example\n")
    d.config["state"] = {"directory": "state"}
    for i, place in enumerate(("www.lists.example:8443", "feed.example", "127.0.0.9:9", "[::1]:9")):
        d.config["lists"].append({"name": f"url{i}", "url": f"https://{place}/a.txt", "action": "nxdomain"})
    d.start()
    assert "above a protected name" in held(d, "lists.example")[1] and held(d, "feed.example")
    assert addresses(ask(d.address, "feed.example")) == [LISTED]
    assert addresses(ask(d.address, "listed.test")) == [SINK]
