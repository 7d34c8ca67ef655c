# SPDX-License-Identifier: BSD-2-Clause
"""The court's list, as it is delivered, with the configuration that is delivered."""
import pytest

from harness.build import ROOT, run_daemon
from harness.client import addresses, ask, dig, ede, query, rcode, run_client, udp_raw
from harness.upstream import ELSEWHERE

NAMES = [line for line in (ROOT / "blocklists/waledac.txt").read_text().split("\n")
         if line and not line.startswith("#")]
LISTED = "bestchristmascard.com"


def delivered(daemon, state, upstream):
    """conf/sinkholed.yaml but for its ports, its state directory, its upstream and its user."""
    text = (ROOT / "conf/sinkholed.yaml").read_text()
    assert text.count("@5300") == 2 and text.count("directory: run/state") == 1
    text = text.replace("@5300", f"@{daemon.port}").replace("run/state", str(state))
    assert text.count("  user: nobody\n") == 1
    text = text.replace("user: nobody", f"user: {daemon.config['server']['user']}")
    return text + f"\nupstreams:\n  - {{address: {upstream['address']}}}\n"


@pytest.fixture(scope="module")
def waledac(shared_daemon, resolver):
    daemon = shared_daemon(cwd=ROOT)
    daemon.config_text = delivered(daemon, daemon.folder / "state", resolver.address)
    return daemon.start()


@pytest.fixture(params=["127.0.0.1", "::1"])
def where(request, waledac):
    return request.param, waledac.port


def test_there_are_the_orders_273_names():
    assert len(NAMES) == len(set(NAMES)) == 273
    assert all(name == name.lower() and name.endswith(".com") for name in NAMES)


def test_delivered_configuration_is_valid():
    done = run_daemon("-c", "conf/sinkholed.yaml", "--check", cwd=ROOT)
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert done.returncode == 0
    assert not warnings
    assert "273 names" in done.stdout


def test_start_says_where_it_listens(waledac):
    log, port = waledac.log(), waledac.port
    assert f"listening on 127.0.0.1@{port}" in log
    assert f"listening on ::1@{port}" in log
    assert "273 names of 1 lists in force" in log
    assert "try: dig" not in log        # which is for terminals


@pytest.mark.parametrize("name", [LISTED, f"www.{LISTED}", "BestChristmasCard.COM",
                                  f"a.b.c.d.{LISTED}", f"WWW.{LISTED.upper()}"])
@pytest.mark.parametrize("options", [["+noedns"], [], ["+dnssec"], ["+tcp"], ["+tcp", "+noedns"],
                                     ["+cdflag", "+adflag"], ["+norecurse"], ["+nocookie"]],
                         ids=" ".join)
def test_dig_gets_the_sinkhole(where, name, options):
    answer = dig(where, name, *options)
    assert answer.status == "NOERROR"
    assert answer.answers == ["192.0.2.1"]
    assert answer.question == f"{name}."
    assert answer.section("ANSWER")[0][1] == "60"
    assert {"qr", "ra"} <= answer.flags and not {"aa", "ad", "tc"} & answer.flags
    assert answer.opt == ("+noedns" not in options)


def test_dig_gets_the_ipv6_sinkhole(where):
    assert dig(where, LISTED, "AAAA").answers == ["2001:db8::1"]


def test_dig_says_who_ordered_it(where):
    text = dig(where, LISTED).text
    assert "EDE: 4 (Forged Answer)" in text
    assert "waledac" in text and "1:10-cv-00156" in text
    assert "EDE: 16 (Censored)" in dig(where, LISTED, "TXT").text


def test_kdig_gets_the_sinkhole(where):
    host, port = where
    done = run_client(["kdig", f"@{host}", "-p", str(port), "+short", "+dnssec", LISTED])
    assert done.stdout == "192.0.2.1\n"


def test_question_is_echoed_octet_for_octet(where):
    message = query("wWw.BeStChRiStMaScArD.cOm")
    wire = message.to_wire()
    answer = udp_raw(where, wire)
    assert answer[12:len(wire)] == wire[12:]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_all_names_are_blocked_and_all_below(waledac, resolver, tcp):
    before = resolver.count()
    for name in NAMES:
        for prefix in ("", "www.", "x.y."):
            answer = ask(waledac.address, prefix + name, tcp=tcp and not prefix, edns=True)
            assert addresses(answer) == ["192.0.2.1"], prefix + name
            assert ede(answer) == (4, "waledac; case 1:10-cv-00156")
    assert resolver.count() == before


def test_no_neighbour_is_blocked(waledac):
    label = [name.removesuffix(".com") for name in NAMES]
    near = [f"x{name}" for name in NAMES] + [name[1:] for name in NAMES]
    near += [f"{x}.net" for x in label] + [f"{name}.example" for name in NAMES[:50]]
    near += [f"{x}.com.com" for x in label[:50]] + ["com", "net", f"{label[0]}-{label[1]}.com"]
    listed = set(NAMES)
    for name in near:
        if name not in listed:
            answer = ask(waledac.address, name)
            assert (rcode(answer), addresses(answer)) == ("NOERROR", [ELSEWHERE]), name


def test_one_run_of_dig_over_the_whole_list(waledac, tmp_path):
    batch = tmp_path / "names"
    batch.write_text("\n".join(NAMES) + "\n")
    done = run_client(["dig", "-r", "@127.0.0.1", "-p", str(waledac.port), "+short", "-f",
                       str(batch)])
    assert done.stdout.split() == ["192.0.2.1"] * 273
