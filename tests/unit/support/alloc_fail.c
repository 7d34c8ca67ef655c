/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/alloc_fail.h"

#include <errno.h>
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
