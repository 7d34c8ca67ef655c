# SPDX-License-Identifier: BSD-2-Clause
"""The configuration: what is wrong in it stops the start, at its place; the command line."""
import json
import os
import re
import socket

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask
from harness.ports import free_port

GOOD = 'lists:\n  - {name: a, file: a.txt, sinkhole: {ipv4: 192.0.2.1}}\n'

# what is wrong: the text, line, column, what is said
ERRORS = {
    "unknown section": ("server: {}\nsurver:\n  workers: 1\n", 2, 1, "surver"),
    "unknown option": ("server:\n  workers: 1\n  wrokers: 1\n", 3, 3, "wrokers"),
    "unknown option in a list": (GOOD + "    colour: red\n", None, None, "colour|mapping|expected"),
    "unknown option in an item": ("lists:\n  - name: a\n    file: a.txt\n    colour: red\n", 4, 5,
                                  "colour"),
    "option given twice": ("server:\n  workers: 1\n  workers: 2\n", 3, 3, "twice.*line 2"),
    "section given twice": ("cache: {}\ncache: {}\n", 2, 1, "twice"),
    "number that is none": ("server:\n  workers: many\n", 2, 12, "many"),
    "negative number": ("server:\n  workers: -1\n", 2, 12, "from 0 to 256"),
    "number out of range": ("server:\n  workers: 257\n", 2, 12, "from 0 to 256"),
    "number beyond all": ("server:\n  workers: 99999999999999999999\n", 2, 12, "256"),
    "size without a unit known": ("cache:\n  size: 64MB\n", 2, 9, "64MB"),
    "size out of range": ("cache:\n  size: 2TiB\n", 2, 9, "1TiB"),
    "duration without a unit": ("server:\n  drain-timeout: 5\n", 2, 18, "duration"),
    "duration out of range": ("outgoing:\n  timeout: 10s\n", 2, 12, "4900ms"),
    "bool that is none": ("server:\n  cookies: perhaps\n", 2, 12, "true or false"),
    "word that is none": ("server:\n  log-level: loud\n", 2, 14, "error, warning"),
    "list where text belongs": ("server:\n  user: [a, b]\n", 2, 9, "list"),
    "text where a list belongs": ("server:\n  listen: 127.0.0.1@53\n", 2, 11, "list"),
    "mapping where text belongs": ("server:\n  user: {a: b}\n", 2, 9, "mapping"),
    "text where a mapping belongs": ("server: yes\n", 1, 9, "name: value"),
    "empty listen": ("server:\n  listen: []\n", 2, 11, "at least 1"),
    "address that is none": ("server:\n  listen: [127.0.0.1@53, 127.0.0.256@53]\n", 2, 26,
                             "127.0.0.256"),
    "port out of range": ("server:\n  listen: [127.0.0.1@65536]\n", 2, 12, "65536"),
    "address given twice": ("server:\n  listen: [127.0.0.1@53, 127.0.0.1@53]\n", 2, 26, "twice"),
    "network with host bits": ("server:\n  allow: [10.0.0.1/8]\n", 2, 11, "10.0.0.1/8"),
    "network too long": ("server:\n  allow: [10.0.0.0/33]\n", 2, 11, "10.0.0.0/33"),
    "upstream without address": ("upstreams:\n  - {}\n", 2, 5, "address"),
    "upstream that we are": ("server:\n  listen: [127.0.0.1@5300]\nupstreams:\n"
                             "  - {address: 127.0.0.1@5300}\n", 4, 15, "127.0.0.1@5300"),
    "list without a file": ("lists:\n  - name: a\n    sinkhole: {ipv4: 192.0.2.1}\n", 2, 5, "file"),
    "list without a name": ("lists:\n  - file: a.txt\n", 2, 5, "name"),
    "lists of one name": (GOOD + GOOD.split("\n")[1] + "\n", 3, 12, "taken.*line 2"),
    "sinkhole without an address": ("lists:\n  - name: a\n    file: a.txt\n", 2, 5, "ipv4"),
    "sinkhole of the wrong family": ("lists:\n  - name: a\n    file: a.txt\n    sinkhole:\n"
                                     "      ipv4: 2001:db8::1\n", 5, 13, "IPv4"),
    "unknown action": ("lists:\n  - name: a\n    file: a.txt\n    action: destroy\n", 4, 13,
                       "sinkhole, nxdomain"),
    "unknown format": ("lists:\n  - name: a\n    file: a.txt\n    format: rpm\n", 4, 13, "names"),
    "too many lists": ("lists:\n" + "".join(
        f"  - {{name: n{i}, file: f, action: drop}}\n" for i in range(4097)), 2, 3, "at most 4096"),
    "mandatory pass": ("lists:\n  - name: a\n    file: a.txt\n    action: pass\n"
                       "    mandatory: true\n", 5, 16, "pass"),
    "mandatory tcp-only": ("lists:\n  - name: a\n    file: a.txt\n    action: tcp-only\n"
                           "    mandatory: true\n", 5, 16, "tcp-only"),
    "date that is none": ("lists:\n  - name: a\n    file: a.txt\n    action: drop\n"
                          "    authority: {date: 2010-02-30}\n", 5, 23, "date"),
    "protected name that is none": ("guard:\n  protected: [a..b]\n", 2, 15, "a..b"),
    "tab for an indent": ("server:\n\tworkers: 1\n", 2, 1, ""),
    "bracket left open": ("server:\n  listen: [127.0.0.1@53\ncache: {}\n", None, None, ""),
    "quote left open": ("server:\n  user: \"root\n", None, None, ""),
    "anchor": ("server: &a {}\ncache: *a\n", None, None, ""),
    "two documents": ("server: {}\n---\nserver: {}\n", None, None, ""),
    "list at the top": ("- server\n", 1, 1, ""),
    "text at the top": ("server\n", 1, 1, ""),
    "control character": ("server:\n  user: \"a\\nb\"\n", 2, 9, ""),
    "NUL": ("server:\n  user: \"a\\0b\"\n", 2, 9, "NUL"),
    "min-ttl over max-ttl": ("cache:\n  min-ttl: 2h\n  max-ttl: 1h\n", 2, 12, "max-ttl"),
    "retransmit over timeout": ("outgoing:\n  timeout: 500ms\n  retransmit: 1s\n", 3, 15,
                                "timeout"),
}


