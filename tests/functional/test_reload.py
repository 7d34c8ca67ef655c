# SPDX-License-Identifier: BSD-2-Clause
"""SIGHUP: what changes, what stays, and what it costs those who ask meanwhile."""
import json
import re
import signal

import dns.message
import pytest

from harness.build import slow, tool_path
from harness.client import addresses, ask, frame, query, rcode, read_frame, tcp_socket, udp_socket
from harness.daemon import READY
from harness.ports import free_port
from harness.program import Program, wait_until
from harness.upstream import Later

SINK, GOOD = "192.0.2.1", "198.51.100.7"


def is_blocked(d, name):
    return addresses(ask(d.address, name)) == [SINK]


@pytest.fixture
def served(daemon, upstream):
    """A daemon with an upstream that answers everything."""
    def make(config=None, delay=0, **options):
        script = (lambda q: Later(delay, q.address(GOOD))) if delay else lambda q: q.address(GOOD)
        return daemon({"upstreams": [upstream(script).address], **(config or {})}, **options)
    return make


# ---- under load

class Load:
    """The load generator, in the background until stop()."""

    def __init__(self, d, names, rate, expect, *options):
        path = d.folder / f"questions-{expect}"
        path.write_text("".join(f"{name}\n" for name in names))
        self.program = Program([str(tool_path("load")), "-j", "-r", str(rate), "-s", "120", "-S",
                                "16", "-t", "3000", "-x", expect, *options,
                                f"127.0.0.1@{d.port}", str(path)])

    def stop(self):
        if self.program.running():
            self.program.signal(signal.SIGINT)
        assert self.program.wait_exit(20) == 0, self.program.text()
        return json.loads(self.program.text())


def assert_nothing_lost(result):
    for trouble in ("lost", "mismatched", "late", "duplicate", "stray", "malformed", "truncated",
                    "refused_sends", "client_drops"):
        assert result[trouble] == 0, f"{trouble}: {json.dumps(result)}"
    assert result["answered"] == result["sent"]
    assert set(result["rcodes"]) == {"NOERROR"}


def version(number, count):
    """A list that is another each time, but for the names that are always there."""
    stable = [f"s{i}.stable.test" for i in range(100)]
    changing = [f"n{i}.v{number % 3}.changing.test" for i in range(count)]
    return "\n".join(stable + changing) + "\n"


def test_fifty_reloads_under_load_lose_nothing(served):
    """Blocked names and cached ones, 20,000 a second or more; each list is in force when its
    reload is done."""
    count, rates = slow(50000, 2000), slow((15000, 7000), (1500, 500))
    d = served().add_list("changing", version(0, count)).start()
    cached = [f"c{i}.test" for i in range(100)]
    for name in cached:
        assert addresses(ask(d.address, name)) == [GOOD]
    loads = [Load(d, [f"www.s{i}.stable.test" for i in range(100)], rates[0], SINK),
             Load(d, cached, rates[1], GOOD)]
    for number in range(1, 51):
        d.write_list("changing", version(number, count))
        d.reload_well()
        last = f"n{count - 1}.v{number % 3}.changing.test"
        assert is_blocked(d, last)
        assert not is_blocked(d, f"n0.v{(number + 1) % 3}.changing.test")
    results = [load.stop() for load in loads]
    for result in results:
        assert_nothing_lost(result)
    reached = sum(result["sent"] / result["seconds"] for result in results)
    assert reached >= 0.97 * sum(rates), results
    assert d.counted("send_errors") == 0


@pytest.fixture
def reflectors():
    """Upstreams that are never the bottleneck."""
    made = []

    def make(address):
        port = free_port()
        made.append(Program([str(tool_path("reflector")), "-a", "-A", address, "127.0.0.1",
                             str(port)]))
        made[-1].wait_line("ready")
        return {"address": f"127.0.0.1@{port}"}

    yield make
    for program in made:
        program.kill()


