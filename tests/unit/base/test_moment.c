/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/moment.h"

static const struct {
	const char *text;
	enum err err;
	uint64_t s;
} rows[] = {
	{"2010-02-22T00:00:00Z", ERR_OK, 1266796800},
	{"2010-02-22T00:00:00z", ERR_OK, 1266796800},
	{"2010-02-22T01:00:00+01:00", ERR_OK, 1266796800},
	{"2010-02-21T18:30:00-05:30", ERR_OK, 1266796800},
	{"1970-01-01T00:00:00Z", ERR_OK, 0},
	{"9999-12-31T23:59:59Z", ERR_OK, MOMENT_MAX_S},
	{"9999-12-31T23:59:59-00:01", ERR_RANGE, 0},
	{"1970-01-01T00:00:00+00:01", ERR_RANGE, 0},
	{"2010-02-22T00:00:00", ERR_SYNTAX, 0},
	{"2010-02-22", ERR_SYNTAX, 0},
	{"2010-02-22 00:00:00Z", ERR_SYNTAX, 0},
	{"2010-02-22T00:00Z", ERR_SYNTAX, 0},
	{"2010-02-30T00:00:00Z", ERR_SYNTAX, 0},
	{"2010-13-01T00:00:00Z", ERR_SYNTAX, 0},
	{"2010-02-22T24:00:00Z", ERR_SYNTAX, 0},
	{"2010-02-22T00:00:00+24:00", ERR_SYNTAX, 0},
	{"2010-02-22T00:00:00+01", ERR_SYNTAX, 0},
	{"2010-02-22T00:00:00Zx", ERR_SYNTAX, 0},
	{"", ERR_SYNTAX, 0},
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t s = 0;

		if (moment_parse(rows[i].text, &s) != rows[i].err || s != rows[i].s)
			fail_msg("%s: %llu", rows[i].text, (unsigned long long)s);
	}
}

static void test_text(void **state)
{
	char buf[MOMENT_TEXT_MAX];

	assert_string_equal(moment_text(1266796800, buf), "2010-02-22T00:00:00Z");
	assert_string_equal(moment_text(MOMENT_MAX_S, buf), "9999-12-31T23:59:59Z");
	assert_string_equal(moment_text(0, buf), "");
	assert_string_equal(moment_text(MOMENT_MAX_S + 1, buf), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
