/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loglimit.h"

static const char kinds[2 * LOGLIMIT_KINDS];

static uint32_t allowed(struct loglimit *limit, const void *kind, uint64_t now_ms, uint32_t lines)
{
	uint32_t count = 0;
	uint32_t withheld;

	for (uint32_t i = 0; i < lines; i++)
		count += loglimit_allow(limit, kind, now_ms, &withheld);
	return count;
}

static void test_each_kind_has_its_lines(void **state)
{
	struct loglimit limit = {0};

	assert_int_equal(allowed(&limit, &kinds[0], 5, 1000), LOGLIMIT_LINES);
	assert_int_equal(allowed(&limit, &kinds[1], 5, 1000), LOGLIMIT_LINES);
	assert_int_equal(allowed(&limit, &kinds[0], 5 + LOGLIMIT_MS - 1, 1), 0);
	assert_int_equal(allowed(&limit, &kinds[0], 5 + LOGLIMIT_MS, 1), 1);
}

static void test_withheld_lines_are_told_once(void **state)
{
	struct loglimit limit = {0};
	uint32_t withheld = 77;

	allowed(&limit, &kinds[0], 0, LOGLIMIT_LINES + 12);
	assert_true(loglimit_allow(&limit, &kinds[0], LOGLIMIT_MS, &withheld));
	assert_int_equal(withheld, 12);
	assert_true(loglimit_allow(&limit, &kinds[0], LOGLIMIT_MS, &withheld));
	assert_int_equal(withheld, 0);
}

/* More kinds than places: lines are limited still, and none is lost for good. */
static void test_more_kinds_than_places(void **state)
{
	struct loglimit limit = {0};

	for (size_t i = 0; i < sizeof(kinds); i++)
		assert_in_range(allowed(&limit, &kinds[i], 0, 100), 0, LOGLIMIT_LINES);
	for (size_t i = 0; i < LOGLIMIT_KINDS; i++)
		assert_int_equal(allowed(&limit, &kinds[i], LOGLIMIT_MS, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_has_its_lines),
		cmocka_unit_test(test_withheld_lines_are_told_once),
		cmocka_unit_test(test_more_kinds_than_places),
	};

	return cmocka_run_group_tests_name("loglimit", tests, NULL, NULL);
}
