/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "remote/rtt.h"

#define INITIAL_MS 400U
#define ENOUGH 20U /* samples to tell a percentile of */
#define MANY 400U  /* fewer than there may be before they count less */

/* The same number in the same order on each run. */
static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* ---- smoothed, spread, and the timeout (RFC 6298, 2) */

static void test_unknown(void **state)
{
	struct rtt rtt = {0};

	assert_int_equal(rtt_timeout_ms(&rtt, INITIAL_MS), INITIAL_MS);
	assert_int_equal(rtt_timeout_ms(&rtt, 50), 50);
	assert_int_equal(rtt_p95_us(&rtt), 0);
}

/* SRTT is the first round trip, RTTVAR half of it, RTO what 2.2 says. */
static void test_first_sample(void **state)
{
	struct rtt rtt = {0};

	rtt_sample(&rtt, 200000);
	assert_in_range(rtt.smoothed_us, 200000, 200001);
	assert_in_range(rtt.spread_us, 100000, 100001);
	assert_in_range(rtt_timeout_ms(&rtt, INITIAL_MS), 600, 601);
}

/* RTTVAR is made of the SRTT before (2.3); alpha is 1/8, beta 1/4. */
static void test_further_samples(void **state)
{
	static const uint32_t samples_us[] = {200000, 280000, 120000, 500000, 500000, 90000, 90000};
	double smoothed = samples_us[0];
	double spread = samples_us[0] / 2.0;
	struct rtt rtt = {0};

	rtt_sample(&rtt, samples_us[0]);
	for (size_t i = 1; i < sizeof(samples_us) / sizeof(samples_us[0]); i++) {
		double off = samples_us[i] - smoothed;

		spread = 0.75 * spread + 0.25 * (off < 0 ? -off : off);
		smoothed = 0.875 * smoothed + 0.125 * samples_us[i];
		rtt_sample(&rtt, samples_us[i]);
		assert_in_range(rtt.smoothed_us, (uint32_t)smoothed - 8, (uint32_t)smoothed + 8);
		assert_in_range(rtt.spread_us, (uint32_t)spread - 16, (uint32_t)spread + 16);
	}
}

