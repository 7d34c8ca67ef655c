# SPDX-License-Identifier: BSD-2-Clause
"""Mandatory lists over a restart, and what the operator accepts."""
import os
import re

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, rcode
from harness.program import wait_until

SINK, GOOD = "192.0.2.1", "198.51.100.7"
ORDER = "a.test\nb.test\nc.test\n"


def is_blocked(d, name):
    return addresses(ask(d.address, name)) == [SINK]


def blocked(d):
    return "".join(x for x in "abc" if is_blocked(d, f"{x}.test"))


def kept(d, name):
    return d.folder / "state" / name


@pytest.fixture
def ordered(daemon, upstream):
    """A daemon with a mandatory list that is in force and kept."""
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address],
                "state": {"directory": "state"}})
    d.add_list("order", ORDER, mandatory=True).start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    return d


def accept(d, name="order"):
    return run_daemon("-c", d.config_path, "--accept", name, cwd=d.folder)


def check(d):
    return run_daemon("-c", d.config_path, "--check", cwd=d.folder)


WEAKENINGS = {
    "other names": lambda d: d.write_list("order", "x.test\ny.test\nz.test\n"),
    "a name less": lambda d: d.write_list("order", "a.test\nb.test\n"),
    "not mandatory": lambda d: d.config["lists"][0].pop("mandatory"),
    "exact": lambda d: d.config["lists"][0].update(match="exact"),
    "removed": lambda d: d.config.pop("lists"),
    "protected": lambda d: d.config.update(guard={"protected": ["www.c.test"]}),
    "pass": lambda d: d.config["lists"][0].update(mandatory=False, action="pass"),
}


@pytest.mark.parametrize("how", WEAKENINGS)
def test_restart_does_not_weaken_it(ordered, how):
    d = ordered
    d.stop()
    WEAKENINGS[how](d)
    d.write_config()
    done = check(d)
    assert done.returncode == 1
    assert re.search(r"^error: list order is mandatory.*--accept order$", done.stderr, re.M)
    assert re.search(r"^error: list order: would no longer be blocked: ", done.stderr, re.M)
    for _ in range(2):
        d.start()
        assert "list order: REFUSED: it is mandatory" in d.log()
        assert blocked(d) == "abc" and is_blocked(d, "www.c.test")
        d.stop()


@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
@pytest.mark.parametrize("how", WEAKENINGS)
def test_what_is_accepted_takes_force_once(ordered, how, restart):
    d = ordered
    before = {key: d.config[key] for key in ("lists",)}
    lists = [dict(entry) for entry in d.config["lists"]]
    WEAKENINGS[how](d)
    d.write_config()
    done = accept(d)
    assert done.returncode == 0 and "accepted" in done.stdout, done.stderr + done.stdout
    assert check(d).returncode == 0, "a check says so, and uses nothing up"
    log = d.restart().log() if restart else d.reload_well()
    assert re.search(r"^list order: that \d+ of the names .* was accepted$", log, re.M), log
    assert is_blocked(d, "www.c.test") == (how == "not mandatory")
    wait_until(lambda: not kept(d, "order.accept").exists(), 10, "it is used up")
    # back as it was, and once more: now it takes another word
    d.config = {**d.config, **before, "lists": lists, "guard": {}}
    d.write_config()
    d.write_list("order", ORDER + "x.test\ny.test\nz.test\n")
    d.reload_well()
    assert blocked(d) == "abc"
    WEAKENINGS[how](d)
    d.write_config()
    assert "REFUSED: it is mandatory" in d.reload()
    assert blocked(d) == "abc"


def test_another_file_than_was_accepted_does_not_pass(ordered):
    d = ordered
    d.write_list("order", "a.test\nb.test\n")
    assert accept(d).returncode == 0
    d.write_list("order", "a.test\n")
    log = d.reload()
    assert "list order: REFUSED: it is mandatory" in log and "and is void" in log
    d.write_list("order", "a.test\nb.test\n")
    assert "list order: REFUSED: it is mandatory" in d.reload()
    assert blocked(d) == "abc"


