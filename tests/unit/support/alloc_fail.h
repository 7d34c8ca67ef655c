/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has a chosen allocation fail.  malloc, calloc, realloc and strdup of a test program, those that
 * its libraries call as well, are the ones of alloc_fail.c.  Not for several threads.
 *
 * With ALLOCATIONS in the environment a test program runs otherwise: each of its tests again and
 * again, with its first allocation failing, its second, and so on to the last; of a test that has
 * more than so many (0: of none), about so many of them, spread over all.  With ALLOCATIONS=ways
 * those fail that differ in the calls by which they are come to: of each way the first, the last,
 * and one between.  What the test expects then does not matter: it passes when nothing crashes and
 * no sanitizer complains.
 */
#ifndef SUPPORT_ALLOC_FAIL_H
#define SUPPORT_ALLOC_FAIL_H

#include <stdbool.h>
#include <stdint.h>

#define ALLOC_CALLS_MAX 48	/* of a way, from the allocation up */
#define ALLOC_WAYS_MAX 1000000U /* allocations of a test */

extern struct alloc_fail {
	bool on;
	bool all;	    /* all that follow fail too */
	unsigned long left; /* until the one that fails */
	bool failed;
} alloc_fail;

/* From here on the `nth` allocation (0: the next one) fails, and with `all` those after it. */
void alloc_fail_start(unsigned long nth, bool all);

/* Ends it; true when an allocation has failed. */
bool alloc_fail_stop(void);

/* True when it was ever started. */
bool alloc_fail_is_used(void);

/* The same, whatever a test does with the ones above: for alloc_sweep.c alone. */
void alloc_sweep_start(unsigned long nth);
bool alloc_sweep_stop(void);

/* By which way each allocation of a sweep was come to, in its order. */
struct alloc_ways {
	uint32_t count;
	uint32_t way[ALLOC_WAYS_MAX];
};

/* Has them noted from here on; NULL: no longer.  `noted` stays the caller's. */
void alloc_sweep_note(struct alloc_ways *noted);

#endif
