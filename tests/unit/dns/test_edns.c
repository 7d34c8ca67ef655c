/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dns/edns.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The examples of RFC 9018, appendix A.  A server cookie that the client sends along has no part
 * in the one it is given. */
static const struct {
	struct hash_key secret; /* its octets, as two numbers of the least octet first */
	const char *client;
	uint32_t now_s;
	const char *client_cookie;
	const char *cookie;
} vectors[] = {
	{{0x3fa4b2a6e573e9e5ULL, 0xcfbf379e84dce748ULL},
	 "198.51.100.100",
	 1559731985,
	 "2464c4abcf10c957",
	 "2464c4abcf10c957010000005cf79f111f8130c3eee29480"},
	{{0x3fa4b2a6e573e9e5ULL, 0xcfbf379e84dce748ULL},
	 "198.51.100.100",
	 1559734385,
	 "2464c4abcf10c957",
	 "2464c4abcf10c957010000005cf7a871d4a564a1442aca77"},
	{{0x3fa4b2a6e573e9e5ULL, 0xcfbf379e84dce748ULL},
	 "203.0.113.203",
	 1559734700,
	 "fc93fc62807ddb86",
	 "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"},
	{{0x983251d2bc365544ULL, 0x62c96396375d5a07ULL},
	 "2001:db8:220:1:59de:d0f4:8769:82b8",
	 1559741961,
	 "22681ab97d52c298",
	 "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
};

static void from_hex(const char *hex, uint8_t *octets)
{
	for (; *hex; hex += 2) {
		unsigned int octet = 0;

		assert_int_equal(sscanf(hex, "%2x", &octet), 1);
		*octets++ = (uint8_t)octet;
	}
}

static void test_cookie_vectors(void **state)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint8_t client[EDNS_COOKIE_CLIENT];
		uint8_t expected[EDNS_COOKIE_FULL];
		uint8_t cookie[EDNS_COOKIE_FULL];
		struct ip ip;

		assert_int_equal(ip_parse(vectors[i].client, &ip), ERR_OK);
		from_hex(vectors[i].client_cookie, client);
		from_hex(vectors[i].cookie, expected);
		edns_make_cookie(&vectors[i].secret, client, &ip, vectors[i].now_s, cookie);
		assert_memory_equal(cookie, expected, sizeof(cookie));
	}
}

/* Whatever goes into a cookie makes it another. */
static void test_cookie_depends(void **state)
{
	static const struct hash_key secret = {1, 2};
	static const struct hash_key other_secret = {1, 3};
	uint8_t first[EDNS_COOKIE_FULL];
	uint8_t cookie[EDNS_COOKIE_FULL];
	struct ip ip;
	struct ip other_ip;

	assert_int_equal(ip_parse("192.0.2.1", &ip), ERR_OK);
	assert_int_equal(ip_parse("192.0.2.2", &other_ip), ERR_OK);
	edns_make_cookie(&secret, (const uint8_t *)"12345678", &ip, 1000, first);
	edns_make_cookie(&secret, (const uint8_t *)"12345678", &ip, 1000, cookie);
	assert_memory_equal(first, cookie, sizeof(first));
	edns_make_cookie(&other_secret, (const uint8_t *)"12345678", &ip, 1000, cookie);
	assert_memory_not_equal(first + 16, cookie + 16, 8);
	edns_make_cookie(&secret, (const uint8_t *)"12345679", &ip, 1000, cookie);
	assert_memory_not_equal(first + 16, cookie + 16, 8);
	edns_make_cookie(&secret, (const uint8_t *)"12345678", &other_ip, 1000, cookie);
	assert_memory_not_equal(first + 16, cookie + 16, 8);
	edns_make_cookie(&secret, (const uint8_t *)"12345678", &ip, 1001, cookie);
	assert_memory_not_equal(first + 16, cookie + 16, 8);
}

static const struct hash_key master = {21, 34};
static const struct ip asker = {.family = AF_INET, .bytes = {192, 0, 2, 9}};

