# SPDX-License-Identifier: BSD-2-Clause
"""What is made of the table of commands, and the files for Prometheus and Grafana."""
import json
import re
import shutil
import subprocess

import pytest

from harness.build import ROOT, daemon_path
from harness.control import ask_port, samples
from harness.ports import free_port


def generated(what):
    done = subprocess.run([daemon_path().parent / "sinkholectl", "--generate", what],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done
    return done.stdout


def commands():
    return re.findall(r"^  ([a-z-]+)", subprocess.run(
        [daemon_path().parent / "sinkholectl", "--help"], capture_output=True, text=True,
        timeout=20).stdout, re.M)


def test_the_manual_is_current():
    manual = (ROOT / "man/sinkholectl.8").read_text()
    assert generated("man") in manual
    for command in commands():
        assert re.search(rf"^\.It Cm {command}\b", manual, re.M)


def test_the_counters_are_current():
    manual = (ROOT / "man/sinkholed.8").read_text()
    assert generated("counters") in manual
    assert ".It Cm queries_udp\n" in manual


def test_the_api_file_is_current():
    text = generated("openapi")
    assert (ROOT / "docs/openapi.json").read_text() == text
    api = json.loads(text)
    assert api["openapi"] == "3.0.3"
    assert len(api["paths"]) == len(commands())
    assert api["paths"]["/v1/flush"]["post"]["requestBody"]["content"]["application/json"][
        "schema"]["required"] == ["name"]


@pytest.mark.parametrize("shell, check", [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]),
                                          ("fish", ["fish", "-n"])])
def test_completions(shell, check, tmp_path):
    text = generated(shell)
    for command in commands():
        assert command in text
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    path = tmp_path / "completion"
    path.write_text(text)
    subprocess.run([*check, path], check=True, timeout=20)


def test_bash_completes():
    script = generated("bash") + ("COMP_WORDS=(sinkholectl rel); COMP_CWORD=1; _sinkholectl; "
                                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20)
    assert done.stdout == "reload\n"


# ---- Prometheus and Grafana

@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool")
def test_the_alerts(tmp_path):
    shutil.copy(ROOT / "conf/sinkholed-alerts.yaml", tmp_path)
    shutil.copy(ROOT / "tests/functional/alerts_test.yaml", tmp_path)
    done = subprocess.run(["promtool", "test", "rules", "alerts_test.yaml"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done


def test_every_metric_that_is_named_is_there(daemon):
    port = free_port()
    d = daemon({"metrics": {"listen": [f"127.0.0.1@{port}"]}})
    d.add_list("l", "bad.example\n")
    d.start()
    there = {series.split("{")[0]
             for series in samples(ask_port(port, "GET", "/metrics")[2])}
    for name in ("sinkholed-alerts.yaml", "sinkholed-dashboard.json"):
        named = set(re.findall(r"\bsinkholed_\w+", (ROOT / "conf" / name).read_text()))
        assert named and named <= there, named - there
