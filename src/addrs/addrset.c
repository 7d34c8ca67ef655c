/* SPDX-License-Identifier: BSD-2-Clause */
#include "addrs/addrset.h"

#include <stdlib.h>
#include <string.h>

#include "base/apart.h"
#include "base/octets.h"
#include "addrs/addrs.h"

struct addrs_key addrs_mask(unsigned int len, unsigned int bits)
{
	unsigned int host = bits - len;
	struct addrs_key mask = {.hi = UINT64_MAX, .lo = UINT64_MAX};

	if (host >= 64) {
		mask.lo = 0;
		mask.hi = host >= 128 ? 0 : UINT64_MAX << (host - 64);
	} else {
		mask.lo = UINT64_MAX << host;
	}
	return mask;
}

void addrset_free(struct addrset *set)
{
	if (!set)
		return;
	pages_free(&set->pages);
	free(set);
}

/* The part of the rules that those of an address are among: [*low, *high). */
static void narrow(const uint32_t *index, uint32_t count, uint32_t bucket, uint32_t *low,
		   uint32_t *high)
{
	*low = 0;
	*high = count;
	if (!index)
		return;
	/* where the bucket is empty, the rule before it may cover the address */
	*low = index[bucket];
	*high = index[bucket + 1];
}

/* The last of the sorted addresses that is not over `key`, as a place one behind it. */
static uint32_t find_v4(const struct addrset *set, uint32_t key)
{
	uint32_t low;
	uint32_t high;

	narrow(set->v4_index, set->v4_count, key >> 16, &low, &high);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set->v4[middle] <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t find_v6(const struct addrset *set, struct addrs_key key)
{
	uint32_t low;
	uint32_t high;

	narrow(set->v6_index, set->v6_count, (uint32_t)(key.hi >> 48), &low, &high);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (addrs_key_less(key, set->v6[middle]))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint32_t first_v4(const struct addrset *set, uint32_t key)
{
	uint32_t record = ADDRSET_NONE;

	if (addrs_has_block(set->v4_blocks, addrs_v4_block(key)))
		record = find_v4(set, key) - 1; /* ADDRSET_NONE when there is none */
	while (record != ADDRSET_NONE) {
		uint32_t host = key ^ set->v4[record];

		if ((uint64_t)host >> (ADDRS_V4_BITS - set->nodes[record].len) == 0)
			return record;
		record = set->nodes[record].parent;
	}
	return ADDRSET_NONE;
}

static uint32_t first_v6(const struct addrset *set, struct addrs_key key)
{
	bool likely = addrs_has_block(set->v6_blocks, addrs_v6_block(key));
	uint32_t place = likely ? find_v6(set, key) : 0;
	uint32_t record = place > 0 ? set->v4_count + place - 1 : ADDRSET_NONE;

	while (record != ADDRSET_NONE && !addrs_covers(set->v6[record - set->v4_count],
						       set->nodes[record].len, ADDRS_V6_BITS, key))
		record = set->nodes[record].parent;
	return record;
}

/* The first of the records from `record` on that cover all of the prefix. */
static APART uint32_t first_of_prefix(const struct addrset *set, uint32_t record,
				      const struct ip *ip)
{
	const unsigned int bits = (ip->family == AF_INET ? 32U : 128U) - ip->unknown;

	while (record != ADDRSET_NONE && addrset_rule(set, record).prefix.len > bits)
		record = addrset_next(set, record);
	return record;
}

static uint32_t first_of_address(const struct addrset *set, const struct ip *ip)
{
	if (ip->family == AF_INET)
		return first_v4(set, (uint32_t)(octets_be64(ip->bytes) >> 32));
	return first_v6(set, (struct addrs_key){.hi = octets_be64(ip->bytes),
						.lo = octets_be64(ip->bytes + 8)});
}

uint32_t addrset_first(const struct addrset *set, const struct ip *ip)
{
	uint32_t record = first_of_address(set, ip);

	return ip->unknown == 0 ? record : first_of_prefix(set, record, ip);
}

uint32_t addrset_next(const struct addrset *set, uint32_t record)
{
	return set->nodes[record].parent;
}

uint32_t addrset_list(const struct addrset *set, uint32_t record)
{
	return set->nodes[record].list;
}

uint8_t addrset_answer(const struct addrset *set, uint32_t record)
{
	return set->nodes[record].answer;
}

uint32_t addrset_data(const struct addrset *set, uint32_t record)
{
	uint32_t low = 0;
	uint32_t high = set->data_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set->data[middle].record < record)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->data_count && set->data[low].record == record ? set->data[low].data : 0;
}

static struct ip ip_of(const struct addrset *set, uint32_t record)
{
	struct ip ip = {.family = record < set->v4_count ? AF_INET : AF_INET6};
	struct addrs_key key = {.hi = 0};

	if (record < set->v4_count)
		key.hi = (uint64_t)set->v4[record] << 32;
	else
		key = set->v6[record - set->v4_count];
	for (unsigned int i = 0; i < 8; i++) {
		ip.bytes[i] = (uint8_t)(key.hi >> (56 - 8 * i));
		ip.bytes[8 + i] = (uint8_t)(key.lo >> (56 - 8 * i));
	}
	return ip;
}

struct addrset_rule addrset_rule(const struct addrset *set, uint32_t record)
{
	const struct addrs_node *node = &set->nodes[record];

	return (struct addrset_rule){
		.prefix = {.ip = ip_of(set, record), .len = node->len},
		.list = node->list,
		.line = node->line,
		.data = addrset_data(set, record),
		.answer = node->answer,
	};
}

uint32_t addrset_records(const struct addrset *set)
{
	return set ? set->v4_count + set->v6_count : 0;
}

struct addrset_count addrset_count(const struct addrset *set, uint32_t list)
{
	if (!set || list >= set->list_count)
		return (struct addrset_count){.rules = 0};
	return set->counts[list];
}
