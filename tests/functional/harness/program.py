# SPDX-License-Identifier: BSD-2-Clause
"""A program that runs beside the tests, and what it has logged so far."""
import contextlib
import ctypes
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

SANITIZER = re.compile(r"(Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error:")
MOST_BETWEEN_S = 0.05       # two looks at what is waited for
PATIENCE_S = 30             # the least that is waited: an end for the test, not what is expected


def of_threads(pid, what):
    """The text of a file below /proc of each thread; one that ends meanwhile has none."""
    for path in Path(f"/proc/{pid}/task").glob(f"*/{what}"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield path.read_text().strip()


def wait_until(condition, timeout, what):
    """The first true value of condition(), which is asked until the deadline: the less often the longer
    it takes, as many ask the daemon, or start a program."""
    begun = time.monotonic()
    timeout = max(timeout, PATIENCE_S)
    while True:
        value = condition()
        if value:
            return value
        waited = time.monotonic() - begun
        assert waited < timeout, f"not within {timeout} s: {what}"
        time.sleep(min(0.005 + waited / 20, MOST_BETWEEN_S))


def catches(pid, *numbers):
    """True when the process has said to the kernel that it handles all these signals."""
    status = open(f"/proc/{pid}/status").read()
    caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.M).group(1), 16)
    return all(caught >> (number - 1) & 1 for number in numbers)


def is_stopped(pid):
    """True once SIGSTOP has come to the process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


class Program:
    """Started at once; its lines of stdout and stderr are kept."""

    def __init__(self, command, **popen):
        self.name = os.path.basename(command[0])
        self.lines = []
        self.changed = threading.Condition()
        self.closed = False
        self.reading = threading.Event()    # cleared: its log is left unread
        self.reading.set()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            **popen)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.process.stdout:
            self.reading.wait()
            with self.changed:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    def mark(self):
        """Where the log ends now, for wait_line and text."""
        with self.changed:
            return len(self.lines)

    def text(self, since=0):
        with self.changed:
            return "\n".join(self.lines[since:])

    def _find(self, pattern, since):
        return next((m for m in map(pattern.search, self.lines[since:]) if m), None)

    def wait_line(self, pattern, since=0, timeout=PATIENCE_S):
        """The match of the first line behind `since`; fails when none comes in time."""
        timeout = max(timeout, PATIENCE_S)
        pattern = re.compile(pattern)
        with self.changed:
            self.changed.wait_for(lambda: self._find(pattern, since) or self.closed, timeout)
            found = self._find(pattern, since)
        assert found, f"{self.name} did not log /{pattern.pattern}/ but:\n{self.text(since)}"
        return found

    def signal(self, number):
        self.process.send_signal(number)

    def wait_exit(self, timeout=10):
        """The exit status, with the log read to its end."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end in {timeout} s:\n{self.text()}")
        self.reader.join(5)
        if not self.reader.is_alive():  # who was handed over to may have it still; close() waits for its reader
            self.process.stdout.close()
        return status

    def wait_end(self, timeout=10):
        """The exit status; who was handed over to goes on to log."""
        return self.process.wait(timeout)

    def running(self):
        return self.process.poll() is None

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()
        self.reader.join(5)

    def stop(self, timeout=10):
        """Ends it by SIGTERM; its exit status."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait_exit(timeout)

    def assert_sane(self):
        """No sanitizer has complained."""
        assert not SANITIZER.search(self.text()), self.text()


PR_SET_CHILD_SUBREAPER = 36


class Heir(Program):
    """A process that a program has started and handed over to: it logs where that one did, and is
    our child once that one is gone."""

    def __init__(self, before, pid):
        self.root = getattr(before, "root", before)
        self.name, self.lines, self.changed = before.name, before.lines, before.changed
        self.heir_pid, self.status = pid, None

    @staticmethod
    def adopt():
        """Has orphans below us become our children: theirs is the status that we want to know."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    @property
    def closed(self):
        return self.root.closed

    @property
    def pid(self):
        return self.heir_pid

    def signal(self, number):
        os.kill(self.heir_pid, number)

    def running(self):
        if self.status is None:
            pid, status = os.waitpid(self.heir_pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def wait_end(self, timeout=10):
        """The exit status; others may go on to log."""
        wait_until(lambda: not self.running(), timeout, f"{self.name} {self.heir_pid} ends")
        return self.status

    def wait_exit(self, timeout=10):
        status = self.wait_end(timeout)
        self.root.reader.join(5)
        return status

    def kill(self):
        if self.running():
            self.signal(signal.SIGKILL)
        self.wait_end()
        self.root.reader.join(5)