def test_reloads_that_change_the_upstreams_lose_no_forwarded_query(daemon, reflectors):
    """No name is asked twice, so each goes to an upstream: the one or the other."""
    count = slow(20000, 2000)
    ups = [reflectors(GOOD), reflectors(GOOD)]
    d = daemon({"upstreams": [ups[0]], "outgoing": {"timeout": "4900ms"}})
    d.add_list("changing", version(0, count)).start()
    load = Load(d, ["forwarded.example"], slow(4000, 400), GOOD, "-u", "-t", "6000")
    for number in range(1, 21):
        d.config["upstreams"] = [ups[number % 2]]
        d.write_config()
        d.write_list("changing", version(number, count))
        d.reload_well()
    result = load.stop()
    assert_nothing_lost(result)
    assert d.counted("servfail") == 0 and result["sent"] > 50     # some, however slow the machine is


def test_memory_is_given_back_after_reloads(served):
    """Two lists in memory at one time, not fifty."""
    count = slow(100000, 5000)
    d = served().add_list("changing", version(0, count)).start()

    def resident():
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{d.program.pid}/status").read())[1])

    for number in range(3):
        d.write_list("changing", version(number, count))
        d.reload_well()
    before = resident()
    for number in range(slow(24, 12)):      # ASan keeps what was freed for a while
        d.write_list("changing", version(number, count))
        d.reload_well()
    assert resident() < before * slow(1.3, 2) + 16384


# ---- what changes

def test_list_changes(served):
    d = served().add_list("one", "a.test\n").start()
    d.write_list("one", "b.test\n")
    log = d.reload_well()
    assert re.search(r"^list one: 1 names in force from .*; \d+ ms$", log, re.M)
    assert re.search(r"^reload 2 done: 1 names of 1 lists in force, 0 lists refused, loaded in "
                     r"\d+ ms$", log, re.M)
    assert not is_blocked(d, "a.test") and is_blocked(d, "b.test")


def test_lists_come_and_go_and_change_their_order(served):
    d = served().add_list("one", "a.test\nb.test\n").start()
    d.add_list("two", "b.test\nc.test\n", action="nxdomain").write_config()
    d.reload_well()
    assert is_blocked(d, "b.test") and rcode(ask(d.address, "c.test")) == "NXDOMAIN"
    d.config["lists"].reverse()
    d.write_config()
    d.reload_well()
    assert rcode(ask(d.address, "b.test")) == "NXDOMAIN" and is_blocked(d, "a.test")
    del d.config["lists"][0]
    d.write_config()
    d.reload_well()
    assert is_blocked(d, "b.test")
    assert addresses(ask(d.address, "c.test")) == [GOOD]


def test_mandatory_list_does_not_go_with_its_lines_in_the_config(served):
    d = served().add_list("order", "a.test\n", mandatory=True).start()
    del d.config["lists"]
    d.write_config()
    assert "list order: REFUSED: it is mandatory and no longer configured" in d.reload()
    assert is_blocked(d, "a.test")


def test_old_rules_go_to_the_list_of_their_name_wherever_it_stands_now(served):
    """A list whose file broke keeps its rules, though another was put before it."""
    d = served().add_list("one", "a.test\n").start()
    d.write_list("one", "<html>")
    d.add_list("zero", "z.test\n", action="nxdomain")
    d.config["lists"].reverse()
    d.write_config()
    log = d.reload()
    assert "list one: REFUSED" in log and "1 lists refused" in log
    assert is_blocked(d, "a.test") and rcode(ask(d.address, "z.test")) == "NXDOMAIN"
    d.write_list("one", "b.test\n")
    d.reload_well()
    assert not is_blocked(d, "a.test") and is_blocked(d, "b.test")


def test_action_ttl_and_reason_change(served):
    d = served().add_list("one", "a.test\n").start()
    d.config["lists"][0].update({"action": "nxdomain", "reason": "order"})
    d.write_config()
    d.reload_well()
    assert rcode(ask(d.address, "a.test")) == "NXDOMAIN"


