#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a scrape of the metrics each second does to the answers that come meanwhile.

    scrapes.py [--pairs N] [--seconds N] [--rate N] SINKHOLED TOOLS

The daemon has 64 lists and 16 upstreams.  It is asked for blocked names at an even rate, by turns
without and with scrapes; which of the two comes first changes with each pair.  Told are the medians of
the 99.9th percentile of the latency, and of the ratios within the pairs.
"""
import argparse
import os
import statistics
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import measure  # noqa: E402

LISTS, UPSTREAMS, NAMES = 64, 16, 1000
P999 = "p99.9"


def configuration(folder, port, metrics):
    lists = "".join(f"  - {{name: list{i}, file: {folder}/names.txt, sinkhole: {{ipv4: 192.0.2.1}}}}\n"
                    for i in range(LISTS))
    upstreams = "".join(f"  - {{address: 127.0.0.{i + 1}@{measure.free_port()}}}\n" for i in range(UPSTREAMS))
    return (f'server: {{listen: ["127.0.0.1@{port}"], workers: 1, user: root}}\n'
            f'metrics: {{listen: ["127.0.0.1@{metrics}"]}}\nupstreams:\n{upstreams}lists:\n{lists}')


class Scraper:
    """Asks for the metrics each second, as Prometheus would, until it is left.

    Prometheus runs elsewhere: what the asking costs must not slow the load or the daemon.
    """

    def __init__(self, port):
        self.url, self.over, self.thread = f"http://127.0.0.1:{port}/metrics", threading.Event(), None

    def scrape(self):
        os.sched_setaffinity(0, {1})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while not self.over.wait(1):
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                if b"sinkholed_" not in answer.read():
                    raise RuntimeError("a scrape brought no metrics")

    def __enter__(self):
        self.thread = threading.Thread(target=self.scrape)
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Nobody:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


def percentile(options, folder, port, who):
    """Of the latency, in microseconds, while `who` looks on."""
    with who:
        load = measure.Load(str(options.tools / "load"), "1", port, str(folder / "blocked.txt"),
                            ["--rate", str(options.rate), "--seconds", str(options.seconds)])
        result = load.result()
    return result["latency_us"][P999]


def compare(options, folder, port, metrics):
    ratios, without, scraped = [], [], []
    for pair in range(options.pairs):
        turns = [(without, Nobody()), (scraped, Scraper(metrics))]
        for kept, who in turns if pair % 2 else reversed(turns):
            kept.append(percentile(options, folder, port, who))
        ratios.append(scraped[-1] / without[-1])
        print(f"pair {pair + 1}: {without[-1]} us without, {scraped[-1]} us with scrapes", flush=True)
    print(f"{P999}: {statistics.median(without)} us without, {statistics.median(scraped)} us with scrapes; "
          f"ratio {statistics.median(scraped) / statistics.median(without):.2f}, "
          f"median of the pairs' {statistics.median(ratios):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=10000)
    parser.add_argument("sinkholed", type=Path)
    parser.add_argument("tools", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scrapes.") as name:
        folder = Path(name)
        measure.output_of([options.tools / "names", str(NAMES), folder])
        port, metrics = measure.free_port(), measure.free_port()
        (folder / "config").write_text(configuration(folder, port, metrics))
        first = (folder / "names.txt").read_text().split()[0]
        with open(folder / "log", "w", encoding="utf-8") as log:
            daemon = measure.spawn([str(options.sinkholed), "-c", str(folder / "config")], "0", log)
            try:
                measure.wait_for_address(port, first, "192.0.2.1", 20, daemon)
                compare(options, folder, port, metrics)
            finally:
                measure.stop(daemon)


if __name__ == "__main__":
    main()
