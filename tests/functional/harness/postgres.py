# SPDX-License-Identifier: BSD-2-Clause
"""A PostgreSQL server of the test's own, on a Unix socket."""
import os
import signal
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "postgres.sh"


class Postgres:
    def __init__(self, settings=""):
        """`settings` are options of the server's, as -c fsync=on."""
        self.settings, self.databases = settings, 0
        done = subprocess.run([SCRIPT, "start"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "SETTINGS": settings})
        if done.returncode != 0:
            raise OSError(done.stderr)
        self.folder = done.stdout.strip()

    def _do(self, what):
        subprocess.run([SCRIPT, what, self.folder], check=True, timeout=60,
                       env={**os.environ, "SETTINGS": self.settings})

    def listen(self, port, identity):
        """Starts it anew: over TCP it wants TLS and a password, on the socket nothing. Returns how the socket is named."""
        data = Path(self.folder) / "data"
        self.kill()
        owner = data.stat()
        for name, octets in (("server.pem", identity.certificate.read_bytes()), ("server.key", identity.key.read_bytes()),
                             ("pg_hba.conf", b"local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")):
            path = data / name
            path.write_bytes(octets)
            path.chmod(0o600)
            os.chown(path, owner.st_uid, owner.st_gid)
        self.settings = (f"-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file=server.pem"
                         " -c ssl_key_file=server.key -c password_encryption=scram-sha-256")
        self.again()

    def kill(self):
        self._do("kill")

    def again(self):
        self._do("again")

    def close(self):
        self._do("stop")

    def _signal(self, number):
        """To the server and its backends."""
        first = int((Path(self.folder) / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(first, number)
        for task in Path("/proc").glob("[0-9]*/stat"):
            try:
                if int(task.read_text().rsplit(")", 1)[1].split()[1]) == first:
                    os.kill(int(task.parent.name), number)
            except (OSError, ProcessLookupError):
                pass

    def freeze(self):
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def fresh(self):
        """An empty database's URL."""
        self.databases += 1
        name = f"t{self.databases}"
        self.ask(f"CREATE DATABASE {name}", self.url("postgres"))
        return self.url(name)

    def url(self, database, user="owner"):
        """Of the socket, by whatever port's name."""
        socket = next(Path(self.folder).glob(".s.PGSQL.*[0-9]"))
        return f"postgresql://{user}@/{database}?host={self.folder}&port={socket.suffix[1:]}"

    @staticmethod
    def ask(sql, url):
        """What psql prints, a list of the columns for each row."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-f", "-", url], input=sql,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise OSError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]