@pytest.mark.parametrize("section,change,option", [
    ("server", {"workers": 7}, "workers"), ("server", {"user": "nobody"}, "user"),
    ("cache", {"size": "5MiB"}, "size"), ("outgoing", {"ports": 300}, "ports"),
    ("outgoing", {"in-flight": 300}, "in-flight"), ("state", {"directory": "state2"}, "directory")])
def test_option_that_needs_a_restart_is_named(served, section, change, option):
    d = served().add_list("one", "a.test\n").start()
    d.configure({section: change})
    log = d.reload_well()
    assert re.search(rf"^warning: reload: .*{section}\.{option}.*restart", log, re.M), log
    assert is_blocked(d, "a.test")


def test_address_that_needs_a_restart_is_named_and_the_old_ones_are_served(served):
    d = served().add_list("one", "a.test\n").start()
    d.configure({"server": {"listen": ["127.0.0.1@9999"]}})
    assert "server.listen" in d.reload_well()
    assert is_blocked(d, "a.test")


def test_log_level_changes(served):
    d = served({"server": {"log-level": "warning"}}).add_list("one", "a.test\n")
    d.write_config()
    d.spawn()
    wait_until(d.listens_to_signals, 20, "it is up")
    d.write_list("one", "b.test\nnot a name\n")
    d.program.signal(signal.SIGHUP)
    d.program.wait_line(r"^warning: .*one\.txt:2: skipped")
    wait_until(lambda: is_blocked(d, "b.test"), 5, "the list is in force")
    assert len(d.log().splitlines()) == 1, d.log()
    d.configure({"server": {"log-level": "info"}})
    assert "reload 3 done" in d.reload()
    d.counters()


# ---- what is refused

BROKEN = {
    "unknown option": "server:\n  wrokers: 1\n",
    "syntax": "lists: [\n",
    "NUL": "\0",
    "value": "upstreams:\n  - {address: nowhere}\n",
    "missing": None,
}


@pytest.mark.parametrize("how", BROKEN)
def test_broken_configuration_keeps_all(served, how):
    d = served().add_list("one", "a.test\n").start()
    d.config_path.unlink()
    if BROKEN[how]:
        d.config_path.write_text(BROKEN[how])
    d.write_list("one", "b.test\n")
    log = d.reload()
    assert re.search(r"^error: reload FAILED, all stays as it was: .*sinkholed\.yaml", log,
                     re.M), log
    assert is_blocked(d, "a.test") and not is_blocked(d, "b.test")
    d.write_config()
    d.reload_well()
    assert is_blocked(d, "b.test") and not is_blocked(d, "a.test")


def test_more_than_one_mistake_is_told_of(served):
    d = served().add_list("one", "a.test\n").start()
    d.config_path.write_text("servr: {}\nlist: []\n")
    assert '1:1: unknown option "servr", did you mean "server"?; 1 more: `sinkholed --check`' in d.reload()


def test_new_mandatory_list_that_cannot_be_loaded_fails_the_reload(served):
    d = served().add_list("one", "a.test\n").start()
    d.add_list("order", mandatory=True)
    d.write_config()
    assert "reload FAILED" in d.reload()
    assert is_blocked(d, "a.test")


def test_mandatory_list_that_broke_keeps_its_rules(served):
    d = served().add_list("order", "a.test\n", mandatory=True).start()
    d.list_path("order").unlink()
    log = d.reload()
    assert "list order: REFUSED" in log and "reload 2 done" in log
    assert is_blocked(d, "a.test")


# ---- a mandatory list is not weakened by a reload

ORDER = "a.test\nb.test\nc.test\n"


def ordered(served, **options):
    return served().add_list("order", ORDER, mandatory=True, **options).start()


def drop_option(d, *names):
    for name in names:
        del d.config["lists"][0][name]


def set_option(**options):
    return lambda d: d.config["lists"][0].update(options)


