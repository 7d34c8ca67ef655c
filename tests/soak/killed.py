#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Killed at each system call of a load that keeps something: nothing that was blocked is lifted.

    killed.py [--at reload|start] [--calls openat,write,...] [--step N] [--from N] [SCENARIO ...]

strace has the daemon killed at the first such call of a load, by a reload or at a start, then at the
second, and so on, until a load ends before.  What it left in the state directory then meets each aftermath: the files as they
were meant, those of before, none, or what a fetch that failed has left; of both lists, or of one.  A
start must answer each name that was blocked with a sinkhole address, or refuse to serve.  Seldom
worth its time in CI: a scenario takes minutes.
"""
import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/functional"))

from harness.client import addresses, ask  # noqa: E402
from harness.daemon import READY, Daemon  # noqa: E402
from harness.program import wait_until  # noqa: E402
from harness.upstream import ScriptedUpstream  # noqa: E402

CALLS = ("openat,write,pwrite64,writev,rename,renameat,renameat2,unlink,unlinkat,fsync,fdatasync,"
         "link,linkat,ftruncate,fchmod,mkdir,mkdirat,symlink,symlinkat,fchown,copy_file_range,sendfile")
TRUE = "198.51.100.7"
SINKS = {"a": "192.0.2.1", "b": "192.0.2.2", "c": "192.0.2.3"}
ENDED = r"^reload \d+ done: |^error: reload FAILED"
ATTACH_S, LOAD_S = 10, 30


def names(which, count=3):
    return [f"{which}{i}.test" for i in range(count)]


def text(*groups):
    return "".join(f"{name}\n" for group in groups for name in names(group))


# what the two files hold before and after
SCENARIOS = {
    "grow": ({"a": text("p"), "b": text("q")}, {"a": text("p", "r"), "b": text("q", "s")}),
    "swap": ({"a": text("p"), "b": text("q")}, {"a": text("q"), "b": text("p")}),
    "move": ({"a": text("p", "r"), "b": text("q")}, {"a": text("p"), "b": text("q", "r")}),
    "merge": ({"a": text("p"), "b": text("q")}, {"a": text("p", "q"), "b": text("p", "q")}),
    "rename": ({"a": text("p"), "b": text("q")}, {"a": text("p"), "c": text("q")}),
    "join": ({"a": text("p"), "b": text("q")}, {"a": text("p", "q")}),
    "rotate": ({"a": text("p"), "b": text("q")}, {"a": text("q"), "c": text("p")}),
}


class Case:
    def __init__(self, folder, upstream, before, after):
        self.before, self.after = before, after
        self.d = Daemon(folder, {"upstreams": [upstream.address], "state": {"directory": "state"}})
        self.state, self.kept = folder / "state", folder.parent / "kept"
        self.state.mkdir()
        self.blocked = sorted({line for text in before.values() for line in text.split()})

    def write(self, lists, files=None):
        """A configuration of these lists, and what their files hold, if it is not that."""
        self.d.config["lists"] = []
        for name in lists:
            self.d.add_list(name, mandatory=True, sinkhole={"ipv4": SINKS[name]})
            text = (files or lists)[name]
            if text is None:
                self.d.list_path(name).unlink(missing_ok=True)
            else:
                self.d.write_list(name, text)
        self.d.write_config()

    def begin(self):
        """A daemon that has what was before in force, and nothing else."""
        shutil.rmtree(self.state)
        self.state.mkdir()
        self.write(self.before)
        self.d.start()

    def lifted(self):
        """Those of the names blocked before that are answered truly."""
        return [name for name in self.blocked if TRUE in addresses(ask(self.d.address, name))]

    def tracer(self, calls, number, *more):
        return ["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}",
                "-e", f"inject={calls}:signal=KILL:when={number}", *more]

    def ended(self):
        """True: it was killed, if only as it ended; else it served to its end."""
        time.sleep(0.2 if self.d.program.running() else 0)
        if not self.d.program.running():
            return True
        wait_until(self.d.listens_to_signals, ATTACH_S, "it listens to signals")
        status = self.d.program.stop(LOAD_S)
        assert status in (0, -signal.SIGKILL), f"status {status}:\n{self.d.log()}"
        return status != 0

    def kill_reload(self, calls, number):
        """True: killed at the call of that number, False: there are not so many."""
        program = self.d.program
        self.write(self.after)
        tracer = subprocess.Popen(self.tracer(calls, number, "-p", str(program.pid)),
                                  stderr=subprocess.PIPE, text=True)
        try:
            assert "attached" in tracer.stderr.readline()
            mark = program.mark()
            program.signal(signal.SIGHUP)
            wait_until(lambda: not program.running() or re.search(ENDED, program.text(mark), re.M), LOAD_S,
                       "a load ends")
            time.sleep(0.2 if program.running() else 0)
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(ATTACH_S)
        return self.ended()

    def kill_start(self, calls, number):
        self.d.stop()
        self.write(self.after)
        self.d.spawn(self.tracer(calls, number, "-D"))
        program = self.d.program
        wait_until(lambda: not program.running() or re.search(READY, program.text(), re.M), LOAD_S,
                   "it starts or is killed")
        return self.ended()

    def aftermaths(self):
        """What is done to the files: the configuration, and what they hold."""
        a = self.after
        yield "all as meant", a, a
        yield "all as before", self.before, self.before
        for what, other in (("of before", self.before), ("gone", {}), ("spoilt", dict.fromkeys(a, "Forbidden\n"))):
            files = {name: other.get(name) for name in a}
            yield f"all {what}", a, files
            for one in a:
                yield f"{one} {what}", a, {**a, one: files[one]}

    def starts(self):
        """True when it serves; False when it refuses to."""
        d = self.d
        d.spawn()
        wait_until(lambda: re.search(READY, d.program.text(), re.M) or not d.program.running(), LOAD_S, "starts or not")
        if d.program.running():
            wait_until(d.listens_to_signals, ATTACH_S, "it listens to signals")
            return True
        d.program.wait_exit(ATTACH_S)
        return False

    def judge(self):
        """By each aftermath: the names lifted, None where it does not serve."""
        state, found = self.state, {}
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(state, self.kept)
        for what, lists, files in self.aftermaths():
            shutil.rmtree(state)
            shutil.copytree(self.kept, state)
            self.write(lists, files)
            found[what] = self.lifted() if self.starts() else None
            if found[what] is not None:
                self.d.stop()
        return found


def run(name, at, calls, first, step):
    """How many lifts were seen."""
    lifts = refused = number = tries = 0
    with tempfile.TemporaryDirectory(prefix="sinkholed-killed-") as folder:
        upstream = ScriptedUpstream(lambda q: q.address(TRUE))
        folder = Path(folder) / "daemon"
        folder.mkdir()
        case = Case(folder, upstream, *SCENARIOS[name])
        try:
            for number in range(first, 10000, step):
                case.begin()
                killed = (case.kill_start if at == "start" else case.kill_reload)(calls, number)
                for what, lifted in case.judge().items():
                    tries += 1
                    refused += lifted is None
                    if lifted:
                        lifts += 1
                        print(f"{name}: a {at} killed at call {number}, {what}: lifted {' '.join(lifted)}", flush=True)
                if not killed:
                    break
        finally:
            if case.d.program and case.d.program.running():
                case.d.program.kill()
            upstream.close()
    print(f"{name}: a {at} of {number} calls, {tries} starts after, of which {refused} refused to serve, {lifts} lifted")
    return lifts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", choices=("reload", "start"), default="reload")
    parser.add_argument("--calls", default=CALLS)
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS))
    options = parser.parse_args()
    return 1 if sum([run(name, options.at, options.calls, options.first, options.step) for name in options.scenarios]) else 0


if __name__ == "__main__":
    sys.exit(main())
