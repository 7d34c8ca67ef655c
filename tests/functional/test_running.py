# SPDX-License-Identifier: BSD-2-Clause
"""It keeps running: with few files, beside other services, in a network that comes late."""
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from harness import namespace
from harness.build import UNIT, daemon_path
from harness.client import addresses, ask, exchange_many, rcode, run_client
from harness.daemon import IPV4
from harness.program import wait_until
from harness.upstream import ELSEWHERE

def test_unit_is_started_again_without_end():
    """A resolver that systemd gave up would take the network with it."""
    lines = UNIT.read_text().splitlines()
    assert "StartLimitIntervalSec=0" in lines and "Restart=on-failure" in lines
    assert lines.index("StartLimitIntervalSec=0") < lines.index("[Service]")    # it is one of [Unit]


# ---- buffers

# a kernel as it is installed, and no privilege to go beyond it
SMALL_BUFFERS = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define LIMIT 212992
int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int limit = LIMIT;
	if (level == SOL_SOCKET && (name == SO_RCVBUFFORCE || name == SO_SNDBUFFORCE)) {
		errno = EPERM;
		return -1;
	}
	if (level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_SNDBUF) &&
	    *(const int *)value > limit)
		value = &limit;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}
"""


def test_small_buffers_are_told_with_the_sysctl_that_limits_them(daemon, tmp_path):
    source, library = tmp_path / "small.c", tmp_path / "small.so"
    source.write_text(SMALL_BUFFERS)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    d = daemon({}, environment={
        "LD_PRELOAD": str(library),
        "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"}).start()
    for line in ("the receive buffers are of 212992 octets instead of 4194304",
                 "sysctl net.core.rmem_max=4194304",
                 "the send buffers are of 212992 octets instead of",
                 "sysctl net.core.wmem_max=4194304"):
        assert line in d.log(), d.log()


# ---- files

FILES = ["prlimit", "--nofile=300"]


def test_few_files_leave_some_for_clients_and_loads(daemon, upstream):
    up = upstream(lambda q: q.address())
    d = daemon({"upstreams": [up.address]})
    d.add_list("one", "blocked.test\n").start(FILES)
    assert "300 files may be open" in d.log()
    held = []
    try:
        for number in range(3):     # each round asks from as many ports as there are
            exchange_many(d.address, [f"r{number}n{i}.test" for i in range(600)], window=50)
            for _ in range(60):     # clients who take all that clients may have
                held.append(socket.create_connection(d.address, 5))
            assert addresses(ask(d.address, "blocked.test", tcp=True)) == [IPV4]
            d.write_list("one", "blocked.test\nmore%d.test\n" % number)
            d.reload_well()
            assert addresses(ask(d.address, f"more{number}.test")) == [IPV4]
    finally:
        for s in held:
            s.close()
    assert addresses(ask(d.address, "other.test", tcp=True)) == [ELSEWHERE]
    assert "cannot accept" not in d.log()


@pytest.mark.parametrize("limit", [*range(4, 48, 3), 48, 49, 52, 64])
def test_as_few_files_as_can_be(daemon, upstream, limit):
    """It does not start, and says why, or all works.  Seen before: with 21 to 36 files it was
    ready, and answered nothing, or could not be reloaded."""
    up = upstream(lambda q: q.address())
    d = daemon({"upstreams": [up.address], "watch": True, "state": {"directory": "state"},
                "control": {"socket": "control.sock"}}).add_list("one", "blocked.test\n")
    few = ["prlimit", f"--nofile={limit}"]
    if limit < 48:      # two workers, two addresses
        assert re.search(r"^error: (cannot listen on .* Too many open files|"
                         rf"{limit} files may be open .* and it takes 48 at least)$",
                         d.fails_to_start(few), re.M)
        return
    d.start(few)
    for tcp in (False, True):
        assert addresses(ask(d.address, "blocked.test", tcp=tcp)) == [IPV4]
        assert addresses(ask(d.address, f"n{tcp}.test", tcp=tcp)) == [ELSEWHERE]
    d.write_list("one", "blocked.test\nmore.test\n")
    d.reload_well()
    assert addresses(ask(d.address, "more.test")) == [IPV4]


@pytest.mark.parametrize("octets", [0, 4096, 200000])
def test_files_that_may_not_be_long(daemon, octets):
    """Who writes more is sent a signal that would end it (LimitFSIZE=, ulimit -f)."""
    names = "".join(f"n{i}.test\n" for i in range(30000))
    d = daemon({"state": {"directory": "state", "compiled-from": 1}})
    d.add_list("one", names).start(["prlimit", f"--fsize={octets}"])
    for more in range(2):
        d.write_list("one", names + f"more{more}.test\n")
        assert "list one: its last good version is not kept: " in d.reload_well()
        assert addresses(ask(d.address, f"more{more}.test")) == [IPV4]
    assert "File too large" in d.log()
    assert not (d.folder / "state" / "compiled.set").exists()


def test_stack_without_a_limit(daemon):
    """Then the C library has threads do with less than where there is one."""
    d = daemon().add_list("one", "blocked.test\n").start(["prlimit", "--stack=unlimited"])
    d.write_list("one", "blocked.test\nmore.test\n")
    d.reload_well()
    d.hand_over()
    d.reload_well()
    assert addresses(ask(d.address, "more.test")) == [IPV4]


def test_small_stack(daemon):
    """Its limit is raised; where it cannot be, that is told."""
    d = daemon().add_list("one", "blocked.test\n").start(["prlimit", "--stack=1048576:"])
    d.reload_well()
    d.hand_over()
    assert addresses(ask(d.address, "blocked.test")) == [IPV4]
    as_nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*as_nobody, "prlimit", "--stack=1048576", str(d.binary), "--check", "-c", "none"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "error: the stack may have 1024 KiB (ulimit -s, LimitSTACK=), and it takes 6144" in done.stdout + done.stderr


# ---- source ports

def source_ports(up):
    return {q.port for q in up.questions if q.transport == "udp"}


def test_ports_to_avoid(daemon, upstream):
    up = upstream(lambda q: q.address())
    d = daemon({"upstreams": [up.address],
                "outgoing": {"avoid-ports": ["1024-50000", 60000, "60001-65535"]}}).start()
    exchange_many(d.address, [f"n{i}.test" for i in range(800)], window=50)
    ports = source_ports(up)
    assert len(ports) > 100
    assert all(50000 < port < 60000 for port in ports)
    d.configure({"outgoing": {"avoid-ports": ["1024-3000", "5000-65535"]}})
    d.reload_well()
    up.questions.clear()
    exchange_many(d.address, [f"m{i}.test" for i in range(70000 // 128)], window=50)
    # those that are open already are used until they are used up
    assert any(3000 < port < 5000 for port in source_ports(up))
    assert not any(port < 3000 or 5000 <= port <= 50000 for port in source_ports(up))


def test_too_few_ports_are_refused(daemon):
    d = daemon({"outgoing": {"avoid-ports": ["1024-65000"]}})
    assert "outgoing.avoid-ports: fewer than 1024 ports would be left" in d.fails_to_start()


def test_ports_that_the_system_reserves(daemon):
    reserve = ["sh", "-c",
               "echo 1024-60000,62000-65535 >/proc/sys/net/ipv4/ip_local_reserved_ports && "
               'exec "$0" "$@"']
    prefix = namespace.with_addresses("127.0.0.2/8") + reserve
    namespace._or_skip(prefix)
    d = daemon().start(prefix)
    client = namespace.joined(d.program.pid)
    subprocess.run([*client, "dig", "@127.0.0.1", "-p", str(d.port), "+tries=1", "+time=1", *
                    [f"n{i}.test" for i in range(8)]], stdin=subprocess.DEVNULL,
                   capture_output=True, timeout=60)
    rows = open(f"/proc/{d.program.pid}/net/udp").read().splitlines()[1:]
    ports = [int(row.split()[1].split(":")[1], 16) for row in rows]
    ports = [port for port in ports if port != d.port]
    assert ports and all(60000 < port < 62000 for port in ports)


# ---- a network that comes late

def answers_in(d, host, name, *arguments):
    return run_client([*namespace.joined(d.program.pid), "dig", "-r", f"@{host}", "-p", str(d.port),
                       "+short", "+tries=1", "+time=2", *arguments, name]).stdout.split()


@pytest.mark.parametrize("host, bits", [("10.9.9.9", 24), ("fd00:9::9", 64)])
def test_address_that_comes_late(daemon, host, bits):
    d = daemon()
    d.configure({"server": {"listen": [f"127.0.0.1@{d.port}", f"{host}@{d.port}"]}})
    d.add_list("one", "listed.test\n").start(namespace.with_addresses("127.0.0.2/8"))
    assert f"no interface has the address of {host}@{d.port} now" in d.log()
    assert answers_in(d, "127.0.0.1", "listed.test") == [IPV4]
    assert answers_in(d, host, "listed.test") != [IPV4]
    subprocess.run([*namespace.joined(d.program.pid), "ip", "address", "add", f"{host}/{bits}",
                    "dev", "lo", *(["nodad"] if ":" in host else [])], check=True)
    assert answers_in(d, host, "listed.test") == [IPV4]
    assert answers_in(d, host, "listed.test", "+tcp") == [IPV4]


@pytest.fixture
def etc(tmp_path):
    """A folder that is /etc to a daemon, and the prefix that makes it so."""
    folder = tmp_path / "etc"
    return folder, namespace.with_etc(folder)


def put(path, text):
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.replace(path)


@pytest.mark.parametrize("text", [None, "", "search a.test\n", "nameserver here\n", "ourselves"])
def test_nameserver_that_comes_late(daemon, etc, text):
    """What is blocked and our own is answered meanwhile; with a nameserver the rest is asked."""
    folder, prefix = etc
    d = daemon({"local": {"names": [{"name": "own.test", "ipv4": ["192.0.2.77"]}]}})
    del d.config["upstreams"]
    d.configure({"server": {"listen": [f"127.0.0.1@{d.port}", "127.0.0.1@53"]}})
    if text is not None:
        put(folder / "resolv.conf", "nameserver 127.0.0.1\n" if text == "ourselves" else text)
    network = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
    d.add_list("one", "listed.test\n").start([*prefix, *network])
    assert "resolv.conf" in d.log() and "none is asked until one is there" in d.log()
    assert answers_in(d, "127.0.0.1", "listed.test") == [IPV4]
    assert answers_in(d, "127.0.0.1", "own.test") == ["192.0.2.77"]
    assert "status: SERVFAIL" in run_client(
        [*namespace.joined(d.program.pid), "dig", "-r", "@127.0.0.1", "-p", str(d.port), "+tries=1",
         "+time=2", "other.test"]).stdout
    mark = d.program.mark()
    put(folder / "resolv.conf", "nameserver 127.0.0.53\nnameserver 127.0.0.1\n")
    d.program.wait_line("resolv.conf has changed: reloading", mark)
    d.program.wait_line("^reload 2 done", mark)
    # without `watch` nothing is waited for any more, and a bad one does not take the good one away
    put(folder / "resolv.conf", "search a.test\n")
    d.reload_well()
    assert "those that it named before are asked" in d.log()


def test_nameserver_is_needed_for_a_check(daemon, etc):
    folder, prefix = etc
    d = daemon()
    del d.config["upstreams"]
    d.write_config()
    done = run_client([*prefix, str(daemon_path()), "--check", "-c", str(d.config_path)])
    assert done.returncode == 1 and "resolv.conf" in done.stderr


# ---- files that are watched

@pytest.fixture
def watched(daemon, tmp_path):
    """A daemon whose list may be anywhere."""
    def make(path, text="old.test\n", **config):
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_text(text)
        d = daemon({"watch": True, **config})
        d.add_list("one", file=str(path))
        return d.start()
    return make


def reloaded(d, mark, timeout=20):
    d.program.wait_line("has changed: reloading", mark, timeout)
    d.program.wait_line(r"^reload \d+ done: |^error: reload FAILED", mark, timeout)


def changes(d, change, name="new.test"):
    """The list is read anew once it is changed so."""
    mark = d.program.mark()
    change()
    reloaded(d, mark)
    wait_until(lambda: addresses(ask(d.address, name)) == [IPV4], 10, f"{name} is blocked")


def test_list_that_is_written(watched, tmp_path):
    path = tmp_path / "lists" / "one"
    d = watched(path)
    changes(d, lambda: path.write_text("new.test\n"))
    changes(d, lambda: put(path, "newer.test\n"), "newer.test")
    assert d.log().count("reloading") == 2


def test_list_of_a_directory_that_is_exchanged(watched, tmp_path):
    """As configuration management does: a symbolic link in the path is renamed over."""
    volume = tmp_path / "volume"
    for version, name in (("1", "old.test\n"), ("2", "new.test\n"), ("3", "newer.test\n")):
        (volume / version).mkdir(parents=True)
        (volume / version / "one").write_text(name)
    (volume / "data").symlink_to("1")
    (volume / "one").symlink_to("data/one")
    d = watched(volume / "one", None)

    def swing(version):
        (volume / "data.new").symlink_to(version)
        (volume / "data.new").replace(volume / "data")
    changes(d, lambda: swing("2"))
    shutil.rmtree(volume / "1")
    changes(d, lambda: swing("3"), "newer.test")
    changes(d, lambda: put(volume / "3" / "one", "newest.test\n"), "newest.test")


def test_directory_that_vanishes_and_comes_back(watched, tmp_path):
    path = tmp_path / "lists" / "deep" / "one"
    d = watched(path)
    mark = d.program.mark()
    shutil.rmtree(tmp_path / "lists")
    reloaded(d, mark)   # its last rules stay
    assert addresses(ask(d.address, "old.test")) == [IPV4]

    def come_back():
        path.parent.mkdir(parents=True)
        path.write_text("new.test\n")
    changes(d, come_back)
    moved = tmp_path / "moved"
    changes(d, lambda: (os.rename(path.parent, moved), path.parent.mkdir(),
                        path.write_text("newer.test\n")), "newer.test")


def test_bad_list_keeps_what_is_in_force(watched, tmp_path):
    path = tmp_path / "lists" / "one"
    d = watched(path)
    mark = d.program.mark()
    put(path, "<html>\n" * 20)
    reloaded(d, mark)
    assert "1 lists refused" in d.log(mark)
    assert addresses(ask(d.address, "old.test")) == [IPV4]
    changes(d, lambda: put(path, "new.test\n"))


def test_list_exchanged_without_end_is_read_all_the_same(watched, tmp_path):
    """Beside it others write without end, of which no word is said."""
    path = tmp_path / "lists" / "one"
    d = watched(path)
    mark = d.program.mark()
    end = time.monotonic() + 14
    number = 0
    while time.monotonic() < end:
        number += 1
        put(path, f"old.test\nnew{number % 2}.test\n")
        for other in range(50):
            (path.parent / f"other{other}").write_text("x")
    last = f"new{number % 2}.test"
    reloaded(d, mark)
    assert d.log(mark).count("reloading") <= 3
    wait_until(lambda: addresses(ask(d.address, last)) == [IPV4] and
               addresses(ask(d.address, f"new{1 - number % 2}.test")) != [IPV4], 20, "the last one")


def test_neighbours_do_not_count(watched, tmp_path):
    path = tmp_path / "lists" / "one"
    d = watched(path)
    for number in range(100):
        (path.parent / f"n{number}").write_text("x")
    changes(d, lambda: put(path, "new.test\n"))
    assert d.log().count("reloading") == 1


def test_hosts_file_that_changes(watched, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.50 a.test\n")
    d = watched(tmp_path / "lists" / "one", local={"hosts-file": str(hosts)})
    mark = d.program.mark()
    hosts.write_text("192.0.2.51 a.test\n")
    reloaded(d, mark)
    assert addresses(ask(d.address, "a.test")) == ["192.0.2.51"]


def test_sighup_takes_what_has_changed_until_then(watched, tmp_path):
    path = tmp_path / "lists" / "one"
    d = watched(path)
    put(path, "new.test\n")
    d.reload_well()
    assert addresses(ask(d.address, "new.test")) == [IPV4]
    time.sleep(2.5)     # as long as it would take to be noticed
    assert "has changed" not in d.log()


def test_without_inotify_files_are_looked_at(daemon, tmp_path):
    path = tmp_path / "one"
    path.write_text("old.test\n")
    none = ["sh", "-c", "echo 0 >/proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\""]
    prefix = namespace._or_skip(["unshare", "-Ur", *none])
    d = daemon({"watch": True})
    d.add_list("one", file=str(path)).start(prefix)
    d.program.wait_line("watch: inotify: Too many open files .*max_user_instances")
    changes(d, lambda: put(path, "new.test\n"))
    assert d.log().count("watch: inotify") == 1
