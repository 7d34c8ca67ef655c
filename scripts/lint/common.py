# SPDX-License-Identifier: BSD-2-Clause
"""The tree as the checks see it: rooms, modules, include lines, circles."""
import re
import sys
from pathlib import Path

# the rooms from the ground up: each may use itself and those before it
ROOMS = ("base", "who", "dns", "map", "given", "addrs", "pattern", "ends", "set", "match", "count", "inspect", "line",
         "table", "list", "rpz", "option", "value", "conf", "cache", "names", "feed", "group", "query", "explain", "loop",
         "remote", "upstream", "net", "system", "keep", "compiled", "load", "manual", "trial", "store", "postgres",
         "evidence", "hunt", "report", "landing", "querylog", "audit", "receipt", "order", "fetch",
         "called", "web", "daemon", "main")
# but a front end knows sockets and nothing of lists
LISTS = {"map", "given", "addrs", "pattern", "ends", "set", "match", "inspect", "line", "list", "rpz", "group",
         "explain"}
SOCKETS = {"remote", "upstream", "net"}
NEVER = {
    "remote": LISTS,
    "upstream": LISTS,
    "net": LISTS,
    "system": LISTS - {"inspect"} | {"remote", "upstream"},
    "keep": SOCKETS,
    "compiled": SOCKETS,
    "load": {"upstream", "net"},
    "manual": SOCKETS,
    "trial": SOCKETS,
    "store": SOCKETS,
    "postgres": SOCKETS,
    "evidence": SOCKETS,
    "hunt": SOCKETS,
    "report": SOCKETS,
    "landing": SOCKETS,
    "querylog": SOCKETS,
    "receipt": SOCKETS,
    "order": SOCKETS,
    "fetch": {"upstream", "net"},
    "called": {"upstream", "net"},
    "web": SOCKETS,
}
MAY_USE = {room: set(ROOMS[:n + 1]) - NEVER.get(room, set()) for n, room in enumerate(ROOMS)}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def sources():
    """The headers and bodies of the rooms, and main.c."""
    found = [p for top in ("include", "src") for room in MAY_USE
             for p in Path(top, room).glob("*.[ch]")]
    return sorted(found + [p for p in [Path("src/main.c")] if p.exists()])


def room_lines(room):
    """Files and lines of a room, headers counted."""
    found = [p for p in sources() if room_of(p) == room]
    return len(found), sum(len(p.read_text().splitlines()) for p in found)


def room_of(path):
    return "main" if path == Path("src/main.c") else path.parts[1]


def module_of(room, name):
    """Header and body are one module."""
    return f"{room}/{Path(name).stem}"


def modules_of_headers():
    """Include name to module, for the private headers that the parts of a module share: one that
    builds on the module's public header, and that its body builds on, belongs to it."""
    found = {}
    for path in sources():
        if path.parts[0] != "src" or path.suffix != ".h":
            continue
        name = "/".join(path.parts[1:])
        for _, _, public in includes(path):
            body = Path("src", public).with_suffix(".c")
            if Path("include", public).exists() and body.exists() \
                    and any(other == name for _, _, other in includes(body)):
                found[name] = module_of(*public.split("/", 1))
    return found


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
