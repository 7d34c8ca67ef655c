/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dns/rrtype.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Names as users write them, and what they are shown as. */
static const struct {
	const char *text;
	uint16_t type; /* 0: none that a question can be for */
	const char *shown;
} rows[] = {
	{"A", 1, "A"},
	{"aaaa", 28, "AAAA"},
	{"Https", 65, "HTTPS"},
	{"ANY", 255, "ANY"},
	{"TYPE28", 28, "AAAA"},
	{"type65280", 65280, "TYPE65280"},
	{"TYPE1", 1, "A"},
	{"TYPE65535", 65535, "TYPE65535"},
	{"TYPE255", 255, "ANY"},
	/* meta types are of one message or one transfer, and not cached */
	{"OPT", 0, NULL},
	{"TYPE41", 0, NULL},
	{"AXFR", 0, NULL},
	{"IXFR", 0, NULL},
	{"TSIG", 0, NULL},
	{"MAILA", 0, NULL},
	{"TYPE249", 0, NULL},
	{"TYPE254", 0, NULL},
	/* no types at all */
	{"", 0, NULL},
	{"TYPE", 0, NULL},
	{"TYPE0", 0, NULL},
	{"TYPE65536", 0, NULL},
	{"TYPE000001", 0, NULL},
	{"TYPE1x", 0, NULL},
	{"TYPE-1", 0, NULL},
	{"TYPE 1", 0, NULL},
	{"AAAAA", 0, NULL},
	{" A", 0, NULL},
	{"A ", 0, NULL},
	{"28", 0, NULL},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		char buf[RRTYPE_TEXT_MAX];
		uint16_t type = 7;
		enum err err = rrtype_parse(rows[i].text, &type);

		if (rows[i].type == 0) {
			if (err != ERR_SYNTAX || type != 7)
				fail_msg("\"%s\" was taken as %u", rows[i].text, type);
			continue;
		}
		assert_int_equal(err, ERR_OK);
		assert_int_equal(type, rows[i].type);
		assert_string_equal(rrtype_text(type, buf, sizeof(buf)), rows[i].shown);
	}
}

/* What is shown is read again as the same. */
static void test_round_trip(void **state)
{
	size_t read = 0;

	for (unsigned int type = 1; type <= UINT16_MAX; type++) {
		char buf[RRTYPE_TEXT_MAX];
		uint16_t again = 0;

		if (rrtype_parse(rrtype_text((uint16_t)type, buf, sizeof(buf)), &again) != ERR_OK)
			continue;
		if (again != type)
			fail_msg("%u is shown as %s, which is %u", type, buf, again);
		read++;
	}
	assert_int_equal(read, UINT16_MAX - 7); /* but OPT and 249 to 254 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
