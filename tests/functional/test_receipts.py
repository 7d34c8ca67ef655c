# SPDX-License-Identifier: BSD-2-Clause
"""Receipts: what became of each entry of an order, when, over reloads, restarts and commands."""
import csv
import io
import json
import time

import pytest

from harness.build import run_daemon
from harness.client import ask, rcode
from harness.control import ask_socket, ctl
from harness.program import wait_until

ORDER = "bad.example\n# a remark\nworse.example\nbad.example\nno such name!\ncom\n"


@pytest.fixture
def ordered(daemon):
    d = daemon()
    d.add_list("court", ORDER, mandatory=True, reason="order", action="nxdomain",
               authority={"court": "E.D. Va.", "case": "1:10cv156"})
    d.add_list("adverts", "ads.example\n", action="nxdomain", reason="operator")
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)},
                 "state": {"directory": str(d.folder / "state")}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    return d


def receipts(d, *more):
    done = ctl(d.socket, "receipts", *more, "--format", "json")
    return json.loads(done.stdout) if done.returncode == 0 else []


def state_of(d, entry, which="court"):
    return [(r["state"], r["reason"]) for r in receipts(d, which) if r["entry"] == entry]


def wait_for(d, entry, state, which="court"):
    """The receipt of the entry that has that state."""
    def found():
        return [r for r in receipts(d, which) if r["entry"] == entry and r["state"] == state]
    wait_until(found, 20, f"{entry} is {state}")
    return found()[-1]


def test_each_entry_has_one(ordered):
    d = ordered
    before = time.time()
    bad = wait_for(d, "bad.example", "in force")
    assert (bad["list"], bad["case"], bad["line"]) == ("court", "1:10cv156", 1)
    assert bad["answered"] == "NXDOMAIN" and bad["left"] is None and bad["reason"] == ""
    came, in_force = (time.mktime(time.strptime(bad[key], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
                      for key in ("came", "in_force"))
    assert before - 60 < came <= in_force <= time.time() + 1
    assert state_of(d, "worse.example") == [("in force", "")]
    again = wait_for(d, "bad.example", "already there")
    assert again["line"] == 4 and again["in_force"] is None
    malformed = wait_for(d, "no such name!", "malformed")
    assert malformed["line"] == 5 and malformed["reason"]
    held, = state_of(d, "com")
    assert held[0] == "held back" and held[1]
    whole = wait_for(d, "", "in force")
    assert whole["entries"] == 2
    assert not [r for r in receipts(d) if r["list"] == "adverts"]


def test_csv_is_the_same(ordered):
    d = ordered
    wait_for(d, "bad.example", "in force")
    done = ctl(d.socket, "receipts", "court")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    as_json = receipts(d, "court")
    assert [int(r["number"]) for r in rows] == [r["number"] for r in as_json]
    assert [r["entry"] for r in rows] == [r["entry"] for r in as_json]
    assert [r["in_force"] for r in rows] == [r["in_force"] or "" for r in as_json]


def test_one_leaves_and_one_comes(ordered):
    d = ordered
    first = wait_for(d, "bad.example", "in force")
    wait_for(d, "com", "held back")
    d.write_list("court", "bad.example\nworse.example\nnew.example\n")
    assert ctl(d.socket, "reload").returncode == 0
    new = wait_for(d, "new.example", "in force")
    assert new["number"] > first["number"]
    assert wait_for(d, "bad.example", "in force") == first
    wait_until(lambda: state_of(d, "com")[0][0] == "left", 10, "what was held has left")
    d.write_list("court", "worse.example\nnew.example\n")
    ctl(d.socket, "reload")
    # the list is mandatory: all of it stays as it was, and the receipt says so
    refused = wait_for(d, "", "refused")
    assert "--accept court" in refused["reason"]
    assert wait_for(d, "bad.example", "in force")["left"] is None


def test_what_was_accepted_leaves(ordered):
    d = ordered
    wait_for(d, "bad.example", "in force")
    d.stop()
    d.write_list("court", "worse.example\n")
    assert run_daemon("-c", d.config_path, "--accept", "court").returncode == 0
    d.start()
    wait_for(d, "bad.example", "left")
    gone, again = (r for r in receipts(d, "court") if r["entry"] == "bad.example")
    assert gone["left"] and gone["in_force"] and gone["reason"] == "no longer in the list"
    assert again["left"] and again["reason"] == "already there"
    assert wait_for(d, "worse.example", "in force")["left"] is None


def test_a_restart_keeps_them(ordered):
    d = ordered
    first = wait_for(d, "bad.example", "in force")
    d.stop()
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    time.sleep(1.1)  # a receipt that were written anew would have another second
    assert wait_for(d, "bad.example", "in force") == first
    assert len([r for r in receipts(d, "court") if r["entry"] == "bad.example"]) == 2


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def test_a_term(daemon):
    """An order that begins, and lapses, while nothing is loaded."""
    d = daemon({"state": {"directory": "state"}})
    now = time.time()
    d.add_list("court", "bad.example\n", mandatory=True, action="nxdomain",
               **{"valid-from": utc(now + 6), "expires": utc(now + 10), "lapse": "lift"})
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}})
    d.start()
    waits = wait_for(d, "bad.example", "waits")
    assert waits["in_force"] is None
    in_force = wait_for(d, "bad.example", "in force")
    assert in_force["came"] == waits["came"] and in_force["in_force"] >= utc(now + 6)

    def lapsed():
        return [r for r in receipts(d, "court") if r["entry"] and r["number"] == in_force["number"]
                and r["left"]]
    wait_until(lapsed, 20, "the order has lapsed")
    assert lapsed()[0]["reason"] == "its order has lapsed"


