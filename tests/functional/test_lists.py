# SPDX-License-Identifier: BSD-2-Clause
"""List files: their formats, their odd forms, their precedence, and what of them is refused."""
import os
import re

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, rcode
from harness.program import wait_until
from harness.upstream import ELSEWHERE

PASSED = "passed"


def verdict(daemon, name):
    """The last number of the sinkhole address, PASSED, or the rcode."""
    answer = ask(daemon.address, name)
    if rcode(answer) != "NOERROR":
        return rcode(answer)
    found = addresses(answer)
    if found == [ELSEWHERE]:
        return PASSED
    return int(found[0].rsplit(".", 1)[1]) if found else "NODATA"


def sinkhole(number):
    return {"ipv4": f"192.0.2.{number}"}


# ---- the formats, all in one daemon

NAMES = """\
# a comment
plain.test
   indented.test   # a comment behind it
dotted.test.
UPPER.Test
*.below.test
.leading.test
under_score.test
; another comment
deep.er.below.test

xn--bcher-kva.test
"""
HOSTS = """\
127.0.0.1 localhost localhost.localdomain
::1 localhost ip6-localhost ip6-loopback
0.0.0.0 one.hosts.test two.hosts.test\tthree.hosts.test # comment.hosts.test
::  six.hosts.test
127.0.0.1\ttab.hosts.test
"""
ADBLOCK = """\
[Adblock Plus 2.0]
! a comment
||plain.ad.test^
||important.ad.test^$important
@@||good.plain.ad.test^
@@||sub.important.ad.test^
||all.ad.test^$all
||third.ad.test^$third-party
||path.ad.test/banner
/banner/ad.js
plain.ad.test##.advert
||end.ad.test|
"""
FORMATS = {
    "names": ("names", "subtree", NAMES, 1),
    "exact": ("names", "exact", "exact.test\n*.exactstar.test\n.exactdot.test\n", 2),
    "hosts": ("hosts", "subtree", HOSTS, 3),
    "hostsexact": ("hosts", "exact", "0.0.0.0 one.he.test\n", 4),
    "adblock": ("adblock", "subtree", ADBLOCK, 5),
    "autonames": ("auto", "subtree", "# list\nauto.names.test\nother.names.test\n", 6),
    "autohosts": ("auto", "subtree", "# list\n0.0.0.0 auto.hosts2.test\n", 7),
    "autoadblock": ("auto", "subtree", "! list\n||auto.ad2.test^\n", 8),
    "crlf": ("names", "subtree", "crlf1.test\r\ncrlf2.test\r\n", 9),
    "nonewline": ("names", "subtree", "end1.test\nend2.test", 10),
    "bom": ("names", "subtree", "\ufeffbom.test\n", 11),
    "idn": ("names", "subtree", "b\u00fccher.idn.test\nSTRASSE\u00df.idn.test\n", 12),
    "nul": ("names", "subtree", b"nul1.test\nnu\0l.test\nnul2.test\n", 13),
    "utf8": ("names", "subtree", b"ok1.utf8.test\n\xff\xfe.utf8.test\nok2.utf8.test\n", 14),
    "longline": ("names", "subtree", "before.long.test\n" + "x" * (1 << 20) + "\nafter.long.test\n",
                 15),
    "labels": ("names", "subtree", "\n".join([
        "ok." + "a" * 63 + ".labels.test", "bad." + "b" * 64 + ".labels.test",
        ".".join(["c" * 63] * 3 + ["c" * 48, "labels.test"]),   # 254 octets on the wire
        ".".join(["d" * 63] * 4 + ["labels.test"]), "two..dots.labels.test", "last.labels.test"]),
        16),
}


@pytest.fixture(scope="module")
def formats(shared_daemon, resolver):
    daemon = shared_daemon({"upstreams": [resolver.address]})
    for name, (kind, match, text, number) in FORMATS.items():
        daemon.add_list(name, text, format=kind, match=match, sinkhole=sinkhole(number))
    return daemon.start()


