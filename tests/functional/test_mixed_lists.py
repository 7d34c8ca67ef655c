# SPDX-License-Identifier: BSD-2-Clause
"""Lists as they are in the field: lines of several formats in one file, what is not taken of them
and how that is told, compressed files, files that are no lists."""
import bz2
import gzip
import lzma
import re
import subprocess
from pathlib import Path

import dns.rdatatype
import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, ede, rcode
from harness.daemon import READY
from harness.program import wait_until
from harness.upstream import ELSEWHERE

PASSED = "passed"
FILES = Path(__file__).parent / "lists"


def verdict(daemon, name, type_="A"):
    """The last number of the sinkhole address, PASSED, or the rcode."""
    answer = ask(daemon.address, name, type_)
    if rcode(answer) != "NOERROR":
        return rcode(answer)
    found = addresses(answer)
    if found == [ELSEWHERE]:
        return PASSED
    return int(found[0].rsplit(".", 1)[1]) if found else "NODATA"


def text_of(file):
    return (FILES / file).read_bytes()


# ---- each file, in each format it may be told to have; every name with what is answered

NAMES_6 = {f"n{i}.example": 1 for i in range(1, 7)}
TABLE = [
    ("mixed.txt", ["auto", "names", "hosts", "adblock"], {},
     {"ads.example": 1, "hosts-line.example": 1, "other-line.example": 1, "bare-line.example": 1,
      "x.ads.example": 1, "example": PASSED}),
    ("bang-header.txt", ["auto", "names", "hosts"], {}, NAMES_6),
    ("glued-names.txt", ["auto", "names"], {},
     {"glued.example": 1, "apart.example": 1, "last.example": 1}),
    ("glued.hosts", ["auto", "hosts", "names"], {}, {"glued.example": 1, "apart.example": 1}),
    ("single-bar.txt", ["auto", "adblock"], {},
     {"cloud.example": 1, "x.cloud.example": PASSED, "zone.example": 1, "y.zone.example": 1,
      "time.zone.example": PASSED, "x.time.zone.example": 1}),
    ("dot-and-star.hosts", ["auto", "hosts"], {},
     {"dotted.example": 1, "x.dotted.example": 1, "starred.example": PASSED,
      "x.starred.example": 1, "plain.example": 1}),
    ("addresses.txt", ["auto", "names"], {}, {f"n{i}.example": 1 for i in range(1, 5)}),
    ("two-lines.hosts", ["auto", "hosts"], {}, {"good.example": 1}),
    ("top-level.txt", ["auto", "adblock"], {"allow-public-suffixes": True},
     {"zip": 1, "bad.zip": 1, "good.zip": PASSED, "x.lan": 1}),
    ("badfilter.txt", ["auto", "adblock"], {}, {"shop.example": PASSED, "ads.example": 1}),
    ("modifiers.txt", ["auto", "adblock"], {},
     {"doh.example": "NXDOMAIN", "x.doh.example": "NXDOMAIN", "typo.example": 1,
      "x.typo.example": 1, "right.example": PASSED, "good.typo.example": PASSED,
      "refused.example": "REFUSED", "empty.example": "NODATA", "null.example": 1,
      "safe.example": PASSED, "children.example": PASSED, "six.example": PASSED,
      "four.example": 1, "not-six.example": 1, "both.example": 1, "six-empty.example": PASSED,
      "given-1.example": 3, "servfail.example": PASSED, "mail.example": PASSED,
      "wrong.example": PASSED}),
    ("dnsrewrite.txt", ["auto", "adblock"], {},
     {"doh.example": "NXDOMAIN", "x.doh.example": "NXDOMAIN", "typo.example": 1,
      "x.typo.example": 1, "right.example": PASSED, "ads-1.example": 1, "x.ads-1.example": 1,
      "ads-.example": 1, "xads-1.example": PASSED, "ads-1.example.org": PASSED,
      "ads.example": PASSED}),
    ("regex.txt", ["auto", "names", "hosts"], {},
     {"ads1.example": 1, "x.ads12.example": 1, "xads1.example": PASSED, "ads.example": PASSED,
      "ads1.example.org": PASSED, "track.example": 1, "track.me": 1, "x.track.example": PASSED,
      "tracker.example": PASSED}),
    ("patterns.txt", ["auto", "adblock"], {},
     {"banner1.example": 1, "x.banner22.example": 1, "banner.example": PASSED,
      "good.banner1.example": PASSED, "banner7.example": 1, "good.banner7.example": 1,
      "ok-3.example": PASSED, "x.ok-3.example": PASSED, "ok-x.example": 1,
      "metrics-1.example": "NXDOMAIN", "cdn.metrics.example": PASSED, "pixel-a.example": 1,
      "pixel-a.example.org": 1, "fixed.pixel-a.example": PASSED, "count1.example": 1,
      "xcount1.example": PASSED, "x-part-of-it.example": 1}),
    ("dnsmasq.conf", ["auto", "names", "hosts"], {},
     {"one.example": 1, "x.two.example": 1, "three.example": "NXDOMAIN",
      "x.four.example": "NXDOMAIN", "example": PASSED}),
    ("unbound.conf", ["auto", "names"], {},
     {"one.example": "NXDOMAIN", "x.two.example": "NXDOMAIN", "example": PASSED}),
    ("subtree.hosts", ["auto", "hosts"], {},
     {"tvcloud.example": 1, "log.tvcloud.example": 1, "other.tvcloud.example": 1}),
    ("subtree.hosts", ["auto", "hosts"], {"match": "exact"},
     {"tvcloud.example": 1, "log.tvcloud.example": 1, "other.tvcloud.example": PASSED,
      "x.log.tvcloud.example": PASSED}),
]
ROWS = [(file, kind, options, names) for file, kinds, options, names in TABLE for kind in kinds]


