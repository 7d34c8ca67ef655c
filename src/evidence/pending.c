/* SPDX-License-Identifier: BSD-2-Clause */
#include "evidence/pending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/priority.h"

#define INDEX (2U * PENDING_MAX)
#define STEPS_A_TURN 1024U /* a tenth of a millisecond's work */

/* No list can be called so. */

enum err pending_init(struct pending *p, const struct hash_key *key)
{
	*p = (struct pending){.key = *key};
	p->index = calloc(INDEX, sizeof(*p->index));
	p->entries = calloc(PENDING_MAX, sizeof(*p->entries));
	p->names = malloc(PENDING_NAMES_MAX);
	p->order = calloc(PENDING_MAX, sizeof(*p->order));
	p->puts = calloc(PENDING_MAX, sizeof(*p->puts));
	if (p->index && p->entries && p->names && p->order && p->puts)
		return ERR_OK;
	pending_fini(p);
	return ERR_NOMEM;
}

void pending_fini(struct pending *p)
{
	free(p->index);
	free(p->entries);
	free(p->names);
	free(p->order);
	free(p->puts);
	*p = (struct pending){.count = 0};
}

/* The number of the list; PENDING_LISTS_MAX: there is no room. */
static uint32_t list_number(struct pending *p, const struct findings_table *t, uint16_t list)
{
	const char *name = list == FINDINGS_UPSTREAM ? FINDINGS_UPSTREAM_NAME : t->lists[list];

	for (uint32_t i = 0; i < p->list_count; i++)
		if (strcmp(p->lists[i], name) == 0)
			return i;
	if (p->list_count < PENDING_LISTS_MAX)
		snprintf(p->lists[p->list_count++], POLICY_LIST_NAME_MAX, "%s", name);
	else
		return PENDING_LISTS_MAX;
	return p->list_count - 1;
}

/* Of its name and of the note behind that: what has another note stands apart. */
static size_t octets_of(const struct finding *f)
{
	return (size_t)f->name_len + f->note_len;
}

static uint64_t hash_of(const struct pending *p, const struct finding *f, const uint8_t *name)
{
	struct {
		uint64_t name;
		struct ip client;
		uint16_t list;
		uint8_t zero[6];
	} key; /* the name with its note */

	memset(&key, 0, sizeof(key));
	key.client = f->client;
	key.list = f->list;
	key.name = hash_siphash24(&p->key, name, octets_of(f));
	return hash_siphash24(&p->key, &key, sizeof(key));
}

static bool is_same(const struct pending *p, const struct finding *e, const struct finding *f,
		    const uint8_t *name)
{
	return e->hash == f->hash && e->list == f->list && e->name_len == f->name_len &&
	       e->note_len == f->note_len &&
	       memcmp(&e->client, &f->client, sizeof(e->client)) == 0 &&
	       memcmp(p->names + e->name, name, octets_of(e)) == 0;
}

