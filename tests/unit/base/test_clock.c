/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sched.h>

#include "base/clock.h"

static void test_goes_forward(void **state)
{
	uint64_t before = clock_us();
	uint64_t now = before;

	(void)state;
	while (now == before) {
		sched_yield();
		now = clock_us();
	}
	assert_true(now > before);
}

static void test_milliseconds_are_of_the_same_clock(void **state)
{
	uint64_t first_us = clock_us();
	uint64_t ms = clock_ms();
	uint64_t last_us = clock_us();

	(void)state;
	assert_in_range(ms, first_us / 1000, last_us / 1000);
}

static void test_unix_time(void **state)
{
	uint64_t before = (uint64_t)time(NULL);
	uint64_t told = clock_unix_s();
	uint64_t after = (uint64_t)time(NULL);

	(void)state;
	assert_in_range(told, before - 1, after); /* a tick late at most */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_forward),
		cmocka_unit_test(test_milliseconds_are_of_the_same_clock),
		cmocka_unit_test(test_unix_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
