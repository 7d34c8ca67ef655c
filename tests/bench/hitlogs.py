#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What it costs to know who asks for listed names: our ledger beside the logs of Unbound, BIND and dnsmasq.

    hitlogs.py [--rounds N] [--seconds S] --bin BUILD

Each server answers the same listed names on one thread, with what writes hits down and without, in rounds
that go around all of them; the difference of CPU time an answer, of all threads, is what that costs.  Ours
is the ledger, counted by client, list and name; Unbound's is log-local-actions, BIND's the category rpz,
dnsmasq's log-queries, and Unbound's other way is dnstap, to fstrm_capture(1): a message a query and one an
answer, or the latter alone, which tell of all queries and not which are listed.  From any of these a report
would still have to be made.
"""
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import querylogs  # noqa: E402
from querylogs import SINKHOLE  # noqa: E402


TAP = ["fstrm_capture", "-t", "protobuf:dnstap.Dnstap"]


def names_in(directory):
    return (directory / "names.txt").read_text().split()


def ours(directory, port, log):
    (directory / "queries").touch()     # has no lines
    (directory / "state").mkdir()
    (directory / "config").write_text(
        f'server: {{listen: ["127.0.0.1@{port}"], workers: 1, user: root}}\n'
        f"state: {{directory: {directory}/state}}\nevidence: {{ledger: {'true' if log else 'false'}}}\n"
        f"lists: [{{name: bench, file: {directory}/names.txt, sinkhole: {{ipv4: {SINKHOLE}}}}}]\n")


def unbound(directory, port, log):
    querylogs.unbound(directory, port, log, says="log-local-actions: yes")


def unbound_dnstap(directory, port, log, of=("query", "response")):
    querylogs.unbound(directory, port, log, says="", more=(
        f'dnstap:\n  dnstap-enable: yes\n  dnstap-socket-path: "{directory}/tap"\n'
        + "".join(f"  dnstap-log-client-{what}-messages: yes\n" for what in of)))
    return [*TAP, "-u", f"{directory}/tap", "-w", f"{directory}/queries"] if log else None


def unbound_responses(directory, port, log):
    return unbound_dnstap(directory, port, log, of=("response",))


def bind(directory, port, log):
    (directory / "zone").write_text("$TTL 60\n@ SOA ns.bench. host.bench. 1 3600 600 86400 60\n@ NS ns.bench.\n" +
                                    "".join(f"{name} A {SINKHOLE}\n*.{name} A {SINKHOLE}\n" for name in names_in(directory)))
    (directory / "config").write_text(
        f'options {{ directory "{directory}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n'
        f'  recursion yes; dnssec-validation no; pid-file none; session-keyfile "{directory}/key";\n'
        "  forwarders { 127.0.0.1 port 1; }; forward only;\n"
        f'  response-policy {{ zone "rpz.bench" log {"yes" if log else "no"}; }} qname-wait-recurse no; }};\n'
        "controls { };\n"
        f'logging {{ channel hits {{ file "{directory}/queries"; print-time yes; }}; category rpz {{ hits; }}; }};\n'
        f'zone "rpz.bench" {{ type primary; file "{directory}/zone"; notify no; }};\n')
    (directory / "queries").touch()


def dnsmasq(directory, port, log):
    (directory / "config").write_text(
        "keep-in-foreground\nbind-interfaces\nlisten-address=127.0.0.1\n"
        f"port={port}\nuser=\npid-file=\nno-resolv\nno-hosts\nno-dhcp-interface=lo\n" +
        (f"log-queries\nlog-facility={directory}/queries\n" if log else "log-facility=-\n") +
        "".join(f"address=/{name}/{SINKHOLE}\n" for name in names_in(directory)))


def main():
    options = querylogs.read_options(__doc__.splitlines()[0], 5)
    costs = querylogs.compare((("sinkholed", ours, [str(options.bin / "sinkholed"), "-c"]),
                               ("Unbound, log-local-actions", unbound, ["unbound", "-d", "-c"]),
                               ("Unbound, dnstap", unbound_dnstap, ["unbound", "-d", "-c"]),
                               ("Unbound, dnstap of answers", unbound_responses, ["unbound", "-d", "-c"]),
                               ("BIND, RPZ log", bind, ["named", "-f", "-n", "1", "-c"]),
                               ("dnsmasq, log-queries", dnsmasq, ["dnsmasq", "-C"])), options, "a hit")
    print(f"\nours takes {costs[0] / min(costs[1:]):.2f} of the best of theirs")


if __name__ == "__main__":
    main()
