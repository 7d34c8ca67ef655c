# SPDX-License-Identifier: BSD-2-Clause
"""What clients are called by the files that DHCP servers and operators keep, while these change."""
import csv
import io
import json
import os
import threading
import time

import dns.edns
import pytest

from harness.build import slow
from harness.client import addresses, ask
from harness.control import ask_socket, ctl
from harness.daemon import IPV4
from harness.program import wait_until

FORWARDER = "127.0.0.2"
KEA = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n"


@pytest.fixture
def server(daemon, tmp_path):
    """A daemon whose clients a forwarder names, and that reads these files."""
    def make(*files, **options):
        d = daemon({"server": {"client-subnet-from": [FORWARDER + "/32"],
                               "client-names": [str(tmp_path / file) for file in files], **options},
                    "state": {"directory": str(tmp_path / "state")}, "control": {"socket": str(tmp_path / "socket")}})
        d.socket = tmp_path / "socket"
        d.add_list("bots", "c2.test\n").start()
        wait_until(lambda: d.counted("names_read") + d.counted("names_failed") >= len(files), slow(10, 30), "they are looked at")
        return d
    return make


def met(d, *clients):
    """They have asked for a listed name, and that is written down."""
    began = int(time.time())
    for client in clients:
        option = dns.edns.ECSOption(client, 128 if ":" in client else 32)
        assert addresses(ask(d.address, "c2.test", source=FORWARDER, options=[option])) == [IPV4]
    wait_until(lambda: all(last >= began for c, last in seen(d).items() if c in clients) and set(clients) <= set(seen(d)),
               slow(10, 30), "they are written down")


def clients_of(d):
    status, _, body = ask_socket(d.socket, "GET", "/v1/clients")
    assert status == 200, body
    return {c["client"]: c for c in json.loads(body)["clients"]}


def seen(d):
    return {client: c["last"] for client, c in clients_of(d).items()}


def shown(d):
    """{client: (name, who says so)}"""
    return {client: (c["hostname"], c["hostname_from"]) for client, c in clients_of(d).items()}


def becomes(d, client, name, source):
    wait_until(lambda: shown(d).get(client) == (name, source), slow(20, 60), f"{client} is {name}")


def replace(path, text):
    """As DHCP servers do it."""
    (path.parent / "new").write_text(text)
    os.rename(path.parent / "new", path)


def kea(address, name, since, lasts=3600, mac="00:11:22:33:44:55", state=0):
    return f"{address},{mac},,{lasts},{since + lasts},1,0,0,{name},{state},,0\n"


def test_each_form(server, tmp_path):
    now = int(time.time())
    (tmp_path / "hosts").write_text("192.0.2.1 Router.example\n192.0.2.4 ours.example\n")
    (tmp_path / "dnsmasq").write_text(f"{now + 3600} 00:11:22:33:44:55 192.0.2.2 laptop 01:00:11:22:33:44:55\n"
                                      f"{now + 3600} 99 2001:db8::2 phone 00:01\n{now - 9} * 192.0.2.9 ended *\n")
    (tmp_path / "kea").write_text(KEA + kea("192.0.2.3", "printer.lan", now - 60) + kea("192.0.2.4", "theirs.lan", now - 60)
                                  + kea("192.0.2.8", "ended.lan", now - 7200))
    begin, end = (time.strftime("%w %Y/%m/%d %H:%M:%S", time.gmtime(now + s)) for s in (-60, 3600))
    (tmp_path / "isc").write_text(f"lease 192.0.2.5 {{\n  starts {begin};\n  ends {end};\n  binding state active;\n"
                                  '  hardware ethernet 00:aa:bb:cc:dd:ee;\n  client-hostname "tablet";\n}\n')
    d = server("hosts", "dnsmasq", "kea", "isc")
    wanted = {"192.0.2.1": ("router.example", "hosts"), "192.0.2.2": ("laptop", "lease"), "2001:db8::2": ("phone", "lease"),
              "192.0.2.3": ("printer.lan", "lease"), "192.0.2.4": ("ours.example", "hosts"), "192.0.2.5": ("tablet", "lease"),
              "192.0.2.7": ("", ""), "192.0.2.8": ("", ""), "192.0.2.9": ("", "")}
    met(d, *wanted)
    assert shown(d) == wanted
    rows = {r["client"]: r for r in csv.DictReader(io.StringIO(ctl(d.socket, "report").stdout))}
    assert {c: (r["hostname"], r["hostname_from"]) for c, r in rows.items()} == wanted
    assert rows["192.0.2.5"]["mac"] == "00:aa:bb:cc:dd:ee" and rows["192.0.2.4"]["mac"] == "00:11:22:33:44:55"
    events = map(json.loads, ctl(d.socket, "report", "--format", "ecs").stdout.splitlines())
    assert {e["client"]["ip"]: e["client"].get("domain", "") for e in events} == {c: n for c, (n, _) in wanted.items()}
    assert "192.0.2.2 " in ctl(d.socket, "clients").stdout and "laptop (lease)" in ctl(d.socket, "clients").stdout


