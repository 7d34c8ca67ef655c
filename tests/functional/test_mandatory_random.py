# SPDX-License-Identifier: BSD-2-Clause
"""Whatever happens to files and configuration, in whatever order, under queries: no name that a
mandatory list has blocked is answered truly from then on.

An episode begins without a state; each of its rounds changes files and configuration at random and
has them loaded, while names are asked for all the time.  ROUNDS in the environment: how many there
are in all (make random: 10,000); SEED: of the first episode.
"""
import os
import random
import re
import shutil
import socket
import struct
import threading
import time

import pytest

from harness.client import query
from harness.daemon import READY
from harness.program import wait_until

ROUNDS = int(os.environ.get("ROUNDS", 60))
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
EPISODE = 20    # rounds
LISTS = 3
TRUE = socket.inet_aton("198.51.100.7")
NAMES = [below + f"n{i}.test" for i in range(4) for below in ("", "www.", "x.www.")]
ALIASES = {f"a{i}.alias.test.": f"{name}." for i, name in enumerate(NAMES)}  # to their targets
ASKED = [f"{name}." for name in NAMES] + list(ALIASES)
FORMS = ["{}", "{}", "{}", "{}", "||{}^", "*.{}", "@@||{}^"]
OUTSTANDING = 8


def sinkhole(place, mandatory):
    """An address that tells which list has answered."""
    return f"192.0.2.{place + (1 if mandatory else 101)}"


MANDATORY = [socket.inet_aton(sinkhole(i, True)) for i in range(LISTS)]


# ---- who asks

class Asker:
    """Asks for names all the time, and holds each answer against those before it."""

    def __init__(self):
        self.blocked = {}   # name: when a mandatory list was first seen to block it
        self.wrong = []
        self.answers = 0
        self.waiting = {}   # by ID: name, when it was asked
        self.address = None
        self.on = False

    def begin(self, address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(0.002)
        self.address, self.on, self.waiting = address, True, {}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self):
        self.on = False
        self.thread.join()
        self.socket.close()

    def _run(self):
        draw = random.Random(0)
        wires = {(name, kind): query(name, kind, edns=True).to_wire() for name in ASKED
                 for kind in ("A", "A", "A", "MX", "ANY")}
        keys, number = list(wires), 0
        while self.on:
            if len(self.waiting) < OUTSTANDING:
                number = (number + 1) & 0xffff
                key = draw.choice(keys)
                self.waiting[number] = (key[0], time.monotonic())
                self.socket.sendto(struct.pack("!H", number) + wires[key][2:], self.address)
            self._hear()
            time.sleep(0.002)   # the daemon is to have time to load
            horizon = time.monotonic() - 3
            while self.waiting and next(iter(self.waiting.values()))[1] < horizon:
                del self.waiting[next(iter(self.waiting))]

    def _hear(self):
        try:
            octets = self.socket.recv(4096)
        except OSError:     # nothing, or nobody listens there
            return
        name, asked = self.waiting.pop(struct.unpack_from("!H", octets)[0], (None, 0))
        if name:
            self.judge(name, asked, octets)

    def judge(self, name, asked, octets):
        self.answers += 1
        if any(address in octets for address in MANDATORY):
            self.blocked.setdefault(name, time.monotonic())
        elif TRUE in octets and self.blocked.get(name, asked) < asked:
            self.wrong.append(name)


# ---- what happens

