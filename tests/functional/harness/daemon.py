# SPDX-License-Identifier: BSD-2-Clause
"""The daemon under test, with a configuration of its own."""
import copy
import json
import os
import re
import signal

from harness.build import daemon_path, sandboxed, slow
from harness.program import Heir, Program, catches, wait_until
from harness.ports import free_port

READY = r"^sinkholed \S+ ready: "      # the line of the log that says that it serves

# an address of a machine at which nothing answers: for tests that must not ask upstream
NO_UPSTREAM = [{"address": "127.0.0.1@9"}]
IPV4, IPV6 = "192.0.2.1", "2001:db8::1"


def merged(base, extra):
    """`base` with `extra` laid over it, section by section."""
    out = copy.deepcopy(base)
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merged(out[key], value)
        else:
            out[key] = copy.deepcopy(value)
    return out


def base_config(port):
    """What every test's configuration has.  The user is not looked at unless root starts it; then
    it stays what it is, since the tests' folders are their user's alone."""
    return {
        "server": {
            "listen": [f"127.0.0.1@{port}", f"::1@{port}"],
            "user": "root",
            "workers": 2,
        },
        "cache": {"size": "4MiB"},
        "upstreams": NO_UPSTREAM,
        # the tests' own servers have these, and come back to them after they were closed
        "outgoing": {"avoid-ports": ["10000-31999"]},
        # the tests' own names are in the domain test, and some have one label
        "local": {"special-use": False, "single-labels": False},
    }


class Daemon:
    """One daemon in a folder that has its configuration and its lists."""

    def __init__(self, folder, config=None, lists=None, environment=None, cwd=None):
        self.folder = folder
        self.cwd = cwd or folder
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.config_path = folder / "sinkholed.yaml"
        self.config = merged(base_config(self.port), config or {})
        self.config_text = None     # instead of `config`, when a test has its own
        self.environment = environment or {}
        self.program = None
        self.binary = daemon_path()
        for name, text in (lists or {}).items():
            self.write_list(name, text)
        self.write_config()

    # ---- files

    def list_path(self, name):
        return self.folder / f"{name}.txt"

    def write_list(self, name, text):
        """Replaces a list's file at one stroke, as an operator's script should."""
        data = text if isinstance(text, bytes) else text.encode()
        new = self.folder / f"{name}.new"
        new.write_bytes(data)
        new.replace(self.list_path(name))

    def add_list(self, name, text=None, **options):
        """Configures a list below the others; write_config() puts it into the file."""
        entry = {"name": name, "file": str(self.list_path(name)), **options}
        if entry.get("action", "sinkhole") == "sinkhole":
            entry.setdefault("sinkhole", {"ipv4": IPV4, "ipv6": IPV6})
        self.config.setdefault("lists", []).append(entry)
        if text is not None:
            self.write_list(name, text)
        return self

    def write_config(self):
        """Every JSON text is YAML."""
        new = self.config_path.with_suffix(".new")
        new.write_text(self.config_text or json.dumps(self.config, indent=2))
        new.replace(self.config_path)

    def configure(self, extra):
        self.config = merged(self.config, extra)
        self.write_config()

    # ---- life

    def _sandbox(self):
        """The prefix that has it run in the unit's sandbox, when all tests are to."""
        if not os.environ.get("SINKHOLED_SANDBOX"):
            return []
        state = self.config.get("state", {}).get("directory")
        return sandboxed("-", [self.cwd / state] if state else [])

    def spawn(self, prefix=(), **popen):
        """Starts it, and waits for nothing."""
        command = [*prefix, *self._sandbox(), str(self.binary), "-c", str(self.config_path)]
        self.program = Program(command, cwd=self.cwd, env={**os.environ, **self.environment},
                               **popen)
        return self

    def start(self, prefix=(), **popen):
        self.write_config()
        self.spawn(prefix, **popen)
        try:
            self.program.wait_line(READY, timeout=slow(10, 30))
            wait_until(self.listens_to_signals, 10, "it listens to signals")
        except AssertionError:
            self.program.kill()
            raise
        return self

    def listens_to_signals(self):
        return catches(self.program.pid, signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM)

    def fails_to_start(self, prefix=()):
        """Starts it, which has to fail with status 1; what it logged."""
        self.write_config()
        self.spawn(prefix)
        program, self.program = self.program, None
        status, log = program.wait_exit(slow(5, 20)), program.text()
        program.assert_sane()
        assert status == 1, f"status {status}:\n{log}"
        assert " ready: " not in log
        assert "listening" not in log
        return log

    def stop(self, timeout=10):
        """Ends it, which has to succeed, without a word of the sanitizers."""
        status = self.program.stop(timeout)
        self.program.assert_sane()
        assert status == 0, f"status {status}:\n{self.log()}"
        assert self.program.lines[-1].endswith("ended"), self.log()

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        """For the end of a test, whatever state the daemon is in."""
        if self.program and self.program.running():
            self.stop()
        elif self.program:
            self.program.wait_exit()
            self.program.assert_sane()

    # ---- hand-over

    def begin_hand_over(self):
        """SIGUSR2; the process that is to take over, and where the log ended."""
        Heir.adopt()
        mark = self.program.mark()
        self.program.signal(signal.SIGUSR2)
        loads = self.program.wait_line(r"^hand-over: process (\d+) of .* loads", mark)
        return int(loads.group(1)), mark

    def end_hand_over(self, mark, timeout=60):
        """The other process serves, and the one before has ended well."""
        serves = self.program.wait_line(r"^hand-over: process (\d+) serves", mark, timeout)
        before, self.program = self.program, Heir(self.program, int(serves.group(1)))
        assert before.wait_end(timeout) == 0, self.log(mark)
        wait_until(self.listens_to_signals, 10, "it listens to signals")
        return self.log(mark)

    def hand_over(self):
        return self.end_hand_over(self.begin_hand_over()[1])

    def hand_over_fails(self, mark=None, timeout=30):
        """SIGUSR2, after which all is as it was; the log."""
        if mark is None:
            mark = self.program.mark()
            self.program.signal(signal.SIGUSR2)
        self.program.wait_line("^error: hand-over FAILED, all stays as it was", mark, timeout)
        assert self.program.running()
        return self.log(mark)

    # ---- talk

    def log(self, since=0):
        return self.program.text(since)

    def reload(self, timeout=20):
        """SIGHUP; the log from there to the line that tells how the reload ended."""
        mark = self.program.mark()
        self.program.signal(signal.SIGHUP)
        self.program.wait_line(r"^reload \d+ done: |^error: reload FAILED", mark, timeout)
        return self.log(mark)

    def reload_well(self):
        log = self.reload()
        assert re.search(r"^reload \d+ done: .* 0 lists refused", log, re.M), log
        return log

    def counters(self):
        """SIGUSR1; the counters by name, those of the cache as "cache_" and the name."""
        mark = self.program.mark()
        self.program.signal(signal.SIGUSR1)
        self.program.wait_line(r"^cache: ", mark)
        found = {}
        for line in self.log(mark).splitlines():
            kind, _, rest = line.partition(":")
            prefix = {"counters": "", "cache": "cache_"}.get(kind)
            if prefix is not None:
                for name, value in re.findall(r"(\w+)=(\d+)", rest):
                    found[prefix + name] = int(value)
        return found

    def counted(self, name):
        return self.counters()[name]
