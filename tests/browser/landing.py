#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The landing in headless Chromium, on ports 80 and 443 of an address of its own: landing.py SINKHOLED PICTURE

As root.  The page is taken in English and looked at in German; of a connection to 443 the browser is told
at once that it was closed.
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functional"))

from harness.client import ask  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.program import wait_until  # noqa: E402

ADDRESS, NAME = "127.0.7.80", "c2.example.com"


def chromium(folder, url, *options, language="en"):
    """What it prints, and the seconds that it took."""
    begin = time.monotonic()
    done = subprocess.run(["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=900,700",
                           f"--user-data-dir={folder}/{language}", f"--lang={language}",
                           f"--accept-lang={language}", f"--host-resolver-rules=MAP {NAME} {ADDRESS}",
                           *options, url], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr, time.monotonic() - begin


def visits(ledger):
    with sqlite3.connect(ledger) as db:
        return db.execute("SELECT host, port FROM visit").fetchall()


def main():
    os.environ["SINKHOLED"], picture = sys.argv[1], Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        d = Daemon(folder, {"state": {"directory": str(folder / "state")},
                            "landing": {"listen": [ADDRESS], "http-ports": [80], "tls-ports": [443],
                                        "contact": "help@isp.example"}})
        d.add_list("b49", f"{NAME}\n", family="Waledac", sinkhole={"ipv4": ADDRESS},
                   authority={"court": "U.S. District Court, E.D. Virginia", "case": "1:10-cv-00156",
                              "date": "2010-02-22", "remedy": "https://isp.example/clean"})
        d.start()
        try:
            assert ADDRESS in str(ask(d.address, NAME))
            chromium(folder, f"http://{NAME}/", f"--screenshot={picture}")
            german, _ = chromium(folder, f"http://{NAME}/", "--dump-dom", language="de")
            assert 'lang="de"' in german and "1:10-cv-00156" in german, german
            closed, seconds = chromium(folder, f"https://{NAME}/", "--dump-dom", language="fr")
            assert "ERR_" in closed, closed
            wait_until(lambda: {(NAME, 80), (NAME, 443)} <= set(visits(folder / "state/ledger.db")), 20,
                       "both are written down")
        finally:
            d.close()
    print(json.dumps({"picture": picture.stat().st_size, "german": True, "https": "closed",
                      "browser_s": round(seconds, 1)}))


if __name__ == "__main__":
    main()
