/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "landing/host.h"

#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_names(void **state)
{
	static const struct {
		const char *target;
		const char *field;
		enum err err;
		const char *name;
	} cases[] = {
		{"/", "C2.Example", ERR_OK, "c2.example"},
		{"/", "c2.example.", ERR_OK, "c2.example"},
		{"/", "c2.example.:8080", ERR_OK, "c2.example"},
		{"//gate.php", "c2.example", ERR_OK, "c2.example"},
		{"HTTP://C3.example:80/x", "c2.example", ERR_OK, "c3.example"},
		{"http://user:secret@c3.example/", "", ERR_OK, "c3.example"},
		{"https://c3.example?x@y", NULL, ERR_OK, "c3.example"},
		{"/", "_srv.c2.example", ERR_OK, "_srv.c2.example"},
		{"/", NULL, ERR_NOTFOUND, NULL},
		{"/", "", ERR_NOTFOUND, NULL},
		{"/", ".", ERR_NOTFOUND, NULL},
		{"/", ":80", ERR_NOTFOUND, NULL},
		{"/", "192.0.2.1", ERR_NOTFOUND, NULL},
		{"/", "192.0.2.1:80", ERR_NOTFOUND, NULL},
		{"/", "[2001:db8::1]:80", ERR_NOTFOUND, NULL},
		{"http:///x", "c2.example", ERR_NOTFOUND, NULL},
		{"/", "a..b", ERR_SYNTAX, NULL},
		{"/", "<script>", ERR_SYNTAX, NULL},
		{"/", "a b", ERR_SYNTAX, NULL},
		{"/", "\xff.example", ERR_SYNTAX, NULL},
		{"/", HUNDRED, ERR_SYNTAX, NULL},
		{"/", HUNDRED HUNDRED HUNDRED HUNDRED, ERR_SYNTAX, NULL},
	};
	char text[NAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct name name;

		assert_int_equal(host_of_request(cases[i].target, cases[i].field, &name),
				 cases[i].err);
		if (cases[i].err == ERR_OK)
			assert_string_equal(name_to_text(name.wire, text, sizeof(text)),
					    cases[i].name);
	}
}

static void test_paths(void **state)
{
	static const struct {
		const char *target;
		const char *path;
	} cases[] = {
		{"/a/b?secret=1", "/a/b"},
		{"//gate.php#x", "//gate.php"},
		{"http://c2.example/x?y", "/x"},
		{"http://c2.example", ""},
		{"http://c2.example?y", ""},
		{"*", "*"},
		{"/\x01\xff\x7f", "/???"},
		{"/123456789", "/1234567"},
		{"", ""},
	};
	char path[9];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		host_path(cases[i].target, path, sizeof(path));
		if (strlen(cases[i].path) < sizeof(path))
			assert_string_equal(path, cases[i].path);
		else
			assert_memory_equal(path, cases[i].path, sizeof(path) - 1);
	}
	host_clean(NULL, path, sizeof(path));
	assert_string_equal(path, "");
	host_clean("a\tb", path, sizeof(path));
	assert_string_equal(path, "a?b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
