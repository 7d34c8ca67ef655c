/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for something to come true, with an end. */
#ifndef SUPPORT_AWAIT_H
#define SUPPORT_AWAIT_H

#include <poll.h>
#include <stdint.h>
#include <time.h>

#define AWAIT_LIMIT_MS 30000 /* generous: a sanitizer on a busy machine is slow */

static inline uint64_t await_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Lets others go on, between two looks at what they do. */
static inline void await_nap(void)
{
	poll(NULL, 0, 1);
}

/* Does `step` until `condition` holds; fails the test when that takes too long. */
#define AWAIT(condition, step)                                                                     \
	do {                                                                                       \
		uint64_t await_end_ms_ = await_clock_ms() + AWAIT_LIMIT_MS;                        \
		while (!(condition)) {                                                             \
			assert_true(await_clock_ms() < await_end_ms_);                             \
			step;                                                                      \
		}                                                                                  \
	} while (0)

#endif