@pytest.fixture
def config(tmp_path):
    return tmp_path / "sinkholed.yaml"


def assert_points_at(output, config, line, column, what):
    place = rf":{line}:{column}: " if line else r":\d+:\d+: "
    pattern = rf"^error: {re.escape(str(config))}{place}.*(?:{what})"
    assert re.search(pattern, output, re.M), output
    told = [line for line in output.splitlines() if line.startswith(f"error: {config}")]
    assert len(told) == 1, output


@pytest.mark.parametrize("how", ERRORS)
def test_error_is_told_at_its_place(config, how):
    text, line, column, what = ERRORS[how]
    config.write_text(text)
    done = run_daemon("-c", config, "--check", cwd=config.parent)
    assert done.returncode == 1
    assert_points_at(done.stderr, config, line, column, what)


@pytest.mark.parametrize("how", ["unknown option", "bracket left open", "lists of one name"])
def test_error_stops_the_start(config, how):
    text, line, column, what = ERRORS[how]
    config.write_text(text)
    done = run_daemon("-c", config, cwd=config.parent)
    assert done.returncode == 1
    assert_points_at(done.stderr, config, line, column, what)


@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check", "start"])
def test_all_mistakes_are_told_at_once(config, arguments):
    config.write_text("server:\n  workers: many\n  colour: red\n" + GOOD +
                      "  - {name: b, file: b, action: drop, max-bad: 101}\n"
                      "cache: {min-ttl: 2h, max-ttl: 1h}\n")
    done = run_daemon("-c", config, *arguments, cwd=config.parent)
    places = re.findall(rf"^error: {re.escape(str(config))}:(\d+:\d+): ", done.stderr, re.M)
    assert done.returncode == 1
    assert places == ["2:12", "3:3", "6:47", "7:18"], done.stderr


