#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a real Prometheus makes of the metrics, and a real Alertmanager of the alerts; and what a
scrape costs.

    prometheus.py [--seconds N] SINKHOLED

Prometheus scrapes each second while the daemon is asked.  Its own series are then looked at: every
scrape succeeded and lost no sample, the buckets of each histogram rise up to its count, no counter
falls.  A list is then refused: the alert of conf/sinkholed-alerts.yaml (with its waiting times cut)
has to reach Alertmanager, and to end when the list is good again.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))
sys.dont_write_bytecode = True

from harness.build import ROOT  # noqa: E402
from harness.client import ask  # noqa: E402
from harness.control import ask_port, ctl, samples  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.program import wait_until  # noqa: E402

LISTS, UPSTREAMS = 64, 16
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{folder}/alerts.yaml]
scrape_configs:
- job_name: sinkholed
  static_configs: [{{targets: ["127.0.0.1:{metrics}"]}}]
alerting:
  alertmanagers:
  - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
"""
ALERTMANAGER = "route: {receiver: none, group_wait: 0s, group_interval: 1s}\nreceivers: [{name: none}]\n"


def get(port, path, **query):
    url = f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(query, doseq=True)}"
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


def instant(port, query):
    return get(port, "/api/v1/query", query=query)["data"]["result"]


def value(port, query):
    return float(instant(port, query)[0]["value"][1])


def serves(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
            return True
    except OSError:
        return False


def make_daemon(folder):
    """With as many lists and upstreams as a scrape has to be quick for."""
    d = Daemon(folder, {"upstreams": [{"address": f"127.0.0.{i + 2}@9"} for i in range(UPSTREAMS)]})
    for i in range(LISTS):
        d.add_list(f"list{i}", f"listed{i}.example\n")
    d.metrics_port, d.socket = free_port(), folder / "control.sock"
    d.configure({"state": {"directory": str(folder / "state")},
                 "control": {"socket": str(d.socket)},
                 "metrics": {"listen": [f"127.0.0.1@{d.metrics_port}"]}})
    return d.start()


def start_watchers(folder, metrics):
    """Prometheus and Alertmanager; their processes and ports."""
    ours, theirs, cluster = free_port(), free_port(), free_port()
    rules = (ROOT / "conf/sinkholed-alerts.yaml").read_text()
    (folder / "alerts.yaml").write_text(re.sub(r"^( +for:) .*$", r"\1 2s", rules, flags=re.M))
    (folder / "p.yaml").write_text(PROMETHEUS.format(folder=folder, metrics=metrics, alertmanager=theirs))
    (folder / "a.yaml").write_text(ALERTMANAGER)
    started = [subprocess.Popen(command, cwd=folder, stderr=open(folder / f"{command[0]}.log", "w"))
               for command in (
        ["prometheus", f"--config.file={folder}/p.yaml", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{ours}"],
        ["prometheus-alertmanager", f"--config.file={folder}/a.yaml", f"--storage.path={folder}/am",
         f"--web.listen-address=127.0.0.1:{theirs}", f"--cluster.listen-address=127.0.0.1:{cluster}"])]
    wait_until(lambda: serves(ours, "/-/ready") and serves(theirs, "/-/ready"), 60, "both are ready")
    return started, ours, theirs


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def ask_until(d, done):
    number = 0
    while not done.is_set():
        ask(d.address, f"listed{number % LISTS}.example", "AAAA" if number % 3 else "A")
        number += 1
        time.sleep(0.01)


# ---- what is looked at

def check_scrapes(port, seconds):
    window = f"[{seconds}s]"
    assert value(port, f"min_over_time(up{window})") == 1, "a scrape failed"
    kept = value(port, "scrape_samples_post_metric_relabeling")
    assert kept == value(port, "scrape_samples_scraped") > 100
    return int(value(port, f"count_over_time(up{window})")), int(kept)


def check_histograms(port):
    found = {}
    for row in instant(port, "sinkholed_answer_seconds_bucket"):
        labels = dict(row["metric"])
        bound = float(labels.pop("le"))
        found.setdefault(json.dumps(labels, sort_keys=True), []).append((bound, float(row["value"][1])))
    assert found
    for labels, buckets in found.items():
        counts = [count for _, count in sorted(buckets)]
        assert counts == sorted(counts), f"buckets fall: {labels}"
        path = json.loads(labels)["path"]
        assert counts[-1] == value(port, f'sinkholed_answer_seconds_count{{path="{path}"}}')
    return len(found)


def check_counters(port, seconds):
    """None falls, which Prometheus would take for a restart."""
    names = [name for name in get(port, "/api/v1/label/__name__/values")["data"]
             if name.startswith("sinkholed_") and name.endswith("_total")]
    for name in names:
        assert not instant(port, f"resets({name}[{seconds}s]) > 0"), name
    return len(names)


def check_alert(d, ours, theirs):
    """Of a list that is refused; it ends with a good one."""
    def alerts():
        return [row["labels"].get("list") for row in get(theirs, "/api/v2/alerts", active="true")
                if row["labels"]["alertname"] == "SinkholedListRefused"]

    d.write_list("list7", "<!doctype html>\n")
    assert ctl(d.socket, "reload").returncode != 0
    wait_until(lambda: alerts() == ["list7"], 60, "the alert reaches Alertmanager")
    assert not [row for row in instant(ours, 'ALERTS{alertstate="firing"}')
                if row["metric"]["alertname"] != "SinkholedListRefused"]
    d.write_list("list7", "listed7.example\n")
    assert ctl(d.socket, "reload").returncode == 0
    wait_until(lambda: not alerts(), 60, "the alert ends")


def cost_of_a_scrape(d, count=300):
    """CPU milliseconds, and octets."""
    before = cpu_seconds(d.program.pid)
    for _ in range(count):
        text = ask_port(d.metrics_port, "GET", "/metrics")[2]
    samples(text)
    return 1000 * (cpu_seconds(d.program.pid) - before) / count, len(text)


def watch(d, folder, seconds):
    started, ours, theirs = start_watchers(folder, d.metrics_port)
    done = threading.Event()
    asking = threading.Thread(target=ask_until, args=(d, done))
    asking.start()
    try:
        time.sleep(seconds)
        scrapes, kept = check_scrapes(ours, seconds - 5)
        print(f"{scrapes} scrapes of {kept} samples by Prometheus: none failed, no sample lost")
        print(f"{check_histograms(ours)} histograms: buckets rise, the last one is the count")
        print(f"{check_counters(ours, seconds)} counters: none falls")
        check_alert(d, ours, theirs)
        print("SinkholedListRefused reached Alertmanager, alone, and ended")
    finally:
        done.set()
        asking.join()
        for process in started:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("sinkholed")
    args = parser.parse_args()
    os.environ["SINKHOLED"] = str(Path(args.sinkholed).resolve())
    with tempfile.TemporaryDirectory(prefix="sinkholed-") as folder:
        d = make_daemon(Path(folder))
        try:
            ms, octets = cost_of_a_scrape(d)
            print(f"a scrape with {LISTS} lists and {UPSTREAMS} upstreams: {ms:.2f} ms of CPU, {octets} octets")
            watch(d, Path(folder), args.seconds)
        finally:
            d.stop()


if __name__ == "__main__":
    main()
