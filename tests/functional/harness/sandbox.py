#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The sandbox of the shipped unit, as near to it as can be built without systemd.

    sandbox.py UNIT USER WRITABLE[:WRITABLE...] COMMAND...

Runs the command with what the unit allows, as USER ("-": the user stays, without capabilities): file
systems that are read-only but for the writable folders, the unit's capabilities, its system calls
by number and by argument, its address families.  Left out are what needs systemd: control groups,
the private /tmp (tests have their files there), the limits.  It has to be started as root.
"""
import ctypes
import os
import re
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18
MOUNT_ATTR_RDONLY, AT_RECURSIVE, AT_FDCWD, SYS_MOUNT_SETATTR = 1, 0x8000, -100, 442
ALLOW, EPERM, ENOSYS = 0x7fff0000, 1, 38
EQ, MASKED_EQ = 4, 7
NAMESPACES = 0x7e020080     # CLONE_NEW*
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
WRITE, EXECUTE, SHM_EXEC, SUID = 2, 4, 0o100000, 0o6000
# what each setting asks of a system call's arguments: (argument, mask, allowed value)
ARGUMENTS = {
    "mmap": [(2, WRITE | EXECUTE, value) for value in (0, WRITE, EXECUTE)],
    "mprotect": [(2, EXECUTE, 0)], "pkey_mprotect": [(2, EXECUTE, 0)], "shmat": [(2, SHM_EXEC, 0)],
    "clone": [(0, NAMESPACES, 0)],
    "chmod": [(1, SUID, 0)], "fchmod": [(1, SUID, 0)], "fchmodat": [(2, SUID, 0)],
    "sched_setscheduler": [(1, 0xffffffff, value) for value in (0, 3, 5)],
}
CALLS = "SINKHOLED_SANDBOX_CALLS"   # that are allowed, where somebody has asked systemd already
REFUSED = {"clone3": ENOSYS, "unshare": EPERM, "setns": EPERM}


def settings(path):
    """The unit's lines, by their names."""
    found = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", open(path).read(), re.M):
        found.setdefault(key, []).append(value)
    return found


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


# ---- file systems

class MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def set_read_only(path, on):
    attr = MountAttr(MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    check(LIBC.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE,
                       ctypes.byref(attr), ctypes.sizeof(attr)), path)


def mount(source, target, kind, flags, data=None):
    check(LIBC.mount(source.encode(), target.encode(), kind and kind.encode(), flags,
                     data and data.encode()), target)


def protect_files(unit, writable):
    check(LIBC.unshare(CLONE_NEWNS), "unshare")
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    if "invisible" in unit["ProtectProc"]:
        mount("proc", "/proc", "proc", 0, "hidepid=2")
    for path in writable:
        mount(path, path, None, MS_BIND | MS_REC)
    set_read_only("/", True)
    for path in writable:
        set_read_only(path, False)
    for path in ("/home", "/root"):
        if os.path.isdir(path):
            mount("tmpfs", path, "tmpfs", 1, "mode=000")


# ---- system calls

class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]


def members(group, seen=()):
    """The system calls of a group, as systemd knows it."""
    out = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True,
                         text=True, check=True).stdout
    for word in out.split("\n")[1:]:
        word = word.strip()
        if word.startswith("@") and word not in seen:
            yield from members(word, (*seen, word))
        elif word and not word.startswith(("#", "@")):
            yield word


def allowed_calls(unit):
    if CALLS in os.environ:
        return set(os.environ[CALLS].split(","))
    allowed = set(members("@default"))
    for line in unit["SystemCallFilter"]:
        taken = line.lstrip("~").split()
        calls = {c for word in taken for c in (members(word) if word[0] == "@" else [word])}
        allowed = allowed - calls if line[0] == "~" else allowed | calls
    return allowed - set(REFUSED)


def filter_calls(unit):
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.seccomp_init(0x00050000 | EPERM))

    def rule(action, name, *comparisons):
        number = lib.seccomp_syscall_resolve_name(name.encode())
        array = (Comparison * len(comparisons))(*comparisons)
        if number >= 0:     # others are of other architectures
            lib.seccomp_rule_add_array(context, action, number, len(comparisons), array)
    for name in allowed_calls(unit):
        if name == "socket":
            for family in unit["RestrictAddressFamilies"][0].split():
                rule(ALLOW, name, Comparison(0, EQ, FAMILIES[family], 0))
        elif name in ARGUMENTS:
            for argument, mask, value in ARGUMENTS[name]:
                rule(ALLOW, name, Comparison(argument, MASKED_EQ, mask, value))
        else:
            rule(ALLOW, name)
    for name, error in REFUSED.items():
        rule(0x00050000 | error, name)
    check(lib.seccomp_load(context), "seccomp_load")


# ---- the two steps: as root, and as whom it becomes

def capabilities(unit):
    names = unit["CapabilityBoundingSet"][0].split()
    return "-all" + "".join(f",+{name.removeprefix('CAP_').lower()}" for name in names)


def main():
    path, user, writable, *command = sys.argv[1:]
    unit = settings(path)
    if user == "":      # the second step
        filter_calls(unit)
        os.execvp(command[0], command)
    protect_files(unit, [p for p in writable.split(":") if p])
    caps = capabilities(unit)
    become = [] if user == "-" else ["--reuid", user, "--regid", user_group(user), "--clear-groups"]
    os.umask(int(unit["UMask"][0], 8))
    os.execvp("setpriv", ["setpriv", "--no-new-privs", "--bounding-set", caps, "--inh-caps", caps,
                          "--ambient-caps", caps, *become, sys.executable, __file__, path, "", "",
                          *command])


def user_group(user):
    import pwd
    return str(pwd.getpwnam(user).pw_gid)


if __name__ == "__main__":
    main()
