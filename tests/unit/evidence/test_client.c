/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "evidence/client.h"

static void check(const struct client_form *form, const char *client, const char *written)
{
	char text[CLIENT_TEXT_MAX];
	struct ip hidden;
	struct ip ip;

	assert_int_equal(ip_parse(client, &ip), ERR_OK);
	hidden = client_hide(form, &ip);
	assert_string_equal(client_text(form, &hidden, text), written);
}

static void test_forms(void **state)
{
	static const uint8_t key[IPCRYPT_KEY] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
						 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
	struct client_form form = {.prefix_ipv4 = 20, .prefix_ipv6 = 56};

	check(&form, "192.0.2.1", "192.0.2.1");
	check(&form, "::ffff:192.0.2.1", "192.0.2.1");
	check(&form, "2001:db8::1", "2001:db8::1");
	form.kind = CONF_CLIENTS_PREFIX;
	check(&form, "192.0.31.1", "192.0.16.0/20");
	check(&form, "2001:db8:0:1ff::1", "2001:db8:0:100::/56");
	form.kind = CONF_CLIENTS_ENCRYPTED;
	assert_int_equal(ipcrypt_create(key, &form.ipcrypt), ERR_OK);
	check(&form, "192.0.2.1", "1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777");
	check(&form, "::ffff:192.0.2.1", "1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777");
	ipcrypt_free(form.ipcrypt);
}

static void test_covers(void **state)
{
	static const struct {
		const char *wide;
		const char *narrow;
		bool covers;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.1", false},
		{"192.0.2.1", "192.0.2.0/24", false},
		{"192.0.0.0/16", "192.0.2.0/24", true},
		{"::/0", "192.0.2.1", false},
		{"2001:db8::/56", "2001:db8::7", true},
		{"", "192.0.2.1", false},
		{"192.0.2.0/24", "nobody", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(client_covers(cases[i].wide, cases[i].narrow), cases[i].covers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
