# SPDX-License-Identifier: BSD-2-Clause
"""Who comes to the landing and means no good: odd requests, hellos in crumbs, names that are none, no files left."""
import os
import resource
import socket
import struct

import pytest

from harness.build import slow
from harness.program import wait_until
from test_landing import get, landed, raw, visits, wait_visits  # noqa: F401

HOST = b"Host: c2.test\r\n"
LONGEST = b".".join([b"a" * 63] * 3) + b"." + b"b" * 61     # 253 characters: 255 octets as a name


def hello(name, record=16384, others=b""):
    """A ClientHello that asks for the name, `record` octets of it in each record."""
    entry = struct.pack("!BH", 0, len(name)) + name
    names = struct.pack("!HHH", 0, len(entry) + 2, len(entry)) + entry
    body = (b"\3\3" + bytes(32) + b"\0" + struct.pack("!HHH", 4, 0x1301, 0x1302) + b"\1\0" +
            struct.pack("!H", len(names) + len(others)) + names + others)
    message = b"\1" + struct.pack("!I", len(body))[1:] + body
    return b"".join(b"\x16\3\1" + struct.pack("!H", len(piece)) + piece
                    for piece in (message[i:i + record] for i in range(0, len(message), record)))


@pytest.fixture
def one(landed):  # noqa: F811
    return landed()


def test_one_request_of_a_connection_is_answered(one):
    """What is sent behind it is no request of anybody's."""
    for octets in ((b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n") * 3,
                   b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n" + HOST + b"\r\n",
                   b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n" + HOST + b"\r\nGET /b HTTP/1.0\r\n\r\n"):
        assert raw(one.http, octets).count(b"<!DOCTYPE") == 1
    for octets in (b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b "
                   b"HTTP/1.1\r\n" + HOST + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
                   b"POST /b HTTP/1.1\r\n" + HOST + b"Content-Length: -4\r\n\r\n", b"GET /b\r\n"):
        assert raw(one.http, octets).startswith(b"HTTP/1.1 400 ")
    assert {v["path"] for v in wait_visits(one, 2)} == {"/a"}


def test_who_says_that_no_more_is_to_come_is_answered(one):
    """A client that has closed its half behind the request."""
    with socket.create_connection(("127.0.0.1", one.http), timeout=slow(5, 20)) as s:
        s.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        s.shutdown(socket.SHUT_WR)
        assert s.recv(20).startswith(b"HTTP/1.1 451 ")


def test_whom_a_url_names(one):
    targets = {b"http://user:secret@c2.test:8080/p?q": "c2.test", b"http://c2.test@other.test/p": "other.test",
               b"http://[2001:db8::1]/p": ""}
    for target in targets:
        raw(one.http, b"GET " + target + b" HTTP/1.1\r\nHost: x.test\r\n\r\n")
    assert {(v["host"], v["path"]) for v in wait_visits(one, 3)} == {(host, "/p") for host in targets.values()}
    assert "secret" not in str(visits(one))


def test_names_that_hellos_ask_for(one):
    """What is no name is told by none; a hello may come in records of an octet each."""
    names = {b"C2.Test.": "c2.test", b"xn--bcher-kva.test": "xn--bcher-kva.test", LONGEST: LONGEST.decode(),
             **dict.fromkeys((b"<b>x</b>.test", b"a\r\nb.test", b"a\0b.test", "b\xfccher.test".encode(), b"192.0.2.1",
                              b"a" * 255, b"", b"\x1b[31m.test"), "")}
    for name in names:
        for record in (16384, 1):
            assert raw(one.tls, hello(name, record)) == b""
    wait_until(lambda: sum(v["count"] for v in visits(one)) == 2 * len(names), slow(5, 20), "all are written")
    for host in set(names.values()):
        assert sum(v["count"] for v in visits(one) if v["host"] == host) == 2 * list(names.values()).count(host), host


def test_a_hello_in_segments_of_an_octet(one):
    with socket.create_connection(("127.0.0.1", one.tls), timeout=slow(5, 20)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in hello(b"c2.test", record=3):
            s.send(bytes([octet]))
        assert s.recv(10) == b""
    assert wait_visits(one, 1)[0]["host"] == "c2.test"


def test_many_clients_that_say_nothing(one):
    """More than there is room for, each of its own network: who comes last is answered all the same."""
    many = []
    for i in range(300):
        s = socket.socket()
        many.append(s)
        s.settimeout(slow(5, 20))
        s.bind((f"127.{i % 100 + 100}.{i // 100 + 1}.1", 0))
        s.connect(("127.0.0.1", one.http))
        s.send(b"GET / HT")
    assert get(one.http)[0] == 451
    for s in many:
        s.close()


def test_no_files_left(one):
    """Nobody is let in, nothing else ends, and who has waited is let in when there are files again."""
    pid = one.program.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    mark = one.program.mark()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), hard))
    waiting = [socket.create_connection(("127.0.0.1", port), timeout=slow(10, 30)) for port in (one.http, one.tls)]
    one.program.wait_line("landing: accept: Too many open files", mark)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    for s, octets, begin in zip(waiting, (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", hello(b"c2.test")), (b"HTTP/1.1 451", b"")):
        with s:
            s.sendall(octets)
            assert s.recv(12) == begin
