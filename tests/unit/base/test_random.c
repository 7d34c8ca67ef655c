/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"

static void test_pool_is_used_and_wiped(void **state)
{
	static const uint8_t zero[4];
	struct random_pool pool = {0};

	for (size_t left = RANDOM_POOL; left > 0;) {
		(void)random_u32(&pool);
		left -= 4;
		assert_int_equal(pool.left, left);
		assert_memory_equal(pool.octets + left, zero, 4);
	}
	(void)random_u32(&pool); /* it is filled again */
	assert_int_equal(pool.left, RANDOM_POOL - 4);
}

/* Fewer octets than a number takes are kept, not counted twice. */
static void test_odd_rest(void **state)
{
	for (size_t rest = 0; rest < 4; rest++) {
		struct random_pool pool = {.left = rest};

		(void)random_u32(&pool);
		assert_int_equal(pool.left, RANDOM_POOL - 4);
	}
}

static void test_numbers_differ(void **state)
{
	struct random_pool a = {0};
	struct random_pool b = {0};
	uint32_t seen = 0;
	int same = 0;

	for (int i = 0; i < 2000; i++) {
		uint32_t x = random_u32(&a);

		same += x == random_u32(&b);
		seen |= x;
	}
	assert_true(same < 10);
	assert_int_equal(seen, UINT32_MAX);
}

static void test_below(void **state)
{
	static const uint32_t bounds[] = {1, 2, 3, 7, 64, 1000, 65536, 0x80000001U, UINT32_MAX};
	struct random_pool pool = {0};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		for (int n = 0; n < 1000; n++)
			assert_true(random_below(&pool, bounds[i]) < bounds[i]);
}

/* 16 values, 4,096 of each expected; the standard deviation is 62. */
static void test_below_is_even(void **state)
{
	struct random_pool pool = {0};
	int count[16] = {0};

	for (int n = 0; n < 16 * 4096; n++)
		count[random_below(&pool, 16)]++;
	for (int i = 0; i < 16; i++)
		assert_in_range(count[i], 4096 - 500, 4096 + 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool_is_used_and_wiped), cmocka_unit_test(test_odd_rest),
		cmocka_unit_test(test_numbers_differ),	       cmocka_unit_test(test_below),
		cmocka_unit_test(test_below_is_even),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
