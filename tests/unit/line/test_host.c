/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "line/host.h"

/* NULL: refused. */
static const struct {
	const char *written;
	const char *name;
} rows[] = {
	{"a.example", "a.example"},
	{"A.Example.", "a.example"},
	{".", "."},
	{"m\303\274nchen.example", "xn--mnchen-3ya.example"},
	{"M\303\234NCHEN.example.", "xn--mnchen-3ya.example"},
	{"stra\303\237e.example", "xn--strae-oqa.example"},
	{"m\\195\\188nchen.example", "m\\195\\188nchen.example"}, /* these octets are meant */
	{"a\\032b.example", "a\\032b.example"},
	{"<b>.example", "<b>.example"},
	{"\377.example", NULL},
	{"\303\274 x.example", NULL},
	{"a..example", NULL},
	{"", NULL},
};

static void test_written(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[NAME_TEXT_MAX];
		struct name name;
		enum err err = host_from_written(rows[i].written, &name);

		if (!rows[i].name && err == ERR_OK)
			fail_msg("row %zu is taken", i);
		if (!rows[i].name)
			continue;
		assert_int_equal(err, ERR_OK);
		assert_string_equal(name_to_text(name.wire, text, sizeof(text)), rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
