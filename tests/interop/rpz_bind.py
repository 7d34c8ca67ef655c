#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same random zones and queries to BIND and to sinkholed, both before one upstream: what the two
answer is compared, record by record, and every difference is told.

    rpz_bind.py [--zones N] [--queries N] [--seed N] [--lookup] SINKHOLED

Zones are of triggers of all kinds: names, exact and wildcard, nested so that wildcards end at names of
the zone; clients; addresses of answers; name servers and their addresses.  Three zones stand one behind
the other.  With --lookup the upstream says nothing of servers where it is not asked for them: both have to.  Not compared are what docs/rpz.md has as a choice of ours: TTLs, the SOA of denials,
additional records.
"""
import argparse
import multiprocessing
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))
sys.dont_write_bytecode = True

import dns.exception  # noqa: E402
import dns.rdatatype  # noqa: E402
import dns.rrset  # noqa: E402

from harness.client import ask, rcode, records  # noqa: E402
from harness import ports  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.upstream import ScriptedUpstream  # noqa: E402

HEAD = "$TTL 300\n@ SOA ns.rpz. host.rpz. 7 3600 600 86400 30\n@ NS localhost.\n"
LABELS = ["a", "b", "c"]
TYPES = ["A", "AAAA", "TXT", "MX", "CNAME", "ANY"]
ACTIONS = ["CNAME .", "CNAME *.", "CNAME rpz-passthru.", "CNAME rpz-tcp-only.", "CNAME {self}", "A 192.0.2.1",
           "A 192.0.2.2", "AAAA 2001:db8::1", "TXT \"x\"", "MX 1 mail.example.", "CNAME garden.example.",
           "CNAME *.garden.example.", "CNAME a.b.example."]

ADDRESSES = ["203.0.113.1", "203.0.113.2", "203.0.113.77", "198.51.100.7", "198.51.100.130"]
PREFIXES = ["32.1.113.0.203", "32.2.113.0.203", "24.0.113.0.203", "26.64.113.0.203", "24.0.100.51.198",
            "25.128.100.51.198", "8.0.0.0.203"]
CLIENTS = ["127.0.0.1", "127.0.0.2", "127.0.1.1", "127.0.1.2"]
CLIENT_PREFIXES = ["32.2.0.0.127", "24.0.1.0.127", "32.1.1.0.127"]
SERVERS = ["ns.a.example.servers", "ns.b.example.servers", "*.example.servers", "*.c.example.servers"]
SERVER_PREFIXES = ["32.1.0.18.198", "32.2.0.18.198", "31.2.0.18.198", "24.0.0.18.198"]

BIND = """\
options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; recursion yes; allow-query {{ any; }}; forward only; dnssec-validation no;
  forwarders {{ 127.0.0.1 port {upstream}; }}; empty-zones-enable no; minimal-responses yes; minimal-any no;
  response-policy {{ zone "rpz0"; zone "rpz1"; zone "rpz2"; zone "rpz3"; }} qname-wait-recurse no break-dnssec yes; }};
controls {{ }};
zone "rpz0" {{ type primary; file "rpz0"; notify no; }};
zone "rpz1" {{ type primary; file "rpz1"; notify no; }};
zone "rpz2" {{ type primary; file "rpz2"; notify no; }};
zone "rpz3" {{ type primary; file "rpz3"; notify no; }};
"""
OURS = """\
server: {{listen: ["127.0.0.1@{port}"], user: root, cookies: false}}
upstreams: [{{address: "127.0.0.1@{upstream}"}}]
outgoing: {{avoid-ports: ["10000-31999"], ns-lookup: {lookup}}}
local: {{special-use: false, single-labels: false, canaries: false}}
guard: {{public-suffixes: false, shortest-ipv4: 8}}
lists:
- {{name: one, file: "{folder}/rpz1", format: rpz, min-entries: 0, max-bad: 100}}
- {{name: two, file: "{folder}/rpz2", format: rpz, min-entries: 0, max-bad: 100}}
- {{name: three, file: "{folder}/rpz3", format: rpz, min-entries: 0, max-bad: 100}}
"""


def zone_of(name):
    """The zone that a name lies in, by its last two labels, and that zone's server with its address."""
    labels = name.rstrip(".").split(".")
    zone = ".".join(labels[-2:])
    return f"{zone}.", f"ns.{zone}.servers.", f"198.18.0.{1 + ord(zone[0]) % 4}"


