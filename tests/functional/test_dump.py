# SPDX-License-Identifier: BSD-2-Clause
"""The cache over a restart: what is kept, and what a bad file does, which is nothing but a
warning."""
import re
import stat
import time

import pytest

from harness.client import addresses, ask, exchange_many, rcode, soa, ttls
from harness.daemon import IPV4
from harness.program import wait_until

GOOD = "198.51.100.7"


@pytest.fixture
def kept(daemon, upstream):
    """A daemon with a state directory, its upstream, and the path of the dump."""
    def make(script=lambda q: q.address(GOOD), lists=None, **cache):
        up = upstream(script)
        d = daemon({"upstreams": [up.address], "cache": cache, "state": {"directory": "state"}},
                   lists)
        return d, up, d.folder / "state" / "cache.dump"
    return make


def read_again(d):
    """Starts it; the daemon says what became of the file once it serves."""
    d.start()
    d.program.wait_line(r"cache: state/cache\.dump: ")


def warnings(d):
    return re.findall(r"^warning: cache: (.*)$", d.log(), re.M)


def test_answers_outlive_a_restart(kept):
    def script(q):
        if q.type == "MX":
            return q.negative("NXDOMAIN")
        if q.type == "TXT":
            return q.negative("NOERROR")
        return q.reply(f"{q.name} 300 IN CNAME x.test.", f"x.test. 200 IN A {GOOD}")
    d, up, dump = kept(script)
    d.start()
    for kind in ("A", "MX", "TXT"):
        ask(d.address, f"{kind}.test", kind)
        ask(d.address, f"{kind}.test", kind, do=True)
    asked = up.count()
    d.stop()
    read_again(d)
    assert "3 entries read" in d.log() and not warnings(d)
    answer = ask(d.address, "a.test")
    assert addresses(answer) == [GOOD] and len(answer.answer) == 2
    assert rcode(ask(d.address, "mx.test", "AAAA")) == "NXDOMAIN"
    assert soa(ask(d.address, "txt.test", "TXT", do=True)) is not None
    assert up.count() == asked == 3
    assert d.counted("cache_hits") == 3


def test_file_is_for_nobody_else(kept):
    d, _, dump = kept()
    d.start().stop()
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert [p.name for p in dump.parent.iterdir()
            if not p.name.startswith(("ledger.db", "receipts.db", "audit.", "state.lock"))] == ["cache.dump"]


def test_ttls_go_on(kept):
    d, up, _ = kept(lambda q: q.address(GOOD, ttl=100))
    d.start()
    assert ttls(ask(d.address, "a.test")) == {100}
    d.restart()
    wait_until(lambda: max(ttls(ask(d.address, "a.test"))) <= 97, 6, "seconds were counted")
    assert up.count() == 1


def test_expired_while_it_was_down(kept):
    d, up, _ = kept(lambda q: q.address(GOOD, ttl=2))
    d.start()
    asked = time.monotonic()
    ask(d.address, "a.test")
    d.stop()
    wait_until(lambda: time.monotonic() > asked + 3, 10, "it expired")
    d.start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    assert up.count() == 2


def test_lists_of_the_new_start_act(kept):
    d, up, _ = kept(lambda q: q.address(GOOD) if q.name == "bad.test." else q.reply(
        f"{q.name} 300 IN CNAME bad.test.", f"bad.test. 300 IN A {GOOD}"))
    d.start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]
    assert addresses(ask(d.address, "bad.test")) == [GOOD]
    d.stop()
    d.add_list("block", "bad.test\n")
    d.start()
    assert addresses(ask(d.address, "bad.test")) == [IPV4]
    assert addresses(ask(d.address, "a.test")) == [IPV4]
    assert up.count() == 2
    # and lifted again nothing of the block is left
    d.stop()
    d.config["lists"] = []
    d.start()
    assert addresses(ask(d.address, "a.test")) == [GOOD]


@pytest.mark.parametrize("config", [{"cache": {"keep": False}}, {"state": {"directory": ""}}],
                         ids=["keep", "directory"])
def test_not_kept(kept, config):
    d, up, dump = kept()
    d.configure(config)
    d.start()
    ask(d.address, "a.test")
    d.restart()
    ask(d.address, "a.test")
    assert up.count() == 2 and not dump.exists()


def cut(data):
    return data[:len(data) // 2]


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]


@pytest.mark.parametrize("spoil,why", [
    (lambda data: b"", "cut off"),
    (cut, "cut off"),
    (flip, "wrong checksum"),
    (lambda data: b"GARBAGE!" * 100, "not a dump"),
    (lambda data: data[:11] + b"\x09" + data[12:], "version 9, expected 2"),
    (lambda data: data[:12] + b"\x7f" + data[13:], "from now"),
    (lambda data: data + b"x", "behind its end"),
], ids=["empty", "cut", "flip", "garbage", "version", "future", "more"])
def test_bad_file_is_ignored_with_one_warning(kept, spoil, why):
    d, up, dump = kept()
    d.start()
    ask(d.address, "a.test")
    d.stop()
    dump.write_bytes(spoil(dump.read_bytes()))
    read_again(d)
    found = warnings(d)
    assert len(found) == 1 and "state/cache.dump" in found[0] and why in found[0], found
    assert d.counted("cache_entries") == 0
    assert addresses(ask(d.address, "a.test")) == [GOOD] and up.count() == 2
    # the next end writes a good one
    d.restart()
    ask(d.address, "a.test")
    assert up.count() == 2 and not re.search("ignored", d.log())


def test_directory_in_its_place(kept):
    d, up, dump = kept()
    dump.mkdir(parents=True)
    read_again(d)
    assert len(warnings(d)) == 1 and str(ask(d.address, "a.test").answer[0][0]) == GOOD
    d.stop()
    assert "cannot be written" in d.log()


def test_many_entries(kept):
    """More than one part of a file; the order of asking is no matter."""
    d, up, _ = kept()
    d.start()
    exchange_many(d.address, [f"n{number}.many.test" for number in range(3000)])
    asked = up.count()
    entries = d.counted("cache_entries")
    assert entries >= 2900
    d.restart()
    assert d.counted("cache_entries") == entries
    for number in range(0, 3000, 50):
        assert addresses(ask(d.address, f"n{number}.many.test")) == [GOOD]
    assert up.count() == asked
