# SPDX-License-Identifier: BSD-2-Clause
"""Metrics and control over real sockets, and who is not let in."""
import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import time

import pytest

from harness.client import ask
from harness.control import ask_port, ask_socket, ctl, samples
from harness.ports import free_port
from harness.program import wait_until

LISTS = {"court": "bad.example\nworse.example\n"}


@pytest.fixture
def served(daemon, resolver):
    """A daemon with all doors open; its socket, and the ports of control and metrics."""
    d = daemon({"upstreams": [resolver.address]})
    d.add_list("court", LISTS["court"], mandatory=True)
    d.control_port, d.metrics_port = free_port(), free_port()
    d.socket = d.folder / "control.sock"
    d.configure({"state": {"directory": str(d.folder / "state")},
                 "control": {"socket": str(d.socket), "listen": [f"127.0.0.1@{d.control_port}"]},
                 "metrics": {"listen": [f"127.0.0.1@{d.metrics_port}"]}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    d.token = (d.folder / "state" / "control.token").read_text().strip()
    return d


def metrics_of(d, headers=None):
    status, fields, text = ask_port(d.metrics_port, "GET", "/metrics", headers=headers)
    assert status == 200
    return fields, text


# ---- metrics

def test_queries_are_counted(served):
    ask(served.address, "bad.example")
    ask(served.address, "x.worse.example", "AAAA")
    ask(served.address, "good.example")
    ask(served.address, "good.example")
    found = samples(metrics_of(served)[1])
    assert found['sinkholed_queries_total{transport="udp"}'] == 4
    assert found['sinkholed_answers_total{verdict="blocked-name"}'] == 2
    assert found['sinkholed_answers_total{verdict="cached"}'] == 1
    assert found['sinkholed_answers_total{verdict="resolved"}'] == 1
    assert found['sinkholed_questions_total{type="AAAA"}'] == 1
    assert found['sinkholed_questions_total{type="A"}'] == 3
    assert found['sinkholed_responses_total{rcode="NOERROR"}'] == 4
    assert found['sinkholed_list_hits_total{list="court"}'] == 2
    assert found['sinkholed_list_entries{list="court"}'] == 2
    assert found['sinkholed_list_current{list="court"}'] == 1
    assert found["sinkholed_receive_buffer_bytes"] > 0
    assert found['sinkholed_answer_seconds_count{path="direct"}'] == 3
    assert found['sinkholed_answer_seconds_count{path="forwarded"}'] == 1


def test_histograms_rise(served):
    for i in range(20):
        ask(served.address, f"n{i}.bad.example")
        ask(served.address, f"n{i}.good.example")
    found = samples(metrics_of(served)[1])
    for path in ("direct", "forwarded"):
        buckets = [value for series, value in found.items()
                   if series.startswith(f'sinkholed_answer_seconds_bucket{{path="{path}"')]
        assert buckets == sorted(buckets)
        assert buckets[-1] == found[f'sinkholed_answer_seconds_count{{path="{path}"}}'] == 20


def test_hostile_names_are_no_labels(served):
    ask(served.address, "<script>alert(1)</script>.bad.example")
    ask(served.address, r"\010\034\092.bad.example")
    text = metrics_of(served)[1]
    assert "script" not in text and "\\010" not in text
    samples(text)


def test_every_sample_has_its_help(served):
    text = metrics_of(served)[1]
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    assert len(names) == len(set(names))
    assert names == [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    for series in samples(text):
        name = series.split("{")[0]
        assert any(name in (n, n + "_bucket", n + "_sum", n + "_count") for n in names), name


def test_no_metric_is_taken_for_an_abbreviated_unit(served):
    """promtool's linter takes `ns` for nanoseconds, wherever it stands in a name."""
    units = {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"}
    for line in metrics_of(served)[1].splitlines():
        if line.startswith("# TYPE"):
            assert not units & set(line.split()[2].split("_")), line


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool")
def test_promtool_has_nothing_to_say(served):
    ask(served.address, "bad.example")
    done = subprocess.run(["promtool", "check", "metrics"], input=metrics_of(served)[1], text=True,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_openmetrics(served):
    fields, text = metrics_of(served, {"Accept": "application/openmetrics-text;version=1.0.0"})
    assert fields["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("\n# EOF\n")
    assert "# TYPE sinkholed_queries counter\n" in text
    samples(text)


def test_metrics_show_nothing_else(served):
    assert ask_port(served.metrics_port, "GET", "/v1/status")[0] == 404
    assert ask_port(served.metrics_port, "POST", "/v1/reload", "{}")[0] == 404


def test_head_has_no_body(served):
    with socket.create_connection(("127.0.0.1", served.metrics_port), timeout=20) as s:
        s.sendall(b"HEAD /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    assert b" 200 " in head and b"Content-Length: " in head
    assert body == b""


# ---- who is let in

def test_the_socket_is_for_its_group(served):
    assert stat.S_IMODE(served.socket.stat().st_mode) == 0o660
    assert ask_socket(served.socket, "GET", "/v1/status")[0] == 200


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_the_token(served):
    token_file = served.folder / "state" / "control.token"
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    port, token = served.control_port, served.token
    assert len(token) == 64
    assert ask_port(port, "GET", "/v1/status", headers=bearer(token))[0] == 200
    for headers in ({}, bearer(""), bearer("0" * 64), bearer(token[:-1]), bearer(token + "0"),
                    {"Authorization": token}, {"Cookie": f"token={token}"}):
        assert ask_port(port, "GET", "/v1/status", headers=headers)[0] == 401, headers
    assert ask_port(port, "GET", f"/v1/status?token={token}")[0] == 401
    assert ask_port(port, "POST", f"/v1/reload?token={token}", "{}")[0] == 401
    served.restart()
    assert token_file.read_text().strip() == token


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example",
                                  "127.0.0.1.evil.example", ""])
def test_another_host(served, host):
    headers = {"Host": host, **bearer(served.token)}
    assert ask_port(served.control_port, "GET", "/v1/status", headers=headers)[0] == 421
    assert ask_port(served.metrics_port, "GET", "/metrics", headers={"Host": host})[0] == 421


def test_no_other_site_may_read(served):
    headers = {"Origin": "http://evil.example", **bearer(served.token)}
    _, fields, _ = ask_port(served.control_port, "GET", "/v1/status", headers=headers)
    assert not [name for name in fields if name.lower().startswith("access-control")]
    status, fields, _ = ask_port(served.control_port, "OPTIONS", "/v1/status", headers=headers)
    assert status >= 400
    assert not [name for name in fields if name.lower().startswith("access-control")]


# ---- too much of everything

def serves(d):
    return ask_socket(d.socket, "GET", "/v1/status")[0] == 200


def test_a_body_of_a_gigabyte(served):
    with socket.create_connection(("127.0.0.1", served.control_port), timeout=20) as s:
        s.sendall(b"POST /v1/flush HTTP/1.1\r\nHost: localhost\r\n"
                  b"Content-Length: 1000000000\r\n\r\n")
        sent = 0
        try:
            while sent < 1_000_000_000:
                s.sendall(b"x" * 65536)
                sent += 65536
        except OSError:
            pass
    assert sent < 100_000_000
    assert serves(served)


def test_a_body_without_an_end(served):
    with socket.create_connection(("127.0.0.1", served.control_port), timeout=20) as s:
        s.sendall(b"POST /v1/flush HTTP/1.1\r\nHost: localhost\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 1_000_000_000:
                s.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
                sent += 0x8000
        except OSError:
            pass
    assert sent < 100_000_000
    assert serves(served)


def test_slow_connections(served):
    """They have an end, those who come meanwhile are let in then, and no query waits."""
    slow = []
    for _ in range(300):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", served.metrics_port))
        slow.append(s)
    descriptors = f"/proc/{served.program.pid}/fd"
    assert len(os.listdir(descriptors)) < 250
    assert serves(served)
    ask(served.address, "bad.example")
    for s in slow[:100]:
        try:
            s.send(b"GET /metrics HT")
        except OSError:
            pass
    for s in slow[100:]:
        s.close()
    wait_until(lambda: ask_port(served.metrics_port, "GET", "/metrics")[0] == 200, 60,
               "metrics are served again")
    for s in slow:
        s.close()


def test_who_says_nothing_keeps_nobody_out(served):
    """As many connections as there are places, and more that wait, none of which asks anything."""
    with contextlib.ExitStack() as held:
        for _ in range(120):
            s = held.enter_context(socket.socket())
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", served.metrics_port))
        began = time.monotonic()
        assert ask_port(served.metrics_port, "GET", "/metrics")[0] == 200
        assert time.monotonic() - began < 4     # before the time of the silent ones is up


@pytest.mark.parametrize("body", ["", "{", "[]", '{"name": 3}', '{"name": "a", "name": "b"}',
                                  '{"name": "' + "a" * 64 + '.example"}', '{"nam": "x"}',
                                  "[" * 60000])
def test_bodies_that_are_none(served, body):
    status, _, text = ask_socket(served.socket, "POST", "/v1/flush", body)
    assert status == 400
    assert "error" in json.loads(text)


def test_routes(served):
    assert ask_socket(served.socket, "GET", "/v1/nothing")[0] == 404
    assert ask_socket(served.socket, "GET", "/v1/reload")[0] == 405
    assert ask_socket(served.socket, "POST", "/v1/status", "{}")[0] == 405


# ---- sinkholectl

def test_status(served):
    done = ctl(served.socket, "status")
    assert done.returncode == 0, done.stderr
    assert "names: 2\n" in done.stdout
    assert json.loads(ctl(served.socket, "--json", "status").stdout)["lists"] == 1


def test_reload_waits(served):
    served.write_list("court", LISTS["court"] + "third.example\n")
    done = ctl(served.socket, "reload")
    assert done.returncode == 0, done
    assert "list court: 3 names in force" in done.stdout
    assert samples(metrics_of(served)[1])["sinkholed_loads_total"] == 2


def test_reload_that_refuses_a_list_fails(served):
    ask(served.address, "bad.example")
    served.write_list("court", "bad.example\n")
    done = ctl(served.socket, "reload")
    assert done.returncode == 1
    assert "list court: 2 names in force" in done.stdout
    assert "REFUSED: " in done.stdout and "--accept court" in done.stdout
    found = samples(metrics_of(served)[1])
    assert found['sinkholed_list_refused_total{list="court"}'] == 1
    assert found['sinkholed_list_current{list="court"}'] == 0
    assert found['sinkholed_list_hits_total{list="court"}'] == 1


def test_reload_that_fails(served):
    served.config_path.write_text("nonsense: [")
    done = ctl(served.socket, "reload")
    assert done.returncode == 1
    assert done.stdout.startswith("FAILED, all stays as it was: ")
    found = samples(metrics_of(served)[1])
    assert found["sinkholed_last_load_failed"] == 1
    assert found["sinkholed_failed_loads_total"] == 1


def test_upstreams(served):
    address = served.config["upstreams"][0]["address"]
    ask(served.address, "good.example")
    series = f'sinkholed_upstream_state{{upstream="{address}",transport="udp"}}'
    wait_until(lambda: samples(metrics_of(served)[1]).get(series) == 0, 20, "it is shown as well")
    done = ctl(served.socket, "upstreams")
    assert f"address: {address}\n" in done.stdout and "state: well\n" in done.stdout


def test_hits_follow_their_list(served):
    ask(served.address, "bad.example")
    first = {"name": "first", "file": str(served.list_path("first")), "action": "nxdomain"}
    served.write_list("first", "other.example\n")
    served.config["lists"].insert(0, first)
    served.write_config()
    assert ctl(served.socket, "reload").returncode == 0
    ask(served.address, "other.example")
    ask(served.address, "other.example")
    found = samples(metrics_of(served)[1])
    assert found['sinkholed_list_hits_total{list="court"}'] == 1
    assert found['sinkholed_list_hits_total{list="first"}'] == 2


def test_flush(served):
    ask(served.address, "a.good.example")
    ask(served.address, "b.better.example")
    assert ctl(served.socket, "flush", "good.example").stdout == "flushed: 1\n"
    assert ctl(served.socket, "flush", "all").stdout == "flushed: 1\n"
    assert ctl(served.socket, "flush", "a..b").returncode == 1


def test_log_level(served):
    assert ctl(served.socket, "log-level", "debug").returncode == 0
    done = ctl(served.socket, "log-level", "loud")
    assert done.returncode == 1 and "error warning notice info debug" in done.stderr


def test_nobody_serves(tmp_path):
    done = ctl(tmp_path / "none.sock", "status")
    assert done.returncode == 1 and "No such file" in done.stderr
    assert "is sinkholed running? --socket names another" in done.stderr


@pytest.mark.parametrize("words", [["frobnicate"], ["list", "of", "all"]], ids=" ".join)
def test_what_is_no_command(tmp_path, words):
    """The mistake is told, and not drowned in all that there is."""
    done = ctl(tmp_path / "none.sock", *words)
    assert done.returncode == 1 and not done.stdout
    assert f"this is no command: {' '.join(words[:2])}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]], ids=" ".join)
def test_help(tmp_path, words):
    done = ctl(tmp_path / "none.sock", *words)
    assert done.returncode == 0 and not done.stderr
    assert "  explain NAME [--type TYPE]" in done.stdout and "  flush NAME" in done.stdout


@pytest.mark.parametrize("words", [["flush", "--help"], ["list", "off", "-h"]], ids=" ".join)
def test_help_of_a_command(tmp_path, words):
    done = ctl(tmp_path / "none.sock", *words)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith(f"usage: sinkholectl {' '.join(words[:-1])} ")
    assert len(done.stdout.splitlines()) == 2


def test_the_socket_goes_with_the_daemon(served):
    served.stop()
    assert not served.socket.exists()


def test_a_successor_takes_the_socket_over(served):
    before = served.socket.stat().st_ctime_ns
    served.hand_over()
    assert served.socket.stat().st_ctime_ns != before
    assert serves(served)
    assert metrics_of(served)[1]


def test_control_is_for_loopback_alone(daemon):
    d = daemon({"control": {"listen": ["192.0.2.1@8053"]}})
    assert "control.listen" in d.fails_to_start()