def addresses_of(name):
    """One to three, the same ones each time."""
    rng = random.Random(name)
    return rng.sample(ADDRESSES, rng.randint(1, 3))


def script(q):
    """Some names lead to others, most have an address, and the zones of all have a server."""
    if q.name.endswith(".servers."):
        return q.reply(f"{q.name} 3600 IN A {zone_of(q.name[3:-9])[2]}") if q.type == "A" else q.reply(
            authority=["servers. 60 IN SOA . . 1 1 1 1 60"])
    zone, server, address = zone_of(q.name)
    if q.type == "NS" and q.name == zone:
        return q.reply(f"{zone} 3600 IN NS {server}")
    servers = [f"{zone} 3600 IN NS {server}"]
    chain = [f"{q.name} 60 IN CNAME a.{q.name}"] if q.name.startswith("c.") else []
    last = f"a.{q.name}" if chain else q.name
    if q.type in ("CNAME", "ANY") and chain:
        reply = q.reply(*chain, authority=servers)
    elif q.type in ("A", "ANY"):
        reply = q.reply(*chain, *(f"{last} 60 IN A {a}" for a in addresses_of(last)), authority=servers)
    else:
        reply = q.reply(*chain, authority=[f"{zone} 60 IN SOA . . 1 1 1 1 60", *servers])
    reply.additional = [dns.rrset.from_text(server, 3600, "IN", "A", address)]
    return reply


def minimal(q):
    """The same, and nothing of servers but to who asks for them."""
    reply = script(q)
    if q.type != "NS":
        reply.authority = [rrset for rrset in reply.authority if rrset.rdtype != dns.rdatatype.NS]
        reply.additional = []
    return reply


def random_name(rng):
    return ".".join([*(rng.choice(LABELS) for _ in range(rng.randint(1, 4))), "example"])


def random_owner(rng):
    kind = rng.random()
    if kind < KINDS[0]:
        return ("*." if rng.random() < 0.4 else "") + random_name(rng)
    if kind < KINDS[1]:
        return rng.choice(PREFIXES) + ".rpz-ip"
    if kind < KINDS[2]:
        return rng.choice(CLIENT_PREFIXES) + ".rpz-client-ip"
    if kind < KINDS[3]:
        return rng.choice(SERVERS) + ".rpz-nsdname"
    return rng.choice(SERVER_PREFIXES) + ".rpz-nsip"


ZONES = ("rpz1", "rpz2", "rpz3")
KINDS = (0.6, 0.8, 0.84, 0.92)


def random_zone(rng, taken):
    """Owners are of one action each, or of records that may stand together.  A prefix is in one zone only
    (`taken` are those of the zones before): of one that is in two, BIND does not hold to the order of
    zones (findings/bind-rpz-prefix-in-two-zones.sh)."""
    rules, lines = {}, []
    for _ in range(rng.randint(1, 10)):
        name = random_owner(rng)
        action = rng.choice(ACTIONS)
        if name in taken:
            continue
        others = rules.setdefault(name, [])
        if others and (action.startswith("CNAME") or others[0].startswith("CNAME")) or action in others:
            continue
        if action == "CNAME {self}" and (name.startswith("*") or "rpz-" in name):
            continue
        others.append(action)
    taken.update(name for name in rules if name.endswith("ip"))
    for name, actions in rules.items():
        lines += [f"{name} {action.format(self=name + '.')}\n" for action in actions]
    rng.shuffle(lines)
    return HEAD + "".join(lines)


