# SPDX-License-Identifier: BSD-2-Clause
"""The landing: what answers at the addresses that names are cut off by, and what is noted of who comes."""
import http.client
import json
import re
import socket
import sqlite3
import ssl
import subprocess
import time
from html.parser import HTMLParser

import pytest

from harness.build import daemon_path, slow
from harness.client import ask, rcode
from harness.ports import free_port
from harness.program import wait_until

COURT = 'Court of "A & B" <script>alert(1)</script>'
LANGUAGES = ("en", "de", "fr", "es", "it", "pl")


class Page(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.text, self.lang = [], [], "", None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("href", "src")]
        if tag == "html":
            self.lang = dict(attrs)["lang"]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def landed(daemon, tmp_path):
    def make(landing=None, **more):
        d = daemon({"state": {"directory": str(tmp_path / "state")}, **more})
        d.http, d.tls, d.other = free_port(), free_port(), free_port()
        d.configure({"landing": {"listen": ["127.0.0.1"], "http-ports": [d.http], "tls-ports": [d.tls],
                                 "ports": [d.other], "contact": "help@isp.test", **(landing or {})}})
        d.ledger = tmp_path / "state" / "ledger.db"
        d.add_list("bots", "c2.test\n", family="Waledac", reason="order",
                   authority={"court": COURT, "case": "1:10-cv-156", "date": "2010-02-22",
                              "contact": "abuse@court.test", "url": "https://court.test/order?a=1&b=2",
                              "remedy": "https://isp.test/clean"})
        d.add_list("ads", "ads.test\n", action="nxdomain")
        return d.start()
    return make


