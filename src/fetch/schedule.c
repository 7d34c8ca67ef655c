/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/schedule.h"

#define SPREAD_MAX_S 3600U
#define SPREAD_START_S 10U
#define DOUBLED_MAX 20U /* times: over two years, and no overflow */

static uint64_t least_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t schedule_after_success_s(uint32_t refresh_s, uint32_t random)
{
	uint64_t spread_s = least_of(refresh_s / 10, SPREAD_MAX_S);

	return refresh_s + random % (spread_s + 1);
}

uint64_t schedule_after_failure_s(uint32_t refresh_s, uint32_t failures, uint64_t asked_s,
				  uint32_t random)
{
	uint64_t doubled = least_of(failures > 0 ? failures - 1 : 0, DOUBLED_MAX);
	uint64_t most_s = least_of((uint64_t)SCHEDULE_RETRY_S << doubled, refresh_s);
	uint64_t wait_s = most_s / 2 + random % (most_s / 2 + 1);

	asked_s = least_of(asked_s, refresh_s);
	return wait_s < asked_s ? asked_s : wait_s;
}

uint64_t schedule_first_s(uint32_t refresh_s, uint64_t checked_s, uint64_t now_s, uint32_t random)
{
	if (checked_s == 0 || checked_s > now_s)
		return 0;
	if (now_s - checked_s >= refresh_s)
		return random % (SPREAD_START_S + 1);
	return refresh_s - (now_s - checked_s);
}
