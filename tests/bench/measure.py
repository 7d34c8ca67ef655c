# SPDX-License-Identifier: BSD-2-Clause
"""What is read from the kernel and the wire: processes, CPU time, memory, answers, load runs."""

import json
import os
import resource
import signal
import socket
import struct
import subprocess
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """A measurement that could not be made; the text says why."""


def spawn(command, cores, log):
    """Starts a program on the given cores; it ends with us, whatever ends us."""
    pinned = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", cores] + command
    return subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def stop(process, seconds=20):
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port():
    """A port that is free for UDP and TCP on loopback."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            port = udp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                try:
                    tcp.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
    raise Failure("no free port")


# ---- CPU and memory


class Cpu:
    """CPU seconds of a process so far: the exact total, and the ticks that split it."""

    def __init__(self, pid):
        self.total = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                self.total += int(stat.read().split()[0]) / 1e9
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        self.user = int(fields[11]) * TICK_S
        self.system = int(fields[12]) * TICK_S


def busy_ticks():
    """Ticks that all cores together spent on anything but waiting."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) for field in stat.readline().split()[1:9]]
    return sum(fields) - fields[3] - fields[4]


class Others:
    """What the rest of the machine does while we measure: figures of a busy machine are worth
    little."""

    def __init__(self, pids):
        self.pids = pids
        self.begin = time.monotonic()
        self.busy = busy_ticks() * TICK_S
        self.ours = self.our_seconds()

    def our_seconds(self):
        used = sum(Cpu(pid).total for pid in self.pids)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            used += usage.ru_utime + usage.ru_stime
        return used

    def share(self):
        """Of all cores' time since then, what was used by others. Load runs must have ended."""
        elapsed = (time.monotonic() - self.begin) * os.cpu_count()
        foreign = busy_ticks() * TICK_S - self.busy - (self.our_seconds() - self.ours)
        return max(0.0, foreign / elapsed)


def memory(pid):
    """VmRSS, VmHWM, RssAnon, RssFile in octets."""
    wanted = {}
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        for line in status:
            key, _, value = line.partition(":")
            if key in ("VmRSS", "VmHWM", "RssAnon", "RssFile"):
                wanted[key] = int(value.split()[0]) * 1024
    return wanted


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


# ---- asking


def build_query(name, number):
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def ask(port, name, number, wait_s):
    """The A record's address in the answer, or None."""
    query = build_query(name, number)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(wait_s)
        try:
            client.connect(("127.0.0.1", port))
            client.send(query)
            answer = client.recv(4096)
        except OSError:
            return None
    if answer[:2] != query[:2] or len(answer) < len(query) + 16:
        return None
    record = answer[len(query):]
    if record[:4] != b"\xc0\x0c\0\1" or record[10:12] != b"\0\4":
        return None
    return socket.inet_ntoa(record[12:16])


def ask_fresh(port, name, seconds):
    """Asks for fresh names below `name`, every 2 ms, for so long; yields the answers."""
    begin = time.monotonic()
    number = int(begin * 1e6) & 0xFFFF
    while time.monotonic() - begin < seconds:
        number = (number + 1) & 0xFFFF
        sent = time.monotonic()
        yield ask(port, f"p{number:x}-{os.getpid():x}.{name}", number, 0.05)
        time.sleep(max(0.0, sent + 0.002 - time.monotonic()))


def wait_for_address(port, name, address, limit_s, process=None):
    """Asks until the address comes back. Returns the seconds."""
    begin = time.monotonic()
    for answer in ask_fresh(port, name, limit_s):
        if answer == address:
            return time.monotonic() - begin
        if process is not None and process.poll() is not None:
            raise Failure(f"ended with status {process.returncode}")
    raise Failure(f"no answer {address} for {name} within {limit_s:.0f} s")


# ---- load


class Load:
    """A run of the load generator."""

    def __init__(self, tool, cores, port, questions, options):
        self.command = [tool, "--json"] + options + [f"127.0.0.1@{port}", questions]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", cores] + self.command,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def mark(self):
        """Begins a new phase."""
        self.process.send_signal(signal.SIGUSR1)

    def end(self):
        self.process.send_signal(signal.SIGINT)

    def result(self):
        output, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise Failure(f"load ended with status {self.process.returncode}")
        return json.loads(output)


# ---- the machine


def output_of(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout + done.stderr).strip()


def package_version(package):
    return output_of(["dpkg-query", "-W", "-f", "${Version}", package])


def machine():
    facts = {}
    for line in output_of(["lscpu"]).splitlines():
        key, _, value = line.partition(":")
        facts[key.strip()] = value.strip()
    with open("/proc/meminfo", encoding="ascii") as file:
        total_kib = int(file.readline().split()[1])
    return {
        "cpu": facts.get("Model name", "unknown"),
        "cores": os.cpu_count(),
        "hypervisor": facts.get("Hypervisor vendor", "none"),
        "kernel": os.uname().release,
        "memory_gib": round(total_kib / 1024 / 1024, 1),
    }
