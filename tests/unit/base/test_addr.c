/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/addr.h"
#include "support/alloc_fail.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *text;
	enum err err;
	const char *shown;
} ips[] = {
	{"192.0.2.1", ERR_OK, "192.0.2.1"},
	{"0.0.0.0", ERR_OK, "0.0.0.0"},
	{"255.255.255.255", ERR_OK, "255.255.255.255"},
	{"2001:DB8:0:0::1", ERR_OK, "2001:db8::1"},
	{"::", ERR_OK, "::"},
	{"::ffff:192.0.2.1", ERR_OK, "192.0.2.1"},
	{"::ffff:c000:201", ERR_OK, "192.0.2.1"},
	{"::192.0.2.1", ERR_OK, "::192.0.2.1"},
	{"", ERR_SYNTAX, NULL},
	{"192.0.2", ERR_SYNTAX, NULL},
	{"192.0.2.256", ERR_SYNTAX, NULL},
	{"192.0.2.1 ", ERR_SYNTAX, NULL},
	{" 192.0.2.1", ERR_SYNTAX, NULL},
	{"0300.0.2.1", ERR_SYNTAX, NULL},
	{"2001:db8::1::2", ERR_SYNTAX, NULL},
	{"fe80::1%lo", ERR_SYNTAX, NULL},
	{"[::1]", ERR_SYNTAX, NULL},
	{"localhost", ERR_SYNTAX, NULL},
};

static void test_ip_parse(void **state)
{
	for (size_t i = 0; i < COUNT(ips); i++) {
		struct ip ip = {.family = 99};
		char buf[INET6_ADDRSTRLEN];

		assert_int_equal(ip_parse(ips[i].text, &ip), ips[i].err);
		if (ips[i].err)
			assert_int_equal(ip.family, 99);
		else
			assert_string_equal(ip_text(&ip, buf, sizeof(buf)), ips[i].shown);
	}
}