WEAKENINGS = {
    "other names": lambda d: d.write_list("order", "x.test\ny.test\nz.test\n"),
    "a name less": lambda d: d.write_list("order", "a.test\nb.test\n"),
    "an exception": lambda d: d.write_list("order", "||a.test^\n||b.test^\n||c.test^\n@@||c.test^\n"),
    "not mandatory": lambda d: drop_option(d, "mandatory"),
    "exact": set_option(match="exact"),
    "removed": lambda d: d.config.pop("lists"),
    "pass": lambda d: d.config["lists"][0].update(mandatory=False, action="pass"),
    "protected": lambda d: d.config.update(guard={"protected": ["www.c.test"]}),
    "renamed and shorter": lambda d: (d.config["lists"][0].update(name="other"),
                                      d.list_path("order").write_text("a.test\nb.test\n")),
}


@pytest.mark.parametrize("how", WEAKENINGS)
def test_mandatory_list_is_not_weakened(served, how):
    d = ordered(served)
    WEAKENINGS[how](d)
    d.write_config()
    for _ in range(2):
        log = d.reload()
        assert "reload FAILED" not in log
        assert re.search(r"^error: list order: REFUSED: it is mandatory", log, re.M), log
        assert re.search(r"^error: list order: would no longer be blocked: (\*\.)?[abc]\.test$", log,
                         re.M), log
        assert "sinkholed --accept order" in log
        assert all(is_blocked(d, f"{x}{y}.test") for x in ("", "www.") for y in "abc")


@pytest.mark.parametrize("options,text", [
    ({}, "c.test\nb.test\na.test\nd.test\n"), ({"name": "other"}, ORDER),
    ({"action": "nxdomain"}, ORDER), ({"sinkhole": {"ipv4": "192.0.2.9"}}, ORDER)])
def test_mandatory_list_may_grow_move_and_block_otherwise(served, options, text):
    d = ordered(served)
    d.config["lists"][0].update(options)
    d.write_config()
    d.write_list("order", text)
    d.reload_well()
    assert addresses(ask(d.address, "a.test")) != [GOOD]


def test_what_is_no_weakening_takes_force_beside_a_list_that_stays(served):
    d = ordered(served)
    d.write_list("order", "a.test\n")
    d.add_list("other", "o.test\n").write_config()
    assert "list order: REFUSED" in d.reload()
    assert is_blocked(d, "o.test") and is_blocked(d, "c.test")
    d.write_list("order", ORDER + "d.test\n")
    d.reload_well()
    assert is_blocked(d, "d.test")


# ---- nothing half is taken

def thousand(count=1000):
    return "".join(f"n{i}.half.test\n" for i in range(count))


@pytest.mark.parametrize("mandatory", [False, True])
def test_list_that_is_being_rewritten_in_place_is_taken_when_it_is_whole(served, mandatory):
    d = served().add_list("one", thousand(), mandatory=mandatory).start()
    with open(d.list_path("one"), "w") as out:
        out.write(thousand(501))
        out.flush()
        mark = d.program.mark()
        d.program.signal(signal.SIGHUP)
        d.program.wait_line(r"^SIGHUP", mark)
        assert is_blocked(d, "n999.half.test")
        out.write(thousand()[len(thousand(501)):] + "new.half.test\n")
    d.program.wait_line(r"^reload 2 done: .* 0 lists refused", mark, 20)
    assert is_blocked(d, "n999.half.test") and is_blocked(d, "new.half.test")


def test_list_that_stays_half_is_refused(served):
    d = served().add_list("one", thousand()).start()
    with open(d.list_path("one"), "w") as out:
        out.write(thousand(501))
        out.flush()
        assert re.search(r"^error: list one: REFUSED: .*(open for writing|changed while)",
                         d.reload(), re.M), d.log()
        assert is_blocked(d, "n999.half.test")


def test_list_that_is_cut_off_inside_a_line_is_refused(served):
    d = served({"state": {"directory": "state"}}).add_list("one", thousand()).start()
    d.write_list("one", thousand()[:-700])
    assert re.search(r"list one: REFUSED: \S+: is cut off: its last line has no newline", d.reload()), d.log()
    assert is_blocked(d, "n999.half.test")
    d.restart()
    assert "is cut off" in d.log() and is_blocked(d, "n999.half.test")
    d.write_list("one", thousand(900))
    d.reload_well()
    assert not is_blocked(d, "n999.half.test")


