# SPDX-License-Identifier: BSD-2-Clause
"""An upgrade while running: a new process takes the sockets and the cache over, and no query is
lost; what goes wrong before changes nothing."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import dns.edns
import pytest

from harness import faults, namespace
from harness.build import daemon_path, slow
from harness.client import (addresses, ask, exchange, frame, is_closed, query, read_frame,
                            run_client, tcp_socket, udp_socket)
from harness.daemon import IPV4
from harness.program import Heir, is_stopped, wait_until
from harness.steady import asking
from harness.upstream import COOKIE, ELSEWHERE, Later

NAMES = ["blocked.test", "own.test", *[f"cached{i}.test" for i in range(50)]]


@pytest.fixture
def served(daemon, upstream):
    """A daemon with a blocked name, one of its own, and cached ones whose upstream is dead."""
    def make(config=None, start=True, **options):
        up = upstream(lambda q: q.address(IPV4))
        d = daemon({"upstreams": [up.address], **(config or {}),
                    "local": {"names": [{"name": "own.test", "ipv4": [IPV4]}],
                              "special-use": False}}, **options)
        d.add_list("one", "blocked.test\n")
        if start:
            d.start()
            for name in NAMES:
                assert addresses(ask(d.address, name)) == [IPV4]
            up.script = faults.silent
        return d
    return make


# ---- nothing is lost

def test_ten_in_a_row_lose_nothing(served, tmp_path):
    d = served()
    with asking(d.address, tmp_path, NAMES, expect=IPV4) as steady:
        for _ in range(10):
            d.hand_over()
            assert steady.running()
    assert d.counted("forwarded") == 0      # the cache came along


@pytest.mark.parametrize("before, after", [(4, 1), (1, 4), (3, 2)])
def test_workers_may_be_more_or_fewer(served, tmp_path, before, after):
    d = served({"server": {"workers": before}})
    with asking(d.address, tmp_path, NAMES, expect=IPV4):
        for number in (after, before, after):
            d.configure({"server": {"workers": number}})
            d.hand_over()
    for name in NAMES:
        assert addresses(ask(d.address, name, tcp=True)) == [IPV4]


def test_addresses_may_come_and_go(served, tmp_path):
    d = served()
    listen = d.config["server"]["listen"]
    with asking(d.address, tmp_path, NAMES, expect=IPV4):
        for other in (f"127.0.0.7@{d.port}", f"127.0.0.8@{d.port}"):
            d.configure({"server": {"listen": [other, listen[0]]}})
            d.hand_over()
            assert addresses(ask((other.split("@")[0], d.port), "blocked.test")) == [IPV4]
    with pytest.raises(ConnectionError), tcp_socket(("127.0.0.7", d.port)):
        pass


def test_questions_under_way_are_answered_by_the_process_that_asked(daemon, upstream):
    up = upstream(lambda q: Later(1.5, q.address()))
    d = daemon({"upstreams": [up.address], "server": {"drain-timeout": 0}}).start()
    answers = []
    clients = [threading.Thread(target=lambda i=i: answers.append(
        addresses(ask(d.address, f"n{i}.test", tcp=i % 2 == 1)))) for i in range(6)]
    for c in clients:
        c.start()
    for i in range(6):
        up.wait_asked(1, f"n{i}.test.")
    d.hand_over()
    for c in clients:
        c.join()
    assert answers == [[ELSEWHERE]] * 6


def test_tcp_clients_are_not_turned_away(served):
    """Those that come at any time are answered, by the one or the other."""
    d = served()
    ended, failures, count = threading.Event(), [], [0]

    def client():
        while not ended.is_set():
            try:
                if addresses(ask(d.address, "blocked.test", tcp=True)) != [IPV4]:
                    failures.append("wrong")
            except (OSError, EOFError) as error:
                failures.append(repr(error))
            count[0] += 1
    clients = [threading.Thread(target=client) for _ in range(4)]
    for c in clients:
        c.start()
    for _ in range(5):
        d.hand_over()
    ended.set()
    for c in clients:
        c.join()
    assert count[0] > 20 and not failures, (count, failures[:5])


def test_idle_connections_are_closed_and_busy_ones_after_their_answer(daemon, upstream):
    up = upstream(lambda q: Later(2, q.address()))
    d = daemon({"upstreams": [up.address]}).add_list("one", "blocked.test\n").start()
    with tcp_socket(d.address) as idle, tcp_socket(d.address) as busy:
        idle.sendall(frame(query("blocked.test")))
        assert read_frame(idle)
        busy.sendall(frame(query("n.test")))
        wait_until(lambda: up.count("n.test."), 10, "it is asked for")
        d.hand_over()
        assert read_frame(busy) and is_closed(busy) and is_closed(idle)


def test_cookies_are_still_taken(served):
    d = served()
    client = b"12345678"

    def cookie(octets):
        answer = exchange(d.address, query("blocked.test", edns=True, options=[
            dns.edns.GenericOption(COOKIE, octets)]))
        return next(o.to_wire() for o in answer.options if o.otype == COOKIE)
    whole = cookie(client)
    assert len(whole) == 24
    d.hand_over()
    # a good one that is young is given again, of another secret none would be the same
    assert cookie(whole) == whole


def test_nothing_is_left_behind(served):
    """Files, the environment, and lines of the log that would be of a failure."""
    d = served()
    files = len(os.listdir(f"/proc/{d.program.pid}/fd"))
    for _ in range(3):
        log = d.hand_over()
        assert not re.search("^(error|warning)", log, re.M)
    wait_until(lambda: len(os.listdir(f"/proc/{d.program.pid}/fd")) <= files + 1, 10,
               "no more files are open than before")


def test_reload_after_it(served):
    d = served()
    d.hand_over()
    d.write_list("one", "blocked.test\nmore.test\n")
    d.reload_well()
    assert addresses(ask(d.address, "more.test")) == [IPV4]


# ---- what goes wrong

@pytest.fixture
def own_binary(served, tmp_path):
    """A daemon whose program can be exchanged; it takes no second of the others' time to fail."""
    def make(config=None):
        d = served(config or {"server": {"handover-timeout": "2s", "drain-timeout": 0}}, start=False)
        d.binary = tmp_path / "bin" / "sinkholed"
        d.binary.parent.mkdir()
        shutil.copy2(daemon_path(), d.binary)
        return d.start()
    return make


