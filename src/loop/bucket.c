/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop/bucket.h"

#include <stdbool.h>

#define TAG_BITS 22U
#define TIME_BITS (64U - TAG_BITS)
#define TIME_MASK ((1ULL << TIME_BITS) - 1)
#define TICKS_PER_US 4U
#define TICKS_PER_S (1000000ULL * TICKS_PER_US)
#define SWEEPS 256U
#define TRIES 16 /* when threads change the same bucket */

/* An emptied bucket is full again before its time could be taken for one of the past. */
_Static_assert(CONF_RATE_MAX *TICKS_PER_S + TICKS_PER_S < 1ULL << (TIME_BITS - 1),
	       "the emptiest bucket of the slowest rate");

/* Ticks until a bucket is full.  One that is to be so later than any that is filled by the present
 * rate was full long ago, or was filled by another rate, before a reload. */
static uint64_t missing(uint64_t slot, uint64_t now, uint64_t most)
{
	uint64_t ahead = (slot - now) & TIME_MASK;

	return ahead <= most ? ahead : 0;
}

struct search {
	_Atomic uint64_t *set;
	uint64_t tag; /* over zeros */
	uint64_t now;
	uint64_t most; /* ticks that can be missing */
};

/* The client's slot, or else that of the bucket which is nearest to full; and what is in it. */
static _Atomic uint64_t *find(const struct search *s, uint64_t *ret_slot)
{
	_Atomic uint64_t *best = NULL;
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < BUCKET_WAYS; i++) {
		uint64_t slot = atomic_load_explicit(&s->set[i], memory_order_relaxed);
		uint64_t left = missing(slot, s->now, s->most);

		if ((slot & ~TIME_MASK) == s->tag) {
			*ret_slot = slot;
			return &s->set[i];
		}
		if (left < least) {
			least = left;
			best = &s->set[i];
			*ret_slot = slot;
		}
	}
	return best;
}

enum bucket_level bucket_take(struct buckets *buckets, const struct hash_key *key,
			      const struct ip *client, const struct rate *rate, uint64_t now_us)
{
	uint64_t hash = ip_hash(key, client);
	uint64_t each = TICKS_PER_S / rate->per_second;
	uint64_t size = each * rate->burst;
	struct search s = {
		.set = buckets->slots[hash % BUCKET_SETS],
		.tag = (hash | 1ULL << TIME_BITS) & ~TIME_MASK,
		.now = (now_us * TICKS_PER_US) & TIME_MASK,
		.most = size + TICKS_PER_S,
	};

	for (int tries = 0; tries < TRIES; tries++) {
		uint64_t before = 0;
		_Atomic uint64_t *slot = find(&s, &before);
		bool own = (before & ~TIME_MASK) == s.tag;
		uint64_t level = (own ? missing(before, s.now, s.most) : 0) + each;
		uint64_t after = s.tag | ((s.now + level) & TIME_MASK);

		if (level > size)
			return BUCKET_OVER;
		if (atomic_compare_exchange_weak_explicit(
			    slot, &before, after, memory_order_relaxed, memory_order_relaxed))
			return level * 100 > size * BUCKET_NEAR_PERCENT && rate->burst > 1
				       ? BUCKET_NEAR
				       : BUCKET_WELL;
	}
	return BUCKET_WELL; /* not counted: better than to be refused for what others do */
}

void bucket_sweep(struct buckets *buckets, uint32_t turn, uint64_t now_us)
{
	uint64_t now = (now_us * TICKS_PER_US) & TIME_MASK;
	_Atomic uint64_t *slots = buckets->slots[turn % SWEEPS * (BUCKET_SETS / SWEEPS)];

	for (unsigned int i = 0; i < BUCKET_SETS / SWEEPS * BUCKET_WAYS; i++) {
		uint64_t slot = atomic_load_explicit(&slots[i], memory_order_relaxed);

		if (slot && ((slot - now) & TIME_MASK) > TIME_MASK / 2)
			(void)atomic_compare_exchange_strong(&slots[i], &slot, 0);
	}
}
