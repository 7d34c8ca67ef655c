# SPDX-License-Identifier: BSD-2-Clause
"""The sections of the tests: which programs each has, and how they did."""
import functools
import os
import subprocess
from pathlib import Path

from testing.job import (ENVIRONMENT, RESULTS, Job, count_cmocka, count_junit, count_status, fixed_layout,
                         functional_again, unit_again)

# what runs in the build that is shipped too: where its speed or its optimizer may show, and what is installed
AS_SHIPPED = ("actions", "addresses", "cache", "compiled", "compliance", "config", "control", "forward", "handover",
              "install", "ledger", "lists", "local", "mandatory_kept", "mandatory_random", "messages", "reload", "rpz",
              "tcp", "tls", "waledac")
FEW_ROUNDS = {"asan-clang": "20", "tsan": "2"}      # of what tests do at random, in the builds after the first


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
        self.left = 0

    def begin(self):
        """Its jobs: what it is made of has been built."""
        jobs = KINDS[self.kind](self)
        self.left = len(jobs)
        return jobs

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

    def give_up(self, why):
        """None of its jobs begins."""
        self.failed = 1
        self.logs.append(f"---- {self.title}: {why}\n")
        self.close()

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


def unit_sources():
    """Those that are still there, by room and name."""
    return {f"{p.parent.name}/{p.stem.removeprefix('test_')}": p for p in sorted(Path("tests/unit").glob("*/test_*.c"))}


def unit_program(flavour, source):
    return Path("build", flavour, "tests", source.parent.name, source.stem)


def may_race(name, source):
    """Whether its program, of the flavour that is built first, is linked with what starts a thread.  What
    cannot be told may."""
    listed = subprocess.run(["nm", "-D", unit_program("asan", source)], capture_output=True, text=True)
    return name not in ONE_THREAD and (listed.returncode != 0 or " pthread_create" in listed.stdout)


def racing():
    return [name for name, source in unit_sources().items() if may_race(name, source)]


def unit(section):
    sources = unit_sources()
    few = FEW_ROUNDS.get(section.argument)
    extra = {"ROUNDS": few} if few and "ROUNDS" not in os.environ else {}
    names = racing() if section.argument == "tsan" and not section.only else section.chosen(list(sources))
    jobs = []
    for name in names:
        command = fixed_layout() + [unit_program(section.argument, sources[name])]
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
    sources = unit_sources()
    chosen = ALLOCATING if "ALLOCATIONS" in os.environ else ALLOCATING_BRIEFLY
    extra = {"ALLOCATIONS": os.environ.get("ALLOCATIONS", "6"), "ROUNDS": "2",
             "ASAN_OPTIONS": ENVIRONMENT["ASAN_OPTIONS"] + ":allow_user_segv_handler=0:detect_leaks=0"}
    return [Job(section, name, fixed_layout() + [unit_program(section.argument, sources[name])], count_cmocka,
                sources[name], extra)
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


def made(section, nice, *targets):
    command = ["nice", "-n", str(nice), os.environ.get("MAKE", "make"), "-s", "--no-print-directory",
               f"-j{os.cpu_count() or 1}", *targets]
    # a make of its own: the caller's job server does not reach this far
    return [Job(section, "", command, count_status, extra={"MAKEFLAGS": "", "MFLAGS": ""})]


def build(section):
    """Under TSan no programs but those that are run."""
    only = ["T=" + " ".join(name.replace("/", "/test_") for name in racing())] if section.argument == "tsan" else []
    return made(section, 10, "-k", "WERROR=1", f"build-{section.argument}", *only)


def lint(section):
    return made(section, 19, f"lint-{section.argument}")


KINDS = {"unit": unit, "allocations": allocations, "replay": replay, "functional": functional, "build": build,
         "lint": lint}
