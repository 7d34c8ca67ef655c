#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The README's commands on a bare machine, in their order, as printed.

    bare.py [--mirror URL] [--no-tests] [--keep FOLDER]

As root.  debootstrap makes a Debian 12 of the least there is, with sudo and systemd, which every
installed Debian has; a user who may use sudo clones what is committed here, and runs the commands.
Each must stand in the README, end as it should and say what is expected; printed is a table of their
times.  The root has mounts and processes of its own, but this machine's network, since packages come
through it: port 5300 of loopback has to be free.  Services are not started: systemd is not booted.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
HOME = "/home/newcomer/sinkholed"
LIMIT_S = 3600
RUN = "make run"
DIG = "dig @127.0.0.1 -p 5300 bestchristmascard.com"
CONTROL = "build/release/sinkholectl --socket run/state/control.sock "
# a bare machine has no pkill
DAEMON = "$(grep -lx sinkholed /proc/[0-9]*/comm | cut -d/ -f3)"
# what is typed, and what it has to say
WHILE_IT_RUNS = [
    (DIG, r"192\.0\.2\.1"),
    (DIG + " AAAA", r"NOERROR"),
    ("kill -HUP " + DAEMON + " && sleep 1 && " + CONTROL + "status", r"273"),
    (CONTROL + "explain bestchristmascard.com", r"waledac"),
    (CONTROL + "clients", r"127\.0\.0\.1"),
]
AFTER = [
    ("make", r""),
    ("sudo make install", r"sinkholed"),
    ("sudo systemd-sysusers", r""),
    ("sudo systemd-tmpfiles --create", r""),
    ("sudo touch /etc/sinkholed/exceptions.txt", r""),
    ("echo '0.0.0.0 phish.example' | sudo tee /etc/sinkholed/phishing.hosts", r"phish"),
    ("sudo sinkholed --check", r"ok: 1 lists, 273 names"),
]
LAST = [
    ("find . -not -user newcomer", r"^$"),
    ("sudo make uninstall", r""),
    ("sudo find / -xdev -xtype l -newer /etc/newcomer-made -not -path '/proc/*' -not -path '/home/*'", r"^$"),
    ("ls /etc/sinkholed", r"sinkholed\.yaml"),
]
NOT_OF_THE_README = ("sinkholectl", "kill", "find", "ls", " AAAA")


class Failed(Exception):
    """A command ended otherwise than it should."""


def told(text):
    print(text, flush=True)


def row(command, seconds, seen):
    told(f"| `{command}` | {seconds:.1f} s | {seen} |")


def in_readme(command):
    """The README has the command, as it is typed, unless it is one that looks."""
    if not any(word in command for word in NOT_OF_THE_README) and command not in README:
        raise Failed(f"the README does not say: {command}")


