/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/findings.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/octets.h"

#define TABLES                                                                                     \
	8U /* of a worker: one that is filled, one to take its place, and those full or empty */
#define RING TABLES
#define INDEX_MASK (2U * FINDINGS_TABLE_MAX - 1)
#define SPELL_MS 1000U

_Static_assert((RING & (RING - 1)) == 0, "places of a ring are found by a mask");
_Static_assert(FINDINGS_TABLE_MAX < UINT16_MAX, "an index entry is 16 bits");

/* Tables on their way from one thread to one other, in order.  There is room for all. */
struct ring {
	_Atomic uint32_t head; /* the next to be taken */
	_Atomic uint32_t tail; /* the next place to be filled */
	struct findings_table *tables[RING];
};

struct findings {
	struct hash_key key;
	int wake_fd;
	/* NULL while the worker counts into it: the reader waits for that, and never the worker */
	_Atomic(struct findings_table *) current;
	struct ring full;
	struct ring empty;
	struct findings_table *spare; /* the reader's, to take the place of the current one */
	struct findings_table *all[TABLES];
};

static void ring_put(struct ring *r, struct findings_table *table)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	r->tables[tail % RING] = table;
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
}

static struct findings_table *ring_take(struct ring *r)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	struct findings_table *table;

	if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
		return NULL;
	table = r->tables[head % RING];
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return table;
}

/* ---- the worker */

unsigned int findings_type_bit(uint16_t qtype)
{
	static const uint8_t bits[FINDINGS_TYPE_MAX + 1] = {
#define X(bit, type, mnemonic) [type] = (bit) + 1,
		FINDINGS_TYPES(X)
#undef X
	};
	uint8_t bit = qtype <= FINDINGS_TYPE_MAX ? bits[qtype] : 0;

	return bit ? bit - 1U : FINDINGS_TYPE_OTHER;
}

