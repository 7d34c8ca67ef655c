/* SPDX-License-Identifier: BSD-2-Clause */
/* The time, from one place: monotonic for what is waited for, of the calendar for what is told. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Monotonic, microseconds.  Any thread; no system call where the kernel has a vDSO. */
static inline uint64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* As clock_us, milliseconds. */
static inline uint64_t clock_ms(void)
{
	return clock_us() / 1000;
}

/* Unix time in seconds, a few milliseconds late at most. */
static inline uint64_t clock_unix_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return (uint64_t)t.tv_sec;
}

/* Unix time in microseconds: what begins later has a greater number, as long as no clock is put
 * back. */
static inline uint64_t clock_unix_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

#endif