def exchange_binary(d, script):
    """As an installation does: the file is another one of the same name."""
    d.binary.unlink()
    if script is not None:
        d.binary.write_text(script)
        d.binary.chmod(0o755)


@pytest.mark.parametrize("script, why", [
    (None, "No such file or directory"),
    ("", "(Exec format error|ended with status)"),
    ("#!/bin/sh\nexit 3\n", "the new process ended with status 3"),
    ("#!/bin/sh\nkill -SEGV $$\n", "the new process was ended by signal 11"),
    ("#!/bin/sh\nexec sleep 1000\n", r"did not come up in time \(server.handover-timeout\)"),
    ("#!/bin/sh\nexec 3>&-\nexec sleep 1000\n", "the new process was ended by signal 9"),
    ("#!/bin/sh\necho nonsense >&3\nexec sleep 1000\n", "says what is not understood"),
], ids=["gone", "empty", "fails", "crashes", "hangs", "hangs up", "raves"])
def test_program_that_does_not_come_up(own_binary, tmp_path, script, why):
    d = own_binary()
    with asking(d.address, tmp_path, ["blocked.test", "own.test"], expect=IPV4):
        exchange_binary(d, script)
        log = d.hand_over_fails()
        assert re.search(why, log), log
        d.binary.unlink(missing_ok=True)
        shutil.copy2(daemon_path(), d.binary)
        d.hand_over()       # and the next one is well
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]


def test_configuration_that_is_wrong(served):
    d = served()
    d.config_text = "server: {listen: nowhere}\n"
    d.write_config()
    log = d.hand_over_fails()
    assert "server.listen" in log and "ended with status 1" in log
    d.config_text = None
    d.write_config()
    d.hand_over()


def test_mandatory_list_that_is_gone(served):
    d = served()
    d.config["lists"][0]["mandatory"] = True
    d.write_config()
    d.list_path("one").unlink()
    d.hand_over_fails()
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]


def test_address_that_is_taken(served):
    d = served()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.9", d.port))
        d.configure({"server": {"listen": [*d.config["server"]["listen"], f"127.0.0.9@{d.port}"]}})
        log = d.hand_over_fails()
    assert f"cannot listen on 127.0.0.9@{d.port} (UDP): Address already in use; another program has it" in log
    d.hand_over()
    assert addresses(ask(("127.0.0.9", d.port), "blocked.test")) == [IPV4]


