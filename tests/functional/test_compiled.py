# SPDX-License-Identifier: BSD-2-Clause
"""A start from the compiled set: it saves time, and never a name is lifted or added by it."""
import hashlib
import os
import re
import shutil
import subprocess

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask
from harness.daemon import IPV4 as SINK
from harness.program import wait_until

GOOD = "198.51.100.7"
FROM_THERE = "unchanged since their set was compiled"
HEAD_OCTETS = 16 + 8 + 72 + 64 + 72 + 2 * 56 + 16
DIGEST_AT = HEAD_OCTETS + 80    # of the first list, behind the head
LIST_OCTETS = 152
SEAL_OCTETS = 12 + 16


def state(d, name):
    return d.folder / "state" / name


def blocked(d):
    return "".join(x for x in "abcd" if addresses(ask(d.address, f"{x}.test")) == [SINK])


def compiled(d):
    return state(d, "compiled.set")


def wait_compiled(d, before=None):
    wait_until(lambda: compiled(d).exists() and compiled(d).stat().st_ctime_ns != before, 10, "it is compiled")


@pytest.fixture
def served(daemon, upstream):
    """A daemon whose set is compiled, and which has ended."""
    d = daemon({"upstreams": [upstream(lambda q: q.address(GOOD)).address],
                "state": {"directory": "state", "compiled-from": 1}})
    d.add_list("first", "a.test\nb.test\n").add_list("second", "0.0.0.0 c.test\n")
    d.start()
    wait_compiled(d)
    assert blocked(d) == "abc"
    d.stop()
    return d


def starts(d, from_there, names="abc"):
    d.start()
    assert (FROM_THERE in d.log()) == from_there, d.log()
    assert blocked(d) == names
    return d.log()


def seal(d, data):
    """`data` without its seal, sealed by the key of the state directory."""
    key = hashlib.sha256(state(d, "compiled.key").read_bytes() + b"seal of a compiled set\0").hexdigest()
    nonce = os.urandom(12)
    code = subprocess.run(["openssl", "mac", "-cipher", "AES-256-GCM", "-macopt", f"hexkey:{key}", "-macopt",
                           f"hexiv:{nonce.hex()}", "-binary", "-in", "-", "GMAC"], input=data, stdout=subprocess.PIPE,
                          check=True).stdout
    compiled(d).write_bytes(data + nonce + code)


def test_unchanged_lists(served):
    assert state(served, "compiled.key").stat().st_mode & 0o777 == 0o600
    assert compiled(served).stat().st_mode & 0o777 == 0o600
    for _ in range(2):
        starts(served, True)
        served.stop()


def test_reload_after_it(served):
    d = served
    starts(d, True)
    before = compiled(d).stat().st_ctime_ns
    d.write_list("first", "a.test\nd.test\n")
    d.reload_well()
    assert blocked(d) == "acd"
    wait_compiled(d, before)
    d.stop()
    starts(d, True, "acd")


def test_hand_over(served):
    d = served
    starts(d, True)
    assert FROM_THERE in d.hand_over()
    assert blocked(d) == "abc"


def test_compact_names(served):
    """Another set is made, which is compiled as well."""
    d = served
    before = compiled(d).stat().st_ctime_ns
    d.configure({"server": {"compact-names": True}})
    starts(d, False)
    wait_compiled(d, before)
    d.stop()
    starts(d, True)
    told = run_daemon("-c", d.config_path, "--explain", "x.b.test").stdout
    assert re.search(r"first.*line 2", told), told
    d.write_list("first", "a.test\nd.test\n")
    d.reload_well()
    assert blocked(d) == "acd"


def other_size(path):
    path.write_text("a.test\nd.test\nd.test\n")