def test_list_that_never_had_a_newline_at_its_end_may_change(served):
    d = served().add_list("one", "a.test\nb.test").start()
    assert is_blocked(d, "b.test")
    d.write_list("one", "a.test\nc.test")
    d.reload_well()
    assert is_blocked(d, "c.test")


def test_state_directory_that_is_full_is_told_and_lifts_nothing(served):
    d = served({"state": {"directory": "state"}}).add_list("one", "a.test\n", mandatory=True).start()
    kept = d.folder / "state" / "one.list"
    wait_until(kept.exists, 10, "it is kept")
    (d.folder / "state" / "one.list.new").mkdir()    # nothing can be written there
    d.write_list("one", "a.test\nb.test\n")
    assert "list one: its last good version is not kept" in d.reload_well()
    assert is_blocked(d, "a.test") and is_blocked(d, "b.test")
    assert kept.read_text() == "a.test\n"


# ---- what stays

def test_counters_cache_and_connections_stay(served):
    d = served().add_list("one", "a.test\n").start()
    ask(d.address, "kept.test")
    with tcp_socket(d.address) as s:
        s.sendall(frame(query("a.test")))
        read_frame(s)
        d.reload_well()
        s.sendall(frame(query("a.test")))
        assert addresses(dns.message.from_wire(read_frame(s))) == [SINK]
    ask(d.address, "kept.test")
    counters = d.counters()
    assert counters["queries_tcp"] == 2 and counters["tcp_accepted"] == 1
    assert counters["cache_hits"] == 1 and counters["forwarded"] == 1


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_question_in_flight_is_answered_after_the_reload(served, tcp):
    d = served(delay=0.3).add_list("one", "a.test\n").start()
    with (tcp_socket if tcp else udp_socket)(d.address) as s:
        wire = query("slow.test").to_wire()
        s.sendall(frame(wire) if tcp else wire)
        wait_until(lambda: d.counted("forwarded"), 5, "it went upstream")
        for number in range(3):
            d.write_list("one", f"n{number}.test\n")
            d.reload_well()
        answer = dns.message.from_wire(read_frame(s) if tcp else s.recv(4096))
    assert addresses(answer) == [GOOD]


def test_name_that_is_listed_while_its_answer_is_awaited(served):
    """It was let through by the lists of its time; whoever asks after the reload is blocked."""
    d = served(delay=0.3).add_list("one", "a.test\n").start()
    with udp_socket(d.address) as s:
        s.send(query("slow.test").to_wire())
        wait_until(lambda: d.counted("forwarded"), 5, "it went upstream")
        d.write_list("one", "slow.test\n")
        d.reload_well()
        assert is_blocked(d, "slow.test")
        assert addresses(dns.message.from_wire(s.recv(4096))) in ([GOOD], [SINK])
    assert is_blocked(d, "slow.test")


def test_signals_in_quick_succession_end_with_the_last_list(served):
    d = served().add_list("one", "a.test\n").start()
    for number in range(20):
        d.write_list("one", f"n{number}.test\n")
        d.program.signal(signal.SIGHUP)
    wait_until(lambda: is_blocked(d, "n19.test"), 10, "the last list is in force")
    wait_until(lambda: not is_blocked(d, "a.test"), 10, "and with every worker")


def test_signal_right_after_the_start_is_not_the_end(served):
    """As soon as it serves, SIGHUP means reload, and before that at least no harm."""
    d = served({"state": {"directory": "state"}})
    d.add_list("one", version(0, slow(50000, 5000)))
    d.write_config()
    d.spawn()
    d.program.wait_line(r"^list one: ", timeout=20)
    d.program.signal(signal.SIGHUP)
    d.program.wait_line(READY, timeout=20)
    d.program.signal(signal.SIGUSR1)
    wait_until(lambda: not d.program.running() or d.listens_to_signals(), 10, "it is up, or gone")
    assert d.program.running(), f"ended with {d.program.process.returncode}"
    assert is_blocked(d, "s1.stable.test")