def test_few_files(served):
    """No process can be started where no file can be opened; clients go on being served."""
    d = served(start=False)
    d.start(["prlimit", "--nofile=300"])
    held = [socket.create_connection(d.address, 5) for _ in range(100)]
    d.hand_over()
    for s in held:
        s.close()
    assert addresses(ask(d.address, "blocked.test", tcp=True)) == [IPV4]


# ---- signals while it is under way

HALTS = f"#!/bin/sh\nkill -STOP $$\nexec {shlex.quote(str(daemon_path()))} \"$@\"\n"


@pytest.fixture
def halted(own_binary):
    """A daemon whose successor has stopped itself at its beginning."""
    def make(config=None):
        d = own_binary(config or {"server": {"handover-timeout": "60s"}})
        exchange_binary(d, HALTS)
        pid, mark = d.begin_hand_over()
        wait_until(lambda: is_stopped(pid), 20, "it is stopped")
        return d, pid, mark
    return make


def test_sighup_is_for_the_new_process(halted):
    d, pid, mark = halted()
    d.write_list("one", "blocked.test\nmore.test\n")
    d.program.signal(signal.SIGHUP)
    d.program.wait_line("^SIGHUP: reloading", mark)
    os.kill(pid, signal.SIGCONT)
    d.end_hand_over(mark)
    d.program.wait_line("^reload 2 done", mark)
    assert d.log(mark).count("SIGHUP: reloading") == 2
    assert addresses(ask(d.address, "more.test")) == [IPV4]


def test_sighup_is_made_up_for_when_it_fails(halted):
    d, pid, mark = halted()
    d.write_list("one", "blocked.test\nmore.test\n")
    d.program.signal(signal.SIGHUP)
    d.program.wait_line("^SIGHUP: reloading", mark)
    os.kill(pid, signal.SIGKILL)
    d.hand_over_fails(mark)
    d.program.wait_line("^reload 2 done", mark)
    assert addresses(ask(d.address, "more.test")) == [IPV4]


def test_one_at_a_time(halted):
    d, pid, mark = halted()
    d.program.signal(signal.SIGUSR2)
    d.program.wait_line(f"^a hand-over is under way already: process {pid} loads", mark)
    os.kill(pid, signal.SIGCONT)
    d.end_hand_over(mark)
    assert d.log(mark).count(" loads") == 2


def test_new_process_is_killed_again_and_again(served):
    """At whatever stage, and with reloads asked for all the while: the one before goes on."""
    d = served()
    d.write_list("one", "blocked.test\n" + "".join(f"n{i}.test\n" for i in range(200000)))
    for delay in (0, 0.005, 0.01, 0.02, 0.03, 0.05):
        pid, mark = d.begin_hand_over()
        for _ in range(5):
            d.program.signal(signal.SIGHUP)
            time.sleep(delay / 5)
        os.kill(pid, signal.SIGKILL)
        came = d.program.wait_line("^(error: hand-over FAILED|hand-over: process [0-9]+ serves)", mark)
        if "serves" in came.group(1):
            # it was quick, or we slow: it was killed when it served alone
            assert d.program.wait_end() == 0
            os.waitpid(pid, 0)      # it has the sockets until it is gone
            d.start()
            return
        assert addresses(ask(d.address, "blocked.test")) == [IPV4]
        d.program.wait_line("^reload .* done", mark)
    d.hand_over()
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]


def test_end_while_it_is_under_way(halted):
    d, pid, mark = halted()
    d.stop()
    assert "hand-over given up" in d.log(mark)
    assert not os.path.exists(f"/proc/{pid}")


def test_counters_while_it_is_under_way(halted):
    d, pid, mark = halted()
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]
    assert d.counted("blocked_name") == 1
    os.kill(pid, signal.SIGCONT)
    d.end_hand_over(mark)


def test_process_before_that_dies(halted):
    """The new one serves all the same: it has the sockets."""
    d, pid, mark = halted()
    d.program.signal(signal.SIGKILL)
    assert d.program.wait_end() == -signal.SIGKILL
    d.program = Heir(d.program, pid)
    os.kill(pid, signal.SIGCONT)
    d.program.wait_line("the process before is gone: going on without its cache", mark)
    wait_until(d.listens_to_signals, 20, "it listens to signals")
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]
    d.hand_over()