/* The name's part is keyed already; so is the client's, whose addresses an attacker may choose. */
static uint64_t hash_of(const struct hash_key *key, const struct findings_hit *hit)
{
	unsigned __int128 product;
	uint64_t high;
	uint64_t low;

	high = octets_le64(hit->client->bytes);
	low = octets_le64(hit->client->bytes + 8);
	low ^= key->k1 ^ (uint64_t)hit->list << 8 ^ hit->client->family;
	product = (unsigned __int128)(high ^ key->k0) * (unsigned __int128)low;
	return hit->name_hash ^ (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Names have octets behind them that may be read. */
static inline bool is_same_name(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (; len > sizeof(uint64_t); len -= sizeof(uint64_t)) {
		if (octets_le64(a) != octets_le64(b))
			return false;
		a += sizeof(uint64_t);
		b += sizeof(uint64_t);
	}
	return (octets_le64(a) ^ octets_le64(b)) << (64 - 8 * len) == 0;
}

static bool is_same_client(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && a->unknown == b->unknown &&
	       octets_le64(a->bytes) == octets_le64(b->bytes) &&
	       octets_le64(a->bytes + 8) == octets_le64(b->bytes + 8);
}

static bool is_same(const struct findings_table *t, const struct finding *e, uint64_t hash,
		    const struct findings_hit *hit)
{
	return e->hash == hash && e->list == hit->list && e->name_len == hit->name->len &&
	       is_same_client(&e->client, hit->client) &&
	       is_same_name(t->names + e->name, hit->name->wire, e->name_len);
}

/* The place in the index of the finding, or that it would get. */
static inline uint16_t *place_of(struct findings_table *t, uint64_t hash,
				 const struct findings_hit *hit)
{
	uint32_t i = (uint32_t)hash & INDEX_MASK;

	while (t->index[i] && !is_same(t, &t->entries[t->index[i] - 1], hash, hit))
		i = (i + 1) & INDEX_MASK;
	return &t->index[i];
}

/* Takes the table for the lists of this generation.  It is empty. */
static void begin_table(struct findings_table *t, const struct policy *policy, uint64_t generation)
{
	t->generation = generation;
	t->list_count = (uint32_t)policy->list_count;
	for (unsigned int i = policy_first_place(policy); i < POLICY_PLACES;
	     i = policy_next_place(policy, i))
		memcpy(t->lists[i], policy->lists[i].name, sizeof(t->lists[i]));
}

/* An empty table, of the same lists, in the place of `t`, which goes to the reader; NULL: there is
 * none. */
static struct findings_table *exchange(struct findings *f, struct findings_table *t)
{
	struct findings_table *fresh = ring_take(&f->empty);
	uint64_t one = 1;

	if (!fresh)
		return NULL;
	/* once it is put there the reader may empty it */
	fresh->generation = t->generation;
	fresh->list_count = t->list_count;
	memcpy(fresh->lists, t->lists, t->list_count * sizeof(t->lists[0]));
	memcpy(fresh->lists[POLICY_MANUAL_BLOCK], t->lists[POLICY_MANUAL_BLOCK],
	       (POLICY_PLACES - POLICY_MANUAL_BLOCK) * sizeof(t->lists[0]));
	ring_put(&f->full, t);
	if (write(f->wake_fd, &one, sizeof(one)) < 0)
		return fresh; /* so many wake-ups wait that one more is none */
	return fresh;
}

static bool has_room(const struct findings_table *t, const struct findings_hit *hit)
{
	return t->count < FINDINGS_TABLE_MAX && t->names_len + hit->name->len <= FINDINGS_NAMES_MAX;
}

static struct finding *new_entry(struct findings_table *t, uint16_t *place, uint64_t hash,
				 const struct findings_hit *hit)
{
	struct finding *e = &t->entries[t->count++];

	*place = (uint16_t)t->count;
	memcpy(t->names + t->names_len, hit->name->wire, hit->name->len);
	*e = (struct finding){
		.hash = hash,
		.client = *hit->client,
		.list = hit->list,
		.owner_labels = hit->owner_labels,
		.name = t->names_len,
		.name_len = hit->name->len,
		.first_s = hit->now_s,
		.first_ms = hit->now_ms,
		.spell_ms = hit->now_ms,
	};
	t->names_len += hit->name->len;
	return e;
}

static void count_hit(struct finding *e, const struct findings_hit *hit)
{
	uint16_t type = (uint16_t)(1U << findings_type_bit(hit->qtype));

	e->last_s = hit->now_s;
	e->count++;
	if (findings_way_proves(hit->way))
		e->proven++;
	e->ways |= (uint8_t)(1U << hit->way);
	if (hit->now_ms - e->spell_ms < SPELL_MS && (e->spell_types & type))
		return; /* asked once more within the spell, as is most often so */
	e->types |= type;
	if (hit->now_ms - e->spell_ms >= SPELL_MS) {
		e->spell_ms = hit->now_ms;
		e->spell_types = 0;
	}
	e->merged += !(e->spell_types & type);
	e->spell_types |= type;
	if (e->spell_ms == e->first_ms)
		e->first_types |= type;
}

/* The entry of the finding; NULL: there is none yet. */
static inline struct finding *entry_of(struct findings_table *t, uint64_t hash,
				       const struct findings_hit *hit)
{
	uint16_t number = *place_of(t, hash, hit);

	return number ? &t->entries[number - 1] : NULL;
}

/* Makes `*table`, or one that takes its place, a table of these lists.  False: there is no other.
 */
static bool set_lists(struct findings *f, struct findings_table **table,
		      const struct policy *policy, uint64_t generation)
{
	struct findings_table *t = *table;

	if (t->generation == generation)
		return true;
	if (t->count > 0)
		t = exchange(f, t);
	if (!t)
		return false;
	begin_table(t, policy, generation);
	*table = t;
	return true;
}

/* A new entry in `*table`, or in a fresh one that takes its place; NULL: no room. */
static __attribute__((noinline)) struct finding *add_entry(struct findings *f,
							   struct findings_table **table,
							   uint64_t hash,
							   const struct findings_hit *hit)
{
	if (!has_room(*table, hit)) {
		struct findings_table *fresh = exchange(f, *table);

		if (!fresh)
			return NULL;
		*table = fresh;
	}
	return new_entry(*table, place_of(*table, hash, hit), hash, hit);
}

bool findings_add(struct findings *f, const struct policy *policy, uint64_t generation,
		  const struct findings_hit *hit)
{
	struct findings_table *t =
		atomic_exchange_explicit(&f->current, NULL, memory_order_acquire);
	uint64_t hash = hash_of(&f->key, hit);
	struct finding *e = NULL;

	if (set_lists(f, &t, policy, generation)) {
		e = entry_of(t, hash, hit);
		if (!e)
			e = add_entry(f, &t, hash, hit);
	}
	if (e)
		count_hit(e, hit);
	atomic_store_explicit(&f->current, t, memory_order_release);
	return e != NULL;
}

/* ---- the reader */

/* Has the spare take the place of the current table, as soon as the worker does not count. */
static struct findings_table *take_current(struct findings *f)
{
	struct findings_table *t;

	for (;;) {
		t = atomic_load_explicit(&f->current, memory_order_relaxed);
		if (t && atomic_compare_exchange_weak_explicit(&f->current, &t, f->spare,
							       memory_order_acq_rel,
							       memory_order_relaxed))
			break;
		sched_yield();
	}
	f->spare = NULL;
	return t;
}

struct findings_table *findings_take(struct findings *f)
{
	struct findings_table *t = ring_take(&f->full);

	if (t || !f->spare)
		return t;
	t = take_current(f);
	if (t->count > 0)
		return t;
	f->spare = t;
	return NULL;
}

void findings_give(struct findings *f, struct findings_table *table)
{
	table->count = 0;
	table->names_len = 0;
	table->generation = 0;
	memset(table->index, 0, sizeof(table->index));
	if (f->spare)
		ring_put(&f->empty, table);
	else
		f->spare = table;
}

enum err findings_create(const struct hash_key *key, int wake_fd, struct findings **ret_findings)
{
	struct findings *f = calloc(1, sizeof(*f));

	if (!f)
		return ERR_NOMEM;
	f->key = *key;
	f->wake_fd = wake_fd;
	for (size_t i = 0; i < TABLES; i++) {
		f->all[i] = calloc(1, sizeof(*f->all[i]));
		if (!f->all[i]) {
			findings_free(f);
			return ERR_NOMEM;
		}
	}
	f->spare = f->all[1];
	for (size_t i = 2; i < TABLES; i++)
		ring_put(&f->empty, f->all[i]);
	atomic_store(&f->current, f->all[0]);
	*ret_findings = f;
	return ERR_OK;
}

void findings_free(struct findings *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < TABLES; i++)
		free(f->all[i]);
	free(f);
}
