# SPDX-License-Identifier: BSD-2-Clause
"""The symbols of object files, as nm tells them."""
import functools
import subprocess
from pathlib import Path

from common import MAY_USE, module_of


def objects(folder):
    """Each object file below the folder that a source stands behind, and its module."""
    for room in MAY_USE:
        for source in sorted(Path("src", room).glob("*.c")):
            yield Path(folder, room, source.stem + ".o"), source, module_of(room, source.name)
    if Path("src/main.c").exists():
        yield Path(folder, "main.o"), Path("src/main.c"), "main/main"


@functools.lru_cache(maxsize=None)
def told(folder):
    """What nm tells of the objects in the folder, by their paths: asked for each it would take its time."""
    paths = sorted(str(path) for path in folder.glob("*.o"))
    out = subprocess.run(["nm", "--format=posix", "--print-file-name", *paths], check=True, capture_output=True,
                         text=True).stdout
    found = {path: [] for path in paths}
    for line in out.splitlines():
        path, name, kind = line.split()[:3]
        found[path.rstrip(":")].append((kind, name))
    return found


def symbols(path):
    """Pairs of a symbol's kind (nm's letter) and its name."""
    return told(path.parent)[str(path)]


def undefined(path):
    """What it uses of others, but for what the sanitizer has it call."""
    return sorted(name for kind, name in symbols(path) if kind in "Uw" and not name.startswith("__tsan_"))


def defined(path):
    """The symbols that other objects can use."""
    return sorted(name for kind, name in symbols(path) if kind in "TDBRCVW")
