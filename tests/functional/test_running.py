# SPDX-License-Identifier: BSD-2-Clause
"""It keeps running: with few files, beside other services, in a network that comes late."""
import socket
import subprocess

from harness import namespace
from harness.client import addresses, ask, exchange_many
from harness.daemon import IPV4
from harness.upstream import ELSEWHERE

# ---- files

FILES = ["prlimit", "--nofile=300"]


def test_few_files_leave_some_for_clients_and_loads(daemon, upstream):
    up = upstream(lambda q: q.address())
    d = daemon({"upstreams": [up.address]})
    d.add_list("one", "blocked.test\n").start(FILES)
    assert "300 files may be open" in d.log()
    held = []
    try:
        for number in range(3):     # each round asks from as many ports as there are
            exchange_many(d.address, [f"r{number}n{i}.test" for i in range(600)], window=50)
            for _ in range(60):     # clients who take all that clients may have
                held.append(socket.create_connection(d.address, 5))
            assert addresses(ask(d.address, "blocked.test", tcp=True)) == [IPV4]
            d.write_list("one", "blocked.test\nmore%d.test\n" % number)
            d.reload_well()
            assert addresses(ask(d.address, f"more{number}.test")) == [IPV4]
    finally:
        for s in held:
            s.close()
    assert addresses(ask(d.address, "other.test", tcp=True)) == [ELSEWHERE]
    assert "cannot accept" not in d.log()


# ---- source ports

def source_ports(up):
    return {q.port for q in up.questions if q.transport == "udp"}


def test_ports_to_avoid(daemon, upstream):
    up = upstream(lambda q: q.address())
    d = daemon({"upstreams": [up.address],
                "outgoing": {"avoid-ports": ["1024-50000", 60000, "60001-65535"]}}).start()
    exchange_many(d.address, [f"n{i}.test" for i in range(800)], window=50)
    ports = source_ports(up)
    assert len(ports) > 100
    assert all(50000 < port < 60000 for port in ports)
    d.configure({"outgoing": {"avoid-ports": ["1024-3000", "5000-65535"]}})
    d.reload_well()
    up.questions.clear()
    exchange_many(d.address, [f"m{i}.test" for i in range(70000 // 128)], window=50)
    # those that are open already are used until they are used up
    assert any(3000 < port < 5000 for port in source_ports(up))
    assert not any(port < 3000 or 5000 <= port <= 50000 for port in source_ports(up))


def test_too_few_ports_are_refused(daemon):
    d = daemon({"outgoing": {"avoid-ports": ["1024-65000"]}})
    assert "outgoing.avoid-ports: fewer than 1024 ports would be left" in d.fails_to_start()


def test_ports_that_the_system_reserves(daemon):
    reserve = ["sh", "-c",
               "echo 1024-60000,62000-65535 >/proc/sys/net/ipv4/ip_local_reserved_ports && "
               'exec "$0" "$@"']
    prefix = namespace.with_addresses("127.0.0.2/8") + reserve
    namespace._or_skip(prefix)
    d = daemon().start(prefix)
    client = namespace.joined(d.program.pid)
    subprocess.run([*client, "dig", "@127.0.0.1", "-p", str(d.port), "+tries=1", "+time=1", *
                    [f"n{i}.test" for i in range(8)]], stdin=subprocess.DEVNULL,
                   capture_output=True, timeout=60)
    rows = open(f"/proc/{d.program.pid}/net/udp").read().splitlines()[1:]
    ports = [int(row.split()[1].split(":")[1], 16) for row in rows]
    ports = [port for port in ports if port != d.port]
    assert ports and all(60000 < port < 62000 for port in ports)