def other_in_place(path):
    """Of the same inode, size and time of modification."""
    seen = path.stat()
    path.write_text("a.test\nd.test\n")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def other_inode(path):
    seen = path.stat()
    new = path.with_suffix(".other")
    new.write_text("a.test\nd.test\n")
    os.utime(new, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    new.replace(path)


@pytest.mark.parametrize("change", [other_size, other_in_place, other_inode])
def test_changed_list(served, change):
    change(served.list_path("first"))
    starts(served, False, "acd")


def test_list_that_is_not_what_its_inode_says(served):
    """No inode tells: the file was made of other octets, by the digest in it."""
    d = served
    data = bytearray(compiled(d).read_bytes()[:-SEAL_OCTETS])
    assert data[DIGEST_AT:DIGEST_AT + 64] == hashlib.sha256(d.list_path("first").read_bytes()).hexdigest().encode()
    data[DIGEST_AT:DIGEST_AT + 64] = b"0" * 64
    seal(d, bytes(data))
    d.start()
    assert FROM_THERE in d.log()
    d.program.wait_line(r"^warning: list first: .* is not what the compiled set was made of: it is read")
    d.program.wait_line(r"^reload 2 done: ")
    assert blocked(d) == "abc"
    wait_compiled(d)
    d.stop()
    starts(d, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be started as root")
def test_verified_once_there_is_a_thread(open_folder, daemon):
    """Who may have no more threads starts, and makes up for it."""
    d = daemon({"state": {"directory": "state", "compiled-from": 1}}, environment={"ASAN_OPTIONS": "detect_leaks=0"})
    user = 32768 + d.port    # nobody else's
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    d.folder = d.cwd = open_folder
    d.config_path = open_folder / "sinkholed.yaml"
    del d.config["server"]["user"]
    d.add_list("first", "a.test\n").add_list("second", "0.0.0.0 c.test\n")
    os.chown(open_folder, user, user)
    d.start(as_user)
    wait_compiled(d)
    d.stop()
    data = bytearray(compiled(d).read_bytes()[:-SEAL_OCTETS])
    data[DIGEST_AT:DIGEST_AT + 64] = b"0" * 64
    seal(d, bytes(data))
    for threads in range(20, 2, -1):
        d.start([*as_user, "prlimit", f"--nproc={threads}:"])
        d.program.wait_line("^error: receipts: not written|^reload 2 done: ")
        if "receipts: not written" in d.log():
            break
        wait_compiled(d)
        d.stop()
        seal(d, bytes(data))
    assert "receipts: not written yet: no thread" in d.log()
    assert FROM_THERE in d.log() and "is not what" not in d.log()
    subprocess.run([*as_user, "prlimit", f"--pid={d.program.pid}", "--nproc=1000:"], check=True)
    d.program.wait_line(r"^warning: list first: .* is not what the compiled set was made of: it is read")
    d.program.wait_line(r"^reload 2 done: ")
    assert blocked(d) == "ac"


def cut(d, data):
    return data[:-1]


def longer(d, data):
    return data + b"0"


def empty(d, data):
    return b""


def other_seal(d, data):
    return data[:-1] + bytes([data[-1] ^ 1])


def flipped(at):
    def change(d, data):
        where = int(at * len(data))
        return data[:where] + bytes([data[where] ^ 0x20]) + data[where + 1:]
    change.__name__ = f"flipped at {at}"
    return change


DAMAGES = [cut, longer, empty, other_seal, *(flipped(at) for at in (0, 0.02, 0.3, 0.5, 0.7, 0.9))]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damaged(served, damage):
    compiled(served).write_bytes(damage(served, compiled(served).read_bytes()))
    starts(served, False)
    wait_until(lambda: compiled(served).stat().st_size > 0, 10, "it is compiled anew")


def test_large(served):
    """What is read by two threads is all there, and damage to either half is seen."""
    d = served
    d.write_list("second", "c.test\n" + "".join(f"n{i}.example{i % 97}.test\n" for i in range(150000)))
    before = compiled(d).stat().st_ctime_ns
    d.start()
    wait_compiled(d, before)
    d.stop()
    starts(d, True)
    for i in range(0, 150000, 997):
        assert addresses(ask(d.address, f"n{i}.example{i % 97}.test")) == [SINK]
    d.stop()
    data = compiled(d).read_bytes()
    for at in 0.3, 0.5, 0.7, 0.95:
        compiled(d).write_bytes(flipped(at)(d, data))
        before = compiled(d).stat().st_ctime_ns
        starts(d, False)
        wait_compiled(d, before)
        d.stop()


def test_sealed_but_no_set(served):
    """The seal is right, and what lies in it is not: its arena, its table, its head."""
    data = compiled(served).read_bytes()[:-SEAL_OCTETS]
    begin = HEAD_OCTETS + 2 * LIST_OCTETS
    for at in range(begin, len(data), (len(data) - begin) // 7):
        seal(served, data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:])
        served.start()
        served.stop()


BY = {"program": 24, "library": 24 + 72 + 4, "file of public suffixes": 24 + 72 + 64 + 72 + 8}


@pytest.mark.parametrize("what", BY)
def test_made_by_another(served, what):
    data = bytearray(compiled(served).read_bytes()[:-SEAL_OCTETS])
    data[BY[what]] ^= 1
    seal(served, bytes(data))
    assert "of other lists, another configuration or program" in starts(served, False)


def test_key_of_another(served):
    state(served, "compiled.key").write_bytes(b"0123456789abcdef")
    assert "damaged, or of another key" in starts(served, False)


def test_key_that_others_may_read(served):
    before = state(served, "compiled.key").read_bytes()
    state(served, "compiled.key").chmod(0o644)
    starts(served, False)
    wait_until(lambda: state(served, "compiled.key").read_bytes() != before, 10, "it is another")
    assert state(served, "compiled.key").stat().st_mode & 0o777 == 0o600


def test_rolled_back(served):
    """The file of an earlier version of a list, beside the list of today."""
    d = served
    former = compiled(d).read_bytes()
    d.write_list("first", "a.test\nd.test\n")
    starts(d, False, "acd")
    d.stop()
    compiled(d).write_bytes(former)
    starts(d, False, "acd")


OPTIONS = {
    "format": lambda d: d.config["lists"][0].update(format="names"),
    "match": lambda d: d.config["lists"][0].update(match="exact"),
    "guard": lambda d: d.config.update(guard={"protected": ["www.b.test"]}),
    "a list less": lambda d: d.config["lists"].pop(),
    "mandatory": lambda d: d.config["lists"][1].update(mandatory=True),
    "off": lambda d: d.config["state"].update({"compiled-from": 0}),
}


@pytest.mark.parametrize("how", OPTIONS)
def test_other_options(served, how):
    d = served
    OPTIONS[how](d)
    starts(d, False, {"guard": "ac", "a list less": "ab"}.get(how, "abc"))


def test_mandatory_list_that_is_weakened(served):
    """Where a list is mandatory nothing is compiled, and what it holds is held against the file as ever."""
    d = served
    d.config["lists"][1]["mandatory"] = True
    starts(d, False)
    wait_until(lambda: not compiled(d).exists(), 10, "it is removed")
    d.stop()
    d.write_list("second", "x.test\n")
    d.start()
    assert "list second: REFUSED: it is mandatory" in d.log()
    assert blocked(d) == "abc"
    d.stop()
    d.config["lists"][1]["mandatory"] = False
    d.start()
    assert "list second: REFUSED: it is mandatory" in d.log() and FROM_THERE not in d.log()
    assert blocked(d) == "abc"


def test_check_reads_the_lists(served):
    d = served
    d.list_path("second").write_text("\n")
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    assert done.returncode == 1 and "second" in done.stderr
    d.list_path("second").write_text("0.0.0.0 c.test\n")
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    assert done.returncode == 0 and FROM_THERE not in done.stderr


def test_without_what_is_kept_the_lists_are_read(served):
    state(served, "first.list").unlink()
    starts(served, False)
    assert state(served, "first.list").exists()


def test_disk_that_takes_nothing(served):
    """It costs the saving, and one line of the log."""
    d = served
    compiled(d).unlink()
    state(d, "compiled.set.new").mkdir()
    starts(d, False)
    d.program.wait_line(r"^warning: lists: their set is not kept compiled, and a start takes longer: ")
    mark = d.program.mark()
    d.reload_well()
    d.write_list("first", "a.test\nd.test\n")
    d.reload_well()
    assert "not kept compiled" not in d.log(mark) and blocked(d) == "acd"
    d.stop()
    starts(d, False, "acd")


def test_another_directory_with_the_same_file(served):
    d = served
    shutil.copytree(d.folder / "state", d.folder / "other")
    d.config["state"]["directory"] = "other"
    starts(d, False)
