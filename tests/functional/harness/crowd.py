# SPDX-License-Identifier: BSD-2-Clause
"""Many questions at one time, each asked once, and what became of each."""
import contextlib
import select
import socket
import threading
import time
from dataclasses import dataclass

import dns.message

from harness.client import addresses, ede, query, rcode, ttls, udp_socket

PATIENCE = 6    # seconds: a bit more than what clients have


@dataclass
class Outcome:
    name: str
    seconds: float
    message: object = None  # None: lost

    @property
    def rcode(self):
        return rcode(self.message) if self.message else "lost"

    @property
    def addresses(self):
        return addresses(self.message) if self.message else []

    @property
    def ede(self):
        return ede(self.message)[0] if self.message and ede(self.message) else None

    @property
    def ttl(self):
        return max(ttls(self.message), default=None) if self.message else None


class Crowd:
    """Asks through one socket; at most `window` are open, and at most `rate` a second are sent."""

    def __init__(self, address, names, qtype="A", window=20, rate=None, edns=True, do=False,
                 source=None, patience=PATIENCE):
        self.address, self.source = address, source
        self.queries = [query(name, qtype, edns=edns, do=do) for name in names]
        for number, message in enumerate(self.queries):
            message.id = number
        self.names = names
        self.window, self.rate, self.patience = window, rate, patience
        self.outcomes = [None] * len(names)
        self.open = {}      # number: when it was sent
        self.stopped = threading.Event()

    def _receive(self, s, wait):
        if not select.select([s], [], [], max(0, wait))[0]:
            return
        try:
            wire = s.recv(65535)
        except (BlockingIOError, ConnectionError):
            return
        number = int.from_bytes(wire[:2], "big")
        if number in self.open:
            took = time.monotonic() - self.open.pop(number)
            self.outcomes[number] = Outcome(self.names[number], took, dns.message.from_wire(wire))

    def _give_up(self, now):
        for number in [n for n, at in self.open.items() if now > at + self.patience]:
            del self.open[number]
            self.outcomes[number] = Outcome(self.names[number], self.patience)

    def run(self):
        with udp_socket(self.address, self.source) as s:
            s.setblocking(False)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            begin, sent = time.monotonic(), 0
            while self.open or (sent < len(self.names) and not self.stopped.is_set()):
                now = time.monotonic()
                due = begin + sent / self.rate if self.rate else now
                if sent < len(self.names) and len(self.open) < self.window and now >= due \
                        and not self.stopped.is_set():
                    with contextlib.suppress(ConnectionError):
                        s.send(self.queries[sent].to_wire())
                    self.open[sent] = now
                    sent += 1
                    continue
                self._give_up(now)
                self._receive(s, min(0.05, due - now) if due > now else 0.05)
        return self.outcomes[:sent]


def ask_many(address, names, **options):
    """The Outcomes, in the order of the names."""
    return Crowd(address, names, **options).run()


@contextlib.contextmanager
def asking(address, names, **options):
    """In the background, until the block ends; the list that is given has the Outcomes then."""
    crowd = Crowd(address, names, window=len(names), **options)
    found = []
    thread = threading.Thread(target=lambda: found.extend(crowd.run()))
    thread.start()
    try:
        yield found
    finally:
        crowd.stopped.set()
        thread.join(PATIENCE + 5)


_counter = iter(range(1 << 30))


def fresh(count, zone="faults.net"):
    """Names that were never asked for."""
    return [f"n{next(_counter)}.{zone}" for _ in range(count)]


def tell(outcomes):
    """A sum of them that a failed test can show."""
    out = {}
    for o in outcomes:
        key = (o.rcode, *o.addresses, *([f"EDE {o.ede}"] if o.ede is not None else []))
        out[key] = out.get(key, 0) + 1
    return out
