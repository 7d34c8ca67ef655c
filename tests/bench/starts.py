#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long a start takes with a list that has not changed, of several builds in turn: starts.py BUILD...

Seconds are those from the start of the process until it tells systemd that it is ready.  Each round
has one start from text, with an empty state directory, to which the list is copied, and for a build
that keeps a compiled set some more from that.  All files are in memory (/dev/shm).  `--warm` as of
loading.py.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import types

sys.dont_write_bytecode = True

import loading  # noqa: E402

STATE = "state: {{directory: {}}}\n"
READY_S = 120
COMPILED_S = 10  # from ready on, for whoever keeps one


class Build:
    def __init__(self, path, folder, text):
        self.path, self.folder = path, folder
        self.state = os.path.join(folder, "state")
        self.config = os.path.join(folder, "sinkholed.yaml")
        os.makedirs(folder)
        with open(self.config, "w", encoding="ascii") as file:
            file.write(loading.CONFIG.format(path=text, format="names") + STATE.format(self.state))

    def start(self):
        """The process, and the seconds until it is ready."""
        name = os.path.join(self.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(name)
            told.settimeout(READY_S)
            began = time.monotonic()
            process = subprocess.Popen(
                [self.path, "-c", self.config], env={**os.environ, "NOTIFY_SOCKET": name},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while b"READY=1" not in told.recv(4096):
                pass
            took = time.monotonic() - began
        os.unlink(name)
        return process, took

    def from_text(self):
        """Seconds, and whether there is a compiled set then."""
        shutil.rmtree(self.state, ignore_errors=True)
        os.makedirs(self.state)
        process, took = self.start()
        compiled = os.path.join(self.state, "compiled.set")
        until = time.monotonic() + COMPILED_S
        while not os.path.exists(compiled) and time.monotonic() < until:
            time.sleep(0.1)
        end(process)
        return took, os.path.exists(compiled)

    def from_compiled(self):
        process, took = self.start()
        end(process)
        return took


def end(process):
    process.terminate()
    process.wait()


def measure(builds, options):
    taken = {(build, kind): [] for build in builds for kind in ("text", "compiled")}
    for _ in range(options.rounds):
        for build in builds:
            loading.warm(options.warm)
            took, has_compiled = build.from_text()
            taken[build, "text"].append(took)
            for _ in range(options.each if has_compiled else 0):
                loading.warm(options.warm)
                taken[build, "compiled"].append(build.from_compiled())
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+")
    parser.add_argument("--tools", default="build/release", help="where `names` is")
    parser.add_argument("--names", type=int, default=10000000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--each", type=int, default=3, help="starts from a compiled set, a round")
    parser.add_argument("--warm", type=int, default=0, metavar="MIB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sinkholed-starts-", dir="/dev/shm") as folder:
        text = loading.write_list(folder, types.SimpleNamespace(
            tools=options.tools, names=options.names, format="names"))
        builds = [Build(os.path.abspath(path), os.path.join(folder, str(number)), text)
                  for number, path in enumerate(options.builds)]
        taken = measure(builds, options)
    print("| build | from | starts | least s | median s |\n|---|---|---|---|---|")
    for (build, kind), runs in taken.items():
        if runs:
            print(f"| {build.path} | {kind} | {len(runs)} | {min(runs):.3f} "
                  f"| {statistics.median(runs):.3f} |")


if __name__ == "__main__":
    main()