@pytest.mark.parametrize("file,kind,options,names", ROWS,
                         ids=[f"{r[0]}-{r[1]}{'-exact' if 'match' in r[2] else ''}" for r in ROWS])
def test_file(daemon, resolver, file, kind, options, names):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", text_of(file), format=kind, **options).start()
    assert {name: verdict(d, name) for name in names} == names


def test_lists_joined_by_cat(daemon, resolver):
    files = ["mixed.txt", "bang-header.txt", "glued.hosts", "single-bar.txt", "addresses.txt"]
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", b"".join(text_of(file) for file in files)).start()
    for file, kinds, options, names in TABLE:
        if file in files and not options:
            for name, expected in names.items():
                assert verdict(d, name) == expected, (file, name)


@pytest.mark.parametrize("mandatory", [False, True])
def test_page_in_the_place_of_a_list(daemon, mandatory):
    """Of a file of which nothing would be in force nothing is taken, and what was good stays so over a restart."""
    d = daemon({"state": {"directory": "state"}})
    d.add_list("c2", text_of("good.txt"), format="names", mandatory=mandatory).start()
    d.write_list("c2", text_of("broken.txt"))
    for log in (d.reload, lambda: d.restart().log()):
        assert "list c2: REFUSED" in log()
        assert [verdict(d, f"c2-{i}.example") for i in ("one", "two", "three")] == [1, 1, 1]
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    assert done.returncode == 1 and "list c2" in done.stderr


