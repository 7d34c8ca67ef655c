/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/reach.h"

static const struct {
	const char *to;
	const char *listen;
	bool same;
} rows[] = {
	{"192.0.2.1", "192.0.2.1", true},
	{"192.0.2.1", "192.0.2.2", false},
	{"192.0.2.1@5300", "192.0.2.1", false},
	{"::ffff:192.0.2.1", "192.0.2.1", true},
	{"2001:db8::1", "2001:db8::1", true},
	{"2001:db8::1", "2001:db8::2", false},
	/* bound to all addresses: those of this machine, and no others */
	{"127.0.0.1", "0.0.0.0", true},
	{"127.9.9.9", "0.0.0.0", true},
	{"::ffff:127.0.0.1", "0.0.0.0", true},
	{"192.0.2.1", "0.0.0.0", false},
	{"127.0.0.1@5300", "0.0.0.0", false},
	{"127.0.0.1", "::", false},
	{"::1", "0.0.0.0", false},
	{"2001:db8::1", "::", false},
	/* sent to no address: the kernel takes the loopback address */
	{"0.0.0.0", "127.0.0.1", true},
	{"0.0.0.0", "127.0.0.2", false},
	{"0.0.0.0", "0.0.0.0", true},
	{"0.0.0.0", "192.0.2.1", false},
	{"::", "::1", true},
	{"::", "2001:db8::1", false},
	{"fe80::1%lo", "fe80::1%lo", true},
	{"fe80::1", "fe80::1%lo", true},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct endpoint to;
		struct endpoint listen;

		assert_int_equal(endpoint_parse(rows[i].to, 53, &to), ERR_OK);
		assert_int_equal(endpoint_parse(rows[i].listen, 53, &listen), ERR_OK);
		if (reach_is_same(&to, &listen) != rows[i].same)
			fail_msg("%s to %s: not %d", rows[i].to, rows[i].listen, rows[i].same);
	}
}

static void test_two_scopes(void **state)
{
	struct endpoint a;
	struct endpoint b;

	(void)state;
	assert_int_equal(endpoint_parse("fe80::1%1", 53, &a), ERR_OK);
	b = a;
	b.u.in6.sin6_scope_id++;
	assert_true(reach_is_same(&a, &a));
	assert_false(reach_is_same(&a, &b));
}

static void test_loopback(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} addresses[] = {
		{"127.0.0.1", true},	{"127.255.0.9@80", true},
		{"::1", true},		{"::ffff:127.0.0.1", true},
		{"128.0.0.1", false},	{"0.0.0.0", false},
		{"::", false},		{"::2", false},
		{"2001:db8::1", false},
	};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct endpoint address;

		assert_int_equal(endpoint_parse(addresses[i].text, 53, &address), ERR_OK);
		if (reach_is_loopback(&address) != addresses[i].loopback)
			fail_msg("%s: not %d", addresses[i].text, addresses[i].loopback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_two_scopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