def get(port, host="c2.test", path="/", method="GET", headers=None, body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=slow(5, 20))
    try:
        c.putrequest(method, path, skip_host=True)
        if host is not None:
            c.putheader("Host", host)
        for key, value in (headers or {}).items():
            c.putheader(key, value)
        if body is not None:
            c.putheader("Content-Length", str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read().decode()
    finally:
        c.close()


def raw(port, octets, timeout=None):
    """Sends them, and reads until the other end closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout or slow(5, 20)) as s:
        s.sendall(octets)
        got = b""
        try:
            while piece := s.recv(65536):
                got += piece
        except ConnectionResetError:
            pass
        return got


def visits(d):
    try:
        db = sqlite3.connect(f"file:{d.ledger}?mode=ro", uri=True, timeout=5)
    except sqlite3.OperationalError:
        return []
    try:
        db.row_factory = sqlite3.Row
        return [dict(r) for r in db.execute("SELECT visit.*, address FROM visit JOIN client ON client.id = client")]
    except sqlite3.OperationalError:
        return []
    finally:
        db.close()


def wait_visits(d, count):
    wait_until(lambda: len(visits(d)) >= count, slow(5, 20), f"{count} visits are written")
    return visits(d)


def test_page_and_what_is_noted(landed):
    d = landed()
    ask(d.address, "c2.test")
    status, fields, text = get(d.http, "C2.test.:80", "/gate.php?id=secret", headers={"User-Agent": "Bot/1\x7f"})
    page = Page(text)
    assert status == 451 and page.lang == "en" and fields["content-language"] == "en"
    for said in ("c2.test", COURT, "1:10-cv-156", "2010-02-22", "Waledac", "abuse@court.test"):
        assert said in page.text, said
    assert page.links == ["https://isp.test/clean", "https://court.test/order?a=1&b=2"]
    assert "script" not in page.tags and "img" not in page.tags and "<script>alert" not in text
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; "
                        r"form-action 'none'; frame-ancestors 'none'", fields["content-security-policy"])
    assert fields["connection"] == "close" and fields["cache-control"] == "no-store"
    visit, = wait_visits(d, 1)
    assert (visit["address"], visit["host"], visit["port"], visit["method"], visit["path"], visit["agent"],
            visit["count"], visit["visits"]) == ("127.0.0.1", "c2.test", d.http, "GET", "/gate.php", "Bot/1?", 1, 1)
    wait_until(lambda: d.counted("ledger_written") == 1, slow(5, 20), "the hit is written")
    row, = report(d, "json", "--name", "c2.test")
    assert (row["visits"], row["visit_path"], row["visit_agent"]) == (1, "/gate.php", "Bot/1?")
    assert d.counted("landing_requests") == 1


def report(d, form, *more):
    done = subprocess.run([str(daemon_path()), "--report", "--store", str(d.ledger), "--format", form, *more],
                          capture_output=True, text=True, timeout=slow(20, 60))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()] if form == "json" else done.stdout


def test_a_name_of_no_list_and_one_that_no_order_names(landed):
    d = landed(landing={"remedy": "https://isp.test/help"})
    for host in ("elsewhere.test", "ads.test", None, "192.0.2.7", "[::1]:80"):
        status, _, text = get(d.http, host)
        page = Page(text)
        assert status == 403 and "help@isp.test" in page.text and COURT not in page.text, host
    assert "https://isp.test/help" in page.links


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages(landed, language):
    d = landed()
    _, fields, text = get(d.http, headers={"Accept-Language": f"xx, en;q=0.3, {language}-XX;q=0.9"})
    english = get(d.http)[2]
    assert Page(text).lang == language == fields["content-language"]
    assert "{" not in Page(text).text.split("}")[-1] and "c2.test" in text and "isp.test/clean" in text
    assert (text == english) == (language == "en")


def test_methods(landed):
    d = landed()
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        status, _, text = get(d.http, method=method, body=b"x" * 100)
        assert status == 451 and "c2.test" in text
    status, fields, text = get(d.http, method="HEAD")
    assert status == 451 and text == "" and int(fields["content-length"]) > 1000
    assert get(d.http, method="POST", body=b"x" * 20000)[0] == 413


def test_two_slashes_and_whole_urls(landed):
    d = landed()
    assert b"c2.test" in raw(d.http, b"GET //gate.php HTTP/1.1\r\nHost: c2.test\r\n\r\n")
    assert b"c2.test" in raw(d.http, b"GET http://c2.test/x HTTP/1.1\r\nHost: other.test\r\n\r\n")
    got = {(v["host"], v["path"]) for v in wait_visits(d, 2)}
    assert got == {("c2.test", "//gate.php"), ("c2.test", "/x")}


@pytest.mark.parametrize("octets", [
    b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: <script>alert(1)</script>\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: " + b"a" * 7000 + b"\r\n\r\n", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: c2.test\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \xff\xfe.test\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: c2.test\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: c2.test\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
    b"GET / HTTP/1.1\r\nHost: c2.test\r\nAccept-Language: " + b"a;q=0.9999999999," * 300 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: c2.test\r\nUser-Agent: ' OR 1=1;--\xff\x01\r\n\r\n",
])
def test_hostile_requests(landed, octets):
    d = landed()
    got = raw(d.http, octets, slow(20, 40))
    assert b"<script>alert" not in got
    assert get(d.http)[0] == 451            # it goes on
    d.stop()


def hello(name, alpn=("h2", "http/1.1")):
    """A real ClientHello, by Python's OpenSSL."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(list(alpn))
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def test_tls_is_read_and_closed(landed):
    d = landed()
    octets = hello("C2.Test")
    started = time.monotonic()
    assert raw(d.tls, octets) == b""
    assert time.monotonic() - started < slow(2, 5)     # before it would be taken for silent
    for i in range(3):                                   # in pieces, as another client may send it
        with socket.create_connection(("127.0.0.1", d.tls), timeout=slow(5, 20)) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.sendall(octets[:1 + i * 50])
            time.sleep(0.05)
            s.sendall(octets[1 + i * 50:])
            assert s.recv(10) == b""
    wait_until(lambda: sum(v["count"] for v in visits(d)) == 4, slow(5, 20), "all are written")
    visit, = visits(d)
    assert (visit["host"], visit["port"], visit["visits"]) == ("c2.test", d.tls, 1)
    assert re.fullmatch(r"t13d\d{4}h2_[0-9a-f]{12}_[0-9a-f]{12}", visit["ja4"])
    assert d.counted("landing_hellos") == 4


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n\r\n", b"\x16", b"\x16\x03\x01\xff\xff" + b"\1" * 20000,
                                    b"\x15\x03\x01\0\2\2\x28", b"\x16\x03\x01\0\4\1\xff\xff\xff", b""])
