#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who the client is, as others say it: dnsdist by the PROXY protocol, over UDP and TCP; dnsdist and
dnsmasq by EDNS client subnet.

    clients.py SINKHOLED

Each asks for a listed name on behalf of a client; the ledger must have that client's address, and say
that a connection shows it, and that a datagram does not.
"""
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))
sys.dont_write_bytecode = True

import dns.exception  # noqa: E402

from harness.client import addresses, ask  # noqa: E402
from harness.daemon import IPV4, Daemon  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.program import Program, wait_until  # noqa: E402

BY_UDP, BY_TCP = "127.0.0.77", "127.0.0.78"


def answers(address, source, tcp):
    try:
        return addresses(ask(address, "c2.test", source=source, tcp=tcp, timeout=2)) == [IPV4]
    except (OSError, EOFError, dns.exception.DNSException):
        return False


def found(ledger):
    """How often each client asked, and how often it showed its address."""
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5) as db:
        return {row[0]: row[1:] for row in db.execute(
            "SELECT address, sum(count), sum(proven) FROM finding JOIN client ON client.id = finding.client"
            " GROUP BY address")}


def start(folder, **server):
    d = Daemon(folder, {"server": {"allow": ["127.0.0.0/8"], **server}, "state": {"directory": str(folder / "state")}})
    return d.add_list("bots", "c2.test\n").start()


def through(command, folder, port, d):
    """Asks the program, over UDP and TCP; what the ledger has of the two clients."""
    program = Program(command, cwd=folder)
    try:
        wait_until(lambda: answers(("127.0.0.1", port), BY_UDP, False), 15, f"{command[0]} answers over UDP")
        wait_until(lambda: answers(("127.0.0.1", port), BY_TCP, True), 15, f"{command[0]} answers over TCP")
    finally:
        program.kill()
    ledger = folder / "state" / "ledger.db"
    wait_until(lambda: found(ledger).keys() >= {BY_UDP, BY_TCP}, 10, "the ledger has both clients")
    d.stop()
    return found(ledger)


def dnsdist_proxy(folder):
    """The health check's name has to be one that is answered, and the proxy's address allowed, for these
    checks have the header of no client (LOCAL)."""
    d = start(folder, **{"proxy-protocol-from": ["127.0.0.1/32"]})
    port = free_port()
    (folder / "dnsdist.conf").write_text(
        f"setLocal('127.0.0.1:{port}')\nsetSecurityPollSuffix('')\n"
        f"newServer({{address='127.0.0.1:{d.port}', useProxyProtocol=true, checkName='c2.test.'}})\n"
        "addAction(AllRule(), SetProxyProtocolValuesAction({['224']='tenant'}))\n")
    seen = through(["dnsdist", "--supervised", "-C", "dnsdist.conf", "-u", "root", "-g", "root"], folder, port, d)
    assert seen[BY_UDP][1] == 0 and seen[BY_TCP][1] == seen[BY_TCP][0], seen
    return seen


def dnsdist_subnet(folder):
    d = start(folder, **{"client-subnet-from": ["127.0.0.1/32"]})
    port = free_port()
    (folder / "dnsdist.conf").write_text(
        f"setLocal('127.0.0.1:{port}')\nsetSecurityPollSuffix('')\nsetECSSourcePrefixV4(32)\n"
        f"newServer({{address='127.0.0.1:{d.port}', useClientSubnet=true, checkName='c2.test.'}})\n")
    seen = through(["dnsdist", "--supervised", "-C", "dnsdist.conf", "-u", "root", "-g", "root"], folder, port, d)
    assert seen[BY_UDP][1] == 0 and seen[BY_TCP][1] == 0, seen
    return seen


def dnsmasq_subnet(folder):
    """It drops an answer that gives another subnet back than it has sent."""
    d = start(folder, **{"client-subnet-from": ["127.0.0.1/32"]})
    port = free_port()
    seen = through(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                    f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--cache-size=0",
                    "--user=root", "--pid-file=", f"--server=127.0.0.1#{d.port}", "--add-subnet=32,128"],
                   folder, port, d)
    assert seen[BY_UDP][1] == 0 and seen[BY_TCP][1] == 0, seen
    return seen


def main():
    os.environ["SINKHOLED"] = str(Path(sys.argv[1]).resolve())
    for what in (dnsdist_proxy, dnsdist_subnet, dnsmasq_subnet):
        with tempfile.TemporaryDirectory(prefix="clients-") as name:
            print(f"{what.__name__}: {what(Path(name))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