def test_load_under_way_comes_first(served):
    d = served()
    d.write_list("one", "blocked.test\n" + "".join(f"n{i}.test\n" for i in range(slow(200000, 20000))))
    mark = d.program.mark()
    d.program.signal(signal.SIGHUP)
    d.program.wait_line("^SIGHUP: reloading", mark)
    d.program.signal(signal.SIGUSR2)
    d.end_hand_over(mark)
    log = d.log(mark)
    assert log.index("reload 2 done") < log.index(" loads\n")
    assert addresses(ask(d.address, "n7.test")) == [IPV4]


def test_reloads_that_are_asked_for_all_the_time_do_not_keep_it_from_beginning(served):
    d = served()
    d.write_list("one", "blocked.test\n" + "".join(f"n{i}.test\n" for i in range(slow(200000, 30000))))
    before, over = d.program.pid, threading.Event()

    def storm():
        while not over.wait(0.002):
            os.kill(before, signal.SIGHUP)

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        d.program.wait_line("^SIGHUP: reloading")
        mark = d.begin_hand_over()[1]
    finally:
        over.set()
        thread.join()
    d.end_hand_over(mark)
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]


def test_lists_that_are_watched(halted):
    """One that changes while the new process loads is read by that one."""
    d, pid, mark = halted({"watch": True})
    d.write_list("one", "blocked.test\nmore.test\n")
    d.program.wait_line("has changed: reloading", mark)
    os.kill(pid, signal.SIGCONT)
    d.end_hand_over(mark)
    wait_until(lambda: addresses(ask(d.address, "more.test")) == [IPV4], 20, "it is blocked")
    d.write_list("one", "blocked.test\nmost.test\n")
    wait_until(lambda: addresses(ask(d.address, "most.test")) == [IPV4], 20, "it is blocked")


def test_state_directory_is_shared(served, tmp_path):
    d = served({"state": {"directory": str(tmp_path / "state")}})
    for number in range(3):
        d.write_list("one", f"blocked.test\nv{number}.test\n")
        d.hand_over()
        assert (tmp_path / "state" / "one.list").read_text() == f"blocked.test\nv{number}.test\n"
    # but for what is written just now
    wait_until(lambda: not list((tmp_path / "state").glob("*.new")), 20, "nothing is left behind")
    d.stop()
    assert (tmp_path / "state" / "cache.dump").exists()


# ---- without privileges

@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be started as root")
def test_privileged_port_is_inherited(open_folder, daemon):
    """The user that the daemon has become may not bind it."""
    folder = open_folder
    d = daemon({"server": {"user": "nobody", "workers": 1}},
               environment={"ASAN_OPTIONS": "detect_leaks=0"})
    d.folder = d.cwd = folder
    d.config_path = folder / "sinkholed.yaml"
    d.binary = folder / "sinkholed"
    shutil.copy2(daemon_path(), d.binary)
    d.binary.chmod(0o755)
    d.configure({"server": {"listen": ["127.0.0.1@53"]}})
    d.add_list("one", "a.test\n").start(namespace.with_addresses("127.0.0.2/8"))
    for workers in (1, 3):  # more than there are sockets: they share
        d.configure({"server": {"workers": workers}})
        d.hand_over()
        assert f"Uid:\t{65534}" in open(f"/proc/{d.program.pid}/status").read()
        for tcp in ([], ["+tcp"]):
            done = run_client([*namespace.joined(d.program.pid), "dig", "-r", "@127.0.0.1",
                               "+short", *tcp, "a.test"])
            assert done.stdout == f"{IPV4}\n"
    d.configure({"server": {"listen": ["127.0.0.1@53", "127.0.0.2@53"]}})
    assert ("cannot listen on 127.0.0.2@53 (UDP): Permission denied; ports below 1024 are for "
            "root") in d.hand_over_fails()
    d.stop()


# ---- systemd

def test_service_manager_is_told(served, manager):
    d = served(environment=manager.environment)
    for count in (1, 2):
        d.hand_over()
        manager.wait_for("MAINPID", count)
        assert manager.main_pid == d.program.pid
    manager.wait_for("READY", 5)    # once more of each that serves
    assert not manager.said("STOPPING")


