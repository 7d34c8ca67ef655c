/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has a chosen allocation fail.  One file of a test program includes this: the program's malloc,
 * calloc, realloc and strdup, those that its libraries call as well, are then the ones below.
 * Not for several threads.
 */
#ifndef SUPPORT_ALLOC_FAIL_H
#define SUPPORT_ALLOC_FAIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Those of the sanitizers, when there is one, and those of the C library. */
__attribute__((weak)) void *__interceptor_malloc(size_t size);
__attribute__((weak)) void *__interceptor_calloc(size_t count, size_t size);
__attribute__((weak)) void *__interceptor_realloc(void *block, size_t size);
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

/* They are called before a sanitizer is ready. */
#ifdef __clang__
#define ALLOC_FAIL_PLAIN __attribute__((disable_sanitizer_instrumentation))
#else
#define ALLOC_FAIL_PLAIN __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

static struct {
	bool on;
	bool all;	    /* all that follow fail too */
	unsigned long left; /* until the one that fails */
	bool failed;
} alloc_fail;

/* From here on the `nth` allocation (0: the next one) fails, and with `all` those after it. */
static inline void alloc_fail_start(unsigned long nth, bool all)
{
	alloc_fail.left = nth;
	alloc_fail.all = all;
	alloc_fail.failed = false;
	alloc_fail.on = true;
}

/* Ends it; true when an allocation has failed. */
static inline bool alloc_fail_stop(void)
{
	alloc_fail.on = false;
	return alloc_fail.failed;
}

ALLOC_FAIL_PLAIN static bool alloc_fails(void)
{
	if (!alloc_fail.on || (alloc_fail.failed && !alloc_fail.all))
		return false;
	if (alloc_fail.left > 0) {
		alloc_fail.left--;
		return false;
	}
	alloc_fail.failed = true;
	errno = ENOMEM;
	return true;
}

ALLOC_FAIL_PLAIN void *malloc(size_t size)
{
	if (alloc_fails())
		return NULL;
	return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

ALLOC_FAIL_PLAIN void *calloc(size_t count, size_t size)
{
	if (alloc_fails())
		return NULL;
	return __interceptor_calloc ? __interceptor_calloc(count, size)
				    : __libc_calloc(count, size);
}

ALLOC_FAIL_PLAIN void *realloc(void *block, size_t size)
{
	if (alloc_fails())
		return NULL;
	return __interceptor_realloc ? __interceptor_realloc(block, size)
				     : __libc_realloc(block, size);
}

ALLOC_FAIL_PLAIN char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

#endif
