/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/moment.h"
#include "manual/until.h"

#define NOW_S 1795858450U /* 2026-11-28T09:34:10Z */

static void test_times(void **state)
{
	static const struct {
		const char *given;
		enum err err;
		uint64_t until_s;
	} cases[] = {
		{"2026-11-28T10:34:10Z", ERR_OK, NOW_S + 3600},
		{"2026-11-28T10:34:10z", ERR_OK, NOW_S + 3600},
		{"2026-11-28T11:34:10+01:00", ERR_OK, NOW_S + 3600},
		{"2026-11-28T05:04:10-05:30", ERR_OK, NOW_S + 3600},
		{"2026-11-29", ERR_OK, 1795910400},
		{"90s", ERR_OK, NOW_S + 90},
		{"10m", ERR_OK, NOW_S + 600},
		{"12h", ERR_OK, NOW_S + 43200},
		{"3d", ERR_OK, NOW_S + 259200},
		{"2w", ERR_OK, NOW_S + 1209600},
		{"2026-11-28T09:34:10Z", ERR_RANGE, 0},
		{"2026-11-28", ERR_RANGE, 0},
		{"1970-01-01", ERR_RANGE, 0},
		{"0s", ERR_RANGE, 0},
		{"999999999w", ERR_RANGE, 0},
		{"", ERR_SYNTAX, 0},
		{"10", ERR_SYNTAX, 0},
		{"10 m", ERR_SYNTAX, 0},
		{"-10m", ERR_SYNTAX, 0},
		{"10M", ERR_SYNTAX, 0},
		{"9999999999s", ERR_SYNTAX, 0},
		{"tomorrow", ERR_SYNTAX, 0},
		{"2026-11-28T10:34:10", ERR_SYNTAX, 0}, /* whose time? */
		{"2026-11-28T10:34:10Zx", ERR_SYNTAX, 0},
		{"2026-11-28T10:34:10+1:00", ERR_SYNTAX, 0},
		{"2026-11-28T10:34:10+24:00", ERR_SYNTAX, 0},
		{"2026-11-28 10:34:10Z", ERR_SYNTAX, 0},
		{" 2026-11-29", ERR_SYNTAX, 0},
		{"2027-02-31", ERR_SYNTAX, 0},
		{"2027-2-3", ERR_SYNTAX, 0},
	};
	struct err_text text;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t until_s = 0;

		if (until_parse(cases[i].given, NOW_S, &until_s, &text) != cases[i].err ||
		    until_s != cases[i].until_s)
			fail_msg("%s: %llu, %s", cases[i].given, (unsigned long long)until_s,
				 text.text);
	}
}

/* What is written can be read. */
static void test_text(void **state)
{
	char buf[MOMENT_TEXT_MAX];
	uint64_t until_s;

	assert_string_equal(moment_text(0, buf), "");
	assert_string_equal(moment_text(NOW_S, buf), "2026-11-28T09:34:10Z");
	assert_string_equal(moment_text(UINT64_MAX, buf), "");
	assert_string_equal(moment_text(253402300799ULL, buf), "9999-12-31T23:59:59Z");
	assert_int_equal(until_parse(buf, NOW_S, &until_s, NULL), ERR_OK);
	assert_int_equal(until_s, 253402300799ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
