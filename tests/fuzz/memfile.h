/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that is in memory alone, for what reads files by their names. */
#ifndef FUZZ_MEMFILE_H
#define FUZZ_MEMFILE_H

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* The file's name, the same each time; it has these octets, and none that it had before. */
static inline const char *memfile(const uint8_t *data, size_t size)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		require(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	require(ftruncate(fd, 0) == 0);
	require(pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

#endif