static uint32_t *place_of(const struct pending *p, const struct finding *f, const uint8_t *name)
{
	uint32_t i = (uint32_t)f->hash & (INDEX - 1);

	while (p->index[i] && !is_same(p, &p->entries[p->index[i] - 1], f, name))
		i = (i + 1) & (INDEX - 1);
	return &p->index[i];
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* How many of the types that `f` begins with belong to a second that `e` has counted. */
static unsigned int counted_before(const struct finding *e, const struct finding *f)
{
	if (distance(e->spell_end_ms, f->first_ms + FINDINGS_SPELL_MS) >= FINDINGS_SPELL_MS)
		return 0;
	return (unsigned int)__builtin_popcount(~e->spell_lacks & f->first_types);
}

/* A second ends for what comes in tables and batches of less than one, too: it does not begin anew
 * with each of them. */
static void take_spell(struct finding *e, const struct finding *f)
{
	if (f->spell_end_ms >= e->spell_end_ms + FINDINGS_SPELL_MS) {
		e->spell_end_ms = f->spell_end_ms;
		e->spell_lacks = UINT32_MAX;
	}
	if (distance(e->spell_end_ms, f->spell_end_ms) < FINDINGS_SPELL_MS)
		e->spell_lacks &= f->spell_lacks;
}

static void merge(struct finding *e, const struct finding *f)
{
	e->merged += f->merged - counted_before(e, f);
	take_spell(e, f);
	e->ways |= f->ways;
	e->types |= f->types;
	e->owner_labels = f->owner_labels;
	e->first_s = f->first_s < e->first_s || e->count == 0 ? f->first_s : e->first_s;
	e->last_s = f->last_s > e->last_s ? f->last_s : e->last_s;
	e->count += f->count;
	e->proven += f->proven;
}

static bool has_room(const struct pending *p, size_t octets)
{
	return p->count < PENDING_MAX && p->names_len + octets <= PENDING_NAMES_MAX;
}

bool pending_add(struct pending *p, const struct findings_table *table,
		 const struct finding *finding, const struct ip *client)
{
	const uint8_t *name = table->names + finding->name;
	uint32_t list = list_number(p, table, finding->list);
	struct finding f = *finding;
	uint32_t *place;

	f.client = *client;
	f.list = (uint16_t)list;
	f.hash = hash_of(p, &f, name);
	if (list == PENDING_LISTS_MAX)
		return false;
	place = place_of(p, &f, name);
	if (*place) {
		struct finding *e = &p->entries[*place - 1];

		p->unwritten += e->count == 0;
		merge(e, &f);
		return true;
	}
	if (!has_room(p, octets_of(&f)))
		return false;
	memcpy(p->names + p->names_len, name, octets_of(&f));
	f.name = p->names_len;
	p->names_len += (uint32_t)octets_of(&f);
	p->entries[p->count++] = f;
	*place = p->count;
	p->unwritten++;
	return true;
}

/* After each step of what goes over all entries: queries that came meanwhile go first. */
static void step(struct pending *p)
{
	if (++p->steps % STEPS_A_TURN == 0 && !p->hurried)
		priority_give_way();
}

static int compare(const void *a, const void *b, void *arg)
{
	struct pending *p = arg;
	const struct finding *x = &p->entries[*(const uint32_t *)a];
	const struct finding *y = &p->entries[*(const uint32_t *)b];
	int order = memcmp(&x->client, &y->client, sizeof(x->client));

	step(p);
	if (order == 0)
		order = (x->list > y->list) - (x->list < y->list);
	if (order == 0)
		order = memcmp(p->names + x->name, p->names + y->name,
			       x->name_len < y->name_len ? x->name_len : y->name_len);
	/* the note that is written last is the one that is kept */
	if (order == 0)
		order = (x->last_s > y->last_s) - (x->last_s < y->last_s);
	return order;
}

/* Nothing is put, or what was put has failed. */
static void forget_puts(struct pending *p)
{
	memset(p->puts, 0, p->count * sizeof(*p->puts));
	p->batch = 0;
}

void pending_sort(struct pending *p)
{
	forget_puts(p);
	for (uint32_t i = 0; i < p->count; i++)
		if (p->entries[i].count > 0)
			p->order[p->batch++] = i;
	qsort_r(p->order, p->batch, sizeof(*p->order), compare, p);
}

const struct finding *pending_next(struct pending *p, uint32_t i)
{
	const struct finding *e = &p->entries[p->order[i]];

	p->puts[p->order[i]] = (struct pending_put){e->count, e->proven, e->merged};
	return e;
}

/* Moves entry `from` to the end of what is kept; names lie in the order of their entries. */
static struct finding *keep_entry(struct pending *p, uint32_t from)
{
	struct finding e = p->entries[from];
	const uint8_t *name = p->names + e.name;

	memmove(p->names + p->names_len, name, octets_of(&e));
	e.name = p->names_len;
	p->names_len += (uint32_t)octets_of(&e);
	p->entries[p->count++] = e;
	*place_of(p, &e, p->names + e.name) = p->count;
	return &p->entries[p->count - 1];
}

/* What was put is no longer to be written. */
static void take_off(struct finding *e, const struct pending_put *put)
{
	e->count -= put->count;
	e->proven -= put->proven;
	e->merged -= put->merged;
	if (e->count > 0)
		return;
	e->types = 0;
	e->ways = 0;
}

/* Leaves out what has nothing to be written.  What was put is forgotten with its places, which
 * others take: of those that come while a batch is written, nothing is put. */
static void compact(struct pending *p)
{
	uint32_t count = p->count;

	memset(p->index, 0, INDEX * sizeof(*p->index));
	p->count = 0;
	p->unwritten = 0;
	p->batch = 0;
	p->names_len = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (p->entries[i].count > 0) {
			struct finding *e = keep_entry(p, i);

			take_off(e, &p->puts[i]);
			p->unwritten += e->count > 0;
		}
		p->puts[i] = (struct pending_put){.count = 0};
		step(p);
	}
	if (p->count == 0)
		p->list_count = 0;
}

void pending_written(struct pending *p)
{
	compact(p);
}

void pending_forget(struct pending *p)
{
	forget_puts(p);
	compact(p);
}
