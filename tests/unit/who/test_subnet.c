/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "who/subnet.h"

#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *data;
	size_t len;
	const char *client; /* NULL: it is not sound; "": nothing is said */
} cases[] = {
	{TEXT("\0\1\x18\0\300\0\2"), "192.0.2.0/24"},
	{TEXT("\0\1\x20\0\300\0\2\7"), "192.0.2.7"},
	{TEXT("\0\1\x14\0\300\0\x10"), "192.0.16.0/20"},
	{TEXT("\0\1\1\0\200"), "128.0.0.0/1"},
	{TEXT("\0\1\0\0"), ""},
	{TEXT("\0\2\0\0"), ""},
	{TEXT("\0\0\0\0"), ""}, /* as dig +subnet=0 */
	{TEXT("\0\2\x38\0\x20\1\x0d\xb8\0\7\0"), "2001:db8:7::/56"},
	{TEXT("\0\2\x80\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"), "2001:db8::7"},
	{TEXT("\0\2\x80\0\0\0\0\0\0\0\0\0\0\0\xff\xff\300\0\2\7"), "192.0.2.7"},
	{TEXT("\0\2\x78\0\0\0\0\0\0\0\0\0\0\0\xff\xff\300\0\2"), "192.0.2.0/24"},
	{TEXT("\0\2\x61\0\0\0\0\0\0\0\0\0\0\0\xff\xff\200"), "128.0.0.0/1"},
	{TEXT("\0\2\x60\0\0\0\0\0\0\0\0\0\0\0\xff\xff"), ""}, /* all of IPv4: nobody */
	{TEXT(""), NULL},
	{TEXT("\0\1\x18"), NULL},
	{TEXT("\0\1\x18\0"), NULL}, /* an octet short, and so on */
	{TEXT("\0\1\x18\0\300\0"), NULL},
	{TEXT("\0\1\x18\0\300\0\2\0"), NULL},	/* one too many */
	{TEXT("\0\1\x17\0\300\0\3"), NULL},	/* a bit behind the prefix */
	{TEXT("\0\1\x18\x18\300\0\2"), NULL},	/* a scope */
	{TEXT("\0\1\x21\0\300\0\2\7\0"), NULL}, /* longer than the address */
	{TEXT("\0\2\x81\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7\0"), NULL},
	{TEXT("\0\3\x18\0\300\0\2"), NULL}, /* an unknown family */
	{TEXT("\1\1\x18\0\300\0\2"), NULL},
	{TEXT("\0\0\x08\0\300"), NULL},
};

static void test_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *data = malloc(cases[i].len ? cases[i].len : 1);
		char text[INET6_ADDRSTRLEN];
		struct subnet subnet;
		struct ip client;
		enum err err;

		assert_non_null(data);
		memcpy(data, cases[i].data, cases[i].len);
		err = subnet_read(data, cases[i].len, &subnet, &client);
		if (err != (cases[i].client ? ERR_OK : ERR_SYNTAX))
			fail_msg("case %zu: %s", i, err_str(err));
		if (cases[i].client) {
			assert_int_equal(subnet.len, cases[i].len);
			assert_memory_equal(subnet.octets, data, cases[i].len);
			assert_string_equal(client.family ? ip_text(&client, text, sizeof(text))
							  : "",
					    cases[i].client);
		}
		free(data);
	}
}

static void test_scope(void **state)
{
	struct subnet subnet;
	struct ip client;

	(void)state;
	assert_int_equal(subnet_read((const uint8_t *)"\0\1\x18\0\300\0\2", 7, &subnet, &client),
			 ERR_OK);
	subnet_set_scope(&subnet, true);
	assert_int_equal(subnet.octets[3], 24);
	subnet_set_scope(&subnet, false);
	assert_int_equal(subnet.octets[3], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
