# SPDX-License-Identifier: BSD-2-Clause
"""What is done for clients, by whichever way who they are is told."""
import json

from harness.build import slow
from harness.control import ctl
from harness.program import wait_until

CLIENT, CLIENT6 = "203.0.113.7", "2001:db8:7::7"

# of a response policy zone: for clients, and for the one that tells who they are
TRIGGERS = """\
$TTL 60
@ SOA ns.test. root.test. 1 60 60 60 60
@ NS ns.test.
28.0.113.0.203.rpz-client-ip A 192.0.2.8
32.7.113.0.203.rpz-client-ip A 192.0.2.9
48.zz.7.db8.2001.rpz-client-ip A 192.0.2.10
32.2.0.0.127.rpz-client-ip A 192.0.2.11
"""


def with_triggers(server, upstream):
    """A daemon whose answers are those of TRIGGERS, or else 198.51.100.9."""
    up = upstream(lambda q: q.address("198.51.100.9"))
    d = server(upstreams=[up.address])
    d.add_list("zone", TRIGGERS, format="rpz", action="given").write_config()
    d.reload_well()
    return d


def hunt(server, upstream, folder, times, ask_all):
    """Who asked for evil.test, by ask_all(daemon), before a list had it.  The log tells `times`: each client
    of a day counts once."""
    up = upstream(lambda q: q.address("198.51.100.9"))
    socket = folder / "control"
    d = server(upstreams=[up.address], evidence={"hunt-days": 30}, control={"socket": str(socket)})
    ask_all(d)
    # each is written for its own name and for the one above
    wait_until(lambda: d.counted("hunt_written") >= 2 * times, slow(10, 30), "it is written who asked")
    d.write_list("bots", "c2.test\nevil.test\n")
    mark = d.program.mark()
    d.reload()
    d.program.wait_line(rf"evil\.test, which list bots has now, was asked for before: {times} times", mark,
                        slow(15, 40))
    done = ctl(socket, "hunt", "bots", "--json")
    return sorted(row["client"] for row in json.loads(done.stdout)["found"])