VERDICTS = [
    ("plain.test", 1), ("www.plain.test", 1), ("xplain.test", PASSED), ("indented.test", 1),
    ("dotted.test", 1), ("upper.test", 1), ("under_score.test", 1),
    ("below.test", PASSED), ("x.below.test", 1), ("x.y.below.test", 1), ("deep.er.below.test", 1),
    ("leading.test", 1), ("x.leading.test", 1), ("xn--bcher-kva.test", 1), ("comment.test", PASSED),
    ("exact.test", 2), ("www.exact.test", PASSED), ("exactstar.test", PASSED),
    ("x.exactstar.test", 2), ("exactdot.test", 2), ("x.exactdot.test", 2),
    ("one.hosts.test", 3), ("two.hosts.test", 3), ("three.hosts.test", 3), ("six.hosts.test", 3),
    ("tab.hosts.test", 3), ("x.one.hosts.test", 3), ("comment.hosts.test", PASSED),
    ("hosts.test", PASSED), ("localhost", PASSED), ("ip6-localhost", PASSED),
    ("one.he.test", 4), ("x.one.he.test", PASSED),
    ("plain.ad.test", 5), ("www.plain.ad.test", 5), ("good.plain.ad.test", PASSED),
    ("x.good.plain.ad.test", PASSED), ("important.ad.test", 5), ("sub.important.ad.test", 5),
    ("all.ad.test", 5), ("third.ad.test", PASSED), ("path.ad.test", PASSED), ("end.ad.test", 5),
    ("auto.names.test", 6), ("auto.hosts2.test", 7), ("auto.ad2.test", 8), ("x.auto.ad2.test", 8),
    ("crlf1.test", 9), ("crlf2.test", 9), ("end1.test", 10), ("end2.test", 10), ("bom.test", 11),
    ("xn--bcher-kva.idn.test", 12), ("xn--strasse-6va.idn.test", 12),
    ("nul1.test", 13), ("nul2.test", 13), ("nu.test", PASSED), ("l.test", PASSED),
    ("ok1.utf8.test", 14), ("ok2.utf8.test", 14), ("utf8.test", PASSED),
    ("before.long.test", 15), ("after.long.test", 15), ("long.test", PASSED),
    ("ok." + "a" * 63 + ".labels.test", 16), ("last.labels.test", 16), ("labels.test", PASSED),
    (".".join(["c" * 63] * 3 + ["c" * 48, "labels.test"]), 16), ("dots.labels.test", PASSED),
]


@pytest.mark.parametrize("name,expected", VERDICTS, ids=[v[0][:40] for v in VERDICTS])
def test_format(formats, name, expected):
    assert verdict(formats, name) == expected


BAD_LINES = [("nul", 2), ("utf8", 2), ("longline", 2), ("labels", 2), ("labels", 4), ("labels", 5)]


@pytest.mark.parametrize("name,line", BAD_LINES)
def test_bad_line_is_reported_with_file_and_line(formats, name, line):
    file = re.escape(str(formats.list_path(name)))
    assert re.search(rf"^warning: {file}:{line}: skipped: \S+", formats.log(), re.M), formats.log()


def test_only_bad_lines_are_reported(formats):
    bad = re.findall(r"^warning: .*/(\w+)\.txt:(\d+): skipped", formats.log(), re.M)
    assert sorted(bad) == sorted((name, str(line)) for name, line in BAD_LINES)


@pytest.mark.parametrize("name,entries,kind,skipped,bad", [
    ("names", 9, "names", 0, 0), ("hosts", 5, "hosts", 2, 0), ("adblock", 6, "adblock", 4, 0),
    ("autonames", 2, "names", 0, 0), ("autohosts", 1, "hosts", 0, 0),
    ("autoadblock", 1, "adblock", 0, 0), ("labels", 3, "names", 0, 3), ("nul", 2, "names", 0, 1)])
def test_log_says_what_was_loaded(formats, name, entries, kind, skipped, bad):
    assert re.search(rf"^list {name}: \d+ names in force from \S+ \({kind}\): {entries} entries, "
                     rf"\d+ duplicates, {skipped} skipped, {bad} bad, 0 held back; \d+ ms$",
                     formats.log(), re.M), \
        formats.log()


# ---- precedence, all in one daemon