/* What is answered to a COOKIE option, at `now_s`, with the secrets of that time. */
static bool answer_cookie(const uint8_t *option, uint8_t len, const struct ip *client,
			  uint32_t now_s, uint8_t ret_cookie[EDNS_COOKIE_FULL])
{
	struct edns_secrets secrets = {.since_s = 0};

	edns_secrets_renew(&secrets, &master, now_s);
	return edns_answer_cookie(&secrets, option, len, client, now_s, ret_cookie);
}

/* A cookie that was given at `given_s`, when it comes back at `now_s`. */
static void test_good_cookie(void **state)
{
	static const uint32_t day = 20000 * 86400;
	static const struct {
		uint32_t given_s;
		uint32_t now_s;
		bool good;
		bool again; /* it is given once more */
	} rows[] = {
		{day + 9000, day + 9000, true, true},
		{day + 9000, day + 10799, true, true},
		{day + 9000, day + 10800, true, false},
		{day + 9000, day + 12600, true, false},
		{day + 9000, day + 12601, false, false},
		{day + 9000, day + 8700, true, true}, /* clocks that differ */
		{day + 9000, day + 8699, false, false},
		{day - 1, day, true, true}, /* over the change of the secret */
		{day - 1, day + 3599, true, false},
		{day, day - 1, false, false}, /* the secret is not known yet */
	};
	uint8_t given[EDNS_COOKIE_FULL];
	uint8_t next[EDNS_COOKIE_FULL];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(answer_cookie((const uint8_t *)"12345678", 8, &asker, rows[i].given_s,
					   given));
		assert_int_equal(answer_cookie(given, sizeof(given), &asker, rows[i].now_s, next),
				 rows[i].good);
		assert_int_equal(memcmp(given, next, sizeof(next)) == 0, rows[i].again);
		if (rows[i].good && rows[i].now_s > rows[i].given_s)
			assert_true(answer_cookie(next, sizeof(next), &asker, rows[i].now_s, next));
	}
}

/* One that was given to another, or changed in any octet, is none. */
static void test_bad_cookie(void **state)
{
	struct ip other = asker;
	uint8_t given[EDNS_COOKIE_MAX] = {0};
	uint8_t next[EDNS_COOKIE_FULL];

	(void)answer_cookie((const uint8_t *)"12345678", 8, &asker, 1000000, given);
	assert_true(answer_cookie(given, EDNS_COOKIE_FULL, &asker, 1000000, next));
	other.bytes[3]++;
	assert_false(answer_cookie(given, EDNS_COOKIE_FULL, &other, 1000000, next));
	assert_false(answer_cookie(given, EDNS_COOKIE_FULL - 1, &asker, 1000000, next));
	assert_false(answer_cookie(given, EDNS_COOKIE_MAX, &asker, 1000000, next));
	for (size_t i = 0; i < EDNS_COOKIE_FULL; i++) {
		given[i] ^= 1;
		assert_false(answer_cookie(given, EDNS_COOKIE_FULL, &asker, 1000000, next));
		given[i] ^= 1;
	}
}

/* A mapped address is the IPv4 address it maps, in cookies too. */
static void test_cookie_of_mapped_address(void **state)
{
	static const struct hash_key secret = {1, 2};
	uint8_t a[EDNS_COOKIE_FULL];
	uint8_t b[EDNS_COOKIE_FULL];
	struct ip ip;

	assert_int_equal(ip_parse("192.0.2.1", &ip), ERR_OK);
	edns_make_cookie(&secret, (const uint8_t *)"12345678", &ip, 1000, a);
	assert_int_equal(ip_parse("::ffff:192.0.2.1", &ip), ERR_OK);
	edns_make_cookie(&secret, (const uint8_t *)"12345678", &ip, 1000, b);
	assert_memory_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookie_vectors),
		cmocka_unit_test(test_cookie_depends),
		cmocka_unit_test(test_good_cookie),
		cmocka_unit_test(test_bad_cookie),
		cmocka_unit_test(test_cookie_of_mapped_address),
	};

	return cmocka_run_group_tests_name("edns", tests, NULL, NULL);
}
