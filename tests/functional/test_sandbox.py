# SPDX-License-Identifier: BSD-2-Clause
"""All of it works in the sandbox of the shipped unit.  With SINKHOLED_SANDBOX=1 in the environment
all other tests run in it as well."""
import os
import re
import shutil
import subprocess

import pytest

from harness import namespace
from harness.build import UNIT, daemon_path, sandboxed
from harness.client import addresses, ask, exchange_many, run_client
from harness.daemon import IPV4
from harness.program import wait_until
from harness.steady import asking
from harness.upstream import ELSEWHERE

USER = "nobody"
EXPOSURE_MAX = 2.0


def works():
    if os.geteuid() != 0 or not shutil.which("systemd-analyze"):
        return False
    return subprocess.run([*sandboxed(USER, []), "true"], capture_output=True).returncode == 0


needs_sandbox = pytest.mark.skipif(not works(), reason="the sandbox cannot be built here")


@pytest.fixture
def service(open_folder, daemon):
    """As the unit starts it: as a user of its own, who may write to the state directory alone."""
    folder = open_folder
    binary = folder / "sinkholed"
    shutil.copy2(daemon_path(), binary)

    def make(config, prefix=(), **options):
        # nobody can look into another user's process for leaks, nor where ptrace() is refused
        environment = {"ASAN_OPTIONS": "detect_leaks=0", **options.pop("environment", {})}
        d = daemon(config, environment=environment, **options)
        d.folder = d.cwd = folder
        d.config_path, d.binary = folder / "sinkholed.yaml", binary
        state = folder / "state"
        state.mkdir()
        shutil.chown(state, USER)
        d.configure({"state": {"directory": str(state)}})
        d.add_list("one", "blocked.test\n")
        d.prefix = [*prefix, *sandboxed(USER, [state])]
        d.start(d.prefix)
        return d
    return make


def assert_confined(pid):
    status = open(f"/proc/{pid}/status").read()
    assert re.search(r"^Seccomp:\s+2$", status, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
    assert re.search(r"^CapEff:\s+0+$", status, re.M)
    assert not re.search(r"^Uid:\s+0\b", status, re.M)


@needs_sandbox
def test_life_in_the_sandbox(service, upstream, manager, tmp_path):
    up = upstream(lambda q: q.address())
    d = service({"upstreams": [up.address], "watch": True},
                environment=manager.environment)
    assert_confined(d.program.pid)
    assert not re.search("^(error|warning): (?!.*(root|receive buffer|send buffer))", d.log(), re.M), d.log()
    assert "ip_local_reserved_ports" not in d.log()     # it could be read
    for tcp in (False, True):
        assert addresses(ask(d.address, "blocked.test", tcp=tcp)) == [IPV4]
        assert addresses(ask(d.address, f"n{tcp}.test", tcp=tcp)) == [ELSEWHERE]
    exchange_many(d.address, [f"m{i}.test" for i in range(300)])
    d.write_list("one", "blocked.test\nmore.test\n")
    d.program.wait_line("has changed: reloading")
    wait_until(lambda: addresses(ask(d.address, "more.test")) == [IPV4], 20, "it is blocked")
    d.reload_well()
    with asking(d.address, tmp_path, ["blocked.test", "m7.test"]):
        for count in (1, 2):
            log = d.hand_over()
            assert_confined(d.program.pid)
            manager.wait_for("MAINPID", count)
            assert "300 entries" in log or "entries read" in log
    assert (d.folder / "state" / "one.list").exists()
    d.stop()
    assert (d.folder / "state" / "cache.dump").stat().st_size > 1000
    manager.start(d, d.prefix)  # with the sockets that are kept
    d.program.wait_line("entries read")
    assert addresses(ask(d.address, "m7.test")) == [ELSEWHERE]


@needs_sandbox
def test_port_53_in_the_sandbox(service):
    d = service({"server": {"listen": ["127.0.0.1@53", "10.9.9.9@53"]}},
                namespace.with_addresses("127.0.0.2/8"))
    for _ in range(2):
        for tcp in ([], ["+tcp"]):
            done = run_client([*namespace.joined(d.program.pid), "dig", "-r", "@127.0.0.1",
                               "+short", *tcp, "blocked.test"])
            assert done.stdout == f"{IPV4}\n"
        d.hand_over()


def test_exposure():
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", str(UNIT)],
                          capture_output=True, text=True, timeout=60)
    level = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    if not level:
        pytest.skip("systemd-analyze cannot judge a file")
    assert float(level.group(1)) <= EXPOSURE_MAX
