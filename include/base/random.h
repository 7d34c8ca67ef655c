/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpredictable numbers from the kernel's generator, fetched many at a time so that a number
 * costs no system call of its own.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_POOL 4096U

/* One thread's supply; zero-initialised is empty. */
struct random_pool {
	size_t left;
	uint8_t octets[RANDOM_POOL];
};

/* 32 unpredictable bits, which are wiped from the pool.  Aborts when the kernel has none to
 * give, which does not happen once the system is up (getrandom(2)). */
uint32_t random_u32(struct random_pool *pool);

/* An unpredictable number below `bound` (1..2^32-1), each as likely (to 2^-32). */
static inline uint32_t random_below(struct random_pool *pool, uint32_t bound)
{
	return (uint32_t)(((uint64_t)random_u32(pool) * bound) >> 32);
}

#endif