@pytest.mark.parametrize("upstream,status", [
    ("tls-name: dns.example", 1), ("tls-pins: [sha256/" + "A" * 43 + "=]", 0)],
    ids=["name", "pin"])
def test_name_that_no_authority_can_prove_is_refused(config, upstream, status):
    config.write_text(f"upstreams:\n  - {{address: 192.0.2.1@853, {upstream}}}\n")
    empty = config.parent / "empty"
    empty.mkdir()
    places = {**os.environ, "SSL_CERT_FILE": str(empty / "none"), "SSL_CERT_DIR": str(empty)}
    done = run_daemon("-c", config, "--check", env=places)
    assert done.returncode == status, done.stderr
    assert ("ca-certificates" in done.stderr and "dns.example" in done.stderr) == (status == 1)
    places["SSL_CERT_FILE"] = "/etc/passwd"  # what stands in a file is OpenSSL's to judge
    assert run_daemon("-c", config, "--check", env=places).returncode == 0


@pytest.mark.parametrize("content,what", [
    (b"\xff\xfe\x00s\x00e", ""), (b"server: {}\n\xc3\x28: 1\n", ""), (b"\0" * 100, ""),
    (b"# x\n" * 400000, "1 MiB|large"), (b"[" * 100000, ""), (b"a: " + b"{b: " * 5000, "")],
    ids=["utf-16", "bad utf-8", "NULs", "too large", "brackets", "braces"])
def test_file_of_another_kind_is_refused(config, content, what):
    config.write_bytes(content)
    done = run_daemon("-c", config, "--check")
    assert done.returncode == 1
    assert re.search(rf"^error: {re.escape(str(config))}.*(?:{what})", done.stderr), done.stderr


def test_missing_file_is_named(config):
    done = run_daemon("-c", config)
    assert done.returncode == 1
    assert str(config) in done.stderr and "No such file" in done.stderr


def test_directory_is_no_configuration(tmp_path):
    done = run_daemon("-c", tmp_path)
    assert done.returncode == 1 and str(tmp_path) in done.stderr


def test_empty_file_has_all_defaults(config):
    config.write_text("")
    done = run_daemon("-c", config, "--dump-config")
    assert done.returncode == 0
    for line in ("size: 64MiB", "127.0.0.0/8", "drain-timeout: 2s", "udp-size: 1232"):
        assert line in done.stdout, done.stdout


# ---- --check

def test_check_of_a_good_configuration(daemon):
    d = daemon()
    d.add_list("one", "a.test\nb.test\n").add_list("two", "c.test\n").write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert (done.returncode, done.stdout) == (0, "ok: 2 lists, 3 names\n"), done.stderr


def test_check_reports_bad_lines_and_passes(daemon):
    d = daemon()
    d.add_list("one", "a.test\nnot a name\nb.test\n").write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 0
    assert f"{d.list_path('one')}:2: skipped" in done.stderr


BOTH = """
server: {{user: root, workerz: 3}}
lists:
  - {{name: gone, file: {folder}/gone.txt, action: nxdomain}}
  - {{name: page, file: {folder}/page.txt, action: away}}
  - {{name: good, file: {folder}/good.txt, action: nxdomain}}
  - {{name: nameless, action: nxdomain}}
"""


@pytest.fixture
def both(tmp_path):
    """A configuration with mistakes of both kinds: in its options, and in the lists it names."""
    (tmp_path / "page.txt").write_text("<!doctype html>\n")
    (tmp_path / "good.txt").write_text("listed.test\nnot a name\nother.test\n")
    config = tmp_path / "c.yaml"
    config.write_text(BOTH.format(folder=tmp_path))
    return config


def column_of(config, word):
    return next(line.index(word) + 1 for line in config.read_text().splitlines() if word in line)


def test_check_tells_mistakes_of_options_and_lists_at_once(both):
    done = run_daemon("-c", both, "--check")
    assert done.returncode == 1 and done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert [re.sub(r".*?/c\.yaml:", "", line).split(" ")[0] for line in errors[:3]] == [
        "2:22:", f"5:{column_of(both, 'away')}:", "7:5:"]
    assert re.match(r"error: list gone: .*/gone\.txt: No such file", errors[3])
    assert re.match(r"error: list page: .*/page\.txt: is an HTML", errors[4])
    assert len(errors) == 5


