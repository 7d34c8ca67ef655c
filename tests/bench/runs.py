# SPDX-License-Identifier: BSD-2-Clause
"""The measurements: speed side by side, loading, memory and reload by list size, scaling."""

import math
import os
import shutil
import statistics
import time

import measure
import peers

WINDOW = 128
LOAD_CORE = "1"
SATURATED = ["--window", str(WINDOW), "--sockets", "2"]
QUICK_S = 2
RELOAD_QUIET_S = 3
RELOAD_TAIL_S = 3


def say(text):
    print(text, file=os.sys.stderr, flush=True)


def load_limit_s(size):
    return 30 + size * 60e-6


class Lists:
    """The list of a size and the questions about it, made once."""

    def __init__(self, bench):
        self.bench = bench
        self.made = {}

    def directory(self, size):
        if size not in self.made:
            path = os.path.join(self.bench.directory, f"names-{size}")
            os.makedirs(path)
            say(measure.output_of([self.bench.tool("names"), str(size), path]))
            self.made[size] = path
            self.write_cached(path)
        return self.made[size]

    @staticmethod
    def write_cached(path):
        with open(os.path.join(path, "unlisted.txt"), encoding="ascii") as names, \
                open(os.path.join(path, "cached.txt"), "w", encoding="ascii") as out:
            for _, name in zip(range(peers.CACHED_NAMES), names):
                out.write(name)

    def names(self, size):
        return os.path.join(self.directory(size), "names.txt")

    def questions(self, size, workload):
        file = "unlisted" if workload in peers.FORWARDED else workload
        return os.path.join(self.directory(size), f"{file}.txt")

    def forget(self, size):
        shutil.rmtree(self.made.pop(size, ""), ignore_errors=True)


def expectation(peer, workload):
    if not peer.blocks:
        return []
    options = ["--expect", peer.sinkhole if workload in ("blocked", "below") else peers.UPSTREAM]
    return options + (["--unique"] if workload in peers.FORWARDED else [])


def fits_memory(cls, size, copies):
    return cls.bytes_a_name * size * copies < 0.8 * measure.available_memory()


# ---- speed


class Speed:
    """All servers run at once, idle but for the one that is asked; rounds go around them."""

    def __init__(self, bench, size):
        self.bench = bench
        self.size = size
        self.running = []
        self.runs = {}  # (peer, workload): runs
        self.latency = {}

    def start(self, classes):
        for cls in classes:
            if not fits_memory(cls, self.size, 1):
                say(f"{cls.name}: {self.size} names would not fit the memory, left out")
                continue
            peer = cls(self.bench, self.bench.directory, self.bench.lists.names(self.size))
            self.running.append(peer)
            try:
                peer.prepare()
                say(f"{peer.name}: ready after {peer.start(load_limit_s(self.size)):.2f} s")
            except measure.Failure as failure:
                self.drop(peer, failure)

    def drop(self, peer, failure):
        self.bench.failed(peer.name, failure)
        peer.stop()
        self.running.remove(peer)

    def stop(self):
        for peer in self.running:
            peer.stop()

    def load(self, peer, workload, options):
        questions = self.bench.lists.questions(self.size, workload)
        run = measure.Load(self.bench.tool("load"), LOAD_CORE, peer.port, questions,
                           options + expectation(peer, workload))
        return run.result()

    def warm(self, peer, workload):
        if workload == "cached" and peer.blocks:
            for _ in range(2):
                self.load(peer, workload, ["--window", "32", "--count", str(peers.CACHED_NAMES)])
        else:
            self.load(peer, workload, SATURATED + ["--seconds", "0.3"])

    def measure_cpu(self, peer, workload, number):
        self.warm(peer, workload)
        before = measure.Cpu(peer.pid())
        others = measure.Others([peer.pid(), self.bench.upstream.pid,
                                 self.bench.tls_upstream.pid])
        result = self.load(peer, workload, SATURATED + ["--seconds", str(self.bench.seconds)])
        foreign = others.share()
        after = measure.Cpu(peer.pid())
        if result["answered"] == 0:
            raise measure.Failure(f"{workload}: no answers")
        self.runs.setdefault((peer.name, workload), {})[number] = {
            "cpu_us": (after.total - before.total) / result["answered"] * 1e6,
            "user_s": after.user - before.user,
            "system_s": after.system - before.system,
            "busy": (after.total - before.total) / result["seconds"],
            "foreign": foreign,
            "qps": result["qps"],
            "lost": result["lost"],
            "mismatched": result["mismatched"],
            "sent": result["sent"],
        }

    def measure_latency(self, peer, workload, number):
        rate = self.bench.rate / 4 if workload in peers.FORWARDED else self.bench.rate
        self.warm(peer, workload)
        result = self.load(peer, workload,
                           ["--rate", str(rate), "--seconds", str(self.bench.seconds)])
        self.latency.setdefault((peer.name, workload), {})[number] = {
            "rate": rate, "lost": result["lost"], **result["latency_us"]}

    def each(self, workloads, what):
        """Calls for every server and workload, beginning with another server every round. The
        reflector takes part each time: a machine's pace drifts, so that only what was measured
        side by side is compared."""
        for number in range(self.bench.rounds):
            for workload in workloads:
                turn = number % max(1, len(self.running))
                for peer in self.running[turn:] + self.running[:turn]:
                    if workload in peer.workloads:
                        self.attempt(what, peer, workload, number)
            say(f"round {number + 1} of {self.bench.rounds} is done")

    def attempt(self, what, peer, workload, number):
        try:
            what(peer, workload, number)
        except (measure.Failure, OSError) as failure:
            self.drop(peer, failure)

    def run(self, classes, workloads):
        try:
            self.start(classes)
            self.each(workloads, self.measure_cpu)
            self.each(workloads, self.measure_latency)
        finally:
            self.stop()
        return {"names": self.size, "window": WINDOW, "cpu": self.summary(),
                "latency": self.latency_summary()}

    def summary(self):
        table = {}
        for (name, workload), by_round in self.runs.items():
            rounds = list(by_round.values())
            ticks = sum(run["user_s"] + run["system_s"] for run in rounds)
            cpu = statistics.median(run["cpu_us"] for run in rounds)
            user = sum(run["user_s"] for run in rounds) / ticks if ticks else 0.0
            table.setdefault(name, {})[workload] = {
                "cpu_us": cpu,
                "user_us": cpu * user,
                "qps": statistics.median(run["qps"] for run in rounds),
                "busy": statistics.median(run["busy"] for run in rounds),
                "foreign": statistics.median(run["foreign"] for run in rounds),
                "lost": sum(run["lost"] for run in rounds),
                "mismatched": sum(run["mismatched"] for run in rounds),
                "sent": sum(run["sent"] for run in rounds),
                "rounds": {number: run["cpu_us"] for number, run in by_round.items()},
            }
        return table

    def latency_summary(self):
        table = {}
        for (name, workload), by_round in self.latency.items():
            rounds = list(by_round.values())
            table.setdefault(name, {})[workload] = {
                "rate": rounds[0]["rate"],
                "lost": sum(run["lost"] for run in rounds),
                "p50": statistics.median(run["p50"] for run in rounds),
                "p99": statistics.median(run["p99"] for run in rounds),
            }
        return table


