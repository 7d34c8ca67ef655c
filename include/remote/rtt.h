/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round trip times of one server: smoothed, with their spread (RFC 6298, 2), and how they are
 * distributed, with the old ones counting less and less.
 */
#ifndef REMOTE_RTT_H
#define REMOTE_RTT_H

#include <stdint.h>

#define RTT_BUCKETS 34U
#define RTT_TIMEOUT_MIN_MS 100U
#define RTT_TIMEOUT_MAX_MS 1500U /* so that another server still has time */

/* All zero: nothing is known. */
struct rtt {
	uint32_t smoothed_us; /* 0: nothing is known */
	uint32_t spread_us;
	uint32_t samples; /* in the buckets */
	uint32_t above;	  /* those in the buckets from `p95_end` on */
	uint32_t p95_end; /* behind the bucket in which the 95th of 100 is */
	uint16_t buckets[RTT_BUCKETS];
};

/* A round trip of `us` microseconds. */
void rtt_sample(struct rtt *rtt, uint64_t us);

/* One that was not waited for to the end: it is known to take `us` or longer. */
void rtt_at_least(struct rtt *rtt, uint64_t us);

/* How long to wait for an answer, no less than half as long again as they take on average;
 * `initial_ms` while nothing is known. */
uint32_t rtt_timeout_ms(const struct rtt *rtt, uint32_t initial_ms);

/* What 95 of 100 answers take at most; 0 while too few are known to tell. */
uint32_t rtt_p95_us(const struct rtt *rtt);

#endif