@pytest.fixture(scope="module")
def ordered(shared_daemon, resolver):
    daemon = shared_daemon({"upstreams": [resolver.address]})
    daemon.add_list("first", "both.test\nfirst.test\n", sinkhole=sinkhole(1))
    daemon.add_list("second", "both.test\nsecond.test\ndeep.first.test\n", sinkhole=sinkhole(2))
    daemon.add_list("ads", "||except.test^\n@@||good.except.test^\n||bad.good.except.test^\n"
                           "||imp.test^$important\n@@||white.imp.test^\n"
                           "||tie.test^\n@@||tie.test^\n", format="adblock", sinkhole=sinkhole(3))
    daemon.add_list("after", "good.except.test\n", sinkhole=sinkhole(4))
    daemon.add_list("order", "ordered.test\n", mandatory=True, sinkhole=sinkhole(5))
    daemon.add_list("allow", "www.both.test\nordered.test\nwhite.second.test\n", action="pass")
    daemon.add_list("order2", "late.white.second.test\n", mandatory=True, sinkhole=sinkhole(6))
    return daemon.start()


@pytest.mark.parametrize("name,expected,why", [
    ("both.test", 1, "the first list"),
    ("first.test", 1, "only the first"),
    ("second.test", 2, "only the second"),
    ("deep.first.test", 1, "a less specific rule of an earlier list"),
    ("www.both.test", PASSED, "an allow list, though it comes later"),
    ("x.www.both.test", PASSED, "below what is allowed"),
    ("x.both.test", 1, "beside what is allowed"),
    ("except.test", 3, "above the exception"),
    ("bad.good.except.test", 3, "a more specific rule than the exception"),
    ("good.except.test", 4, "excepted in its list alone"),
    ("white.imp.test", 3, "an exception does not beat $important"),
    ("tie.test", PASSED, "an exception beats a block of the same owner"),
    ("ordered.test", 5, "a mandatory list against an allow list"),
    ("white.second.test", PASSED, "allowed"),
    ("late.white.second.test", 6, "mandatory, below what is allowed"),
])
def test_precedence(ordered, name, expected, why):
    assert verdict(ordered, name) == expected, why


# ---- the gate for single entries

def test_what_would_block_too_much_is_held_back(daemon, resolver):
    d = daemon({"upstreams": [resolver.address], "guard": {"protected": ["bank.example.test"]}})
    d.add_list("wide", "com\nco.uk\nexample.test\nbank.example.test\nfine.test\n"
                       "below.bank.example.test\n")
    d.start()
    for line, name in enumerate(["com", "co.uk", "example.test", "bank.example.test"], 1):
        assert re.search(rf"wide\.txt:{line}: held back, .*{name}", d.log()), d.log()
    assert verdict(d, "x.com") == verdict(d, "x.co.uk") == PASSED
    assert verdict(d, "bank.example.test") == verdict(d, "x.bank.example.test") == PASSED
    assert verdict(d, "fine.test") == verdict(d, "below.bank.example.test") == 1
    assert "2 names of 1 lists in force" in d.log()


def test_public_suffixes_can_be_blocked_when_the_operator_says_so(daemon, resolver):
    d = daemon({"upstreams": [resolver.address], "guard": {"public-suffixes": False}})
    d.add_list("wide", "co.uk\n").start()
    assert verdict(d, "x.co.uk") == 1


# ---- lists that are refused as a whole

def make_directory(path):
    path.mkdir()


def write(text):
    return lambda path: path.write_text(text)


BROKEN = {
    "missing": (lambda path: None, "No such file"),
    "directory": (make_directory, "is a directory"),
    "pipe": (os.mkfifo, "not a regular file"),
    "empty": (write(""), "has 0 entries"),
    "comments": (write("# nothing\n# more of it\n"), "has 0 entries"),
    "html": (write("<!DOCTYPE html>\n<html><body>404\na.test\n</body></html>\n"), "HTML"),
    "garbage": (lambda path: path.write_bytes(bytes(range(256)) * 40), "bad lines|entries"),
    "mostly bad": (write("a.test\n" + "not a name\n" * 5), "5 bad lines of 6"),
}


def replace(path, make):
    """Puts a broken list in the place of a good one."""
    path.unlink()
    make(path)


@pytest.mark.parametrize("how", BROKEN)
def test_reload_with_a_broken_list_keeps_its_old_rules(daemon, resolver, how):
    make, reason = BROKEN[how]
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("broken", "a.test\nb.test\n", sinkhole=sinkhole(1))
    d.add_list("other", "c.test\n", sinkhole=sinkhole(2))
    d.start()
    replace(d.list_path("broken"), make)
    d.write_list("other", "d.test\n")
    log = d.reload()
    assert re.search(rf"^error: list broken: REFUSED: .*({reason}).* former entries stay", log,
                     re.M), log
    assert "1 lists refused" in log
    assert [verdict(d, f"{x}.test") for x in "abcd"] == [1, 1, PASSED, 2]


