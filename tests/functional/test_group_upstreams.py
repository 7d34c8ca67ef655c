# SPDX-License-Identifier: BSD-2-Clause
"""Upstreams of a group's own: whom its clients' questions reach, and that no answer crosses over."""
import threading

import pytest

from harness.build import run_daemon
from harness.client import addresses, ask, rcode
from harness.control import ctl
from harness.program import wait_until
from harness.upstream import Later

KID, OFFICE, NOBODY = ("127.0.0.33", "127.0.0.65", "127.0.0.9")
ALL, KIDS, STUB = "198.51.100.1", "198.51.100.2", "198.51.100.3"


def saying(address, ttl=300, **links):
    """A script: the address for each name, or a CNAME alone that leads elsewhere."""
    def script(q):
        target = links.get(q.name.lower().split(".")[0])
        if target:
            return q.reply(f"{q.name} {ttl} IN CNAME {target}.")
        return q.address(address, ttl=ttl) if q.type == "A" else q.negative("NOERROR")
    return script


class Site:
    """A daemon for all, with upstreams for all, for the kids, and for the zone stub.test."""

    def __init__(self, daemon, upstream, scripts=None, more=None, **group):
        scripts = scripts or {}
        self.ups = {who: upstream(scripts.get(who) or saying(address))
                    for who, address in (("all", ALL), ("kids", KIDS), ("stub", STUB))}
        self.d = daemon({"upstreams": [self.ups["all"].address],
                         "forward": [{"zone": "stub.test", "upstreams": [self.ups["stub"].address]}],
                         "groups": self.groups(**group), **(more or {})})

    def groups(self, own=True, **group):
        kids = {"name": "kids", "clients": ["127.0.0.32/27"], **group}
        if own:
            kids["upstreams"] = [self.ups["kids"].address]
        return [kids, {"name": "office", "clients": ["127.0.0.64/27"]}]

    def start(self):
        self.d.start()
        return self

    def answered(self, name, client, **wanted):
        return addresses(ask(self.d.address, name, source=client, **wanted))

    def asked(self, who):
        return sorted(q.name.lower() for q in self.ups[who].asked())


@pytest.fixture
def site(daemon, upstream):
    return Site(daemon, upstream).start()


@pytest.mark.parametrize("first, second", [(KID, NOBODY), (NOBODY, KID)])
@pytest.mark.parametrize("tcp", [False, True])
def test_no_answer_crosses_over(site, first, second, tcp):
    for client in (first, second, OFFICE) * 3:
        assert site.answered("x.test", client, tcp=tcp) == [KIDS if client == KID else ALL]
    assert (site.asked("kids"), site.asked("all")) == (["x.test."], ["x.test."])


