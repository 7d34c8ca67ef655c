#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Length of rooms, files and functions, the braces of loops over lists, comments that name no thing, the licence
line of each file.

A function is counted from its name to its closing brace; by the layout that
clang-format keeps, both of its braces stand alone at the start of a line.
"""
import re
from pathlib import Path

from common import ROOMS, finish, room_lines, sources

ROOM_LIMIT = 4000
FILE_LIMIT = 450
FUNCTION_LIMIT = 50
MOST, MOST_LIMIT = 0.9, 25
HALF, HALF_LIMIT = 0.5, 14
SPDX = "SPDX-License-Identifier:"
NAME = re.compile(r"(\w+)\s*\(")
EACH = re.compile(r"\s+[A-Z]+_FOREACH\w*\(")
NAMELESS = re.compile(r"/\*\s*(It(?! is known)|They|Its|Their)\b")


def functions(path):
    """Name, first line and length of each function of a file."""
    head = opened = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if opened is None and line == "{" and head:
            opened = head
        elif opened and line == "}":
            yield opened[0], opened[1], number - opened[1] + 1
            head = opened = None
        elif opened is None:
            named = NAME.search(line) if line[:1].isalpha() or line[:1] == "_" else None
            if named and not line.rstrip().endswith(";"):
                head = named.group(1), number
            elif line.rstrip().endswith((";", "}")):
                head = None


def loop_reasons(path, lines):
    """A loop over a list has braces like any other: to clang-format its head looks like a call."""
    for number, line in enumerate(lines, 1):
        head = line
        for more in lines[number:number + 3]:
            if head.count("(") <= head.count(")"):
                break
            head += more
        if EACH.match(line) and not head.rstrip().endswith("{"):
            yield f"{path}:{number}: the body of a loop over a list stands in braces"


def comment_reasons(path, lines):
    """What a comment begins with is the thing that it is about."""
    for number, line in enumerate(lines, 1):
        nameless = NAMELESS.search(line)
        if nameless:
            yield f"{path}:{number}: a comment that begins with '{nameless[1]}' names no thing"


def file_reasons(path):
    lines = path.read_text().splitlines()
    yield from loop_reasons(path, lines)
    if path.parts[0] != "tests":
        yield from comment_reasons(path, lines)
    if len(lines) > FILE_LIMIT and path.parts[0] != "tests":
        yield f"{path}:{FILE_LIMIT}: {len(lines)} lines; a file has {FILE_LIMIT} at most"
    marks = sum(SPDX in line for line in lines)
    if marks != 1 or SPDX not in lines[0]:
        yield f"{path}:1: one line, the first, says '{SPDX} BSD-2-Clause'"


def share_reason(found, share, limit):
    """Too few of the functions are under a limit; the longest are named."""
    short = sum(length < limit for _, _, _, length in found)
    if not found or short >= share * len(found):
        return []
    named = [f"{path}:{line}: {name} has {length} lines"
             for path, name, line, length in sorted(found, key=lambda f: -f[3])[:10]]
    return named + [f"src:1: {short} of {len(found)} functions are under {limit} lines; "
                    f"{share:.0%} have to be"]


def main():
    reasons = []
    for top in ("include", "src", "tests"):
        for path in sorted(Path(top).rglob("*.[ch]")):
            reasons += file_reasons(path)
    for room in ROOMS:
        lines, limit = room_lines(room)[1], ROOM_LIMIT
        if lines > limit:
            reasons.append(f"src/{room}:1: {lines} lines; a room has {limit} at most")
    found = [(path, *function) for path in sources() for function in functions(path)]
    reasons += [f"{path}:{line}: {name} has {length} lines; a function has {FUNCTION_LIMIT} at most"
                for path, name, line, length in found if length > FUNCTION_LIMIT]
    reasons += share_reason(found, MOST, MOST_LIMIT)
    reasons += share_reason(found, HALF, HALF_LIMIT)
    finish(reasons)


if __name__ == "__main__":
    main()