def test_a_hand_over_keeps_them(ordered):
    d = ordered
    first = wait_for(d, "bad.example", "in force")
    d.hand_over()
    d.write_list("court", ORDER + "new.example\n")
    wait_until(lambda: ctl(d.socket, "reload").returncode == 0, 20, "the new one reloads")
    wait_for(d, "new.example", "in force")
    assert wait_for(d, "bad.example", "in force") == first


def test_a_refused_file(ordered):
    d = ordered
    wait_for(d, "bad.example", "in force")
    d.write_list("court", "<!doctype html>\n")
    assert ctl(d.socket, "reload").returncode != 0
    refused = wait_for(d, "", "refused")
    assert "HTML" in refused["reason"] and refused["in_force"] is None
    assert wait_for(d, "worse.example", "in force")
    d.write_list("court", ORDER)
    assert ctl(d.socket, "reload").returncode == 0
    wait_until(lambda: ("refused", refused["reason"]) not in state_of(d, ""), 10, "taken again")


def test_what_is_blocked_by_command(ordered):
    d = ordered
    assert ctl(d.socket, "block", "evil.example", "--ticket", "T-1").returncode == 0
    assert rcode(ask(d.address, "evil.example")) == "NXDOMAIN"
    evil = wait_for(d, "evil.example", "in force", "manual-block")
    assert evil["answered"] == "NXDOMAIN"
    assert ctl(d.socket, "withdraw", "evil.example").returncode == 0
    wait_for(d, "evil.example", "left", "manual-block")


def test_pages(ordered):
    d = ordered
    d.write_list("court", "".join(f"n{i}.example\n" for i in range(12000)) + ORDER)
    assert ctl(d.socket, "reload").returncode == 0
    wait_for(d, "n11999.example", "in force")
    rows = receipts(d, "court")
    assert len({r["number"] for r in rows}) == len(rows) > 12000
    assert len(ctl(d.socket, "receipts", "court").stdout.splitlines()) == len(rows) + 1
    status, _, text = ask_socket(d.socket, "GET", "/v1/receipts?list=court&format=json")
    assert status == 200 and len(json.loads(text)["receipts"]) == 5000
    assert ask_socket(d.socket, "GET", "/v1/receipts?format=xml")[0] == 400


def test_the_audit_log_is_shown(ordered):
    d = ordered
    assert ctl(d.socket, "block", "evil.example").returncode == 0
    wait_for(d, "bad.example", "in force")
    done = ctl(d.socket, "audit")
    assert done.returncode == 0, done.stderr
    assert "list-loaded" in done.stdout and "about=evil.example" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("the log: ok: ")
    of_court = json.loads(ctl(d.socket, "audit", "--list", "court", "--json").stdout)
    assert of_court["verified"] is True
    assert {e["list"] for e in of_court["events"]} == {"court"}
    assert len(json.loads(ctl(d.socket, "audit", "--last", "1", "--json").stdout)["events"]) == 1
    log = d.folder / "state" / "audit.log"
    log.write_text(log.read_text().replace('"list":"court"', '"list":"cuort"', 1))
    done = ctl(d.socket, "audit")
    assert done.returncode != 0 and "edited" in done.stdout


