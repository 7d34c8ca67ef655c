# SPDX-License-Identifier: BSD-2-Clause
"""A careless operator and a mandatory list: whatever becomes of its file and of what stands beside it,
its names stay blocked, over a reload and over a restart."""
import os
import shutil

import pytest

from harness.build import run_daemon
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


# ---- a disk that damages what is kept

def blocked(d):
    return "".join(x for x in "abc" if addresses(ask(d.address, f"{x}.test")) == [SINK])


def damage(d, edit):
    kept = d.folder / "state" / "order.list"
    kept.write_bytes(edit(kept.read_bytes()))


@pytest.mark.parametrize("load", ["restart", "hand over"])
def test_bit_of_what_is_kept_flips_and_the_file_is_as_it_was(ordered, load):
    d = ordered
    if load == "restart":
        d.stop()
    damage(d, lambda kept: kept.replace(b"b.test", b"j.test"))
    if load == "restart":
        d.start()
    else:
        d.hand_over()
    assert "error: state/order.list: DAMAGED" in d.log()
    assert blocked(d) == "abc"
    assert addresses(ask(d.address, "j.test")) == [SINK], "it is not known which of them was meant"
    d.restart()
    assert blocked(d) == "abc"
    done = run_daemon("-c", d.config_path, "--accept", "order.damaged", cwd=d.folder)
    assert done.returncode == 0, done.stderr
    d.reload()
    assert blocked(d) == "abc"
    assert addresses(ask(d.address, "j.test")) == [GOOD]
    assert "DAMAGED" not in d.restart().log()
    assert blocked(d) == "abc"


def test_what_is_kept_is_cut_off_and_the_file_is_shorter(ordered):
    d = ordered
    d.stop()
    damage(d, lambda kept: kept[:7])
    d.write_list("order", "b.test\nc.test\n")
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    assert done.returncode == 1 and "DAMAGED" in done.stderr
    d.start()
    for _ in range(3):
        assert blocked(d) == "abc"
        d.restart()


@pytest.mark.parametrize("file", ["<html>\n", "a.test\n"])
def test_what_is_kept_is_damaged_and_the_file_is_no_list(ordered, file):
    d = ordered
    d.stop()
    damage(d, lambda kept: kept.replace(b"c.test", b"k.test"))
    d.write_list("order", file)
    for _ in range(3):
        d.start()
        assert blocked(d) == "ab"
        assert addresses(ask(d.address, "k.test")) == [SINK]
        d.stop()


def test_record_without_a_seal_is_as_good(ordered):
    d = ordered
    d.stop()
    record = d.folder / "state" / "order.order"
    record.write_text("".join(x for x in record.read_text().splitlines(True) if "kept of it" not in x))
    d.write_list("order", "a.test\n")
    d.start()
    assert "DAMAGED" not in d.log() and "list order: REFUSED: it is mandatory" in d.log()
    assert blocked(d) == "abc"


@pytest.mark.parametrize("file", ["a.test\n", "<html>\n"])
def test_state_directory_is_another_while_the_file_is_spoilt(ordered, file):
    d = ordered
    d.write_list("order", file)
    d.configure({"state": {"directory": "elsewhere"}})
    assert "list order: REFUSED" in d.reload()
    assert blocked(d) == "abc"
    d.write_list("order", "a.test\n")
    for _ in range(2):
        assert "list order: REFUSED: it is mandatory" in d.restart().log()
        assert blocked(d) == "abc"
