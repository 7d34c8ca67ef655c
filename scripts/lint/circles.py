#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""No circle of modules by include lines, none by calls: circles.py FOLDER-OF-OBJECTS."""
import sys

from common import (circles, finish, includes, module_of, modules_of_headers, room_of,
                    sources)
from objects import defined, objects, undefined


def include_edges():
    """Module to module, with one include line to show for each."""
    edges, shared = {}, modules_of_headers()
    for path in sources():
        module = shared.get("/".join(path.parts[1:])) or module_of(room_of(path), path.name)
        for number, mark, name in includes(path):
            if mark == '"' and "/" in name:
                other = shared.get(name) or module_of(*name.split("/", 1))
                edges.setdefault((module, other), f"{path}:{number}: includes \"{name}\"")
    return edges


def call_edges(folder):
    """Module to module, with one symbol to show for each."""
    known = list(objects(folder))
    owner = {name: module for path, _, module in known for name in defined(path)}
    edges = {}
    for path, source, module in known:
        for name in undefined(path):
            if name in owner:
                edges.setdefault((module, owner[name]), f"{source}:1: uses {name} of {owner[name]}")
    return edges


def reasons(kind, edges):
    graph = {}
    for module, other in edges:
        if module != other:
            graph.setdefault(module, set()).add(other)
    for circle in circles(graph):
        for (module, other), shown in sorted(edges.items()):
            if module != other and module in circle and other in circle:
                yield f"{shown} ({kind} circle of {', '.join(circle)})"


def main():
    found = list(reasons("include", include_edges()))
    if len(sys.argv) > 1:
        found += reasons("call", call_edges(sys.argv[1]))
    finish(found)


if __name__ == "__main__":
    main()