@pytest.mark.parametrize("how", BROKEN)
def test_check_fails_on_a_broken_list(daemon, how):
    make, reason = BROKEN[how]
    d = daemon()
    d.add_list("broken")
    make(d.list_path("broken"))
    d.write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 1
    assert re.search(rf"list broken: .*({reason})", done.stderr), done.stderr
    assert "ok" not in done.stdout


@pytest.mark.parametrize("mandatory", [False, True])
def test_restart_with_a_broken_list_starts_on_its_last_good_version(daemon, resolver, mandatory):
    d = daemon({"upstreams": [resolver.address], "state": {"directory": "state"}})
    d.add_list("broken", "a.test\nb.test\n", mandatory=mandatory).start()
    d.stop()
    d.list_path("broken").unlink()
    d.start()
    assert re.search(r"^error: list broken: REFUSED: .* last good version is in force", d.log(),
                     re.M), d.log()
    assert verdict(d, "a.test") == verdict(d, "x.b.test") == 1
    d.write_list("broken", "a.test\nb.test\nc.test\n")
    d.reload_well()
    assert verdict(d, "c.test") == 1


def test_shrunken_list_is_refused_at_a_start_too(daemon, resolver):
    d = daemon({"upstreams": [resolver.address], "state": {"directory": "state"}})
    d.add_list("shrinks", "".join(f"n{i}.test\n" for i in range(100)), **{"max-change": 20})
    d.start()
    d.stop()
    d.write_list("shrinks", "n1.test\n")
    d.start()
    assert re.search(r"^error: list shrinks: REFUSED: .* last good version is in force", d.log(),
                     re.M), d.log()
    assert verdict(d, "n99.test") == 1