def test_an_address_that_goes_to_another(server, tmp_path):
    """The name is whose the address was when the client last asked."""
    leases = tmp_path / "leases"
    leases.write_text("0 00:11:22:33:44:55 192.0.2.2 former *\n")
    d = server("leases")
    met(d, "192.0.2.2")
    assert shown(d) == {"192.0.2.2": ("former", "lease")}
    wait_until(lambda: time.time() > seen(d)["192.0.2.2"] + 1, 5, "another second")
    reads = d.counted("names_read")
    replace(leases, "0 00:11:22:33:44:66 192.0.2.2 latter *\n")
    wait_until(lambda: d.counted("names_read") > reads, slow(10, 30), "it is read")
    assert shown(d) == {"192.0.2.2": ("former", "lease")}
    met(d, "192.0.2.2")
    assert shown(d) == {"192.0.2.2": ("latter", "lease")}
    row, = csv.DictReader(io.StringIO(ctl(d.socket, "report").stdout))
    assert (row["hostname"], row["mac"]) == ("latter", "00:11:22:33:44:66")


def test_a_log_that_grows(server, tmp_path):
    """Kea: what is added, what is cut in the middle of a line, what is given back."""
    now = int(time.time())
    leases = tmp_path / "kea"
    leases.write_text(KEA)
    d = server("kea")
    met(d, "192.0.2.2", "192.0.2.3")
    line = kea("192.0.2.3", "second.lan", now - 60)
    with leases.open("a") as file:
        file.write(kea("192.0.2.2", "first.lan", now - 60) + line[:len(line) // 2])
    becomes(d, "192.0.2.2", "first.lan", "lease")
    assert shown(d)["192.0.2.3"] == ("", "")
    with leases.open("a") as file:
        file.write(line[len(line) // 2:])
    becomes(d, "192.0.2.3", "second.lan", "lease")
    with leases.open("a") as file:
        file.write(kea("192.0.2.2", "first.lan", now - 60, lasts=0))
    becomes(d, "192.0.2.2", "", "")
    assert shown(d)["192.0.2.3"] == ("second.lan", "lease") and d.counted("names_failed") == 0


def test_kea_tidies_up(server, tmp_path):
    """The log is set aside, and becomes another file after a while (LFC): nobody is without a name meanwhile, nor after a restart."""
    now = int(time.time())
    log, aside, tidy = (tmp_path / name for name in ("kea", "kea.1", "kea.2"))
    log.write_text(KEA + kea("192.0.2.2", "old.lan", now - 900, lasts=600) + kea("192.0.2.2", "laptop.lan", now - 60)
                   + kea("192.0.2.3", "printer.lan", now - 60, mac="00:11:22:33:44:66"))
    d = server("kea", "kea.2")
    met(d, "192.0.2.2", "192.0.2.3", "192.0.2.4")
    wanted = {"192.0.2.2": ("laptop.lan", "lease"), "192.0.2.3": ("printer.lan", "lease"), "192.0.2.4": ("", "")}
    assert shown(d) == wanted
    log.rename(aside)
    reads = d.counted("names_read")
    log.write_text(KEA)
    with log.open("a") as file:
        file.write(kea("192.0.2.4", "phone.lan", now - 30, mac="00:11:22:33:44:77"))
    becomes(d, "192.0.2.4", "phone.lan", "lease")
    wanted["192.0.2.4"] = ("phone.lan", "lease")
    assert shown(d) == wanted and d.counted("names_read") > reads
    reads = d.counted("names_read")
    (tmp_path / "kea.completed").write_text(KEA + kea("192.0.2.2", "laptop.lan", now - 60)
                                            + kea("192.0.2.3", "printer.lan", now - 60, mac="00:11:22:33:44:66"))
    (tmp_path / "kea.completed").rename(tidy)
    aside.unlink()
    wait_until(lambda: d.counted("names_read") > reads, slow(10, 30), "it is read")
    assert shown(d) == wanted
    d.stop()
    d.start()
    wait_until(lambda: shown(d) == wanted, slow(10, 30), "they are known again")


def test_thousands_of_leases_a_second(server, tmp_path):
    """Written over in place, as dnsmasq does it, by half at a time: each address has its own name, or none."""
    leases = tmp_path / "leases"
    leases.write_text("")
    d = server("leases")
    clients = [f"10.1.{i // 250}.{i % 250 + 1}" for i in range(3000)]
    some = clients[::300]
    met(d, *some)
    ending = threading.Event()

    def write():
        turn = 0
        while not ending.is_set():
            turn += 1
            lines = "".join(f"0 02:00:00:00:{i >> 8:02x}:{i & 255:02x} {client} n-{client.replace('.', '-')} *\n"
                            for i, client in enumerate(clients) if i % 300 == 0 or (i + turn) % 7)
            with leases.open("r+") as file:
                file.write(lines[:len(lines) // 2])
                file.flush()
                file.write(lines[len(lines) // 2:])
                file.flush()
                file.truncate()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wanted = {client: (f"n-{client.replace('.', '-')}", "lease") for client in some}
        for _ in range(2):
            reads = d.counted("names_read")
            wait_until(lambda: d.counted("names_read") > reads, slow(20, 60), "it is read all the same")
            met(d, *some)
            wait_until(lambda: all(found in (wanted[c], ("", "")) for c, found in shown(d).items()) and shown(d) == wanted,
                       slow(20, 60), "all have their own names")
        assert d.counted("names_failed") == 0
    finally:
        ending.set()
        writer.join()


LIES = ("-rf", "192.0.2.99", "<script>alert(1)</script>", "\x1b[31mred", '"=cmd|x', "a;b", "a b", "k\xfcche", "x" * 64, "a..b", "%s%n")


def test_hostile_clients(server, tmp_path):
    """Who asks for an address chooses its name."""
    clients = {f"192.0.2.{i + 1}": lie for i, lie in enumerate(LIES)}
    text = "".join(f"0 00:11:22:33:44:55 {client} {lie} *\n" for client, lie in clients.items())
    (tmp_path / "leases").write_bytes(b"0 * 192.0.2.200 " + b"y" * 5_000_000 + b" *\n\0\0\0\n" + text.encode("latin-1")
                                      + b"0 * 192.0.2.100 Good *\n0 * 192.0.2.101 " + b"z" * 40)
    now = int(time.time())
    (tmp_path / "kea").write_text(KEA + "".join(kea(c, lie, now - 9) for c, lie in clients.items()), encoding="latin-1")
    d = server("leases", "kea")
    met(d, *clients, "192.0.2.100", "192.0.2.101", "192.0.2.200")
    assert {c: n for c, (n, _) in shown(d).items() if n} == {"192.0.2.100": "good"}
    for done in ctl(d.socket, "clients"), ctl(d.socket, "report", "--format", "json"), ctl(d.socket, "report", "--format", "cef"):
        assert done.returncode == 0 and all(" " <= c or c == "\n" for c in done.stdout)


def test_careless_operators(server, tmp_path):
    """Missing, a folder, unreadable: told once, and what was known stays."""
    (tmp_path / "folder").mkdir()
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.1 one.example\n")
    d = server("none", "folder", "hosts")
    met(d, "192.0.2.1")
    assert shown(d) == {"192.0.2.1": ("one.example", "hosts")} and d.counted("names_failed") == 2
    hosts.unlink()
    wait_until(lambda: d.counted("names_failed") == 3, slow(10, 30), "it is told")
    wait_until(lambda: time.time() > hosts.parent.stat().st_mtime + 3, slow(10, 30), "some more looks")
    assert d.counted("names_failed") == 3 and shown(d) == {"192.0.2.1": ("one.example", "hosts")}
    assert sum("client-names" in line and "none" in line for line in d.log().splitlines()) == 1
    hosts.write_text("192.0.2.1 two.example\n")
    becomes(d, "192.0.2.1", "two.example", "hosts")
    d.configure({"server": {"client-names": [str(tmp_path / "none")]}})
    d.reload()
    becomes(d, "192.0.2.1", "", "")
    d.configure({"server": {"client-names": [str(hosts)]}})
    d.reload()
    becomes(d, "192.0.2.1", "two.example", "hosts")
