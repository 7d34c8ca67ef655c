/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop/tally.h"

/*
 * A slot is a client's tag, the upper 44 bits of its hash, over its count; all zero when it is
 * free.  A client is looked for in both of its sets.  Two threads may give it a slot each at one
 * time: what it has is the sum of all its slots.
 */
#define COUNT_BITS 20U
#define COUNT_MASK ((1ULL << COUNT_BITS) - 1)

struct place {
	uint64_t tag; /* over zeros */
	_Atomic uint64_t *sets[2];
};

static struct place place_of(struct tally *tally, const struct hash_key *key,
			     const struct ip *client)
{
	uint64_t hash = hash_siphash24(key, client, sizeof(*client));
	struct place p = {.tag = (hash | 1ULL << COUNT_BITS) & ~COUNT_MASK};
	uint64_t first = hash % TALLY_SETS;
	uint64_t other = (hash * 0x9e3779b97f4a7c15ULL >> 32) % TALLY_SETS;

	p.sets[0] = tally->slots[first];
	p.sets[1] = tally->slots[other != first ? other : other ^ 1];
	return p;
}

static _Atomic uint64_t *slot_at(const struct place *p, unsigned int i)
{
	return &p->sets[i / TALLY_WAYS][i % TALLY_WAYS];
}

static uint32_t sum(const struct place *p)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < 2 * TALLY_WAYS; i++) {
		uint64_t value = atomic_load_explicit(slot_at(p, i), memory_order_relaxed);

		if ((value & ~COUNT_MASK) == p->tag)
			count += value & COUNT_MASK;
	}
	return (uint32_t)count;
}

/* Adds one to the client's slot, or gives it a free one of the set that has more of them.  False:
 * there is none, or another thread was faster. */
static bool add(const struct place *p)
{
	_Atomic uint64_t *room[2] = {NULL, NULL};
	unsigned int rooms[2] = {0, 0};
	uint64_t none = 0;

	for (unsigned int i = 0; i < 2 * TALLY_WAYS; i++) {
		uint64_t value = atomic_load_explicit(slot_at(p, i), memory_order_relaxed);

		if ((value & ~COUNT_MASK) == p->tag && value)
			return atomic_compare_exchange_strong(slot_at(p, i), &value, value + 1);
		if (value)
			continue;
		room[i / TALLY_WAYS] = slot_at(p, i);
		rooms[i / TALLY_WAYS]++;
	}
	room[0] = rooms[1] > rooms[0] ? room[1] : room[0];
	return room[0] && atomic_compare_exchange_strong(room[0], &none, p->tag | 1);
}

bool tally_take(struct tally *tally, const struct hash_key *key, const struct ip *client,
		uint32_t limit)
{
	struct place p = place_of(tally, key, client);

	if (sum(&p) >= limit)
		return false;
	for (int tries = 0; tries < TALLY_TRIES; tries++)
		if (add(&p))
			return true;
	return true; /* the client is not counted: better than to be refused for others */
}

/* False: another thread was faster. */
static bool take_one(_Atomic uint64_t *slot, uint64_t value)
{
	uint64_t less = (value & COUNT_MASK) == 1 ? 0 : value - 1;

	return atomic_compare_exchange_strong(slot, &value, less);
}

void tally_give(struct tally *tally, const struct hash_key *key, const struct ip *client)
{
	struct place p = place_of(tally, key, client);

	for (unsigned int i = 0; i < 2 * TALLY_WAYS; i++) {
		uint64_t value = atomic_load_explicit(slot_at(&p, i), memory_order_relaxed);

		while (value && (value & ~COUNT_MASK) == p.tag) {
			if (take_one(slot_at(&p, i), value))
				return;
			value = atomic_load_explicit(slot_at(&p, i), memory_order_relaxed);
		}
	}
}

uint32_t tally_count(struct tally *tally, const struct hash_key *key, const struct ip *client)
{
	struct place p = place_of(tally, key, client);

	return sum(&p);
}
