/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addrs/addrset.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct addrset_rule rule(const char *prefix, uint32_t list, uint32_t line)
{
	struct addrset_rule rule = {.list = list, .line = line};

	assert_int_equal(prefix_parse(prefix, &rule.prefix), ERR_OK);
	return rule;
}

static struct addrset_builder *begin(void)
{
	struct addrset_builder *builder;

	assert_int_equal(addrset_builder_create(&builder), ERR_OK);
	return builder;
}

static struct addrset *freeze(struct addrset_builder *builder)
{
	struct addrset *set;

	assert_int_equal(addrset_builder_freeze(builder, &set), ERR_OK);
	addrset_builder_free(builder);
	return set;
}

/* What covers the address, the longest prefix first, as "LIST:LENGTH ". */
static void cover(const struct addrset *set, const char *address, char *text, size_t size)
{
	struct ip ip;
	size_t len = 0;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	*text = '\0';
	for (uint32_t at = addrset_first(set, &ip); at != ADDRSET_NONE;
	     at = addrset_next(set, at)) {
		struct addrset_rule found = addrset_rule(set, at);

		assert_int_equal(found.list, addrset_list(set, at));
		assert_true(len < size);
		len += (size_t)snprintf(text + len, size - len, "%u:%u ", found.list,
					found.prefix.len);
	}
}

static const struct {
	const char *prefix;
	uint32_t list;
} rules[] = {
	{"192.0.2.0/24", 0},	{"192.0.2.128/25", 1},	  {"192.0.2.129", 0},
	{"192.0.2.0/24", 2},	{"198.51.100.0/22", 1},	  {"0.0.0.0/1", 3},
	{"255.255.255.255", 0}, {"2001:db8::/32", 0},	  {"2001:db8::/64", 1},
	{"2001:db8::1", 2},	{"2001:db8:0:1::/64", 0}, {"ff00::/8", 1},
	{"::/128", 0},		{"2001:db8::/32", 0},	  {"203.0.113.0/24", 0},
	{"203.0.113.64/26", 0}, {"203.0.113.0/24", 0},	  {"ffff:ffff:ffff:ffff::/64", 2},
};

static const struct {
	const char *address;
	const char *covered;
} asked[] = {
	{"192.0.2.1", "2:24 0:24 "},
	{"192.0.2.127", "2:24 0:24 "},
	{"192.0.2.128", "1:25 2:24 0:24 "},
	{"192.0.2.129", "0:32 1:25 2:24 0:24 "},
	{"192.0.2.255", "1:25 2:24 0:24 "},
	{"192.0.1.255", ""},
	{"192.0.3.0", ""},
	{"198.51.100.0", "1:22 "},
	{"198.51.103.255", "1:22 "},
	{"198.51.104.0", ""},
	{"0.0.0.0", "3:1 "},
	{"127.255.255.255", "3:1 "},
	{"128.0.0.0", ""},
	{"255.255.255.255", "0:32 "},
	{"255.255.255.254", ""},
	{"203.0.113.65", "0:26 0:24 "},
	{"2001:db8::1", "2:128 1:64 0:32 "},
	{"2001:db8::2", "1:64 0:32 "},
	{"2001:db8:0:1::", "0:64 0:32 "},
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "0:32 "},
	{"2001:db9::", ""},
	{"2001:db7:ffff::", ""},
	{"::", "0:128 "},
	{"::1", ""},
	{"ff02::1", "1:8 "},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2:64 1:8 "},
	{"::ffff:192.0.2.1", "2:24 0:24 "}, /* is the IPv4 address that it maps */
};

static void test_longest_prefix_first(void **state)
{
	struct addrset_builder *builder = begin();
	struct addrset *set;
	char text[256];

	for (uint32_t i = 0; i < COUNT(rules); i++) {
		struct addrset_rule added = rule(rules[i].prefix, rules[i].list, i + 1);

		assert_int_equal(addrset_builder_add(builder, &added), ERR_OK);
	}
	set = freeze(builder);
	for (size_t i = 0; i < COUNT(asked); i++) {
		cover(set, asked[i].address, text, sizeof(text));
		assert_string_equal(text, asked[i].covered);
	}
	assert_int_equal(addrset_records(set), COUNT(rules) - 2);
	assert_int_equal(addrset_count(set, 0).rules, 8);
	assert_int_equal(addrset_count(set, 0).duplicates, 2);
	assert_int_equal(addrset_count(set, 3).rules, 1);
	assert_int_equal(addrset_count(set, 99).rules, 0);
	addrset_free(set);
}

