/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "who/mac.h"

#define OCTETS(s) s, sizeof(s) - 1

typedef enum err read_fn(const uint8_t *data, size_t len, struct ip *ret_client);

static const struct {
	read_fn *read;
	const char *data;
	size_t len;
	const char *client; /* NULL: it is refused */
	const char *mac;
} cases[] = {
	{mac_read, OCTETS("\x02\0\x5e\0\x53\x01"), "fe80::5eff:fe00:5301", "02:00:5e:00:53:01"},
	/* the example of RFC 4291, appendix A, has the bit inverted */
	{mac_read, OCTETS("\x34\x56\x78\x9a\xbc\xde"), "fe80::3656:78ff:fe9a:bcde",
	 "34:56:78:9a:bc:de"},
	{mac_read, OCTETS("\x01\0\x5e\0\0\x01"), NULL, NULL}, /* of a group */
	{mac_read, OCTETS("\xff\xff\xff\xff\xff\xff"), NULL, NULL},
	{mac_read, OCTETS("\0\0\0\0\0\0"), NULL, NULL},
	{mac_read, OCTETS("\x02\0\x5e\0\x53"), NULL, NULL},
	{mac_read, OCTETS("\x02\0\x5e\0\x53\x01\x02\x03"), NULL, NULL}, /* EUI-64 */
	{mac_read, OCTETS(""), NULL, NULL},
	{mac_read_text, OCTETS("02:00:5e:00:53:01"), "fe80::5eff:fe00:5301", "02:00:5e:00:53:01"},
	{mac_read_text, OCTETS("02-00-5E-00-53-01"), "fe80::5eff:fe00:5301", "02:00:5e:00:53:01"},
	{mac_read_text, OCTETS("AgBeAFMB"), "fe80::5eff:fe00:5301", "02:00:5e:00:53:01"},
	{mac_read_text, OCTETS("/P/7+fv5"), "fe80::feff:fbff:fef9:fbf9", "fc:ff:fb:f9:fb:f9"},
	{mac_read_text, OCTETS("02:00:5e:00:53-01"), NULL, NULL},
	{mac_read_text, OCTETS("02:00:5e:00:53:0g"), NULL, NULL},
	{mac_read_text, OCTETS("02 00 5e 00 53 01"), NULL, NULL},
	{mac_read_text, OCTETS("02:00:5e:00:53:0"), NULL, NULL},
	{mac_read_text, OCTETS("01:00:5e:00:00:01"), NULL, NULL},
	{mac_read_text, OCTETS("AgBeAFM="), NULL, NULL},
	{mac_read_text, OCTETS("\x02\0\x5e\0\x53\x01"), NULL, NULL},
};

static void test_what_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char address[INET6_ADDRSTRLEN];
		char mac[MAC_TEXT_MAX];
		struct ip client;
		uint8_t *octets = malloc(cases[i].len + 1); /* what is behind it is not read */
		enum err err;

		memcpy(octets, cases[i].data, cases[i].len);
		octets = realloc(octets, cases[i].len > 0 ? cases[i].len : 1);
		err = cases[i].read(octets, cases[i].len, &client);
		free(octets);
		assert_int_equal(err, cases[i].client ? ERR_OK : ERR_SYNTAX);
		if (!cases[i].client)
			continue;
		assert_string_equal(ip_text(&client, address, sizeof(address)), cases[i].client);
		assert_string_equal(mac_text(&client, mac), cases[i].mac);
	}
}

/* Other addresses were not made so. */
static void test_what_has_none(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "fe80::1", "2001:db8::5eff:fe00:5301",
					    "fe80:0:0:1:0:5eff:fe00:5301", "::"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char mac[MAC_TEXT_MAX];
		struct ip ip;

		assert_int_equal(ip_parse(texts[i], &ip), ERR_OK);
		assert_null(mac_text(&ip, mac));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_what_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
