# SPDX-License-Identifier: BSD-2-Clause
"""A mandatory list decides whatever stands before it, and is warned of when its action is no block."""
import pytest

from harness.client import addresses, ask, ede, rcode
from harness.build import run_daemon

SINK = "192.0.2.1"


@pytest.mark.parametrize("action", ["nodata", "nxdomain", "refused", "drop", "tcp-only", "pass"])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_list_that_stands_first_does_not_decide(daemon, resolver, action, tcp):
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("first", "a.test\n", action=action)
    d.add_list("court", "a.test\n", mandatory=True, reason="order")
    d.add_list("second", "a.test\n", mandatory=True, action="nxdomain").start()
    answer = ask(d.address, "a.test", edns=True, tcp=tcp)
    assert addresses(answer) == [SINK] and ede(answer) == (4, "court")


def test_first_mandatory_list_decides(daemon):
    d = daemon({})
    d.add_list("one", "a.test\n", mandatory=True, action="nxdomain")
    d.add_list("two", "a.test\n", mandatory=True).start()
    assert rcode(ask(d.address, "a.test")) == "NXDOMAIN"


@pytest.mark.parametrize("action, warned", [("drop", True), ("refused", True), ("nxdomain", False),
                                            ("nodata", False), ("sinkhole", False)])
def test_action_that_does_not_hold_is_warned_of(daemon, action, warned):
    d = daemon({})
    d.add_list("court", "a.test\n", mandatory=True, action=action)
    d.add_list("other", "b.test\n", action="drop").start()
    text = f"warning: list court: mandatory with action {action}"
    assert (text in d.log()) == warned
    assert "list other: mandatory" not in d.log()


def test_warning_of_a_check(daemon):
    d = daemon({})
    d.add_list("court", "a.test\n", mandatory=True, action="refused")
    d.write_config()
    done = run_daemon("-c", d.config_path, "--check")
    assert done.returncode == 0 and "list court: mandatory with action refused" in done.stderr
