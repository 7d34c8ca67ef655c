# SPDX-License-Identifier: BSD-2-Clause
"""The daemon asked over HTTP: by its socket, by an address, and by sinkholectl."""
import http.client
import re
import socket
import subprocess

from harness.build import daemon_path

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$')


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.unix_path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.unix_path)


def talk(connection, method, target, body=None, headers=None):
    """Status, fields and body of the answer."""
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def ask_socket(path, method, target, body=None, headers=None):
    return talk(UnixConnection(path), method, target, body, headers)


def ask_port(port, method, target, body=None, headers=None):
    return talk(http.client.HTTPConnection("127.0.0.1", port, timeout=20), method, target, body,
                headers)


def ctl(path, *arguments, timeout=60):
    return subprocess.run([daemon_path().parent / "sinkholectl", "--socket", str(path),
                           *arguments], capture_output=True, text=True, timeout=timeout)


def samples(text):
    """The value of each series; none may be there twice."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        series = name + (labels or "")
        assert series not in found, f"twice: {series}"
        found[series] = float(value)
    return found
