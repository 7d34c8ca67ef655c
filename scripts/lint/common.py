# SPDX-License-Identifier: BSD-2-Clause
"""The tree as the checks see it: layers, modules, include lines, circles."""
import re
import sys
from pathlib import Path

# a layer and what it may use: the table in the design
MAY_USE = {
    "base": {"base"},
    "dns": {"base", "dns"},
    "match": {"base", "dns", "match"},
    "core": {"base", "dns", "match", "core"},
    "net": {"base", "dns", "core", "net"},
    "web": {"base", "core", "web"},
    "daemon": {"base", "dns", "match", "core", "net", "web", "daemon"},
    "main": {"base", "dns", "match", "core", "net", "web", "daemon"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def sources():
    """The headers and bodies of the layers, and main.c."""
    found = [p for top in ("include", "src") for layer in MAY_USE
             for p in Path(top, layer).glob("*.[ch]")]
    return sorted(found + [p for p in [Path("src/main.c")] if p.exists()])


def layer_of(path):
    return "main" if path == Path("src/main.c") else path.parts[1]


def module_of(layer, name):
    """Header, body and private header are one module."""
    return f"{layer}/{Path(name).stem.removesuffix('_p')}"


def includes(path):
    """Line number, '<' or '"', and the name on each include line."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def circles(edges):
    """The strongly connected components with more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def finish(reasons):
    """One line a reason; the exit status is the verdict."""
    for reason in reasons:
        print(reason)
    sys.exit(1 if reasons else 0)
