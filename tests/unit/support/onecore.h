/* SPDX-License-Identifier: BSD-2-Clause */
/* A test goes on one core alone, on which nothing is done by several threads (base/ahead). */
#ifndef SUPPORT_ONECORE_H
#define SUPPORT_ONECORE_H

#include <sched.h>

/* Stays on one of the cores that there are; returns which there were. */
static inline cpu_set_t onecore_begin(void)
{
	cpu_set_t before;
	cpu_set_t one;
	size_t core = 0;

	if (sched_getaffinity(0, sizeof(before), &before) != 0)
		CPU_ZERO(&before);
	while (core < CPU_SETSIZE - 1 && !CPU_ISSET(core, &before))
		core++;
	CPU_ZERO(&one);
	CPU_SET(core, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	return before;
}

static inline void onecore_end(const cpu_set_t *before)
{
	(void)sched_setaffinity(0, sizeof(*before), before);
}

#endif