def test_another_configuration_than_was_accepted_does_not_pass(ordered):
    d = ordered
    d.write_list("order", "a.test\nb.test\n")
    assert accept(d).returncode == 0
    d.configure({"server": {"identity": "other"}})
    assert "list order: REFUSED: it is mandatory" in d.reload()
    assert blocked(d) == "abc"


def test_one_of_two_is_accepted(ordered):
    d = ordered
    d.add_list("second", "s.test\nt.test\n", mandatory=True).write_config()
    d.reload_well()
    wait_until(lambda: kept(d, "second.order").exists(), 10, "it is kept")
    d.write_list("order", "a.test\n")
    d.write_list("second", "s.test\n")
    assert accept(d, "second").returncode == 0
    log = d.reload()
    assert "list order: REFUSED" in log and "list second: that 1 of" in log
    assert blocked(d) == "abc" and not is_blocked(d, "t.test")


def test_nothing_to_accept(ordered):
    d = ordered
    done = accept(d)
    assert done.returncode == 0 and "nothing that is in force would be lifted" in done.stdout
    assert not kept(d, "order.accept").exists()
    done = accept(d, "nosuch")
    assert done.returncode == 1 and "no list nosuch" in done.stderr


def test_accepting_needs_a_place_to_keep_it(daemon):
    d = daemon()
    d.add_list("order", ORDER, mandatory=True).write_config()
    done = accept(d)
    assert done.returncode == 1 and "no state.directory" in done.stderr


def test_without_a_state_directory_it_says_what_it_cannot(daemon):
    d = daemon()
    d.add_list("order", ORDER, mandatory=True).start()
    assert re.search(r"^warning: no state\.directory is configured: what mandatory lists held",
                     d.log(), re.M)


def test_change_over_the_limit_is_accepted(daemon, upstream):
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address],
                "state": {"directory": "state"}})
    d.add_list("own", "".join(f"n{i}.test\n" for i in range(100)), **{"max-change": 10}).start()
    wait_until(lambda: kept(d, "own.list").exists(), 10, "it is kept")
    d.write_list("own", "".join(f"n{i}.test\n" for i in range(50)))
    assert re.search(r"^error: list own: REFUSED: \S+: shrank .*if it is meant: sinkholed --accept own",
                     d.reload(), re.M), d.log()
    assert accept(d, "own").returncode == 0
    d.reload_well()
    assert not is_blocked(d, "n99.test") and is_blocked(d, "n1.test")


