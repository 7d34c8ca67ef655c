#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs what the Makefile has built, side by side, prints the output of what failed, and sums.

    run-tests.py unit:FLAVOUR[:ONLY] allocations:FLAVOUR[:ONLY] replay:FLAVOUR[:ONLY]
                 functional:FLAVOUR[:ONLY] build:FLAVOUR lint:CHECK ...

ONLY chooses the tests whose name it is, or else those whose names have it in them; several are
put together with commas.  Most tests wait rather than compute, so that more run at a time than
there are cores, and some more of those that do little else (JOBS=1 in the environment: one after the
other); the longest begin first.  Each has ports and a folder of its own.  What is built, and then the
checks of lint, compute, and take what the tests leave of the cores; the tests of a flavour that is to be
built begin when it is.  Under TSan only the unit tests run that can start a thread: the others have no race.  All functional
tests run under ASan, some in the build that is shipped as well.

One or two functional tests of a file that fail, and a unit test program of which one does, are run once
more: they wait for other processes, or for time to pass, on a machine that has other work.  If they pass
then, they are told as unsteady, with all they said, and count as passed; what a sanitizer has a word on
is not run again.

The last line is 'N passed, N failed, N skipped'.  A section in which no test ran has failed.
Logs stay in build/results/.
"""
import json
import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

sys.dont_write_bytecode = True

from testing.job import RESULTS, SLOTS, WAITING_SLOTS  # noqa: E402
from testing.sections import Section  # noqa: E402

SECONDS = RESULTS / "seconds.json"      # how long each took the last time
TELL_EVERY_S = 30                       # a word of the progress where no terminal shows it
MAKING = ("build", "lint")              # what keeps all cores busy by itself


class Progress:
    """How far the run is: a line that is written over on a terminal, else a line now and then."""

    def __init__(self):
        self.total = self.done = self.failed = 0
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


class Lane:
    """So many jobs at a time, each with a slot of its own."""

    def __init__(self, stack, slots, width):
        self.pool, self.slots = stack.enter_context(ThreadPoolExecutor(width)), slots

    def submit(self, job):
        return self.pool.submit(self.run, job)

    def run(self, job):
        slot = self.slots.get()
        try:
            return job.run(slot)
        finally:
            self.slots.put(slot)


class Run:
    """All sections: each begins when what it is made of is built, and is closed when it has ended."""

    def __init__(self, sections, seconds, progress, stack):
        self.waiting, self.seconds, self.progress = list(sections), seconds, progress
        self.unbuilt = {s.argument for s in sections if s.kind == "build"}
        self.running = {}
        slots = SimpleQueue()
        for slot in range(SLOTS + WAITING_SLOTS + 1):
            slots.put(slot)
        self.tests = Lane(stack, slots, SLOTS)
        alone = SLOTS == 1
        self.makers = self.tests if alone else Lane(stack, slots, 1)
        self.waiters = self.tests if alone else Lane(stack, slots, WAITING_SLOTS)

    def lane_of(self, job):
        if job.section.kind in MAKING:
            return self.makers
        return self.waiters if job.waits else self.tests

    def begin(self):
        """Those that wait for nothing any more."""
        ready = [s for s in self.waiting if s.kind in MAKING or s.argument not in self.unbuilt]
        self.waiting = [s for s in self.waiting if s not in ready]
        jobs = []
        for section in ready:
            begun = section.begin()
            jobs += begun
            if not begun:
                section.close()
        # what is to be built goes first, as it is named, then the longest
        jobs.sort(key=lambda j: (j.section.kind != "build", j.section.kind != "build" and -self.expected_s(j)))
        self.progress.total += len(jobs)
        for job in jobs:
            self.running[self.lane_of(job).submit(job)] = job

    def expected_s(self, job):
        return self.seconds.get(job.name, job.guess_s)

    def end(self, future):
        job = self.running.pop(future)
        section = job.section
        self.progress.step(job, section.add(job, *future.result()))
        self.seconds[job.name] = round(job.seconds, 1)
        if section.left == 0:
            self.progress.clear()
            section.close()
        if section.kind == "build":
            self.built(section)

    def built(self, section):
        """Has what was to be built for it begin; not what is made of what could not be built."""
        self.unbuilt.discard(section.argument)
        lost = [s for s in self.waiting if section.failed and s.argument == section.argument]
        self.waiting = [s for s in self.waiting if s not in lost]
        for other in lost:
            other.give_up("not built")
        self.begin()

    def all(self):
        self.begin()
        while self.running:
            for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                self.end(future)


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
    with ExitStack() as stack:
        Run(sections, seconds, Progress(), stack).all()
    SECONDS.write_text(json.dumps(seconds, indent=1, sort_keys=True))
    passed, failed, skipped = (sum(getattr(s, what) for s in sections) for what in ("passed", "failed", "skipped"))
    unsteady = sum(s.unsteady for s in sections)
    if unsteady:
        print(f"{unsteady} unsteady: failed, and passed when run again; see what they said above")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