def answer_of(port, name, kind, tcp, source):
    try:
        answer = ask(("127.0.0.1", port), name, kind, timeout=3, tcp=tcp, source=source)
    except dns.exception.Timeout:
        return "nothing"
    truncated = " truncated" if answer.flags & 0x0200 else ""
    return rcode(answer) + truncated, sorted((o.lower(), k, t.lower()) for o, k, t in records(answer))


class Pair:
    """BIND and sinkholed with the same zones."""

    def __init__(self, folder, binary, upstream, lookup):
        self.folder, self.ports = folder, (free_port(), free_port())
        (folder / "named.conf").write_text(BIND.format(folder=folder, port=self.ports[0], upstream=upstream))
        (folder / "ours.yaml").write_text(OURS.format(folder=folder, port=self.ports[1], upstream=upstream,
                                                     lookup="wait" if lookup else "off"))
        log = (folder / "log").open("w")
        self.programs = [subprocess.Popen(command, stdout=log, stderr=log) for command in (
            [shutil.which("named"), "-g", "-n", "1", "-c", str(folder / "named.conf")],
            [binary, "-c", str(folder / "ours.yaml")])]

    def wait(self):
        for port in self.ports:
            for _ in range(100):
                try:
                    ask(("127.0.0.1", port), "ready.example", timeout=0.3)
                    break
                except (dns.exception.DNSException, OSError):
                    time.sleep(0.1)
            else:
                raise SystemExit("a server does not answer:\n" + (self.folder / "log").read_text())

    def prime(self):
        """BIND looks for NS in its cache: they are there before what they are for is asked, by a client
        that no rule is for, since what is rewritten is not kept."""
        for zone in LABELS:
            for name, kind in ((f"{zone}.example", "NS"), (f"ns.{zone}.example.servers", "A"),
                               (f"ns.{zone}.example.servers", "AAAA")):
                ask(("127.0.0.1", self.ports[0]), name, kind, source="127.0.9.9")

    def close(self):
        for program in self.programs:
            program.terminate()
        for program in self.programs:
            program.wait(10)


def without_chain(answer, name):
    """As if what the CNAMEs of the upstream lead to were said of the name itself: a rule for a link."""
    if answer == "nothing":
        return answer
    code, said = answer
    owner = f"{name}."
    said = dict.fromkeys(said)
    while owner.startswith("c.") and (owner, "CNAME", f"a.{owner}") in said:
        del said[owner, "CNAME", f"a.{owner}"]
        owner = f"a.{owner}"
    return code, sorted((f"{name}." if o == owner else o, k, t) for o, k, t in said)


def only_first_cname(answer, kind, name):
    """BIND follows the CNAME of a rule, where that is of the form *.x, for questions for CNAME and ANY too."""
    made = (f"{name}.", "CNAME", f"{name}.garden.example.")
    if kind not in ("CNAME", "ANY") or answer == "nothing" or made not in answer[1]:
        return answer
    return answer[0], [made]


def expands_link(theirs, ours, name):
    """The target *.x of a rule is made of the name asked for, as all that a rule gives is said of it; BIND
    makes it of the link's name."""
    if "nothing" in (theirs, ours):
        return False
    made = (f"{name}.", "CNAME", f"{name}.garden.example.")
    links = {(o, "CNAME", f"{o}garden.example.") for o, _, _ in theirs[1]}
    return name.startswith("c.") and made in ours[1] and bool(links & set(theirs[1]))


def leads_to_itself(theirs, name):
    """BIND sends a rule's CNAME even where it leads to the name asked for, and follows it, or not; we send
    what the name has."""
    return theirs != "nothing" and (f"{name}.", "CNAME", f"{name}.") in theirs[1]


