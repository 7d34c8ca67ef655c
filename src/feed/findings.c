/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <unistd.h>

#include "base/apart.h"
#include "base/octets.h"
#include "feed/tables.h"
#include "match/note.h"

#define INDEX_BITS 15U
#define INDEX_MASK ((1U << INDEX_BITS) - 1)
#define OTHER (1U << FINDINGS_TYPE_OTHER)
#define UDP_SEEN (1U << (WAYS_SHIFT + FINDINGS_WAY_UDP))

_Static_assert(2U * FINDINGS_TABLE_MAX == 1U << INDEX_BITS, "half of the index stays empty");

/* What a query is in a spell: its type and, from WAYS_SHIFT on, its way.  The table has what
 * differs from the type that most are. */
static inline uint32_t seen_of(const struct findings_query *query)
{
#define X(bit, type, mnemonic) [type] = (1U << (bit)) ^ OTHER,
	static const uint32_t differ[FINDINGS_TYPE_MAX + 1] = {FINDINGS_TYPES(X)};
#undef X
	uint32_t seen = OTHER | UDP_SEEN;

	if (query->qtype <= FINDINGS_TYPE_MAX)
		seen ^= differ[query->qtype];
	if (findings_way_proves(query->way))
		seen ^= UDP_SEEN | 1U << (WAYS_SHIFT + query->way);
	return seen;
}

/* The list, and all of the client but its octets. */
static inline uint32_t tag_of(const struct findings_hit *hit)
{
	return (uint32_t)hit->list << 16 |
	       (uint16_t)(hit->client->family | hit->client->unknown << 8);
}

/* The name's part is keyed already; so is the client's, whose addresses an attacker may choose.  Of
 * a product the upper bits depend on all of both, and place_of takes these. */
static inline uint64_t hash_of(const struct hash_key *key, const struct findings_hit *hit)
{
	uint64_t high = octets_le64(hit->client->bytes) ^ key->k0;
	uint64_t low = octets_le64(hit->client->bytes + 8) ^ key->k1 ^ tag_of(hit);

	return hit->name_hash ^ high * low;
}

/* Where in the index the search for it begins. */
static inline uint64_t place_of(uint64_t hash)
{
	return hash >> (64 - INDEX_BITS);
}

static inline uint64_t differ_at(const uint8_t *a, const uint8_t *b, size_t at)
{
	return octets_le64(a + at) ^ octets_le64(b + at);
}

/* NAME_PAD octets behind a name may be read. */
static inline uint64_t short_name_differs(const uint8_t *a, const uint8_t *b, size_t len)
{
	if (len <= 8)
		return differ_at(a, b, 0) << (64 - 8 * len);
	return differ_at(a, b, 0) | differ_at(a, b, len - 8);
}

/* 0: where the octets of the whole name are at `a`, that is the name, since no name is the
 * beginning of another.  By words, of which the last two may overlap those before. */
static inline uint64_t name_differs(const uint8_t *a, const struct name *name)
{
	const uint8_t *b = name->wire;
	size_t len = name->len;

	if (len < 16)
		return short_name_differs(a, b, len);
	for (; len > 32; a += 16, b += 16, len -= 16)
		if (differ_at(a, b, 0) | differ_at(a, b, 8))
			return 1;
	return differ_at(a, b, 0) | differ_at(a, b, 8) | differ_at(a, b, len - 16) |
	       differ_at(a, b, len - 8);
}

static inline bool is_same(const struct findings_table *t, const struct finding *e,
			   const struct findings_hit *hit)
{
	return e->tag == tag_of(hit) &&
	       octets_le64(e->client.bytes) == octets_le64(hit->client->bytes) &&
	       octets_le64(e->client.bytes + 8) == octets_le64(hit->client->bytes + 8) &&
	       name_differs(t->names + e->name, hit->name) == 0;
}