static void test_timeout_bounds(void **state)
{
	static const struct {
		uint64_t us;
		uint32_t timeout_ms;
	} rows[] = {
		{0, RTT_TIMEOUT_MIN_MS},       {500, RTT_TIMEOUT_MIN_MS},
		{33000, RTT_TIMEOUT_MIN_MS},   {600000, RTT_TIMEOUT_MAX_MS},
		{9000000, RTT_TIMEOUT_MAX_MS}, {UINT64_MAX, RTT_TIMEOUT_MAX_MS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rtt rtt = {0};

		rtt_sample(&rtt, rows[i].us);
		assert_int_equal(rtt_timeout_ms(&rtt, INITIAL_MS), rows[i].timeout_ms);
		for (int n = 0; n < 100; n++) {
			rtt_sample(&rtt, rows[i].us);
			assert_true(rtt.smoothed_us > 0); /* 0 is: nothing is known */
			assert_in_range(rtt_timeout_ms(&rtt, INITIAL_MS), RTT_TIMEOUT_MIN_MS,
					RTT_TIMEOUT_MAX_MS);
		}
	}
}

/* Steady round trips bring the spread down, and the timeout with it, but not so far that a little
 * jitter is late: what is later than nearly all comes before it. */
static void test_steady(void **state)
{
	struct rtt rtt = {0};

	for (int i = 0; i < 100; i++)
		rtt_sample(&rtt, 300000);
	assert_in_range(rtt.smoothed_us, 299900, 300100);
	assert_in_range(rtt_timeout_ms(&rtt, INITIAL_MS), 449, 451);
	assert_true(rtt_p95_us(&rtt) < 449000);
}

/* What was not waited for counts only where it says something: that it takes longer. */
static void test_at_least(void **state)
{
	struct rtt rtt = {0};
	struct rtt before;

	for (uint32_t i = 0; i < ENOUGH; i++)
		rtt_sample(&rtt, 100000);
	before = rtt;
	rtt_at_least(&rtt, 99000);
	assert_memory_equal(&rtt, &before, sizeof(rtt));
	rtt_at_least(&rtt, 400000);
	assert_true(rtt.smoothed_us > 130000);
	assert_int_equal(rtt.samples, ENOUGH + 1);
}

/* ---- the percentile */

static int compare_u32(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* The 95th of 100, out of a sorted list. */
static uint32_t reference_p95(uint32_t *us, size_t count)
{
	qsort(us, count, sizeof(*us), compare_u32);
	return us[count - 1 - count / 20];
}

/* Never less than the true one, and not more than half above it. */
static void expect_p95(const struct rtt *rtt, uint32_t *us, size_t count)
{
	uint32_t p95 = reference_p95(us, count);

	assert_in_range(rtt_p95_us(rtt), p95, p95 < 64 ? 64 : p95 + p95 / 2 + 2);
}

static void test_p95_of_spread(void **state)
{
	static const struct {
		uint32_t least;
		uint32_t most;
	} rows[] = {{0, 60},	      {100, 130},	 {500, 5000},	    {9000, 11000},
		    {10000, 1000000}, {128, 129},	 {262144, 262145},  {1000000, 4000000},
		    {64, 64 * 1024},  {200000, 3000000}, {4000000, 4100000}};
	uint32_t us[MANY];
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rtt rtt = {0};

		for (size_t n = 0; n < MANY; n++) {
			us[n] = rows[i].least + draw(&seed) % (rows[i].most - rows[i].least + 1);
			rtt_sample(&rtt, us[n]);
			if (n + 1 >= ENOUGH && n % 37 == 0) {
				uint32_t copy[MANY];

				for (size_t k = 0; k <= n; k++)
					copy[k] = us[k];
				expect_p95(&rtt, copy, n + 1);
			}
		}
		expect_p95(&rtt, us, MANY);
	}
}

/* Two in 100 that are slow do not move it, ten do. */
static void test_p95_of_two_kinds(void **state)
{
	static const struct {
		uint32_t slow_percent;
		uint32_t least;
		uint32_t most;
	} rows[] = {{0, 10000, 15000}, {2, 10000, 15000}, {10, 900000, 1350000}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rtt rtt = {0};

		for (uint32_t n = 0; n < MANY; n++)
			rtt_sample(&rtt, n % 100 < rows[i].slow_percent ? 900000 : 10000);
		assert_in_range(rtt_p95_us(&rtt), rows[i].least, rows[i].most);
	}
}

static void test_p95_of_few(void **state)
{
	struct rtt rtt = {0};

	for (uint32_t i = 0; i + 1 < ENOUGH; i++) {
		rtt_sample(&rtt, 1000);
		assert_int_equal(rtt_p95_us(&rtt), 0);
	}
	rtt_sample(&rtt, 1000);
	assert_in_range(rtt_p95_us(&rtt), 1000, 1500);
}

/* The longest fall into the last bucket, and nothing outside. */
static void test_p95_of_the_longest(void **state)
{
	struct rtt rtt = {0};

	for (uint32_t i = 0; i < MANY; i++)
		rtt_sample(&rtt, UINT64_MAX);
	assert_int_equal(rtt.buckets[RTT_BUCKETS - 1], MANY);
	assert_in_range(rtt_p95_us(&rtt), 4000000, 10000000);
}

/* ---- the old count less */

static void test_decay(void **state)
{
	struct rtt rtt = {0};
	uint32_t needed = 0;

	for (uint32_t i = 0; i < 10000; i++)
		rtt_sample(&rtt, 1000);
	assert_in_range(rtt_p95_us(&rtt), 1000, 1500);
	while (rtt_p95_us(&rtt) < 100000) {
		rtt_sample(&rtt, 100000);
		assert_true(++needed < 100);
	}
	for (needed = 0; rtt_p95_us(&rtt) > 1500; needed++) {
		rtt_sample(&rtt, 1000);
		assert_true(needed < 10000);
	}
}

/* However many there were, they are bounded, and their sum is what the buckets hold. */
static void test_samples_are_bounded(void **state)
{
	struct rtt rtt = {0};
	uint32_t seed = 7;

	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t sum = 0;

		rtt_sample(&rtt, draw(&seed) % 5000000);
		for (unsigned int b = 0; b < RTT_BUCKETS; b++)
			sum += rtt.buckets[b];
		assert_int_equal(sum, rtt.samples);
		assert_true(rtt.samples < 1024);
		assert_true(i < ENOUGH || rtt_p95_us(&rtt) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),		cmocka_unit_test(test_first_sample),
		cmocka_unit_test(test_further_samples), cmocka_unit_test(test_timeout_bounds),
		cmocka_unit_test(test_steady),		cmocka_unit_test(test_at_least),
		cmocka_unit_test(test_p95_of_spread),	cmocka_unit_test(test_p95_of_two_kinds),
		cmocka_unit_test(test_p95_of_few),	cmocka_unit_test(test_p95_of_the_longest),
		cmocka_unit_test(test_decay),		cmocka_unit_test(test_samples_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