class Machine:
    """A root folder in which commands are run, by root or by the user."""

    def __init__(self, root):
        self.root = root

    def start(self, command, user="newcomer", folder=HOME):
        script = f"cd {folder} && {command}"
        entered = [] if self.root == Path("/") else ["chroot", str(self.root)]
        return subprocess.Popen([*entered, "su", "-", user, "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")

    def run(self, command, expected="", user="newcomer", folder=HOME):
        """What the command said; Failed when it ended with another status than 0, or said otherwise."""
        began = time.monotonic()
        process = self.start(command, user, folder)
        text, _ = process.communicate(timeout=LIMIT_S)
        if process.returncode or not re.search(expected, text.strip()):
            raise Failed(f"{command}: exit status {process.returncode}\n{text[-6000:]}")
        lines = [line for line in text.splitlines() if line.strip()]
        row(command, time.monotonic() - began, lines[-1][:90].replace("|", "\\|") if lines else "")
        return text


def make_root(root, mirror):
    """Debian 12, the least of it, and what each installed one has."""
    subprocess.run(["debootstrap", "--variant=minbase", "--include=sudo,systemd,ca-certificates", "bookworm",
                    str(root), mirror], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["git", "clone", "-q", "--bare", f"file://{PROJECT}", str(root / "srv/sinkholed.git")],
                   check=True)
    for name in ("etc/resolv.conf", "etc/hosts"):
        (root / name).write_bytes(Path("/", name).read_bytes())
    proxy = Path("/etc/apt/apt.conf")
    if proxy.exists():
        (root / "etc/apt/apt.conf").write_bytes(proxy.read_bytes())
    machine = Machine(root)
    made = machine.start("useradd --create-home --shell /bin/bash newcomer && touch /etc/newcomer-made && "
                         "echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/newcomer && "
                         "chown -R newcomer: /srv/sinkholed.git && apt-get -q update", "root", "/")
    text, _ = made.communicate(timeout=LIMIT_S)
    if made.returncode:
        raise Failed(f"the root could not be made ready:\n{text}")


def serve(machine, commands):
    """make run, and what is asked from another terminal until Ctrl-C."""
    began = time.monotonic()
    log = machine.root / "tmp/run.log"
    log.unlink(missing_ok=True)
    daemon = machine.start(f"exec {RUN} >/tmp/run.log 2>&1")
    while "ready:" not in (log.read_text(errors="replace") if log.exists() else ""):
        if daemon.poll() is not None or time.monotonic() - began > LIMIT_S:
            raise Failed(f"{RUN}: never ready\n{log.read_text(errors='replace')[-6000:]}")
        time.sleep(0.1)
    ready = re.search(r"ready: .*", log.read_text(errors="replace")).group(0)
    row(RUN, time.monotonic() - began, ready[:90])
    for command, expected in commands:
        in_readme(command)
        machine.run(command, expected)
    machine.run("kill -INT " + DAEMON)
    if daemon.wait(timeout=60):
        raise Failed(f"{RUN}: exit status {daemon.returncode}\n{log.read_text(errors='replace')[-6000:]}")


def walk(machine, tests):
    """The README, from its first command to its last."""
    packages = re.search(r"^    (sudo apt-get install .*)$", README, re.M).group(1)
    machine.run(packages.replace("apt-get install", "apt-get -y -q install"), folder="/")
    machine.run("git clone /srv/sinkholed.git", folder="/home/newcomer")
    serve(machine, WHILE_IT_RUNS)
    for command, expected in AFTER:
        in_readme(command)
        machine.run(command, expected)
    serve(machine, [(DIG, r"192\.0\.2\.1")])
    for command, expected in LAST:
        machine.run(command, expected)
    if tests:
        machine.run("make test", r"\n\d+ passed, 0 failed, \d+ skipped$")


def move_into(root):
    """Has `root` be / and leaves what was: in a chroot(2) nobody but root could make a user namespace,
    as tests do."""
    subprocess.run(["mount", "--rbind", str(root), str(root)], check=True)
    for name, kind in (("proc", "proc"), ("sys", "sysfs"), ("run", "tmpfs"), ("tmp", "tmpfs")):
        subprocess.run(["mount", "-t", kind, kind, str(root / name)], check=True)
    subprocess.run(["mount", "--rbind", "/dev", str(root / "dev")], check=True)
    os.chdir(root)
    subprocess.run(["pivot_root", ".", "mnt"], check=True)
    os.chdir("/")
    subprocess.run(["umount", "--lazy", "/mnt"], check=True)


def inside(root, arguments):
    """With mounts and processes of its own: what began it sees none of them."""
    move_into(root)
    told("| command | took | the last it said |\n|---|---|---|")
    try:
        walk(Machine(Path("/")), arguments.tests)
    except Failed as failed:
        told(str(failed))
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--no-tests", dest="tests", action="store_false", help="without `make test`")
    parser.add_argument("--keep", type=Path, help="an empty folder for the root, which then stays")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        return inside(arguments.inside, arguments)
    if os.geteuid():
        parser.error("it makes a root folder and mounts: as root")
    with tempfile.TemporaryDirectory(prefix="sinkholed-bare-") as folder:
        root = arguments.keep or Path(folder, "root")
        make_root(root, arguments.mirror)
        again = [sys.executable, "-B", __file__, "--inside", str(root)] + sys.argv[1:]
        return subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", *again]).returncode


if __name__ == "__main__":
    sys.exit(main())
