#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What of each list of a folder is in force and why the rest is not, as a table: reasons.py DAEMON FOLDER.

Each file is read alone by `sinkholed --check`, as a list of names (`format: auto`), with the guard as it is by
default.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

CONFIG = """
server: {{listen: ["127.0.0.1@5353"], user: root}}
upstreams: [{{address: 127.0.0.1@5399}}]
lists: [{{name: one, file: "{path}", action: sinkhole, sinkhole: {{ipv4: 192.0.2.1}}, min-entries: 0}}]
"""
COUNTS = re.compile(r"^list one: (\d+) names in force from .* \((\w+)\): (\d+) entries, (\d+) duplicates, "
                    r"(\d+) skipped, (\d+) bad, (\d+) held back", re.M)
REASONS = re.compile(r": \d+ of (\d+) lines not taken: (.*)$", re.M)


def row(daemon, path):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(CONFIG.format(path=path.resolve()))
        config.flush()
        told = subprocess.run([daemon, "-c", config.name, "--check"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False).stdout
    counts = COUNTS.search(told)
    if not counts:
        return f"| {path.name} | refused: {told.strip().splitlines()[-1]} | | | | | |"
    names, form, entries, duplicates, _, _, held = counts.groups()
    reasons = REASONS.search(told)
    return (f"| {path.name} | {form} | {int(entries):,} | {int(duplicates):,} | {int(names):,} | {held} "
            f"| {reasons.group(2) if reasons else ''} |")


def main():
    daemon, folder = sys.argv[1:]
    print("| list | read as | entries | twice | in force | held back | lines not taken |\n"
          "|---|---|---|---|---|---|---|")
    for path in sorted(Path(folder).iterdir()):
        if path.is_file():
            print(row(daemon, path))


if __name__ == "__main__":
    main()
