#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the ledger counts every hit of a flood of them.

    hits.py [--rate N] [--seconds N] [--keys N] [--cores LIST] [--kill] SINKHOLED TOOLS

A client asks for names of a list at an even rate, round and round.  The answers it got are compared
with the counts that the ledger has when the daemon has ended; what the workers could not count is told,
and what a hit took of the CPU in the worker and in the ledger's thread.  With --kill the daemon is killed
in the middle, and told is how much of the end the store does not have.
"""
import argparse
import os
import re
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import measure  # noqa: E402


def configuration(folder, port):
    return (f'server: {{listen: ["127.0.0.1@{port}"], workers: 1, user: root}}\n'
            f"state: {{directory: {folder}/state}}\n"
            "upstreams: [{address: 127.0.0.1@1}]\n"
            f"lists: [{{name: order, file: {folder}/names.txt, sinkhole: {{ipv4: 192.0.2.1}}}}]\n")


def cpu_of_threads(pid):
    """Seconds of CPU by the thread's name."""
    spent = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        base = f"/proc/{pid}/task/{task}"
        with open(f"{base}/comm", encoding="ascii") as comm, open(f"{base}/schedstat", encoding="ascii") as stat:
            name = comm.read().strip()
            spent[name] = spent.get(name, 0) + int(stat.read().split()[0]) / 1e9
    return spent


def counted(store):
    """Findings and the queries that they count."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*), sum(count) FROM finding").fetchone()


def flood(options, folder, port, daemon):
    before = cpu_of_threads(daemon.pid)
    load = measure.Load(str(options.tools / "load"), options.cores[-1], port, str(folder / "blocked.txt"),
                        ["--rate", str(options.rate), "--seconds", str(options.seconds)])
    result = load.result()
    spent = {name: value - before.get(name, 0) for name, value in cpu_of_threads(daemon.pid).items()}
    return result, spent


def tell(result, spent, folder):
    answered = result["answered"]
    rows, hits = counted(folder / "state/ledger.db")
    lost = re.findall(r"findings_lost=(\d+)", (folder / "log").read_text())
    print(f"sent {result['sent']}, answered {answered}; {rows} findings count {hits} queries; "
          f"lost by the workers' counter: {lost[-1] if lost else 'not told'}")
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1])[:3]:
        print(f"  {name}: {seconds / answered * 1e6:.2f} us of CPU a hit")


def kill_amid(options, folder, port, daemon):
    load = measure.Load(str(options.tools / "load"), options.cores[-1], port, str(folder / "blocked.txt"),
                        ["--rate", str(options.rate), "--seconds", str(options.seconds)])
    time.sleep(options.seconds / 2)
    daemon.send_signal(signal.SIGKILL)
    load.end()
    answered = load.result()["answered"]
    with sqlite3.connect(folder / "state/ledger.db") as db:
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        rows, hits = db.execute("SELECT count(*), sum(count) FROM finding").fetchone()
    print(f"killed after {options.seconds / 2:.0f} s: answered {answered}; {rows} findings count {hits}; "
          f"the last {max(0, answered - hits) / options.rate:.2f} s are lost; integrity: {sound}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=100000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keys", type=int, default=50000)
    parser.add_argument("--cores", default="0,1", help="the daemon's; the load is on the last of them")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("sinkholed", type=Path)
    parser.add_argument("tools", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hits.") as name:
        folder = Path(name)
        measure.output_of([options.tools / "names", str(options.keys), folder])
        (folder / "state").mkdir()
        port = measure.free_port()
        (folder / "config").write_text(configuration(folder, port))
        first = (folder / "names.txt").read_text().split()[0]
        with open(folder / "log", "w", encoding="utf-8") as log:
            daemon = measure.spawn([str(options.sinkholed), "-c", str(folder / "config")], options.cores, log)
            try:
                measure.wait_for_address(port, first, "192.0.2.1", 20, daemon)
                if options.kill:
                    kill_amid(options, folder, port, daemon)
                    return
                result, spent = flood(options, folder, port, daemon)
            finally:
                measure.stop(daemon)
        tell(result, spent, folder)


if __name__ == "__main__":
    main()
