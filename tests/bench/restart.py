#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What clients see of a restart: us and the peers, same list, same load, same script.

Each server is asked for listed names at a steady rate while it is restarted: SIGTERM, and a new one
as soon as the former has ended.  We are restarted so as well, with the sockets kept by the service
manager, and hand over to a new process.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

import measure  # noqa: E402
import peers  # noqa: E402
from harness.manager import Manager, PASS  # noqa: E402
from harness.program import wait_until  # noqa: E402

QUIET_S = 2         # before, and after the server is back
PATIENCE_MS = 5000  # what a stub resolver waits
LIMIT_S = 300


class Bench:
    """What a peer wants to know of where it runs."""
    upstream_port = 9
    tls_port = 9
    tls_certificate = ""

    def __init__(self, options, directory):
        self.bin, self.sinkholed, self.directory = options.bin, options.sinkholed, directory

    def tool(self, name):
        return os.path.join(self.bin, name)


class OfSystemd(peers.Sinkholed):
    """As under the unit: what systemd does for it is done by the tests' manager."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.manager = Manager()

    def command(self):
        return ["env", f"NOTIFY_SOCKET={self.manager.name}", *super().command()]

    def start(self, limit_s):
        done = super().start(limit_s)
        self.manager.wait_for("FDSTORE")
        return done

    def restart(self):
        measure.stop(self.process)
        numbers = ",".join(map(str, self.manager.store))
        command = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", self.cores, sys.executable,
                   "-c", PASS, numbers, *self.command()]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, pass_fds=tuple(self.manager.store))

    def stop(self):
        super().stop()
        self.manager.close()


class Kept(OfSystemd):
    name = "sinkholed-kept"
    title = "sinkholed, restart under systemd"


class Handover(OfSystemd):
    name = "sinkholed-handover"
    title = "sinkholed, hand-over"

    def restart(self):
        count = len(self.manager.said("MAINPID"))
        os.kill(self.manager.main_pid or self.process.pid, signal.SIGUSR2)
        wait_until(lambda: len(self.manager.said("MAINPID")) > count, LIMIT_S, "it hands over")

    def stop(self):
        if self.manager.main_pid:
            os.kill(self.manager.main_pid, signal.SIGTERM)
            self.process.wait()
            self.process = None
        super().stop()


ALL = [Handover, Kept, peers.Sinkholed, peers.DnsdistCdb, peers.Dnsdist, peers.Unbound,
       peers.UnboundRpz, peers.Dnsmasq, peers.Bind]


def restart(peer):
    if hasattr(peer, "restart"):
        peer.restart()
        return
    measure.stop(peer.process, LIMIT_S)
    peer.process = measure.spawn(peer.command(), peer.cores, peer.log)


def run(bench, cls, names, questions, options):
    peer = cls(bench, bench.directory, names)
    peer.prepare()
    try:
        peer.start(LIMIT_S)
        load = measure.Load(bench.tool("load"), "1", peer.port, questions, [
            "--rate", str(options.rate), "--sockets", "64", "--seconds", "600", "--timeout",
            str(PATIENCE_MS), "--expect", peer.sinkhole])
        time.sleep(QUIET_S)
        for _ in range(options.times):
            begin = time.monotonic()
            restart(peer)
            peer.wait_ready(LIMIT_S)
            took = time.monotonic() - begin
            time.sleep(QUIET_S)
        load.end()
        return {"title": cls.title, "restart_s": took, **load.result()}
    finally:
        peer.stop()
        shutil.rmtree(peer.directory, ignore_errors=True)


def table(results):
    yield "| server | restart | lost | longest silence | slowest answer |"
    yield "|---|---|---|---|---|"
    for row in results:
        yield (f"| {row['title']} | {row['restart_s']:.2f} s | {row['lost']:,} of {row['sent']:,} | "
               f"{row['silent_ms']:,.0f} ms | {row['latency_us']['max'] / 1000:,.0f} ms |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default="build/release")
    parser.add_argument("--sinkholed", default="build/release/sinkholed")
    parser.add_argument("--names", type=int, default=1000000)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--times", type=int, default=1, help="restarts of each")
    parser.add_argument("--only", default="", help="of " + ", ".join(cls.name for cls in ALL))
    options = parser.parse_args()
    options.bin, options.sinkholed = map(os.path.abspath, (options.bin, options.sinkholed))
    results = []
    with tempfile.TemporaryDirectory(prefix="sinkholed-restart-") as directory:
        os.chmod(directory, 0o755)
        bench = Bench(options, directory)
        subprocess.run([bench.tool("names"), str(options.names), directory], check=True,
                       stdout=sys.stderr)
        for cls in ALL:
            if (options.only and cls.name not in options.only.split(",")) or not cls.find(bench):
                continue
            try:
                results.append(run(bench, cls, os.path.join(directory, "names.txt"),
                                   os.path.join(directory, "blocked.txt"), options))
                print(json.dumps(results[-1]), file=sys.stderr, flush=True)
            except measure.Failure as failure:
                print(f"{cls.title}: {failure}", file=sys.stderr)
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
