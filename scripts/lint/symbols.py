#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a room's objects may refer to and hold: symbols.py FOLDER-OF-OBJECTS.

dns: no malloc, log, clock or I/O; match to query: no socket and no event loop;
nowhere but in base/log and its writer a global that can change; and what no other module and no test
uses is static.
"""
import re
import sys
from pathlib import Path

from common import finish
from objects import defined, objects, symbols, undefined

PURE = re.compile(r"mem(cpy|cmp|set|move|r?chr|mem)|str(n?len|n?cmp|r?chr|c?spn)|__(mem|str)\w*_chk"
                  r"|__stack_chk_(fail|guard)|_GLOBAL_OFFSET_TABLE_|__assert_fail")
# the mnemonics of types are the library's; these read and write text, and touch nothing else
TEXTUAL = {"dns/rrtype": {"ldns_get_rr_type_by_name", "ldns_rr_descript", "snprintf", "__snprintf_chk",
                          "strncasecmp", "strtoul"}}
# modules of base that allocate, log, or wait
IMPURE = {"base/log", "base/logwriter", "base/mem", "base/pages", "base/ring", "base/snap"}
# rooms that decide, and never wait for anybody
SOCKETLESS = ("set", "match", "line", "list", "value", "conf", "cache", "names", "query")
SOCKETS = re.compile(r"socket|socketpair|bind|connect|listen|accept4?|send(to|msg|mmsg)?"
                     r"|recv(from|msg|mmsg)?|epoll_\w+|poll|select|event_\w+|ev(buffer|http|dns|timer)_\w+"
                     r"|bufferevent_\w+")
# nm's letters for data that can be written
WRITABLE = set("DdBbCGgSs")


def dns_reasons(path, source, pure_names):
    for name in undefined(path):
        if name not in pure_names and not PURE.fullmatch(name):
            yield f"{source}:1: dns may not use {name}"


def socket_reasons(path, source, room):
    for name in undefined(path):
        if SOCKETS.fullmatch(name):
            yield f"{source}:1: {room} may not use {name}"


def global_reasons(path, source):
    for kind, name in symbols(path):
        if kind in WRITABLE:
            yield f"{source}:1: a global that can change: {name}"


def words_of_tests():
    return {word for path in Path("tests").rglob("*.[ch]") for word in re.findall(r"\w+", path.read_text())}


def lonely_reasons(known):
    """Functions that others could use, and nobody does."""
    wanted = {name for path, _, _ in known for name in undefined(path)}
    tested = words_of_tests()
    for path, source, _ in known:
        for kind, name in symbols(path):
            if kind == "T" and name not in wanted and name not in tested and name != "main":
                yield f"{source}:1: nobody else uses {name}: it is static, or goes"


def main():
    known = list(objects(sys.argv[1]))
    pure_names = {name for path, _, module in known for name in defined(path)
                  if module.split("/")[0] in ("base", "dns") and module not in IMPURE}
    found = []
    for path, source, module in known:
        room = module.split("/")[0]
        if room == "dns":
            found += dns_reasons(path, source, pure_names | TEXTUAL.get(module, set()))
        if room in SOCKETLESS:
            found += socket_reasons(path, source, room)
        if module not in ("base/log", "base/logwriter"):
            found += global_reasons(path, source)
    finish(found + list(lonely_reasons(known)))


if __name__ == "__main__":
    main()
