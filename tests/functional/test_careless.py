# SPDX-License-Identifier: BSD-2-Clause
"""A careless operator and a mandatory list: whatever becomes of its file and of what stands beside it,
its names stay blocked, over a reload and over a restart."""
import os
import shutil

import pytest

from harness.client import addresses, ask
from harness.program import wait_until

SINK, GOOD = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def ordered(daemon, upstream):
    up = upstream(lambda q: q.address(GOOD))
    d = daemon({"upstreams": [up.address], "state": {"directory": "state"}})
    d.add_list("order", "a.test\nb.test\nc.test\n", mandatory=True).start()
    d.up = up
    wait_until(lambda: (d.folder / "state" / "order.order").exists(), 10, "the order is kept")
    return d


def link(path):
    other = path.with_suffix(".other")
    other.write_text("a.test\n")
    path.symlink_to(other)


SPOILT = {
    "directory": lambda path: path.mkdir(),
    "fifo": os.mkfifo,
    "cut off": lambda path: path.write_text("a.test\nb.te"),
    "a word": lambda path: path.write_text("Forbidden"),
    "a word and a newline": lambda path: path.write_text("Forbidden\n"),
    "a name": lambda path: path.write_text("access.denied.example\n"),
    "a page": lambda path: path.write_text("<html><body>no</body></html>\n"),
    "empty": lambda path: path.write_text(""),
    "comment": lambda path: path.write_text("# nothing\n"),
    "gone": lambda path: None,
    "null": lambda path: path.symlink_to("/dev/null"),
    "zero": lambda path: path.symlink_to("/dev/zero"),
    "itself": lambda path: path.symlink_to(path.name),
    "another": link,
    "exception": lambda path: path.write_text("||a.test^\n||b.test^\n||c.test^\n@@||a.test^\n"),
}


@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
@pytest.mark.parametrize("how", SPOILT)
def test_file_is_spoilt(ordered, how, restart):
    d = ordered
    d.list_path("order").unlink()
    SPOILT[how](d.list_path("order"))
    log = d.restart().log() if restart else d.reload()
    assert "list order: REFUSED" in log, log
    for name in ("a.test", "b.test", "c.test", "www.a.test"):
        assert addresses(ask(d.address, name)) == [SINK]


def first(d, *args, **options):
    d.add_list(*args, **options).config["lists"].reverse()


def hosts(d):
    path = d.folder / "hosts"
    path.write_text(f"{GOOD} a.test www.a.test\n")
    d.config["local"] = {"hosts-file": str(path)}


def another_file(d):
    d.write_list("new", "a.test\n")
    d.config["lists"][0]["file"] = str(d.list_path("new"))


BESIDE = {
    "parent passes": lambda d: d.add_list("p", "test\n", action="pass", **{"allow-public-suffixes": True}),
    "passes": lambda d: d.add_list("p", "a.test\n", action="pass"),
    "passes first": lambda d: first(d, "p", "a.test\n", action="pass"),
    "exception": lambda d: d.add_list("p", "@@||a.test^\n@@||www.a.test^$important\n", format="adblock"),
    "tcp-only first": lambda d: first(d, "p", "a.test\n", action="tcp-only"),
    "own name": lambda d: d.config.update(local={"names": [
        {"name": "a.test", "ipv4": [GOOD]}, {"name": "www.a.test", "ipv4": [GOOD]}]}),
    "own names": lambda d: d.config.update(local={"names": [{"name": "*.a.test", "ipv4": [GOOD]}]}),
    "hosts file": hosts,
    "zone": lambda d: d.config.update(forward=[{"zone": "a.test", "upstreams": [d.up.address]}]),
    "renamed": lambda d: d.config["lists"][0].update(name="other"),
    "exact": lambda d: d.config["lists"][0].update(match="exact"),
    "tcp-only": lambda d: d.config["lists"][0].update(action="tcp-only", mandatory=False),
    "another file": another_file,
}


@pytest.mark.parametrize("restart", [False, True], ids=["reload", "restart"])
@pytest.mark.parametrize("how", BESIDE)
def test_what_stands_beside_it(ordered, how, restart):
    d = ordered
    BESIDE[how](d)
    d.write_config()
    log = d.restart().log() if restart else d.reload()
    for name in ("a.test", "www.a.test"):
        for tcp in (False, True):
            assert addresses(ask(d.address, name, tcp=tcp)) == [SINK], log
    d.reload()
    d.restart()
    assert addresses(ask(d.address, "a.test")) == [SINK]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_own_name_that_leads_to_a_listed_one(ordered, tcp):
    d = ordered
    d.config["local"] = {"names": [{"name": "own.lan", "cname": "a.test"}]}
    d.write_config()
    d.reload_well()
    assert GOOD not in ask(d.address, "own.lan", tcp=tcp).to_text()


def test_state_directory_that_was_emptied_is_told_of(ordered):
    d = ordered
    told = "list order: mandatory, and new here: state knows no earlier version"
    assert told in d.log()
    assert told not in d.restart().log()
    d.stop()
    shutil.rmtree(d.folder / "state")
    assert told in d.start().log()


def test_list_that_becomes_mandatory_without_its_file_is_known_over_a_restart(ordered):
    d = ordered
    d.add_list("late", "late.test\n").write_config()
    d.reload_well()
    wait_until(lambda: (d.folder / "state" / "late.list").exists(), 10, "it is kept")
    d.list_path("late").unlink()
    d.config["lists"][1]["mandatory"] = True
    d.write_config()
    assert "list late: REFUSED" in d.reload()
    wait_until(lambda: (d.folder / "state" / "late.order").exists(), 10, "the order is kept")
    d.config["lists"].pop()
    assert "list late: REFUSED: it is mandatory" in d.restart().log()
    assert addresses(ask(d.address, "late.test")) == [SINK]
