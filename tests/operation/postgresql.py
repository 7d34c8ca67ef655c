# SPDX-License-Identifier: BSD-2-Clause
"""A million hits into PostgreSQL, and twenty resolvers that write to one which is killed for a minute.

postgresql.py FOLDER_OF_THE_BUILD [--away SECONDS] [--hits MILLIONS]
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

from harness.client import exchange_many  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.program import wait_until  # noqa: E402

RESOLVERS = 20


def ask(url, sql):
    return Postgres.ask(f"SET search_path TO sinkholed; {sql}", url)


def measure(settings, build, hits, folder):
    """Seconds of the store and of prepared statements, each into an empty database; of the latter a
    twentieth is run."""
    took = {}
    server = Postgres(settings)
    try:
        for way in ("store", "transaction", "single"):
            url = server.fresh()
            schema = subprocess.run([build / "sinkholed", "--schema"], check=True, capture_output=True, text=True)
            Postgres.ask(schema.stdout + "SELECT sinkholed.make_day(date '2026-11-29'), sinkholed.make_day('2026-11-30');", url)
            share, more = (1, [str(folder / "spool")]) if way == "store" else (20, [])
            done = subprocess.run([build / "pgload", way, url, *more, str(hits // share)], check=True,
                                  capture_output=True, text=True)
            took[way] = float(done.stdout) * share
            assert ask(url, "SELECT sum(count) FROM finding") == [[str(hits // share)]]
    finally:
        server.close()
    print(f"{hits} findings, server with {settings or 'fsync=off'}: "
          + ", ".join(f"{way} {s:.1f} s" for way, s in took.items())
          + f"; the store takes x{took['store'] / took['single']:.3f} of single prepared inserts,"
          f" x{took['store'] / took['transaction']:.3f} of such a thousand to a transaction", flush=True)


class Load(threading.Thread):
    """Asks one resolver for names until it is told to stop; `sent` is what was answered."""

    def __init__(self, daemon, seed, end):
        super().__init__()
        self.daemon_, self.random, self.end, self.sent, self.slowest, self.failure = daemon, random.Random(seed), end, 0, 0, None

    def run(self):
        try:
            while not self.end.is_set():
                names = [f"n{self.random.randrange(2000)}.c2.test" for _ in range(50)]
                begun = time.monotonic()
                exchange_many(self.daemon_.address, names)
                self.slowest = max(self.slowest, time.monotonic() - begun)
                self.sent += len(names)
                time.sleep(0.2)
        except Exception as error:
            self.failure = error


def kill_for_a_while(server, away, folder):
    """The server is killed amid the load of all; two resolvers are killed and started while it is away."""
    url = server.fresh()
    daemons = []
    for i in range(RESOLVERS):
        own = folder / f"r{i}"
        own.mkdir()
        d = Daemon(own, {"state": {"directory": str(own / "state")},
                         "evidence": {"store": url, "resolver": f"r{i}"}, "server": {"workers": 1}})
        daemons.append(d.add_list("bots", "c2.test\n").start())
    end = threading.Event()
    loads = [Load(d, i, end) for i, d in enumerate(daemons)]
    for load in loads:
        load.start()
    time.sleep(10)
    before = ask(url, "SELECT sum(count) FROM finding")[0][0]
    server.kill()
    time.sleep(away)
    spooled = sum(f.stat().st_size for d in daemons for f in (d.folder / "state/spool").iterdir())
    server.again()
    time.sleep(10)
    end.set()
    for load in loads:
        load.join()
        assert load.failure is None, load.failure
    sent = sum(load.sent for load in loads)
    begun = time.monotonic()
    wait_until(lambda: int(ask(url, "SELECT sum(count) FROM finding")[0][0]) >= sent, 120, "the database has all")
    took = time.monotonic() - begun
    time.sleep(2)
    counted = int(ask(url, "SELECT sum(count) FROM finding")[0][0])
    counters = [d.counters() for d in daemons]
    for d in daemons:
        d.stop()
    assert counted == sent, f"{counted} counted of {sent}"
    assert sum(c["ledger_lost"] + c["findings_lost"] for c in counters) == 0
    print(f"{RESOLVERS} resolvers, the server killed for {away} s: {sent} queries answered, {counted} counted"
          f" ({before} when it was killed, {spooled} octets waited, all there {took:.1f} s after the last query);"
          f" batches that came twice: {sum(c['ledger_again'] for c in counters)};"
          f" slowest 50 answers: {max(load.slowest for load in loads):.2f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--away", type=int, default=60, help="seconds; 0: the million hits alone")
    parser.add_argument("--hits", type=int, default=1000000)
    wanted = parser.parse_args()
    os.environ["SINKHOLED"] = str((wanted.build / "sinkholed").resolve())
    build = wanted.build.resolve()
    with tempfile.TemporaryDirectory() as folder:
        for settings in ("-c fsync=on -c full_page_writes=on", ""):
            measure(settings, build, wanted.hits, Path(folder))
        if wanted.away:
            server = Postgres()
            try:
                kill_for_a_while(server, wanted.away, Path(folder))
            finally:
                server.close()


main()
