#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A day in miniature: all that befalls a daemon, within minutes, one thing upon the other.

Lists are reloaded every ten seconds, and every minute a new process is handed over to; addresses
come and go, the disk is full, few files may be open and clients hold most of them, nobody reads the
log, the clock is stepped, the upstream falls silent.  Meanwhile clients ask for blocked, cached and
local names: each query has to be answered, and rightly.  At the end memory has to be where it was.
It runs in namespaces of its own, as root.
"""
import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/functional"))

from harness import faults  # noqa: E402
from harness.build import daemon_path, sanitizer  # noqa: E402
from harness.client import addresses, query  # noqa: E402
from harness.daemon import IPV4, Daemon  # noqa: E402
from harness.manager import Manager  # noqa: E402
from harness.program import SANITIZER, Heir, wait_until  # noqa: E402
from harness.upstream import ScriptedUpstream  # noqa: E402

PATIENCE_S = 8          # a loaded machine, and a sanitized daemon, may be late
LAST_S = 60             # without a hand-over, for memory to be looked at
GROWTH_MAX = 1.25       # of the last process, over that time
COMES_AND_GOES = "10.77.0.1"
NAMES = ["blocked.test", "own.test", *[f"cached{i}.test" for i in range(40)]]

# steps the clock of the daemon by what a file says; only the time of day is stepped
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	char text[32] = "";
	int rc = (int)syscall(SYS_clock_gettime, clock, ret);
	if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
		int fd = open(STEP, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			if (read(fd, text, sizeof(text) - 1) > 0)
				ret->tv_sec += atol(text);
			close(fd);
		}
	}
	return rc;
}
"""


class Client(threading.Thread):
    """Asks all the time; every query has its own deadline."""

    def __init__(self, address, every):
        super().__init__(daemon=True)
        self.address, self.every = address, every
        self.sent, self.slowest, self.failures = 0, 0.0, []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(self.every):
            name = NAMES[self.sent % len(NAMES)]
            self.sent += 1
            begin = time.monotonic()
            try:
                found = self.ask(name)
            except (OSError, EOFError) as error:
                found = repr(error)
            took = time.monotonic() - begin
            self.slowest = max(self.slowest, took)
            if found != [IPV4]:
                self.failures.append((round(time.time(), 1), name, str(found), round(took, 2)))


class UdpClient(Client):
    def ask(self, name):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(PATIENCE_S)
            s.connect(self.address)
            message = query(name)
            s.send(message.to_wire())
            import dns.message
            return addresses(dns.message.from_wire(s.recv(4096)))


class TcpClient(Client):
    def ask(self, name):
        import dns.query
        return addresses(dns.query.tcp(query(name), self.address[0], PATIENCE_S, self.address[1]))


