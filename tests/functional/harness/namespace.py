# SPDX-License-Identifier: BSD-2-Clause
"""Namespaces that the tests make for themselves: command prefixes that run a program in one."""
import functools
import os
import shutil
import subprocess

import pytest


def _unshare(*flags):
    # without being root, a user namespace makes us so within it
    return ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), *flags]


@functools.lru_cache(maxsize=None)
def _works(*command):
    try:
        return subprocess.run([*command, "true"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=10).returncode == 0
    except OSError:
        return False


def _or_skip(prefix, *probe):
    if not _works(*(probe or prefix)):
        pytest.skip("namespaces cannot be made here")
    return prefix


def with_resolv_conf(path):
    """A mount namespace in which /etc/resolv.conf is another file."""
    script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    return _or_skip(_unshare("-m") + ["sh", "-c", script, str(path)])


def with_etc(folder):
    """A mount namespace in which /etc is a copy of it, in a folder that must not be there yet."""
    left_out = {"ssl", "alternatives", "shadow", "gshadow", "resolv.conf"}
    shutil.copytree("/etc", folder, symlinks=True, ignore_dangling_symlinks=True,
                    ignore=lambda inside, names: left_out | {
                        name for name in names if not os.access(os.path.join(inside, name), os.R_OK)})
    script = 'mount --bind "$0" /etc && exec "$@"'
    return _or_skip(_unshare("-m") + ["sh", "-c", script, str(folder)])


def with_small_disk(folder, size):
    """A mount namespace in which the folder, which must not be there yet, is a disk of such a size."""
    folder.mkdir()
    script = 'mount -t tmpfs -o size="$1" none "$0" && shift && exec "$@"'
    return _or_skip(_unshare("-m") + ["sh", "-c", script, str(folder), size])


def with_addresses(*addresses):
    """A network namespace of a loopback interface that has these addresses too."""
    add = "".join(f"ip address add {a} dev lo{' nodad' if ':' in a else ''} && " for a in addresses)
    return _or_skip(_unshare("-n") + ["sh", "-c", f'ip link set lo up && {add}exec "$0" "$@"'])


def without_ipv6():
    """A network namespace whose loopback interface has IPv4 alone."""
    script = 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && ip link set lo up && exec "$0" "$@"'
    return _or_skip(_unshare("-n") + ["sh", "-c", script])


def joined(pid):
    """Runs a client in the namespaces of a process."""
    return ["nsenter", "-t", str(pid), *([] if os.geteuid() == 0 else ["-U", "--preserve"]), "-n"]