static void test_ip_masked(void **state)
{
	static const struct {
		const char *address;
		unsigned int bits;
		const char *masked;
	} rows[] = {
		{"192.0.2.255", 32, "192.0.2.255"},
		{"192.0.2.255", 24, "192.0.2.0"},
		{"192.0.2.255", 25, "192.0.2.128"},
		{"192.0.2.255", 0, "0.0.0.0"},
		{"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"},
		{"2001:db8:1:ff:3:4:5:6", 57, "2001:db8:1:80::"},
		{"2001:db8::1", 128, "2001:db8::1"},
		{"2001:db8::1", 200, "2001:db8::1"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip ip, masked, right;

		assert_int_equal(ip_parse(rows[i].address, &ip), ERR_OK);
		assert_int_equal(ip_parse(rows[i].masked, &right), ERR_OK);
		masked = ip_masked(&ip, rows[i].bits);
		assert_true(ip_equal(&masked, &right));
	}
}

static void test_ip_text_none(void **state)
{
	struct ip none = {0};
	char buf[INET6_ADDRSTRLEN] = "x";

	assert_string_equal(ip_text(&none, buf, sizeof(buf)), "");
}

static const struct {
	const char *text;
	enum err err;
	uint8_t family;
	uint8_t len;
} prefixes[] = {
	{"192.0.2.0/24", ERR_OK, AF_INET, 24},
	{"192.0.2.1", ERR_OK, AF_INET, 32},
	{"192.0.2.1/32", ERR_OK, AF_INET, 32},
	{"0.0.0.0/0", ERR_OK, AF_INET, 0},
	{"128.0.0.0/1", ERR_OK, AF_INET, 1},
	{"2001:db8::/32", ERR_OK, AF_INET6, 32},
	{"::1", ERR_OK, AF_INET6, 128},
	{"::/0", ERR_OK, AF_INET6, 0},
	{"::ffff:192.0.2.0/120", ERR_OK, AF_INET, 24},
	{"::ffff:0.0.0.0/96", ERR_OK, AF_INET, 0},
	{"::ffff:192.0.2.1", ERR_OK, AF_INET, 32},
	{"192.0.2.0/23", ERR_OK, AF_INET, 23},
	{"192.0.3.0/23", ERR_RANGE, 0, 0},
	{"192.0.2.1/24", ERR_RANGE, 0, 0},
	{"192.0.2.0/33", ERR_RANGE, 0, 0},
	{"192.0.2.0/120", ERR_RANGE, 0, 0},
	{"2001:db8::/129", ERR_RANGE, 0, 0},
	{"2001:db8::1/64", ERR_RANGE, 0, 0},
	{"::ffff:0.0.0.0/95", ERR_RANGE, 0, 0},
	{"192.0.2.0/0024", ERR_RANGE, 0, 0},
	{"192.0.2.0/", ERR_SYNTAX, 0, 0},
	{"192.0.2.0/+24", ERR_SYNTAX, 0, 0},
	{"192.0.2.0/-1", ERR_SYNTAX, 0, 0},
	{"192.0.2.0/24/8", ERR_SYNTAX, 0, 0},
	{"192.0.2.0/24 ", ERR_SYNTAX, 0, 0},
	{"192.0.2/24", ERR_SYNTAX, 0, 0},
	{"/24", ERR_SYNTAX, 0, 0},
	{"", ERR_SYNTAX, 0, 0},
	{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64", ERR_SYNTAX, 0, 0},
};

static void test_prefix_parse(void **state)
{
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		struct prefix prefix = {.len = 99};

		assert_int_equal(prefix_parse(prefixes[i].text, &prefix), prefixes[i].err);
		assert_int_equal(prefix.len, prefixes[i].err ? 99 : prefixes[i].len);
		assert_int_equal(prefix.ip.family, prefixes[i].family);
	}
}

static const struct {
	const char *text;
	enum err err;
	const char *shown;
} endpoints[] = {
	{"192.0.2.1@5300", ERR_OK, "192.0.2.1@5300"},
	{"192.0.2.1", ERR_OK, "192.0.2.1@53"},
	{"::1@853", ERR_OK, "::1@853"},
	{"::1", ERR_OK, "::1@53"},
	{"[::1]@853", ERR_OK, "::1@853"},
	{"[::1]", ERR_OK, "::1@53"},
	{"::ffff:192.0.2.1@53", ERR_OK, "192.0.2.1@53"},
	{"192.0.2.1@65535", ERR_OK, "192.0.2.1@65535"},
	{"fe80::1%lo@53", ERR_OK, "fe80::1%lo@53"},
	{"[fe80::1%lo]@53", ERR_OK, "fe80::1%lo@53"},
	{"fe80::1%4294967295@53", ERR_OK, "fe80::1%4294967295@53"},
	{"ff02::fb%lo", ERR_OK, "ff02::fb%lo@53"},
	{"192.0.2.1@0", ERR_RANGE, NULL},
	{"192.0.2.1@65536", ERR_RANGE, NULL},
	{"192.0.2.1@99999999999999999999", ERR_RANGE, NULL},
	{"fe80::1%0@53", ERR_RANGE, NULL},
	{"fe80::1%4294967296@53", ERR_RANGE, NULL},
	{"fe80::1%no-such-interface@53", ERR_SYNTAX, NULL},
	{"fe80::1%@53", ERR_RANGE, NULL},
	{"2001:db8::1%lo@53", ERR_SYNTAX, NULL},
	{"192.0.2.1%lo@53", ERR_SYNTAX, NULL},
	{"192.0.2.1@", ERR_SYNTAX, NULL},
	{"192.0.2.1@dns", ERR_SYNTAX, NULL},
	{"192.0.2.1@53@53", ERR_SYNTAX, NULL},
	{"192.0.2.1:53", ERR_SYNTAX, NULL},
	{"[192.0.2.1]@53", ERR_SYNTAX, NULL},
	{"[::1@53", ERR_SYNTAX, NULL},
	{"::1]@53", ERR_SYNTAX, NULL},
	{"[]@53", ERR_SYNTAX, NULL},
	{"[", ERR_SYNTAX, NULL},
	{"[@53", ERR_SYNTAX, NULL},
	{"@53", ERR_SYNTAX, NULL},
	{"", ERR_SYNTAX, NULL},
	{"dns.example", ERR_SYNTAX, NULL},
	{"0123456789012345678901234567890123456789012345678901234567890123456789012345678901@53",
	 ERR_SYNTAX, NULL},
};

static void test_endpoint_parse(void **state)
{
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		struct endpoint endpoint = {.len = 99};
		struct endpoint again;
		char buf[ADDR_TEXT_MAX];

		assert_int_equal(endpoint_parse(endpoints[i].text, 53, &endpoint),
				 endpoints[i].err);
		if (endpoints[i].err) {
			assert_int_equal(endpoint.len, 99);
			continue;
		}
		assert_string_equal(endpoint_text(&endpoint, buf, sizeof(buf)), endpoints[i].shown);
		assert_int_equal(endpoint_parse(buf, 1, &again), ERR_OK);
		assert_true(endpoint_equal(&endpoint, &again));
	}
}

