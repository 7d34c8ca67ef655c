/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "fetch/schedule.h"

#define DAY_S 86400U

static void test_success(void **state)
{
	assert_int_equal(schedule_after_success_s(60, 0), 60);
	assert_int_equal(schedule_after_success_s(DAY_S, 3600), DAY_S + 3600);
	for (uint32_t random = 0; random < 100000; random += 7) {
		assert_in_range(schedule_after_success_s(60, random), 60, 66);
		assert_in_range(schedule_after_success_s(DAY_S, random), DAY_S, DAY_S + 3600);
	}
}

static void test_failure(void **state)
{
	static const struct {
		uint32_t failures;
		uint64_t asked_s, least_s, most_s;
	} rows[] = {
		{1, 0, 30, 60},
		{2, 0, 60, 120},
		{5, 0, 480, 960},
		{40, 0, DAY_S / 2, DAY_S},
		{UINT32_MAX, 0, DAY_S / 2, DAY_S},
		{1, 7200, 7200, 7200},
		{1, UINT64_MAX, DAY_S, DAY_S},
		{0, 0, 30, 60},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint32_t random = 0; random < 100000; random += 7)
			assert_in_range(schedule_after_failure_s(DAY_S, rows[i].failures,
								 rows[i].asked_s, random),
					rows[i].least_s, rows[i].most_s);
	assert_in_range(schedule_after_failure_s(60, 9, 7200, 5), 60, 60);
}

static void test_first(void **state)
{
	assert_int_equal(schedule_first_s(DAY_S, 0, 1000000, 9), 0);
	assert_int_equal(schedule_first_s(DAY_S, 2000000, 1000000, 9), 0); /* from the future */
	assert_int_equal(schedule_first_s(DAY_S, 1000000 - 400, 1000000, 9), DAY_S - 400);
	assert_in_range(schedule_first_s(60, 1, 1000000, 12345), 0, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
