/* SPDX-License-Identifier: BSD-2-Clause */
/* From rules in any order to a frozen set. */
#include <stdlib.h>
#include <string.h>

#include "addrs/addrset.h"
#include "base/octets.h"
#include "addrs/addrs.h"

struct entry {
	struct addrs_key key;
	uint32_t line;
	uint32_t data;
	uint16_t list;
	uint8_t len;
	uint8_t answer;
	bool v6;
};

struct addrset_builder {
	struct pages pages; /* of entries */
	size_t count;
};

enum err addrset_builder_create(struct addrset_builder **ret_builder)
{
	struct addrset_builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return ERR_NOMEM;
	*ret_builder = builder;
	return ERR_OK;
}

void addrset_builder_free(struct addrset_builder *builder)
{
	if (!builder)
		return;
	pages_free(&builder->pages);
	free(builder);
}

static struct entry *entries_of(const struct addrset_builder *builder)
{
	return (struct entry *)(void *)builder->pages.base;
}

static struct addrs_key key_of(const struct ip *ip)
{
	uint64_t hi = octets_be64(ip->bytes);

	if (ip->family == AF_INET)
		return (struct addrs_key){.lo = hi >> 32};
	return (struct addrs_key){.hi = hi, .lo = octets_be64(ip->bytes + 8)};
}

enum err addrset_builder_add(struct addrset_builder *builder, const struct addrset_rule *rule)
{
	bool v6 = rule->prefix.ip.family == AF_INET6;
	unsigned int bits = v6 ? ADDRS_V6_BITS : ADDRS_V4_BITS;
	struct addrs_key mask;
	struct entry *entry;
	enum err err;

	if (rule->list >= ADDRSET_LISTS_MAX || rule->prefix.len > bits ||
	    (!v6 && rule->prefix.ip.family != AF_INET))
		return ERR_RANGE;
	err = pages_grow(&builder->pages, (builder->count + 1) * sizeof(*entry),
			 ADDRSET_RULES_MAX * sizeof(*entry));
	if (err != ERR_OK)
		return err;
	mask = addrs_mask(rule->prefix.len, bits);
	entry = &entries_of(builder)[builder->count++];
	*entry = (struct entry){
		.key = key_of(&rule->prefix.ip),
		.line = rule->line,
		.data = rule->data,
		.list = (uint16_t)rule->list,
		.len = rule->prefix.len,
		.answer = rule->answer,
		.v6 = v6,
	};
	entry->key.hi &= mask.hi;
	entry->key.lo &= mask.lo;
	return ERR_OK;
}

size_t addrset_builder_mark(const struct addrset_builder *builder)
{
	return builder->count;
}

void addrset_builder_rollback(struct addrset_builder *builder, size_t count)
{
	builder->count = count;
}

enum err addrset_builder_copy_list(struct addrset_builder *builder, const struct addrset *old,
				   uint32_t old_list, uint32_t list,
				   const struct addrset_filter *filter)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < addrset_records(old) && err == ERR_OK; i++) {
		struct addrset_rule rule;

		if (addrset_list(old, i) != old_list)
			continue;
		rule = addrset_rule(old, i);
		rule.list = list;
		if (!filter || filter->takes(filter->arg, &rule))
			err = addrset_builder_add(builder, &rule);
	}
	return err;
}

/* By family, address, length, list, line. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	if (x->v6 != y->v6)
		return x->v6 ? 1 : -1;
	if (x->key.hi != y->key.hi)
		return x->key.hi < y->key.hi ? -1 : 1;
	if (x->key.lo != y->key.lo)
		return x->key.lo < y->key.lo ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	if (x->list != y->list)
		return x->list < y->list ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static bool same_rule(const struct entry *a, const struct entry *b)
{
	return a->v6 == b->v6 && a->len == b->len && a->list == b->list && a->key.hi == b->key.hi &&
	       a->key.lo == b->key.lo;
}

static void sort(struct addrset_builder *builder)
{
	if (builder->count > 1)
		qsort(entries_of(builder), builder->count, sizeof(struct entry), compare);
}

static uint32_t lists_of(const struct addrset_builder *builder)
{
	uint32_t lists = 0;

	for (size_t i = 0; i < builder->count; i++)
		if (entries_of(builder)[i].list >= lists)
			lists = entries_of(builder)[i].list + 1U;
	return lists;
}

/* Counts what the set will have; the entries are sorted.  Of rules given twice the first stays. */
static void count_rules(struct addrset *set, const struct addrset_builder *builder)
{
	const struct entry *entries = entries_of(builder);

	for (size_t i = 0; i < builder->count; i++) {
		struct addrset_count *count = &set->counts[entries[i].list];

		if (i > 0 && same_rule(&entries[i - 1], &entries[i])) {
			count->duplicates++;
			continue;
		}
		count->rules++;
		set->data_count += entries[i].data > 0;
		if (entries[i].v6)
			set->v6_count++;
		else
			set->v4_count++;
	}
}

