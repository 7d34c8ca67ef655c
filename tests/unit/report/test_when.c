/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/when.h"

#define NOW 1764313200U /* 2025-11-28T07:00:00Z */

static const struct {
	const char *given;
	uint32_t s; /* 0: refused */
} rows[] = {
	{"2025-11-28T07:00:00Z", NOW},
	{"2025-11-28T07:00:00", NOW},
	{"2025-11-28", NOW - 7 * 3600},
	{"1970-01-01T00:00:09Z", 9},
	{"2096-02-29", 3981312000U},
	{"2025-11-28T08:00:00+01:00", NOW},
	{"2025-11-28T01:30:00-05:30", NOW},
	{"1764313200", NOW},
	{"0", 1}, /* 0 stands for no bound elsewhere */
	{"30s", NOW - 30},
	{"90m", NOW - 90 * 60},
	{"12h", NOW - 12 * 3600},
	{"3d", NOW - 3 * 86400},
	{"2w", NOW - 14 * 86400},
	{"0d", NOW},
	{"4000000000d", 1}, /* before all times */
	{"1950-01-01", 1},
	{"", 0},
	{"now", 0},
	{"-3d", 0},
	{" 3d", 0},
	{"3 d", 0},
	{"3dd", 0},
	{"3y", 0},
	{"3D", 0},
	{"99999999999", 0},
	{"99999999999999999999d", 0},
	{"2025-13-01", 0},
	{"2025-02-31", 0}, /* no such day, and not the 3rd of March */
	{"2025-11-28T24:30:00Z", 0},
	{"2025-11-28T08:00:00+0100", 0},
	{"2025", 0},	 /* a year, and no time of 1970 */
	{"20251128", 0}, /* nor this */
	{"2025-11-28x", 0},
	{"2025-11-28T07:00", 0},
	{"2200-01-01", 0}, /* beyond 32 bits */
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err_text text = {""};
		uint32_t s = 7;
		enum err err = when_parse(rows[i].given, NOW, &s, &text);

		if (rows[i].s == 0) {
			assert_int_equal(err, ERR_SYNTAX);
			assert_int_equal(s, 7);
			assert_memory_equal(text.text, rows[i].given, strlen(rows[i].given));
			assert_non_null(strstr(text.text, ": expected a time, such as "));
		} else if (err != ERR_OK || s != rows[i].s) {
			fail_msg("\"%s\": %u, not %u", rows[i].given, s, rows[i].s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
