/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <unistd.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/apart.h"
#include "base/octets.h"
#include "feed/tables.h"
#include "match/note.h"

#define INDEX_BITS 15U
#define INDEX_MASK ((1U << INDEX_BITS) - 1)
#define STEP 16U

_Static_assert(2U * FINDINGS_TABLE_MAX == 1U << INDEX_BITS, "half of the index stays empty");

/* What a query is in a spell: its type and, from WAYS_SHIFT on, its way.  Type 0 is no type
 * (RFC 6895, 3.1), and one of the others. */
static inline uint32_t seen_of(const struct findings *f, const struct findings_query *query)
{
	bool is_known = __builtin_expect(query->qtype <= FINDINGS_TYPE_MAX, true);
	uint32_t seen = f->seen[is_known ? query->qtype : 0];

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
 * a product the upper bits depend on all of both, and place_of takes these.  `high` is odd, so that
 * with the same name and the same octets another tag gives another hash. */
static inline uint64_t hash_of(const struct hash_key *key, const struct findings_hit *hit)
{
	uint64_t high = (octets_le64(hit->client->bytes) ^ key->k0) | 1;
	uint64_t low = octets_le64(hit->client->bytes + 8) ^ key->k1 ^ tag_of(hit);

	return hit->name_hash ^ high * low;
}

/* Where in the index the search for it begins. */
static inline uint64_t place_of(uint64_t hash)
{
	return hash >> (64 - INDEX_BITS);
}

#ifdef __SSE2__
/* 0xff in each of STEP octets that is the same. */
static inline __m128i same_at(const uint8_t *a, const uint8_t *b)
{
	return _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)a),
			      _mm_loadu_si128((const __m128i *)(const void *)b));
}

static inline bool are_all(__m128i same)
{
	return _mm_movemask_epi8(same) == 0xffff;
}

/* True where STEP octets are the same, and so are those from `at` on. */
static inline bool are_steps(const uint8_t *a, const uint8_t *b, size_t at)
{
	return are_all(_mm_and_si128(same_at(a, b), same_at(a + at, b + at)));
}

/* True where the first `len` octets are the same: fewer than STEP, of which all may be read. */
static inline bool is_start(const uint8_t *a, const uint8_t *b, size_t len)
{
	return ((uint32_t)_mm_movemask_epi8(same_at(a, b)) | ~0U << len) == ~0U;
}
#else
static inline bool are_steps(const uint8_t *a, const uint8_t *b, size_t at)
{
	return memcmp(a, b, STEP) == 0 && memcmp(a + at, b + at, STEP) == 0;
}

static inline bool is_start(const uint8_t *a, const uint8_t *b, size_t len)
{
	return memcmp(a, b, len) == 0;
}
#endif

/* True where the octets of a name of no less than STEP are at `a`.  The last steps may overlap. */
static inline bool is_long(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (; len > 2 * STEP; a += STEP, b += STEP, len -= STEP)
		if (!are_steps(a, b, 0))
			return false;
	return are_steps(a, b, len - STEP);
}

/* True where all is the same but the name, which is not known.  Of another list, or where something
 * else is known of the address, the hash is another. */
static inline bool is_like(const struct finding *e, uint64_t hash, const struct ip *client)
{
	return e->hash == hash && octets_le64(e->client.bytes) == octets_le64(client->bytes) &&
	       octets_le64(e->client.bytes + 8) == octets_le64(client->bytes + 8);
}

/*
 * The entry of the finding; NULL: there is none yet.  Most often there is, at the first place: an
 * empty one is told from others when it is not what is looked for.  Where the octets of the whole
 * name are, that is the name, since no name is the beginning of another.
 */
static inline struct finding *entry_of(struct findings_table *t, uint64_t hash,
				       const struct findings_hit *hit)
{
	const struct name *name = hit->name;

	for (uint64_t i = place_of(hash);; i = (i + 1) & INDEX_MASK) {
		struct finding *e = (void *)((uint8_t *)t + t->index[i]);

		if (is_like(e, hash, hit->client)) {
			const uint8_t *octets = t->names + e->name;

			if (__builtin_expect(name->len >= STEP, true)) {
				if (is_long(octets, name->wire, name->len))
					return e;
			} else if (is_start(octets, name->wire, name->len)) {
				return e;
			}
		}
		if (e == &t->none)
			return NULL;
	}
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
static void new_entry(const struct findings *f, struct findings_table *t,
		      const struct findings_hit *hit, const struct noted *noted,
		      const struct findings_query *query)
{
	struct finding *e = &t->entries[t->count++];
	uint32_t seen = seen_of(f, query);
	uint64_t hash = hash_of(&f->key, hit);
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
		.owner_labels = hit->owner_labels,
		.name = t->names_len,
		.name_len = hit->name->len,
		.note_len = noted->len,
		.first_s = query->now_s,
		.last_s = query->now_s,
		.first_ms = query->now_ms,
		.spell_end_ms = query->now_ms + FINDINGS_SPELL_MS,
		.spell_lacks = ~seen,
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
static inline void begin_spell(struct finding *e, uint32_t seen, uint64_t now_ms, uint32_t now_s)
{
	uint16_t type = (uint16_t)seen;
	uint8_t way = (uint8_t)(seen >> WAYS_SHIFT);

	e->spell_end_ms = now_ms + FINDINGS_SPELL_MS;
	e->spell_lacks = ~seen;
	e->merged++;
	if (e->count > 0) {
		e->types |= type;
		e->ways |= way;
		return;
	}
	e->first_s = now_s;
	e->first_ms = now_ms;
	e->first_types = type;
	e->types = type;
	e->ways = way;
}

/* A type or a way that the spell does not have yet. */
static APART void count_seen(struct finding *e, uint32_t seen)
{
	uint16_t fresh = (uint16_t)(seen & e->spell_lacks);

	e->types |= (uint16_t)seen;
	e->ways |= (uint8_t)(seen >> WAYS_SHIFT);
	e->merged += fresh != 0;
	e->spell_lacks &= ~seen;
	if (e->spell_end_ms == e->first_ms + FINDINGS_SPELL_MS)
		e->first_types |= fresh;
}

static inline void count_query(const struct findings *f, struct finding *e,
			       const struct findings_query *query)
{
	uint32_t seen = seen_of(f, query);

	if (findings_way_proves(query->way))
		e->proven++;
	e->last_s = query->now_s;
	if (query->now_ms >= e->spell_end_ms)
		begin_spell(e, seen, query->now_ms, query->now_s);
	else if (seen & e->spell_lacks)
		count_seen(e, seen);
	e->count++;
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
static bool add_entry(struct findings *f, struct findings_table **table,
		      const struct findings_hit *hit, const struct noted *noted,
		      const struct findings_query *query)
{
	if (!has_room(*table, hit, noted)) {
		struct findings_table *fresh = exchange(f, *table);

		if (!fresh)
			return false;
		*table = fresh;
	}
	new_entry(f, *table, hit, noted, query);
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
	};
}

void findings_count(struct findings *f, struct findings_seat seat,
		    const struct findings_query *query)
{
	count_query(f, seat.finding, query);
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
	added = set_lists(f, &t, policy, generation) && add_entry(f, &t, hit, &noted, query);
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
