# SPDX-License-Identifier: BSD-2-Clause
"""Clients that ask all the time, and what became of their queries."""
import contextlib
import json
import subprocess

from harness.build import slow, tool_path

RATE = (5000, 1000)     # queries a second: of the release build, and of sanitized ones
PATIENCE_MS = 8000      # a busy machine may be late; what is lost is lost


class Steady:
    """The tests' load generator: so many queries a second, whatever comes back."""

    def __init__(self, address, path, names, seconds, expect=None, rate=None):
        path.write_text("".join(f"{name}\n" for name in names))
        self.process = subprocess.Popen(
            [tool_path("load"), "--json", "--rate", str(rate or slow(*RATE)), "--sockets", "64",
             "--seconds", str(seconds), "--timeout", str(PATIENCE_MS),
             *(["--expect", expect] if expect else []), f"{address[0]}@{address[1]}", path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.result = None

    def running(self):
        return self.process.poll() is None

    def end(self):
        """What was counted: sent, lost, mismatched, latencies."""
        if self.result is None:
            self.process.terminate()
            self.result = json.loads(self.process.communicate(timeout=60)[0])
        return self.result


@contextlib.contextmanager
def asking(address, folder, names, seconds=120, **options):
    """Until the block ends; then none may have been lost, and none answered with anything else."""
    steady = Steady(address, folder / "questions", names, seconds, **options)
    try:
        yield steady
    finally:
        result = steady.end()
    print(json.dumps({key: result[key] for key in ("sent", "lost", "silent_ms") if key in result}))
    # what was late was not lost: a machine with other work to do may take its time
    assert result["sent"] > 0 and result["lost"] == result["late"], result
    assert not options.get("expect") or result["mismatched"] == 0, result
