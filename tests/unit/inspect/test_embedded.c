/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "inspect/embedded.h"

static const struct {
	const char *ipv6;
	const char *ipv4; /* NULL: there is none in it */
} rows[] = {
	{"64:ff9b::c000:221", "192.0.2.33"},
	{"64:ff9b::", "0.0.0.0"},
	{"64:ff9b:0:1::c000:221", NULL}, /* behind the /96 */
	{"64:ff9c::c000:221", NULL},
	{"2002:c000:221::1", "192.0.2.33"},
	{"2002:c000:221:ffff:ffff:ffff:ffff:ffff", "192.0.2.33"},
	{"2003:c000:221::1", NULL},
	{"::c000:221", "192.0.2.33"},
	{"::2", "0.0.0.2"},
	{"::1", NULL},
	{"::", NULL},
	{"::1:c000:221", NULL},
	{"2001:db8::c000:221", NULL},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[INET6_ADDRSTRLEN];
		struct ip ipv4;
		struct ip ip;

		assert_int_equal(ip_parse(rows[i].ipv6, &ip), ERR_OK);
		if (embedded_ipv4(&ip, &ipv4) != (rows[i].ipv4 != NULL))
			fail_msg("%s", rows[i].ipv6);
		if (rows[i].ipv4)
			assert_string_equal(ip_text(&ipv4, text, sizeof(text)), rows[i].ipv4);
	}
}

static void test_ipv4_has_none(void **state)
{
	struct ip ipv4;
	struct ip ip;

	assert_int_equal(ip_parse("192.0.2.33", &ip), ERR_OK);
	assert_false(embedded_ipv4(&ip, &ipv4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ipv4_has_none),
	};

	return cmocka_run_group_tests_name("embedded", tests, NULL, NULL);
}
