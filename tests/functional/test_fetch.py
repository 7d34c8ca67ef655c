# SPDX-License-Identifier: BSD-2-Clause
"""Lists that are fetched by HTTP: what is taken, and what never takes away what is in force."""
import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import certs
from harness.client import addresses, ask
from harness.control import ask_socket, ctl, samples
from harness.daemon import IPV4
from harness.feed import HOST, Feed, Nginx, http_date
from harness.namespace import joined, with_addresses, with_small_disk
from harness.ports import free_port
from harness.program import Program, wait_until
from harness.upstream import FromElsewhere

ONE, TWO = "one.example\n", "one.example\ntwo.example\n"


@pytest.fixture
def feed():
    """Makes scripted servers, and ends them."""
    made = []

    def make(script, **options):
        made.append(Feed(script, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def nginx(tmp_path):
    made = []

    def make(settings=""):
        made.append(Nginx(tmp_path / f"nginx{len(made)}", settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def whereabouts(q):
    """The feed's host is here, all others are elsewhere."""
    if q.name.rstrip(".").lower() == HOST:
        return q.address("127.0.0.1")
    return q.address()


def await_control(d):
    """The daemon answers queries before it can be controlled."""
    wait_until(lambda: ctl(d.socket, "status").returncode == 0, 10, "sinkholectl is answered")


@pytest.fixture
def fetching(daemon, upstream):
    """A daemon with a list that is fetched from `url`."""
    def make(url, config=None, start=True, **options):
        d = daemon({"upstreams": [upstream(whereabouts).address], **(config or {})})
        d.socket = d.folder / "control.sock"
        d.state = d.folder / "state"
        d.copy = d.state / "fetched" / "feed.list"
        d.configure({"state": {"directory": str(d.state)}, "control": {"socket": str(d.socket)}})
        d.add_list("feed", url=url, **{"fetch-timeout": "20s", **options})
        del d.config["lists"][-1]["file"]
        if start:
            d.start()
            await_control(d)
        return d

    return make


def is_blocked(d, name):
    return addresses(ask(d.address, name)) == [IPV4]


def the_list(d, name="feed"):
    lists = json.loads(ask_socket(d.socket, "GET", "/v1/lists")[2])["lists"]
    return next(one for one in lists if one["name"] == name)


def fetched(d, name="feed"):
    return the_list(d, name)["fetch"]


def is_idle(d):
    return not fetched(d)["under_way"]


def fetch(d, well=True):
    """Fetches at once, and waits for the end as sinkholectl does; what it says."""
    done = ctl(d.socket, "fetch")
    assert (done.returncode == 0) == well, done.stdout + done.stderr
    return done.stdout


def change(d, **options):
    """Other options of the list, as sinkholectl tells that they are taken on."""
    d.config["lists"][0].update(options)
    d.write_config()
    await_control(d)
    return ctl(d.socket, "reload")


def first(d, name="one.example"):
    """Waits for what a start fetches by itself; each worker takes it on by itself."""
    wait_until(lambda: all(is_blocked(d, name) for _ in range(16)), 20, f"{name} is blocked")


def steady(body, etag='"1"'):
    """One version, for those who have it a 304."""
    def script(request):
        if request.is_current(etag):
            request.answer(status=304, ETag=etag)
        else:
            request.answer(body, ETag=etag)
    return script


# ---- what is taken

def test_is_fetched_after_the_start_and_blocks_not_its_own_host(fetching, feed):
    server = feed(steady(ONE + HOST + "\n"))
    d = fetching(server.url("/list.txt?key=hidden"))
    log = d.program.wait_line(r"nothing was fetched yet from its url")
    assert log
    first(d)
    assert not is_blocked(d, HOST)      # as the file has it: held back, so that all can fetch it again
    fetch(d)
    assert server.requests[-1].fields["if-none-match"] == '"1"'
    assert "hidden" not in d.log()
    assert server.requests[0].path == "/list.txt?key=hidden"
    assert the_list(d)["current"] and fetched(d)["failures"] == 0


def test_a_start_does_not_wait_and_takes_the_copy(fetching, feed):
    server = feed(steady(ONE))
    d = fetching(server.url(), mandatory=True)
    first(d)
    d.stop()
    server.script = lambda request: request.linger()
    d.start()
    assert is_blocked(d, "one.example")


def test_a_mandatory_list_that_was_never_fetched_blocks_nothing_and_is_told(fetching):
    d = fetching(f"http://127.0.0.1:{free_port()}/", mandatory=True)
    assert addresses(ask(d.address, "one.example"))
    wait_until(lambda: fetched(d)["failures"] >= 1, 20, "the fetch fails")
    assert "nothing was fetched yet" in the_list(d)["reason"]
    assert "connect" in fetched(d)["failed"].lower()
    wait_until(lambda: "list feed: not fetched from http://127.0.0.1" in d.log(), 10, "it is told")
    d.restart()


def test_what_is_new_is_loaded_and_what_is_not_is_not(fetching, feed):
    server = feed(steady(ONE))
    d = fetching(server.url())
    first(d)
    mark = d.program.mark()
    assert "feed: fetched from" in fetch(d)
    assert "reloading" not in d.log(mark)
    server.script = steady(TWO, '"2"')
    fetch(d)                            # returns when it is in force
    assert is_blocked(d, "two.example")
    assert "reloading" in d.log(mark)


def test_the_same_octets_without_validators_are_nothing_new(fetching, feed):
    server = feed(lambda request: request.answer(ONE))
    d = fetching(server.url())
    first(d)
    mark = d.program.mark()
    fetch(d)
    assert "reloading" not in d.log(mark)
    assert "if-none-match" not in server.requests[-1].fields


def test_a_list_rolled_back_is_taken(fetching, feed):
    """An older date with another body is another list."""
    now = time.time()
    server = feed(lambda request: request.answer(TWO, Last_Modified=http_date(now)))
    d = fetching(server.url())
    first(d)
    server.script = lambda request: request.answer(ONE, Last_Modified=http_date(now - 86400))
    fetch(d)
    assert server.requests[-1].fields["if-modified-since"] == http_date(now)
    assert not is_blocked(d, "two.example") and is_blocked(d, "one.example")


def test_a_copy_that_somebody_has_changed_is_fetched_whole(fetching, feed):
    server = feed(steady(TWO))
    d = fetching(server.url())
    first(d)
    d.copy.write_text("three.example\n")
    fetch(d)
    assert "if-none-match" not in server.requests[-1].fields
    assert d.copy.read_text() == TWO


def test_chunks_and_an_encoded_body_are_taken(fetching, feed):
    def chunked(request):
        request.head(Transfer_Encoding="chunked")
        request.send(b"c\r\none.example\n\r\n0\r\n\r\n")
    server = feed(chunked)
    d = fetching(server.url())
    first(d)
    server.script = lambda request: request.answer(gzip.compress(TWO.encode()),
                                                   Content_Encoding="gzip")
    fetch(d)
    assert is_blocked(d, "two.example")
    assert d.copy.read_text() == TWO        # what a digest or a signature would be of
    server.script = lambda request: request.answer(b"x", Content_Encoding="br")
    assert "encoded as br" in fetch(d, well=False)


# ---- what is not

def cut(request):
    request.head(Content_Length=1000)
    request.send(ONE)


def cut_chunk(request):
    request.head(Transfer_Encoding="chunked")
    request.send(b"c\r\none.example\n\r\n")


def endless(request):
    request.head()
    request.send(ONE)


def redirect(where):
    def script(request):
        request.answer(status=302, Location=where)
    return script


def slow_drip(request):
    request.head(Content_Length=100000)
    request.drip(b"x" * 100000)


def stall(request):
    request.head(Content_Length=1000)
    request.send(ONE)
    request.linger()


BOMB = gzip.compress(b"x.example\n" * 1000000)


def gzipped(request, octets):
    request.answer(octets, Content_Encoding="gzip")


FAULTS = {
    "cut": (cut, "bytes remaining"),
    "cut chunk": (cut_chunk, "transfer closed"),
    "no length": (endless, "nobody knows whether the whole has come"),
    "404": (lambda r: r.answer("no", status=404), "the server answers 404"),
    "500": (lambda r: r.answer("no", status=500), "the server answers 500"),
    "204": (lambda r: r.head(204), "the server answers 204"),
    "206": (lambda r: r.answer(ONE, status=206), "the server answers 206"),
    "long 404": (lambda r: r.answer("x" * 500000, status=404), "the server answers 404"),
    "empty": (lambda r: r.answer(""), "the answer is empty"),
    "too large": (lambda r: r.answer("x" * 200000), "larger than max-size"),
    "loop": (lambda r: r.answer(status=301, Location=r.path), "redirected more than five times"),
    "file": (redirect("file:///etc/passwd"), "another protocol than HTTP"),
    "ftp": (redirect("ftp://127.0.0.1/x"), "another protocol than HTTP"),
    "file of a host": (redirect("file://feed.test/etc/passwd"), "redirected to"),
    "gopher": (redirect("gopher://127.0.0.1:70/_x"), "another protocol than HTTP"),
    "no URL": (redirect("http://[x/"), "redirected to"),
    "nowhere": (lambda r: r.answer(status=302), "redirected to nowhere"),
    "304 unasked": (lambda r: r.answer(status=304), "was not asked whether anything is new"),
    "two lengths": (lambda r: r.send(f"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
                                     f"Content-Length: 12\r\n\r\n{ONE}"), "two lengths"),
    "gzip cut": (lambda r: gzipped(r, gzip.compress(ONE.encode())[:-9]), "its gzip ends too early"),
    "gzip damaged": (lambda r: gzipped(r, b"\x1f\x8b" + b"x" * 100), "its gzip: damaged"),
    "gzip and more": (lambda r: gzipped(r, gzip.compress(ONE.encode()) + b"<html>"),
                      "its gzip: damaged"),
    "no gzip": (lambda r: gzipped(r, ONE.encode()), "its gzip: damaged"),
    "gzip bomb": (lambda r: gzipped(r, BOMB), "larger than max-size"),
    "closes": (lambda r: None, "Empty reply"),
    "no HTTP": (lambda r: r.send("hello\n"), "HTTP/0.9"),
}


def test_a_fault_leaves_what_is_in_force(fetching, feed):
    server = feed(lambda request: request.answer(TWO))
    d = fetching(server.url(), **{"max-size": "100KiB"})
    first(d, "two.example")
    for fault, (script, reason) in FAULTS.items():
        server.script = script
        assert "NOT fetched" in fetch(d, well=False), fault
        assert reason in fetched(d)["failed"], fault
        assert is_blocked(d, "two.example"), fault
        assert d.copy.read_text() == TWO, fault
        assert sorted(os.listdir(d.copy.parent)) == ["feed.list", "feed.meta"], fault
    server.script = lambda request: request.answer(ONE)
    fetch(d)
    assert not is_blocked(d, "two.example") and fetched(d)["failed"] == ""


def test_slow_servers_are_left(fetching, feed):
    slow = {"feed": stall, "drip": slow_drip, "silence": lambda request: request.linger()}
    servers = {name: feed(lambda request: request.answer(ONE)) for name in slow}
    d = fetching(servers["feed"].url(), start=False, **{"fetch-timeout": "3s"})
    for name in ("drip", "silence"):
        d.add_list(name, url=servers[name].url(), **{"fetch-timeout": "3s"})
        del d.config["lists"][-1]["file"]
    d.start()
    await_control(d)
    wait_until(lambda: all(the_list(d, name)["current"] for name in slow), 20, "all are in force")
    for name, script in slow.items():
        servers[name].script = script
    fetch(d, well=False)
    for name in slow:
        reason = fetched(d, name)["failed"]
        assert "too slow" in reason or "timed out" in reason, (name, reason)
        assert the_list(d, name)["current"]
    assert is_blocked(d, "one.example")


def test_an_announced_length_too_large_is_not_waited_for(fetching, feed):
    def script(request):
        request.head(Content_Length=10 ** 12)
        request.linger()
    d = fetching(feed(script).url(), **{"max-size": "1MiB"})
    wait_until(lambda: "larger than max-size" in fetched(d)["failed"], 10, "it is given up")


def test_a_page_or_a_shrunken_list_is_refused_and_later_ones_are_taken(fetching, feed):
    names = [f"n{i}.example\n" for i in range(1000)]
    server = feed(lambda request: request.answer("".join(names)))
    d = fetching(server.url(), **{"max-change": 50})
    first(d, "n1.example")
    for bad in ("<!doctype html>\n<html>\n<p>We are sorry.\n</html>\n", "".join(names[:100])):
        server.script = lambda request: request.answer(bad)
        assert "REFUSED" in fetch(d, well=False)
        assert is_blocked(d, "n999.example")
    server.script = lambda request: request.answer("".join(names[:900]))
    fetch(d)
    assert not is_blocked(d, "n999.example") and is_blocked(d, "n899.example")


def test_a_first_page_keeps_no_mandatory_list_from_starting(fetching, feed):
    server = feed(lambda request: request.answer("<!doctype html>\n<html>\n<p>Sorry.\n</html>\n"))
    d = fetching(server.url(), mandatory=True)
    wait_until(lambda: d.copy.exists() and is_idle(d), 20, "it is fetched")
    d.restart()
    server.script = lambda request: request.answer(ONE)
    await_control(d)
    fetch(d)
    assert is_blocked(d, "one.example")


def test_a_file_that_unpacks_to_too_much_is_refused(fetching, feed):
    server = feed(lambda request: request.answer(TWO))
    d = fetching(server.url("/list.gz"), **{"max-size": "100KiB"})
    first(d, "two.example")
    server.script = lambda request: request.answer(BOMB)
    assert "REFUSED" in fetch(d, well=False)
    assert "comes to more than 102400 octets" in the_list(d)["reason"]
    assert is_blocked(d, "two.example")


# ---- what was in force once

def test_another_url_of_a_mandatory_list_lifts_nothing(fetching, feed):
    """Neither by the reload nor by what is fetched, nor without a url at all; nor a restart then."""
    server, other = feed(steady(TWO)), feed(steady(ONE))
    d = fetching(server.url(), mandatory=True)
    first(d, "two.example")
    held = lambda: is_blocked(d, "two.example") and is_blocked(d, "one.example")
    change(d, url=other.url())
    wait_until(lambda: other.requests and is_idle(d), 10, "the other is fetched")
    d.program.wait_line("would lift|two.example")
    assert held()
    d.restart()
    await_control(d)
    assert held()
    change(d, url=f"http://127.0.0.1:{free_port()}/")
    assert held()
    entry = d.config["lists"].pop()
    d.write_config()
    ctl(d.socket, "reload")
    assert held()
    d.restart()
    assert held()
    d.config["lists"] = [{**entry, "url": server.url()}]
    d.write_config()
    d.reload()
    await_control(d)
    fetch(d)
    assert held() and the_list(d)["current"]


def test_what_was_fetched_less_of_is_taken_when_it_is_meant(fetching, feed):
    server = feed(steady(TWO))
    d = fetching(server.url(), mandatory=True)
    first(d, "two.example")
    server.script = steady(ONE, '"2"')
    assert "REFUSED" in fetch(d, well=False) or is_blocked(d, "two.example")
    subprocess.run([d.binary, "-c", str(d.config_path), "--accept", "feed"], check=True,
                   capture_output=True)
    ctl(d.socket, "reload")
    assert not is_blocked(d, "two.example") and is_blocked(d, "one.example")


# ---- where the host is

@pytest.fixture
def over(daemon, upstream, feed, fetching):
    """A list that is fetched by what such an upstream says, which the system knows nothing of."""
    def make(script, start=True, config=None, **options):
        d = fetching(feed(steady(TWO + HOST + "\n")).url(), start=False, config=config)
        d.config["upstreams"] = [upstream(script, **options).address]
        if start:
            d.start()
            first(d)
        return d

    return make


def test_the_host_is_looked_up_by_tls_alone(over, ca):
    identity = ca.issue(certs.NAME)
    d = over(whereabouts, tls=identity, config={"outgoing": {"tls-ca": str(ca.certificate)}},
             **{"tls-name": certs.NAME})
    await_control(d)
    fetch(d)


def test_no_upstream_that_does_not_prove_itself_tells_where_the_host_is(over, ca):
    d = over(whereabouts, start=False, tls=ca.issue("other.test"),
             config={"outgoing": {"tls-ca": str(ca.certificate)}}, **{"tls-name": certs.NAME})
    d.start()
    d.program.wait_line(r"not fetched from .*: no upstream tells its address", timeout=20)


def test_the_host_is_looked_up_over_tcp(over):
    over(whereabouts, transport="tcp")


def test_what_does_not_fit_is_looked_up_over_tcp(over):
    over(lambda q: q.truncated() if q.transport == "udp" else whereabouts(q))


def test_forged_replies_are_passed_over(over):
    def script(q):
        forged = q.address("127.0.0.9").to_wire()
        return [bytes([forged[0] ^ 1]) + forged[1:], FromElsewhere(forged), b"", b"x" * 11,
                forged[:2] + b"\x01" + forged[3:], forged.replace(b"feed", b"food"), whereabouts(q)]
    over(script)


def test_upstreams_that_are_silent_are_told_and_keep_nobody_from_ending(over):
    d = over(lambda q: None, start=False)
    for i in range(20):
        d.add_list(f"more{i}", url=f"http://more{i}.test/")
        del d.config["lists"][-1]["file"]
    d.start()
    for i in range(20):         # not one after the other: of whom none has answered is known
        d.program.wait_line(rf"more{i}: not fetched .* no upstream tells its address", timeout=20)
    fetch_again = ask_socket(d.socket, "POST", "/v1/fetch", "{}")
    assert fetch_again[0] == 202
    d.stop(timeout=4)


# ---- redirections, proofs, keys

def test_redirections_are_followed_and_the_key_stays(fetching, feed):
    other = feed(lambda request: request.answer(ONE))
    server = feed(redirect(other.url()))
    d = fetching(server.url(), header="X-Key: s3cr3t")
    first(d)
    assert server.requests[0].fields["x-key"] == "s3cr3t"
    assert "x-key" not in other.requests[0].fields
    dump = subprocess.run([d.binary, "-c", str(d.config_path), "--dump-config"],
                          capture_output=True, text=True, check=True).stdout
    assert "s3cr3t" not in dump + d.log() and "(hidden)" in dump


@pytest.fixture
def https(feed, ca):
    return lambda script, name=HOST, days=30: feed(script, identity=ca.issue(name, days))


def test_a_certificate_is_checked(fetching, https, ca, tmp_path):
    server = https(steady(ONE))
    d = fetching(server.url(), **{"tls-ca": str(ca.certificate)})
    first(d)
    for wrong, options in ((https(steady(TWO), "other.test"), {}),
                           (https(steady(TWO), days=-1), {}),
                           (server, {"tls-ca": str(certs.Authority(tmp_path / "o").certificate)})):
        change(d, url=wrong.url(), **options)
        fetch(d, well=False)
        assert "certificate" in fetched(d)["failed"] or "SSL" in fetched(d)["failed"]
        assert is_blocked(d, "one.example")
    assert not is_blocked(d, "two.example")


def test_what_the_system_does_not_trust_is_not_trusted(fetching, https):
    d = fetching(https(steady(ONE)).url())
    wait_until(lambda: fetched(d)["failures"] >= 1, 10, "the fetch fails")
    assert "certificate" in fetched(d)["failed"]


def test_no_redirection_leads_from_https_to_http(fetching, https, feed, ca):
    plain = feed(steady(ONE))
    d = fetching(https(redirect(plain.url())).url(), **{"tls-ca": str(ca.certificate)})
    wait_until(lambda: fetched(d)["failures"] >= 1, 10, "the fetch fails")
    assert "redirected to http" in fetched(d)["failed"] and plain.connections == 0


FAR = "198.51.100.1"
REDIRECTING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", sys.argv[3 + int(self.path[1:])])
        self.end_headers()
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


def test_who_is_far_away_leads_nobody_into_networks_of_ones_own(fetching):
    """However the address is written; where the list itself is there, it may (all other tests)."""
    inner = ["http://127.0.0.1:9/", "http://0x7f.1:9/", "http://[::1]:9/", "http://0:9/",
             "http://[::ffff:127.0.0.1]:9/", "http://169.254.169.254/", f"http://{FAR}:9/"]
    port = free_port()
    d = fetching(f"http://{FAR}:{port}/0", start=False)
    for i in range(1, len(inner)):
        d.add_list(f"feed{i}", url=f"http://{FAR}:{port}/{i}")
        del d.config["lists"][-1]["file"]
    d.start(with_addresses(f"{FAR}/32"))
    await_control(d)
    server = Program([*joined(d.program.pid), sys.executable, "-c", REDIRECTING, FAR, str(port),
                      *inner])
    try:
        wait_until(lambda: "redirected" in (ctl(d.socket, "fetch", "feed"), fetched(d)["failed"])[1],
                   20, "the server is there")
        ctl(d.socket, "fetch")
        for i in range(len(inner) - 1):
            reason = fetched(d, f"feed{i or ''}")["failed"]
            assert "an address of this network or machine" in reason, (inner[i], reason)
        assert "onnect" in fetched(d, f"feed{len(inner) - 1}")["failed"]
    finally:
        server.kill()


def test_a_redirection_from_http_to_https_is_followed(fetching, https, feed, ca):
    server = feed(redirect(https(steady(ONE)).url()))
    first(fetching(server.url(), **{"tls-ca": str(ca.certificate)}))


def test_a_proxy_is_asked_and_none_of_the_environment(fetching, feed):
    proxy = feed(steady(ONE))
    d = fetching("http://nowhere.test/list", start=False,
                 proxy=f"http://user:pass@127.0.0.1:{proxy.port}")
    d.start()
    first(d)
    assert proxy.requests[0].path == "http://nowhere.test/list"
    assert "proxy-authorization" in proxy.requests[0].fields and "pass" not in d.log()
    server = feed(steady(TWO))
    other = fetching(server.url(), start=False)
    other.environment = {"http_proxy": f"http://127.0.0.1:{proxy.port}", "no_proxy": ""}
    other.start()
    first(other, "two.example")


# ---- in the daemon's life

def test_a_reload_keeps_a_fetch_that_is_the_same_and_ends_another(fetching, feed):
    go = []

    def script(request):
        request.head(Content_Length=len(TWO))
        wait_until(lambda: go, 20, "the test says so")
        request.send(TWO)
    server = feed(script)
    d = fetching(server.url())
    wait_until(lambda: server.requests, 10, "it is asked")
    d.reload()
    go.append(1)
    first(d, "two.example")
    assert len(server.requests) == 1
    server.script = stall
    assert ask_socket(d.socket, "POST", "/v1/fetch", "{}")[0] == 202
    wait_until(lambda: len(server.requests) == 2, 10, "it is asked")
    other = feed(steady(ONE))
    change(d, url=other.url())
    wait_until(lambda: not is_blocked(d, "two.example"), 20, "the other is in force")


def test_what_is_asked_for_amid_a_fetch_is_fetched_after_it(fetching, feed):
    go = []

    def script(request):
        wait_until(lambda: go, 20, "the test says so")
        request.answer(ONE)
    server = feed(lambda request: request.answer(ONE))
    d = fetching(server.url())
    first(d)
    server.script = script
    for _ in range(2):
        ask_socket(d.socket, "POST", "/v1/fetch", "{}")
        wait_until(lambda: len(server.requests) == 2, 10, "it is asked")
    go.append(1)
    wait_until(lambda: len(server.requests) == 3, 10, "it is asked again")


def test_sigterm_amid_a_fetch_ends_at_once_and_leaves_nothing(fetching, feed):
    server = feed(stall)
    d = fetching(server.url())
    part = d.copy.with_suffix(".part")
    wait_until(part.exists, 10, "something has come")
    d.stop(timeout=5)
    assert os.listdir(d.copy.parent) == []


def test_a_hand_over_amid_a_fetch_has_the_new_process_fetch(fetching, feed):
    server = feed(lambda request: request.answer(ONE))
    d = fetching(server.url())
    first(d)
    server.script = stall
    ask_socket(d.socket, "POST", "/v1/fetch", "{}")
    part = d.copy.with_suffix(".part")
    wait_until(part.exists, 10, "something has come")
    server.script = lambda request: request.answer(TWO)
    d.hand_over()
    assert not part.exists()
    assert is_blocked(d, "one.example")
    await_control(d)
    fetch(d)
    assert is_blocked(d, "two.example")


def test_fetches_go_on_after_a_hand_over_that_fails(fetching, feed):
    server = feed(lambda request: request.answer(ONE))
    d = fetching(server.url())
    first(d)
    good = d.config_path.read_text()
    d.config_path.write_text("server: {nonsense: 1}\n")
    d.hand_over_fails()
    d.config_path.write_text(good)
    server.script = lambda request: request.answer(TWO)
    fetch(d)
    assert is_blocked(d, "two.example")


def test_sixty_lists_at_once_and_slow_servers_keep_no_others_waiting(fetching, feed):
    slow, quick = feed(stall), feed(lambda request: request.answer(f"n{request.path[1:]}.example\n"))
    d = fetching(slow.url(), start=False, **{"fetch-timeout": "10m"})    # none is given up
    for i in range(60):
        d.add_list(f"more{i}", url=quick.url(f"/{i}") if i >= 10 else slow.url())
        del d.config["lists"][-1]["file"]
    d.start()
    for i in range(10, 60):
        first(d, f"n{i}.example")
    assert len(slow.requests) == 4          # of its eleven, so many at a time


def test_a_full_disk_and_one_that_cannot_be_written_to(fetching, feed):
    """What is there stays, and nothing is left behind; with room again all is well again."""
    server = feed(steady(ONE))
    d = fetching(server.url(), start=False)
    d.state = d.folder / "small"
    d.copy = d.state / "fetched" / "feed.list"
    d.configure({"state": {"directory": str(d.state)}, "cache": {"size": "64KiB"}})
    d.start(with_small_disk(d.state, "4m"))
    first(d)
    inside = Path(f"/proc/{d.program.pid}/root") / str(d.copy.parent)[1:]
    server.script = lambda request: request.answer("x.example\n" * 2000000)
    fetch(d, well=False)
    assert "No space left" in fetched(d)["failed"]
    assert is_blocked(d, "one.example")
    assert sorted(os.listdir(inside)) == ["feed.list", "feed.meta"]
    user = [] if os.geteuid() == 0 else ["-U", "--preserve"]
    outside = ["nsenter", "-t", str(d.program.pid), *user, "-m", "sh", "-c"]
    where = d.copy.parent
    subprocess.run([*outside, f"mount --bind {where} {where} && mount -o remount,bind,ro {where}"],
                   check=True)
    server.script = lambda request: request.answer(TWO)
    fetch(d, well=False)
    assert "Read-only file system" in fetched(d)["failed"] and is_blocked(d, "one.example")
    subprocess.run([*outside, f"umount {where}"], check=True)
    fetch(d)
    assert is_blocked(d, "two.example")


# ---- what is shown

def test_what_is_shown(fetching, feed):
    server = feed(steady(ONE))
    d = fetching(server.url(), start=False)
    port = free_port()
    d.configure({"metrics": {"listen": [f"127.0.0.1@{port}"]}})
    d.start()
    first(d)
    text = ask_socket(d.socket, "GET", "/metrics")[2]
    found = samples(text)
    assert found['sinkholed_list_fetch_age_seconds{list="feed"}'] < 60
    assert found['sinkholed_list_fetch_failures_total{list="feed"}'] == 0
    assert found['sinkholed_list_fetch_stale{list="feed"}'] == 0
    server.script = lambda request: request.answer(status=503, Retry_After="7200")
    fetch(d, well=False)
    found = samples(ask_socket(d.socket, "GET", "/metrics")[2])
    assert found['sinkholed_list_fetch_failures_total{list="feed"}'] == 1
    assert "fetch.failed: the server answers 503" in ctl(d.socket, "lists").stdout
    assert "tried again in 7200 s" in d.log()
    assert ask_socket(d.socket, "POST", "/v1/fetch", '{"name": "other"}')[0] == 404
    assert ctl(d.socket, "fetch", "other").returncode == 1


def test_check_warns_of_a_list_without_a_copy(fetching):
    d = fetching("http://127.0.0.1:1/", start=False, mandatory=True)
    d.write_config()
    done = subprocess.run([d.binary, "-c", str(d.config_path), "--check"], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert "warning: list feed: nothing was fetched yet" in done.stderr


# ---- a real server

def test_nginx(fetching, nginx):
    server = nginx("location = /page { return 200 '<html>'; }  location /loop { return 302 /loop; }")
    old = int(time.time()) - 100000
    server.put("list.txt", TWO, old)
    d = fetching(server.url("list.txt"))
    first(d, "two.example")
    mark = d.program.mark()
    fetch(d)                                            # 304
    assert "reloading" not in d.log(mark)
    server.put("list.txt", ONE, old - 86400)            # rolled back
    fetch(d)
    assert not is_blocked(d, "two.example")
    (server.root / "list.txt").unlink()
    assert "404" in fetch(d, well=False)
    for name in ("loop", "page"):
        change(d, url=server.url(name))
        fetch(d, well=False)
        assert is_blocked(d, "one.example")


@pytest.mark.parametrize("settings", ["gzip on;", "gzip off;"])
def test_nginx_with_compressed_files(fetching, nginx, settings):
    server = nginx(settings)
    server.put("list.gz", gzip.compress(TWO.encode()))
    server.put("list.txt", TWO)
    for name in ("list.gz", "list.txt"):
        d = fetching(server.url(name))
        first(d, "two.example")
        mark = d.program.mark()
        fetch(d)
        assert "reloading" not in d.log(mark)
