/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "names/reverse.h"

static void test_names_of_addresses(void **state)
{
	static const struct {
		const char *address;
		const char *name;
	} rows[] = {
		{"192.0.2.1", "1.2.0.192.in-addr.arpa"},
		{"0.0.0.0", "0.0.0.0.in-addr.arpa"},
		{"255.255.255.255", "255.255.255.255.in-addr.arpa"},
		/* of RFC 3596, 2.5 */
		{"4321:0:1:2:3:4:567:89ab",
		 "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa"},
		{"::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.ip6.arpa"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[NAME_TEXT_MAX];
		struct name name;
		struct ip ip;

		assert_int_equal(ip_parse(rows[i].address, &ip), ERR_OK);
		assert_int_equal(reverse_name(&ip, &name), ERR_OK);
		assert_string_equal(name_to_text(name.wire, text, sizeof(text)), rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
