/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of prefixes, of base/addr.h. */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/apart.h"
#include "base/octets.h"

/* An address as a number, the IPv4 ones in `lo`. */
struct key {
	uint64_t hi;
	uint64_t lo;
};

struct range {
	struct key first;
	struct key last;
};

struct prefix_set {
	size_t v4_count; /* ranges[0 .. v4_count) */
	size_t v6_count; /* the rest */
	/* a bit for each first octet of which all IPv4 addresses are in the set */
	uint64_t whole[4];
	struct range ranges[];
};

static struct key key_from_ip(const struct ip *ip)
{
	struct key key = {.hi = octets_be64(ip->bytes)};

	if (ip->family == AF_INET)
		return (struct key){.lo = key.hi >> 32};
	key.lo = octets_be64(ip->bytes + 8);
	return key;
}

static bool key_less(struct key a, struct key b)
{
	return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* `count` low bits set; 64 and more: all. */
static uint64_t ones(unsigned int count)
{
	return count >= 64 ? UINT64_MAX : (1ULL << count) - 1;
}

static struct range range_from_prefix(const struct prefix *prefix)
{
	unsigned int bits = prefix->ip.family == AF_INET ? 32 : 128;
	unsigned int host = bits - prefix->len;
	struct range range = {.first = key_from_ip(&prefix->ip)};

	range.last = range.first;
	range.last.lo |= ones(host);
	range.last.hi |= host > 64 ? ones(host - 64) : 0;
	return range;
}

static int range_compare(const void *a, const void *b)
{
	const struct range *x = a;
	const struct range *y = b;

	return (int)key_less(y->first, x->first) - (int)key_less(x->first, y->first);
}

/* True when `next`, which does not begin before `range`, overlaps it or goes on where it ends. */
static bool range_touches(const struct range *range, const struct range *next)
{
	struct key after = {.hi = range->last.hi, .lo = range->last.lo + 1};

	if (after.lo == 0 && ++after.hi == 0)
		return true; /* the range ends at the last address of all */
	return !key_less(after, next->first);
}

/* Sorts the ranges, joins those that touch, and returns how many are left. */
static size_t ranges_merge(struct range *ranges, size_t count)
{
	size_t last = 0;

	if (count == 0)
		return 0;
	qsort(ranges, count, sizeof(*ranges), range_compare);
	for (size_t i = 1; i < count; i++) {
		if (!range_touches(&ranges[last], &ranges[i]))
			ranges[++last] = ranges[i];
		else if (key_less(ranges[last].last, ranges[i].last))
			ranges[last].last = ranges[i].last;
	}
	return last + 1;
}

/* Writes the merged ranges of the prefixes of one family, and returns how many there are. */
static size_t family_ranges(const struct prefix *prefixes, size_t count, uint8_t family,
			    struct range *ranges)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (prefixes[i].ip.family == family)
			ranges[used++] = range_from_prefix(&prefixes[i]);
	}
	return ranges_merge(ranges, used);
}

static void note_whole(struct prefix_set *set)
{
	memset(set->whole, 0, sizeof(set->whole));
	for (size_t i = 0; i < set->v4_count; i++) {
		uint64_t octet = (set->ranges[i].first.lo + 0xffffff) >> 24;
		uint64_t end = (set->ranges[i].last.lo + 1) >> 24;

		for (; octet < end; octet++)
			set->whole[octet / 64] |= 1ULL << octet % 64;
	}
}

enum err prefix_set_create(const struct prefix *prefixes, size_t count, struct prefix_set **ret_set)
{
	struct prefix_set *set;

	if (count > (SIZE_MAX - sizeof(*set)) / sizeof(*set->ranges))
		return ERR_NOMEM;
	set = malloc(sizeof(*set) + count * sizeof(*set->ranges));
	if (!set)
		return ERR_NOMEM;
	set->v4_count = family_ranges(prefixes, count, AF_INET, set->ranges);
	set->v6_count = family_ranges(prefixes, count, AF_INET6, set->ranges + set->v4_count);
	note_whole(set);
	*ret_set = set;
	return ERR_OK;
}

void prefix_set_free(struct prefix_set *set)
{
	free(set);
}

/* True for an address of 10.0.0.0/8, say, where all of that is in the set: most clients'. */
static inline bool is_whole(const struct prefix_set *set, const struct ip *ip)
{
	uint8_t octet = ip->bytes[0];

	return ip->family == AF_INET && (set->whole[octet / 64] >> octet % 64 & 1);
}

static APART bool search(const struct prefix_set *set, const struct ip *ip)
{
	bool v4 = ip->family == AF_INET;
	const struct range *ranges = v4 ? set->ranges : set->ranges + set->v4_count;
	size_t low = 0;
	size_t high = v4 ? set->v4_count : set->v6_count;
	struct key key = key_from_ip(ip);

	if (ip->family != AF_INET && ip->family != AF_INET6)
		return false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (key_less(ranges[mid].last, key))
			low = mid + 1;
		else
			high = mid;
	}
	return low < (v4 ? set->v4_count : set->v6_count) && !key_less(key, ranges[low].first);
}

bool prefix_set_contains(const struct prefix_set *set, const struct ip *ip)
{
	return is_whole(set, ip) || search(set, ip);
}
