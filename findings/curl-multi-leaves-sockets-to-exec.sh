#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# libcurl 7.88.1 (Debian 7.88.1-10+deb12u15): a multi handle opens a pair of sockets at once, before anything is
# transferred, and they are not closed by execve(2).  A daemon that replaces its own program, or hands its sockets
# over to a process that it starts, leaves two more with each, whatever it marks its own files with.
#
# Seen: curl_multi_init                          2 sockets, 2 of them inherited
#       by a program started by execve           2 sockets
#       an easy handle without a multi           0 sockets, 0 of them inherited
. "$(dirname "$0")/common.bash"
unpack libcurl4=7.88.1-10+deb12u15
cat >"$work/handles.py" <<'END'
import ctypes
import os
import sys

def sockets():
    found = []
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            if os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
                found.append(fd)
        except FileNotFoundError:
            pass
    return set(found)

if sys.argv[1] == "count":
    print(f"{len(sockets()) - int(sys.argv[2])} sockets")
    sys.exit()
before = sockets()
curl = ctypes.CDLL("libcurl.so.4")
curl.curl_global_init(3)
make = getattr(curl, sys.argv[1])
make.restype = ctypes.c_void_p
assert make()
opened = sockets() - before
if len(sys.argv) > 2:
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, __file__, "count", str(len(before))])
print(f"{len(opened)} sockets, {sum(map(os.get_inheritable, opened))} of them inherited")
END
expect "curl_multi_init" "$(python3 "$work/handles.py" curl_multi_init)" "2 sockets, 2 of them inherited"
expect "by a program started by execve" "$(python3 "$work/handles.py" curl_multi_init exec)" "2 sockets"
expect "an easy handle without a multi" "$(python3 "$work/handles.py" curl_easy_init)" "0 sockets, 0 of them inherited"
