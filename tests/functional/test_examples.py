# SPDX-License-Identifier: BSD-2-Clause
"""No example of ours fails: every YAML text that is shown is a configuration that --check takes, and every
command, option and target that is named is one that there is."""
import os
import re
import shlex
import subprocess

import pytest

from harness.build import ROOT, run_daemon, tool_path
from harness.certs import Authority

PAGES = ["README.md", "CONTRIBUTING.md", *sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "conf").glob("sinkholed*.yaml")
               if "alerts" not in path.name)
MANUALS = ["man/sinkholed.yaml.5", "man/sinkholed.8", "man/sinkholectl.8"]

# where what an example names is, on the machine that it is for; here it is below a test's folder
PLACES = re.compile(r"(?<![\w.])(?=/(?:etc/sinkholed|usr/local|var/lib)/)")


def blocks_of_markdown(text):
    """Those that begin with ```yaml, those that are set in and begin with a key alone in its line, and
    `key: {...}` in a sentence."""
    fenced = re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    set_in = re.findall(r"^\n((?: {4}.*\n)+)", text, re.M)
    plain = [re.sub(r"^ {4}", "", block, flags=re.M) for block in set_in]
    in_line = re.findall(r"`([a-z-]+: [{[][^`]*[]}])`", text)
    return [*fenced, *(block for block in plain if re.match(r"[a-z-]+:\n", block)),
            *(re.sub(r"\s+", " ", block) for block in in_line if "..." not in block)]


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
    if "\n" not in text.strip():        # of a sentence: what stands around it has a state directory
        text += "\nstate: {directory: .}\n"
    if "\nserver:\n" in f"\n{text}":
        return re.sub(r"^server:\n", "server:\n  user: root\n", text, count=1, flags=re.M)
    if text.startswith("server: {"):
        return text.replace("{", "{user: root, ", 1)
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
    blocks = {page: [e.values[1] for e in examples() if e.values[0] == page] for page in PAGES}
    assert sum("\n" in block for block in blocks["README.md"]) >= 5
    assert any(block.startswith("landing: ") for block in blocks["docs/guide-cert.md"])
    assert any("format: rpz" in block for block in blocks["docs/rpz.md"])
    assert len(blocks_of_manual((ROOT / MANUALS[0]).read_text())) >= 1


# ---- commands

def text_of(page):
    """Without the marks of mdoc(7)."""
    text = (ROOT / page).read_text()
    return re.sub(r"^\.Dl ", "    ", text, flags=re.M).replace("\\-", "-") if page in MANUALS else text


def commands(program):
    """What is typed, of lines that are set in and of sentences; NAME and the like stand for a word."""
    for page in [*PAGES, *MANUALS]:
        text = text_of(page)
        typed = re.findall(r"^ {4}(?:\$ |sudo )?(%s .*)$" % program, text, re.M)
        typed += re.findall(r"`(?:sudo )?(%s [^`]*)`" % program, re.sub(r"(?<!\n)\n(?!\n)", " ", text))
        for line in typed:
            line = re.split(r" +# | && | >|, fails", line)[0]
            if "..." not in line:
                yield page, shlex.split(line)[1:]


def test_commands_for_the_daemon_are_understood():
    """No socket is there: only what could be sent gets so far."""
    told = {(page, *words) for page, words in commands("sinkholectl")}
    assert len(told) > 25
    for page, *words in told:
        done = subprocess.run([tool_path("sinkholectl"), "--socket", "/nowhere/control.sock", *words],
                              capture_output=True, text=True, timeout=20)
        named = len(words) == 1 and done.stderr.startswith(f"usage: sinkholectl {words[0]}")
        assert named or "control.sock: No such file" in done.stderr, (page, words, done.stderr)


def test_options_of_the_daemon_are_known():
    known = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run_daemon("--help").stdout, re.M))
    told = {(page, word) for page, words in commands("sinkholed") for word in words if word[:2] == "--"}
    assert len(told) > 8 and "--check" in known
    assert not {(page, word) for page, word in told if word not in known}


def test_targets_of_make_are_there():
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)) | {"lint-changed", "lint-tidy"}
    told = {(page, target) for page in PAGES
            for target in re.findall(r"(?:`|^ {4}(?:sudo )?|SINCE=main |tsan )make ([a-z][a-z-]*)", text_of(page), re.M)}
    assert len(told) > 12
    assert not {(page, target) for page, target in told if target not in known}


def test_options_of_the_configuration_are_there(tmp_path):
    """`section.option` of a sentence."""
    empty = tmp_path / "empty.yaml"
    empty.write_text("")
    shown = {}
    for line in run_daemon("-c", empty, "--dump-config").stdout.splitlines():
        if found := re.match(r"( {2})?([a-z][a-z0-9-]*):", line):
            keys = shown.setdefault(found.group(2), set()) if not found.group(1) else keys
            keys.add(found.group(2))
    assert "allow" in shown["server"]
    for page in PAGES:
        for section, option in re.findall(r"`([a-z-]+)\.([a-z][a-z0-9-]*)`", text_of(page)):
            if section in shown and option not in ("c", "h", "json"):       # files
                assert option in shown[section], (page, section, option)
