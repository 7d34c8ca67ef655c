#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a large ledger is to whoever looks at it.

    view.py [--clients N] [--names N] [--views N] SINKHOLED TOOLS MODULES

A ledger of so many clients with so many names each is made; told are its octets, how long the report by
client takes and, where MODULES (of npm) have puppeteer-core, the first views of the dashboard in Chromium.
"""
import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functional"))

from harness.client import ask  # noqa: E402
from harness.control import ctl  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.program import wait_until  # noqa: E402

NOW = int(time.time())
HERE = Path(__file__).resolve().parent


def fill(store, clients, names):
    """Findings of a month, in the order that the store keeps them in."""
    draw = random.Random(1)
    listed = sorted(f"n{draw.randrange(16 ** 6):06x}.example{draw.randrange(100)}.com" for _ in range(names))
    with sqlite3.connect(store) as db:
        db.execute("PRAGMA synchronous=off")
        listing = db.execute("SELECT id FROM list").fetchone()[0]
        last = db.execute("SELECT max(id) FROM client").fetchone()[0]
        for client in range(last + 1, last + 1 + clients):
            at = f"10.{client >> 16}.{client >> 8 & 255}.{client & 255}"
            first = NOW - draw.randrange(30 * 86400)
            db.execute("INSERT INTO client(id, address, form) VALUES(?, ?, 0)", (client, at))
            db.executemany("INSERT INTO finding(client, list, name, owner_labels, first_s, last_s, count, proven,"
                           " merged, types, ways) VALUES(?, ?, ?, 2, ?, ?, 3, 1, 0, 1, 1)",
                           [(client, listing, name, first, first + 60) for name in listed])
            db.execute("INSERT INTO total VALUES(?, ?, ?, ?, ?, ?, 0)",
                       (client, names, first, first + 60, 3 * names, names))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def reported(sinkholed, store):
    begin = time.monotonic()
    lines = subprocess.run([sinkholed, "--report", "--store", store, "--by", "client", "--format", "csv"],
                           check=True, capture_output=True).stdout.count(b"\n")
    return time.monotonic() - begin, lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=50000)
    parser.add_argument("--names", type=int, default=200)
    parser.add_argument("--views", type=int, default=10)
    parser.add_argument("sinkholed")
    parser.add_argument("tools")
    parser.add_argument("modules", nargs="?")
    wanted = parser.parse_args()
    os.environ.update(SINKHOLED=wanted.sinkholed, SINKHOLED_TOOLS=wanted.tools)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        d = Daemon(folder, {"upstreams": [{"address": "127.0.0.1@1"}]})
        d.add_list("court", "bad.example\n", mandatory=True, family="Waledac")
        d.configure({"state": {"directory": str(folder / "state")},
                     "control": {"socket": str(folder / "control.sock"), "listen": [f"127.0.0.1@{free_port()}"]}})
        d.start()
        try:
            ask(d.address, "bad.example")
            wait_until(lambda: json.loads(ctl(folder / "control.sock", "--json", "clients").stdout)["clients"], 20,
                       "the finding is written")
            d.stop()
            store = folder / "state" / "ledger.db"
            fill(store, wanted.clients, wanted.names)
            d.start()
            size = store.stat().st_size
            print(f"{wanted.clients * wanted.names:,} findings, {size / 1e6:.0f} MB")
            for _ in range(3):
                print("by client: {:.2f} s, {} lines".format(*reported(wanted.sinkholed, store)))
            if wanted.modules:
                page = json.loads(ctl(folder / "control.sock", "--json", "page").stdout)["page"]
                subprocess.run(["node", str(HERE / "view.js"), page, str(wanted.views)], check=True,
                               env={**os.environ, "NODE_PATH": str(Path(wanted.modules).resolve())}, timeout=600)
        finally:
            d.close()


if __name__ == "__main__":
    main()
