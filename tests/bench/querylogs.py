#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a log of the queries costs: ours beside Unbound's log-queries and log-replies.

    querylogs.py [--rounds N] [--seconds S] --bin BUILD

Each server answers the same listed names on one thread, with its log and without, in rounds that go
around all four; what the log costs is the difference of CPU time an answer, of all threads.  Ours is
a line of JSON a query; Unbound's is a line of text for the query and one for the reply.
"""
import argparse
import mmap
import os
import shutil
import statistics
import struct
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import measure  # noqa: E402

NAMES = 1000
SINKHOLE = "192.0.2.1"
READY_S = 20


def ours(directory, port, log):
    (directory / "list").write_text((directory / "names.txt").read_text())
    (directory / "config").write_text(
        f'server: {{listen: ["127.0.0.1@{port}"], workers: 1, user: root}}\n'
        f"lists: [{{name: bench, file: {directory}/list, action: sinkhole, sinkhole: {{ipv4: {SINKHOLE}}}}}]\n"
        + (f"query-log: {{file: {directory}/queries, size: 16GiB}}\n" if log else ""))


def unbound(directory, port, log, says="log-queries: yes\n  log-replies: yes", more=""):
    zones = "".join(f'local-zone: "{name}" redirect\nlocal-data: "{name} 60 A {SINKHOLE}"\n'
                    for name in (directory / "names.txt").read_text().split())
    (directory / "config").write_text(
        "server:\n  num-threads: 1\n  do-daemonize: no\n  interface: 127.0.0.1\n"
        f"  port: {port}\n  do-ip6: no\n  access-control: 127.0.0.0/8 allow\n"
        '  username: ""\n  chroot: ""\n  pidfile: ""\n  use-syslog: no\n  verbosity: 0\n'
        f'  directory: "{directory}"\n  module-config: "iterator"\n'
        + (f'  logfile: "{directory}/queries"\n  {says}\n' if log and says else "") + zones + (more if log else ""))


class Lines:
    """Those of a log, which is emptied where counting begins."""

    def __init__(self, directory):
        self.path = directory / "queries"

    def begin(self):
        open(self.path, "r+", encoding="utf-8").truncate(0)

    def count(self):
        with open(self.path, "rb") as log:
            return sum(block.count(b"\n") for block in iter(lambda: log.read(1 << 20), b""))


class Frames:
    """Data frames of a Frame Streams file, whose writer goes on where it is, whatever is cut off before."""

    def __init__(self, directory):
        self.path = directory / "queries"
        self.at = 0

    def begin(self):
        self.count()

    def count(self):
        frames = 0
        if self.path.stat().st_size == 0:
            return frames
        with open(self.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
            while self.at + 8 <= len(octets):
                size, control = struct.unpack_from(">II", octets, self.at)
                end = self.at + (4 + size if size else 8 + control)     # an escape, before a control frame
                if end > len(octets):
                    break
                frames += size > 0
                self.at = end
        return frames


class Server:
    def __init__(self, title, write, command, tools, log):
        self.title = title
        self.tools = tools
        self.log = log
        self.costs, self.reader_costs = [], []
        self.lines = self.answers = 0
        self.reader = self.process = None
        self.directory = Path(tempfile.mkdtemp(prefix="querylogs."))
        measure.output_of([tools / "names", str(NAMES), self.directory])
        self.port = measure.free_port()
        reader = write(self.directory, self.port, log)
        self.written = (Frames if reader else Lines)(self.directory)
        with open(self.directory / "stderr", "w", encoding="utf-8") as err:
            if reader:
                self.reader = measure.spawn(reader, "1", err)
                self.wait_for_reader()
            self.process = measure.spawn([*command, str(self.directory / "config")], "0", err)
        first = (self.directory / "names.txt").read_text().split()[0]
        measure.wait_for_address(self.port, first, SINKHOLE, READY_S, self.process)

    def wait_for_reader(self):
        deadline = measure.time.monotonic() + READY_S
        while not (self.directory / "tap").exists():
            if self.reader.poll() is not None or measure.time.monotonic() > deadline:
                raise measure.Failure(f"{self.title}: what reads its messages does not start")
            measure.time.sleep(0.05)

    def load(self, seconds):
        return measure.Load(str(self.tools / "load"), "1", self.port, str(self.directory / "blocked.txt"),
                            ["--window", "128", "--sockets", "2", "--seconds", str(seconds)]).result()

    def round(self, seconds):
        self.load(0.3)
        if self.log:
            measure.time.sleep(0.5)     # of before
            self.written.begin()
        before = self.cpu()
        result = self.load(seconds)
        measure.time.sleep(0.5)     # what waits to be written costs as well
        costs = [(now - then) / result["answered"] * 1e6 for now, then in zip(self.cpu(), before)]
        self.costs.append(costs[0])
        self.reader_costs += costs[1:]
        self.answers += result["answered"]
        if self.log:
            self.lines += self.written.count()

    def cpu(self):
        """Seconds so far: the server's, and those of what reads its messages."""
        return [measure.Cpu(process.pid).total for process in (self.process, self.reader) if process]

    def close(self):
        for process in (self.process, self.reader):
            measure.stop(process)
        shutil.rmtree(self.directory)


def compare(kinds, options, what):
    """Rounds that go around all servers, each without and with its log, and the table; `kinds` are a title, what
    writes the configuration, and the command, each.  Where the log is messages to another process, what writes the
    configuration returns its command: it listens on `tap`, writes `queries`, and its CPU time is told beside.
    Returns what each kind's costs, in the order of `kinds`."""
    servers, costs = [], []
    try:
        for title, write, command in kinds:
            for log in (False, True):
                servers.append(Server(title, write, command, options.bin, log))
        for _ in range(options.rounds):
            for server in servers:
                server.round(options.seconds)
        print(f"| | without, µs an answer | with | {what} | lines or messages an answer | its reader |\n"
              "|---|---|---|---|---|---|")
        for without, with_log in zip(servers[::2], servers[1::2]):
            costs.append(statistics.median(b - a for a, b in zip(without.costs, with_log.costs)))
            print(f"| {without.title} | {statistics.median(without.costs):.2f} | "
                  f"{statistics.median(with_log.costs):.2f} | {costs[-1]:.2f} | "
                  f"{with_log.lines / with_log.answers:.2f} | "
                  + (f"{statistics.median(with_log.reader_costs):.2f} |" if with_log.reader else "|"))
    finally:
        for server in servers:
            server.close()
    return costs


def read_options(description, rounds):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bin", type=Path, default=Path("build/release"))
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=2)
    return parser.parse_args()


def main():
    options = read_options(__doc__.splitlines()[0], 7)
    costs = compare((("sinkholed", ours, [str(options.bin / "sinkholed"), "-c"]),
                     ("Unbound", unbound, ["unbound", "-d", "-c"])), options, "the log")
    print(f"\nours takes {costs[0] / costs[1]:.2f} of what Unbound's takes")


if __name__ == "__main__":
    main()
