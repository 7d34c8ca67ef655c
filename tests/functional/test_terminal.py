# SPDX-License-Identifier: BSD-2-Clause
"""What a person at a terminal is told that a log file is not."""
import os
import pty
import re
import shlex
import signal
import subprocess
import threading

import pytest

from harness.build import daemon_path, slow
from harness.client import addresses, ask, run_client
from harness.daemon import IPV4 as SINK
from harness.program import wait_until


class Terminal:
    """The daemon with a terminal for its log, and what it has written there."""

    def __init__(self, daemon, **environment):
        daemon.write_config()
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [str(daemon_path()), "-c", str(daemon.config_path)], cwd=daemon.cwd, stderr=theirs,
            stdin=subprocess.DEVNULL, env={**os.environ, **environment})
        os.close(theirs)
        self.terminal = ours
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                data = os.read(self.terminal, 4096)
            except OSError:         # it has ended
                return
            self.text += data.decode()

    def wait(self, pattern):
        return wait_until(lambda: re.search(pattern, self.text, re.M), slow(10, 30), pattern)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(slow(10, 30)) == 0
        os.close(self.terminal)


@pytest.fixture
def terminal(daemon):
    started = []

    def start(lists=(), host=None, **environment):
        d = daemon()
        if host:
            d.configure({"server": {"listen": [f"{host}@{d.port}"]}})
        for name, text, *options in lists:
            d.add_list(name, text, **(options[0] if options else {}))
        started.append(Terminal(d, **environment))
        return d, started[-1]

    yield start
    for each in started:
        each.stop()


def test_lines_have_the_time_and_say_how_to_reload(terminal):
    d, seen = terminal(lists=[("one", "listed.test\n")], JOURNAL_STREAM="1:2")
    pid = int(seen.wait(r"^\d\d:\d\d:\d\d reload: kill -HUP (\d+)").group(1))
    assert pid == seen.process.pid
    lines = seen.text.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d \S", line) for line in lines), lines
    d.write_list("one", "other.test\n")
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: addresses(ask(d.address, "other.test")) == [SINK], 10, "it reloads")


@pytest.mark.parametrize("lists, name", [
    ([("one", "listed.test\n")], "listed.test"),
    ([("allow", "first.test\n", {"action": "pass"}), ("one", "first.test\nsecond.test\n")],
     "second.test"),
    ([("lost", "lost.test\n", {"action": "drop"}), ("one", "\n*.below.test\nreal.test\n")],
     "real.test"),
    ([("one", "@@||free.test^\n||free.test^\n||caught.test^\n")], "caught.test"),
], ids=["first", "passed", "not-dropped", "excepted"])
def test_what_it_suggests_to_try_is_blocked(terminal, lists, name):
    _, seen = terminal(lists=lists)
    command = shlex.split(seen.wait(r"try: (dig .*?)\r?$").group(1))
    assert command[-1] == name
    done = run_client([*command, "+short", "+tries=1", "+time=5"])
    assert done.stdout.split() == [SINK]


def test_an_unbound_address_is_asked_at_loopback(terminal):
    _, seen = terminal([("one", "listed.test\n")], host="0.0.0.0")
    assert seen.wait(r"try: dig @(\S+) -p").group(1) == "127.0.0.1"


def test_nothing_is_suggested_where_nothing_is_listed(terminal):
    _, seen = terminal()
    seen.wait("reload: kill -HUP")
    assert "try: dig" not in seen.text


def test_ended_as_soon_as_it_is_ready(terminal):
    """Its end is in order from the line on that says so: the fixture looks at the status."""
    for _ in range(5):
        terminal()[1].wait(" ready: ")
