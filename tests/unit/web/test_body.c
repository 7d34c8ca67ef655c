/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/body.h"

static void test_bodies(void **state)
{
	static const struct {
		const char *body;
		enum err err;
		const char *text;
	} cases[] = {
		{"{\"name\": \"a.example\"}", ERR_OK, "a.example"},
		{"{\"name\": \"\"}", ERR_OK, ""},
		{"{\"other\": [1, {}], \"name\": \"x\"}", ERR_OK, "x"},
		{"{\"name\": \"1234567890123456789\"}", ERR_OK, "1234567890123456789"},
		{"{\"name\": \"12345678901234567890\"}", ERR_RANGE, NULL},
		{"{\"other\": \"a\"}", ERR_NOTFOUND, NULL},
		{"{}", ERR_NOTFOUND, NULL},
		{"{\"name\": 1}", ERR_SYNTAX, NULL},
		{"{\"name\": null}", ERR_SYNTAX, NULL},
		{"{\"name\": \"a\", \"name\": \"b\"}", ERR_SYNTAX, NULL},
		{"{\"name\": \"a\\u0000b\"}", ERR_SYNTAX, NULL},
		{"{\"name\": \"\xff\"}", ERR_SYNTAX, NULL},
		{"[\"name\"]", ERR_SYNTAX, NULL},
		{"{\"name\": \"a\"} x", ERR_SYNTAX, NULL},
		{"", ERR_SYNTAX, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[20] = "untouched";

		assert_int_equal(
			body_text(cases[i].body, strlen(cases[i].body), "name", buf, sizeof(buf)),
			cases[i].err);
		assert_string_equal(buf, cases[i].err == ERR_OK ? cases[i].text : "untouched");
	}
}

static void test_flags(void **state)
{
	static const struct {
		const char *body;
		enum err err;
		bool flag;
	} cases[] = {
		{"", ERR_OK, false},
		{"{}", ERR_OK, false},
		{"{\"back\": true}", ERR_OK, true},
		{"{\"back\": false}", ERR_OK, false},
		{"{\"other\": true}", ERR_OK, false},
		{"{\"back\": \"true\"}", ERR_SYNTAX, false},
		{"{\"back\": 1}", ERR_SYNTAX, false},
		{"{\"back\": true, \"back\": true}", ERR_SYNTAX, false},
		{"[true]", ERR_SYNTAX, false},
		{"back", ERR_SYNTAX, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool flag = false;

		assert_int_equal(body_flag(cases[i].body, strlen(cases[i].body), "back", &flag),
				 cases[i].err);
		assert_int_equal(flag, cases[i].flag);
	}
}

/* jansson's depth has a bound; the stack is not the sender's. */
static void test_depth(void **state)
{
	static char deep[60000];
	char buf[20];

	memset(deep, '[', sizeof(deep));
	assert_int_equal(body_text(deep, sizeof(deep), "name", buf, sizeof(buf)), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
