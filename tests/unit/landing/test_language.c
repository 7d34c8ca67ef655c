/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "landing/language.h"

static void test_choice(void **state)
{
	static const struct {
		const char *field;
		const char *tag;
	} cases[] = {
		{NULL, "en"},
		{"", "en"},
		{"de", "de"},
		{"DE-at", "de"},
		{"pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7", "pl"},
		{"xx,yy;q=0.9,it;q=0.1", "it"},
		{"en;q=0.5, fr;q=0.6", "fr"},
		{"fr;q=0, es;q=0.001", "es"},
		{"fr;q=0", "en"},
		{"es, it", "es"},
		{"*", "en"},
		{"zh, *;q=0.5, de;q=0.6", "de"},
		{"  ,\t, ;q=1,de ; q=0.3, fr ;q=0.2", "de"},
		{"deu", "en"},
		{"de;q=1.5;q=9, fr;q=x", "de"},
		{"d", "en"},
		{"\xff\xfe,pl;q=0.12345", "pl"},
		{"fr;q=0.3,de;q", "de"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(language_tag(language_choose(cases[i].field)), cases[i].tag);
}

/* What stands far behind is not read, however long the field is. */
static void test_many(void **state)
{
	char field[8192];

	(void)state;
	memset(field, ',', sizeof(field));
	memcpy(field + sizeof(field) - 4, ",de", 4);
	assert_int_equal(language_choose(field), LANGUAGE_ENGLISH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
