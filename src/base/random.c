/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void refill(struct random_pool *pool)
{
	while (pool->left < RANDOM_POOL) {
		ssize_t n = getrandom(pool->octets + pool->left, RANDOM_POOL - pool->left, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0)
			pool->left += (size_t)n;
	}
}

uint32_t random_u32(struct random_pool *pool)
{
	uint32_t value;

	if (pool->left < sizeof(value))
		refill(pool);
	pool->left -= sizeof(value);
	memcpy(&value, pool->octets + pool->left, sizeof(value));
	memset(pool->octets + pool->left, 0, sizeof(value));
	return value;
}
