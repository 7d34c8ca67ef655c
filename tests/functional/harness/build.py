# SPDX-License-Identifier: BSD-2-Clause
"""The build under test: where its programs are, and how slow its sanitizers make it."""
import functools
import os
import subprocess
from pathlib import Path

from harness import sandbox

ROOT = Path(__file__).resolve().parents[3]
UNIT = ROOT / "systemd/sinkholed.service"


def _from_environment(name, default):
    # relative names are meant from the top of the tree, where make runs the tests
    return ROOT / os.environ.get(name, default)


def daemon_path():
    return _from_environment("SINKHOLED", "build/release/sinkholed")


def tool_path(name):
    return _from_environment("SINKHOLED_TOOLS", daemon_path().parent) / name


@functools.lru_cache(maxsize=None)
def sanitizer():
    """"asan", "tsan" or "": what the daemon was built with."""
    code = daemon_path().read_bytes()
    for name in ("asan", "tsan"):
        if f"__{name}_init".encode() in code:
            return name
    return ""


def slow(release, sanitized):
    """A number for the build under test: a rate, a count, a deadline."""
    return sanitized if sanitizer() else release


def run_daemon(*arguments, timeout=20, **options):
    """Runs the daemon to its end, as for --check."""
    return subprocess.run([str(daemon_path()), *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=timeout,
                          **options)


@functools.lru_cache(maxsize=None)
def _allowed_calls():
    return ",".join(sorted(sandbox.allowed_calls(sandbox.settings(UNIT))))


def sandboxed(user, writable):
    """The prefix of a command that runs in the sandbox of the unit; the folders are made."""
    for path in writable:
        os.makedirs(path, exist_ok=True)
    return ["env", f"{sandbox.CALLS}={_allowed_calls()}", "/usr/bin/python3", sandbox.__file__,
            str(UNIT), user, ":".join(map(str, writable))]