static void test_endpoint_is_bindable(void **state)
{
	struct endpoint endpoint;

	assert_int_equal(endpoint_parse("192.0.2.1@5300", 53, &endpoint), ERR_OK);
	assert_int_equal(endpoint.len, sizeof(struct sockaddr_in));
	assert_int_equal(endpoint.u.sa.sa_family, AF_INET);
	assert_int_equal(endpoint.u.in.sin_port, htons(5300));
	assert_int_equal(endpoint.u.in.sin_addr.s_addr, htonl(0xc0000201));
	assert_int_equal(endpoint_parse("::1@5300", 53, &endpoint), ERR_OK);
	assert_int_equal(endpoint.len, sizeof(struct sockaddr_in6));
	assert_int_equal(endpoint.u.in6.sin6_port, htons(5300));
	assert_true(IN6_IS_ADDR_LOOPBACK(&endpoint.u.in6.sin6_addr));
}

static const struct {
	const char *a;
	const char *b;
	bool equal;
} pairs[] = {
	{"192.0.2.1@53", "192.0.2.1", true},
	{"::ffff:192.0.2.1", "192.0.2.1", true},
	{"192.0.2.1@53", "192.0.2.1@54", false},
	{"192.0.2.1", "192.0.2.2", false},
	{"::1@53", "[::1]", true},
	{"::1@53", "::1@54", false},
	{"::", "0.0.0.0", false},
	{"fe80::1%lo", "fe80::1%lo", true},
	{"fe80::1%1", "fe80::1%2", false},
};

static void test_endpoint_equal(void **state)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct endpoint a;
		struct endpoint b;

		assert_int_equal(endpoint_parse(pairs[i].a, 53, &a), ERR_OK);
		assert_int_equal(endpoint_parse(pairs[i].b, 53, &b), ERR_OK);
		assert_int_equal(endpoint_equal(&a, &b), pairs[i].equal);
		assert_int_equal(endpoint_equal(&b, &a), pairs[i].equal);
	}
}

static void test_ip_from_sockaddr(void **state)
{
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
	struct sockaddr local = {.sa_family = AF_UNIX};
	struct ip ip;
	struct ip same;

	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr), 1);
	ip = ip_from_sockaddr((const struct sockaddr *)&mapped);
	assert_int_equal(ip_parse("192.0.2.1", &same), ERR_OK);
	assert_true(ip_equal(&ip, &same));
	ip = ip_from_sockaddr(&local);
	assert_int_equal(ip.family, 0);
}

static struct prefix_set *set_of(const char *const *texts, size_t count)
{
	struct prefix list[16];
	struct prefix_set *set = NULL;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(prefix_parse(texts[i], &list[i]), ERR_OK);
	assert_int_equal(prefix_set_create(list, count, &set), ERR_OK);
	return set;
}

static bool holds(const struct prefix_set *set, const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), ERR_OK);
	return prefix_set_contains(set, &ip);
}