DAMAGES = {
    "half": lambda text: text[:len(text) // 2],
    "nothing": lambda text: b"",
    "a bracket": lambda text: b"lists: [",
    "another's": lambda text: os.urandom(200),
    "of a later version": lambda text: b"what-is-new: {some: 1}\n" + text,
    "zeros after a crash": lambda text: bytes(len(text)),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_record_that_cannot_be_read_is_told_and_lifts_nothing(ordered, how):
    d = ordered
    d.stop()
    record = kept(d, "order.order")
    record.write_bytes(DAMAGES[how](record.read_bytes()))
    d.write_list("order", "a.test\n")
    for _ in range(2):
        d.start()
        assert "list order: REFUSED: it is mandatory" in d.log()
        assert blocked(d) == "abc"
        d.stop()


def test_record_that_cannot_be_read_of_a_list_that_is_gone_is_told(ordered):
    d = ordered
    d.stop()
    kept(d, "order.order").write_text("lists: [")
    d.config.pop("lists")
    d.start()
    assert re.search(r"^error: state/order\.order.*what this mandatory list held cannot be told",
                     d.log(), re.M), d.log()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_state_directory_that_is_read_only_lifts_nothing(ordered):
    d = ordered
    d.write_list("order", "a.test\n")
    assert accept(d).returncode == 0
    os.chmod(kept(d, ""), 0o500)
    try:
        assert "reload FAILED" in d.reload()
        assert blocked(d) == "abc"
    finally:
        os.chmod(kept(d, ""), 0o700)


# ---- files that look as if they blocked what they do not

ZEROS, HEAD = "\\000" * 12, "$TTL 300\n@ 60 SOA ns.rpz. host.rpz. 7 3600 600 86400 30\n"
RPZ = {"format": "rpz", "action": "given"}
ZONE = HEAD + "evil.test CNAME .\n*.evil.test CNAME .\n"

SEEMING = {
    "all types but one": ("||evil.test^\n", "||evil.test^$dnstype=~A\n", {}),
    "all but one, beside another": ("||evil.test^\n||x.test^$dnstype=MX\n",
                                    "||evil.test^$dnstype=~A|~AAAA\n||x.test^$dnstype=MX\n", {}),
    "below by a label of zeros": (ZONE, HEAD + f"evil.test CNAME .\n{ZEROS}.evil.test CNAME .\n", RPZ),
    "below by a pattern of twelve": ("||evil.test^\n", "/(^|^.{12}\\.)evil\\.test$/\n", {}),
    "below by a pattern of zeros": ("||evil.test^\n", "/(^|^[^a-z]+\\.)evil\\.test$/\n", {}),
    "important no more": ("||evil.test^$important\n@@/^www/\n", "||evil.test^\n@@/^www/\n", {}),
    "a wildcard that leads to itself": (ZONE, HEAD + "evil.test CNAME .\n*.evil.test CNAME www.evil.test.\n", RPZ),
    "a client led to the name itself": (ZONE, ZONE + "32.1.0.0.127.rpz-client-ip CNAME evil.test.\n", RPZ),
    "a pattern that leads to itself": ("/evil/\n", "||x.test^\n/evil/$dnsrewrite=evil.test\n", {}),
}


@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
@pytest.mark.parametrize("how", SEEMING)
def test_file_that_seems_to_block_lifts_nothing(daemon, upstream, how, restart):
    before, after, options = SEEMING[how]
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address], "state": {"directory": "state"}})
    d.add_list("order", before, mandatory=True, **options).start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    d.write_list("order", after)
    if restart:
        d.restart()
    else:
        d.reload()
    for name in ("evil.test", "www.evil.test"):
        assert GOOD not in addresses(ask(d.address, name))


def test_rule_that_leads_to_itself_takes_the_block_from_no_other_list(daemon, upstream):
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address]})
    d.add_list("first", HEAD + "*.evil.test CNAME www.evil.test.\n", mandatory=True, **RPZ)
    d.add_list("order", "evil.test\n", mandatory=True).start()
    assert GOOD not in addresses(ask(d.address, "www.evil.test"))


def test_record_from_the_future_ends_no_order(daemon, upstream):
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address], "state": {"directory": "state"}})
    d.add_list("order", ORDER, mandatory=True, expires="2100-01-01T00:00:00Z", lapse="lift").start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    d.stop()
    os.utime(kept(d, "order.order"), (5e9, 5e9))
    d.write_list("order", "a.test\n")
    d.start()
    assert "list order: REFUSED: it is mandatory" in d.log()
    assert blocked(d) == "abc"


# ---- an exception for a name that the list does not block, but that leads to one it blocks

def led(q):
    """www.free.test and sub.free.test are names of no list."""
    if q.name == "www.free.test.":
        return q.reply(f"{q.name} 60 IN CNAME a.test.", f"a.test. 60 IN A {GOOD}")
    return q.address(GOOD)


LED = {
    "itself": "||a.test^\n@@||www.free.test^\n",
    "above it": "||a.test^\n@@||free.test^\n",
    "important": "||a.test^\n@@||www.free.test^$important\n",
    "of one type": "||a.test^\n@@||www.free.test^$dnstype=A\n",
    "a pattern": "||a.test^\n@@/^www[.]free/\n",
    "beside more": "||a.test^\n||b.test^\n@@||www.free.test^\n",
}


