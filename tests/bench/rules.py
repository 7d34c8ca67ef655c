#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A response policy zone of many rules: us and the peers, the same file, one start after the other.

    rules.py [--rules N] [--rounds N] [--peers sinkholed-rpz,recursor,unbound-rpz,bind] [--bin build/release]

Half of the rules are for names, half for what is below them; all say NXDOMAIN (`CNAME .`).  Told are the seconds
from the start of the process to its first right answer, and the CPU time of these (medians), and by how
much more memory stays resident a rule than with a zone of one rule.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import measure  # noqa: E402
import peers  # noqa: E402

LIMIT_S = 300
SETTLE_S = 2    # what a server does behind its first answer


class Bench:
    """What a peer wants to know of where it runs."""
    upstream_port = 9
    tls_port = 9
    tls_certificate = ""

    def __init__(self, options):
        self.sinkholed = os.path.join(options.bin, "sinkholed")


class SinkholedRpz(peers.Rpz, peers.Sinkholed):
    name = "sinkholed-rpz"
    title = "sinkholed, RPZ"

    def config(self):
        return (super().config().replace("format: names", "format: rpz").replace("action: sinkhole", "action: given")
                .replace("    match: subtree\n", "")
                .replace(f"    sinkhole: {{ipv4: {peers.SINKHOLE}, ttl: 60}}\n", ""))


def of_rules(peer):
    """The same server, all of whose rules but the one that it is asked for say NXDOMAIN."""
    class OfRules(peer):
        def write_names(self, out):
            with open(self.names, encoding="ascii") as names:
                for name in names:
                    name = name.rstrip("\n")
                    out.write(f"{name} CNAME .\n*.{name} CNAME .\n")
    return OfRules


PEERS = {peer.name: of_rules(peer) for peer in (SinkholedRpz, peers.Recursor, peers.UnboundRpz, peers.Bind)}


def start(peer, directory, bench, names):
    """Seconds, CPU seconds and resident octets of one start."""
    os.makedirs(directory)
    os.chmod(directory, 0o777)
    server = peer(bench, directory, names, cores="0-1")
    server.prepare()
    try:
        seconds = server.start(LIMIT_S)
        cpu = measure.Cpu(server.pid()).total
        measure.time.sleep(SETTLE_S)
        return seconds, cpu, measure.memory(server.pid())["VmRSS"]
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--bin", default="build/release")
    options = parser.parse_args()
    bench = Bench(options)
    chosen = [PEERS[name] for name in options.peers.split(",") if PEERS[name].find(bench)]
    taken = {peer: [] for peer in chosen}
    with tempfile.TemporaryDirectory(prefix="rules.") as folder:
        os.chmod(folder, 0o755)
        subprocess.run([os.path.join(options.bin, "names"), str(options.rules // 2), folder], check=True,
                       stdout=subprocess.DEVNULL)
        names = os.path.join(folder, "names.txt")
        least = {peer: start(peer, os.path.join(folder, f"{peer.name}-one"), bench, None)[2] for peer in chosen}
        for number in range(options.rounds):
            for peer in chosen:
                taken[peer].append(start(peer, os.path.join(folder, f"{peer.name}-{number}"), bench, names))
    for peer in chosen:
        seconds, cpu, octets = (statistics.median(values) for values in zip(*taken[peer]))
        print(f"| {peer.title} | {peer.version(bench)} | {seconds:.2f} s | {cpu:.2f} s | "
              f"{(octets - least[peer]) / options.rules:.1f} B |")


if __name__ == "__main__":
    main()
