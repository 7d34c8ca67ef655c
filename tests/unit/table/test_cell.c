/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct word word_of(const char *text)
{
	return (struct word){text, strlen(text)};
}

static void test_hosts(void **state)
{
	static const struct {
		const char *cell;
		const char *host;
		bool is_url;
		bool is_hash;
	} cases[] = {
		{" a.test ", "a.test", false, false},
		{"a.test:443", "a.test", false, false},
		{"192.0.2.1:8080", "192.0.2.1", false, false},
		{"[2001:db8::1]:443", "2001:db8::1", false, false},
		{"2001:db8::1", "2001:db8::1", false, false},
		{"192.0.2.0/24", "192.0.2.0/24", false, false},
		{"http://a.test/path?x=http://b.test", "a.test", true, false},
		{"https://user:word@a.test:8443/x@y", "a.test", true, false},
		{"hxxp://a.test", "a.test", true, false},
		{"http://[2001:db8::1]/", "2001:db8::1", true, false},
		{"http://192.0.2.1:80/gate.php", "192.0.2.1", true, false},
		{"a.test/gate.php", "a.test", true, false},
		{"http://a.test#x", "a.test", true, false},
		{"http://a.test\\@b.test/", "a.test", true, false},
		{"d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e", false,
		 true},
		{"d41d8cd98f00b204e9800998ecf8427", "d41d8cd98f00b204e9800998ecf8427", false,
		 false},
		{"http://", "", true, false},
		{"[", "", false, false},
		{"", "", false, false},
		{":1", "", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cell_host host = cell_host_of(word_of(cases[i].cell));

		if (!word_is(host.text, cases[i].host))
			fail_msg("%s: %.*s", cases[i].cell, (int)host.text.len, host.text.text);
		assert_int_equal(host.is_url, cases[i].is_url);
		assert_int_equal(host.is_hash, cases[i].is_hash);
	}
}

static void test_plain(void **state)
{
	static const char *const plain[] = {"a.test",	    "*.a.test",	   ".a.test",
					    "192.0.2.0/24", "2001:db8::1", "b\xc3\xbc.test",
					    "x_y.test"};
	static const char *const odd[] = {"",	     "a b",	 "a#b",	     "||a.test^",  "/a/",
					  "a*.test", "a=b",	 "a@b.test", "(a|b).test", "!a",
					  "*",	     "a.test;x", "a.test\n", "a[.]test",   "*.*.x"};

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		assert_true(cell_is_plain(word_of(plain[i])));
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (cell_is_plain(word_of(odd[i])))
			fail_msg("%s", odd[i]);
}

static void test_times(void **state)
{
	static const struct {
		const char *cell;
		enum err err;
		uint64_t s;
	} cases[] = {
		{"2026-11-28T07:00:00Z", ERR_OK, 1795849200},
		{"2026-11-28T08:00:00+01:00", ERR_OK, 1795849200},
		{"2026-11-28T08:00:00+0100", ERR_OK, 1795849200},
		{"2026-11-28T07:00:00", ERR_OK, 1795849200},
		{"2026-11-28 07:00:00", ERR_OK, 1795849200},
		{"2026-11-28 07:00:00 UTC", ERR_OK, 1795849200},
		{"2026-11-28T07:00:00.123456+00:00", ERR_OK, 1795849200},
		{"2026-11-28", ERR_OK, 1795824000},
		{"1795849200", ERR_OK, 1795849200},
		{"", ERR_OK, 0},
		{" NULL ", ERR_OK, 0},
		{"None", ERR_OK, 0},
		{"0000-00-00 00:00:00", ERR_OK, 0},
		{"tomorrow", ERR_SYNTAX, 0},
		{"2026-11-28T07:00", ERR_SYNTAX, 0},
		{"2026-02-31", ERR_SYNTAX, 0},
		{"28.11.2026 07:00:00", ERR_SYNTAX, 0},
		{"2026-11-28T07:00:00 MEZ", ERR_SYNTAX, 0},
		{"2026-11-28T07:00:00 CET+01", ERR_SYNTAX, 0},
		{"99999999999999", ERR_RANGE, 0},
		{"2026-11-28T07:00:00+00:00 and something more", ERR_SYNTAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t s = 0;

		if (cell_time(word_of(cases[i].cell), &s) != cases[i].err || s != cases[i].s)
			fail_msg("%s: %llu", cases[i].cell, (unsigned long long)s);
	}
}

static void test_scores(void **state)
{
	static const struct {
		const char *cell;
		enum err err;
		uint32_t score;
	} cases[] = {
		{"75", ERR_OK, 75},
		{" 100 ", ERR_OK, 100},
		{"99.9", ERR_OK, 99},
		{"0", ERR_OK, 0},
		{"4294967295", ERR_OK, 4294967295},
		{"4294967296", ERR_SYNTAX, 0},
		{"99999999999", ERR_SYNTAX, 0},
		{"-1", ERR_SYNTAX, 0},
		{"high", ERR_SYNTAX, 0},
		{"", ERR_SYNTAX, 0},
		{"1e3", ERR_SYNTAX, 0},
		{"1.x", ERR_SYNTAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t score = 0;

		if (cell_score(word_of(cases[i].cell), &score) != cases[i].err ||
		    score != cases[i].score)
			fail_msg("%s: %u", cases[i].cell, score);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_scores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
