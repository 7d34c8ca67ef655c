#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a real journald has of what is logged, and that nobody waits for one that is gone.

    journald.py SINKHOLED          as root: in a mount namespace of its own, whose /run is its own

systemd-journald runs by itself, without systemd; what systemd does for a service's stderr, and
JOURNAL_STREAM, is done here.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))
sys.dont_write_bytecode = True

from harness.client import ask  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.program import wait_until  # noqa: E402

JOURNALD, STREAM, SOCKET = "/lib/systemd/systemd-journald", "/run/systemd/journal/stdout", "/run/systemd/journal/socket"
CONF = """\
server: {{listen: [127.0.0.1@{port}]}}
upstreams: [{{address: 192.0.2.53}}]
state: {{directory: state}}
lists: [{{name: court, file: court.txt, sinkhole: {{ipv4: 192.0.2.1}}}}]
"""


def begin_journald():
    process = subprocess.Popen([JOURNALD], stderr=subprocess.DEVNULL)
    wait_until(lambda: os.path.exists(STREAM) and accepts(), 10, "journald listens")
    return process


def accepts():
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.connect(STREAM)
        return True
    except OSError:
        return False


def stream():
    """A socket to journald as systemd opens it for a service: what is behind it by lines."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(STREAM)
    # identifier, unit, priority, levels stand before lines, not to syslog, kmsg, console
    s.sendall(b"sinkholed\nsinkholed.service\n6\n1\n0\n0\n0\n")
    return s


def records(*matches):
    out = subprocess.run(["journalctl", "--no-pager", "-D", "/run/log/journal", "-o", "json", *matches],
                         capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def text_of(record):
    """The message; journalctl has octets that are no text as numbers."""
    message = record["MESSAGE"]
    return message if isinstance(message, str) else bytes(message).decode(errors="replace")


def await_record(what, *matches):
    found = []

    def there():
        found[:] = [r for r in records(*matches) if what in text_of(r)]
        return found
    wait_until(there, 10, f"the journal has {what!r}")
    return found[-1]


class Service:
    def __init__(self, program):
        self.port = free_port()
        Path("court.txt").write_text("listed.test\nwww.listed.test\n")
        Path("state").mkdir(exist_ok=True)
        Path("sinkholed.yaml").write_text(CONF.format(port=self.port))
        with stream() as s:
            known = os.fstat(s.fileno())
            self.process = subprocess.Popen(
                [program, "-c", "sinkholed.yaml"], stdin=subprocess.DEVNULL, stdout=s, stderr=s,
                env={**os.environ, "JOURNAL_STREAM": f"{known.st_dev}:{known.st_ino}"})

    def reload(self, text):
        Path("court.txt").write_text(text)
        self.process.send_signal(signal.SIGHUP)


def look(service):
    """Each field of what a reload says."""
    ready = await_record(" ready: ")
    assert ready["_PID"] == str(service.process.pid) and ready["SYSLOG_IDENTIFIER"] == "sinkholed", ready
    assert ready["PRIORITY"] == "5" and ready["_TRANSPORT"] == "journal", ready
    service.reload("Forbidden\n")
    refused = await_record("REFUSED", "SINKHOLED_LIST=court")
    assert refused["PRIORITY"] == "3" and "%s" in refused["SINKHOLED_FORMAT"], refused
    assert refused["SINKHOLED_LIST"] == "court" and "\n" not in text_of(refused), refused
    return refused


def look_at_hostile_text(service):
    """What a list's line has in it is no field of its own, and no second line."""
    before = len(records("PRIORITY=0"))
    service.reload("listed.test\nwww.listed.test\nbad name\rPRIORITY=0\x1b[2J\x00\nMESSAGE=forged\n")
    await_record("reload", "PRIORITY=5")
    time.sleep(1)
    assert len(records("PRIORITY=0")) == before
    assert not [r for r in records() if text_of(r) == "forged" or "\x1b" in text_of(r)]


def outlive(service, journald):
    """Journald is killed, and begun again: queries are answered all the while, and the log goes on."""
    journald.kill()
    journald.wait()
    service.reload("listed.test\nwww.listed.test\nthird.test\n")
    for _ in range(20):
        begun = time.monotonic()
        assert ask(("127.0.0.1", service.port), "listed.test").answer, "no answer without journald"
        assert time.monotonic() - begun < 1
        time.sleep(0.1)
    journald = begin_journald()
    service.reload("listed.test\nwww.listed.test\nthird.test\nfourth.test\n")
    await_record("4 names in force", "SINKHOLED_LIST=court")
    return journald


def main(program):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    for folder in ("/run/systemd/journal", "/run/log/journal", "/run/test"):
        os.makedirs(folder)
    os.chdir("/run/test")
    journald = begin_journald()
    service = None
    try:
        service = Service(program)
        refused = look(service)
        look_at_hostile_text(service)
        journald = outlive(service, journald)
        service.process.terminate()
        assert service.process.wait(10) == 0
        await_record("ended")
    finally:
        for process in (service and service.process, journald):
            if process and process.poll() is None:
                process.kill()
    print(f"journald: {len(records())} records; SINKHOLED_LIST=court PRIORITY=3: {text_of(refused)}")


if __name__ == "__main__":
    if "--inside" in sys.argv:
        main(sys.argv[-1])
    else:
        sys.exit(subprocess.run(["unshare", "-m", "--propagation", "private", sys.executable, __file__, "--inside",
                                 str(Path(sys.argv[1]).resolve())], check=False, timeout=120).returncode)
