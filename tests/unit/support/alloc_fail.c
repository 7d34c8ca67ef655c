/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/alloc_fail.h"

#include <errno.h>
#include <execinfo.h>
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
#define ALLOC_FAIL_PLAIN                                                                           \
	__attribute__((no_sanitize("address", "thread", "undefined"),                              \
		       disable_sanitizer_instrumentation))
#else
#define ALLOC_FAIL_PLAIN __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

struct alloc_fail alloc_fail;
static struct alloc_fail sweep; /* that of all tests */
static bool used;
static struct alloc_ways *ways; /* being noted */

void alloc_fail_start(unsigned long nth, bool all)
{
	used = true;
	alloc_fail = (struct alloc_fail){.on = true, .all = all, .left = nth};
}

bool alloc_fail_stop(void)
{
	alloc_fail.on = false;
	return alloc_fail.failed;
}

bool alloc_fail_is_used(void)
{
	return used;
}

void alloc_sweep_start(unsigned long nth)
{
	sweep = (struct alloc_fail){.on = true, .left = nth};
}

bool alloc_sweep_stop(void)
{
	sweep.on = false;
	return sweep.failed;
}

void alloc_sweep_note(struct alloc_ways *noted)
{
	ways = noted;
}

/* By which calls it comes here, as a number. */
ALLOC_FAIL_PLAIN static uint32_t way(void)
{
	void *calls[ALLOC_CALLS_MAX];
	int count = backtrace(calls, ALLOC_CALLS_MAX);
	uint64_t hash = 0xcbf29ce484222325U; /* FNV-1a, by words */

	for (int i = 0; i < count; i++)
		hash = (hash ^ (uintptr_t)calls[i]) * 0x100000001b3U;
	return (uint32_t)(hash ^ hash >> 32);
}

/* It may allocate: that is nobody's. */
ALLOC_FAIL_PLAIN static void note(void)
{
	struct alloc_ways *noted = ways;

	ways = NULL;
	if (noted->count < ALLOC_WAYS_MAX)
		noted->way[noted->count++] = way();
	ways = noted;
}

ALLOC_FAIL_PLAIN static bool fails(struct alloc_fail *trigger)
{
	if (!trigger->on || (trigger->failed && !trigger->all))
		return false;
	if (trigger->left > 0) {
		trigger->left--;
		return false;
	}
	trigger->failed = true;
	errno = ENOMEM;
	return true;
}

ALLOC_FAIL_PLAIN static bool alloc_fails(void)
{
	if (ways && sweep.on)
		note();
	return fails(&alloc_fail) || fails(&sweep);
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
