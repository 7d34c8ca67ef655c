#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long a list takes from text to the set, by several builds in turn: loading.py BUILD...

Each round runs `sinkholed --check` of each build once, with the same list.  Seconds are those from
the start of the process to its end; of all rounds the least and the median are told, of CPU time
the median.  `--cores 1` leaves the builds one core.  With `--warm MIB` so much memory is written to
before each run, which the kernel has at hand then: on a virtual machine whose host takes free memory
back, the first write to each page may take twenty times as long, whatever the build does.
"""

import argparse
import mmap
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

CONFIG = """
server: {{listen: ["127.0.0.1@5353"], workers: 1, user: root}}
upstreams: [{{address: 127.0.0.1@5399}}]
lists:
  - {{name: bench, file: {path}, format: {format}, match: subtree, action: sinkhole,
     sinkhole: {{ipv4: 192.0.2.1, ttl: 60}}}}
"""

FORMS = {"names": "{}\n", "hosts": "0.0.0.0 {}\n", "adblock": "||{}^\n"}


def write_list(folder, options):
    subprocess.run([os.path.join(options.tools, "names"), str(options.names), folder], check=True,
                   stdout=subprocess.DEVNULL)
    path = os.path.join(folder, "list.txt")
    with open(os.path.join(folder, "names.txt"), encoding="ascii") as names, \
            open(path, "w", encoding="ascii") as out:
        out.writelines(FORMS[options.format].format(name.rstrip("\n")) for name in names)
    return path


def warm(mib):
    """Writes to so much memory, in huge pages, and gives it back."""
    if mib == 0:
        return
    with mmap.mmap(-1, mib << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, len(memory), mmap.PAGESIZE):
            memory[at] = 1


def run(build, config, cores):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run([build, "-c", config, "--check"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL,
                   preexec_fn=lambda: os.sched_setaffinity(0, cores))
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+", help="daemons; the first is what others are held against")
    parser.add_argument("--tools", default="build/release", help="where `names` is")
    parser.add_argument("--names", type=int, default=10000000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--warm", type=int, default=0, metavar="MIB")
    parser.add_argument("--format", choices=FORMS, default="names")
    options = parser.parse_args()
    cores = set(sorted(os.sched_getaffinity(0))[:options.cores])
    taken = {build: [] for build in options.builds}
    with tempfile.TemporaryDirectory(prefix="sinkholed-loading-") as folder:
        config = os.path.join(folder, "sinkholed.yaml")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(path=write_list(folder, options), format=options.format))
        for _ in range(options.rounds):
            for build in options.builds:
                warm(options.warm)
                taken[build].append(run(build, config, cores))
    least = {build: min(wall for wall, _ in runs) for build, runs in taken.items()}
    print("| build | least s | of the first | median s | median CPU s |\n|---|---|---|---|---|")
    for build, runs in taken.items():
        print(f"| {build} | {least[build]:.2f} | {least[build] / least[options.builds[0]]:.2f} "
              f"| {statistics.median(wall for wall, _ in runs):.2f} "
              f"| {statistics.median(cpu for _, cpu in runs):.2f} |")


if __name__ == "__main__":
    main()
