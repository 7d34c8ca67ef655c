# SPDX-License-Identifier: BSD-2-Clause
"""Copies of lists that are fetched no more: kept for a month, then removed, and nothing else with them."""
import os
import signal
import time

import pytest

from harness.build import slow
from harness.client import addresses, ask
from harness.clock import Clock
from harness.control import ctl
from harness.daemon import IPV4
from harness.feed import HOST, Feed
from harness.program import wait_until

DAY = 86400
SOON = slow(10, 30)
TEXT = "".join(f"n{i}.example\n" for i in range(20))


@pytest.fixture
def served(daemon, upstream, tmp_path):
    """Two lists that are fetched, and one that is not; the first is taken out of the configuration at will."""
    feed = Feed(lambda request: request.answer(TEXT))
    clock = Clock(tmp_path, time.time())
    up = upstream(lambda q: q.address("127.0.0.1"))
    d = daemon({"upstreams": [up.address]}, environment=clock.environment)
    d.socket, d.state = d.folder / "control.sock", d.folder / "state"
    d.configure({"state": {"directory": str(d.state)}, "control": {"socket": str(d.socket)}})
    for name in ("gone", "stays"):
        d.add_list(name, url=f"http://{HOST}:{feed.port}/{name}", action="nxdomain", **{"fetch-timeout": "20s"})
        del d.config["lists"][-1]["file"]
    d.add_list("own", "own.example\n")
    d.clock, d.fetched = clock, d.state / "fetched"
    d.gone = d.config["lists"][0]
    yield d
    feed.close()


def begin(d):
    d.start()
    for name in ("gone", "stays"):
        wait_until((d.fetched / f"{name}.meta").exists, SOON, f"{name} is there")
        d.program.wait_line(f"list {name}: 20 names in force", timeout=SOON)
    wait_until(lambda: ctl(d.socket, "status").returncode == 0, SOON, "it is controlled")
    return d


def reload(d, lists=None):
    """Each has the copies looked through."""
    mark = d.program.mark()
    if lists is not None:
        d.config["lists"] = lists
        d.write_config()
    assert ctl(d.socket, "reload").returncode == 0, d.log()
    return mark


def without(d):
    return [one for one in d.config["lists"] if one["name"] != "gone"]


def files(d):
    """But for what is being written just now."""
    return sorted(path.name for path in d.fetched.iterdir() if path.suffix not in (".new", ".part"))


BOTH = ["gone.list", "gone.meta", "stays.list", "stays.meta"]
LEFT = BOTH[2:]


def take_out(d):
    mark = reload(d, without(d))
    d.program.wait_line("list gone is not fetched any more: its copy is removed in 30 days", since=mark, timeout=SOON)


def settle(d):
    """The look that the last reload had made is over when another has been."""
    for turn in range(2):
        mark = reload(d)
        d.program.wait_line("ready|reloaded|in force", since=mark, timeout=SOON)
    time.sleep(0.3)


def test_it_is_removed_after_a_month(served):
    begin(served)
    take_out(served)
    for days in (1, 15, 14):        # however often it was looked at, and started, meanwhile
        assert files(served) == BOTH
        served.clock.set(served.clock.now() + days * DAY - 60)
        served.restart()
        wait_until(lambda: ctl(served.socket, "status").returncode == 0, SOON, "it is controlled")
    settle(served)
    assert files(served) == BOTH
    served.clock.set(served.clock.now() + 300)
    mark = reload(served)
    served.program.wait_line(r"list gone: the copy of what was fetched from http://\S+/gone is removed", since=mark,
                             timeout=SOON)
    assert files(served) == LEFT
    assert addresses(ask(served.address, "own.example")) == [IPV4]


def test_who_comes_back_has_it(served):
    begin(served)
    all_lists = list(served.config["lists"])
    take_out(served)
    served.clock.set(served.clock.now() + 29 * DAY)
    reload(served, all_lists)
    wait_until(lambda: "unused" not in (served.fetched / "gone.meta").read_text(), SOON, "it is used again")
    served.clock.set(served.clock.now() + 29 * DAY)
    take_out(served)                # and its month begins anew
    settle(served)
    assert files(served) == BOTH


def test_a_clock_that_is_put_back_has_it_begin_anew(served):
    served.clock.set(served.clock.now() + 400 * DAY)
    begin(served)
    take_out(served)
    served.clock.set(time.time())
    mark = reload(served)
    served.program.wait_line("its copy is removed in 30 days", since=mark, timeout=SOON)
    assert files(served) == BOTH


def test_what_a_list_reads_stays(served):
    """By whatever path: the copy is another list's file."""
    begin(served)
    link = served.folder / "link.txt"
    link.symlink_to(served.fetched / "gone.list")
    reload(served, [*without(served), {"name": "reader", "file": str(link), "action": "nxdomain"}])
    served.clock.set(served.clock.now() + 31 * DAY)
    settle(served)
    assert files(served) == BOTH
    assert "is not fetched any more" not in served.log()


def test_an_order_that_is_not_lifted_stays(served):
    """A reload that takes away a mandatory list is refused; its copy is the list's."""
    served.gone["mandatory"] = True
    begin(served)
    lists = list(served.config["lists"])
    served.config["lists"] = without(served)
    served.write_config()
    ctl(served.socket, "reload")
    served.clock.set(served.clock.now() + 31 * DAY)
    ctl(served.socket, "reload")
    time.sleep(0.5)
    assert files(served) == BOTH
    assert "is not fetched any more" not in served.log()
    reload(served, lists)