static void test_empty(void **state)
{
	struct addrset *set = freeze(begin());
	char text[8];

	cover(set, "192.0.2.1", text, sizeof(text));
	assert_string_equal(text, "");
	cover(set, "2001:db8::1", text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(addrset_records(set), 0);
	assert_int_equal(addrset_records(NULL), 0);
	addrset_free(set);
	addrset_free(NULL);
	addrset_builder_free(NULL);
}

static void test_what_is_no_rule(void **state)
{
	struct addrset_builder *builder = begin();
	struct addrset_rule wrong = rule("192.0.2.0/24", ADDRSET_LISTS_MAX, 1);

	assert_int_equal(addrset_builder_add(builder, &wrong), ERR_RANGE);
	wrong = rule("192.0.2.0/24", 0, 1);
	wrong.prefix.len = 33;
	assert_int_equal(addrset_builder_add(builder, &wrong), ERR_RANGE);
	wrong.prefix.len = 24;
	wrong.prefix.ip.family = AF_UNIX;
	assert_int_equal(addrset_builder_add(builder, &wrong), ERR_RANGE);
	assert_int_equal(addrset_builder_mark(builder), 0);
	addrset_builder_free(builder);
}

static void test_rollback_and_copy(void **state)
{
	struct addrset_builder *builder = begin();
	struct addrset_rule first = rule("192.0.2.0/24", 4, 7);
	struct addrset_rule second = rule("2001:db8::/48", 4, 8);
	struct addrset_rule third = rule("192.0.2.0/25", 5, 9);
	struct addrset *old, *set;
	size_t mark;
	char text[64];

	assert_int_equal(addrset_builder_add(builder, &first), ERR_OK);
	assert_int_equal(addrset_builder_add(builder, &second), ERR_OK);
	mark = addrset_builder_mark(builder);
	assert_int_equal(addrset_builder_add(builder, &third), ERR_OK);
	addrset_builder_rollback(builder, mark);
	old = freeze(builder);
	assert_int_equal(addrset_records(old), 2);

	builder = begin();
	assert_int_equal(addrset_builder_copy_list(builder, old, 5, 0, NULL), ERR_OK);
	assert_int_equal(addrset_builder_copy_list(builder, NULL, 4, 0, NULL), ERR_OK);
	assert_int_equal(addrset_builder_mark(builder), 0);
	assert_int_equal(addrset_builder_copy_list(builder, old, 4, 1, NULL), ERR_OK);
	set = freeze(builder);
	cover(set, "192.0.2.1", text, sizeof(text));
	assert_string_equal(text, "1:24 ");
	cover(set, "2001:db8::1", text, sizeof(text));
	assert_string_equal(text, "1:48 ");
	assert_int_equal(addrset_rule(set, 0).line, 7);
	addrset_free(old);
	addrset_free(set);
}

/* A set large enough for an index, held against all rules one by one. */
#define MANY 20000U
#define SPREAD 64U /* distinct second octets, so that prefixes nest */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static struct prefix random_prefix(uint32_t *seed, bool v6)
{
	struct prefix prefix = {.ip.family = v6 ? AF_INET6 : AF_INET};
	unsigned int bits = v6 ? 128 : 32;

	for (unsigned int i = 0; i < bits / 8; i++)
		prefix.ip.bytes[i] = (uint8_t)(next_random(seed) % (i < 2 ? 4 : SPREAD));
	prefix.len = (uint8_t)(next_random(seed) % (bits + 1));
	prefix.ip = ip_masked(&prefix.ip, prefix.len);
	return prefix;
}

static bool has(const struct prefix *prefix, const struct ip *ip)
{
	struct ip masked = ip_masked(ip, prefix->len);

	return prefix->ip.family == ip->family && ip_equal(&masked, &prefix->ip);
}

static void test_against_a_model(void **state)
{
	struct addrset_builder *builder = begin();
	struct addrset_rule *all = calloc(MANY * 2, sizeof(*all));
	struct addrset *set;
	uint32_t seed = 20100222;

	assert_non_null(all);
	for (uint32_t i = 0; i < MANY * 2; i++) {
		all[i] = (struct addrset_rule){
			.prefix = random_prefix(&seed, i % 2), .list = i % 5, .line = i + 1};
		assert_int_equal(addrset_builder_add(builder, &all[i]), ERR_OK);
	}
	set = freeze(builder);
	for (unsigned int round = 0; round < 200; round++) {
		struct prefix one = random_prefix(&seed, round % 2);
		unsigned int longest[5] = {0};
		unsigned int last = 129;
		bool found[5] = {false};

		for (uint32_t i = 0; i < MANY * 2; i++) {
			unsigned int list = all[i].list;

			if (!has(&all[i].prefix, &one.ip))
				continue;
			if (!found[list] || all[i].prefix.len > longest[list])
				longest[list] = all[i].prefix.len;
			found[list] = true;
		}
		for (uint32_t at = addrset_first(set, &one.ip); at != ADDRSET_NONE;
		     at = addrset_next(set, at)) {
			struct addrset_rule rule = addrset_rule(set, at);

			assert_true(has(&rule.prefix, &one.ip));
			assert_true(rule.prefix.len <= last);
			last = rule.prefix.len;
			if (found[rule.list])
				assert_int_equal(rule.prefix.len, longest[rule.list]);
			found[rule.list] = false; /* the longest of a list comes first */
			longest[rule.list] = 0;
		}
		for (unsigned int list = 0; list < 5; list++)
			assert_false(found[list]);
	}
	addrset_free(set);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_prefix_first),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_what_is_no_rule),
		cmocka_unit_test(test_rollback_and_copy),
		cmocka_unit_test(test_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
