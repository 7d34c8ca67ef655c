# SPDX-License-Identifier: BSD-2-Clause
"""What is counted of each group of clients, by names of the configuration alone."""
import json

import pytest

from harness.client import ask, rcode
from harness.control import ask_port, ctl, samples
from harness.ports import free_port

KID, OFFICE, NOBODY = ("127.0.0.33", "127.0.0.65", "127.0.0.9")
GOOD, BAD = "198.51.100.7", "203.0.113.1"
HEAD = "$TTL 300\n@ 60 SOA ns.rpz. host.rpz. 7 3600 600 86400 30\n"
KIDS = {"name": "kids", "clients": ["127.0.0.32/27"], "filter-types": ["HTTPS"]}
OFFICES = {"name": "office", "clients": ["127.0.0.64/27"]}


def script(q):
    if q.name.startswith("fails"):
        return q.reply(rcode="SERVFAIL")
    if q.name.startswith("leads"):
        return q.reply(f"{q.name} 100 IN CNAME ads.test.", f"ads.test. 100 IN A {GOOD}")
    return q.address(BAD if q.name.startswith("evil") else GOOD)


@pytest.fixture
def served(daemon, upstream):
    d = daemon({"upstreams": [upstream(script).address], "groups": [KIDS, OFFICES]})
    d.add_list("zone", HEAD + f"32.{'.'.join(reversed(BAD.split('.')))}.rpz-ip CNAME .\n", format="rpz",
               action="given")
    d.add_list("ads", "ads.test\n", action="nxdomain")
    d.add_list("court", "order.test\n", mandatory=True, action="nxdomain")
    d.socket = d.folder / "control.sock"
    d.metrics_port = free_port()
    d.querylog = d.folder / "queries.json"
    d.configure({"control": {"socket": str(d.socket)}, "metrics": {"listen": [f"127.0.0.1@{d.metrics_port}"]},
                 "query-log": {"file": str(d.querylog)},
                 "local": {"names": [{"name": "own.lan", "cname": "order.test"}]}})
    return d.start()


def counted(d, name):
    found = samples(ask_port(d.metrics_port, "GET", "/metrics")[2])
    return {what: found.get(f'sinkholed_group_{what}_total{{group="{name}"}}')
            for what in ("queries", "blocked", "filtered", "servfail")}


def counts(queries=0, blocked=0, filtered=0, servfail=0):
    return {"queries": queries, "blocked": blocked, "filtered": filtered, "servfail": servfail}


def test_each_groups_own(served):
    for name in ("ads.test", "free.test", "free.test", "order.test"):
        ask(served.address, name, source=KID)
    ask(served.address, "free.test", "HTTPS", source=KID)
    ask(served.address, "fails.test", source=KID)
    ask(served.address, "ads.test", source=OFFICE, tcp=True)
    ask(served.address, "free.test", source=NOBODY)
    ask(served.address, "ads.test", source=NOBODY)
    assert counted(served, "kids") == counts(6, 2, 1, 1)
    assert counted(served, "office") == counts(1, 1)


# whatever ends the query: its name, what its answer has, where it leads, and a name that waits for its answer
@pytest.mark.parametrize("name", ["ads.test", "evil.test", "leads.test", "order.test", "own.lan"])
def test_a_block_is_one_however_it_comes(served, name):
    for times in range(1, 4):                   # from the second time on by the cache
        assert rcode(ask(served.address, name, source=KID)) == "NXDOMAIN"
        assert counted(served, "kids") == counts(times, times)
    served.stop()
    told = [json.loads(line) for line in served.querylog.read_text().splitlines()]
    assert [line["event"]["action"] for line in told] == ["blocked"] * 3, told


def test_malformed_and_odd_queries(served):
    ask(served.address, "free.test", "ANY", source=KID)
    ask(served.address, "free.test", "AXFR", source=KID)
    assert counted(served, "kids")["queries"] == 2


def test_counts_follow_their_group(served):
    """A reload that puts another in front takes none of a group's counts, and gives it none."""
    ask(served.address, "ads.test", source=KID)
    ask(served.address, "ads.test", source=OFFICE)
    ask(served.address, "free.test", source=OFFICE)
    more = {"name": 'new', "clients": ["127.0.0.96/27"]}
    served.configure({"groups": [more, OFFICES, KIDS]})
    assert ctl(served.socket, "reload").returncode == 0
    ask(served.address, "ads.test", source="127.0.0.97")
    assert counted(served, "new") == counts(1, 1)
    assert counted(served, "kids") == counts(1, 1)
    assert counted(served, "office") == counts(2, 1)
    served.configure({"groups": [OFFICES]})
    assert ctl(served.socket, "reload").returncode == 0
    assert counted(served, "office") == counts(2, 1)
    assert set(counted(served, "kids").values()) == {None}
    ask(served.address, "ads.test", source=KID)
    served.configure({"groups": [KIDS, OFFICES]})
    assert ctl(served.socket, "reload").returncode == 0
    assert counted(served, "kids") == counts()      # it is a new one
    assert counted(served, "office") == counts(2, 1)
    served.configure({"groups": []})
    assert ctl(served.socket, "reload").returncode == 0
    assert "sinkholed_group_" not in ask_port(served.metrics_port, "GET", "/metrics")[2]


def test_names_of_groups_alone_are_labels(served):
    for name in ('x"} 1\nsinkholed_group_queries_total{group="y', "kids.test", "\\010.test"):
        ask(served.address, name.replace("\n", "\\010"), source=KID)
    text = ask_port(served.metrics_port, "GET", "/metrics")[2]
    labels = [series for series in samples(text) if series.startswith("sinkholed_group_")]
    assert len(labels) == 8 and all('{group="kids"}' in s or '{group="office"}' in s for s in labels)


def test_as_many_groups_as_there_may_be(served):
    many = [{"name": f"g{i}", "clients": [f"10.{i}.0.0/16"]} for i in range(255)]
    served.configure({"groups": [*many, {"name": "last", "clients": ["127.0.0.0/8"]}]})
    assert ctl(served.socket, "reload").returncode == 0
    ask(served.address, "ads.test", source=KID)
    assert counted(served, "last") == counts(1, 1)
    assert counted(served, "g254") == counts()