def test_the_same_question_at_the_same_time(daemon, upstream):
    late = {who: (lambda q, s=saying(a): Later(0.5, s(q))) for who, a in (("all", ALL), ("kids", KIDS))}
    site, got = Site(daemon, upstream, late).start(), {}

    def run(client):
        got[client] = site.answered("x.test", client)
    threads = [threading.Thread(target=run, args=(c,)) for c in (KID, NOBODY, OFFICE)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == {KID: [KIDS], NOBODY: [ALL], OFFICE: [ALL]}


def test_zones_go_to_their_own(site):
    for client in (KID, NOBODY):
        assert site.answered("a.stub.test", client) == [STUB]
    assert "a.stub.test." not in site.asked("kids") + site.asked("all")


def test_zones_too(daemon, upstream):
    site = Site(daemon, upstream, **{"zones-too": True}).start()
    for client, address in ((KID, KIDS), (NOBODY, STUB), (KID, KIDS)):
        assert site.answered("a.stub.test", client) == [address]


@pytest.mark.parametrize("order", [(KID, NOBODY), (NOBODY, KID)])
def test_what_leads_out_of_a_zone(daemon, upstream, order):
    """A zone's CNAME to the world outside: each client's own upstreams say where that is."""
    site = Site(daemon, upstream, {"stub": saying(STUB, www="cdn.test")}).start()
    for client in order * 3:
        assert site.answered("www.stub.test", client)[-1:] == [KIDS if client == KID else ALL]
    assert (site.asked("kids"), site.asked("all")) == (["cdn.test."], ["cdn.test."])


def test_what_leads_elsewhere(daemon, upstream):
    links = {"kids": saying(KIDS, www="cdn.test"), "all": saying(ALL, www="cdn.test")}
    site = Site(daemon, upstream, links).start()
    for client in (NOBODY, KID) * 2:
        assert site.answered("www.test", client)[-1:] == [KIDS if client == KID else ALL]


def test_names_of_ones_own_that_lead_elsewhere(daemon, upstream):
    local = {"local": {"names": [{"name": "own.test", "cname": "cdn.test"}]}}
    site = Site(daemon, upstream, more=local).start()
    for client in (NOBODY, KID) * 2:
        assert site.answered("own.test", client)[-1:] == [KIDS if client == KID else ALL]


def test_a_group_of_everybody(daemon, upstream):
    """Also where the group has the address 0.0.0.0, which nobody has."""
    site = Site(daemon, upstream, {"all": saying(ALL, www="cdn.test")})
    groups = site.groups()
    groups.append({"name": "rest", "clients": ["0.0.0.0/0"], "upstreams": [site.ups["stub"].address]})
    groups[1]["upstreams"] = [site.ups["all"].address]
    site.d.configure({"groups": groups})
    site.start()
    for _ in range(2):
        for client, address in ((OFFICE, ALL), (NOBODY, STUB), (KID, KIDS)):
            assert site.answered("www.test", client)[-1:] == [address]


def test_stale_answers_do_not_cross_over(daemon, upstream):
    silent = threading.Event()
    scripts = {who: (lambda q, s=saying(a, ttl=1): None if silent.is_set() else s(q))
               for who, a in (("all", ALL), ("kids", KIDS))}
    site = Site(daemon, upstream, scripts, {"outgoing": {"timeout": "500ms", "retransmit": "100ms"}}).start()
    assert site.answered("x.test", NOBODY) == [ALL]
    silent.set()
    wait_until(lambda: site.answered("x.test", NOBODY) == [ALL] and
               site.d.counters()["stale_answers"] > 0, 10, "the answer is stale")
    assert rcode(ask(site.d.address, "x.test", source=KID)) == "SERVFAIL"
    assert site.answered("x.test", OFFICE) == [ALL]


def test_a_failure_is_the_groups_alone(daemon, upstream):
    site = Site(daemon, upstream, {"kids": lambda q: q.reply(rcode="SERVFAIL")}).start()
    for _ in range(2):
        assert rcode(ask(site.d.address, "x.test", source=KID)) == "SERVFAIL"
        assert site.answered("x.test", NOBODY) == [ALL]


def test_that_nothing_is_below_is_the_groups_alone(daemon, upstream):
    site = Site(daemon, upstream, {"kids": lambda q: q.negative()},
                {"cache": {"nothing-below-nxdomain": True}}).start()
    assert rcode(ask(site.d.address, "x.test", source=KID)) == "NXDOMAIN"
    assert site.answered("a.x.test", NOBODY) == [ALL]
    assert rcode(ask(site.d.address, "a.x.test", source=KID)) == "NXDOMAIN"
    assert "a.x.test." not in site.asked("kids")


def test_prefetch_asks_the_groups_own(daemon, upstream):
    site = Site(daemon, upstream, {"kids": saying(KIDS, ttl=3), "all": saying(ALL, ttl=3)},
                {"cache": {"prefetch": 90}}).start()
    for client in (KID, NOBODY):
        site.answered("x.test", client)

    def anew():
        assert site.answered("x.test", KID) == [KIDS]
        return len(site.asked("kids")) >= 3
    wait_until(anew, 10, "the name is asked for anew")
    assert site.d.counters()["prefetches"] > 0
    assert site.asked("all") == ["x.test."]


def test_a_reload_takes_them_away_and_gives_them_back(site):
    d = site.d
    assert site.answered("x.test", KID) == [KIDS]
    for own in (False, True, False, True):
        d.configure({"groups": site.groups(own=own)})
        d.reload()
        assert site.answered("x.test", KID) == [KIDS if own else ALL]
        assert site.answered("x.test", NOBODY) == [ALL]
    assert len(site.asked("kids")) == len(site.asked("all")) == 1


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("leads", [False, True])
def test_a_reload_while_a_client_waits(daemon, upstream, leads, left):
    """Its group has no upstreams of its own any more, or there are no groups: what those say then is not given
    to it."""
    released = threading.Event()
    links = {"www": "cdn.test"} if leads else {}

    def script(q):
        return saying(KIDS, **links)(q) if released.is_set() else None
    site = Site(daemon, upstream, {"kids": script},
                {"outgoing": {"timeout": "4900ms", "hedge": 0}}).start()
    got = []
    t = threading.Thread(target=lambda: got.append(site.answered("www.test", KID)))
    t.start()
    wait_until(lambda: site.d.counters()["cache_misses"] >= 1, 5, "it waits")
    site.d.configure({"groups": site.groups(own=False) if left else []})
    site.d.reload()
    released.set()
    t.join()
    assert got == [[ALL]]
    assert site.answered("www.test", NOBODY) == [ALL]


def test_flushed_for_all(daemon, upstream):
    site = Site(daemon, upstream)
    socket = site.d.folder / "control.sock"
    site.d.configure({"control": {"socket": str(socket)}})
    site.start()
    for client in (KID, NOBODY):
        site.answered("x.test", client)
    ctl(socket, "flush", "x.test")
    for client in (KID, NOBODY):
        site.answered("x.test", client)
    for of in "kids", "all":    # a slow one is asked the same question again
        assert set(site.asked(of)) == {"x.test."} and len(site.asked(of)) >= 2


def test_a_restart_crosses_nothing_over(daemon, upstream):
    """What a group's upstreams said is not kept: whose it would be then, nobody knows."""
    site = Site(daemon, upstream, more={"state": {"directory": "state"}}).start()
    for client in (KID, NOBODY):
        site.answered("x.test", client)
    site.answered("kids.test", KID)
    site.d.stop()
    site.d.start()
    site.d.program.wait_line(r"cache: state/cache\.dump: 1 entries read")
    assert site.answered("kids.test", NOBODY) == [ALL]
    for client in (KID, NOBODY):
        assert site.answered("x.test", client) == [KIDS if client == KID else ALL]
    assert site.asked("all").count("x.test.") == 1      # it was kept
    assert site.asked("kids").count("x.test.") == 2


def test_a_hand_over_crosses_nothing_over(site):
    for client in (KID, NOBODY):
        site.answered("x.test", client)
    site.answered("kids.test", KID)
    site.d.hand_over()
    assert site.answered("kids.test", NOBODY) == [ALL]
    for client in (KID, NOBODY):
        assert site.answered("x.test", client) == [KIDS if client == KID else ALL]
    assert (site.asked("all").count("x.test."), site.asked("kids").count("x.test.")) == (1, 2)


def test_a_rebinding_name_is_no_exception(daemon, upstream):
    """A zone's private addresses are let pass, as no group's upstreams' are."""
    private = saying("10.0.0.1")
    site = Site(daemon, upstream, {"kids": private, "stub": private}, {"rebinding": {"enabled": True}}).start()
    assert site.answered("a.stub.test", KID) == ["10.0.0.1"]
    assert site.answered("x.test", KID) == []
    assert rcode(ask(site.d.address, "x.test", source=KID)) != "SERVFAIL"


def test_explained(site):
    for client, expected in ((KID, "asked of the upstreams of the group kids"), (NOBODY, None)):
        done = run_daemon("-c", site.d.config_path, "--explain", "x.test", "--client", client)
        assert (expected in done.stdout) if expected else ("asked of the upstreams" not in done.stdout)
    done = run_daemon("-c", site.d.config_path, "--explain", "a.stub.test", "--client", KID)
    assert "asked of the upstreams of stub.test" in done.stdout


@pytest.mark.parametrize("group, reason", [
    ({"own": False, "zones-too": True}, "expected upstreams as well"),
    ({"own": False, "upstreams": [{"address": "192.0.2.1"}, {"address": "192.0.2.1"}]}, "given twice"),
])
def test_mistakes_are_told(daemon, upstream, group, reason):
    site = Site(daemon, upstream, **group)
    site.d.write_config()
    done = run_daemon("-c", site.d.config_path, "--check")
    assert done.returncode == 1 and reason in done.stderr, done
