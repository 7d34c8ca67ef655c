/* SPDX-License-Identifier: BSD-2-Clause */
#include "group/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/apart.h"
#include "base/octets.h"

#define BLOCK_BITS 16U
#define FIRST_SPLIT (MEMBERS_GROUPS_MAX + 1)
#define SPLITS_MAX (DEEP - FIRST_SPLIT)
#define DEEP UINT16_MAX /* of a block: the prefixes are searched */
#define KEY_V6_BITS 48U /* of an address that a block and a key have */

/* Part of a block: from the key on, up to the next one's. */
struct members_range {
	uint32_t key; /* the bits behind the block's: 16 of IPv4, 32 of IPv6 */
	uint16_t group;
};

/* The ranges of a block, of which the first has key 0. */
struct members_split {
	uint32_t begin;
	uint32_t count;
};

/* Where another group may begin. */
struct point {
	uint32_t block; /* and MEMBERS_BLOCKS for IPv6 */
	uint32_t key;
};

static uint16_t group_by_prefix(const struct addrset *prefixes, const struct ip *client)
{
	uint32_t record = addrset_first(prefixes, client);

	if (record == ADDRSET_NONE)
		return MEMBERS_NO_GROUP;
	return (uint16_t)(addrset_list(prefixes, record) + 1);
}

/* ---- asking */

static uint32_t key_of(const struct ip *ip)
{
	const uint64_t front = octets_be64(ip->bytes) << BLOCK_BITS;

	return (uint32_t)(ip->family == AF_INET ? front >> 48 : front >> 32);
}

static uint16_t group_in(const struct members_range *ranges, uint32_t count, uint32_t key)
{
	uint32_t low = 0;

	while (count > 1) {
		uint32_t half = count / 2;

		low += ranges[low + half].key <= key ? half : 0;
		count -= half;
	}
	return ranges[low].group;
}

APART uint16_t members_search(const struct members *members, const struct ip *client)
{
	const uint16_t found = members->blocks[client->family != AF_INET][members_block(client)];
	const struct members_split *split;

	if (client->unknown > 0 || found == DEEP)
		return group_by_prefix(members->prefixes, client);
	split = &members->splits[found - FIRST_SPLIT];
	return group_in(members->ranges + split->begin, split->count, key_of(client));
}

/* ---- making */

static struct ip ip_at(const struct point *point)
{
	const bool v4 = point->block < MEMBERS_BLOCKS;
	struct ip ip = {.family = v4 ? AF_INET : AF_INET6};

	ip.bytes[0] = (uint8_t)(point->block >> 8);
	ip.bytes[1] = (uint8_t)point->block;
	for (unsigned int i = 0; i < (v4 ? 2U : 4U); i++)
		ip.bytes[2 + i] = (uint8_t)(point->key >> ((v4 ? 8U : 24U) - 8 * i));
	return ip;
}

static uint16_t *block_at(struct members *members, uint32_t block)
{
	const struct ip ip = ip_at(&(struct point){.block = block});

	return &members->blocks[block / MEMBERS_BLOCKS][members_block(&ip)];
}

static uint32_t block_of(const struct ip *ip)
{
	return (ip->family == AF_INET ? 0 : MEMBERS_BLOCKS) + ((uint32_t)ip->bytes[0] << 8) +
	       ip->bytes[1];
}

static bool is_wide(const struct prefix *prefix)
{
	return prefix->len <= BLOCK_BITS;
}

/* Blocks that the prefix has all of; those that are divided are told later. */
static void fill_blocks(struct members *members, const struct prefix *prefix)
{
	const uint32_t first = block_of(&prefix->ip);
	const uint32_t count = 1U << (BLOCK_BITS - prefix->len);

	for (uint32_t block = first; block < first + count; block++) {
		const struct ip ip = ip_at(&(struct point){.block = block});

		*block_at(members, block) = group_by_prefix(members->prefixes, &ip);
	}
}