class Chaos:
    def __init__(self, d, up, seed):
        self.d, self.up, self.draw = d, up, random.Random(seed)
        self.lists = {}

    def one_in(self, n):
        return self.draw.randrange(n) == 0

    def text(self):
        lines = [self.draw.choice(FORMS).format(self.draw.choice(NAMES))
                 for _ in range(self.draw.randrange(12))]
        text = "".join(f"{line}\n" for line in lines)
        return text[:-self.draw.randrange(1, 6)] if text and self.one_in(8) else text

    def options(self, place):
        mandatory = self.one_in(2)
        actions = ["sinkhole"] * 8 + ["nxdomain", "nodata"] + ([] if mandatory else ["pass", "tcp-only"])
        options = {"action": self.draw.choice(actions), "mandatory": mandatory}
        if options["action"] == "sinkhole":
            options["sinkhole"] = {"ipv4": sinkhole(place, mandatory)}
        if self.one_in(5):
            options["match"] = "exact"
        if self.one_in(5):
            options["min-entries"] = 0
        return options

    # -- a file

    def clear(self, path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def spoil_file(self):
        path = self.d.list_path(f"l{self.draw.randrange(LISTS)}")
        what = self.draw.choice(["Forbidden", "<html>\n", "", None, "folder", "fifo", "link", "null"])
        self.clear(path)
        if what == "folder":
            path.mkdir()
        elif what == "fifo":
            os.mkfifo(path)
        elif what == "null":
            path.symlink_to("/dev/null")
        elif what == "link":
            other = path.with_suffix(".other")
            other.write_text(self.text())
            path.symlink_to(other)
        elif what is not None:
            path.write_text(what)

    def replace_file(self):
        name = f"l{self.draw.randrange(LISTS)}"
        self.clear(self.d.list_path(name))
        self.d.write_list(name, self.text())

    def write_in_place(self):
        """While it is loaded."""
        path = self.d.list_path(f"l{self.draw.randrange(LISTS)}")
        self.clear(path)
        with path.open("w") as file:
            file.write(self.text())
            file.flush()
            self.configure()
            self.d.program.signal(1)
            time.sleep(self.draw.random() / 50)
            file.write(self.text())

    # -- the configuration

    def change_list(self):
        place = self.draw.randrange(LISTS)
        self.lists[place] = self.options(place)

    def remove_list(self):
        self.lists.pop(self.draw.randrange(LISTS), None)

    def shuffle(self):
        places = list(self.lists)
        self.draw.shuffle(places)
        self.lists = {place: self.lists[place] for place in places}

    def protect(self):
        self.d.config["guard"] = {"protected": [self.draw.choice(NAMES)] if self.one_in(2) else []}

    def own_names(self):
        names = self.draw.sample(NAMES, self.draw.randrange(3))
        own = [{"name": name, "ipv4": [socket.inet_ntoa(TRUE)]} for name in names]
        if self.one_in(2):
            own.append({"name": "own.test", "cname": self.draw.choice(NAMES)})
        self.d.config["local"] = {"names": own, "special-use": False}

    def forward(self):
        zones = self.draw.sample(NAMES, self.draw.randrange(3))
        self.d.config["forward"] = [{"zone": zone, "upstreams": [self.up.address]} for zone in zones]

    def configure(self):
        self.d.config["lists"] = []
        for place, options in self.lists.items():
            self.d.add_list(f"l{place}", **options)
        self.d.write_config()

    # -- the upstream

    def upstream_changes(self):
        self.up.script = self.draw.choice([answer, answer, answer, silent, fail])

    CHANGES = [spoil_file, replace_file, replace_file, replace_file, write_in_place, change_list,
               change_list, remove_list, shuffle, protect, own_names, forward, upstream_changes]

    def change(self):
        for _ in range(self.draw.randrange(1, 4)):
            self.draw.choice(self.CHANGES)(self)
        self.configure()


def answer(q):
    name = ALIASES.get(q.name, q.name)
    links = [f"{q.name} 1 IN CNAME {name}"] if name != q.name else []
    if q.type == "MX":
        return q.reply(*links, f"{name} 1 IN MX 1 n0.test.")
    return q.reply(*links, f"{name} 1 IN A {socket.inet_ntoa(TRUE)}")


def silent(q):
    return None


def fail(q):
    return q.reply(rcode="SERVFAIL")


# ---- episodes

def starts(chaos):
    """Starts the daemon; what cannot be loaded without a state is changed until it can be."""
    d = chaos.d
    for _ in range(50):
        d.spawn()
        program = d.program
        wait_until(lambda: re.search(READY, program.text(), re.M) or not program.running(), 60,
                   "it starts or does not")
        if program.running():
            wait_until(d.listens_to_signals, 20, "it listens to signals")
            return
        assert program.wait_exit(20) == 1
        program.assert_sane()
        d.program = None
        chaos.replace_file()
        chaos.change_list()
        chaos.configure()
    raise AssertionError("nothing that can be started")


def play(chaos, asker, rounds):
    d = chaos.d
    chaos.configure()
    starts(chaos)
    asker.begin(d.address)
    for _ in range(rounds):
        chaos.change()
        if chaos.one_in(12):
            asker.end()
            d.stop()
            starts(chaos)
            asker.begin(d.address)
        else:
            d.reload(60)
        time.sleep(0.01)
        assert not asker.wrong, f"{asker.wrong}\n{d.log()}"
    asker.end()
    d.stop()
    d.program = None


@pytest.mark.parametrize("rounds", [ROUNDS])
def test_no_order_of_events_lifts_a_mandatory_name(daemon, upstream, rounds):
    up = upstream(answer)
    blocked = answers = 0
    for episode in range(-(-rounds // EPISODE)):
        seed = SEED + episode
        print(f"seed {seed}", flush=True)
        d = daemon({"upstreams": [up.address], "state": {"directory": "state"},
                    "local": {"special-use": False}, "cache": {"stale-timeout": "100ms"}})
        chaos, asker = Chaos(d, up, seed), Asker()
        for place in range(LISTS):
            d.write_list(f"l{place}", chaos.text())
            chaos.lists[place] = chaos.options(place)
        up.script = answer
        play(chaos, asker, min(EPISODE, rounds - episode * EPISODE))
        blocked, answers = blocked + len(asker.blocked), answers + asker.answers
        shutil.rmtree(d.folder)
    print(f"{rounds} rounds, {answers} answers, {blocked} names blocked by mandatory lists")
    assert blocked > rounds / 20, "it was no test"
