# SPDX-License-Identifier: BSD-2-Clause
"""make install: what it puts where, and what it leaves alone."""
import os
import re
import shutil
import subprocess
import threading

import pytest

from harness.build import ROOT, daemon_path, run_daemon

pytestmark = pytest.mark.skipif(
    not shutil.which("make") or daemon_path() != ROOT / "build/release/sinkholed"
    or not os.access(daemon_path().parent, os.W_OK),
    reason="make installs the release build, which is not the one under test, or not ours")

# what is installed below PREFIX
BINARY = "sbin/sinkholed"
OTHERS = ["sbin/sinkholectl", "share/man/man8/sinkholectl.8",
          "share/bash-completion/completions/sinkholectl", "share/zsh/site-functions/_sinkholectl",
          "share/fish/vendor_completions.d/sinkholectl.fish",
          "share/sinkholed/sinkholed-alerts.yaml", "share/sinkholed/sinkholed-dashboard.json",
          "share/man/man8/sinkholed.8", "share/man/man5/sinkholed.yaml.5",
          "lib/systemd/system/sinkholed.service", "lib/sysusers.d/sinkholed.conf",
          "lib/tmpfiles.d/sinkholed.conf", "share/sinkholed/blocklists/sinkholes.txt",
          "share/sinkholed/blocklists/waledac.txt",
          "share/sinkholed/60-sinkholed.conf"]


def make(target, tmp_path, prefix="/opt/resolver"):
    # a make of its own, not a part of the one that may have started the tests
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    done = subprocess.run(["make", "-s", target, f"DESTDIR={tmp_path}", f"PREFIX={prefix}"],
                          cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def installed(tmp_path):
    make("install", tmp_path)
    return tmp_path


CONFIG = "opt/resolver/etc/sinkholed/sinkholed.yaml"


def test_install_puts_everything_in_its_place(installed):
    expected = {f"opt/resolver/{name}" for name in [BINARY, *OTHERS]} | {CONFIG}
    assert files(installed) == expected
    assert os.access(installed / "opt/resolver" / BINARY, os.X_OK)
    assert not any((installed / name).stat().st_mode & 0o022 for name in expected)


def test_unit_starts_nothing_that_may_be_missing(installed):
    """But for ourselves, the shell alone: /bin/kill comes with a package that need not be there."""
    unit = (installed / "opt/resolver/lib/systemd/system/sinkholed.service").read_text()
    started = [line.split("=", 1)[1].split()[0] for line in unit.splitlines()
               if line.startswith("Exec")]
    assert started == ["/opt/resolver/sbin/sinkholed", "/opt/resolver/sbin/sinkholectl", "/bin/sh"]


def test_unit_waits_for_the_end_of_the_main_process(installed):
    """Whoever began it: after a hand-over that was not systemd, which would kill it at once."""
    unit = (installed / "opt/resolver/lib/systemd/system/sinkholed.service").read_text()
    script = re.search(r"^ExecStop=/bin/sh -c '(.*)'$", unit, re.M).group(1).replace("$$", "$")
    main = subprocess.Popen(["sh", "-c", "trap 'sleep 1; echo written; exit' TERM; echo up; while :; do sleep 0.1; done"],
                            stdout=subprocess.PIPE, text=True)
    threading.Thread(target=main.wait, daemon=True).start()     # as the first process reaps
    assert main.stdout.readline() == "up\n"
    done = subprocess.run(["sh", "-c", script], env={**os.environ, "MAINPID": str(main.pid)},
                          capture_output=True, timeout=20)
    assert done.returncode == 0 and main.stdout.read() == "written\n"
    main.wait()
    assert subprocess.run(["sh", "-c", script], env={**os.environ, "MAINPID": ""}, capture_output=True,
                          timeout=20).returncode == 0


def test_install_again_writes_nothing_that_is_as_it_was(installed):
    """systemd warns of a unit that was written after it was read."""
    unit = installed / "opt/resolver/lib/systemd/system/sinkholed.service"
    before = unit.stat().st_mtime_ns, unit.stat().st_ino
    make("install", installed)
    assert (unit.stat().st_mtime_ns, unit.stat().st_ino) == before


def test_installed_files_name_the_chosen_places(installed):
    unit = (installed / "opt/resolver/lib/systemd/system/sinkholed.service").read_text()
    assert "ExecStart=/opt/resolver/sbin/sinkholed" in unit
    for path in installed.rglob("*"):
        if path.is_file() and path.name not in ("sinkholed", "sinkholectl"):
            assert "/usr/local" not in path.read_text(), path


def test_installed_daemon_and_configuration_fit(installed):
    done = subprocess.run([installed / "opt/resolver" / BINARY, "--version"], capture_output=True,
                          text=True, timeout=10)
    assert done.stdout.startswith("sinkholed ")
    config = installed / CONFIG
    text = config.read_text()
    assert "/opt/resolver/share/sinkholed/blocklists/waledac.txt" in text
    text = text.replace("/opt/resolver/share", f"{installed}/opt/resolver/share")
    # a folder of the tests may be entered by their own user alone
    config.write_text(text.replace("server:\n", "server:\n  user: root\n", 1))
    done = run_daemon("-c", config, "--check")
    assert done.returncode == 0 and "273 names" in done.stdout, done.stderr


def test_install_again_keeps_an_edited_configuration(installed):
    (installed / CONFIG).write_text("# mine\n")
    make("install", installed)
    assert (installed / CONFIG).read_text() == "# mine\n"


def test_uninstall_leaves_the_configuration_alone(installed):
    make("uninstall", installed)
    assert files(installed) == {CONFIG}


def test_usr_has_its_configuration_in_etc(tmp_path):
    make("install", tmp_path, "/usr")
    assert (tmp_path / "etc/sinkholed/sinkholed.yaml").exists()
    assert (tmp_path / "usr" / BINARY).exists()


def test_unit_is_what_systemd_takes(installed):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    unit = installed / "opt/resolver/lib/systemd/system/sinkholed.service"
    text = unit.read_text().replace("/opt/resolver", f"{installed}/opt/resolver")
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True,
                          text=True, timeout=20)
    assert "sinkholed.service" not in done.stderr, done.stderr


def test_install_writes_nothing_in_the_checkout(installed):
    """Run by root in somebody's checkout, it would leave what its owner cannot write any more."""
    def written():
        return {path: path.stat().st_mtime_ns for path in (ROOT / "build/release").rglob("*")
                if path.is_file()}
    before = written()
    make("install", installed)
    assert written() == before
