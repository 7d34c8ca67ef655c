/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>

#include "fetch/inner.h"
#include "fetch/place.h"

static struct place parsed(const char *url)
{
	struct place place;

	assert_int_equal(place_parse(url, &place), ERR_OK);
	return place;
}

static void test_parsed(void **state)
{
	struct place place = parsed("HTTPS://[2001:db8::1]/x?y#z");

	(void)state;
	assert_string_equal(place.scheme, "https");
	assert_string_equal(place.host, "[2001:db8::1]");
	assert_string_equal(place.port, "443");
	assert_int_equal(place_parse("", &place), ERR_SYNTAX);
	assert_int_equal(place_parse("/x", &place), ERR_SYNTAX);
	assert_int_equal(place_parse("http://x:99999/", &place), ERR_SYNTAX);
}

static void test_whereto(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		bool same;
		bool followed;
	} rows[] = {
		{"http://a.test/x", "http://A.test:80/y", true, true},
		{"http://a.test/", "http://a.test:81/", false, true},
		{"http://a.test/", "https://a.test/", false, true},
		{"https://a.test/", "https://b.test/", false, true},
		{"https://a.test/", "http://a.test/", false, false},
		{"http://a.test/", "file:///etc/passwd", false, false},
		{"http://a.test/", "ftp://a.test/", false, false},
		{"https://a.test/", "gopher://a.test:70/_x", false, false},
		{"http://a.test/", "dict://a.test/x", false, false},
		{"http://a.test/", "scheme://a.test/x", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct place from = parsed(rows[i].from);
		struct place to = parsed(rows[i].to);

		print_message("%s %s\n", rows[i].from, rows[i].to);
		assert_int_equal(place_is_same(&from, &to), rows[i].same);
		assert_int_equal(place_forbids(&from, &to) == NULL, rows[i].followed);
	}
}

static void test_inner(void **state)
{
	static const struct {
		const char *address;
		bool inner;
	} rows[] = {
		{"127.0.0.1", true},	    {"127.255.0.9", true},
		{"0.0.0.0", true},	    {"10.1.2.3", true},
		{"172.16.0.1", true},	    {"172.32.0.1", false},
		{"192.168.9.9", true},	    {"100.64.0.1", true},
		{"169.254.169.254", true},  {"::1", true},
		{"fd00::1", true},	    {"fe80::1", true},
		{"::ffff:127.0.0.1", true}, {"198.51.100.1", false},
		{"2001:db8::1", false},
	};
	struct prefix_set *inner;

	(void)state;
	assert_int_equal(inner_create(&inner), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip ip;

		print_message("%s\n", rows[i].address);
		assert_int_equal(ip_parse(rows[i].address, &ip), ERR_OK);
		assert_int_equal(prefix_set_contains(inner, &ip), rows[i].inner);
	}
	prefix_set_free(inner);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parsed),
		cmocka_unit_test(test_whereto),
		cmocka_unit_test(test_inner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
