# SPDX-License-Identifier: BSD-2-Clause
"""Whatever happens to files and configuration, in whatever order, under queries: no name that a
mandatory list has blocked is answered truly from then on.

An episode begins without a state; each of its rounds changes files and configuration at random and
has them loaded, by a reload, a restart, an upgrade while running or after the process was killed,
while names are asked for all the time, and what is said by sinkholectl is no way around it either.
Now and then a list is accepted as it is: then the names that
the log tells of may go, and no others.  ROUNDS in the environment: how many there are in all (make
random: 10,000); SEED: of the first episode.
"""
import collections
import os
import random
import re
import shutil
import signal
import socket
import struct
import threading
import time

import pytest

from harness.build import run_daemon
from harness.client import query
from harness.control import ctl
from harness.daemon import READY
from harness.program import Heir, wait_until

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
TOLD = 10       # names at most that the log tells of
CONTROL = "control"


def sinkhole(place, mandatory):
    """An address that tells which list has answered."""
    return f"192.0.2.{place + (1 if mandatory else 101)}"


MANDATORY = [socket.inet_aton(sinkhole(i, True)) for i in range(LISTS)]


def is_accepted(log, name):
    """True when the name is among those that the log tells of as lifted and accepted."""
    for of, count in re.findall(r"^list (\w+): that (\d+) of the names .* was accepted$", log, re.M):
        told = re.findall(rf"list {of}: would no longer be blocked: (?:what is led to by )?(\S+?)\.?$",
                          log, re.M)
        if int(count) > TOLD or any(f".{name}".endswith("." + owner.removeprefix("*.") + ".")
                                    for owner in told):
            return True
    return False


# ---- who asks

class Asker:
    """Asks for names all the time, and holds each answer against those before it."""

    def __init__(self):
        self.blocked = {}   # name: when a mandatory list was first seen to block it
        self.ever = set()   # the names that one was seen to block, though some were let go since
        self.lifted = {}    # name: when what was accepted had taken force
        self.wrong = []
        self.doubtful = []  # answered truly while an acceptance was waiting to be used
        self.lenient = False
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
            if asked > self.lifted.get(name, 0):    # else the answer is of before
                self.blocked.setdefault(name, time.monotonic())
                self.ever.add(name)
        elif TRUE in octets and self.blocked.get(name, asked) < asked:
            (self.doubtful if self.lenient else self.wrong).append(name)

    def settle(self, log, lenient):
        """What was loaded has been told in the log: of what was accepted names may go."""
        lifted = [name for name in ASKED
                  if is_accepted(log, name) or is_accepted(log, ALIASES.get(name, name))]
        for name in lifted:
            self.lifted[name] = time.monotonic()
            self.blocked.pop(name, None)
        self.wrong += [name for name in self.doubtful if name not in lifted]
        self.doubtful, self.lenient = [], lenient


# ---- what happens

