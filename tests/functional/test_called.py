# SPDX-License-Identifier: BSD-2-Clause
"""What clients are called: asked of the upstreams, lazily and within bounds, and believed no further than a name goes."""
import csv
import io
import json
import re
import socket
import subprocess
import time

import dns.edns
import dns.reversename
import pytest

from harness.build import slow
from harness.client import addresses, ask, query
from harness.control import ask_socket, ctl
from harness.daemon import IPV4
from harness.ports import free_port
from harness.program import wait_until
from harness.servers import NsdOf

FORWARDER = "127.0.0.2"
RATE, QUEUE = 50, 1024      # questions a second, and how many clients wait for theirs (called.c, recall.h)


@pytest.fixture
def server(daemon, tmp_path):
    """A daemon whose clients a forwarder names."""
    def make(*upstreams, ptr=True, **sections):
        d = daemon({"server": {"client-subnet-from": [FORWARDER + "/32"], **({"client-ptr": True} if ptr else {})},
                    "state": {"directory": str(tmp_path / "state")}, "control": {"socket": str(tmp_path / "socket")},
                    "upstreams": [up.address for up in upstreams], **sections})
        d.socket = tmp_path / "socket"
        return d.add_list("bots", "c2.test\n").start()
    return make


def met(d, *clients):
    """They have asked for a listed name."""
    for client in clients:
        option = dns.edns.ECSOption(client, 128 if ":" in client else 32)
        assert addresses(ask(d.address, "c2.test", source=FORWARDER, options=[option])) == [IPV4]


def reverse(client):
    return dns.reversename.from_address(client).to_text()


def shown(d):
    """{client: (name, who says so)}, as sinkholectl clients has them."""
    status, _, body = ask_socket(d.socket, "GET", "/v1/clients")
    assert status == 200, body
    return {c["client"]: (c["hostname"], c["hostname_from"]) for c in json.loads(body)["clients"]}


def called(d, client, name, patience=20):
    wait_until(lambda: shown(d).get(client) == (name, "ptr" if name else ""), slow(patience, 60), f"{client} is {name}")


def asked(up, client=None):
    """The questions for names of addresses that have come."""
    return [q for q in up.questions if q.type == "PTR" and (client is None or q.name == reverse(client))]


def names_of(table):
    """A script that has these names."""
    by_reverse = {reverse(client): name for client, name in table.items()}
    addresses_of = {(name.lower(), "AAAA" if ":" in client else "A"): client for client, name in table.items()}

    def script(q):
        if (q.name, q.type) in addresses_of:
            return q.reply(f"{q.name} 300 IN {q.type} {addresses_of[q.name, q.type]}")
        if q.type == "PTR" and q.name in by_reverse:
            return q.reply(f"{q.name} 300 IN PTR {by_reverse[q.name]}")
        return q.negative(zone="arpa." if q.type == "PTR" else "test.")
    return script


# ---- a real server

SOA = "$TTL 300\n@ IN SOA ns.lan. root.lan. 1 3600 600 86400 60\n@ IN NS ns.lan.\n"
ZONES = {
    "168.192.in-addr.arpa": SOA + "20.1 IN PTR NAS.lan.\n",
    "100.51.198.in-addr.arpa": SOA + "7 IN CNAME 7.0-15\n7.0-15 IN PTR host7.isp.example.\n"
                                     "8 IN PTR b.isp.example.\n8 IN PTR a.isp.example.\n",
    "lan": SOA + "nas IN A 192.168.1.20\n",
    "isp.example": SOA + "host7 IN CNAME x\nx IN A 198.51.100.7\na IN A 192.0.2.1\nb IN A 192.0.2.1\nb IN A 198.51.100.8\n",
}


@pytest.fixture
def nsd(tmp_path):
    server = NsdOf(tmp_path, ZONES)
    yield server
    server.close()


