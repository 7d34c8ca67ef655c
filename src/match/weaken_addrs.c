/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that would be lifted: the ranges of a list, less those that would be blocked. */
#include "addrs/addrs.h"
#include "match/weakened.h"

#define ANY (POLICY_LISTS_MAX + 1U) /* in the place of a list */

struct range {
	struct addrs_key first;
	struct addrs_key last;
};

/* A walk over the ranges of a policy's prefixes, those that overlap or touch made one. */
struct ranges {
	const struct policy *policy;
	enum trigger trigger;
	unsigned int list; /* POLICY_LISTS_MAX: all that are enforced; ANY: all */
	uint32_t record;   /* to be looked at next */
	uint32_t end;
};

static struct addrs_key after(struct addrs_key key)
{
	key.lo++;
	key.hi += key.lo == 0;
	return key;
}

static struct addrs_key before(struct addrs_key key)
{
	key.hi -= key.lo == 0;
	key.lo--;
	return key;
}

static bool has(const struct ranges *r, uint32_t record)
{
	const struct addrset *set = r->policy->prefixes[r->trigger];
	const struct domset_hit hit = {
		.list = (uint16_t)addrset_list(set, record),
		.answer = addrset_answer(set, record),
	};

	return policy_hit_blocks(r->policy, &hit) &&
	       (r->list == ANY ||
		(r->list == POLICY_LISTS_MAX ? policy_is_enforced(r->policy, hit.list)
					     : r->list == hit.list));
}

static struct range range_of(const struct ranges *r, uint32_t record)
{
	const struct addrset *set = r->policy->prefixes[r->trigger];
	bool v4 = record < set->v4_count;
	struct addrs_key mask =
		addrs_mask(set->nodes[record].len, v4 ? ADDRS_V4_BITS : ADDRS_V6_BITS);
	struct addrs_key first = {.hi = 0};

	if (v4)
		first.lo = set->v4[record];
	else
		first = set->v6[record - set->v4_count];
	return (struct range){
		.first = first,
		.last = {.hi = first.hi | (v4 ? 0 : ~mask.hi),
			 .lo = first.lo | (v4 ? (uint32_t)~mask.lo : ~mask.lo)},
	};
}

static void begin(struct ranges *r, const struct policy *policy, enum trigger trigger,
		  unsigned int list, bool v6)
{
	const struct addrset *set = policy->prefixes[trigger];

	*r = (struct ranges){.policy = policy, .trigger = trigger, .list = list};
	if (!set)
		return;
	r->record = v6 ? set->v4_count : 0;
	r->end = v6 ? set->v4_count + set->v6_count : set->v4_count;
}

static bool touches(const struct range *range, const struct range *next)
{
	struct addrs_key behind = after(range->last);

	return !addrs_key_less(range->last, next->first) ||
	       (behind.hi == next->first.hi && behind.lo == next->first.lo);
}

/* The next range; false: there is none. */
static bool next(struct ranges *r, struct range *ret_range)
{
	while (r->record < r->end && !has(r, r->record))
		r->record++;
	if (r->record == r->end)
		return false;
	*ret_range = range_of(r, r->record++);
	for (; r->record < r->end; r->record++) {
		struct range more;

		if (!has(r, r->record))
			continue;
		more = range_of(r, r->record);
		if (!touches(ret_range, &more))
			break;
		if (addrs_key_less(ret_range->last, more.last))
			ret_range->last = more.last;
	}
	return true;
}

static struct ip ip_of(struct addrs_key key, bool v6)
{
	struct ip ip = {.family = v6 ? AF_INET6 : AF_INET};

	if (!v6)
		key = (struct addrs_key){.hi = key.lo << 32};
	for (unsigned int i = 0; i < 8; i++) {
		ip.bytes[i] = (uint8_t)(key.hi >> (56 - 8 * i));
		ip.bytes[8 + i] = (uint8_t)(key.lo >> (56 - 8 * i));
	}
	return ip;
}

static void tell(struct weakening *w, enum trigger trigger, const struct range *range, bool v6)
{
	if (w->range_count < WEAKEN_NAMES_MAX)
		w->ranges[w->range_count] = (struct weakened_range){
			trigger, ip_of(range->first, v6), ip_of(range->last, v6)};
	w->range_count++;
}

/* Tells what of `range` lies before and between the ranges that are kept. */
static void subtract(struct weakening *w, struct range range, struct ranges *kept,
		     struct range *keep, bool *more, bool v6)
{
	while (*more && addrs_key_less(keep->last, range.first))
		*more = next(kept, keep);
	while (*more && !addrs_key_less(range.last, keep->first)) {
		struct range gap = {range.first, before(keep->first)};

		if (addrs_key_less(range.first, keep->first))
			tell(w, kept->trigger, &gap, v6);
		if (!addrs_key_less(keep->last, range.last))
			return;
		range.first = after(keep->last);
		*more = next(kept, keep);
	}
	tell(w, kept->trigger, &range, v6);
}

/* Less what list `heir` of `new` blocks; POLICY_LISTS_MAX: what all that are enforced do. */
static void compare(const struct policy *old, unsigned int list, const struct policy *new,
		    unsigned int heir, enum trigger trigger, struct weakening *weakening, bool v6)
{
	struct ranges kept;
	struct ranges all;
	struct range range;
	struct range keep;
	bool more;

	begin(&all, old, trigger, list, v6);
	begin(&kept, new, trigger, heir, v6);
	more = next(&kept, &keep);
	while (next(&all, &range))
		subtract(weakening, range, &kept, &keep, &more, v6);
}

static void compare_all(const struct policy *before, unsigned int list, const struct policy *after,
			unsigned int heir, struct weakening *weakening)
{
	static const enum trigger triggers[] = {TRIGGER_ADDRESS, TRIGGER_CLIENT,
						TRIGGER_SERVER_ADDRESS};

	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		compare(before, list, after, heir, triggers[i], weakening, false);
		compare(before, list, after, heir, triggers[i], weakening, true);
	}
}

bool weaken_compare_addresses(const struct policy *before, unsigned int list,
			      const struct policy *after, unsigned int heir,
			      struct weakening *weakening)
{
	struct weakening by_heir = {.range_count = 0};

	compare_all(before, list, after, POLICY_LISTS_MAX, weakening);
	compare_all(before, list, after, heir, &by_heir);
	return by_heir.range_count > 0;
}

void weaken_find_ranges(const struct policy *before, const struct policy *after,
			struct weakening *ret_weakening)
{
	ret_weakening->range_count = 0;
	compare_all(before, ANY, after, ANY, ret_weakening);
}
