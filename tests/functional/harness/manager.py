# SPDX-License-Identifier: BSD-2-Clause
"""What systemd is to the daemon: it hears its words, keeps its sockets, and passes them on."""
import array
import os
import shutil
import socket
import sys
import threading

from harness.program import wait_until

LISTEN_FDS_START = 3

# gives the process that it becomes the sockets, at the numbers where they are looked for
PASS = """
import os, sys
fds = [int(n) for n in sys.argv[1].split(",")]
spare = [os.dup2(fd, 200 + i, inheritable=True) for i, fd in enumerate(fds)]
for fd in fds:
    os.close(fd)
for i, fd in enumerate(spare):
    os.dup2(fd, 3 + i, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()),
                  LISTEN_FDNAMES=":".join(["sinkholed"] * len(fds)))
os.execvp(sys.argv[2], sys.argv[2:])
"""


class Manager:
    def __init__(self):
        # of no folder: whoever the daemon has become may speak to it
        self.name = f"@sinkholed-test-{os.getpid()}-{id(self)}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind("\0" + self.name[1:])
        self.words, self.store, self.main_pid = [], [], None
        self.thread = threading.Thread(target=self._hear, daemon=True)
        self.thread.start()

    @property
    def environment(self):
        return {"NOTIFY_SOCKET": self.name}

    def _hear(self):
        while True:
            try:
                data, control, _, _ = self.socket.recvmsg(4096, 16384)
            except OSError:
                return
            if not data:
                return
            fds = array.array("i")
            for level, kind, octets in control:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds.frombytes(octets)
            self._take(dict(line.split("=", 1) for line in data.decode().splitlines()), list(fds))

    def _take(self, word, fds):
        if "FDSTORE" in word:
            for fd in fds:  # what it has already is kept once
                if any(os.fstat(fd) == os.fstat(kept) for kept in self.store):
                    os.close(fd)
                else:
                    self.store.append(fd)
            fds = []
        if "FDSTOREREMOVE" in word:
            self._forget()
        if "MAINPID" in word:
            self.main_pid = int(word["MAINPID"])
        self.words.append(word)
        for fd in fds:      # of a barrier: who waits for it sees that it is closed
            os.close(fd)

    def _forget(self):
        for fd in self.store:
            os.close(fd)
        self.store = []

    def said(self, key):
        return [word[key] for word in list(self.words) if key in word]

    def wait_for(self, key, count=1):
        wait_until(lambda: len(self.said(key)) >= count, 20, f"systemd hears {key}")

    def start(self, daemon, prefix=()):
        """Starts the daemon with the sockets that are kept, if there are any."""
        if not self.store:
            return daemon.start(prefix)
        numbers = ",".join(map(str, self.store))
        python = sys.executable or shutil.which("python3")
        return daemon.start([python, "-c", PASS, numbers, *prefix], pass_fds=tuple(self.store))

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.socket.close()
        self._forget()