def test_what_is_no_hello(landed, octets):
    d = landed()
    with socket.create_connection(("127.0.0.1", d.tls), timeout=slow(10, 30)) as s:
        s.sendall(octets)
        try:
            assert s.recv(10) == b""
        except ConnectionResetError:
            pass
    wait_until(lambda: d.counted("landing_hellos") == 1, slow(5, 20), "it is counted")
    assert raw(d.tls, hello("c2.test")) == b""
    assert wait_visits(d, 1)[0]["host"] == "c2.test"


def test_other_ports_are_counted_and_closed(landed):
    d = landed()
    assert raw(d.other, b"") == b""
    visit, = wait_visits(d, 1)
    assert (visit["port"], visit["host"], visit["count"]) == (d.other, "", 1)
    assert d.counted("landing_others") == 1


def test_slow_clients_have_an_end(landed):
    """One octet a second keeps nobody's place for longer than it may have it."""
    d = landed()
    slow_ones = [socket.create_connection(("127.0.0.1", d.http), timeout=5) for _ in range(12)]
    ended, began = 0, time.monotonic()
    while ended < len(slow_ones) and time.monotonic() - began < slow(25, 60):
        ended = 0
        for s in slow_ones:
            try:
                s.setblocking(False)
                s.send(b"G")
                ended += s.recv(10) == b""
            except BlockingIOError:
                pass
            except OSError:
                ended += 1
        assert get(d.http)[0] == 451
        time.sleep(1)
    assert ended == len(slow_ones)
    for s in slow_ones:
        s.close()


def test_a_client_has_some_places(landed):
    """One that opens many is turned away, and comes in again when they are closed."""
    d = landed()
    many = [socket.create_connection(("127.0.0.1", d.http), timeout=5) for _ in range(60)]
    wait_until(lambda: d.counted("landing_refused") >= 40, slow(5, 20), "most are turned away")
    for s in many:
        s.close()
    wait_until(lambda: get_or_none(d) == 451, slow(10, 30), "there are places again")


def get_or_none(d):
    try:
        return get(d.http)[0]
    except (OSError, http.client.HTTPException):
        return None


def test_a_flood_of_one_client_is_counted_and_lost(landed):
    d = landed()
    codes = [get_or_none(d) for _ in range(250)]
    assert 429 in codes and codes[0] == 451
    assert d.counted("landing_refused") > 0
    assert rcode(ask(d.address, "c2.test")) == "NOERROR"


def test_handed_over(landed):
    d = landed()
    assert get(d.http)[0] == 451
    d.hand_over()
    assert get(d.http)[0] == 451
    assert raw(d.tls, hello("c2.test")) == b""


def test_an_address_that_is_taken(landed, daemon, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as s:
        d = landed(landing={"http-ports": [s.getsockname()[1]]})
        assert "landing: cannot listen on 127.0.0.1@" in d.log()
        assert raw(d.tls, hello("c2.test")) == b""


def test_without_a_ledger(landed):
    d = landed(evidence={"ledger": False})
    assert get(d.http)[0] == 451 and raw(d.tls, hello("c2.test")) == b""
    assert visits(d) == []


def test_visits_are_erased_with_the_findings(landed):
    d = landed()
    get(d.http)
    wait_visits(d, 1)
    d.stop()
    done = subprocess.run([str(daemon_path()), "--erase", "127.0.0.1", "--store", str(d.ledger), "--because",
                           "asked"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert visits(d) == []
