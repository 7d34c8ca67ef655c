#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same random zones and queries to BIND and to sinkholed, both before one upstream: what the two
answer is compared, record by record, and every difference is told.

    rpz_bind.py [--zones N] [--queries N] [--seed N] SINKHOLED

Zones are of triggers by name, exact and wildcard, nested so that wildcards end at names of the zone;
two zones stand one behind the other.  Not compared are what docs/rpz.md has as a choice of ours:
TTLs, the SOA of denials, additional records.
"""
import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))
sys.dont_write_bytecode = True

import dns.exception  # noqa: E402

from harness.client import ask, rcode, records  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.upstream import ELSEWHERE, ScriptedUpstream  # noqa: E402

HEAD = "$TTL 300\n@ SOA ns.rpz. host.rpz. 7 3600 600 86400 30\n@ NS localhost.\n"
LABELS = ["a", "b", "c"]
TYPES = ["A", "AAAA", "TXT", "MX", "CNAME", "ANY"]
ACTIONS = ["CNAME .", "CNAME *.", "CNAME rpz-passthru.", "CNAME rpz-tcp-only.", "CNAME {self}", "A 192.0.2.1",
           "A 192.0.2.2", "AAAA 2001:db8::1", "TXT \"x\"", "MX 1 mail.example.", "CNAME garden.example.",
           "CNAME *.garden.example.", "CNAME a.b.example."]

BIND = """\
options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; recursion yes; allow-query {{ any; }}; forward only; dnssec-validation no;
  forwarders {{ 127.0.0.1 port {upstream}; }}; empty-zones-enable no; minimal-responses yes; minimal-any no;
  response-policy {{ zone "rpz1"; zone "rpz2"; }} qname-wait-recurse no break-dnssec yes; }};
controls {{ }};
zone "rpz1" {{ type primary; file "rpz1"; notify no; }};
zone "rpz2" {{ type primary; file "rpz2"; notify no; }};
"""
OURS = """\
server: {{listen: ["127.0.0.1@{port}"], user: root, cookies: false}}
upstreams: [{{address: "127.0.0.1@{upstream}"}}]
outgoing: {{avoid-ports: ["10000-31999"]}}
local: {{special-use: false, single-labels: false, canaries: false}}
guard: {{public-suffixes: false}}
lists:
- {{name: one, file: "{folder}/rpz1", format: rpz, min-entries: 0, max-bad: 100}}
- {{name: two, file: "{folder}/rpz2", format: rpz, min-entries: 0, max-bad: 100}}
"""


def script(q):
    """Some names lead to others, most have an address."""
    chain = [f"{q.name} 60 IN CNAME a.{q.name}"] if q.name.startswith("c.") else []
    last = f"a.{q.name}" if chain else q.name
    if q.type in ("CNAME", "ANY") and chain:
        return q.reply(*chain)
    if q.type in ("A", "ANY"):
        return q.reply(*chain, f"{last} 60 IN A {ELSEWHERE}")
    return q.reply(*chain, authority=["example. 60 IN SOA . . 1 1 1 1 60"])


def random_name(rng):
    return ".".join([*(rng.choice(LABELS) for _ in range(rng.randint(1, 4))), "example"])


def random_zone(rng):
    """Owners are of one action each, or of records that may stand together."""
    rules, lines = {}, []
    for _ in range(rng.randint(3, 14)):
        name = ("*." if rng.random() < 0.4 else "") + random_name(rng)
        action = rng.choice(ACTIONS)
        others = rules.setdefault(name, [])
        if others and (action.startswith("CNAME") or others[0].startswith("CNAME")) or action in others:
            continue
        if action == "CNAME {self}" and name.startswith("*"):
            continue
        others.append(action)
    for name, actions in rules.items():
        lines += [f"{name} {action.format(self=name + '.')}\n" for action in actions]
    rng.shuffle(lines)
    return HEAD + "".join(lines)


def answer_of(port, name, kind, tcp):
    try:
        answer = ask(("127.0.0.1", port), name, kind, timeout=3, tcp=tcp)
    except dns.exception.Timeout:
        return "nothing"
    truncated = " truncated" if answer.flags & 0x0200 else ""
    return rcode(answer) + truncated, sorted((o.lower(), k, t.lower()) for o, k, t in records(answer))


class Pair:
    """BIND and sinkholed with the same zones."""

    def __init__(self, folder, binary, upstream):
        self.folder, self.ports = folder, (free_port(), free_port())
        (folder / "named.conf").write_text(BIND.format(folder=folder, port=self.ports[0], upstream=upstream))
        (folder / "ours.yaml").write_text(OURS.format(folder=folder, port=self.ports[1], upstream=upstream))
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


def is_link_itself(answer, kind, name):
    """BIND gives the upstream's CNAME to who asks for CNAME or ANY, wherever it leads."""
    link = (f"{name}.", "CNAME", f"a.{name}.")
    return kind in ("CNAME", "ANY") and name.startswith("c.") and answer == ("NOERROR", [link])


def compare(pair, rng, queries, seed, chains, links):
    found = 0
    for _ in range(queries):
        name, kind, tcp = random_name(rng), rng.choice(TYPES), rng.random() < 0.2
        theirs, ours = (answer_of(port, name, kind, tcp) for port in pair.ports)
        theirs = only_first_cname(theirs, kind, name)
        if theirs != ours and is_link_itself(theirs, kind, name):
            links.append(name)
        elif theirs != ours and without_chain(theirs, name) == ours:
            chains.append(name)
        elif theirs != ours:
            found += 1
            print(f"zone {seed}: {name} {kind}{' over TCP' if tcp else ''}\n  BIND {theirs}\n  ours {ours}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--zones", type=int, default=20)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("sinkholed")
    wanted = parser.parse_args()
    upstream = ScriptedUpstream(script)
    found, chains, links = 0, [], []
    for seed in range(wanted.seed, wanted.seed + wanted.zones):
        rng = random.Random(seed)
        with tempfile.TemporaryDirectory(prefix="rpz-bind-") as name:
            folder = Path(name)
            for zone in ("rpz1", "rpz2"):
                (folder / zone).write_text(random_zone(rng))
            pair = Pair(folder, wanted.sinkholed, upstream.port)
            try:
                pair.wait()
                differ = compare(pair, rng, wanted.queries, seed, chains, links)
            finally:
                pair.close()
            found += differ
            if differ:
                print("".join(f"--- {z}\n{(folder / z).read_text()[len(HEAD):]}" for z in ("rpz1", "rpz2")))
    upstream.close()
    print(f"{wanted.zones} pairs of zones, {wanted.zones * wanted.queries} queries, {found} differences, "
          f"{len(chains)} answers without the upstream's CNAMEs before what a rule gives, "
          f"{len(links)} CNAMEs that lead to a listed name and were asked for as such")
    return found > 0


if __name__ == "__main__":
    sys.exit(main())