/* Has the arrays lie one behind the other, those of larger alignment first. */
static enum err lay_out(struct addrset *set)
{
	size_t total = set->v4_count + (size_t)set->v6_count;
	size_t index = (ADDRS_BUCKETS + 1U) * sizeof(uint32_t);
	bool v4_index = set->v4_count >= ADDRS_INDEX_FROM;
	bool v6_index = set->v6_count >= ADDRS_INDEX_FROM;
	size_t size = set->v6_count * sizeof(*set->v6) + total * sizeof(*set->nodes) +
		      set->v4_count * sizeof(*set->v4) + (v4_index ? index : 0) +
		      (v6_index ? index : 0) + set->data_count * sizeof(*set->data);
	uint8_t *at;

	if (size == 0)
		return ERR_OK;
	if (pages_map_huge(&set->pages, size) != ERR_OK)
		return ERR_NOMEM;
	at = set->pages.base;
	set->v6 = (struct addrs_key *)(void *)at;
	at += set->v6_count * sizeof(*set->v6);
	set->nodes = (struct addrs_node *)(void *)at;
	at += total * sizeof(*set->nodes);
	set->v4 = (uint32_t *)(void *)at;
	at += set->v4_count * sizeof(*set->v4);
	set->v4_index = v4_index ? (uint32_t *)(void *)at : NULL;
	at += v4_index ? index : 0;
	set->v6_index = v6_index ? (uint32_t *)(void *)at : NULL;
	at += v6_index ? index : 0;
	set->data = (struct addrs_datum *)(void *)at;
	return ERR_OK;
}

static struct addrs_key key_at(const struct addrset *set, uint32_t record)
{
	if (record < set->v4_count)
		return (struct addrs_key){.lo = set->v4[record]};
	return set->v6[record - set->v4_count];
}

/* Of the rule before and those that cover it, the nearest that covers `record` as well. */
static uint32_t parent_of(const struct addrset *set, uint32_t record)
{
	bool v4 = record < set->v4_count;
	uint32_t at = record == 0 || record == set->v4_count ? ADDRSET_NONE : record - 1;
	struct addrs_key key = key_at(set, record);

	while (at != ADDRSET_NONE && !addrs_covers(key_at(set, at), set->nodes[at].len,
						   v4 ? ADDRS_V4_BITS : ADDRS_V6_BITS, key))
		at = set->nodes[at].parent;
	return at;
}

static void mark_block(uint64_t *blocks, uint32_t block)
{
	blocks[block / 64] |= 1ULL << block % 64;
}

/* The blocks that the rule has addresses of; one of less than an IPv6 block's bits may have any. */
static void mark_blocks(struct addrset *set, uint32_t record)
{
	struct addrs_key key = key_at(set, record);
	unsigned int len = set->nodes[record].len;
	uint32_t first = addrs_v4_block((uint32_t)key.lo);

	if (record < set->v4_count)
		for (uint32_t i = 0; i < 1U << (len < 16 ? 16 - len : 0); i++)
			mark_block(set->v4_blocks, first + i);
	else if (len < 32)
		memset(set->v6_blocks, 0xff, sizeof(set->v6_blocks));
	else
		mark_block(set->v6_blocks, addrs_v6_block(key));
}

static void fill(struct addrset *set, const struct addrset_builder *builder)
{
	const struct entry *entries = entries_of(builder);
	struct addrs_datum *datum = set->data;
	uint32_t record = 0;

	for (size_t i = 0; i < builder->count; i++) {
		const struct entry *entry = &entries[i];

		if (i > 0 && same_rule(&entries[i - 1], entry))
			continue;
		if (entry->v6)
			set->v6[record - set->v4_count] = entry->key;
		else
			set->v4[record] = (uint32_t)entry->key.lo;
		set->nodes[record] = (struct addrs_node){
			.line = entry->line,
			.list = entry->list,
			.len = entry->len,
			.answer = entry->answer,
		};
		set->nodes[record].parent = parent_of(set, record);
		if (entry->data > 0)
			*datum++ = (struct addrs_datum){record, entry->data};
		mark_blocks(set, record);
		record++;
	}
}

static uint32_t bucket_of(const struct addrset *set, uint32_t record)
{
	struct addrs_key key = key_at(set, record);

	return (uint32_t)(record < set->v4_count ? key.lo >> 16 : key.hi >> 48);
}

/* Bucket b's rules are those from index[b] to before index[b + 1], counted in their family. */
static void fill_index(const struct addrset *set, uint32_t *index, uint32_t begin, uint32_t count)
{
	uint32_t bucket = 0;

	if (!index)
		return;
	for (uint32_t i = 0; i < count; i++)
		while (bucket <= bucket_of(set, begin + i))
			index[bucket++] = i;
	while (bucket <= ADDRS_BUCKETS)
		index[bucket++] = count;
}

enum err addrset_builder_freeze(struct addrset_builder *builder, struct addrset **ret_set)
{
	uint32_t lists = lists_of(builder);
	struct addrset *set = calloc(1, sizeof(*set) + lists * sizeof(set->counts[0]));

	if (!set)
		return ERR_NOMEM;
	set->list_count = lists;
	sort(builder);
	count_rules(set, builder);
	if (lay_out(set) != ERR_OK) {
		free(set);
		return ERR_NOMEM;
	}
	fill(set, builder);
	fill_index(set, set->v4_index, 0, set->v4_count);
	fill_index(set, set->v6_index, set->v4_count, set->v6_count);
	pages_free(&builder->pages);
	builder->count = 0;
	*ret_set = set;
	return ERR_OK;
}