def test_tcp_only_list_does_not_lift_a_mandatory_one(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("often", "a.test\n", action="tcp-only")
    d.add_list("order", "a.test\n", mandatory=True).start()
    assert verdict(d, "a.test") == 1
    assert addresses(ask(d.address, "a.test", tcp=True)) == addresses(ask(d.address, "a.test"))


def test_last_good_version_is_that_of_the_last_good_reload(daemon, resolver):
    d = daemon({"upstreams": [resolver.address], "state": {"directory": "state"}})
    d.add_list("broken", "a.test\n").start()
    d.write_list("broken", "b.test\n")
    d.reload_well()
    kept = d.folder / "state" / "broken.list"
    wait_until(lambda: kept.read_text() == "b.test\n", 5, "the new version is kept")
    d.write_list("broken", "<html>")
    d.reload()
    d.restart()
    assert [verdict(d, f"{x}.test") for x in "ab"] == [PASSED, 1]


def test_mandatory_list_without_a_last_good_version_stops_the_start(daemon):
    d = daemon({"state": {"directory": "state"}})
    d.add_list("order", mandatory=True)
    log = d.fails_to_start()
    assert "list order is mandatory and cannot be loaded" in log
    assert str(d.list_path("order")) in log


def test_other_list_without_a_last_good_version_blocks_nothing_and_says_so(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("broken").add_list("fine", "a.test\n").start()
    assert re.search(r"^error: list broken: REFUSED: .*blocks nothing", d.log(), re.M), d.log()
    assert verdict(d, "a.test") == 1
    assert "1 names of 2 lists in force, 1 refused, loaded" in d.log()


@pytest.mark.parametrize("state", [None, "state"])
@pytest.mark.parametrize("mandatory", [False, True])
def test_word_of_a_failed_fetch_does_not_empty_a_list(daemon, resolver, mandatory, state):
    """The gate holds it back, and nothing would be left."""
    d = daemon({"upstreams": [resolver.address], **({"state": {"directory": state}} if state else {})})
    d.add_list("c2", "c2-one.test\nc2-two.test\nc2-three.test\n", mandatory=mandatory).start()
    d.write_list("c2", "Forbidden\n")
    assert re.search(r"^error: list c2: REFUSED: \S+: has 0 entries, at least 1 is required", d.reload(),
                     re.M), d.log()
    assert [verdict(d, f"c2-{x}.test") for x in ("one", "two", "three")] == [1] * 3
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 1 and "has 0 entries" in done.stderr, done.stderr
    if state:
        d.restart()
        assert verdict(d, "c2-one.test") == 1
        assert (d.folder / "state" / "c2.list").read_text().startswith("c2-one.test")


def test_list_that_lets_pass_may_be_empty(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("exceptions", "# none yet\n", action="pass").add_list("ads", "a.test\n").start()
    assert "refused" not in d.log().lower()
    d.write_list("exceptions", "a.test\n")
    d.reload_well()
    assert verdict(d, "a.test") == PASSED
    d.write_list("exceptions", "")
    d.reload_well()
    assert verdict(d, "a.test") == 1


def test_first_edit_of_a_short_list_is_within_its_limit(daemon, resolver):
    d = daemon({"upstreams": [resolver.address], "state": {"directory": "state"}})
    d.add_list("own", "a.test\n", **{"max-change": 20}).start()
    d.write_list("own", "a.test\nb.test\nc.test\n")
    d.reload_well()
    d.stop()
    d.write_list("own", "b.test\n")
    d.start()
    assert [verdict(d, f"{x}.test") for x in "ab"] == [PASSED, 1]


@pytest.mark.parametrize("options,text,reason", [
    ({"expect-entries": 3}, "a.test\nb.test\n", "has 2 entries, 3 are expected"),
    ({"min-entries": 3}, "a.test\nb.test\n", "has 2 entries, at least 3"),
    ({"max-bad": 20}, "a.test\nb.test\nnot one\n", "has 1 bad lines of 3"),
])
def test_list_that_is_not_as_it_should_be_is_refused(daemon, options, text, reason):
    d = daemon()
    d.add_list("short", text, mandatory=True, **options)
    assert reason in d.fails_to_start()


@pytest.mark.parametrize("count,accepted", [(100, True), (111, False), (89, False), (110, True)])
def test_change_beyond_the_limit_is_refused(daemon, resolver, count, accepted):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("steady", "".join(f"n{i}.test\n" for i in range(100)), **{"max-change": 10})
    d.start()
    d.write_list("steady", "new.test\n" + "".join(f"n{i}.test\n" for i in range(count - 1)))
    log = d.reload()
    assert ("0 lists refused" in log) == accepted, log
    assert verdict(d, "new.test") == (1 if accepted else PASSED)


def test_log_shows_no_control_characters_of_a_list(daemon):
    d = daemon()
    d.add_list("evil", b"a.test\nb.test\n\x1b[31mred\r\rerror: all is lost\n").start()
    assert re.search(r"evil\.txt:3: skipped", d.log())
    assert not re.search(r"[^\n -~]", d.log())


def test_kept_version_that_is_broken_too_is_no_help(daemon):
    d = daemon({"state": {"directory": "state"}})
    d.add_list("order", "a.test\n", mandatory=True).start()
    d.stop()
    d.list_path("order").unlink()
    (d.folder / "state" / "order.list").write_text("<html>")
    log = d.fails_to_start()
    assert "order.txt" in log and "order.list" in log


def test_version_that_cannot_be_kept_is_a_warning(daemon):
    d = daemon({"state": {"directory": "state"}})
    (d.folder / "state" / "one.list").mkdir(parents=True)
    d.add_list("one", "a.test\n").start()
    d.program.wait_line(r"^warning: list one: its last good version is not kept: ")
    assert verdict(d, "a.test") == 1
    assert [p.name for p in (d.folder / "state").iterdir() if not p.name.startswith(("ledger.db", "receipts.db", "audit.", "state.lock"))] == ["one.list"]


def test_state_directory_that_is_none_stops_the_start(daemon):
    d = daemon({"state": {"directory": "state"}})
    (d.folder / "state").write_text("")
    d.add_list("one", "a.test\n")
    assert "state" in d.fails_to_start()


def test_same_name_twice_in_a_list_counts_once_in_force(daemon):
    d = daemon()
    d.add_list("twice", "a.test\nA.TEST\nb.test\n").start()
    assert verdict(d, "a.test") == 1
    assert "2 names of 1 lists in force" in d.log()