def is_link_itself(answer, kind, name):
    """BIND gives the upstream's CNAME to who asks for CNAME or ANY, wherever it leads."""
    link = (f"{name}.", "CNAME", f"a.{name}.")
    return kind in ("CNAME", "ANY") and name.startswith("c.") and answer == ("NOERROR", [link])


def compare(pair, rng, queries, seed):
    """What differs, told; and how often each explained difference was: chains, links, circles."""
    told, explained = [], [0, 0, 0]
    for _ in range(queries):
        name, kind, tcp = random_name(rng), rng.choice(TYPES), rng.random() < 0.2
        source = rng.choice(CLIENTS)
        if kind == "ANY" and name.count(".") == 1:
            continue    # BIND answers with the NS that it has kept
        for _ in range(3):    # what is not dropped may be late on a busy machine
            theirs, ours = (answer_of(port, name, kind, tcp, source) for port in pair.ports)
            if (theirs == "nothing") == (ours == "nothing"):
                break
        theirs = only_first_cname(theirs, kind, name)
        if theirs == ours:
            continue
        if is_link_itself(theirs, kind, name):
            explained[1] += 1
        elif leads_to_itself(theirs, name):
            explained[2] += 1
        elif without_chain(theirs, name) == ours or expands_link(theirs, ours, name):
            explained[0] += 1
        else:
            told.append(f"zone {seed}: {name} {kind}{' over TCP' if tcp else ''} from {source}\n"
                        f"  BIND {theirs}\n  ours {ours}")
    return told, explained


def take_ports(shares):
    """Of the ports each process has its share: one that was free to two at once would be both's."""
    share, of = shares.get()
    width = (ports.LAST - ports.FIRST) // of
    ports.FIRST += share * width
    ports.LAST = ports.FIRST + width - 1


def try_zones(wanted, seed):
    rng, taken = random.Random(seed), set()
    upstream = ScriptedUpstream(minimal if wanted.lookup else script)
    try:
        with tempfile.TemporaryDirectory(prefix="rpz-bind-") as name:
            folder = Path(name)
            for zone in ZONES:
                (folder / zone).write_text(random_zone(rng, taken))
            (folder / "rpz0").write_text(HEAD + "32.9.9.0.127.rpz-client-ip CNAME rpz-passthru.\n")
            pair = Pair(folder, wanted.sinkholed, upstream.port, wanted.lookup)
            try:
                pair.wait()
                pair.prime()
                told, explained = compare(pair, rng, wanted.queries, seed)
            finally:
                pair.close()
            if told:
                told += [f"--- {z}\n{(folder / z).read_text()[len(HEAD):]}" for z in ZONES]
            return told, explained
    finally:
        upstream.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--zones", type=int, default=20)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=12, help="zones at a time: what is dropped is waited for")
    parser.add_argument("--lookup", action="store_true")
    parser.add_argument("sinkholed")
    wanted = parser.parse_args()
    found, explained = 0, [0, 0, 0]
    seeds = range(wanted.seed, wanted.seed + wanted.zones)
    shares = multiprocessing.Queue()
    for share in range(wanted.jobs):
        shares.put((share, wanted.jobs))
    with ProcessPoolExecutor(wanted.jobs, initializer=take_ports, initargs=(shares,)) as pool:
        for told, of_zone in pool.map(partial(try_zones, wanted), seeds):
            found += sum(line.startswith("zone ") for line in told)
            explained = [a + b for a, b in zip(explained, of_zone)]
            print(*told, sep="\n", end="\n" if told else "", flush=True)
    chains, links, circles = explained
    print(f"{wanted.zones} times three zones, {wanted.zones * wanted.queries} queries, {found} differences; explained: "
          f"{chains} answers without the upstream's CNAMEs before what a rule gives, "
          f"{links} CNAMEs that lead to a listed name and were asked for as such, "
          f"{circles} CNAMEs of rules that lead to the name itself")
    return found > 0


if __name__ == "__main__":
    sys.exit(main())
