# SPDX-License-Identifier: BSD-2-Clause
"""An HTTP server that does as its script says: it answers, stalls, drips, breaks off, lies.

The script is a function that gets a Request, and sends what it likes by it.  It may be exchanged while
the server runs: `feed.script = other`."""
import email.utils
import os
import shutil
import socket
import threading
import time
from pathlib import Path

from harness.ports import free_port
from harness.program import Program, wait_until

HOST = "feed.test"


class Request:
    """One request, and the connection that it came by."""

    def __init__(self, feed, connection, text):
        head, *lines = text.split("\r\n")
        self.feed, self.connection = feed, connection
        self.method, self.path = head.split(" ")[:2]
        self.fields = {key.strip().lower(): value.strip()
                       for key, _, value in (line.partition(":") for line in lines if line)}

    def send(self, octets):
        self.connection.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def head(self, status=200, **fields):
        lines = [f"HTTP/1.1 {status} Reason", "Connection: close"]
        lines += [f"{key.replace('_', '-')}: {value}" for key, value in fields.items()]
        self.send("\r\n".join(lines) + "\r\n\r\n")

    def answer(self, body=b"", status=200, **fields):
        body = body if isinstance(body, bytes) else body.encode()
        self.head(status, **{"Content-Length": len(body), **fields})
        self.send(body)

    def is_current(self, etag):
        return self.fields.get("if-none-match") == etag

    def linger(self, seconds=60):
        """Until the client has had enough of it."""
        self.connection.settimeout(seconds)
        try:
            while self.connection.recv(4096):
                pass
        except OSError:
            pass

    def drip(self, octets, pause=0.1):
        for i in range(len(octets)):
            self.send(octets[i:i + 1])
            time.sleep(pause)


class Feed:
    def __init__(self, script, identity=None):
        self.script, self.identity = script, identity
        self.requests, self.connections = [], 0
        self.socket = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.socket.getsockname()[1]
        self.open = True
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def url(self, path="/list.txt", host=HOST):
        return f"{'https' if self.identity else 'http'}://{host}:{self.port}{path}"

    def _accept(self):
        while self.open:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self.connections += 1
        try:
            if self.identity:
                connection = self.identity.context().wrap_socket(connection, server_side=True)
            text = b""
            while b"\r\n\r\n" not in text:
                octets = connection.recv(4096)
                if not octets:
                    return
                text += octets
            request = Request(self, connection, text.decode("latin-1"))
            self.requests.append(request)
            self.script(request)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self):
        self.open = False
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


class Nginx:
    """Debian's nginx, with a folder that it serves at 127.0.0.1."""

    def __init__(self, folder, settings=""):
        self.root = folder / "www"
        self.root.mkdir(parents=True)
        self.port = free_port()
        config = folder / "nginx.conf"
        config.write_text(f"""
            daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
            {'user root;' if os.geteuid() == 0 else ''}
            events {{ worker_connections 64; }}
            http {{
                access_log off; gzip_types text/plain; gzip_min_length 1;
                client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
                scgi_temp_path {folder}/scgi;
                server {{ listen 127.0.0.1:{self.port}; root {self.root}; {settings} }}
            }}""")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.program = Program([program, "-c", str(config), "-p", str(folder), "-e", "stderr"])
        wait_until(self._accepts, 10, "nginx accepts connections")

    def _accepts(self):
        assert self.program.running(), self.program.text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, name):
        return f"http://{HOST}:{self.port}/{name}"

    def put(self, name, octets, when=None):
        """The file, of that Unix time."""
        path = Path(self.root, name)
        path.write_bytes(octets if isinstance(octets, bytes) else octets.encode())
        if when:
            os.utime(path, (when, when))
        return path

    def close(self):
        self.program.signal(15)
        self.program.wait_exit(10)


def http_date(when):
    return email.utils.formatdate(when, usegmt=True)
