#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What reading a hostile message costs: instructions by its length, counted by callgrind.

    growth.py [--bin build/release] [--kinds pointers,dnames]

A row a kind of message (tests/tools/grow.c), a column a length; the figures are instructions an
octet.  A cost that grows faster than the message shows as a row that rises: the exit status is 1
when the longest costs more than twice the instructions an octet of any shorter one.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LENGTHS = (2000, 8000, 32000, 64000)
MOST_RISE = 2.0


def instructions(tool, kind, octets, times):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", tool, kind,
                        str(octets), str(times)], check=True, stderr=subprocess.DEVNULL)
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M).group(1))


def per_octet(tool, kind, octets):
    """Without what it costs to start, and to make the message."""
    return (instructions(tool, kind, octets, 3) - instructions(tool, kind, octets, 1)) / 2 / octets


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, default=Path("build/release"))
    parser.add_argument("--kinds")
    options = parser.parse_args()
    tool = options.bin / "grow"
    known = subprocess.run([tool, "kinds"], check=True, capture_output=True, text=True).stdout.split()
    print(f"{'octets':<18}" + "".join(f"{octets:>10}" for octets in LENGTHS))
    risen = []
    for kind in options.kinds.split(",") if options.kinds else known:
        costs = [per_octet(tool, kind, octets) for octets in LENGTHS]
        print(f"{kind:<18}" + "".join(f"{cost:10.1f}" for cost in costs), flush=True)
        if costs[-1] > MOST_RISE * min(costs[:-1]) and costs[-1] > 10:
            risen.append(kind)
    if risen:
        print(f"costs that grow faster than the message: {', '.join(risen)}")
    return 1 if risen else 0


if __name__ == "__main__":
    sys.exit(main())