/* Three places of a block that the prefix, which has not all of it, divides. */
static size_t put_points(const struct prefix *prefix, struct point *points)
{
	const unsigned int bits = prefix->ip.family == AF_INET ? 32U : KEY_V6_BITS;
	const uint32_t block = block_of(&prefix->ip);
	const uint64_t first = key_of(&prefix->ip);
	const uint64_t behind = first + (prefix->len < bits ? 1ULL << (bits - prefix->len) : 1ULL);
	const bool ends = behind < 1ULL << (bits - BLOCK_BITS);

	points[0] = (struct point){block, 0};
	points[1] = (struct point){block, (uint32_t)first};
	points[2] = (struct point){block, (uint32_t)behind};
	return ends ? 3 : 2;
}

static int compare_points(const void *a, const void *b)
{
	const struct point *x = a;
	const struct point *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

/* Makes a block of points, which are of one, ranges, one behind the other where groups differ. */
static void split_block(struct members *members, const struct point *points, size_t count,
			struct members_split *split)
{
	struct members_range *ranges = members->ranges + split->begin;

	for (size_t i = 0; i < count; i++) {
		const struct ip ip = ip_at(&points[i]);
		const uint16_t group = group_by_prefix(members->prefixes, &ip);

		if (split->count == 0 || ranges[split->count - 1].group != group)
			ranges[split->count++] = (struct members_range){points[i].key, group};
	}
}

/* There is room for as many ranges and splits as there are points. */
static void split_blocks(struct members *members, const struct point *points, size_t count)
{
	struct members_split split = {.begin = 0};
	uint32_t splits = 0;
	size_t end;

	for (size_t i = 0; i < count; i = end) {
		for (end = i; end < count && points[end].block == points[i].block; end++)
			;
		if (splits == SPLITS_MAX) {
			*block_at(members, points[i].block) = DEEP;
			continue;
		}
		split_block(members, points + i, end - i, &split);
		*block_at(members, points[i].block) = (uint16_t)(FIRST_SPLIT + splits);
		members->splits[splits++] = split;
		split = (struct members_split){.begin = split.begin + split.count};
	}
}

/* What is finer than keys are has the whole block searched. */
static void find_deep(struct members *members)
{
	for (uint32_t i = 0; i < addrset_records(members->prefixes); i++) {
		const struct prefix prefix = addrset_rule(members->prefixes, i).prefix;

		if (prefix.ip.family != AF_INET && prefix.len > KEY_V6_BITS)
			*block_at(members, block_of(&prefix.ip)) = DEEP;
	}
}

static enum err make_blocks(struct members *members)
{
	const uint32_t records = addrset_records(members->prefixes);
	struct point *points = calloc(records * 3UL + 1, sizeof(*points));
	size_t count = 0;

	members->ranges = calloc(records * 3UL + 1, sizeof(*members->ranges));
	members->splits = calloc(records + 1UL, sizeof(*members->splits));
	if (!points || !members->ranges || !members->splits) {
		free(points);
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < records; i++) {
		const struct prefix prefix = addrset_rule(members->prefixes, i).prefix;

		if (is_wide(&prefix))
			fill_blocks(members, &prefix);
		else
			count += put_points(&prefix, points + count);
	}
	qsort(points, count, sizeof(*points), compare_points);
	split_blocks(members, points, count);
	find_deep(members);
	free(points);
	return ERR_OK;
}

enum err members_create(struct addrset *prefixes, struct members **ret_members)
{
	struct members *members = calloc(1, sizeof(*members)); /* where no group is, untouched */
	enum err err;

	if (!members)
		return ERR_NOMEM;
	members->prefixes = prefixes;
	err = make_blocks(members);
	if (err == ERR_OK) {
		*ret_members = members;
		return ERR_OK;
	}
	members->prefixes = NULL;
	members_free(members);
	return err;
}

void members_free(struct members *members)
{
	if (!members)
		return;
	addrset_free(members->prefixes);
	free(members->ranges);
	free(members->splits);
	free(members);
}
