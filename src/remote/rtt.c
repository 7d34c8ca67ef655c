/* SPDX-License-Identifier: BSD-2-Clause */
#include "remote/rtt.h"

#include <stdbool.h>

#define SAMPLES_MAX 512U /* then all buckets are halved */
#define SAMPLES_MIN 20U	 /* to tell a percentile of */
#define REST_OF 20U	 /* one of so many takes longer than 95 of 100 */
#define UNIT_SHIFT 6U	 /* the first bucket is up to 64 microseconds */
#define RTT_MAX_US 10000000U

/* Two buckets for each doubling. */
static unsigned int bucket_of(uint32_t us)
{
	uint32_t units = us >> UNIT_SHIFT;
	unsigned int log;
	unsigned int bucket;

	if (units == 0)
		return 0;
	log = 31U - (unsigned int)__builtin_clz(units);
	bucket = 1 + 2 * log + (log > 0 ? units >> (log - 1) & 1U : 0);
	return bucket < RTT_BUCKETS ? bucket : RTT_BUCKETS - 1;
}

/* Where a bucket ends. */
static uint32_t bucket_end_us(unsigned int bucket)
{
	unsigned int log = (bucket - 1) / 2;
	unsigned int half = (bucket - 1) % 2;

	if (bucket == 0)
		return 1U << UNIT_SHIFT;
	return ((3U + half) << log >> 1) << UNIT_SHIFT << (log == 0 ? 1 : 0);
}

/* Whether so many of the samples, beyond what 95 of 100 take, would be too many. */
static bool is_over_rest(const struct rtt *rtt, uint32_t samples)
{
	return samples * REST_OF > rtt->samples;
}

/* Moves the end of the 95 of 100 to where it is now: after one sample more hardly anywhere. */
static void find_p95(struct rtt *rtt)
{
	while (is_over_rest(rtt, rtt->above))
		rtt->above -= rtt->buckets[rtt->p95_end++];
	while (rtt->p95_end > 0 && !is_over_rest(rtt, rtt->above + rtt->buckets[rtt->p95_end - 1]))
		rtt->above += rtt->buckets[--rtt->p95_end];
}

static void halve(struct rtt *rtt)
{
	rtt->samples = 0;
	rtt->above = 0;
	for (unsigned int i = 0; i < RTT_BUCKETS; i++) {
		rtt->buckets[i] = (uint16_t)(rtt->buckets[i] / 2);
		rtt->samples += rtt->buckets[i];
		rtt->above += i < rtt->p95_end ? 0 : rtt->buckets[i];
	}
}

static void count(struct rtt *rtt, uint32_t us)
{
	unsigned int bucket = bucket_of(us);

	rtt->buckets[bucket]++;
	rtt->above += bucket >= rtt->p95_end;
	if (++rtt->samples == SAMPLES_MAX)
		halve(rtt);
	find_p95(rtt);
}

void rtt_sample(struct rtt *rtt, uint64_t us)
{
	uint32_t now_us = us > RTT_MAX_US ? RTT_MAX_US : (uint32_t)us + 1;
	uint32_t off;

	count(rtt, now_us);
	if (rtt->smoothed_us == 0) {
		rtt->smoothed_us = now_us;
		rtt->spread_us = now_us / 2;
		return;
	}
	off = now_us > rtt->smoothed_us ? now_us - rtt->smoothed_us : rtt->smoothed_us - now_us;
	rtt->spread_us = rtt->spread_us - rtt->spread_us / 4 + off / 4;
	rtt->smoothed_us = rtt->smoothed_us - rtt->smoothed_us / 8 + now_us / 8;
}

void rtt_at_least(struct rtt *rtt, uint64_t us)
{
	if (us > rtt->smoothed_us)
		rtt_sample(rtt, us);
}

uint32_t rtt_timeout_ms(const struct rtt *rtt, uint32_t initial_ms)
{
	uint32_t spread_us = 4 * rtt->spread_us;
	uint32_t ms;

	if (rtt->smoothed_us == 0)
		return initial_ms;
	if (spread_us < rtt->smoothed_us / 2) /* the grain of 2.3: or every jitter is a timeout */
		spread_us = rtt->smoothed_us / 2;
	ms = (rtt->smoothed_us + spread_us + 999) / 1000;
	if (ms < RTT_TIMEOUT_MIN_MS)
		return RTT_TIMEOUT_MIN_MS;
	return ms < RTT_TIMEOUT_MAX_MS ? ms : RTT_TIMEOUT_MAX_MS;
}

uint32_t rtt_p95_us(const struct rtt *rtt)
{
	if (rtt->samples < SAMPLES_MIN)
		return 0;
	return bucket_end_us(rtt->p95_end > 0 ? rtt->p95_end - 1 : 0);
}
