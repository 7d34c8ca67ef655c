# SPDX-License-Identifier: BSD-2-Clause
"""Started as root: bound first, then another user for good."""
import os
import pwd
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from harness.build import daemon_path, run_daemon
from harness.client import addresses, ask, run_client
from harness.namespace import joined, with_addresses

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be started as root")

SINK, USER = "192.0.2.1", "nobody"
# a process that has changed its user cannot be looked into by the leak checker
NO_LEAKS = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


@pytest.fixture
def open_daemon(open_folder, daemon):
    """A daemon in a folder that every user may enter."""
    def make(config=None, environment=NO_LEAKS):
        d = daemon(config, environment=environment)
        d.folder = d.cwd = open_folder
        d.config_path = open_folder / "sinkholed.yaml"
        return d
    return make


def status_of(d):
    text = Path(f"/proc/{d.program.pid}/status").read_text()
    return {key: value.split() for key, value in re.findall(r"^(\w+):[ \t]*(.*)$", text, re.M)}


def assert_is(d, user):
    entry = pwd.getpwnam(user)
    status = status_of(d)
    assert status["Uid"] == [str(entry.pw_uid)] * 4
    assert status["Gid"] == [str(entry.pw_gid)] * 4
    assert not status["Groups"]
    assert all(int(status[kind][0], 16) == 0 for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"))
    assert status["NoNewPrivs"] == ["1"]


def test_runs_as_the_configured_user_and_can_reload(open_daemon):
    d = open_daemon({"server": {"user": USER}}).add_list("one", "a.test\n").start()
    assert_is(d, USER)
    assert addresses(ask(d.address, "a.test")) == [SINK]
    d.write_list("one", "b.test\n")
    d.reload_well()
    assert addresses(ask(d.address, "b.test")) == [SINK]
    d.stop()


def test_binds_a_privileged_port_before_that(open_daemon):
    d = open_daemon({"server": {"user": USER}})
    d.configure({"server": {"listen": ["127.0.0.1@53"]}})
    d.add_list("one", "a.test\n").start(prefix=with_addresses())
    assert_is(d, USER)
    done = run_client([*joined(d.program.pid), "dig", "-r", "@127.0.0.1", "+short", "a.test"])
    assert done.stdout == f"{SINK}\n"
    d.stop()


def socket_buffers(d):
    """(receive, send) of each UDP socket that it listens on."""
    text = subprocess.run(["ss", "-uamn", f"sport = :{d.port}"], capture_output=True, text=True,
                          timeout=20).stdout
    found = re.findall(r"skmem:\(r\d+,rb(\d+),t\d+,tb(\d+)", text)
    return sorted(tuple(map(int, both)) for both in found)


def test_socket_buffers_are_kept_over_a_hand_over(open_daemon):
    """Root may have larger ones than the system's limit allows; the user who comes after root has
    no right to, and asking again would make them smaller."""
    d = open_daemon({"server": {"user": USER}}).add_list("one", "a.test\n")
    d.binary = d.folder / "sinkholed"
    shutil.copy2(daemon_path(), d.binary)
    d.start()
    before = socket_buffers(d)
    assert before and min(send for _, send in before) >= 32 << 20
    d.hand_over()
    assert socket_buffers(d) == before


def test_state_directory_is_made_for_that_user(open_daemon):
    d = open_daemon({"server": {"user": USER}, "state": {"directory": "deep/er/state"}})
    d.add_list("one", "a.test\n").start()
    directory = d.folder / "deep/er/state"
    found = directory.stat()
    assert found.st_uid == pwd.getpwnam(USER).pw_uid
    assert stat.S_IMODE(found.st_mode) == 0o700
    d.stop()
    assert (directory / "one.list").read_text() == "a.test\n"
    assert (directory / "one.list").stat().st_uid == pwd.getpwnam(USER).pw_uid
    for above in (directory.parent, directory.parent.parent):    # whose user could exchange it
        assert above.stat().st_uid == 0
        assert stat.S_IMODE(above.stat().st_mode) == 0o755


def test_a_link_in_the_place_of_the_state_directory_gives_nothing_away(open_daemon):
    d = open_daemon({"server": {"user": USER}, "state": {"directory": "state/"}})
    secret = d.folder / "secret"
    secret.mkdir()
    (d.folder / "state").symlink_to(secret)
    d.add_list("one", "a.test\n").start()
    assert secret.stat().st_uid == 0
    d.stop()


def test_state_directory_of_another_user_is_no_hindrance(open_daemon):
    """As when root has used "make run" before."""
    d = open_daemon({"server": {"user": USER}, "state": {"directory": "run/state"}})
    d.add_list("one", "a.test\n").start()
    d.stop()
    d.start(prefix=["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups"])
    assert addresses(ask(d.address, "a.test")) == [SINK]
    owner, user = pwd.getpwnam(USER).pw_uid, pwd.getpwnam("daemon").pw_uid
    assert (f"warning: state.directory run/state belongs to user {owner} and cannot be used by user "
            f"{user}: ") in d.log()
    assert "what was blocked or let pass by command cannot be told" in d.log()
    d.stop()


def test_state_directory_that_cannot_be_made_is_named(open_daemon):
    d = open_daemon({"state": {"directory": "state"}}).add_list("one", "a.test\n")
    user = pwd.getpwnam("daemon").pw_uid
    log = d.fails_to_start(prefix=["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups"])
    assert f"error: state: Permission denied (state.directory has to be one that user {user}" in log


def check(d):
    d.write_config()
    return run_daemon("-c", d.config_path, "--check", cwd=d.folder, env={**os.environ, **NO_LEAKS})


def test_check_reads_lists_with_the_rights_of_that_user(open_daemon):
    d = open_daemon({"server": {"user": USER}}).add_list("one", "a.test\n")
    done = check(d)
    assert done.returncode == 0 and done.stdout == "ok: 1 lists, 1 names\n", done.stderr
    assert "reload" not in done.stderr
    d.list_path("one").chmod(0o600)
    done = check(d)
    assert done.returncode == 1 and "ok" not in done.stdout
    user = pwd.getpwnam(USER).pw_uid
    assert re.search(rf"^error: list one: .*one\.txt: Permission denied: user {user} \(server\.user\) "
                     "must be let read it", done.stderr, re.M), done.stderr


def test_check_tells_when_a_reload_could_not_read_the_configuration(open_daemon):
    d = open_daemon({"server": {"user": USER}}).add_list("one", "a.test\n")
    d.write_config()
    d.config_path.chmod(0o600)
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder, env={**os.environ, **NO_LEAKS})
    assert done.returncode == 0
    assert re.search(r"^warning: .*sinkholed\.yaml: Permission denied: user \d+ could not read it at "
                     r"a reload", done.stderr, re.M), done.stderr