def test_without_a_state_directory(daemon):
    d = daemon()
    d.add_list("court", "bad.example\n", mandatory=True)
    socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(socket)}})
    d.start()
    wait_until(socket.exists, 10, "the socket is there")
    for command in ("receipts", "audit"):
        done = ctl(socket, command)
        assert done.returncode != 0 and "state.directory" in done.stderr


def test_each_row_of_a_table_has_its_ticket(daemon):
    """What the row of an order is known by; with another, the entry is another order's."""
    rows = "name,case\nfirst.example,T-1\nsecond.example,=T-2\nthird.example,\n"
    d = daemon()
    d.add_list("court", rows, format="csv", columns={"name": "name", "ticket": "case"}, mandatory=True,
               reason="order", action="nxdomain")
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}, "state": {"directory": str(d.folder / "state")}})
    d.start()
    assert wait_for(d, "first.example", "in force")["ticket"] == "T-1"
    assert wait_for(d, "third.example", "in force")["ticket"] == ""
    table = list(csv.DictReader(io.StringIO(ctl(d.socket, "receipts", "court", "--format", "csv").stdout)))
    assert {r["ticket"] for r in table if r["entry"] == "second.example"} == {"'=T-2"}
    d.list_path("court").write_text(rows.replace("T-1", "T-3"))
    d.reload_well()
    left = wait_for(d, "first.example", "left")
    assert (left["ticket"], left["reason"]) == ("T-1", "the same entry has another ticket")
    assert wait_for(d, "first.example", "in force")["ticket"] == "T-3"
    assert rcode(ask(d.address, "first.example")) == "NXDOMAIN"


def test_what_is_let_pass_by_command_has_left(daemon, resolver):
    """The order is of a list that is not mandatory: whoever has ordered it reads that it is not in force."""
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("court", "bad.example\n*.worse.example\nwww.deep.example\n", action="nxdomain", reason="order",
               authority={"court": "E.D. Va.", "case": "1:10cv156"})
    d.socket = d.folder / "control.sock"
    d.configure({"control": {"socket": str(d.socket)}, "state": {"directory": str(d.folder / "state")}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    first = wait_for(d, "bad.example", "in force")
    for name in ("bad.example", "worse.example", "below.www.deep.example"):
        assert ctl(d.socket, "unblock", name).returncode == 0
    assert wait_for(d, "bad.example", "left")["number"] == first["number"]
    assert wait_for(d, "bad.example", "left")["reason"] == "let pass by command"
    assert wait_for(d, "bad.example", "let pass")["in_force"] is None
    wait_for(d, "*.worse.example", "let pass")
    wait_for(d, "www.deep.example", "in force")     # all but one name below it
    assert wait_for(d, "", "in force")["entries"] == 1
    assert run_daemon("-c", d.config_path, "--in-force", "bad.example").returncode == 2
    assert ctl(d.socket, "reload").returncode == 0
    d.stop()
    d.start()
    passed = wait_for(d, "bad.example", "let pass")
    assert ctl(d.socket, "withdraw", "bad.example").returncode == 0
    again = wait_for(d, "bad.example", "in force")
    assert again["number"] > passed["number"] and again["answered"] == "NXDOMAIN"
    assert wait_for(d, "bad.example", "left")["left"]
    assert run_daemon("-c", d.config_path, "--in-force", "bad.example").returncode == 0
    # what is blocked by command as well stays blocked
    assert ctl(d.socket, "block", "bad.example").returncode == 0
    assert ctl(d.socket, "unblock", "bad.example").returncode == 0
    wait_until(lambda: len(receipts(d, "manual-block")) > 1, 10, "the block has a receipt")
    assert wait_for(d, "bad.example", "in force")["number"] == again["number"]
    assert rcode(ask(d.address, "bad.example")) == "NXDOMAIN"


def test_a_mandatory_order_is_not_let_pass(ordered):
    d = ordered
    first = wait_for(d, "bad.example", "in force")
    assert ctl(d.socket, "unblock", "bad.example").returncode == 0
    assert ctl(d.socket, "block", "other.example").returncode == 0
    wait_for(d, "other.example", "in force", "manual-block")
    assert wait_for(d, "bad.example", "in force") == first