static const struct {
	const char *texts[7];
	const char *inside[5];
	const char *outside[5];
} sets[] = {
	{{NULL}, {NULL}, {"0.0.0.0", "::", "192.0.2.1"}},
	{{"127.0.0.0/8", "::1"},
	 {"127.0.0.0", "127.255.255.255", "::1", "::ffff:127.0.0.1"},
	 {"126.255.255.255", "128.0.0.0", "::", "::2", "::7f00:1"}},
	{{"0.0.0.0/0"}, {"0.0.0.0", "255.255.255.255"}, {"::", "::1", "2001:db8::1"}},
	{{"::/0"}, {"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, {"0.0.0.0", "192.0.2.1"}},
	/* one inside the other, overlapping, adjacent, twice */
	{{"10.1.0.0/16", "10.0.0.0/8", "10.255.0.0/16", "11.0.0.0/8", "10.0.0.0/8"},
	 {"10.0.0.0", "10.1.2.3", "10.255.255.255", "11.0.0.0", "11.255.255.255"},
	 {"9.255.255.255", "12.0.0.0"}},
	/* all of a first octet from parts; nearly all of one; from the middle of one to another's
	 */
	{{"10.0.0.0/9", "10.128.0.0/9", "20.0.0.0/9", "20.128.0.0/10", "63.128.0.0/9",
	  "64.0.0.0/9"},
	 {"10.0.0.0", "10.255.255.255", "20.191.255.255", "63.128.0.0", "64.127.255.255"},
	 {"20.192.0.0", "63.127.255.255", "64.128.0.0", "11.0.0.0", "9.255.255.255"}},
	/* adjacent over the 64th bit, and to the very end */
	{{"2001:db8::/64", "2001:db8:0:1::/64", "ffff::/16", "fffe::/16", "2001:db8:0:3::1"},
	 {"2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::", "ffff::1",
	  "fffe::", "2001:db8:0:3::1"},
	 {"2001:db8:0:2::", "2001:db8:0:3::2", "fffd:ffff::", "2001:db7:ffff::"}},
	{{"255.255.255.255", "0.0.0.0", "255.255.255.254"},
	 {"0.0.0.0", "255.255.255.254", "255.255.255.255"},
	 {"0.0.0.1", "255.255.255.253"}},
};

static void test_prefix_set(void **state)
{
	for (size_t i = 0; i < COUNT(sets); i++) {
		size_t count = 0;
		struct prefix_set *set;

		while (sets[i].texts[count])
			count++;
		set = set_of(sets[i].texts, count);
		for (size_t j = 0; j < COUNT(sets[i].inside) && sets[i].inside[j]; j++)
			assert_true(holds(set, sets[i].inside[j]));
		for (size_t j = 0; j < COUNT(sets[i].outside) && sets[i].outside[j]; j++)
			assert_false(holds(set, sets[i].outside[j]));
		prefix_set_free(set);
	}
	prefix_set_free(NULL);
}

static void test_prefix_set_no_family(void **state)
{
	static const char *const all[] = {"0.0.0.0/0", "::/0"};
	struct prefix_set *set = set_of(all, 2);
	struct ip none = {0};

	assert_false(prefix_set_contains(set, &none));
	prefix_set_free(set);
}

static void test_prefix_set_nomem(void **state)
{
	struct prefix_set *set = NULL;

	alloc_fail_start(0, false);
	assert_int_equal(prefix_set_create(NULL, 0, &set), ERR_NOMEM);
	assert_true(alloc_fail_stop());
	assert_int_equal(prefix_set_create(NULL, SIZE_MAX / 2, &set), ERR_NOMEM);
	assert_null(set);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static struct ip random_ip(uint32_t *seed, uint8_t family)
{
	struct ip ip = {.family = family};

	/* few values for each octet, so that prefixes meet */
	for (size_t i = 0; i < (family == AF_INET ? 4U : 16U); i++)
		ip.bytes[i] = (uint8_t)((next_random(seed) & 1) ? 0xff : 0x00);
	return ip;
}

static bool in_prefix(const struct prefix *prefix, const struct ip *ip)
{
	if (prefix->ip.family != ip->family)
		return false;
	for (unsigned int bit = 0; bit < prefix->len; bit++) {
		unsigned int mask = 0x80U >> (bit % 8);

		if ((prefix->ip.bytes[bit / 8] ^ ip->bytes[bit / 8]) & mask)
			return false;
	}
	return true;
}

static struct prefix random_prefix(uint32_t *seed)
{
	uint8_t family = (next_random(seed) & 1) ? AF_INET : AF_INET6;
	unsigned int bits = family == AF_INET ? 32 : 128;
	struct prefix prefix = {.ip = random_ip(seed, family)};

	prefix.len = (uint8_t)(next_random(seed) % (bits + 1));
	for (unsigned int bit = prefix.len; bit < bits; bit++)
		prefix.ip.bytes[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
	return prefix;
}

/* The set says what asking one prefix after the other says. */
static void test_prefix_set_model(void **state)
{
	uint32_t seed = 20100222;

	for (int round = 0; round < 500; round++) {
		struct prefix list[12];
		size_t count = next_random(&seed) % COUNT(list);
		struct prefix_set *set;

		for (size_t i = 0; i < count; i++)
			list[i] = random_prefix(&seed);
		assert_int_equal(prefix_set_create(list, count, &set), ERR_OK);
		for (int ask = 0; ask < 50; ask++) {
			struct ip ip = random_ip(&seed, ask % 2 ? AF_INET : AF_INET6);
			bool expected = false;

			for (size_t i = 0; i < count; i++)
				expected = expected || in_prefix(&list[i], &ip);
			assert_int_equal(prefix_set_contains(set, &ip), expected);
		}
		prefix_set_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_parse),
		cmocka_unit_test(test_ip_masked),
		cmocka_unit_test(test_ip_text_none),
		cmocka_unit_test(test_prefix_parse),
		cmocka_unit_test(test_endpoint_parse),
		cmocka_unit_test(test_endpoint_is_bindable),
		cmocka_unit_test(test_endpoint_equal),
		cmocka_unit_test(test_ip_from_sockaddr),
		cmocka_unit_test(test_prefix_set),
		cmocka_unit_test(test_prefix_set_no_family),
		cmocka_unit_test(test_prefix_set_nomem),
		cmocka_unit_test(test_prefix_set_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