def test_what_others_have_written_stays(served):
    begin(served)
    outside = served.folder / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious\n")
    (served.fetched / "foreign.list").write_text("foreign.example\n")
    (served.fetched / "odd.meta").write_text("x")
    (served.fetched / "odd.list").write_text("y")
    os.mkfifo(served.fetched / "pipe.meta")
    (served.fetched / "folder.meta").mkdir()
    meta = (served.fetched / "stays.meta").read_text()
    (served.fetched / "link.list").symlink_to(outside / "precious")
    (served.fetched / "link.meta").write_text(meta)
    (served.fetched / "linked.meta").symlink_to(served.fetched / "stays.meta")
    (served.fetched / "linked.list").symlink_to(served.fetched / "stays.list")
    (served.fetched / "stranger.list").write_text("z\n")
    (served.fetched / "stranger.meta").write_text(meta)
    os.utime(served.fetched / "gone.list", (1, 1))      # somebody has written to it
    before = files(served)
    reload(served, without(served))
    for _ in range(2):
        served.clock.set(served.clock.now() + 31 * DAY)
        settle(served)
    assert files(served) == before
    assert (outside / "precious").read_text() == "precious\n"
    assert "is not fetched any more" not in served.log()


def test_a_directory_elsewhere_is_not_swept(served):
    begin(served)
    elsewhere = served.folder / "elsewhere"
    served.fetched.rename(elsewhere)
    served.fetched.symlink_to(elsewhere)
    reload(served, without(served))
    served.clock.set(served.clock.now() + 31 * DAY)
    settle(served)
    assert files(served) == BOTH


def test_what_cannot_be_removed_is_told(served):
    begin(served)
    take_out(served)
    (served.fetched / "gone.meta").read_text()
    served.clock.set(served.clock.now() + 31 * DAY)
    (served.fetched / "gone.list").rename(served.folder / "aside")
    settle(served)                  # without its copy nobody knows whose the description is
    assert files(served) == ["gone.meta", *LEFT]


def test_a_clock_that_was_behind_and_is_put_right_has_it_begin_anew(served):
    """As a machine without a clock of its own starts: at first it is long ago, and then today."""
    today = time.time()
    begin(served)
    take_out(served)
    served.clock.set(today - 400 * DAY)
    mark = reload(served)
    served.program.wait_line("its copy is removed in 30 days", since=mark, timeout=SOON)
    served.clock.set(today + 60)
    settle(served)
    assert files(served) == BOTH
    served.clock.set(today + 29 * DAY)
    settle(served)
    assert files(served) == BOTH
    served.clock.set(today + 31 * DAY)
    settle(served)
    assert files(served) == LEFT


def test_what_a_list_has_read_meanwhile_has_its_month_begin_anew(served):
    """The month is counted from the last list on, whatever its name was."""
    begin(served)
    take_out(served)
    bare = list(without(served))
    reload(served, [*bare, {"name": "reader", "file": str(served.fetched / "gone.list"), "action": "nxdomain"}])
    wait_until(lambda: "unused" not in (served.fetched / "gone.meta").read_text(), SOON, "it is used again")
    served.clock.set(served.clock.now() + 31 * DAY)
    mark = reload(served, bare)
    served.program.wait_line("its copy is removed in 30 days", since=mark, timeout=SOON)
    settle(served)
    assert files(served) == BOTH


def test_what_comes_back_from_elsewhere_has_its_month_begin_anew(served):
    """The list has another URL, from which nothing comes: what it has is the copy."""
    begin(served)
    take_out(served)
    bare = list(without(served))
    other = {**served.gone, "url": "http://127.0.0.1:9/none"}
    reload(served, [other, *bare])
    wait_until(lambda: "unused" not in (served.fetched / "gone.meta").read_text(), SOON, "it is used again")
    served.clock.set(served.clock.now() + 31 * DAY)
    reload(served, bare)
    settle(served)
    assert files(served) == BOTH


@pytest.mark.parametrize("section, option", [("local", "hosts-file"), ("guard", "protected-file"),
                                             ("server", "client-names")])
def test_what_is_read_beside_lists_stays(served, section, option):
    """Without it no reload and no start would read the configuration."""
    begin(served)
    path = str(served.fetched / "gone.list")
    served.configure({section: {option: [path] if option == "client-names" else path}})
    reload(served, [one for one in served.config["lists"] if one["name"] == "own"])
    for _ in range(2):
        served.clock.set(served.clock.now() + 31 * DAY)
        settle(served)
    assert files(served)[:2] == BOTH[:2]
    assert "list gone is not fetched any more" not in served.log()


def test_a_state_directory_that_is_not_locked_is_not_swept(served):
    """It takes effect at a restart; until then it may be another daemon's."""
    begin(served)
    other = served.folder / "other"
    other.mkdir()
    served.fetched.rename(other / "fetched")
    served.configure({"state": {"directory": str(other)}})
    served.fetched = other / "fetched"
    reload(served, without(served))
    settle(served)
    served.clock.set(served.clock.now() + 31 * DAY)
    settle(served)
    assert files(served) == BOTH
    assert "is not fetched any more" not in served.log()


def test_a_file_of_which_nothing_can_be_told_may_be_the_copy(served):
    begin(served)
    loop = served.folder / "loop.txt"
    loop.symlink_to(loop)
    served.config["lists"] = [*without(served), {"name": "reader", "file": str(loop), "action": "nxdomain"}]
    served.write_config()
    for _ in range(3):
        mark = served.program.mark()
        served.program.signal(signal.SIGHUP)    # a list that cannot be read has the command fail
        served.program.wait_line(r"reload \d+ done", since=mark, timeout=SOON)
        time.sleep(0.3)
        served.clock.set(served.clock.now() + 31 * DAY)
    assert files(served) == BOTH
    assert "is not fetched any more" not in served.log()
