/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "addrs/addrs.h"

static void test_masks(void **state)
{
	for (unsigned int len = 0; len <= ADDRS_V6_BITS; len++) {
		struct addrs_key mask = addrs_mask(len, ADDRS_V6_BITS);
		int bits = __builtin_popcountll(mask.hi) + __builtin_popcountll(mask.lo);

		assert_int_equal(bits, len);
		assert_true(len == 0 || mask.hi >> 63 == 1);
		assert_true(mask.lo == 0 || mask.hi == UINT64_MAX);
	}
	assert_int_equal(addrs_mask(24, ADDRS_V4_BITS).lo & UINT32_MAX, 0xffffff00);
	assert_int_equal(addrs_mask(0, ADDRS_V4_BITS).lo & UINT32_MAX, 0);
}

static void test_order(void **state)
{
	const struct addrs_key low = {0, UINT64_MAX};
	const struct addrs_key high = {1, 0};

	assert_true(addrs_key_less(low, high));
	assert_false(addrs_key_less(high, low));
	assert_false(addrs_key_less(low, low));
}

static void test_cover(void **state)
{
	const struct addrs_key net = {0, 0xc0000200};

	assert_true(addrs_covers(net, 24, ADDRS_V4_BITS, (struct addrs_key){0, 0xc00002ff}));
	assert_false(addrs_covers(net, 24, ADDRS_V4_BITS, (struct addrs_key){0, 0xc0000300}));
	assert_true(addrs_covers((struct addrs_key){0, 0}, 0, ADDRS_V6_BITS,
				 (struct addrs_key){UINT64_MAX, UINT64_MAX}));
	assert_false(addrs_covers((struct addrs_key){1ULL << 63, 0}, 1, ADDRS_V6_BITS,
				  (struct addrs_key){1, 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_cover),
	};

	return cmocka_run_group_tests_name("addrs", tests, NULL, NULL);
}
