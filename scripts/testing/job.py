# SPDX-License-Identifier: BSD-2-Clause
"""One program of the tests: how it is started, bounded in time, and what it said is counted."""
import functools
import os
import re
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

RESULTS = Path("build/results")
# seconds one program, one file of functional tests, one check may take
LIMITS = {"unit": 600, "allocations": 900, "replay": 300, "functional": 600, "build": 1800, "lint": 1200}
SLOTS = int(os.environ.get("JOBS", (os.cpu_count() or 1) * 2))
WAITING_SLOTS = 3
PORTS = range(10000, 32000)             # outside of what the kernel gives to clients
# seconds that their sources do not show: what a first run begins with
LONG = {"faults": 200, "fairness": 110, "dot": 100, "mandatory": 95, "rate": 90, "careless": 85, "postgres": 75,
        "handover": 75, "running": 70, "hunt": 70, "compiled": 70, "called": 65, "groups": 60, "chase": 60,
        "upstreams": 60, "cache": 60, "orders": 55, "addresses": 55, "forgery": 50, "fetch": 50, "remote/link": 45,
        "landing": 45, "load/mandatory": 45, "receipts": 40, "list/slices": 40, "load/loader": 40, "mixed_lists": 40,
        "evidence/ledger": 40, "reload": 35, "compliance": 35, "match/weaken": 30, "set/domset": 25,
        "upstream/watch": 25, "called/leasefiles": 20}
# these wait nearly all of their time
WAITING = ("faults", "fairness", "dot", "rate", "running", "forgery", "upstreams", "chase", "groups", "orders",
           "remote/link", "upstream/watch")
IN_MEMORY, ROOM = "/dev/shm", 4 << 30
SANITIZER = re.compile("Sanitizer: |runtime error")
UNSTEADY_MAX = 2                        # tests of a file that are run again when they fail
ENVIRONMENT = {
    # what was freed comes back after 16 MiB, not 256: memory that was never touched costs a third of the time
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1"
                    ":allocator_may_return_null=1:quarantine_size_mb=16",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    "CMOCKA_MESSAGE_OUTPUT": "STDOUT",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@functools.lru_cache(maxsize=None)
def scratch_root():
    """Where tests have their files: in memory where there is room, as they wait for the disk otherwise.
    None: where $TMPDIR says, or where is usual."""
    try:
        memory = os.statvfs(IN_MEMORY)
    except OSError:
        return None
    fits = memory.f_bavail * memory.f_frsize >= ROOM and not memory.f_flag & os.ST_NOEXEC
    return IN_MEMORY if fits and "TMPDIR" not in os.environ and os.access(IN_MEMORY, os.W_OK) else None


@functools.lru_cache(maxsize=None)
def fixed_layout():
    """Sanitizers of Debian 12 can trip over the address layout of newer kernels."""
    prefix = ["setarch", os.uname().machine, "-R"]
    try:
        works = subprocess.run(prefix + ["true"], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        works = False
    return prefix if works else []


def end_group(process):
    """The program and all it has started and left behind."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def wait_for(process, limit):
    """Its exit status, and the seconds of CPU that it and what it has waited for took."""
    end = time.monotonic() + limit
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used.ru_utime + used.ru_stime
        if time.monotonic() >= end:
            return f"none: stopped after {limit} seconds", 0
        time.sleep(0.05)


def count_status(status, _text):
    return int(status == 0), int(status != 0), 0


def count_cmocka(_status, text):
    """A test that was begun and neither passed nor was skipped has failed."""
    begun, passed = text.count("[ RUN      ]"), text.count("[       OK ]")
    skipped = sum(map(int, re.findall(r"\[  SKIPPED \] (\d+) test\(s\)", text)))
    return passed, max(begun - passed - skipped, 0), skipped


def count_junit(path, _status, _text):
    """What pytest wrote; nothing when it was stopped before it could."""
    try:
        suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, 0, 0
    total, skipped = int(suite.get("tests")), int(suite.get("skipped"))
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    return max(total - failed - skipped, 0), failed, skipped


def failed_tests(report):
    """The names of those that failed, as pytest wrote."""
    try:
        cases = xml.etree.ElementTree.parse(report).getroot().iter("testcase")
    except (OSError, xml.etree.ElementTree.ParseError):
        return []
    return [case.get("name") for case in cases
            if case.find("failure") is not None or case.find("error") is not None]


def unit_again(command, text):
    """The program anew; None: a sanitizer has complained."""
    return None if SANITIZER.search(text) else command


def functional_again(report, command, text):
    """What runs just those again that failed; None: there are too many, or a sanitizer has complained."""
    names = failed_tests(report)
    if not 1 <= len(names) <= UNSTEADY_MAX or SANITIZER.search(text):
        return None
    return command[:-2] + [f"--junitxml={report.with_suffix('.again.xml')}"] + \
        [f"{command[-1]}::{name}" for name in names]


class Job:
    """One program of a section: what to start, and how to count what it says."""

    def __init__(self, section, name, command, count, source=None, extra=None):
        self.section, self.command, self.count = section, command, count
        self.name = f"{section.title}:{name}" if name else section.title
        self.extra = extra or {}
        self.limit = int(os.environ.get("TEST_LIMIT", LIMITS[section.kind]))
        self.waits = name in WAITING
        # a guess before the first run: of the others the longest sources take longest, 20 s at most
        self.guess_s = LONG.get(name) or (min(source.stat().st_size / 2000, 20) if source else 1)
        self.log = RESULTS / f"{self.name.replace(':', '-').replace('/', '-')}.log"
        self.seconds = self.cpu_s = 0
        self.again = None       # the command that runs anew what failed, by what was said
        self.unsteady = ""      # what was said when it failed, and then did not

    def environment(self, slot, folder):
        share = len(PORTS) // (SLOTS + WAITING_SLOTS + 1)
        first = PORTS[slot * share]
        return {**ENVIRONMENT, **os.environ, "PYTEST_DEBUG_TEMPROOT": folder, "TMPDIR": folder,
                "TEST_PORTS": f"{first}-{first + share - 1}", **self.extra}

    def start(self, command, log, slot):
        """The exit status of the command and its output, which is kept as a log too."""
        with tempfile.TemporaryDirectory(prefix="sinkholed-", dir=scratch_root(),
                                         ignore_cleanup_errors=True) as folder, \
                open(log, "wb") as out:
            os.chmod(folder, 0o755)
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       env=self.environment(slot, folder), start_new_session=True)
            try:
                status, cpu_s = wait_for(process, self.limit)
            finally:
                end_group(process)
        self.cpu_s += cpu_s
        text = log.read_text(errors="replace")
        return status, text if text.endswith("\n") or not text else text + "\n"

    def run(self, slot):
        begun = time.monotonic()
        status, text = self.start(self.command, self.log, slot)
        again = self.again(text) if self.again and status == 1 else None
        if again and self.start(again, self.log.with_suffix(".again.log"), slot)[0] == 0:
            self.unsteady, status = text, 0
        self.seconds = time.monotonic() - begun
        return status, text
