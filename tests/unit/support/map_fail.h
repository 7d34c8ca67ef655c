/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has a chosen mapping of memory fail, and counts the octets that are mapped.  One file of a test
 * program includes this: the program's mmap, mremap and munmap are then the ones below.  (Those
 * of the C library's own are not.)  Not for several threads.
 */
#ifndef SUPPORT_MAP_FAIL_H
#define SUPPORT_MAP_FAIL_H

#include <errno.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* They are called before a sanitizer is ready. */
#ifdef __clang__
#define MAP_FAIL_PLAIN __attribute__((disable_sanitizer_instrumentation))
#else
#define MAP_FAIL_PLAIN __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

static struct {
	bool on;
	unsigned long left; /* until the one that fails */
	bool failed;
	size_t mapped; /* octets, less those that were given back */
} map_fail;

/* From here on the `nth` mapping or remapping (0: the next one) fails. */
static inline void map_fail_start(unsigned long nth)
{
	map_fail.left = nth;
	map_fail.failed = false;
	map_fail.on = true;
}

/* Ends it; true when one has failed. */
static inline bool map_fail_stop(void)
{
	map_fail.on = false;
	return map_fail.failed;
}

MAP_FAIL_PLAIN static bool map_fails(void)
{
	if (!map_fail.on || map_fail.failed)
		return false;
	if (map_fail.left > 0) {
		map_fail.left--;
		return false;
	}
	map_fail.failed = true;
	errno = ENOMEM;
	return true;
}

MAP_FAIL_PLAIN void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *base;

	if ((flags & MAP_ANONYMOUS) && map_fails())
		return MAP_FAILED;
	base = (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
	if (base != MAP_FAILED)
		map_fail.mapped += len;
	return base;
}

MAP_FAIL_PLAIN void *mremap(void *addr, size_t old_len, size_t new_len, int flags, ...)
{
	va_list arguments;
	void *place;
	void *base;

	va_start(arguments, flags);
	place = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
	va_end(arguments);
	if (map_fails())
		return MAP_FAILED;
	base = (void *)syscall(SYS_mremap, addr, old_len, new_len, flags, place);
	if (base != MAP_FAILED)
		map_fail.mapped -= place ? old_len : old_len - new_len; /* the place was mapped */
	return base;
}

MAP_FAIL_PLAIN int munmap(void *addr, size_t len)
{
	int rc = (int)syscall(SYS_munmap, addr, len);

	if (rc == 0)
		map_fail.mapped -= len;
	return rc;
}

#endif
