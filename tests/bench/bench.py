#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""sinkholed and its peers, side by side: same list, same load, same machine, in ratios."""

import argparse
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import measure  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import runs  # noqa: E402

PARTS = peers.WORKLOADS + ("sizes", "scaling")


class Bench:
    """What all measurements share: the tools, a directory, the upstream, what went wrong."""

    def __init__(self, options, directory):
        self.bin = options.bin
        self.sinkholed = os.path.abspath(options.sinkholed or os.path.join(self.bin, "sinkholed"))
        self.seconds = options.seconds
        self.rounds = options.rounds
        self.rate = options.rate
        self.directory = directory
        self.left_out = []
        self.lists = runs.Lists(self)
        self.upstream_port = measure.free_port()
        self.upstream = None
        self.tls_port = measure.free_port()
        self.tls_certificate = os.path.join(directory, "tls.pem")
        self.tls_upstream = None

    def tool(self, name):
        path = os.path.abspath(os.path.join(self.bin, name))
        if not os.access(path, os.X_OK):
            raise measure.Failure(f"{path} is missing: build the tools first")
        return path

    def failed(self, name, failure):
        runs.say(f"{name}: {failure}")
        self.left_out.append((name, str(failure)))

    def start_upstream(self):
        command = [self.tool("reflector"), "--answer", "--address", peers.UPSTREAM,
                   "--ttl", "86400", "127.0.0.1", str(self.upstream_port)]
        self.upstream = measure.spawn(command, runs.LOAD_CORE, subprocess.DEVNULL)

    def start_tls_upstream(self):
        """With a certificate that is its own authority."""
        key = os.path.join(self.directory, "tls.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key,
                        "-out", self.tls_certificate, "-subj", f"/CN={peers.TLS_NAME}",
                        "-addext", f"subjectAltName=DNS:{peers.TLS_NAME}"],
                       check=True, capture_output=True)
        command = [self.tool("tlsreflector"), "127.0.0.1", str(self.tls_port),
                   self.tls_certificate, key]
        self.tls_upstream = measure.spawn(command, runs.LOAD_CORE, subprocess.DEVNULL)

    def stop(self):
        measure.stop(self.upstream)
        measure.stop(self.tls_upstream)

    def installed(self, wanted):
        found = []
        for cls in peers.ALL:
            if wanted and cls.name not in wanted:
                continue
            if cls.find(self):
                found.append(cls)
            else:
                self.failed(cls.name, "not installed, left out")
        return found


def number_list(text):
    return [int(part.replace("_", "")) for part in text.split(",")]


def name_list(allowed):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(
                    f"'{name}' is not one of {', '.join(allowed)}")
        return names
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=os.environ.get("SINKHOLED_TOOLS", "build/release"),
                        help="where reflector, load, names, cdbmake and sinkholed are")
    parser.add_argument("--sinkholed", default=os.environ.get("SINKHOLED"),
                        help="the daemon, if it is elsewhere")
    parser.add_argument("--quick", action="store_true",
                        help="short runs, lists of 273 and 100,000 names")
    parser.add_argument("--peers", type=name_list([cls.name for cls in peers.ALL]),
                        help="of " + ", ".join(cls.name for cls in peers.ALL))
    parser.add_argument("--only", type=name_list(PARTS), help="of " + ", ".join(PARTS))
    parser.add_argument("--sizes", type=number_list, help="names in the lists to load and reload")
    parser.add_argument("--names", type=int, help="names in the list of the speed runs")
    parser.add_argument("--seconds", type=float, help="of each run of load")
    parser.add_argument("--rounds", type=int, help="of runs, whose median counts")
    parser.add_argument("--rate", type=float, default=20000,
                        help="queries a second for latency; a quarter of it for forwarded")
    parser.add_argument("--json", metavar="FILE", help="all results")
    parser.add_argument("--markdown", metavar="FILE", help="the tables")
    options = parser.parse_args()
    defaults = {"sizes": [273, 100000] if options.quick else [273, 1000000, 10000000],
                "names": 100000 if options.quick else 1000000,
                "seconds": 1.0 if options.quick else 3.0,
                "rounds": 2 if options.quick else 5}
    for key, value in defaults.items():
        if getattr(options, key) is None:
            setattr(options, key, value)
    return options


def measure_all(bench, options):
    classes = bench.installed(options.peers)
    parts = options.only or PARTS
    workloads = [workload for workload in peers.WORKLOADS if workload in parts]
    results = {
        "command": shlex.join(["tests/bench/bench.py"] + sys.argv[1:]),
        "machine": measure.machine(),
        "versions": {cls.name: cls.version(bench) for cls in classes},
        "rounds": bench.rounds,
        "seconds": bench.seconds,
        "left_out": bench.left_out,
    }
    if workloads:
        results["speed"] = runs.Speed(bench, options.names).run(classes, workloads)
    if "scaling" in parts and peers.Sinkholed in classes:
        try:
            results["scaling"] = runs.measure_scaling(bench, options.names)
        except measure.Failure as failure:
            bench.failed("sinkholed, two workers", failure)
    if "sizes" in parts:
        results["sizes"] = runs.measure_sizes(bench, classes, options.sizes)
    results["budgets"] = [budget.as_dict() for budget in report.budgets(results)]
    return results


def finite(value):
    """JSON knows no infinity."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def write_results(options, results):
    text = report.markdown(results)
    print(text)
    if options.markdown:
        with open(options.markdown, "w", encoding="utf-8") as file:
            file.write(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(finite(results), file, indent=1)


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="sinkholed-bench-") as directory:
        os.chmod(directory, 0o755)  # servers give up being root and read their lists again
        bench = Bench(options, directory)
        os.sched_setaffinity(0, {int(runs.LOAD_CORE)} if os.cpu_count() > 1 else {0})
        try:
            bench.start_upstream()
            bench.start_tls_upstream()
            write_results(options, measure_all(bench, options))
        except measure.Failure as failure:
            print(f"bench: {failure}", file=sys.stderr)
            return 1
        finally:
            bench.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