def test_restart_loses_nothing_while_the_sockets_are_kept(served, manager, tmp_path):
    d = served(environment=manager.environment)
    manager.wait_for("FDSTORE")
    kept = len(manager.store)
    assert kept == 2 * 2 * 2        # workers, addresses, UDP and TCP
    d.program.wait_line(r"^restart: the sockets are kept meanwhile; each has room for \d+ queries")
    with asking(d.address, tmp_path, ["blocked.test", "own.test"], expect=IPV4):
        for _ in range(5):
            d.stop()
            waiting = socket.create_connection(d.address, 5)    # accepted by the next one
            manager.start(d)
            with waiting as s:
                s.sendall(frame(query("blocked.test")))
                assert read_frame(s)
    assert len(manager.store) == kept


def test_hand_over_and_restart_by_turns(served, manager, tmp_path):
    d = served(environment=manager.environment)
    with asking(d.address, tmp_path, ["blocked.test", "own.test"], expect=IPV4):
        for _ in range(3):
            manager.wait_for("FDSTORE")
            d.hand_over()
            d.stop()
            manager.start(d)
    assert len(manager.store) == 8


def test_kept_sockets_do_not_stand_in_the_way(served, manager):
    """All addresses instead of one: they cannot be bound before the one is let go."""
    d = served(environment=manager.environment)
    manager.wait_for("FDSTORE")
    d.stop()
    d.configure({"server": {"listen": [f"0.0.0.0@{d.port}"]}})
    manager.start(d)
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]
    assert manager.said("FDSTOREREMOVE") == ["1"] and manager.said("BARRIER") == ["1"]
    wait_until(lambda: len(manager.store) == 4, 10, "the new ones are kept")
    d.stop()
    manager.start(d)
    assert addresses(ask(("127.0.0.5", d.port), "blocked.test")) == [IPV4]


def test_sockets_that_the_service_manager_has_bound(served, manager):
    """systemd.socket(5): one each, which the workers share where no other can be bound."""
    d = served(start=False, environment=manager.environment)
    d.configure({"server": {"listen": [f"127.0.0.1@{d.port}"]}})
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as s:
            s.bind(d.address)
            if kind == socket.SOCK_STREAM:
                s.listen(5)
            manager.store.append(os.dup(s.fileno()))
    manager.start(d)
    for tcp in (False, True):
        for _ in range(10):
            assert addresses(ask(d.address, "blocked.test", tcp=tcp)) == [IPV4]


def test_other_things_that_are_passed_are_left_alone(served, manager, tmp_path):
    d = served(start=False, environment=manager.environment)
    manager.store += [os.open(tmp_path, os.O_RDONLY), *os.pipe()]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        manager.store.append(os.dup(s.fileno()))
    manager.start(d)
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]


def test_queries_lost_over_a_restart_are_told(served, manager):
    d = served(environment=manager.environment)
    manager.wait_for("FDSTORE")
    d.stop()
    d.write_list("one", "blocked.test\n" + "".join(f"n{i}.test\n" for i in range(300000)))
    wire, ended = query("blocked.test").to_wire(), threading.Event()

    def flood():
        with udp_socket(d.address) as s:    # one socket: they all go to one of ours
            while not ended.is_set():
                s.send(wire)
    sender = threading.Thread(target=flood)
    sender.start()
    try:
        manager.start(d)
    finally:
        ended.set()
        sender.join()
    lost = d.program.wait_line(r"^warning: restart: (\d+) queries were lost")
    assert int(lost.group(1)) > 100
    counted = d.counted("kernel_drops")     # of the daemon that was slower than the flood
    assert f"restart: {lost.group(1)} queries were lost" not in d.hand_over()
    assert d.counted("kernel_drops") <= counted


def test_log_that_nobody_reads_any_more(served, manager):
    """Its pipe is closed: the new process can be told from systemd's words alone."""
    d = served(start=False, environment=manager.environment)
    d.write_config()
    Heir.adopt()
    process = subprocess.Popen([str(daemon_path()), "-c", str(d.config_path)], cwd=d.folder,
                               env={**os.environ, **d.environment}, stderr=subprocess.PIPE)
    process.stderr.readline()
    process.stderr.close()
    manager.wait_for("READY")
    process.send_signal(signal.SIGUSR2)
    manager.wait_for("MAINPID")
    assert process.wait(20) == 0
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]
    os.kill(manager.main_pid, signal.SIGTERM)
    assert os.waitpid(manager.main_pid, 0)[1] == 0
