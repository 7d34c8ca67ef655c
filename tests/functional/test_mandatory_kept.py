# SPDX-License-Identifier: BSD-2-Clause
"""What is kept of mandatory lists, when that is not what is in force, or not where it is looked for."""
import os
import shutil
import time

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask
from harness.program import wait_until
from test_mandatory import GOOD, HEAD, ORDER, RPZ, accept, blocked, check, kept, ordered  # noqa: F401

# what can stand in the way of what is written there
OBSTACLES = {"its copy": "renamed.list.new", "its list": "renamed.list", "its record": "renamed.order"}


@pytest.mark.parametrize("broken", [False, True], ids=["", "and its file breaks"])
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_list_that_takes_the_place_of_another_and_cannot_be_kept(ordered, obstacle, broken):  # noqa: F811
    """The former one is not forgotten before the new one is kept."""
    d = ordered
    way = kept(d, OBSTACLES[obstacle])
    way.mkdir()
    (way / "there").touch()
    d.config["lists"][0]["name"] = "renamed"
    d.write_config()
    d.reload_well()
    (way / "there").unlink()
    way.rmdir()
    if broken:
        d.write_list("order", "")
        assert "REFUSED" in d.reload()
    d.stop()
    d.write_list("order", "a.test\n")
    d.start()
    assert blocked(d) == "abc"


def test_former_list_is_forgotten_once_the_new_one_is_kept(ordered):  # noqa: F811
    d = ordered
    way = kept(d, "renamed.list.new")
    way.mkdir()
    d.config["lists"][0]["name"] = "renamed"
    d.write_config()
    d.reload_well()
    assert kept(d, "order.order").exists()
    way.rmdir()
    d.reload_well()
    assert kept(d, "renamed.order").exists() and not kept(d, "order.order").exists()


def test_hand_over_to_another_state_directory_lifts_nothing(ordered):  # noqa: F811
    d = ordered
    (d.folder / "other").mkdir()
    d.config["state"] = {"directory": "other"}
    d.write_config()
    d.write_list("order", "a.test\n")
    assert "list order: REFUSED: it is mandatory" in d.hand_over()
    assert blocked(d) == "abc"
    d.restart()
    assert blocked(d) == "abc"


def test_hand_over_to_no_state_directory_fails(ordered):  # noqa: F811
    d = ordered
    d.config.pop("state")
    d.write_config()
    d.write_list("order", "a.test\n")
    assert "cannot be told what mandatory lists hold" in d.hand_over_fails()
    assert blocked(d) == "abc"


@pytest.mark.parametrize("load", ["restart", "hand over"])
def test_wildcards_hold_as_they_were_read(daemon, upstream, load):
    """Of a zone whose file is missing when the meaning of its wildcards changes."""
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address], "state": {"directory": "state"}})
    d.add_list("order", HEAD + "*.evil.test CNAME .\na.b.evil.test CNAME .\n", mandatory=True,
               wildcards="nearest", **RPZ).start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    d.config["lists"][0]["wildcards"] = "dns"
    d.write_config()
    d.list_path("order").unlink()
    d.reload()
    if load == "restart":
        d.restart()
    else:
        d.hand_over()
    assert GOOD not in addresses(ask(d.address, "x.b.evil.test"))


# ---- what asks, and what is asked, changes nothing

def contents(d):
    """Of the lists alone: the daemon writes other files all the time."""
    return {path.name: (path.read_bytes(), path.stat().st_ino) for path in kept(d, "").iterdir()
            if path.name.startswith("order")}


QUESTIONS = {
    "check": check,
    "explain": lambda d: run_daemon("-c", d.config_path, "--explain", "a.test", cwd=d.folder),
    "accept another": lambda d: accept(d, "other"),
}


@pytest.mark.parametrize("damaged", [False, True], ids=["whole", "damaged"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_question_writes_nothing_and_uses_nothing_up(ordered, question, damaged):  # noqa: F811
    d = ordered
    d.add_list("other", "other.test\n").write_config()
    d.write_list("order", "a.test\nb.test\nd.test\n")
    assert accept(d).returncode == 0
    if damaged:
        kept(d, "order.list").write_text("a.test\n")
    before = contents(d)
    assert "order.accept" in before
    QUESTIONS[question](d)
    assert contents(d) == before
    assert "was accepted" in d.reload()
    assert blocked(d) == "ab"


def test_text_that_looks_like_a_seal_damages_nothing(daemon):
    d = daemon({"state": {"directory": "state"}})
    d.add_list("order", "a.test\n", mandatory=True, authority={"case": "# what is kept of it: x"}).start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    assert "DAMAGED" not in d.restart().log()


# ---- an order that has begun, and a clock that was set back

def test_order_that_begins_while_it_is_served_has_begun_for_the_next_start(daemon):
    d = daemon({"state": {"directory": "state"}})
    begins = int(time.time()) + 3
    d.add_list("order", "a.test\n", mandatory=True,
               **{"valid-from": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begins))}).start()
    record = kept(d, "order.order")
    wait_until(record.exists, 10, "the order is kept")
    os.utime(record, (begins - 9, begins - 9))
    wait_until(lambda: record.stat().st_mtime >= begins, 20, "that it has begun is noted")


@pytest.mark.parametrize("load", ["restart", "hand over"])
def test_order_that_has_begun_stays_so_when_its_list_changes_by_a_clock_that_was_set_back(daemon, load):
    """The record's time says that it has begun, though by the clock it has not."""
    d = daemon({"state": {"directory": "state"}})
    d.add_list("order", ORDER, mandatory=True, **{"valid-from": "2100-01-01T00:00:00Z"}).start()
    wait_until(lambda: kept(d, "order.order").exists(), 10, "the order is kept")
    d.stop()
    os.utime(kept(d, "order.order"), (5e9, 5e9))
    d.start()
    assert blocked(d) == "abc"
    d.write_list("order", ORDER + "d.test\n")
    d.reload_well()
    for _ in range(2):
        if load == "restart":
            d.restart()
        else:
            d.hand_over()
        assert blocked(d) == "abc"


def cut_short(d):
    """As a load leaves it that has written the shorter record, and not yet that of the other list."""
    d.stop()
    for end in ("list", "order"):
        shutil.copy(kept(d, f"order.{end}"), kept(d, f"order~1.{end}"))
    d.write_list("order", "a.test\n")
    shutil.copy(d.list_path("order"), kept(d, "order.list"))
    kept(d, "order.order").unlink()


def test_what_was_kept_before_a_load_that_was_cut_short_stays(ordered):  # noqa: F811
    d = ordered
    cut_short(d)
    assert "list order~1" in check(d).stderr
    assert "list order~1: REFUSED: it is mandatory and no longer configured" in d.start().log()
    assert blocked(d) == "abc"
    d.reload()
    d.restart()
    assert blocked(d) == "abc"
    assert accept(d, "order~1").returncode == 0
    assert "was accepted" in d.reload()
    assert blocked(d) == "a"
    assert not list(kept(d, "").glob("*~*"))
    assert "~1" not in d.restart().log()


def test_what_was_kept_before_goes_once_lists_block_it_again(ordered):  # noqa: F811
    d = ordered
    cut_short(d)
    d.start()
    d.add_list("other", "b.test\nc.test\n", mandatory=True).write_config()
    d.reload_well()
    assert blocked(d) == "abc"
    assert not list(kept(d, "").glob("*~*"))
