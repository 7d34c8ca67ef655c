# SPDX-License-Identifier: BSD-2-Clause
"""Groups of clients: the lists that hold for each, and that nothing of one's answers is another's."""
import json
import re
import threading
import time

import dns.flags
import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, rcode, ttls
from harness.control import ctl
from harness.program import wait_until
from harness.upstream import Later

KID, OFFICE, NOBODY = ("127.0.0.33", "127.0.0.65", "127.0.0.9")
SINK, OWN, GOOD = "192.0.2.1", "192.0.2.77", "198.51.100.7"


def groups(**more):
    return {"groups": [
        {"name": "kids", "clients": ["127.0.0.32/27"], "lists": ["all", "adult"],
         "sinkhole-ipv4": OWN, **more},
        {"name": "office", "clients": ["127.0.0.64/27"], "without": ["ads"]}]}


def with_lists(d):
    d.add_list("court", "order.test\n", mandatory=True)
    d.add_list("ads", "ads.test\n")
    d.add_list("adult", "adult.test\n", **{"groups-only": True})
    return d


def leading(ttl=300, **links):
    """A script: what a name leads to by a CNAME; what has none has the address."""
    def script(q):
        target = links.get(q.name.lower().split(".")[0])
        if target:
            return q.reply(f"{q.name} {ttl} IN CNAME {target}.test.", f"{target}.test. {ttl} IN A {GOOD}")
        return q.address(GOOD) if q.type == "A" else q.negative("NOERROR")
    return script


@pytest.fixture
def served(daemon, upstream):
    up = upstream(leading(x="adult", y="ads", z="order"))
    d = with_lists(daemon({"upstreams": [up.address], **groups()}))
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}})
    d.start()
    d.up = up
    return d


# the same name, what each of the three is answered
CASES = [
    ("adult.test", OWN, GOOD, GOOD),
    ("ads.test", OWN, GOOD, SINK),
    ("order.test", SINK, SINK, SINK),   # an order's own address, whoever asks
    ("free.test", GOOD, GOOD, GOOD),
    ("x.test", OWN, None, None),        # what a CNAME leads to
    ("y.test", OWN, None, SINK),
    ("z.test", SINK, SINK, SINK),
]


def answered(d, name, client, **wanted):
    """The addresses; those that a CNAME leads to as if they were the name's own."""
    return addresses(ask(d.address, name, source=client, **wanted))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
@pytest.mark.parametrize("name, kid, office, nobody", CASES)
def test_each_has_its_own_answer(served, name, kid, office, nobody, order):
    expected = [(KID, kid), (OFFICE, office), (NOBODY, nobody)]
    for _ in range(3):                  # from the second time on the cache knows the name
        for i in order:
            client, address = expected[i]
            assert answered(served, name, client) == [address or GOOD], client
            assert answered(served, name, client, tcp=True) == [address or GOOD], client


def test_a_reply_is_asked_for_once(served):
    for client in (KID, NOBODY, OFFICE) * 3:
        ask(served.address, "x.test", source=client)
        ask(served.address, "free.test", source=client)
    assert sorted(q.name for q in served.up.asked()) == ["free.test.", "x.test."]


