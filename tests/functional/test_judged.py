# SPDX-License-Identifier: BSD-2-Clause
"""Every name that an answer leads to is judged, and what the lists let be holds for what is behind."""
import pytest

from harness.client import addresses, ask, rcode

GOOD, SINK = "198.51.100.7", "192.0.2.1"
EXCEPTION = "||tracker.example^\n@@||www.site.example^\n"


def cname(q):
    """www.site.example -> x.tracker.example -> an address."""
    if q.name == "x.tracker.example.":
        return q.address(GOOD)
    return q.reply(f"{q.name} 300 IN CNAME x.tracker.example.", f"x.tracker.example. 300 IN A {GOOD}")


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_exception_for_a_name_covers_what_its_cname_leads_to(daemon, upstream, tcp):
    d = daemon({"upstreams": [upstream(cname).address]})
    d.add_list("one", EXCEPTION, format="adblock").start()
    for _ in range(2):  # then from the cache
        assert GOOD in addresses(ask(d.address, "www.site.example", tcp=tcp))
        assert addresses(ask(d.address, "other.site.example", tcp=tcp)) == [SINK]
        assert addresses(ask(d.address, "x.tracker.example", tcp=tcp)) == [SINK]
    d.reload_well()
    assert GOOD in addresses(ask(d.address, "www.site.example", tcp=tcp))


@pytest.mark.parametrize("mandatory", [False, True])
def test_exception_of_one_list_is_none_of_another(daemon, upstream, mandatory):
    d = daemon({"upstreams": [upstream(cname).address]})
    d.add_list("one", EXCEPTION, format="adblock")
    d.add_list("two", "tracker.example\n", action="nxdomain", mandatory=mandatory).start()
    assert rcode(ask(d.address, "www.site.example")) == "NXDOMAIN"


def test_exception_that_a_reload_takes_away_is_none(daemon, upstream):
    d = daemon({"upstreams": [upstream(cname).address]})
    d.add_list("one", EXCEPTION, format="adblock").start()
    assert GOOD in addresses(ask(d.address, "www.site.example"))
    d.write_list("one", "||tracker.example^\n")
    d.reload_well()
    assert addresses(ask(d.address, "www.site.example")) == [SINK]