def cost_ratio(cpu, name, other, workload):
    """The median, over the rounds, of one server's CPU time a query over another's."""
    one = cpu.get(name, {}).get(workload, {}).get("rounds", {})
    two = cpu.get(other, {}).get(workload, {}).get("rounds", {})
    ratios = [one[number] / two[number] for number in one if number in two]
    return statistics.median(ratios) if ratios else None


# ---- a list's size: time to load, memory, reload


def start_empty(bench, cls):
    """Resident memory with a list of one name."""
    peer = cls(bench, os.path.join(bench.directory, "empty"), None)
    try:
        peer.prepare()
        peer.start(load_limit_s(0))
        time.sleep(0.2)
        return measure.memory(peer.pid())["VmRSS"]
    finally:
        peer.stop()


def p99_of(phase):
    """None when there were too few queries to tell, infinite when the hundredth was lost."""
    if phase["sent"] < 200:
        return None
    return math.inf if phase["lost"] > phase["sent"] / 100 else phase["latency_us"]["p99"]


def reload_under_load(bench, peer, size, options):
    """A reload in the middle of a run of load; the run's phases are before, during and after."""
    questions = bench.lists.questions(size, "blocked")
    limit_s = load_limit_s(size)
    peer.prepare_reload()
    rss = measure.memory(peer.pid())["VmRSS"]
    measure.forget_peak(peer.pid())
    pid = peer.pid()
    load = measure.Load(bench.tool("load"), LOAD_CORE, peer.port, questions,
                        options + ["--expect", peer.sinkhole, "--seconds",
                                   str(limit_s + RELOAD_QUIET_S + RELOAD_TAIL_S + 10)])
    try:
        # what asks for the reload's end takes time of the cores, so it asks before it, too
        for _ in measure.ask_fresh(peer.port, peers.marker(peer.edition), RELOAD_QUIET_S):
            pass
        load.mark()
        begin = time.monotonic()
        peer.reload()
        measure.wait_for_address(peer.port, peers.marker(peer.edition), peer.sinkhole, limit_s)
        seconds = time.monotonic() - begin
        load.mark()
        time.sleep(RELOAD_TAIL_S)
    finally:
        load.end()
        result = load.result()
    after = measure.memory(peer.pid())
    before_phase, during = result["phases"][:2]
    same_process = peer.pid() == pid
    return {
        "seconds": seconds,
        "prepare_s": peer.prepare_s,
        "sent": result["sent"],
        "lost": result["lost"],
        "mismatched": result["mismatched"],
        "silent_ms": result["silent_ms"],
        "qps": result["qps"],
        "p99_before_us": before_phase["latency_us"]["p99"],
        "p99_during_us": p99_of(during),
        "rss_before": rss,
        "rss_after": after["VmRSS"],
        "peak": after["VmHWM"] if same_process else None,
    }


