# SPDX-License-Identifier: BSD-2-Clause
"""No example of ours fails: every YAML text that is shown is a configuration that --check takes."""
import os
import re

import pytest

from harness.build import ROOT, run_daemon
from harness.certs import Authority

PAGES = ["README.md", "CONTRIBUTING.md", *sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "conf").glob("sinkholed*.yaml")
               if "alerts" not in path.name)
MANUALS = ["man/sinkholed.yaml.5"]

# where what an example names is, on the machine that it is for; here it is below a test's folder
PLACES = re.compile(r"(?<![\w.])(?=/(?:etc/sinkholed|usr/local|var/lib)/)")


def blocks_of_markdown(text):
    """Those that begin with ```yaml."""
    return re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)


def blocks_of_manual(text):
    """The displays of an mdoc(7) page whose first line is a key: what is not is a command."""
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text, re.M | re.S)
    plain = [re.sub(r"\\&|^\.\\\"[^\n]*\n", "", block, flags=re.M).replace(r"\e", "\\")
             for block in blocks]
    return [block for block in plain if re.match(r"[a-z-]+:", block)]


def examples():
    for page in PAGES:
        for number, block in enumerate(blocks_of_markdown((ROOT / page).read_text())):
            yield pytest.param(page, block, id=f"{page}-{number}")
    for page in MANUALS:
        for number, block in enumerate(blocks_of_manual((ROOT / page).read_text())):
            yield pytest.param(page, block, id=f"{page}-{number}")
    for name in FILES:
        yield pytest.param(name, (ROOT / name).read_text(), id=name)


def make_files(page, root):
    """What is installed, and what the page's own commands make beside it: touch and tee."""
    lists = root / "usr/local/share/sinkholed/blocklists"
    lists.mkdir(parents=True)
    for shipped in (ROOT / "blocklists").glob("*.txt"):
        (lists / shipped.name).write_bytes(shipped.read_bytes())
    (root / "etc/sinkholed").mkdir(parents=True)
    (root / "var/lib/sinkholed").mkdir(parents=True)
    (root / "blocklists").symlink_to(ROOT / "blocklists")
    for line in (ROOT / page).read_text().splitlines():
        made = re.match(r"(?:\s+|\.Dl )(?:echo '(.*)' \| )?sudo (?:touch|tee(?: -a)?) (/\S+)$", line)
        if made:
            path = root / made.group(2)[1:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{made.group(1)}\n" if made.group(1) else "")


def as_ourselves(text):
    """Started as root it would read the lists as another user, who cannot enter a test's folder."""
    text = re.sub(r"^  user: .*\n", "", text, flags=re.M)
    if "\nserver:\n" in f"\n{text}":
        return re.sub(r"^server:\n", "server:\n  user: root\n", text, count=1, flags=re.M)
    return f"server: {{user: root}}\n{text}"


@pytest.mark.parametrize("page, text", examples())
def test_example_is_a_configuration(tmp_path, page, text):
    make_files(page, tmp_path)
    config = tmp_path / "sinkholed.yaml"
    config.write_text(as_ourselves(PLACES.sub(str(tmp_path), text)))
    authority = Authority(tmp_path)     # the system's may not be installed
    done = run_daemon("-c", config, "--check", cwd=tmp_path,
                      env={**os.environ, "SSL_CERT_FILE": str(authority.certificate)})
    assert done.returncode == 0, f"{done.stderr}\nof {page}:\n{text}"


def test_there_are_examples():
    """The patterns above find what there is to find."""
    assert len([e for e in examples() if e.values[0] == "README.md"]) >= 4
    assert len(blocks_of_manual((ROOT / MANUALS[0]).read_text())) >= 1