def test_exceptions_of_a_list_that_passes_let_pass(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("allow", text_of("exceptions-allow.txt"), action="pass")
    d.add_list("block", text_of("exceptions-block.txt")).start()
    assert verdict(d, "www.shop.example") == verdict(d, "cdn.shop.example") == PASSED
    assert verdict(d, "x.cdn.shop.example") == PASSED
    assert verdict(d, "shop.example") == verdict(d, "other.shop.example") == 1


def test_lines_that_say_their_answer_in_a_list_that_passes(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("allow", text_of("modifiers.txt") + text_of("dnsmasq.conf"), action="pass")
    d.add_list("block", "".join(f"{name}.example\n" for name in (
        "doh", "refused", "typo", "three", "right", "safe"))).start()
    for name in ("doh.example", "refused.example", "typo.example", "x.three.example",
                 "safe.example"):
        assert verdict(d, name) == PASSED
    for name in ("good.typo.example", "right.example"):
        assert verdict(d, name) == 1


def records(daemon, name, type_):
    """The answer section as sorted text, without TTLs."""
    answer = ask(daemon.address, name, type_)
    return sorted(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} {rd}"
                  for rrset in answer.answer for rd in rrset)


def test_rules_for_some_types_and_answers_of_their_own(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", text_of("modifiers.txt"), action="nxdomain").start()
    for name, type_, blocked in (
            ("six.example", "AAAA", True), ("x.six.example", "AAAA", True),
            ("six.example", "ANY", True), ("six.example", "A", False),
            ("four.example", "TXT", True), ("four.example", "AAAA", False),
            ("not-six.example", "MX", True), ("not-six.example", "AAAA", False),
            ("both.example", "A", True), ("both.example", "TXT", False)):
        answer = ask(d.address, name, type_)
        assert (name, type_, rcode(answer) == "NXDOMAIN") == (name, type_, blocked)
    assert rcode(ask(d.address, "six-empty.example", "AAAA")) == "NOERROR"
    assert records(d, "six-empty.example", "AAAA") == []
    assert records(d, "x.given.example", "A") == [
        "x.given.example. A 192.0.2.1", "x.given.example. A 192.0.2.2"]
    assert records(d, "given.example", "AAAA") == ["given.example. AAAA 2001:db8::1"]
    assert records(d, "given.example", "MX") == []
    assert rcode(ask(d.address, "given.example", "MX")) == "NOERROR"
    assert records(d, "lead.example", "A") == [
        f"elsewhere.test. A {ELSEWHERE}", "lead.example. CNAME elsewhere.test."]
    assert records(d, "search.example", "A") == [
        "search.example. CNAME www.search.example.", f"www.search.example. A {ELSEWHERE}"]
    assert records(d, "www.search.example", "A") == [f"www.search.example. A {ELSEWHERE}"]
    for line, why in ((8, "narrows the rule to some clients"), (21, "an answer of a kind"),
                      (22, "an answer of a kind"), (23, "an answer that cannot be read"),
                      (24, "a type of question that is not known")):
        assert re.search(rf"x\.txt:{line}: .*{why}", d.log()), (line, why)


def test_a_list_that_may_not_give_answers(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", text_of("modifiers.txt"), action="nxdomain", answers=False).start()
    assert verdict(d, "given.example") == verdict(d, "lead.example") == PASSED
    assert verdict(d, "refused.example") == "REFUSED"


def test_badfilter_is_for_the_whole_file(daemon, resolver):
    """Wherever it stands, and for the very rule alone; the reload sees it go."""
    d = daemon({"upstreams": [resolver.address], "state": {"directory": "state"}})
    text = "||late.example^$badfilter\n||other.example^\n@@||x.other.example^\n" \
           "||late.example^$important,badfilter\n||late.example^\n|late.example^\n" \
           "@@||x.other.example^$badfilter\n"
    d.add_list("x", text).start()
    assert verdict(d, "late.example") == 1 and verdict(d, "x.late.example") == PASSED
    assert verdict(d, "x.other.example") == 1
    assert "x.txt:3: " in d.log() and "taken back by another line ($badfilter)" in d.log()
    assert counts(d)[1] == 2
    d.write_list("x", text.replace("$badfilter", ""))
    d.reload_well()
    assert verdict(d, "x.late.example") == 1 and verdict(d, "x.other.example") == PASSED


def test_whole_top_level_domains_are_of_one_list_alone(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("wide", "zip\n", **{"allow-public-suffixes": True})
    d.add_list("other", "mov\nlan\nfine.example\n").start()
    assert verdict(d, "x.zip") == 1
    assert verdict(d, "x.mov") == verdict(d, "x.lan") == PASSED
    assert re.search(r"other\.txt:1: held back, .*mov is a top-level domain", d.log())
    assert re.search(r"other\.txt:2: held back, .*lan is a name of one label", d.log())


# ---- patterns

def test_patterns_that_are_refused_are_named(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    loose = "".join(f"/^[a-z]{{{n}}}\\./\n" for n in range(20, 37))
    d.add_list("x", "/(/\n/^(a+)+$/\n/ads/path/\n||one-*.example^$third-party\n/./\n"
                    "||a*b.example^\n" + loose, format="adblock").start()
    log = d.log()
    for line, words in ((1, "not valid as a pattern"), (2, "a pattern that costs too much"),
                        (3, "about a part of a site"), (4, "a modifier that narrows the rule"),
                        (5, r"held back, it would block too much: /\./ matches names of anybody"),
                        (23, "a pattern without fixed text")):
        assert re.search(rf"x\.txt:{line}: .*{words}", log), log
    assert counts(d) == (17, 2, 3)
    assert verdict(d, "axb.example") == 1
    assert verdict(d, "a" * 63 + ".example") == PASSED


def test_the_gate_tries_patterns_on_what_it_protects(daemon, resolver):
    d = daemon({"upstreams": [resolver.address],
                "guard": {"protected": ["gate-1.example"], "dnsbl-zones": ["dnsbl.example"]}})
    d.add_list("x", "||gate-*.example^\n/^.*\\.dnsbl\\./\n/\\.zip$/\n/\\.co\\.uk$/\n||ads-*.zip^\n")
    d.add_list("wide", "/\\.zip$/\n", **{"allow-public-suffixes": True}).start()
    for line, words in ((1, "matches a protected name"), (2, "matches names in a zone"),
                        (3, "below a public suffix"), (4, "below a public suffix")):
        assert re.search(rf"/x\.txt:{line}: held back, .*{words}", d.log()), (line, d.log())
    assert "wide.txt:1" not in d.log()
    assert counts(d)[0] == 1
    assert verdict(d, "gate-2.example") == PASSED
    assert verdict(d, "ads-1.zip") == verdict(d, "x.zip") == 1


def test_patterns_follow_the_order_of_their_lists(daemon, resolver):
    """A list that passes, one that is mandatory, important rules, a reload that is refused."""
    d = daemon({"upstreams": [resolver.address], "state": {"directory": "state"}})
    d.add_list("allow", "@@||ok-*.example^\n||fine*.example^\n", action="pass")
    d.add_list("order", "/^court[0-9]+\\./\n@@||court5.example^\n", action="nxdomain",
               mandatory=True)
    d.add_list("ads", "/^soft-[0-9]/$important\n@@||soft-*.example^\n", format="adblock").start()
    assert verdict(d, "ok-1.example") == verdict(d, "fine2.example") == PASSED
    assert verdict(d, "court1.example") == "NXDOMAIN"
    assert verdict(d, "court5.example") == PASSED and verdict(d, "soft-1.example") == 1
    d.write_list("order", "/^court[0-9][0-9]\\./\n@@||court5.example^\n")
    assert "would no longer be blocked: /^court[0-9]+\\./" in d.reload()
    assert verdict(d, "court1.example") == "NXDOMAIN"
    d.write_list("order", "/^court[0-9]+\\./\n@@||court5.example^\n@@/^court7/\n")
    assert "would no longer be blocked: /^court7/" in d.reload()
    assert verdict(d, "court7.example") == "NXDOMAIN"
    d.write_list("order", "more.example\n/^court[0-9]+\\./\n@@||court5.example^\n")
    d.reload_well()
    assert verdict(d, "more.example") == verdict(d, "court1.example") == "NXDOMAIN"


def test_what_leads_to_a_pattern_is_blocked(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", "/^www\\.shop[0-9]\\./\n").start()
    done = run_daemon("-c", str(d.config_path), "--explain", "www.shop1.example", cwd=d.folder)
    assert re.search(r"^list x: /\^www\\\.shop\[0-9\]\\\./, line 1 of .*: this decides$",
                     done.stdout, re.M), done.stdout


# ---- what is not taken is named

def counts(daemon, name="x"):
    found = re.search(rf"^list {name}: .*: (\d+) entries, \d+ duplicates, (\d+) skipped, (\d+) bad",
                      daemon.log(), re.M)
    return tuple(int(n) for n in found.groups())


def test_skipped_lines_are_named_and_counted_by_reason(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", text_of("addresses.txt")).start()
    assert counts(d) == (4, 6, 0)
    log = d.log()
    assert re.search(r'x\.txt:1: skipped: an address, not a name: "198\.51\.100\.1"', log), log
    assert re.search(r"x\.txt: 6 of 10 lines not taken: 6 an address, not a name$", log, re.M), log


def test_bad_lines_are_counted_not_their_words(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", text_of("two-lines.hosts")).start()
    assert counts(d) == (1, 0, 1)


def test_skipped_lines_refuse_no_list_of_which_rules_are_left(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", "192.0.2.1\n" * 99 + "left.example\n")
    d.add_list("strict", "192.0.2.1\n" * 2 + "strict.example\n", **{"max-skipped": 50})
    d.start()
    assert verdict(d, "left.example") == 1
    assert verdict(d, "strict.example") == PASSED
    assert "has 2 skipped lines of 3, at most 50 percent are allowed" in d.log()


def test_check_names_them_too(tmp_path):
    path = tmp_path / "list"
    path.write_text("left.example\n192.0.2.1\nleft.example/path\n")
    conf = tmp_path / "conf"
    conf.write_text(f"lists: [{{name: x, file: {path}, action: nxdomain}}]\n"
                    "upstreams: [{address: 127.0.0.1@9}]\nserver: {user: root}\n")
    done = run_daemon("-c", str(conf), "--check")
    assert done.returncode == 0, done.stderr
    assert f"{path}:2: skipped: an address, not a name" in done.stderr
    assert f"{path}:3: skipped: about a part of a site" in done.stderr
    assert f"{path}: 2 of 3 lines not taken: 1 an address, not a name; 1 about" in done.stderr


def test_a_hosts_line_of_any_length(daemon, resolver):
    names = [f"n{i}.example" for i in range(40000)]
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", "first.example\n0.0.0.0 " + " ".join(names) + " # the end\nlast.example\n")
    d.start()
    assert counts(d) == (40002, 0, 0)
    for name in ("first.example", "last.example", *names[::2000], names[-1]):
        assert verdict(d, name) == 1


# ---- compressed files, and files that are no lists

def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


PACKED = b"".join(b"packed%d.example\n" % i for i in range(50000))
PACKERS = {"gzip": gzip.compress, "xz": lzma.compress, "zstd": zstd}


@pytest.mark.parametrize("how", PACKERS)
def test_compressed_list(daemon, resolver, how):
    pack = PACKERS[how]
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", pack(PACKED))
    d.add_list("parts", pack(b"part1.example\n") + pack(b"part2.example\n"))
    d.start()
    assert counts(d) == (50000, 0, 0) and counts(d, "parts") == (2, 0, 0)
    for name in ("packed0.example", "packed49999.example", "part1.example", "part2.example"):
        assert verdict(d, name) == 1


OTHERS = {
    "gzip cut short": (gzip.compress(PACKED)[:-20], "is gzip, and ends too early"),
    "gzip damaged": (gzip.compress(PACKED)[:900] + bytes(900), "is gzip, and damaged"),
    "xz cut short": (lzma.compress(PACKED)[:-20], "is xz, and ends too early"),
    "xz damaged": (lzma.compress(PACKED)[:900] + bytes(900), "is xz, and damaged"),
    "bzip2": (bz2.compress(b"x.example\n"), "is bzip2"),
    "zip": (b"PK\3\4" + bytes(64), "is a zip archive"),
    "UTF-16": ("x.example\ny.example\n".encode("utf-16"), "is UTF-16 text"),
    "UTF-16 without a mark": ("x.example\ny.example\n".encode("utf-16-le"), "is UTF-16 text"),
    "page": (b"\n<!DOCTYPE html>\n<html>\nx.example\n</html>\n", "is an HTML or XML page"),
}


@pytest.mark.parametrize("how", OTHERS)
def test_what_is_no_list_is_called_by_its_name(daemon, resolver, how):
    data, words = OTHERS[how]
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", data)
    d.add_list("y", "y.example\n").start()
    assert re.search(rf"list x: REFUSED: \S+: {words}", d.log()), d.log()
    assert verdict(d, "x.example") == PASSED and verdict(d, "y.example") == 1


def test_a_bomb_is_refused(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("x", zstd(b"x" * (64 << 20)) * 33)   # frames behind one another are one file
    d.add_list("y", "y.example\n").write_config()
    d.spawn().program.wait_line(READY, timeout=60)  # two gigabytes take their time
    wait_until(d.listens_to_signals, 10, "it listens to signals")
    assert "is zstd, and comes to more than 2147483648 octets" in d.log()


def test_as_many_lists_as_there_may_be(daemon, resolver):
    """Each decides for its own name, the first for one of all, and each is shown; one more is
    refused."""
    d = daemon({"upstreams": [resolver.address]})
    for i in range(4096):
        d.add_list(f"l{i}", f"n{i}.example\nall.example\n", action="nxdomain")
    d.write_config()
    d.spawn()
    d.program.wait_line(READY, timeout=120)
    for i in (0, 63, 64, 255, 256, 4095):
        answer = ask(d.address, f"n{i}.example", edns=True)
        assert rcode(answer) == "NXDOMAIN" and ede(answer)[1] == f"l{i}"
    assert ede(ask(d.address, "all.example", edns=True))[1] == "l0"
    assert verdict(d, "n4096.example") == PASSED
    d.add_list("l4096", "x.example\n", action="nxdomain")
    d.write_config()
    run = run_daemon("--check", "-c", d.config_path, timeout=60)
    assert run.returncode == 1
    assert "lists: expected at most 4096 items, got 4097" in run.stderr
