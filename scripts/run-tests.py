#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs what the Makefile has built, prints the output of what failed, and sums.

    run-tests.py unit:FLAVOUR replay:FLAVOUR functional:FLAVOUR lint:CHECK ...

The last line is 'N passed, N failed'. A section in which no test ran has failed.
Logs stay in build/results/.
"""
import functools
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

RESULTS = Path("build/results")
# seconds one program, one run of pytest, one check may take
LIMITS = {"unit": 120, "replay": 120, "functional": 900, "lint": 300}
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1"
                    ":allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    "CMOCKA_MESSAGE_OUTPUT": "STDOUT",
    "PYTHONDONTWRITEBYTECODE": "1",
}


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


def run(name, command, limit, extra=None):
    """The exit status of a command and its output, which is kept as a log too."""
    log = RESULTS / f"{name.replace(':', '-').replace('/', '-')}.log"
    limit = int(os.environ.get("TEST_LIMIT", limit))
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   env={**ENVIRONMENT, **os.environ, **(extra or {})},
                                   start_new_session=True)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = f"none: stopped after {limit} seconds"
        finally:
            end_group(process)
    text = log.read_text(errors="replace")
    return status, text if text.endswith("\n") or not text else text + "\n"


class Section:
    """The sums of one section, printed as one line and the logs of what failed."""

    def __init__(self, name):
        self.name, self.begun = name, time.monotonic()
        self.passed = self.failed = self.skipped = 0
        self.logs = []

    def add(self, what, status, text, passed, failed, skipped=0):
        if not failed and (status != 0 or passed + skipped == 0):
            failed = 1
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.logs.append(f"---- {what}\n{text}---- exit status {status}\n")

    def close(self):
        if not self.passed + self.failed:
            self.failed = 1
            self.logs.append("---- no test ran\n")
        line = f"  {self.name:<22} {self.passed:5} ok"
        line += f", {self.failed} FAILED" if self.failed else ""
        line += f", {self.skipped} skipped" if self.skipped else ""
        print(f"{line}  ({time.monotonic() - self.begun:.1f} s)")
        print("".join(self.logs), end="", flush=True)


def count_cmocka(text):
    """A test that was begun and neither passed nor was skipped has failed."""
    begun, passed = text.count("[ RUN      ]"), text.count("[       OK ]")
    skipped = sum(map(int, re.findall(r"\[  SKIPPED \] (\d+) test\(s\)", text)))
    return passed, max(begun - passed - skipped, 0), skipped


def unit(section, flavour):
    def one(path):
        return path, run(f"{section.name}:{path.parent.name}-{path.name}", fixed_layout() + [str(path)], LIMITS["unit"])
    # those that were built from a source that is still there
    sources = sorted(Path("tests/unit").glob("*/test_*.c"))
    paths = [Path(f"build/{flavour}/tests", p.parent.name, p.stem) for p in sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (status, text) in pool.map(one, paths):
            section.add(path, status, text, *count_cmocka(text))


def replay(section, flavour):
    for source in sorted(Path("tests/fuzz").glob("fuzz_*.c")):
        path = Path(f"build/{flavour}/fuzz/{source.stem}")
        corpus = Path("tests/fuzz/corpus") / source.stem.removeprefix("fuzz_")
        status, text = run(f"{section.name}:{path.name}", fixed_layout() + [str(path), str(corpus)],
                           LIMITS["replay"])
        section.add(path, status, text, int(status == 0), int(status != 0))


def count_junit(path):
    """What pytest wrote; nothing when it was stopped before it could."""
    try:
        suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, 0, 0
    total, skipped = int(suite.get("tests")), int(suite.get("skipped"))
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    return max(total - failed - skipped, 0), failed, skipped


# minutes of waiting for what fails: once is enough, in the build that sees most
SANITIZED_ALONE = ("test_faults.py", "test_dot.py", "test_forgery.py")


def functional(section, flavour):
    report = RESULTS / f"functional-{flavour}.xml"
    report.unlink(missing_ok=True)
    prefix = [] if flavour.startswith("release") else fixed_layout()
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "-ra", "--tb=short", "-p", "no:cacheprovider",
               f"--junitxml={report}", "tests/functional"]
    if flavour.startswith("release"):
        command += [f"--ignore=tests/functional/{name}" for name in SANITIZED_ALONE]
    status, text = run(section.name, prefix + command, LIMITS["functional"],
                       {"SINKHOLED": f"build/{flavour}/sinkholed", "SINKHOLED_TOOLS": f"build/{flavour}"})
    section.add("tests/functional", status, text, *count_junit(report))


def lint(section, check):
    command = [os.environ.get("MAKE", "make"), "-s", "--no-print-directory", f"lint-{check}"]
    # a make of its own: the caller's job server does not reach this far
    status, text = run(section.name, command, LIMITS["lint"], {"MAKEFLAGS": "", "MFLAGS": ""})
    section.add(f"make lint-{check}", status, text, int(status == 0), int(status != 0))


def main(names):
    kinds = {"unit": unit, "replay": replay, "functional": functional, "lint": lint}
    os.chdir(Path(__file__).resolve().parent.parent)
    RESULTS.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for name in names:
        kind, _, argument = name.partition(":")
        section = Section(name)
        kinds[kind](section, argument)
        section.close()
        passed, failed = passed + section.passed, failed + section.failed
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
