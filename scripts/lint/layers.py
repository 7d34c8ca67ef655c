#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every include line names a room, and one that its own room may use."""
from pathlib import Path

from common import MAY_USE, finish, includes, room_of, sources


def reason_against(path, name):
    """Why this file may not include that of ours; None when it may."""
    room, other = room_of(path), name.split("/")[0]
    if "/" not in name or other not in MAY_USE:
        return f'"{name}" names no room'
    if other not in MAY_USE[room]:
        return f'{room} may not use {other} ("{name}")'
    if Path("src", name).exists():
        if path.parts[0] == "include" or room != other:
            return f'"{name}" is private to {other}'
    elif not Path("include", name).exists():
        return f'"{name}" does not exist'
    return None


def main():
    reasons = []
    for path in sources():
        if path.parts[0] == "src" and path.suffix == ".h" and path.stem.endswith("_p"):
            reasons.append(f"{path}:1: a private header is named for what it holds")
        for number, mark, name in includes(path):
            reason = mark == '"' and reason_against(path, name)
            if reason:
                reasons.append(f"{path}:{number}: {reason}")
    finish(reasons)


if __name__ == "__main__":
    main()