def merge_reloads(done):
    """The middle of several reloads, the sum of what they lost, the worst of what they needed."""
    merged = dict(done[0])
    for key in ("seconds", "prepare_s", "qps", "p99_before_us", "p99_during_us"):
        values = [reload[key] for reload in done]
        merged[key] = None if None in values else statistics.median(values)
    for key in ("sent", "lost", "mismatched"):
        merged[key] = sum(reload[key] for reload in done)
    merged["silent_ms"] = max(reload["silent_ms"] for reload in done)
    if merged["peak"] is not None:
        merged["peak"] = max(reload["peak"] for reload in done)
    merged["rss_after"] = done[-1]["rss_after"]
    merged["times"] = len(done)
    return merged


def reload_again(bench, peer, size, options):
    """What is quick is done three times."""
    done = [reload_under_load(bench, peer, size, options)]
    while done[0]["seconds"] < QUICK_S and len(done) < 3:
        done.append(reload_under_load(bench, peer, size, options))
    return merge_reloads(done)


def start_again(peer, size):
    """Starts the server, three times if it is quick. Returns the middle of the seconds until it
    answered, and of the CPU seconds it took for that; leaves it running."""
    taken = []
    while True:
        seconds = peer.start(load_limit_s(size))
        taken.append((seconds, measure.Cpu(peer.pid()).total))
        if seconds >= QUICK_S or len(taken) == 3:
            return [statistics.median(column) for column in zip(*taken)]
        peer.stop()


def measure_size(bench, cls, size, empty_rss):
    """One server with a list of this size."""
    peer = cls(bench, os.path.join(bench.directory, f"size-{size}"), bench.lists.names(size))
    try:
        peer.prepare()
        ready_s, ready_cpu_s = start_again(peer, size)
        time.sleep(0.5)
        rss = measure.memory(peer.pid())["VmRSS"]
        row = {
            "ready_s": ready_s,
            "ready_cpu_s": ready_cpu_s,
            "prepare_s": peer.prepare_s,
            "rss": rss,
            "bytes_a_name": (rss - empty_rss) / size,
            "file_bytes_a_name": os.path.getsize(peer.list_path()) / size,
        }
        if not fits_memory(cls, size, 1.2):
            say(f"{peer.name}: a reload of {size} names would not fit the memory, left out")
            return row
        row["reload"] = reload_again(bench, peer, size, ["--rate", "5000"])
        if cls is peers.Sinkholed:
            row["reload_saturated"] = reload_again(bench, peer, size, SATURATED)
        return row
    finally:
        peer.stop()
        shutil.rmtree(peer.directory, ignore_errors=True)


def measure_sizes(bench, classes, sizes):
    table = {}
    for cls in classes:
        if not cls.reloads:
            continue
        try:
            empty_rss = start_empty(bench, cls)
            for size in sizes:
                if not fits_memory(cls, size, 1.2):
                    say(f"{cls.name}: {size} names would not fit the memory, left out")
                    continue
                row = measure_size(bench, cls, size, empty_rss)
                table.setdefault(str(size), {})[cls.name] = row
                say(f"{cls.name}, {size} names: ready after {row['ready_s']:.2f} s, "
                    f"{row['bytes_a_name']:.0f} octets a name")
        except (measure.Failure, OSError) as failure:
            bench.failed(cls.name, failure)
    return table


# ---- scaling


def measure_workers(bench, size, workers, cores, load_cores):
    """Throughput and CPU time a query with this many workers; as many loads as there are cores."""
    peer = peers.Sinkholed(bench, os.path.join(bench.directory, "scaling"),
                           bench.lists.names(size), workers, cores)
    options = ["--window", "256", "--sockets", "32", "--seconds", str(bench.seconds),
               "--expect", peers.SINKHOLE]
    try:
        peer.prepare()
        peer.start(load_limit_s(size))
        before = measure.Cpu(peer.pid())
        loads = [measure.Load(bench.tool("load"), core, peer.port,
                              bench.lists.questions(size, "blocked"), options)
                 for core in load_cores]
        results = [load.result() for load in loads]
        used = measure.Cpu(peer.pid()).total - before.total
        answered = sum(result["answered"] for result in results)
        return {"qps": sum(result["qps"] for result in results),
                "cpu_us": used / max(1, answered) * 1e6,
                "lost": sum(result["lost"] for result in results)}
    finally:
        peer.stop()


def measure_scaling(bench, size):
    """Two workers and two loads need four cores; with fewer, CPU time tells what is shared."""
    direct = os.cpu_count() >= 4
    load_cores = ["2", "3"] if direct else ["0", "1"]
    one, two = [], []
    for _ in range(bench.rounds):
        one.append(measure_workers(bench, size, 1, "0" if direct else "0,1", load_cores))
        two.append(measure_workers(bench, size, 2, "0,1", load_cores))

    def middle(runs, key):
        return statistics.median(run[key] for run in runs)

    if direct:
        factor = middle(two, "qps") / middle(one, "qps")
    else:
        factor = 2 * middle(one, "cpu_us") / middle(two, "cpu_us")
    return {"direct": direct, "factor": factor,
            "one": {key: middle(one, key) for key in ("qps", "cpu_us", "lost")},
            "two": {key: middle(two, key) for key in ("qps", "cpu_us", "lost")}}
