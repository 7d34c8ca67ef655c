/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

/*
 * Asks the processor to bring in the line that `at` lies in.  The empty statement is there since
 * gcc (12) takes a function that only prefetches for one without any effect, and drops calls of it
 * when it links.
 */
static inline void prefetch(const void *at)
{
	__builtin_prefetch(at);
	__asm__ volatile("");
}

#endif
