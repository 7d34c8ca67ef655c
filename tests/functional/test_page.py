# SPDX-License-Identifier: BSD-2-Clause
"""The dashboard's files; tests/browser has them in a browser."""
import json
import re
from pathlib import Path

import pytest

from harness.control import ask_port, ctl
from harness.ports import free_port
from harness.program import wait_until

PAGE = Path(__file__).parent.parent.parent / "src/web/page"
FILES = {"/": "index.html", "/page.css": "page.css", "/page.js": "page.js", "/icon.svg": "icon.svg"}


@pytest.fixture
def served(daemon, resolver):
    d = daemon({"upstreams": [resolver.address]})
    d.control_port, d.metrics_port = free_port(), free_port()
    d.socket = d.folder / "control.sock"
    d.configure({"state": {"directory": str(d.folder / "state")},
                 "control": {"socket": str(d.socket), "listen": [f"127.0.0.1@{d.control_port}"]},
                 "metrics": {"listen": [f"127.0.0.1@{d.metrics_port}"]}})
    d.start()
    wait_until(d.socket.exists, 10, "the socket is there")
    return d


@pytest.mark.parametrize("path", FILES)
def test_files(served, path):
    status, fields, text = ask_port(served.control_port, "GET", path)
    assert status == 200
    assert text == (PAGE / FILES[path]).read_text()
    policy = dict(p.strip().split(" ", 1) for p in fields["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and "unsafe" not in str(policy)
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert fields["X-Content-Type-Options"] == "nosniff"
    assert fields["Referrer-Policy"] == "no-referrer"


def test_nothing_else_without_the_token(served):
    for path in ("/index.html", "/page.css/", "//", "/../page.js", "/v1/page", "/%70age.js"):
        assert ask_port(served.control_port, "GET", path)[0] == 401, path
    assert ask_port(served.control_port, "POST", "/", "{}")[0] == 401
    assert ask_port(served.control_port, "GET", "/", headers={"Host": "evil.example"})[0] == 421
    assert ask_port(served.metrics_port, "GET", "/")[0] == 404


def test_its_address(served):
    token = (served.folder / "state" / "control.token").read_text().strip()
    page = json.loads(ctl(served.socket, "--json", "page").stdout)["page"]
    assert page == f"http://127.0.0.1:{served.control_port}/#{token}"
    assert token not in served.program.text()


def test_no_outside_resource_and_no_markup_from_texts():
    for file in PAGE.iterdir():
        text = file.read_text()
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), file
    script = (PAGE / "page.js").read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                 "localStorage", "sessionStorage", "cookie"):
        assert word not in script, word
    html = (PAGE / "index.html").read_text()
    assert not re.findall(r"\son\w+=|\sstyle=|<script>", html)