def test_the_same_question_at_the_same_time(daemon, upstream):
    """Two groups wait for one name; each is answered as its lists say."""
    def script(q):
        return Later(0.5, leading(x="adult")(q))
    d = with_lists(daemon({"upstreams": [upstream(script).address], **groups()})).start()
    got = {}

    def run(client):
        got[client] = answered(d, "x.test", client)
    threads = [threading.Thread(target=run, args=(c,)) for c in (KID, NOBODY, OFFICE)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == {KID: [OWN], NOBODY: [GOOD], OFFICE: [GOOD]}


def test_what_waits_while_groups_change(daemon, upstream):
    """A client is answered as the lists say that hold for it by then."""
    released = threading.Event()

    def script(q):
        return leading(x="adult")(q) if released.is_set() else None
    d = with_lists(daemon({"upstreams": [upstream(script).address], "outgoing": {"timeout": "4900ms", "hedge": 0},
                           **groups()})).start()
    got = {}

    def run(client):
        got[client] = answered(d, "x.test", client)
    threads = [threading.Thread(target=run, args=(c,)) for c in (KID, NOBODY)]
    for t in threads:
        t.start()
    wait_until(lambda: d.counters()["cache_misses"] >= 2, 5, "both wait")
    other = groups()
    other["groups"][0]["clients"] = [NOBODY]    # the places are exchanged
    d.configure(other)
    d.reload()
    released.set()
    for t in threads:
        t.join()
    assert got == {KID: [GOOD], NOBODY: [OWN]}


def test_stale_answers_are_each_groups_own(daemon, upstream):
    silent = threading.Event()
    up = upstream(lambda q: None if silent.is_set() else leading(ttl=1, x="adult")(q))
    d = with_lists(daemon({"upstreams": [up.address], "outgoing": {"timeout": "500ms", "retransmit": "100ms"},
                           **groups()})).start()
    assert answered(d, "x.test", NOBODY) == [GOOD]
    silent.set()
    wait_until(lambda: rcode(ask(d.address, "x.test", source=NOBODY)) == "NOERROR" and
               d.counters()["stale_answers"] > 0, 10, "the answer is stale")
    for client, address in ((KID, OWN), (NOBODY, GOOD), (OFFICE, GOOD), (KID, OWN)):
        assert answered(d, "x.test", client) == [address]


def test_a_pass_of_one_group_is_no_others(daemon, upstream):
    """What a list lets pass for one group leads to what is blocked for the others."""
    d = daemon({"upstreams": [upstream(leading(x="ads")).address], "groups": [
        {"name": "free", "clients": ["127.0.0.32/27"], "lists": ["all", "mine"]}]})
    d.add_list("mine", "x.test\n", action="pass", **{"groups-only": True})
    d.add_list("ads", "ads.test\n").start()
    for order in ((KID, NOBODY), (NOBODY, KID)):
        d.reload()                      # what was said of the name is to be found out again
        for _ in range(3):
            for client in order:
                assert answered(d, "x.test", client) == [GOOD if client == KID else SINK]


def test_the_longest_prefix_decides(daemon, upstream):
    d = daemon({"upstreams": [upstream(leading()).address], "groups": [
        {"name": "all-others", "clients": ["0.0.0.0/0", "::/0"], "lists": []},
        {"name": "net", "clients": ["127.0.0.0/24"]},
        {"name": "one", "clients": ["127.0.0.7"], "lists": ["adult"]}]})
    with_lists(d).start()
    for client, ads, adult in (("127.0.0.7", GOOD, SINK), ("127.0.0.8", SINK, GOOD), ("127.1.0.7", GOOD, GOOD)):
        assert answered(d, "ads.test", client) == [ads]
        assert answered(d, "adult.test", client) == [adult]
        assert answered(d, "order.test", client) == [SINK]
    assert addresses(ask(("::1", d.port), "ads.test")) == [GOOD]


def test_explained(served):
    for client, group, verdict in ((KID, "kids", "blocked-name"), (OFFICE, "office", "forwarded"),
                                   (NOBODY, None, "forwarded")):
        done = ctl(served.socket, "--json", "explain", "adult.test", "--client", client)
        found = json.loads(done.stdout)
        assert (found["group"], found["verdict"]) == (group, verdict)
        assert [r["holds"] for r in found["rules"]] == [client == KID]
        done = run_daemon("-c", served.config_path, "--explain", "adult.test", "--client", client)
        assert f"the client {client} is in {'the group ' + group if group else 'no group'}\n" in done.stdout
        assert ("it does not hold for this client" in done.stdout) == (client != KID)


def test_findings_are_of_lists_that_hold(daemon, upstream):
    d = with_lists(daemon({"upstreams": [upstream(leading(x="adult")).address], **groups()})).start()
    for client in (KID, NOBODY):
        ask(d.address, "adult.test", source=client)
        ask(d.address, "x.test", source=client)
    counted = d.counters()
    assert (counted["blocked_name"], counted["blocked_cname"]) == (1, 1)


WRONG = [
    ({"without": ["court"]}, "the list court is mandatory, and holds for every client"),
    ({"without": ["none"]}, 'there is no list "none"'),
    ({"lists": ["none"]}, 'there is no list "none"'),
    ({"name": "office"}, 'the name "office" is given twice'),
    ({"clients": ["127.0.0.64/27"]}, "127.0.0.64/27 is given to the group kids as well"),
    ({"clients": []}, "expected"),
]


@pytest.mark.parametrize("change, reason", WRONG)
def test_mistakes_are_told(daemon, change, reason):
    d = with_lists(daemon(groups(**change)))
    d.write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 1
    assert re.search(rf"sinkholed.yaml:\d+:\d+: groups\[\d\].*{re.escape(reason)}", done.stderr), done


def test_an_order_is_for_everybody(daemon):
    d = daemon({}).add_list("court", "order.test\n", mandatory=True, **{"groups-only": True})
    d.write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 1 and "groups-only: expected false, as the list is mandatory" in done.stderr


def test_said_by_command_holds_for_all(served):
    ctl(served.socket, "block", "said.test")
    for client in (KID, OFFICE, NOBODY):
        assert rcode(ask(served.address, "said.test", source=client)) == "NXDOMAIN"
    # and the groups are as they were
    assert answered(served, "adult.test", KID) == [OWN] and answered(served, "adult.test", NOBODY) == [GOOD]


# ---- hours

def clock(at_s):
    """Minutes of the day in UTC, as a schedule has them."""
    return time.strftime("%H:%M", time.gmtime(at_s))


def test_hours_begin_by_themselves(daemon, upstream):
    """Before the hours the true answer's TTL ends with them; in them the list holds, whatever the cache has."""
    up = upstream(leading(ttl=3600, x="adult"))
    now = time.time()
    begin = (int(now) // 60 + (1 if now % 60 < 48 else 2)) * 60
    d = with_lists(daemon({"upstreams": [up.address], **groups(
        lists=["all"], schedule=[{"from": clock(begin), "to": clock(begin + 60), "time-zone": "UTC",
                                  "lists": ["adult"], "without": ["ads"]}])})).start()
    for name, address in (("adult.test", GOOD), ("x.test", GOOD), ("ads.test", OWN)):
        for tcp in (False, True):
            answer = ask(d.address, name, source=KID, tcp=tcp, edns=True, do=True)
            assert addresses(answer) == [address]
            assert max(ttls(answer)) <= begin - int(time.time()) + 1
            assert answer.ednsflags & dns.flags.DO      # the OPT is no record with a TTL
    assert max(ttls(ask(d.address, "x.test", source=NOBODY))) > 3000
    d.program.wait_line(r"group kids: other lists hold from now on, by its schedule", timeout=begin - time.time() + 5)
    assert time.time() >= begin
    for name, address in (("adult.test", OWN), ("x.test", OWN), ("ads.test", GOOD), ("order.test", SINK)):
        answer = ask(d.address, name, source=KID)
        assert addresses(answer) == [address] and max(ttls(answer)) <= begin + 60 - int(time.time()) + 1
        assert addresses(ask(d.address, name, source=NOBODY)) == [
            {"ads.test": SINK, "order.test": SINK}.get(name, GOOD)]


def test_a_zone_that_is_not_there(daemon):
    d = with_lists(daemon(groups(schedule=[{"from": "21:00", "to": "07:00", "time-zone": "Europe/Nowhere"}])))
    d.write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 1 and "time zone Europe/Nowhere" in done.stderr


def test_hours_take_no_order_away(daemon):
    d = with_lists(daemon(groups(schedule=[{"from": "21:00", "to": "07:00", "without": ["court"]}])))
    d.write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 1
    assert "groups[0].schedule[0].without[0]: the list court is mandatory" in done.stderr