def test_of_a_real_server(server, nsd, upstream):
    """A zone of the network's own is asked of its server, all others of the upstreams."""
    other = upstream(names_of({"198.19.113.9": "far.example."}))
    stub = [{"zone": zone, "upstreams": [nsd.address]} for zone in ZONES]
    d = server(other, forward=stub)
    met(d, "192.168.1.20", "192.168.1.21", "198.51.100.7", "198.51.100.8", "198.19.113.9")
    for client, name in (("192.168.1.20", "nas.lan"), ("198.51.100.7", "host7.isp.example"),
                         ("198.51.100.8", "b.isp.example"), ("192.168.1.21", "")):
        called(d, client, name)
    assert not asked(other, "192.168.1.20") and not asked(other, "198.51.100.7")
    report = list(csv.DictReader(io.StringIO(ctl(d.socket, "report").stdout)))
    assert {(r["client"], r["hostname"], r["hostname_from"]) for r in report} >= \
        {("192.168.1.20", "nas.lan", "ptr"), ("198.51.100.7", "host7.isp.example", "ptr"), ("192.168.1.21", "", "")}
    done = ctl(d.socket, "clients")
    assert re.search(r"^192\.168\.1\.20 .*  nas\.lan \(ptr\)$", done.stdout, re.M), done.stdout
    wait_until(lambda: d.counted("ptr_answered") >= 5, slow(10, 30), "each was answered")
    assert d.counted("ptr_failed") == d.counted("ptr_lost") == 0
    # the store alone knows nothing of it
    done = subprocess.run([d.binary, "--report", "--store", d.config["state"]["directory"] + "/ledger.db", "--format", "json"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and {json.loads(line)["hostname"] for line in done.stdout.splitlines()} == {""}


# ---- whom

def test_off_by_default(server, upstream):
    up = upstream(names_of({"198.19.113.9": "far.example."}))
    d = server(up, ptr=False)
    met(d, "198.19.113.9")
    wait_until(lambda: shown(d) == {"198.19.113.9": ("", "")}, slow(10, 30), "it is written down")
    met(d, "198.19.113.9")
    wait_until(lambda: d.counted("ledger_written") >= 2, slow(10, 30), "and again")
    assert not asked(up) and d.counted("ptr_asked") == 0


def test_private_addresses_stay_here(server, upstream):
    """Whatever special-use says: that is what clients are answered."""
    up = upstream(names_of({"10.1.1.1": "wrong.example.", "198.19.113.9": "far.example."}))
    d = server(up)
    met(d, "10.1.1.1", "192.168.1.1", "172.16.0.1", "fd00::1", "fe80::1", "100.64.0.1", "198.19.113.9")
    called(d, "198.19.113.9", "far.example")
    assert len(shown(d)) == 7 and {q.name for q in asked(up)} == {reverse("198.19.113.9")}


def test_own_names_come_first(server, upstream, tmp_path):
    """Without asking anybody."""
    (tmp_path / "hosts").write_text("192.0.2.20 printer.lan\n")
    up = upstream(names_of({"192.0.2.20": "liar.example.", "192.0.2.21": "liar.example."}))
    d = server(up, local={"hosts-file": str(tmp_path / "hosts"), "names": [{"name": "nas.lan", "ipv4": ["192.0.2.21"]}]})
    met(d, "192.0.2.20", "192.0.2.21")
    wait_until(lambda: len(shown(d)) == 2, slow(10, 30), "both are written down")
    assert shown(d) == {"192.0.2.20": ("printer.lan", "local"), "192.0.2.21": ("nas.lan", "local")}
    met(d, "198.19.113.9")
    wait_until(lambda: asked(up, "198.19.113.9"), slow(10, 30), "another is asked for")
    assert {q.name for q in asked(up)} == {reverse("198.19.113.9")}


# ---- names that lead back, or not

def names_in(d, form, field):
    """Of a report: {client: name}."""
    done = ctl(d.socket, "report", "--format", form)
    assert done.returncode == 0, done.stderr
    return {re.search(r'"?(?:source\.)?ip":"([^"]+)"', line).group(1): m.group(1) if (m := re.search(field, line)) else ""
            for line in done.stdout.splitlines()}


def test_confirmed_or_not(server, upstream):
    """Who has an address's reverse zone can call it as a bank; but not have the bank's name lead to it."""
    names = names_of({"198.19.113.9": "far.example.", "2001:470::9": "six.example.", "198.19.113.8": "www.bank.example.",
                      "198.19.113.7": "a_b.example."})

    def script(q):
        return q.reply(f"{q.name} 300 IN A 192.0.2.1") if (q.name, q.type) == ("www.bank.example.", "A") else names(q)
    up = upstream(script)
    d = server(up)
    met(d, "198.19.113.8", "198.19.113.7", "198.19.113.9", "2001:470::9")
    called(d, "198.19.113.9", "far.example")
    called(d, "2001:470::9", "six.example")
    called(d, "198.19.113.7", "a_b.example")
    wait_until(lambda: shown(d).get("198.19.113.8") == ("www.bank.example", "ptr-unconfirmed"), slow(20, 60), "it is marked")
    trusted = {"198.19.113.9": "far.example", "2001:470::9": "six.example", "198.19.113.8": "", "198.19.113.7": "a_b.example"}
    assert names_in(d, "intelmq", r'"source\.reverse_dns":"([^"]+)"') == trusted
    assert names_in(d, "ecs", r'"domain":"([^"]+)"') == trusted
    assert "bank" not in ctl(d.socket, "report", "--format", "stix").stdout
    assert (d.counted("ptr_confirmed"), d.counted("ptr_checked")) == (3, 4)


def test_names_of_private_addresses_stay_here(server, upstream):
    """The server that knows a reverse zone is named; names leave for who is named for them alone."""
    lan = upstream(names_of({"192.168.1.20": "nas.lan.", "192.168.1.21": "nas.corp.example.", "192.168.1.22": "pc.home.arpa."}))
    up = upstream(names_of({}))
    zones = ["168.192.in-addr.arpa"]
    d = server(up, forward=[{"zone": zone, "upstreams": [lan.address]} for zone in zones])
    met(d, "192.168.1.20", "192.168.1.21", "192.168.1.22")
    for client, name in (("192.168.1.20", "nas.lan"), ("192.168.1.21", "nas.corp.example"), ("192.168.1.22", "pc.home.arpa")):
        wait_until(lambda c=client, n=name: shown(d).get(c) == (n, "ptr-unconfirmed"), slow(20, 60), f"{client} is {name}")
    assert d.counted("ptr_checked") == 0 and not [q for q in up.questions if q.type in ("A", "AAAA", "PTR")]


# ---- who lies, and who is silent

LIES = (r"\027[31mred.example.", r"a\000b.example.", r"a\010b.example.", "<script>.example.", r"\"x\",\"y.example.",
        r"=cmd\|x.example.", "-rf.example.", r"a\032b.example.", "10.0.0.1.", r"\195\164.example.", ".")


def test_an_upstream_that_lies(server, upstream):
    """What can be no host's name is dropped, whatever it would do to whom it is shown."""
    clients = {f"198.19.113.{i + 1}": lie for i, lie in enumerate(LIES)}
    up = upstream(names_of({**clients, "198.19.113.99": "Good.Example."}))
    d = server(up)
    met(d, *clients, "198.19.113.99")
    called(d, "198.19.113.99", "good.example")
    wait_until(lambda: d.counted("ptr_answered") == len(clients) + 1, slow(20, 60), "all were answered")
    assert all(shown(d)[client] == ("", "") for client in clients)
    for done in ctl(d.socket, "clients"), ctl(d.socket, "report", "--format", "json"), ctl(d.socket, "report"):
        assert done.returncode == 0 and all(" " <= c or c == "\n" for c in done.stdout)
    met(d, *clients, "198.19.113.99")        # and is not asked for again
    wait_until(lambda: d.counted("ledger_written") >= 2 * len(clients) + 2, slow(10, 30), "they are written down")
    assert d.counted("ptr_asked") == len(clients) + 1


def test_answers_that_are_none(server, upstream):
    """Other names, other IDs, rubbish, failures: nothing is known."""
    def script(q):
        if q.type != "PTR":
            return q.reply(f"{q.name} 300 IN A 198.19.113.{q.name.split('.')[0][1:]}")
        last = int(q.name.split(".")[0])
        if last == 1:
            return q.reply(f"{reverse('198.19.113.77')} 300 IN PTR other.example.")
        if last == 2:
            forged = bytearray(q.reply(f"{q.name} 300 IN PTR forged.example.").to_wire())
            forged[0] ^= 0xff
            return bytes(forged)
        if last == 3:
            return q.wire[:12] + b"\xff" * 40
        if last == 4:
            return q.reply(rcode="REFUSED")
        return q.reply(f"{q.name} 300 IN PTR x{last}.example.")
    up = upstream(script)
    d = server(up)
    met(d, "198.19.113.1", "198.19.113.5")
    called(d, "198.19.113.5", "x5.example")
    met(d, "198.19.113.4")
    wait_until(lambda: d.counted("ptr_failed") == 1, slow(20, 40), "it is refused")
    met(d, "198.19.113.2", "198.19.113.3")
    wait_until(lambda: d.counted("ptr_failed") == 3, slow(30, 60), "no answer is taken")
    assert {c: n for c, (n, _) in shown(d).items() if n} == {"198.19.113.5": "x5.example"}


def test_names_that_cannot_be_checked(server, upstream):
    """Silence, refusal, loops, a crowd: such a name is unconfirmed, and nobody else's turn is lost."""
    crowd = [f"x{i:02}.crowd.example." for i in range(40)]
    names = {1: ["silent.example."], 2: ["refused.example."], 3: ["loop.example."], 4: crowd, 5: ["good.example."]}

    def script(q):
        if q.type == "PTR":
            return q.reply(*(f"{q.name} 300 IN PTR {name}" for name in names[int(q.name.split(".")[0])]))
        if q.name == "silent.example.":
            return None
        if q.name == "refused.example.":
            return q.reply(rcode="REFUSED")
        if q.name == "loop.example.":
            return q.reply("loop.example. 300 IN CNAME b.example.", "b.example. 300 IN CNAME loop.example.")
        if q.name == "good.example.":
            return q.reply("good.example. 300 IN CNAME a.example.", "a.example. 300 IN A 198.19.113.5")
        return q.reply(f"{q.name} 300 IN A 192.0.2.1")
    up = upstream(script)
    d = server(up)
    met(d, *(f"198.19.113.{i}" for i in names))
    wanted = {f"198.19.113.{i}": (of[0].rstrip("."), "ptr" if i == 5 else "ptr-unconfirmed") for i, of in names.items()}
    wait_until(lambda: shown(d) == wanted, slow(40, 90), "each is known, as far as it goes")
    checked = {q.name for q in up.questions if q.type == "A"}
    assert checked & set(crowd) == set(crowd[:3]) and d.counted("ptr_failed") == 0 and d.counted("ptr_confirmed") == 1
    # CNAMEs of the reverse name that go round have no name at their end
    up.script = lambda q: q.reply(f"{q.name} 300 IN CNAME 7.0-15.example.", f"7.0-15.example. 300 IN CNAME {q.name}",
                                  f"{q.name} 300 IN PTR liar.example.") if q.type == "PTR" else script(q)
    met(d, "198.19.113.7")
    wait_until(lambda: d.counted("ptr_answered") + d.counted("ptr_failed") == 6, slow(20, 60), "it is answered")
    assert shown(d)["198.19.113.7"] == ("", "")


def test_a_network_that_is_silent(server, upstream):
    """Who keeps silent of his own addresses, or answers late, has nobody else wait for long."""
    def script(q):
        if q.type == "PTR" and q.name.endswith(".7.18.198.in-addr.arpa."):
            return None
        return good(q)
    good = names_of({f"203.1.{i}.1": f"x{i}.example." for i in range(5)})
    d = server(upstream(script))
    for i in range(5):      # twenty of his before each
        met(d, *(f"198.18.7.{20 * i + k}" for k in range(20)), f"203.1.{i}.1")
    for i in range(5):
        called(d, f"203.1.{i}.1", f"x{i}.example", 60)
    wait_until(lambda: d.counted("ptr_lost") > 50, slow(30, 90), "most of his are not asked for")
    assert d.counted("ptr_confirmed") == 5 and d.counted("ptr_failed") < 50


def test_a_silent_upstream(server, upstream):
    """Nobody waits for it: not who asks, not who looks, not the end; and it is not asked for each."""
    up = upstream(lambda q: None)
    d = server(up)
    clients = [f"198.19.113.{i}" for i in range(1, 101)]
    met(d, *clients)
    wait_until(lambda: len(shown(d)) == 100, slow(10, 30), "they are written down")
    wait_until(lambda: d.counted("ptr_failed") + d.counted("ptr_lost") >= 100, slow(60, 120), "it is given up")
    assert len(asked(up)) <= 16
    up.script = names_of({client: "late.example." for client in clients})
    met(d, "198.19.113.200")
    d.stop()


# ---- many, and for long

def flood(d, count):
    """So many clients ask, each once; no answer is waited for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((FORWARDER, 0))
        s.setblocking(False)
        for i in range(count):
            option = dns.edns.ECSOption(f"198.{18 + i // 65536}.{i // 256 % 256}.{i % 256}", 32)
            s.sendto(query("c2.test", options=[option]).to_wire(), d.address)
            if i % 50 == 49:
                time.sleep(0.01)


def test_ten_thousand_clients(server, upstream):
    """All are written down; asked for are as many as the rate lets, and the queue has."""
    up = upstream(lambda q: q.reply(f"{q.name} 300 IN PTR x.example.") if q.type == "PTR" else q.negative())
    d = server(up)
    began = time.monotonic()
    flood(d, 10000)
    wait_until(lambda: d.counted("findings") >= 9900, slow(20, 60), "their queries have come")
    wait_until(lambda: d.counted("ledger_written") >= 9900, slow(30, 90), "they are written down")
    wait_until(lambda: d.counted("ptr_lost") > 0, slow(10, 30), "most are not asked for")
    most = RATE * (time.monotonic() - began) + 1
    assert d.counted("ptr_asked") <= most
    assert addresses(ask(d.address, "c2.test")) == [IPV4]
    names = [q.name for q in asked(up)]
    assert len(names) == len(set(names)) <= RATE * (time.monotonic() - began) + 1
    lost = d.counted("ptr_lost")
    assert 9900 - QUEUE - RATE * (time.monotonic() - began) <= lost <= 10000
    shown(d)        # has those be asked for that are shown: before all others
    wait_until(lambda: sum(name == "x.example" for name, _ in shown(d).values()) >= 100, slow(30, 90), "they are named")


def test_reloads(server, upstream):
    """Turned on and off, and by other upstreams, while it goes on; what is known stays known."""
    one = upstream(names_of({"198.19.113.1": "one.example.", "198.19.113.2": "wrong.example."}))
    two = upstream(names_of({"198.19.113.1": "wrong.example.", "198.19.113.2": "two.example."}))
    d = server(one)
    met(d, "198.19.113.1")
    called(d, "198.19.113.1", "one.example")
    d.config["upstreams"] = [two.address]
    d.write_config()
    d.reload()
    met(d, "198.19.113.1", "198.19.113.2")
    called(d, "198.19.113.2", "two.example")
    assert shown(d)["198.19.113.1"] == ("one.example", "ptr") and len(asked(one)) == len(asked(two)) == 1
    d.configure({"server": {"client-ptr": False}})
    d.reload()
    wait_until(lambda: set(shown(d).values()) == {("", "")}, slow(10, 30), "it is off")
    met(d, "198.19.113.3")
    wait_until(lambda: "198.19.113.3" in shown(d), slow(10, 30), "it is written down")
    for i in range(6):      # amid a flood
        flood(d, 500)
        d.configure({"server": {"client-ptr": i % 2 == 0}})
        d.reload()
    assert not asked(two, "198.19.113.3")
    d.configure({"server": {"client-ptr": True}})
    d.reload()
    met(d, "198.19.113.2")
    called(d, "198.19.113.2", "two.example")
    d.stop()