class Chaos:
    def __init__(self, d, up, seed):
        self.d, self.up, self.draw = d, up, random.Random(seed)
        self.lists = {}
        self.names = ["l"] * LISTS
        self.done = {}      # how many of which

    def one_in(self, n):
        return self.draw.randrange(n) == 0

    def text(self):
        lines = [self.draw.choice(FORMS).format(self.draw.choice(NAMES)) if not self.one_in(30) else
                 "@@||{}^".format(self.draw.choice(list(ALIASES)).rstrip("."))
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
        if self.one_in(10):
            options["format"] = self.draw.choice(["names", "hosts", "adblock"])
        if self.one_in(10):
            options["max-change"] = 20
        if self.one_in(10):     # two lists share a file
            options["file"] = str(self.d.list_path(f"l{self.draw.randrange(LISTS)}"))
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

    def swap_files(self):
        """Each is what the other was, with its times."""
        one, other = (self.d.list_path(f"l{i}") for i in self.draw.sample(range(LISTS), 2))
        between = one.with_suffix(".between")
        for path, to in ((one, between), (other, one), (between, other)):
            if os.path.lexists(path):
                self.clear(to)
                path.rename(to)

    def change_times(self):
        """As if the clock had gone back, or the file had been copied with its times."""
        path = self.d.list_path(f"l{self.draw.randrange(LISTS)}")
        if path.is_file():
            then = 1700000000 + self.draw.randrange(3)
            os.utime(path, (then, then))

    def write_in_place(self):
        """While it is loaded."""
        path = self.d.list_path(f"l{self.draw.randrange(LISTS)}")
        self.clear(path)
        with path.open("w") as file:
            file.write(self.text())
            file.flush()
            self.configure()
            self.d.program.signal(signal.SIGHUP)
            time.sleep(self.draw.random() / 50)
            file.write(self.text())

    # -- the configuration

    def change_list(self):
        place = self.draw.randrange(LISTS)
        self.lists[place] = self.options(place)

    def remove_list(self):
        self.lists.pop(self.draw.randrange(LISTS), None)

    def rename_list(self):
        place = self.draw.randrange(LISTS)
        self.names[place] = "m" if self.names[place] == "l" else "l"

    def shuffle(self):
        places = list(self.lists)
        self.draw.shuffle(places)
        self.lists = {place: self.lists[place] for place in places}

    def protect(self):
        self.d.config["guard"] = {
            "protected": [self.draw.choice(NAMES)] if self.one_in(3) else [],
            "dnsbl-zones": [self.draw.choice(NAMES)] if self.one_in(3) else []}

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
            self.d.add_list(f"{self.names[place]}{place}",
                            **{"file": str(self.d.list_path(f"l{place}")), **options})
        self.d.write_config()

    # -- the upstream

    def upstream_changes(self):
        self.up.script = self.draw.choice([answer, answer, answer, silent, fail])

    CHANGES = [spoil_file, replace_file, replace_file, replace_file, write_in_place, swap_files,
               change_times, change_list, change_list, remove_list, rename_list, shuffle, protect,
               own_names, forward, upstream_changes]

    def change(self):
        for _ in range(self.draw.randrange(1, 4)):
            self.draw.choice(self.CHANGES)(self)
        self.configure()

    # -- what is said by command

    def say(self):
        """None of it is stronger than a mandatory list."""
        name, place = self.draw.choice(NAMES), self.draw.randrange(LISTS)
        said = self.draw.choice([("block", name), ("unblock", name), ("unblock", name), ("unblock", "test"),
                                 ("list", "off", f"{self.names[place]}{place}"), ("flush",),
                                 ("reload", "--dry-run"), ("reload", "--back")])
        ctl(self.d.folder / CONTROL, *said)

    # -- what is meant

    def accept(self):
        """True when something is, and takes effect with the next load of just this."""
        d = self.d
        done = run_daemon("-c", d.config_path, "--accept", self.draw.choice("lm") +
                          str(self.draw.randrange(LISTS)), cwd=d.folder, timeout=60)
        assert done.returncode in (0, 1), done.stderr
        return self.accepts()

    def accepts(self):
        return any((self.d.folder / "state").glob("*.accept"))


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


# ---- loads

def starts(chaos):
    """Starts the daemon; what cannot be loaded without a state is changed until it can be.  The log."""
    d, log = chaos.d, ""
    for _ in range(50):
        d.spawn()
        program = d.program
        wait_until(lambda: re.search(READY, program.text(), re.M) or not program.running(), 60,
                   "it starts or does not")
        if program.running():
            wait_until(d.listens_to_signals, 20, "it listens to signals")
            return log + program.text()
        assert program.wait_exit(20) == 1
        program.assert_sane()
        log += program.text()
        d.program = None
        chaos.replace_file()
        chaos.change_list()
        chaos.configure()
    raise AssertionError("nothing that can be started")


def reloads(chaos):
    return chaos.d.reload(60)


def restarts(chaos):
    chaos.d.stop()
    return starts(chaos)


def is_killed(chaos):
    """While it loads, more often than not."""
    d = chaos.d
    mark = d.program.mark()
    if not chaos.one_in(4):
        d.program.signal(signal.SIGHUP)
        time.sleep(chaos.draw.random() / 20)
    d.program.kill()
    d.program.assert_sane()
    return d.log(mark) + "\n" + starts(chaos)


def hands_over(chaos):
    d = chaos.d
    Heir.adopt()
    mark = d.program.mark()
    d.program.signal(signal.SIGUSR2)
    ends = d.program.wait_line(
        r"^hand-over: process \d+ serves|^error: hand-over FAILED, all stays as it was", mark, 60)
    if "FAILED" in ends.group():
        return d.log(mark) + "\n" + d.reload(60)
    return d.end_hand_over(mark)


LOADS = [reloads] * 9 + [restarts, hands_over, is_killed]


# ---- episodes

class Told:
    """What the log has told since it was asked last: a change may have it loaded too, and such a load can
    end at any time."""

    def __init__(self, d):
        self.d, self.program, self.mark = d, d.program, d.program.mark()

    def since(self):
        lines = self._read()
        if self.program is not self.d.program:
            self.program, self.mark = self.d.program, 0
            lines += self._read()
        return "\n".join(lines)

    def _read(self):
        begin, self.mark = self.mark, self.program.mark()
        return self.program.lines[begin:self.mark]


def play(chaos, asker, rounds):
    d = chaos.d
    chaos.configure()
    starts(chaos)
    asker.begin(d.address)
    told = Told(d)
    for _ in range(rounds):
        chaos.change()
        if chaos.one_in(5):
            asker.lenient |= chaos.accept()
        if chaos.one_in(3):
            chaos.say()
        load = chaos.draw.choice(LOADS)
        log = load(chaos)
        asker.settle(told.since() + "\n" + log, chaos.accepts())
        chaos.done[load.__name__] = chaos.done.get(load.__name__, 0) + 1
        chaos.done["accepted"] = chaos.done.get("accepted", 0) + log.count(" was accepted")
        time.sleep(0.01)
        assert not asker.wrong, f"{load.__name__}: {asker.wrong}\n{d.log()}\n---- last:\n{log}"
    asker.end()
    d.stop()
    d.program = None


@pytest.mark.parametrize("rounds", [ROUNDS])
def test_no_order_of_events_lifts_a_mandatory_name(daemon, upstream, rounds):
    up = upstream(answer)
    blocked = answers = 0
    done = collections.Counter()
    for episode in range(-(-rounds // EPISODE)):
        seed = SEED + episode
        print(f"seed {seed}", flush=True)
        d = daemon({"upstreams": [up.address], "state": {"directory": "state"},
                    "local": {"special-use": False}, "control": {"socket": CONTROL},
                    "cache": {"stale-timeout": "100ms", "prefetch": 90}})
        chaos, asker = Chaos(d, up, seed), Asker()
        for place in range(LISTS):
            d.write_list(f"l{place}", chaos.text())
            chaos.lists[place] = chaos.options(place)
        up.script = answer
        play(chaos, asker, min(EPISODE, rounds - episode * EPISODE))
        blocked, answers = blocked + len(asker.ever), answers + asker.answers
        done.update(chaos.done)
        shutil.rmtree(d.folder)
    print(f"{rounds} rounds, {answers} answers, {blocked} names blocked by mandatory lists; "
          f"{', '.join(f'{what} {n}' for what, n in sorted(done.items()))}")
    assert blocked > rounds / 20, "it was no test"
