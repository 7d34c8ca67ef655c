/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A histogram of durations in buckets of equal relative width: exact below 64 ns, within 1/32
 * above it, up to some 18 minutes; what is longer counts in the last bucket.
 */
#ifndef TESTS_TOOLS_HIST_H
#define TESTS_TOOLS_HIST_H

#include <stddef.h>
#include <stdint.h>

enum {
	HIST_SUB_BITS = 5,
	HIST_SUB = 1 << HIST_SUB_BITS,
	HIST_MAX_BITS = 40,
	HIST_BUCKETS = (HIST_MAX_BITS - HIST_SUB_BITS + 1) * HIST_SUB,
};

struct hist {
	uint64_t count;
	uint64_t max_ns;
	uint64_t bucket[HIST_BUCKETS];
};

static inline size_t hist_index(uint64_t ns)
{
	if (ns < 2 * HIST_SUB)
		return (size_t)ns;
	unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - HIST_SUB_BITS;
	size_t index = (size_t)shift * HIST_SUB + (size_t)(ns >> shift);

	return index < HIST_BUCKETS ? index : HIST_BUCKETS - 1;
}

/* The largest duration that counts in this bucket. */
static inline uint64_t hist_upper_ns(size_t index)
{
	if (index < 2 * HIST_SUB)
		return index;
	unsigned shift = (unsigned)(index / HIST_SUB) - 1;

	return ((uint64_t)(index % HIST_SUB + HIST_SUB + 1) << shift) - 1;
}

static inline void hist_add(struct hist *hist, uint64_t ns)
{
	hist->count++;
	hist->bucket[hist_index(ns)]++;
	if (ns > hist->max_ns)
		hist->max_ns = ns;
}

static inline void hist_merge(struct hist *hist, const struct hist *other)
{
	hist->count += other->count;
	if (other->max_ns > hist->max_ns)
		hist->max_ns = other->max_ns;
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		hist->bucket[i] += other->bucket[i];
}

/* The duration that a share (0 to 1) of the values does not exceed; 0 when there are none. */
static inline uint64_t hist_quantile_ns(const struct hist *hist, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)hist->count + 0.5);
	uint64_t seen = 0;

	if (wanted == 0)
		wanted = 1;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		seen += hist->bucket[i];
		if (seen >= wanted)
			return hist_upper_ns(i) < hist->max_ns ? hist_upper_ns(i) : hist->max_ns;
	}
	return hist->max_ns;
}

#endif