def test_unknown_user_stops_the_start(open_daemon):
    d = open_daemon({"server": {"user": "nobody-of-this-name"}}, environment={})
    d.add_list("one", "a.test\n")
    assert "nobody-of-this-name" in d.fails_to_start()


def test_missing_default_user_is_nobody_and_a_warning(open_daemon):
    try:
        pwd.getpwnam("sinkholed")
        pytest.skip("this machine has the user sinkholed")
    except KeyError:
        pass
    d = open_daemon().add_list("one", "a.test\n")
    del d.config["server"]["user"]
    d.start()
    assert_is(d, "nobody")
    assert re.search(r"^warning: there is no user sinkholed", d.log(), re.M)
    d.stop()


def test_starts_without_privileges(open_daemon):
    """As make run does; the user of the configuration is not looked at."""
    d = open_daemon({"server": {"user": "root"}, "state": {"directory": "state"}})
    d.folder.chmod(0o777)
    d.add_list("one", "a.test\n")
    d.start(prefix=["setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups"])
    assert_is(d, USER)
    assert addresses(ask(d.address, "a.test")) == [SINK]
    d.stop()


def test_privileged_port_without_privileges_is_named(open_daemon):
    d = open_daemon()
    d.configure({"server": {"listen": ["127.0.0.1@53"]}})
    d.add_list("one", "a.test\n")
    log = d.fails_to_start(prefix=[*with_addresses(), "setpriv", f"--reuid={USER}",
                                   "--regid=nogroup", "--clear-groups"])
    assert re.search(r"^error: .*127\.0\.0\.1@53.*[Pp]ermission denied", log, re.M), log