@pytest.fixture
def leading(daemon, upstream):
    d = daemon({"upstreams": [upstream(led).address], "state": {"directory": "state"}})
    d.add_list("order", "||a.test^\n", mandatory=True).start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    assert is_blocked(d, "www.free.test") and is_blocked(d, "a.test")
    return d


@pytest.mark.parametrize("load", ["reload", "restart", "hand over"])
@pytest.mark.parametrize("how", LED)
def test_exception_for_a_name_that_leads_to_a_blocked_one_lifts_nothing(leading, how, load):
    d = leading
    d.write_list("order", LED[how])
    done = check(d)
    assert done.returncode == 1
    assert "list order: would no longer be blocked: " in done.stderr
    if load == "reload":
        d.reload()
    elif load == "restart":
        d.stop()
        d.start()
    else:
        d.hand_over()
    assert is_blocked(d, "www.free.test")
    assert accept(d).returncode == 0
    d.reload()
    assert addresses(ask(d.address, "www.free.test"))[-1] == GOOD
    assert is_blocked(d, "a.test")


def test_names_left_to_a_list_that_excepts_the_one_that_leads_there(leading):
    """The other list blocks a.test just as well, yet not where www.free.test leads to it."""
    d = leading
    d.add_list("other", "||a.test^\n@@||www.free.test^\n", mandatory=True)
    d.write_config()
    assert "REFUSED" not in d.reload()
    assert is_blocked(d, "www.free.test")
    d.write_list("order", "||b.test^\n")
    assert "list order: would no longer be blocked: what is led to by www.free.test" in d.reload()
    assert is_blocked(d, "www.free.test")


def test_exceptions_that_were_there_may_go(leading):
    d = leading
    d.write_list("order", LED["above it"])
    assert accept(d).returncode == 0
    d.reload()
    for text in (LED["itself"], "||a.test^\n"):
        d.write_list("order", text)
        assert "REFUSED" not in d.reload()
    assert is_blocked(d, "www.free.test")


@pytest.mark.parametrize("load", ["restart", "hand over"])
def test_names_around_a_dnsbl_stay_blocked_when_the_action_changes(daemon, load):
    """What an action that lists nothing may block is blocked as long as the former list stays."""
    d = daemon({"state": {"directory": "state"}, "guard": {"dnsbl-zones": ["zone.b.test"]}})
    d.add_list("order", ORDER, mandatory=True, action="nxdomain").start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    assert rcode(ask(d.address, "b.test")) == "NXDOMAIN"
    d.config["lists"][0].update(action="sinkhole", sinkhole={"ipv4": SINK})
    d.config["guard"] = {"dnsbl-zones": []}
    d.write_config()
    d.list_path("order").unlink()
    assert "REFUSED" in d.reload()
    assert blocked(d) == "abc"
    if load == "restart":
        d.restart()
    else:
        d.hand_over()
    assert blocked(d) == "abc"


@pytest.mark.parametrize("load", ["reload", "restart", "hand over"])
def test_network_around_an_address_that_has_become_ours_stays_blocked(daemon, upstream, load):
    d = daemon({"upstreams": [upstream(lambda q: q.address("203.0.113.9")).address],
                "state": {"directory": "state"}})
    d.add_list("order", "203.0.113.0/24\n203.0.114.1\n", mandatory=True, format="addresses").start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    assert is_blocked(d, "leads.test")
    d.config["lists"][0]["sinkhole"]["ipv4"] = "203.0.113.5"
    d.write_config()
    if load == "reload":
        d.reload()
    elif load == "restart":
        d.restart()
    else:
        d.hand_over()
    assert addresses(ask(d.address, "leads.test")) in ([SINK], ["203.0.113.5"])
