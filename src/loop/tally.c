/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop/tally.h"

#include <stddef.h>

/*
 * A slot is a client's tag, the upper 44 bits of its hash, over its count; all zero when it is
 * free.  A client has its slot in its first set while that is half free, else in the one of its two
 * that has more room.  The first one counts the slots that its clients have in others, before they
 * are taken until they are free again: while it has counted none, nothing is looked for there.
 * Two threads may give a client a slot each at one time: what it has is the sum of all its slots.
 */
#define COUNT_BITS 20U
#define COUNT_MASK ((1ULL << COUNT_BITS) - 1)

struct place {
	uint64_t tag;		 /* over zeros */
	_Atomic uint64_t *first; /* TALLY_WAYS slots */
	_Atomic uint64_t *other;
	_Atomic uint32_t *strayed; /* of the first set */
};

static struct place place_of(struct tally *tally, uint64_t hash)
{
	uint64_t first = hash % TALLY_SETS;
	uint64_t other = (hash * 0x9e3779b97f4a7c15ULL >> 32) % TALLY_SETS;

	return (struct place){
		.tag = (hash | 1ULL << COUNT_BITS) & ~COUNT_MASK,
		.first = tally->slots[first],
		.other = tally->slots[other != first ? other : other ^ 1],
		.strayed = &tally->strayed[first],
	};
}

/* What one look at a client's set has found. */
struct view {
	uint64_t count;
	_Atomic uint64_t *slot; /* the client's, or a free one; or NULL */
	uint64_t value;		/* what is there */
	unsigned int room;	/* free slots */
};

static struct view look(_Atomic uint64_t *set, uint64_t tag)
{
	struct view v = {0};

	for (unsigned int i = 0; i < TALLY_WAYS; i++) {
		uint64_t value = atomic_load_explicit(&set[i], memory_order_acquire);

		if ((value ^ tag) <= COUNT_MASK) {
			v.count += value & COUNT_MASK;
			v.slot = &set[i];
			v.value = value;
		} else if (!value) {
			v.room++;
			if (!v.value)
				v.slot = &set[i];
		}
	}
	return v;
}

/* Known to whoever has seen a slot of the first set that was freed since. */
static bool has_strayed(const struct place *p)
{
	return atomic_load_explicit(p->strayed, memory_order_relaxed) > 0;
}

/* False: another thread was faster. */
static bool add_one(struct view *v, uint64_t tag)
{
	return atomic_compare_exchange_strong(v->slot, &v->value, (v->value ? v->value : tag) + 1);
}

/* The same of a slot in the other set, which is counted beforehand when it is a new one. */
static bool add_strayed(struct view *v, const struct place *p)
{
	uint32_t taken = !v->value;
	bool added;

	atomic_fetch_add(p->strayed, taken);
	added = add_one(v, p->tag);
	if (!added)
		atomic_fetch_sub(p->strayed, taken);
	return added;
}

/* Tries to count one more where `limit` allows.  False: another thread was faster. */
static bool try_take(const struct place *p, uint32_t limit, bool *ret_taken)
{
	struct view v = look(p->first, p->tag);
	struct view w = {0};

	*ret_taken = v.count < limit;
	if (!has_strayed(p) && (v.value || v.room > TALLY_WAYS / 2))
		return !*ret_taken || add_one(&v, p->tag);
	w = look(p->other, p->tag);
	*ret_taken = v.count + w.count < limit;
	if (!*ret_taken || (!v.slot && !w.slot))
		return true;
	if (v.value || (!w.value && v.room >= w.room))
		return add_one(&v, p->tag);
	return add_strayed(&w, p);
}

/* Where there is no slot, or other threads are always faster, the client is not counted: better
 * than to be refused for others. */
bool tally_take(struct tally *tally, uint64_t client_hash, uint32_t limit)
{
	struct place p = place_of(tally, client_hash);
	bool taken = true;

	for (int tries = 0; tries < TALLY_TRIES; tries++)
		if (try_take(&p, limit, &taken))
			return taken;
	return true;
}

/* Takes one from the client's slot in the set.  False: it has none there; else `ret_freed` tells
 * whether the slot is free now. */
static bool give_from(_Atomic uint64_t *set, uint64_t tag, bool *ret_freed)
{
	for (unsigned int i = 0; i < TALLY_WAYS; i++) {
		uint64_t value = atomic_load_explicit(&set[i], memory_order_acquire);

		while ((value ^ tag) <= COUNT_MASK) {
			*ret_freed = (value & COUNT_MASK) == 1;
			if (atomic_compare_exchange_strong(&set[i], &value,
							   *ret_freed ? 0 : value - 1))
				return true;
		}
	}
	return false;
}

void tally_give(struct tally *tally, uint64_t client_hash)
{
	struct place p = place_of(tally, client_hash);
	bool freed;

	if (give_from(p.first, p.tag, &freed) || !has_strayed(&p))
		return;
	if (give_from(p.other, p.tag, &freed) && freed)
		atomic_fetch_sub(p.strayed, 1);
}

uint32_t tally_count(struct tally *tally, uint64_t client_hash)
{
	struct place p = place_of(tally, client_hash);
	uint64_t count = look(p.first, p.tag).count;

	if (has_strayed(&p))
		count += look(p.other, p.tag).count;
	return (uint32_t)count;
}