class Day:
    def __init__(self, folder, seconds, seed):
        self.folder, self.seconds, self.random = folder, seconds, random.Random(seed)
        self.state = folder / "state"
        self.step = folder / "step"
        self.manager = Manager()
        self.upstream = ScriptedUpstream(self.tell)
        self.done = {}
        self.memory = []
        self.edition = 0
        self.there = False

    @staticmethod
    def tell(q):
        return q.address(IPV4)

    # ---- its beginning

    def shim(self):
        source, library = self.folder / "shim.c", self.folder / "shim.so"
        source.write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", f'-DSTEP="{self.step}"', "-o", library,
                        source], check=True)
        return str(library)

    def begin(self):
        self.state.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", self.state], check=True)
        environment = {**self.manager.environment, "LD_PRELOAD": self.shim(),
                       "ASAN_OPTIONS": "verify_asan_link_order=0:quarantine_size_mb=4",
                       "TSAN_OPTIONS": "history_size=2"}
        self.daemon = Daemon(self.folder, {
            "upstreams": [self.upstream.address],
            "server": {"log-level": "debug", "drain-timeout": "1s"},
            "cache": {"max-ttl": "1d"},
            "state": {"directory": str(self.state)},
            "local": {"names": [{"name": "own.test", "ipv4": [IPV4]}]},
        }, environment=environment)
        self.daemon.config["server"]["listen"].append(f"{COMES_AND_GOES}@{self.daemon.port}")
        self.write_list()
        self.daemon.add_list("one")
        Heir.adopt()
        self.daemon.start(["prlimit", "--nofile=400"])
        for name in NAMES:
            TcpClient(self.daemon.address, 0).ask(name)
        self.upstream.script = faults.silent
        self.clients = [UdpClient(self.daemon.address, 0.02), UdpClient(self.daemon.address, 0.03),
                        TcpClient(self.daemon.address, 0.2)]
        self.hoard = [socket.create_connection(self.daemon.address, 5) for _ in range(30)]
        for client in self.clients:
            client.start()

    # ---- what befalls it

    def write_list(self):
        self.edition += 1
        self.daemon.write_list("one", "blocked.test\n" + "".join(
            f"n{self.edition}-{i}.test\n" for i in range(2000)))

    def reload(self):
        self.write_list()
        self.daemon.program.signal(signal.SIGHUP)

    def hand_over(self):
        count = len(self.manager.said("MAINPID"))
        before = self.daemon.program
        before.signal(signal.SIGUSR2)
        wait_until(lambda: len(self.manager.said("MAINPID")) > count, 120, "it is handed over")
        self.daemon.program = Heir(before, self.manager.main_pid)
        threading.Thread(target=self.see_end, args=(before,), daemon=True).start()

    def see_end(self, before):
        status = before.wait_end(120)
        self.done.setdefault("ended badly", 0)
        self.done["ended badly"] += status != 0

    def come_or_go(self):
        self.there = not self.there
        subprocess.run(["ip", "address", "add" if self.there else "del", f"{COMES_AND_GOES}/24", "dev",
                        "lo"], check=True)
        if self.there:
            assert UdpClient((COMES_AND_GOES, self.daemon.port), 0).ask("blocked.test") == [IPV4]

    def fill_disk(self):
        try:
            with open(self.state / "full", "wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            pass

    def empty_disk(self):
        (self.state / "full").unlink(missing_ok=True)

    def leave_log(self):
        self.root().reading.clear()
        for _ in range(30):
            self.daemon.program.signal(signal.SIGUSR1)
            time.sleep(0.02)

    def read_log(self):
        self.root().reading.set()

    def root(self):
        return getattr(self.daemon.program, "root", self.daemon.program)

    def step_clock(self):
        new = self.step.with_suffix(".new")
        new.write_text(str(self.random.choice([-86400, -3600, -1, 0, 1, 7200, 10 * 86400])))
        new.replace(self.step)

    def speak(self):
        self.upstream.script = self.tell

    def fall_silent(self):
        self.upstream.script = faults.silent

    def look_at_memory(self):
        pid = self.daemon.program.pid
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS:"):
                self.memory.append((pid, int(line.split()[1])))

    # ---- its course

    def live(self):
        """What is done how often, in seconds, and from when on."""
        plan = [(self.reload, 10, 3), (self.hand_over, 60, 25), (self.come_or_go, 7, 2),
                (self.fill_disk, 40, 11), (self.empty_disk, 40, 29), (self.leave_log, 50, 21),
                (self.read_log, 50, 42), (self.step_clock, 13, 5), (self.speak, 30, 9),
                (self.fall_silent, 30, 19), (self.look_at_memory, 10, 9)]
        due = [[begin, every, act] for act, every, begin in plan]
        begin = time.monotonic()
        while (now := time.monotonic() - begin) < self.seconds:
            for entry in due:
                if now < entry[0]:
                    continue
                entry[0] += entry[1]
                act = entry[2]
                if act == self.hand_over and now > self.seconds - LAST_S:
                    continue
                act()
                self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
            time.sleep(0.1)

    def end(self):
        self.read_log()
        self.empty_disk()
        for client in self.clients:
            client.ended.set()
            client.join()
        status = self.daemon.program.stop(60)
        text = self.root().text()
        last = [rss for pid, rss in self.memory if pid == self.memory[-1][0]]
        failures = [failure for client in self.clients for failure in client.failures]
        report = {
            "flavour": sanitizer() or "release", "done": self.done,
            "sent": [client.sent for client in self.clients], "failures": failures[:20],
            "unanswered": sum("Error" in found for _, _, found, _ in failures),
            "slowest_s": [round(client.slowest, 3) for client in self.clients],
            "status": status, "memory_kib": last, "memory_of_all_kib": [r for _, r in self.memory],
            "sanitizer": bool(SANITIZER.search(text)),
        }
        wrong = []
        if failures:
            wrong.append(f"{len(failures)} queries were not answered, or wrongly")
        if status != 0 or self.done.get("ended badly"):
            wrong.append("a process did not end well")
        if report["sanitizer"]:
            wrong.append("a sanitizer has complained")
        if len(last) > 2 and last[-1] > GROWTH_MAX * last[1]:
            wrong.append("memory grows")
        report["wrong"] = wrong
        print(json.dumps(report, indent=1))
        if wrong:
            Path(self.folder / "log").write_text(text)
            print("\n".join(text.splitlines()[-60:]), file=sys.stderr)
        return not wrong


def enter_namespaces(arguments):
    command = ["unshare", "-n", "-m", "sh", "-c", 'ip link set lo up && exec "$0" "$@"',
               sys.executable, __file__, *arguments, "--inside"]
    os.execvp(command[0], command)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        enter_namespaces(sys.argv[1:])
    assert daemon_path().exists(), "make builds the daemon"
    with tempfile.TemporaryDirectory(prefix="sinkholed-day-") as name:
        day = Day(Path(name), options.minutes * 60, options.seed)
        day.begin()
        try:
            day.live()
        finally:
            well = day.end()
            subprocess.run(["umount", day.state], check=True)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
