#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table of rooms in docs/architecture.md: all of them, in their order, with their size; and the files that
the page names are there.

With --write the numbers are put in; without, they may be a tenth off, or twenty lines.
"""
import re
import sys
from pathlib import Path

from common import ROOMS, finish, room_lines

PAGE = Path("docs/architecture.md")
PATH = re.compile(r"`([a-z_/{},]+/[a-z_{},]+\.[ch])`")
ROW = re.compile(r"\| `([\w/.]+)` \|(.*)\| *([\d,]+) *\| *([\d,]+) *\|")


def room_named(shown):
    return "main" if shown == "src/main.c" else shown


def rows():
    """Number of the line, the room, what it is, files and lines as the page tells them."""
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        match = ROW.fullmatch(line)
        if match:
            files, lines = (int(match[n].replace(",", "")) for n in (3, 4))
            yield number, room_named(match[1]), files, lines


def reasons():
    told = list(rows())
    there = [room for room in ROOMS if room_lines(room)[0]]
    if [room for _, room, _, _ in told] != there:
        yield f"{PAGE}:{told[0][0] if told else 1}: the rooms are {', '.join(there)}"
    for number, room, files, lines in told:
        true = room_lines(room)
        if abs(true[1] - lines) > max(20, true[1] // 10) or abs(true[0] - files) > 2:
            yield (f"{PAGE}:{number}: {room} has {true[0]} files and {true[1]} lines "
                   "(`make rooms` writes them)")


def spelt_out(path):
    """a/{b,c}.h: a/b.h and a/c.h."""
    head, brace, rest = path.partition("{")
    inner, _, tail = rest.partition("}")
    return [head + one + tail for one in inner.split(",")] if brace else [path]


def absent():
    """Files that the page names by their room, or from the top, and that are not there."""
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        for path in [one for named in PATH.findall(line) for one in spelt_out(named)]:
            if not any(Path(top, path).exists() for top in ("", "src", "include")):
                yield f"{PAGE}:{number}: there is no {path}"


def write():
    def filled(match):
        files, lines = room_lines(room_named(match[1]))
        return f"| `{match[1]}` |{match[2]}| {files} | {lines:,} |"
    PAGE.write_text(ROW.sub(filled, PAGE.read_text()))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    else:
        finish(list(reasons()) + list(absent()))
