# SPDX-License-Identifier: BSD-2-Clause
"""What operators do while another process takes over: nothing that was told to be done is lost or done twice, nobody
waits for what does not come, and no block is lifted."""
import calendar
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

from harness import faults
from harness.build import daemon_path, slow
from harness.client import addresses, ask, query, rcode, udp_socket
from harness.clock import Clock
from harness.control import ask_port, ask_socket, ctl
from harness.ports import free_port
from harness.program import Heir, wait_until

NOON = calendar.timegm((2026, 11, 30, 12, 0, 0))       # a Monday
SINK, GOOD, KID = "192.0.2.1", "198.51.100.7", "127.0.0.33"
SAID = [["block", "said.test"], ["unblock", "ads.test"], ["withdraw", "before.test"], ["list", "off", "ads", "--for", "1h"],
        ["list", "on", "ads"], ["flush", "all"], ["flush", "cached.test"], ["reload"], ["reload", "--dry-run"],
        ["reload", "--back"], ["fetch"], ["log-level", "debug"]]
HOLDING = """#!/bin/sh
while [ -e {hold} ]; do sleep 0.05; done
exec {program} "$@"
"""


@pytest.fixture
def served(daemon, upstream, tmp_path):
    """Its successor waits before it loads, while there is a file `hold`."""
    def make(config=None, state=True, clock=None):
        up = upstream(lambda q: q.reply(f"{q.name} 3600 IN A {GOOD}"))
        d = daemon({"upstreams": [up.address], **(config or {})}, environment=clock.environment if clock else None)
        d.up = up
        d.socket, d.hold = tmp_path / "control.sock", tmp_path / "hold"
        d.configure({"control": {"socket": str(d.socket)}})
        if state:
            d.configure({"state": {"directory": str(tmp_path / "state")}})
        d.add_list("court", "order.test\n", mandatory=True)
        d.add_list("ads", "ads.test\nads2.test\n")
        d.binary = tmp_path / "bin" / "sinkholed"
        d.binary.parent.mkdir()
        shutil.copy2(daemon_path(), d.binary)
        d.start()
        d.binary.unlink()
        d.binary.write_text(HOLDING.format(hold=d.hold, program=daemon_path()))
        d.binary.chmod(0o755)
        await_control(d)
        return d
    return make


def begin(d):
    d.hold.touch()
    return d.begin_hand_over()


def end(d, mark):
    d.hold.unlink()
    d.end_hand_over(mark)
    await_control(d)


def await_control(d):
    wait_until(lambda: ctl(d.socket, "status").returncode == 0, slow(10, 30), "the socket is served")


