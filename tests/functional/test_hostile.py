# SPDX-License-Identifier: BSD-2-Clause
"""What hostile clients do to the machine that we run on, and what others are answered meanwhile."""
import os
import subprocess
import sys

import pytest

from harness import namespace
from harness.client import run_client
from harness.daemon import IPV4
from harness.program import wait_until

HOST = "10.77.0.1"

# Sends so many queries a second to HOST in the name of hosts of its network that are not there.
FORGER = """
import random, socket, struct, sys, time
port, rate = int(sys.argv[1]), int(sys.argv[2])
dns = struct.pack("!6H", 1, 0x100, 1, 0, 0, 0) + b"\\6forged\\6listed\\4test\\0\\0\\1\\0\\1"
target = socket.inet_aton("10.77.0.1")
packets = []
for i in range(2000):
    udp = struct.pack("!4H", 1024 + i, port, 8 + len(dns), 0) + dns
    source = bytes([10, 77, 9, 1 + i % 200])
    packets.append(struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), i, 0, 64, 17, 0) + source
                   + target + udp)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
begin, sent = time.monotonic(), 0
while True:
    if sent > (time.monotonic() - begin) * rate:
        time.sleep(0.001)
        continue
    s.sendto(packets[sent % len(packets)], ("10.77.0.1", 0))
    sent += 1
"""


def own_network():
    """A network whose only other host never says who it is."""
    script = (f"ip link set lo up && ip link add v0 type veth peer name v1 && "
              f"ip addr add {HOST}/16 dev v0 && ip link set v0 up && ip link set v1 up && "
              'exec "$0" "$@"')
    return namespace._or_skip([*namespace._unshare("-n"), "sh", "-c", script])


@pytest.mark.skipif(os.geteuid() != 0, reason="the system's limit of send buffers is for root to pass")
def test_forged_addresses_of_the_own_network(daemon):
    """Seen before: 2,000 queries a second from hosts that are not there, and nobody was answered:
    the kernel looked for the hosts, the send buffer was full, and each answer waited for room."""
    prefix = own_network()
    d = daemon({"server": {"workers": 1}})
    d.configure({"server": {"listen": [f"{HOST}@{d.port}"]}})
    d.add_list("one", "listed.test\n").start(prefix)
    inside = namespace.joined(d.program.pid)
    rate = 5000
    forger = subprocess.Popen([*inside, sys.executable, "-c", FORGER, str(d.port), str(rate)],
                              stdin=subprocess.DEVNULL)
    try:
        before = d.counted("queries_udp")
        wait_until(lambda: d.counted("queries_udp") > before + 5 * rate, 60, "it is flooded")
        assert forger.poll() is None
        for i in range(10):
            done = run_client([*inside, "dig", "-r", f"@{HOST}", "-p", str(d.port), "+short",
                               "+tries=1", "+time=5", f"n{i}.listed.test"])
            assert done.stdout == f"{IPV4}\n", (i, done.stdout, d.log())
    finally:
        forger.kill()
        forger.wait()
    assert d.counted("send_errors") == 0
