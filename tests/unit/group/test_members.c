/* SPDX-License-Identifier: BSD-2-Clause */
/* A client's group is that of the longest prefix, however it is found. */
#include "group/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 60U
#define ASKED 3000U

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* Few different octets, so that addresses are near one another's prefixes. */
static struct ip random_ip(uint32_t *seed)
{
	static const uint8_t octets[] = {0, 0, 1, 10, 127, 128, 254, 255};
	struct ip ip = {.family = next_random(seed) % 2 ? AF_INET : AF_INET6};
	const unsigned int len = ip.family == AF_INET ? 4 : 16;

	for (unsigned int i = 0; i < len; i++)
		ip.bytes[i] = octets[next_random(seed) % sizeof(octets)];
	return ip;
}

static struct prefix random_prefix(uint32_t *seed, unsigned int longest)
{
	struct prefix prefix = {.ip = random_ip(seed)};
	unsigned int bits = prefix.ip.family == AF_INET ? 32 : 128;

	bits = bits < longest ? bits : longest;
	prefix.len = (uint8_t)(next_random(seed) % 4 ? bits - next_random(seed) % (bits / 2)
						     : next_random(seed) % (bits + 1));
	prefix.ip = ip_masked(&prefix.ip, prefix.len);
	return prefix;
}

static struct addrset *make_prefixes(uint32_t *seed, unsigned int count, unsigned int longest)
{
	struct addrset_builder *builder;
	struct addrset *prefixes;

	assert_int_equal(addrset_builder_create(&builder), ERR_OK);
	for (unsigned int i = 0; i < count; i++) {
		const struct addrset_rule rule = {.prefix = random_prefix(seed, longest),
						  .list = i};

		assert_int_equal(addrset_builder_add(builder, &rule), ERR_OK);
	}
	assert_int_equal(addrset_builder_freeze(builder, &prefixes), ERR_OK);
	addrset_builder_free(builder);
	return prefixes;
}

/* Beside its prefixes' ends as well. */
static struct ip ask_for(const struct addrset *prefixes, uint32_t *seed)
{
	const uint32_t records = addrset_records(prefixes);
	struct ip ip = random_ip(seed);
	struct prefix near;

	if (records == 0 || next_random(seed) % 3 == 0)
		return ip;
	near = addrset_rule(prefixes, next_random(seed) % records).prefix;
	ip = near.ip;
	for (unsigned int bit = near.len; bit < (ip.family == AF_INET ? 32U : 128U); bit++)
		if (next_random(seed) % 16)
			ip.bytes[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	if (next_random(seed) % 8 == 0) {
		ip.unknown = (uint8_t)(next_random(seed) % 24);
		near.ip = ip_masked(&ip, (ip.family == AF_INET ? 32U : 128U) - ip.unknown);
		memcpy(ip.bytes, near.ip.bytes, sizeof(ip.bytes));
	}
	return ip;
}

static void check(uint32_t seed, unsigned int count, unsigned int longest)
{
	struct addrset *prefixes = make_prefixes(&seed, count, longest);
	struct members *members;

	assert_int_equal(members_create(prefixes, &members), ERR_OK);
	for (unsigned int i = 0; i < ASKED; i++) {
		const struct ip ip = ask_for(prefixes, &seed);
		const uint32_t record = addrset_first(prefixes, &ip);
		const uint16_t group = record == ADDRSET_NONE
					       ? MEMBERS_NO_GROUP
					       : (uint16_t)(addrset_list(prefixes, record) + 1);

		assert_int_equal(members_group(members, &ip), group);
	}
	members_free(members);
}

static void the_longest_prefix_is_found(void **state)
{
	for (uint32_t seed = 1; seed <= ROUNDS; seed++) {
		check(seed, seed * 5, 128);
		check(seed, seed * 5, 48);
		check(seed, seed % 4, 20);
	}
}

static void there_may_be_none(void **state)
{
	check(1, 0, 128);
	members_free(NULL);
}

/* More divided blocks than are told apart. */
static void blocks_may_be_many(void **state)
{
	struct addrset_builder *builder;
	struct addrset *prefixes;
	struct members *members;

	assert_int_equal(addrset_builder_create(&builder), ERR_OK);
	for (uint32_t i = 0; i < 40000; i++) {
		const struct addrset_rule rule = {
			.prefix = {.ip = {.family = AF_INET,
					  .bytes = {(uint8_t)(i >> 8), (uint8_t)i, 1, 0}},
				   .len = 24},
			.list = i % 100};

		assert_int_equal(addrset_builder_add(builder, &rule), ERR_OK);
	}
	assert_int_equal(addrset_builder_freeze(builder, &prefixes), ERR_OK);
	addrset_builder_free(builder);
	assert_int_equal(members_create(prefixes, &members), ERR_OK);
	for (uint32_t i = 0; i < 40000; i++) {
		struct ip ip = {.family = AF_INET, .bytes = {(uint8_t)(i >> 8), (uint8_t)i, 1, 7}};

		assert_int_equal(members_group(members, &ip), i % 100 + 1);
		ip.bytes[2] = 2;
		assert_int_equal(members_group(members, &ip), MEMBERS_NO_GROUP);
	}
	members_free(members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_is_found),
		cmocka_unit_test(there_may_be_none),
		cmocka_unit_test(blocks_may_be_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