/* The entry of the finding; NULL: there is none yet. */
static inline struct finding *entry_of(struct findings_table *t, uint64_t hash,
				       const struct findings_hit *hit)
{
	for (uint64_t i = place_of(hash); t->index[i]; i = (i + 1) & INDEX_MASK) {
		struct finding *e = (void *)((uint8_t *)t + t->index[i]);

		if (is_same(t, e, hit))
			return e;
	}
	return NULL;
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

/* A note as it stands behind a name: two texts, each with its zero. */
struct noted {
	uint8_t len; /* 0: there is none */
	char octets[2 * (LOCALDATA_NOTE_MAX + 1)];
};

/* What the list's rule says of the name. */
static void read_note(const struct policy *policy, const struct findings_hit *hit,
		      struct noted *ret_noted)
{
	struct localdata_note note;
	size_t family;
	size_t ticket;

	ret_noted->len = 0;
	if (!hit->rule || !policy_note(policy, hit->rule, &note))
		return;
	family = strlen(note.family) + 1;
	ticket = strlen(note.ticket) + 1;
	memcpy(ret_noted->octets, note.family, family);
	memcpy(ret_noted->octets + family, note.ticket, ticket);
	ret_noted->len = (uint8_t)(family + ticket);
}

static bool has_room(const struct findings_table *t, const struct findings_hit *hit,
		     const struct noted *noted)
{
	return t->count < FINDINGS_TABLE_MAX &&
	       t->names_len + hit->name->len + noted->len <= FINDINGS_NAMES_MAX;
}

/* The first query of the entry is counted. */
static void new_entry(struct findings_table *t, uint64_t hash, const struct findings_hit *hit,
		      const struct noted *noted, const struct findings_query *query)
{
	struct finding *e = &t->entries[t->count++];
	uint32_t seen = seen_of(query);
	uint64_t i = place_of(hash);

	while (t->index[i])
		i = (i + 1) & INDEX_MASK;
	t->index[i] = (uint32_t)((uint8_t *)e - (uint8_t *)t);
	memcpy(t->names + t->names_len, hit->name->wire, hit->name->len);
	memcpy(t->names + t->names_len + hit->name->len, noted->octets, noted->len);
	*e = (struct finding){
		.hash = hash,
		.client = *hit->client,
		.list = hit->list,
		.tag = tag_of(hit),
		.owner_labels = hit->owner_labels,
		.name = t->names_len,
		.name_len = hit->name->len,
		.note_len = noted->len,
		.first_s = query->now_s,
		.last_s = query->now_s,
		.first_ms = query->now_ms,
		.spell_ms = query->now_ms,
		.spell_seen = seen,
		.ways = (uint8_t)(seen >> WAYS_SHIFT),
		.types = (uint16_t)seen,
		.first_types = (uint16_t)seen,
		.count = 1,
		.proven = findings_way_proves(query->way),
		.merged = 1,
	};
	t->names_len += hit->name->len + noted->len;
}

/* Another spell.  Of what was kept of the table before nothing holds but the place. */
static APART void begin_spell(struct finding *e, uint32_t seen, uint64_t now_ms, uint32_t now_s)
{
	uint16_t type = (uint16_t)seen;
	uint8_t way = (uint8_t)(seen >> WAYS_SHIFT);

	e->spell_ms = now_ms;
	e->spell_seen = seen;
	e->merged++;
	e->types |= type;
	e->ways |= way;
	if (e->count > 1)
		return;
	e->first_s = now_s;
	e->first_ms = now_ms;
	e->first_types = type;
	e->types = type;
	e->ways = way;
}

/* A type or a way that the spell does not have yet. */
static APART void count_seen(struct finding *e, uint32_t seen)
{
	uint16_t fresh = (uint16_t)(seen & ~e->spell_seen);

	e->types |= (uint16_t)seen;
	e->ways |= (uint8_t)(seen >> WAYS_SHIFT);
	e->merged += fresh != 0;
	e->spell_seen |= seen;
	if (e->spell_ms == e->first_ms)
		e->first_types |= fresh;
}

static inline void count_query(struct finding *e, const struct findings_query *query)
{
	uint32_t seen = seen_of(query);

	if (findings_way_proves(query->way))
		e->proven++;
	e->last_s = query->now_s;
	e->count++;
	if (query->now_ms - e->spell_ms >= SPELL_MS)
		begin_spell(e, seen, query->now_ms, query->now_s);
	else if (seen & ~e->spell_seen)
		count_seen(e, seen);
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

/* A new entry in `*table`, or in a fresh one that takes its place.  False: no room. */
static bool add_entry(struct findings *f, struct findings_table **table, uint64_t hash,
		      const struct findings_hit *hit, const struct noted *noted,
		      const struct findings_query *query)
{
	if (!has_room(*table, hit, noted)) {
		struct findings_table *fresh = exchange(f, *table);

		if (!fresh)
			return false;
		*table = fresh;
	}
	new_entry(*table, hash, hit, noted, query);
	return true;
}

static inline struct findings_table *take_table(struct findings *f)
{
	return atomic_exchange_explicit(&f->current, NULL, memory_order_acquire);
}

static inline void put_table(struct findings *f, struct findings_table *t)
{
	atomic_store_explicit(&f->current, t, memory_order_release);
}

struct findings_seat findings_find(struct findings *f, uint64_t generation,
				   const struct findings_hit *hit)
{
	struct findings_table *t = take_table(f);
	uint64_t hash = hash_of(&f->key, hit); /* behind that: what it reads is compared as well */

	return (struct findings_seat){
		.table = t,
		.finding = t->generation == generation ? entry_of(t, hash, hit) : NULL,
		.hash = hash,
	};
}

void findings_count(struct findings *f, struct findings_seat seat,
		    const struct findings_query *query)
{
	count_query(seat.finding, query);
	put_table(f, seat.table);
}

bool findings_begin(struct findings *f, struct findings_seat seat, const struct policy *policy,
		    uint64_t generation, const struct findings_hit *hit,
		    const struct findings_query *query)
{
	struct findings_table *t = seat.table;
	struct noted noted;
	bool added;

	read_note(policy, hit, &noted);
	added = set_lists(f, &t, policy, generation) &&
		add_entry(f, &t, seat.hash, hit, &noted, query);
	put_table(f, t);
	return added;
}

bool findings_add(struct findings *f, const struct policy *policy, uint64_t generation,
		  const struct findings_hit *hit, const struct findings_query *query)
{
	struct findings_seat seat = findings_find(f, generation, hit);

	if (!seat.finding)
		return findings_begin(f, seat, policy, generation, hit, query);
	findings_count(f, seat, query);
	return true;
}
