# SPDX-License-Identifier: BSD-2-Clause
"""A clock of the daemon's own, that is put forward and back while it runs; what is monotonic goes on."""
import os
import struct
import subprocess
import time

SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static const volatile int64_t *offset_s;
__attribute__((constructor)) static void begin(void)
{
	int fd = open(OFFSET, O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*offset_s), PROT_READ, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		offset_s = at;
	if (fd >= 0)
		close(fd);
}
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ret);
	if (rc == 0 && offset_s && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += *offset_s;
	return rc;
}
"""


class Clock:
    """Of a daemon that is started with `environment`."""

    def __init__(self, folder, at_s):
        self.file, source, library = (folder / name for name in ("clock.offset", "clock.c", "clock.so"))
        self.set(at_s)
        source.write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", f'-DOFFSET="{self.file}"', "-o", library, source],
                       check=True)
        self.environment = {"LD_PRELOAD": str(library), "ASAN_OPTIONS":
                            f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"}

    def set(self, at_s):
        """In place, since the daemon has it mapped."""
        self.offset_s = int(at_s) - int(time.time())
        mode = "r+b" if self.file.exists() else "w+b"
        with open(self.file, mode) as file:
            file.write(struct.pack("=q", self.offset_s))

    def now(self):
        return time.time() + self.offset_s
