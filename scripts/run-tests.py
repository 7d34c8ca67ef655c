#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs what the Makefile has built, side by side, prints the output of what failed, and sums.

    run-tests.py unit:FLAVOUR[:ONLY] allocations:FLAVOUR[:ONLY] replay:FLAVOUR[:ONLY]
                 functional:FLAVOUR[:ONLY] lint:CHECK ...

ONLY chooses the tests whose name it is, or else those whose names have it in them; several are
put together with commas.  Most tests wait rather than compute, so that more run at a time than
there are cores (JOBS=1 in the environment: one after the other); the longest begin first.  Each has
ports and a folder of its own.  The checks of lint compute, and take what the tests leave of the
cores.  Under TSan only the unit tests run that can start a thread: the others have no race.  All functional
tests run under ASan, some in the build that is shipped as well.

One or two functional tests of a file that fail, and a unit test program of which one does, are run once
more: they wait for other processes, or for time to pass, on a machine that has other work.  If they pass
then, they are told as unsteady, with all they said, and count as passed; what a sanitizer has a word on
is not run again.

The last line is 'N passed, N failed, N skipped'.  A section in which no test ran has failed.
Logs stay in build/results/.
"""
import functools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

RESULTS = Path("build/results")
SECONDS = RESULTS / "seconds.json"      # how long each took the last time
# seconds one program, one file of functional tests, one check may take
LIMITS = {"unit": 600, "allocations": 900, "replay": 300, "functional": 600, "lint": 1200}
SLOTS = int(os.environ.get("JOBS", (os.cpu_count() or 1) * 2))
PORTS = range(10000, 32000)             # outside of what the kernel gives to clients
TELL_EVERY_S = 30                       # a word of the progress where no terminal shows it
# what runs in the build that is shipped too: where its speed or its optimizer may show, and what is installed
AS_SHIPPED = ("actions", "addresses", "cache", "compiled", "compliance", "config", "control", "forward", "handover",
              "install", "ledger", "lists", "local", "mandatory_kept", "mandatory_random", "messages", "reload", "rpz",
              "tcp", "tls", "waledac")
# a minute and more, which their sources do not show: what a first run begins with
LONG = ("faults", "load/mandatory", "fairness", "careless", "dot", "rate", "running", "handover", "forgery",
        "mandatory", "upstreams", "chase", "reload", "remote/link", "match/weaken", "feed/findings")
IN_MEMORY, ROOM = "/dev/shm", 4 << 30
SANITIZER = re.compile("Sanitizer: |runtime error")
UNSTEADY_MAX = 2                        # tests of a file that are run again when they fail
FEW_ROUNDS = {"asan-clang": "20", "tsan": "2"}      # of what tests do at random, in the builds after the first
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1"
                    ":allocator_may_return_null=1",
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
        # a guess before the first run: the longest sources take longest
        self.guess_s = 100 if name in LONG else source.stat().st_size / 1000 if source else 1
        self.log = RESULTS / f"{self.name.replace(':', '-').replace('/', '-')}.log"
        self.seconds = self.cpu_s = 0
        self.again = None       # the command that runs anew what failed, by what was said
        self.unsteady = ""      # what was said when it failed, and then did not

    def environment(self, slot, folder):
        share = len(PORTS) // (SLOTS + 1)
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


class Section:
    """The jobs of one section; the sums, printed as one line, and the logs of what failed."""

    def __init__(self, name):
        self.name = name
        self.kind, _, rest = name.partition(":")
        self.argument, _, only = rest.partition(":")
        self.title = f"{self.kind}:{self.argument}"
        self.only = only.split(",") if only else []
        self.passed = self.failed = self.skipped = self.unsteady = 0
        self.seconds = self.cpu_s = 0
        self.logs = []
        self.jobs = KINDS[self.kind](self)
        self.left = len(self.jobs)

    def chosen(self, names):
        """Those of `names` that ONLY chooses; without it, all."""
        found = []
        for only in self.only:
            found += [n for n in names if n.split("/")[-1] == only] or [n for n in names if only in n]
        return [n for n in names if n in found] if self.only else names

    def add(self, job, status, text):
        passed, failed, skipped = job.count(status, text)
        if job.unsteady:
            self.unsteady += failed
            self.logs.append(f"---- {job.name}: unsteady, passed when run again\n{text}")
            passed, failed = passed + failed, 0
        if not failed and (status != 0 or passed + skipped == 0):
            failed = 1
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        self.seconds += job.seconds
        self.cpu_s += job.cpu_s
        self.left -= 1
        if failed:
            self.logs.append(f"---- {job.name}\n{text}---- exit status {status}\n")
        return failed

    def close(self):
        if not self.passed + self.failed:
            self.failed = 1
            self.logs.append("---- no test ran\n")
        line = f"  {self.title:<22} {self.passed:5} ok"
        line += f", {self.failed} FAILED" if self.failed else ""
        line += f", {self.skipped} skipped" if self.skipped else ""
        line += f", {self.unsteady} unsteady" if self.unsteady else ""
        print(f"{line}  ({self.seconds:.1f} s, {self.cpu_s:.1f} s of CPU)")
        print("".join(self.logs), end="", flush=True)


# linked with what starts threads for large sets, of which they have none
ONE_THREAD = ("set/domset", "set/domset_model", "set/image", "match/policy", "match/weaken")


def starts_threads(program):
    """Whether it is linked with what starts one; what cannot be told may."""
    listed = subprocess.run(["nm", "-D", program], capture_output=True, text=True)
    return listed.returncode != 0 or " pthread_create" in listed.stdout


def unit(section):
    # those that were built from a source that is still there
    sources = {f"{p.parent.name}/{p.stem.removeprefix('test_')}": p
               for p in sorted(Path("tests/unit").glob("*/test_*.c"))}
    few = FEW_ROUNDS.get(section.argument)
    extra = {"ROUNDS": few} if few and "ROUNDS" not in os.environ else {}
    jobs = []
    for name in section.chosen(list(sources)):
        program = f"build/{section.argument}/tests/{sources[name].parent.name}/{sources[name].stem}"
        if section.argument != "tsan" or section.only or name not in ONE_THREAD and starts_threads(program):
            command = fixed_layout() + [program]
            jobs.append(Job(section, name, command, count_cmocka, sources[name], extra))
            jobs[-1].again = functools.partial(unit_again, command)     # exit status 1: one test failed
    return jobs


# what reads what comes from outside, loads, and decides: its tests with allocations failing in turn;
# by themselves those that take seconds, and with ALLOCATIONS in the environment all
ALLOCATING_BRIEFLY = ("base/digest", "base/file", "list/listline", "list/report", "keep/keep", "keep/accept",
                      "match/policy", "set/record", "map/namemap", "conf/options", "names/",
                      "cache/dump", "daemon/cachefile")
ALLOCATING = ("base/digest", "base/file", "list/", "keep/", "load/", "conf/", "set/", "match/", "names/", "cache/dump",
              "daemon/cachefile")


def allocations(section):
    sources = {f"{p.parent.name}/{p.stem.removeprefix('test_')}": p
               for p in sorted(Path("tests/unit").glob("*/test_*.c"))}
    chosen = ALLOCATING if "ALLOCATIONS" in os.environ else ALLOCATING_BRIEFLY
    extra = {"ALLOCATIONS": os.environ.get("ALLOCATIONS", "6"), "ROUNDS": "2",
             "ASAN_OPTIONS": ENVIRONMENT["ASAN_OPTIONS"] + ":allow_user_segv_handler=0:detect_leaks=0"}
    return [Job(section, name, fixed_layout() + [
                f"build/{section.argument}/tests/{sources[name].parent.name}/{sources[name].stem}"],
                count_cmocka, sources[name], extra)
            for name in section.chosen([n for n in sources if n.startswith(chosen)])]


def replay(section):
    names = [p.stem.removeprefix("fuzz_") for p in sorted(Path("tests/fuzz").glob("fuzz_*.c"))]
    return [Job(section, name, fixed_layout() + [f"build/{section.argument}/fuzz/fuzz_{name}",
                                                 f"tests/fuzz/corpus/{name}"], count_status)
            for name in section.chosen(names)]


def functional(section):
    flavour = section.argument
    release = flavour.startswith("release")
    sources = {p.stem.removeprefix("test_"): p for p in sorted(Path("tests/functional").glob("test_*.py"))}
    if release and not section.only:
        sources = {name: sources[name] for name in AS_SHIPPED}
    extra = {"SINKHOLED": f"build/{flavour}/sinkholed", "SINKHOLED_TOOLS": f"build/{flavour}"}
    jobs = []
    for name in section.chosen(list(sources)):
        report = RESULTS / f"functional-{flavour}-{name}.xml"
        report.unlink(missing_ok=True)
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-ra", "--tb=short", "-p", "no:cacheprovider",
                   "--durations=3", f"--junitxml={report}", str(sources[name])]
        command = ([] if release else fixed_layout()) + command
        jobs.append(Job(section, name, command, functools.partial(count_junit, report), sources[name], extra))
        jobs[-1].again = functools.partial(functional_again, report, command)
    return jobs


def lint(section):
    command = ["nice", "-n", "19", os.environ.get("MAKE", "make"), "-s", "--no-print-directory", f"lint-{section.argument}"]
    # a make of its own: the caller's job server does not reach this far
    return [Job(section, "", command, count_status, extra={"MAKEFLAGS": "", "MFLAGS": ""})]


KINDS = {"unit": unit, "allocations": allocations, "replay": replay, "functional": functional, "lint": lint}


class Progress:
    """How far the run is: a line that is written over on a terminal, else a line now and then."""

    def __init__(self, jobs):
        self.total, self.done, self.failed = jobs, 0, 0
        self.begun = self.told = time.monotonic()
        self.terminal = sys.stdout.isatty()

    def step(self, job, failed):
        self.done += 1
        self.failed += bool(failed)
        if failed:
            self.clear()
            print(f"  {job.name}: FAILED", flush=True)
        now = time.monotonic()
        text = f"  [{self.done}/{self.total}, {self.failed} failed, {now - self.begun:.0f} s]"
        if self.terminal:
            print(f"\r\033[K{text} {job.name}", end="", flush=True)
        elif now - self.told >= TELL_EVERY_S:
            self.told = now
            print(text, flush=True)

    def clear(self):
        if self.terminal:
            print("\r\033[K", end="")


def run_side_by_side(lanes, seconds, progress):
    """Each lane has jobs, and how many of them run at a time.  Sections are closed as they end."""
    slots = SimpleQueue()
    for slot in range(sum(width for _, width in lanes)):
        slots.put(slot)

    def one(job):
        slot = slots.get()
        try:
            return job.run(slot)
        finally:
            slots.put(slot)

    with ExitStack() as stack:
        running = {}
        for jobs, width in lanes:
            pool = stack.enter_context(ThreadPoolExecutor(width))
            for job in sorted(jobs, key=lambda j: -seconds.get(j.name, j.guess_s)):
                running[pool.submit(one, job)] = job
        for future in as_completed(running):
            job = running[future]
            progress.step(job, job.section.add(job, *future.result()))
            seconds[job.name] = round(job.seconds, 1)
            if job.section.left == 0:
                progress.clear()
                job.section.close()


def known_seconds():
    try:
        return json.loads(SECONDS.read_text())
    except (OSError, ValueError):
        return {}


def main(names):
    os.chdir(Path(__file__).resolve().parent.parent)
    RESULTS.mkdir(parents=True, exist_ok=True)
    sections = [Section(name) for name in names]
    seconds = known_seconds()
    progress = Progress(sum(len(s.jobs) for s in sections))
    for section in sections:
        if not section.jobs:
            section.close()
    # a check keeps all cores busy by itself
    checks = [job for s in sections if s.kind == "lint" for job in s.jobs]
    tests = [job for s in sections if s.kind != "lint" for job in s.jobs]
    run_side_by_side([(checks, 1), (tests, SLOTS)] if SLOTS > 1 else [(checks + tests, 1)], seconds, progress)
    SECONDS.write_text(json.dumps(seconds, indent=1, sort_keys=True))
    passed, failed, skipped = (sum(getattr(s, what) for s in sections) for what in ("passed", "failed", "skipped"))
    unsteady = sum(s.unsteady for s in sections)
    if unsteady:
        print(f"{unsteady} unsteady: failed, and passed when run again; see what they said above")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
