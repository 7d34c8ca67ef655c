#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Addresses and networks that answers must not have: us and the peers, one start after the other.

    prefixes.py [--prefixes N] [--rounds N] [--peers sinkholed,sinkholed-rpz,recursor,unbound-rpz,bind] [--bin DIR]

Of N different prefixes of IPv4 four in five are addresses, and the others networks of 256; ours have them as a list
of addresses or as a response policy zone, the peers as such a zone (rpz-ip), all with NXDOMAIN.  Told are the
seconds from the start of the process to its first right answer, and the CPU time of these (medians), and by how
much more memory stays resident a prefix than without any.
"""
import argparse
import os
import random
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import peers  # noqa: E402
import rules  # noqa: E402


def write_prefixes(path, count):
    """None is of the first or the last quarter of the addresses, where what is asked for is."""
    draw = random.Random(3)
    drawn = set()
    while len(drawn) < count:
        address = draw.randrange(64 << 24, 192 << 24)
        drawn.add((address & 0xffffff00, 24) if draw.random() < 0.2 else (address, 32))
    with open(path, "w", encoding="ascii") as out:
        for address, bits in drawn:
            print(".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0)), bits, file=out)


class Addresses(peers.Sinkholed):
    """A list of names, for the one that it is asked for, and one of addresses."""
    title = "sinkholed, list of addresses"

    def config(self):
        return super().config().replace("state:", f"  - name: prefixes\n    file: {self.path('prefixes')}\n"
                                                  "    format: addresses\n    action: nxdomain\nstate:")

    def write_names(self, out):
        """They go into the list beside."""

    def prepare(self):
        super().prepare()
        with open(self.path("prefixes"), "w", encoding="ascii") as out:
            for line in open(self.names, encoding="ascii") if self.names else ():
                out.write(line.rstrip("\n").replace(" ", "/") + "\n")


def of_prefixes(peer):
    """The same server, with a zone of rules for addresses."""
    class OfPrefixes(peer):
        def write_names(self, out):
            with open(self.names, encoding="ascii") as names:
                for line in names:
                    address, bits = line.split()
                    out.write(f"{bits}.{'.'.join(reversed(address.split('.')))}.rpz-ip CNAME .\n")
    return OfPrefixes


PEERS = {Addresses.name: Addresses,
         **{peer.name: of_prefixes(peer)
            for peer in (rules.SinkholedRpz, peers.Recursor, peers.UnboundRpz, peers.Bind)}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefixes", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--bin", default="build/release")
    options = parser.parse_args()
    bench = rules.Bench(options)
    chosen = [PEERS[name] for name in options.peers.split(",") if PEERS[name].find(bench)]
    taken = {peer: [] for peer in chosen}
    with tempfile.TemporaryDirectory(prefix="prefixes.") as folder:
        os.chmod(folder, 0o755)
        prefixes = os.path.join(folder, "prefixes.txt")
        write_prefixes(prefixes, options.prefixes)
        least = {peer: rules.start(peer, os.path.join(folder, f"{peer.name}-none"), bench, None)[2]
                 for peer in chosen}
        for number in range(options.rounds):
            for peer in chosen:
                taken[peer].append(rules.start(peer, os.path.join(folder, f"{peer.name}-{number}"), bench, prefixes))
    for peer in chosen:
        seconds, cpu, octets = (statistics.median(values) for values in zip(*taken[peer]))
        print(f"| {peer.title} | {peer.version(bench)} | {seconds:.2f} s | {cpu:.2f} s | "
              f"{(octets - least[peer]) / options.prefixes:.1f} B |")


if __name__ == "__main__":
    main()