def test_check_with_mistakes_of_options_tells_of_no_name_that_is_lifted(daemon):
    """The word that was misspelt may be why: to accept it is no advice."""
    d = daemon({"state": {"directory": "state"}})
    d.add_list("order", "a.test\n", mandatory=True).start()
    d.stop()
    d.config_path.write_text(d.config_path.read_text().replace('"mandatory": true', '"mandatory": "yess"'))
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    assert done.returncode == 1 and "expected true or false" in done.stderr
    assert "would no" not in done.stderr and "--accept" not in done.stderr


def test_check_tells_of_a_list_without_a_name_just_that(both):
    both.write_text(f"lists:\n  - {{file: {both.parent}/gone.txt, action: nxdomain}}\n")
    done = run_daemon("-c", both, "--check")
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and 'option "name" is missing' in errors[0], errors


def test_check_as_json(both):
    done = run_daemon("-c", both, "--check", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["ok"] is False and told["names"] == 0
    assert [(row["line"], row["column"]) for row in told["mistakes"]] == [
        (2, 22), (5, column_of(both, "away")), (7, 5), (0, 0), (0, 0)]
    assert all(row["file"] == str(both) for row in told["mistakes"][:3])
    assert [row["file"] for row in told["mistakes"][3:]] == [
        str(both.with_name("gone.txt")), str(both.with_name("page.txt"))]
    assert "error" not in done.stderr
    good = next(row for row in told["lists"] if row["name"] == "good")
    assert (good["entries"], good["bad"], good["refused"]) == (2, 1, None)
    assert "is an HTML" in next(row for row in told["lists"] if row["name"] == "page")["refused"]


FILES = """
server: {{user: rooot{more}}}
outgoing: {{tls-ca: {folder}/ca.pem}}
local: {{hosts-file: {folder}/hosts}}
lists:
  - {{name: gone, file: {folder}/gone.txt, action: nxdomain}}
  - {{name: page, file: {folder}/page.txt, action: nxdomain}}
"""


def test_check_tells_what_is_wrong_with_any_file_at_once(both):
    """One that is no list's does not hide what is wrong with lists, nor does a mistake hide it."""
    folder = both.parent
    both.write_text(FILES.format(folder=folder, more=""))
    wanted = [f"error: {both}:3:20: outgoing.tls-ca: {folder}/ca.pem: No such file or directory",
              f"error: {both}:4:21: local.hosts-file: {folder}/hosts: No such file or directory",
              f"error: list gone: {folder}/gone.txt: No such file or directory"]
    if os.geteuid() == 0:           # as another it runs as who started it
        wanted.insert(0, f"error: {both}:2:16: server.user: there is no user rooot")
    done = run_daemon("-c", both, "--check")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors[:len(wanted)] == wanted and "list page: " in done.stderr
    told = json.loads(run_daemon("-c", both, "--check", "--json").stdout)
    assert [f"error: {row['message']}" for row in told["mistakes"]][:len(wanted)] == wanted
    assert len(told["mistakes"]) == len(wanted) + 1
    assert [(row["file"], row["line"]) for row in told["mistakes"]][-4:-2] == [(str(both), 3), (str(both), 4)]
    both.write_text(FILES.format(folder=folder, more=", workerz: 3"))
    done = run_daemon("-c", both, "--check")
    assert done.returncode == 1 and "workerz" in done.stderr
    assert wanted[0] in done.stderr and wanted[-1] in done.stderr


def test_check_as_json_of_what_is_no_configuration(tmp_path):
    for text in (None, "a: [", "lists: 7", ""):
        config = tmp_path / "c.yaml"
        if text is not None:
            config.write_text(text)
        done = run_daemon("-c", config, "--check", "--json")
        told = json.loads(done.stdout)
        assert told["ok"] == (done.returncode == 0) == (not told["mistakes"])
        assert told["lists"] == []


def test_check_as_json_when_all_is_well(daemon):
    d = daemon()
    d.add_list("one", "listed.test\n")
    d.write_config()
    done = run_daemon("-c", d.config_path, "-k", "-j", cwd=d.folder)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["ok"] is True and told["names"] == 1 and told["mistakes"] == []
    assert told["lists"] == [{"name": "one", "file": str(d.list_path("one")), "format": "names", "entries": 1,
                              "skipped": 0, "bad": 0, "held": 0, "refused": None}]


def test_check_takes_no_last_good_version_for_a_broken_list(daemon):
    d = daemon({"state": {"directory": "state"}})
    d.add_list("one", "a.test\n").start()
    d.stop()
    d.list_path("one").unlink()
    done = run_daemon("-c", d.config_path, "--check", cwd=d.folder)
    assert done.returncode == 1 and "one" in done.stderr


def test_check_beside_a_running_daemon_disturbs_nothing(daemon):
    d = daemon()
    d.add_list("one", "a.test\n").start()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 0, done.stderr
    assert addresses(ask(d.address, "a.test")) == ["192.0.2.1"]


# ---- the command line

def test_dump_can_be_read_again(daemon):
    d = daemon({"server": {"identity": "a: \"quoted\" #text", "cookies": False},
                "guard": {"protected": ["bank.test"]}, "cache": {"max-ttl": "2h"},
                "state": {"directory": "with space/\u00e9"}})
    d.add_list("one", "a.test\n", authority={"court": "Court: of 'quotes'", "case": "1:10-cv-00156",
                                             "date": "2010-02-22", "url": "https://a.test/"})
    d.add_list("two", "b.test\n", action="nxdomain", reason="requested", mandatory=True)
    d.write_config()
    first = run_daemon("-c", d.config_path, "--dump-config")
    again = d.folder / "again.yaml"
    again.write_text(first.stdout)
    second = run_daemon("-c", again, "--dump-config")
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert first.stdout == second.stdout
    assert "1:10-cv-00156" in first.stdout and "bank.test" in first.stdout
    assert run_daemon("-c", again, "--check").stdout == "ok: 2 lists, 2 names\n"


def test_version():
    done = run_daemon("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"sinkholed \d+\.\d+\S*\n", done.stdout)


def test_help():
    done = run_daemon("--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: sinkholed")
    for option in ("--check", "--dump-config", "--version", "-c"):
        assert option in done.stdout


@pytest.mark.parametrize("arguments", [["--frobnicate"], ["-c"], ["extra"]], ids=" ".join)
def test_wrong_command_line(arguments):
    done = run_daemon(*arguments)
    assert done.returncode == 1 and "usage: sinkholed" in done.stderr and not done.stdout
    assert len(done.stderr.splitlines()) <= 3, "what is wrong is drowned"


# ---- addresses that cannot be had

@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["UDP", "TCP"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "reuseport"])
def test_port_in_use_is_named(daemon, kind, host, shared):
    d = daemon()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as other:
        if shared:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind((host, d.port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        log = d.fails_to_start()
    assert re.search(rf"^error: .*{re.escape(host)}@{d.port}.*in use", log, re.M), log


def test_second_daemon_on_the_same_port_is_refused_and_the_first_serves_on(daemon):
    first = daemon().add_list("one", "a.test\n").start()
    second = daemon().add_list("one", "a.test\n")
    second.configure({"server": {"listen": [f"127.0.0.1@{first.port}"]}})
    assert f"127.0.0.1@{first.port}" in second.fails_to_start()
    for _ in range(20):
        assert addresses(ask(first.address, "a.test")) == ["192.0.2.1"]



def test_nothing_is_served_before_all_is_well(daemon):
    """The list is read after the sockets are bound: a query that came early is not answered."""
    d = daemon()
    d.add_list("order", mandatory=True)
    d.fails_to_start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(d.address)  # and the port is free again


def test_json_is_yaml(config):
    port = free_port()
    config.write_text(json.dumps({"server": {"listen": [f"127.0.0.1@{port}"]}, "lists": []}))
    assert run_daemon("-c", config, "--check").returncode == 0