def said(d, *words):
    done = ctl(d.socket, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_blocked(d, name):
    """By a list, or by command."""
    answer = ask(d.address, name)
    return addresses(answer) == [SINK] or rcode(answer) == "NXDOMAIN"


def test_what_would_be_lost_is_refused(served):
    d = served()
    said(d, "block", "before.test")
    assert not is_blocked(d, "cached.test")
    pid, mark = begin(d)
    for words in SAID:
        done = ctl(d.socket, *words)
        assert done.returncode == 1 and "hands over" in done.stderr, (words, done.stdout, done.stderr)
    for words in ("status", "lists", "stats", "manual", "explain order.test", "clients", "receipts court", "audit"):
        assert ctl(d.socket, *words.split()).returncode == 0, words
    end(d, mark)
    assert "reload 2" not in d.log(mark) and " flushed" not in d.log(mark)
    assert [is_blocked(d, name) for name in ("before.test", "order.test", "ads.test", "said.test")] == [
        True, True, True, False]
    for words in SAID:
        done = ctl(d.socket, *words)
        assert "hands over" not in done.stderr, (words, done.stderr)


def test_what_failed_is_said_again(served):
    d = served()
    pid, mark = begin(d)
    assert ctl(d.socket, "block", "said.test").returncode == 1
    os.kill(pid, signal.SIGKILL)
    d.hand_over_fails(mark)
    said(d, "block", "said.test")
    said(d, "reload")
    assert is_blocked(d, "said.test")


@pytest.mark.parametrize("words", [["reload"], ["reload", "--back"], ["reload", "--dry-run"]], ids=" ".join)
def test_who_waits_for_a_reload_hears_of_its_end(served, words):
    """Its program is stopped while the reload ends and another process, which counts its own, takes over."""
    d = served()
    for _ in range(3):
        said(d, "reload")
        said(d, "reload", "--dry-run")
    d.write_list("ads", "ads.test\n" + "".join(f"n{i}.test\n" for i in range(1000)))
    mark = d.program.mark()
    asking = subprocess.Popen([daemon_path().parent / "sinkholectl", "--socket", str(d.socket), *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        d.program.wait_line("^control: reloading", mark)
        asking.send_signal(signal.SIGSTOP)
        d.hand_over()
        await_control(d)
        asking.send_signal(signal.SIGCONT)
        out, _ = asking.communicate(timeout=slow(10, 30))
    finally:
        asking.kill()
        asking.wait()
    assert asking.returncode == (1 if "--dry-run" in words else 0), out
    assert ("no dry run" if "--dry-run" in words else "names in force") in out


def test_a_dry_run_asked_for_in_the_last_moment_changes_nothing(served):
    """The request has come, and the signal; whichever is looked at first."""
    d = served()
    d.write_list("ads", "ads.test\nads2.test\nnew.test\n")
    for _ in range(2):
        mark = d.program.mark()
        d.program.signal(signal.SIGSTOP)
        asking = threading.Thread(target=ctl, args=(d.socket, "reload", "--dry-run"))
        asking.start()
        d.program.signal(signal.SIGUSR2)
        Heir.adopt()
        d.program.signal(signal.SIGCONT)
        d.end_hand_over(mark)
        asking.join()
        await_control(d)
        assert "reload 2" not in d.log(mark)


@pytest.mark.parametrize("state", [True, False], ids=["a disk that takes nothing", "no state directory"])
def test_what_no_disk_keeps_is_handed_on(served, tmp_path, state):
    """That it holds until the next restart was told; a hand-over is none."""
    d = served(state=state)
    if state:
        said(d, "block", "withdrawn.test")
        said(d, "unblock", "ads2.test")
        os.mkdir(tmp_path / "state" / "manual.json.new")    # nothing can be written there
    for words in (["block", "said.test"], ["unblock", "ads.test"], *([["withdraw", "ads2.test"]] if state else [])):
        assert not json.loads(said(d, "--json", *words))["kept"]
    for _ in range(2):
        d.hand_over()
        assert [is_blocked(d, name) for name in ("said.test", "ads.test", "ads2.test")] == [True, False, True]
    await_control(d)
    if state:   # and is kept as soon as the disk takes it
        os.rmdir(tmp_path / "state" / "manual.json.new")
        said(d, "block", "more.test")
        d.restart()
        assert [is_blocked(d, name) for name in ("said.test", "ads.test", "ads2.test")] == [True, False, True]


def test_hours_begin_and_orders_come_into_force_meanwhile(served, tmp_path):
    clock = Clock(tmp_path, NOON)
    d = served(clock=clock)
    d.configure({"groups": [{"name": "kids", "clients": ["127.0.0.32/27"], "schedule": [
        {"from": "12:30", "to": "22:00", "time-zone": "UTC", "lists": ["adult"]}]}]})
    d.add_list("adult", "adult.test\n", **{"groups-only": True})
    d.add_list("later", "later.test\n", mandatory=True, **{"valid-from": "2026-11-30T12:20:00Z"})
    d.write_config()
    d.reload_well()
    said(d, "block", "said.test", "--until", "2026-11-30T12:10:00Z")
    assert addresses(ask(d.address, "adult.test", source=KID)) == [GOOD] and not is_blocked(d, "later.test")
    pid, mark = begin(d)
    clock.set(NOON + 31 * 60)
    wait_until(lambda: addresses(ask(d.address, "adult.test", source=KID)) == [SINK], slow(5, 20), "the hours begin")
    wait_until(lambda: is_blocked(d, "later.test"), slow(5, 20), "the order is in force")
    end(d, mark)
    assert addresses(ask(d.address, "adult.test", source=KID)) == [SINK] and is_blocked(d, "later.test")
    wait_until(lambda: not is_blocked(d, "said.test"), slow(5, 20), "what was said has ended")
    assert d.log(mark).count("ended: block said.test") == 1


def test_somebody_answers_all_the_while(served):
    """By the socket, and by TCP: what only looks is answered by the one process or the other."""
    d = served({"metrics": {"listen": [f"127.0.0.1@{free_port()}"]}})
    port = int(d.config["metrics"]["listen"][0].split("@")[1])
    ended, failed, asked = threading.Event(), [], [0, 0]

    def look(which, ask_it):
        while not ended.is_set():
            try:
                assert ask_it()[0] == 200
                asked[which] += 1
            except (FileNotFoundError, ConnectionRefusedError) as error:
                failed.append(repr(error))
            except (ConnectionError, http.client.HTTPException):
                pass    # it had come to the process that ended just then
            time.sleep(0.002)
    threads = [threading.Thread(target=look, args=(0, lambda: ask_socket(d.socket, "GET", "/v1/status"))),
               threading.Thread(target=look, args=(1, lambda: ask_port(port, "GET", "/metrics")))]
    for t in threads:
        t.start()
    try:
        for _ in range(3):
            d.hand_over()
    finally:
        ended.set()
        for t in threads:
            t.join()
    assert not failed and min(asked) > 10


def test_the_lock_goes_over_while_questions_are_in_flight(served, tmp_path):
    """The process before has them answered, and has the state directory no more; it is the new one's from the start."""
    d = served({"server": {"drain-timeout": "5s"}})
    d.up.script = faults.silent
    lock = tmp_path / "state" / "state.lock"
    with udp_socket(d.address) as s:
        s.send(query("silent.test").to_wire())
        wait_until(lambda: d.counted("forwarded") > 0, slow(5, 20), "it is asked")
        pid, mark = d.begin_hand_over()
        d.program.wait_line("^hand-over: process .* serves", mark, slow(20, 60))
        wait_until(lambda: lock.read_text() == f"{pid}\n", 1.5, "the lock is the new one's")
        assert d.program.running()
        d.up.script = lambda q: q.reply(f"{q.name} 60 IN A {GOOD}")
        d.end_hand_over(mark)
    assert "has this state.directory" not in d.log(mark)


def test_files_do_not_pile_up(served):
    """Nor those of libraries, which are not closed by themselves when another program is begun."""
    d = served()
    first = len(os.listdir(f"/proc/{d.program.pid}/fd"))
    for _ in range(2):
        d.hand_over()
        await_control(d)
    wait_until(lambda: len(os.listdir(f"/proc/{d.program.pid}/fd")) <= first, slow(5, 20), "there are as many as before")


def test_a_watcher_sees_what_comes_behind_it(served):
    d = served()
    watching = subprocess.Popen([daemon_path().parent / "sinkholectl", "--socket", str(d.socket), "--json", "watch"],
                                stdout=subprocess.PIPE, text=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(watching.stdout), daemon=True)
    reader.start()
    try:
        wait_until(lambda: (ask(d.address, "before.test"), any("before.test" in x for x in lines))[1], slow(10, 30),
                   "it sees queries")
        d.hand_over()
        await_control(d)
        wait_until(lambda: watching.poll() is not None or (ask(d.address, "behind.test"),
                                                          any("behind.test" in x for x in lines))[1],
                   slow(10, 30), "it sees those of the new process, or ends")
    finally:
        watching.kill()
        watching.wait()
