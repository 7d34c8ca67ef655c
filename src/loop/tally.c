/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop/tally.h"

#include <stddef.h>

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

static struct place place_of(struct tally *tally, uint64_t hash)
{
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

/* What one look at the client's sets has found. */
struct view {
	uint64_t count;
	_Atomic uint64_t *slot; /* the client's, or a free one of the set that has more; or NULL */
	uint64_t value;		/* what is there */
};

static struct view look(const struct place *p)
{
	_Atomic uint64_t *room[2] = {NULL, NULL};
	unsigned int rooms[2] = {0, 0};
	struct view v = {0};

	for (unsigned int i = 0; i < 2 * TALLY_WAYS; i++) {
		uint64_t value = atomic_load_explicit(slot_at(p, i), memory_order_relaxed);

		if (!value) {
			room[i / TALLY_WAYS] = slot_at(p, i);
			rooms[i / TALLY_WAYS]++;
		} else if ((value & ~COUNT_MASK) == p->tag) {
			v.count += value & COUNT_MASK;
			v.slot = slot_at(p, i);
			v.value = value;
		}
	}
	if (!v.slot)
		v.slot = rooms[1] > rooms[0] ? room[1] : room[0];
	return v;
}

/* Where there is no slot, or other threads are always faster, the client is not counted: better
 * than to be refused for others. */
bool tally_take(struct tally *tally, uint64_t client_hash, uint32_t limit)
{
	struct place p = place_of(tally, client_hash);

	for (int tries = 0; tries < TALLY_TRIES; tries++) {
		struct view v = look(&p);

		if (v.count >= limit)
			return false;
		if (!v.slot || atomic_compare_exchange_strong(v.slot, &v.value,
							      (v.value ? v.value : p.tag) + 1))
			break;
	}
	return true;
}

/* False: another thread was faster. */
static bool take_one(_Atomic uint64_t *slot, uint64_t value)
{
	uint64_t less = (value & COUNT_MASK) == 1 ? 0 : value - 1;

	return atomic_compare_exchange_strong(slot, &value, less);
}

void tally_give(struct tally *tally, uint64_t client_hash)
{
	struct place p = place_of(tally, client_hash);

	for (unsigned int i = 0; i < 2 * TALLY_WAYS; i++) {
		uint64_t value = atomic_load_explicit(slot_at(&p, i), memory_order_relaxed);

		while (value && (value & ~COUNT_MASK) == p.tag) {
			if (take_one(slot_at(&p, i), value))
				return;
			value = atomic_load_explicit(slot_at(&p, i), memory_order_relaxed);
		}
	}
}

uint32_t tally_count(struct tally *tally, uint64_t client_hash)
{
	struct place p = place_of(tally, client_hash);

	return (uint32_t)look(&p).count;
}
