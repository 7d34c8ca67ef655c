# SPDX-License-Identifier: BSD-2-Clause
"""The dashboard in a browser: run.py MODULES PICTURES.  Starts a daemon with findings of hostile names,
and has tests/browser/page.js look at its page."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "functional"))

from harness.client import ask  # noqa: E402
from harness.control import ctl  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.program import wait_until  # noqa: E402
from harness.upstream import ScriptedUpstream  # noqa: E402

HOSTILE = ["<script>alert(1)</script>.bad.example", r"\010\034\092\027[2J.bad.example",
           r"=cmd\124' /C calc'!A0.bad.example", "x" * 63 + "." + "y" * 63 + ".bad.example"]
ORDER = {"court": "U.S. District Court, E.D. Virginia", "case": "1:10cv156 <b>", "date": "2010-02-22"}


def main():
    modules, pictures = (Path(p).resolve() for p in sys.argv[1:])
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        upstream = ScriptedUpstream(lambda q: q.address())
        d = Daemon(folder, {"upstreams": [upstream.address]})
        d.add_list("court", "bad.example\n", mandatory=True, authority=ORDER, family="Waledac")
        d.add_list("adverts", "ads.example\n", action="nxdomain")
        (folder / "hosts").write_text("127.0.0.1 office-3.lan\n")
        d.configure({"guard": {"protected": ["www.safe.example"]}, "server": {"client-names": [str(folder / "hosts")]}, "state": {"directory": str(folder / "state")},
                     "control": {"socket": str(folder / "control.sock"),
                                 "listen": [f"127.0.0.1@{free_port()}"]}})
        d.start()
        try:
            wait_until((folder / "control.sock").exists, 20, "the socket is there")
            for i in range(200):
                ask(d.address, HOSTILE[i % 4])
                ask(d.address, f"n{i}.good.example")
            ask(d.address, "www.ads.example")
            wait_until(lambda: json.loads(ctl(folder / "control.sock", "--json", "clients").stdout)
                       ["clients"], 20, "the findings are written")
            page = json.loads(ctl(folder / "control.sock", "--json", "page").stdout)["page"]
            done = subprocess.run(["node", str(Path(__file__).with_name("page.js")), page, str(pictures)],
                                  env={**os.environ, "NODE_PATH": str(modules)}, timeout=600)
        finally:
            d.close()
            upstream.close()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
