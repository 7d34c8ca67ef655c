# SPDX-License-Identifier: BSD-2-Clause
"""A PostgreSQL server of the test's own, on a Unix socket."""
import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "postgres.sh"


class Postgres:
    def __init__(self, settings=""):
        done = subprocess.run([SCRIPT, "start"], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "SETTINGS": settings})
        if done.returncode != 0:
            raise OSError(done.stderr)
        self.folder = done.stdout.strip()
        self.databases = 0

    def _do(self, what):
        subprocess.run([SCRIPT, what, self.folder], check=True, timeout=60)

    def kill(self):
        self._do("kill")

    def again(self):
        self._do("again")

    def close(self):
        self._do("stop")

    def fresh(self):
        """An empty database's URL."""
        self.databases += 1
        name = f"t{self.databases}"
        self.ask(f"CREATE DATABASE {name}", self.url("postgres"))
        return self.url(name)

    def url(self, database, user="owner"):
        return f"postgresql://{user}@/{database}?host={self.folder}"

    @staticmethod
    def ask(sql, url):
        """What psql prints, a list of the columns for each row."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-f", "-", url], input=sql,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise OSError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]
