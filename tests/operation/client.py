#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A client that openapi-typescript-codegen makes of docs/openapi.json, against the daemon.

    client.py MODULES SINKHOLED

MODULES is npm's folder; what is generated goes beside it.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))
sys.dont_write_bytecode = True

from harness.build import ROOT  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from harness.ports import free_port  # noqa: E402


def make_client(modules):
    """The script that is run, with the generated client in it."""
    generated, script = modules.parent / "generated", modules.parent / "client.mjs"
    subprocess.run([modules / ".bin/openapi", "--input", ROOT / "docs/openapi.json", "--output", generated,
                    "--client", "fetch", "--name", "Sinkholed"], check=True)
    subprocess.run([modules / ".bin/esbuild", Path(__file__).with_suffix(".mjs"), "--bundle", "--platform=node",
                    "--format=esm", "--log-level=warning", f"--alias:sinkholed={generated}/index.ts",
                    f"--outfile={script}"], check=True, env={**os.environ, "NODE_PATH": str(modules)})
    return script


def main():
    modules, binary = (Path(p).resolve() for p in sys.argv[1:])
    script = make_client(modules)
    os.environ["SINKHOLED"] = str(binary)
    with tempfile.TemporaryDirectory(prefix="sinkholed-") as name:
        folder, port = Path(name), free_port()
        d = Daemon(folder)
        d.add_list("court", "bad.example\n", mandatory=True)
        d.add_list("adverts", "ads.example\n", action="nxdomain")
        d.configure({"state": {"directory": str(folder / "state")}, "evidence": {"hunt-days": 7},
                     "control": {"listen": [f"127.0.0.1@{port}"]}})
        d.start()
        try:
            token = (folder / "state/control.token").read_text().strip()
            done = subprocess.run(["node", script, f"http://127.0.0.1:{port}", token], timeout=300)
        finally:
            d.close()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
