# SPDX-License-Identifier: BSD-2-Clause
"""What becomes blocked and what free between two configurations, or two versions of a list."""
import json

import pytest

from harness.build import run_daemon

NOTHING = "names: 0 become blocked, 0 free, 0 are answered otherwise; ranges of addresses: 0 become blocked, 0 free"


@pytest.fixture
def written(tmp_path):
    """Writes a configuration with these lists, of which each has its text and its options."""
    def write(name, **lists):
        rows = []
        for number, (key, (text, options)) in enumerate(lists.items()):
            path = tmp_path / f"{name}-{number}.txt"
            path.write_text(text)
            rows.append({"name": key, "file": str(path), "action": "nxdomain", **options})
        conf = {"server": {"user": "root"}, "upstreams": [{"address": "127.0.0.1@5399"}],
                "state": {"directory": str(tmp_path / "state")}, "lists": rows}
        path = tmp_path / f"{name}.yaml"
        path.write_text(json.dumps(conf))
        return str(path)
    return write


def diff(*arguments):
    run = run_daemon(*arguments)
    return run.returncode, run.stdout.splitlines(), run.stderr


def test_configurations(written):
    old = written("old", court=("stays.test\ngoes.test\nmoves.test\n", {"mandatory": True}),
                  ads=("moves.test\nads.test\n", {"action": "refused"}))
    new = written("new", ads=("new.test\nads.test\nmoves.test\n", {"action": "nodata"}),
                  let=("ok.stays.test\n", {"action": "pass"}), court=("stays.test\n", {}))
    code, lines, _ = diff("--explain-diff", old, new)
    assert code == 2 and sorted(lines[:-1]) == [
        "blocked new.test: answered truly -> list ads: nodata",
        "changed ads.test: list ads: refused -> list ads: nodata",
        "changed moves.test: list court: nxdomain -> list ads: nodata",
        "free    goes.test: list court: nxdomain -> answered truly",
        "free    ok.stays.test: list court: nxdomain -> list let: pass",
    ]
    assert lines[-1].startswith("names: 1 become blocked, 2 free, 2 are answered otherwise;")
    assert diff("--explain-diff", new, new)[:2] == (0, [NOTHING])
    code, lines, _ = diff("--explain-diff", old, new, "--limit", "0")
    assert code == 2 and len(lines) == 1


def test_versions_of_a_list(written, tmp_path):
    """More alone frees nothing; what is kept, or said by command, does not matter."""
    conf = written("conf", court=("a.test\n", {"mandatory": True}))
    for name, text in (("v1", "a.test\nb.test\n"), ("v2", "".join(f"n{i}.test\n" for i in range(100)) + "a.test\n"),
                       ("v3", "a.test\nb.test\nc.test\n")):
        (tmp_path / name).write_text(text)
    versions = ["-c", conf, "--list", "court", "--explain-diff"]
    assert diff(*versions, str(tmp_path / "v1"), str(tmp_path / "v3"))[:2] == (
        0, ["blocked c.test: answered truly -> list court: nxdomain", NOTHING.replace("0 become", "1 become", 1)])
    code, lines, _ = diff(*versions, str(tmp_path / "v1"), str(tmp_path / "v2"), "--limit", "3")
    assert code == 2 and len(lines) == 5 and lines[-1].startswith("names: 100 become blocked, 1 free")
    assert not (tmp_path / "state").exists()


def test_zones_and_addresses(written):
    head = "$ORIGIN feed.rpz.\n@ 60 SOA n. h. 1 1 1 1 30\n"
    zone = {"format": "rpz", "action": "given"}
    old = written("old", feed=(head + "x.test A 192.0.2.1\ny.test CNAME .\n24.0.2.0.192.rpz-ip CNAME .\n"
                               "ns.test.rpz-nsdname CNAME .\n", zone))
    new = written("new", feed=(head + "x.test A 192.0.2.2\ny.test CNAME rpz-passthru.\n25.0.2.0.192.rpz-ip CNAME .\n", zone))
    code, lines, _ = diff("--explain-diff", old, new)
    assert code == 2 and sorted(lines[:-1]) == [
        "changed x.test itself: list feed: given -> list feed: given",
        "free    192.0.2.128-192.0.2.255",
        "free    y.test itself: list feed: nxdomain -> list feed: pass",
        "free    zones of the name server ns.test itself: list feed: nxdomain -> answered truly",
    ]
    assert lines[-1].endswith("ranges of addresses: 0 become blocked, 1 free")


@pytest.mark.parametrize("arguments, told", [
    (("--explain-diff", "{conf}"), "NEW is missing"),
    (("--explain-diff", "{conf}", "{conf}", "{conf}"), "unexpected argument"),
    (("--explain-diff", "{conf}", "/nowhere.yaml"), "/nowhere.yaml"),
    (("--explain-diff", "{conf}", "{conf}", "--limit", "-1"), "--limit: expected a number"),
    (("-c", "{conf}", "--list", "other", "--explain-diff", "/a", "/b"), "no list other is configured"),
    (("-c", "{conf}", "--list", "court", "--explain-diff", "/nowhere", "/b"), "/nowhere"),
])
def test_mistakes(written, arguments, told):
    conf = written("conf", court=("a.test\n", {}))
    code, _, err = diff(*[a.format(conf=conf) for a in arguments])
    assert code == 1 and told in err
