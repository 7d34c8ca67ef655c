/* SPDX-License-Identifier: BSD-2-Clause */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "feed/tables.h"

/* Of a table that is given back: new findings need room. */
#define KEPT_MAX (FINDINGS_TABLE_MAX / 4 * 3)
#define KEPT_NAMES_MAX (FINDINGS_NAMES_MAX / 4 * 3)

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

struct findings_table *findings_take_full(struct findings *f)
{
	return ring_take(&f->full);
}

size_t findings_waiting(const struct findings *f)
{
	return atomic_load_explicit(&f->full.tail, memory_order_acquire) -
	       atomic_load_explicit(&f->full.head, memory_order_relaxed);
}

struct findings_table *findings_take_current(struct findings *f)
{
	struct findings_table *t;

	if (!f->spare)
		return NULL;
	t = take_current(f);
	if (t->count > 0)
		return t;
	f->spare = t;
	return NULL;
}

/* Nothing of it is counted, but what is of the same second still is of the same spell.  Returns how
 * many were. */
static uint32_t set_back(struct findings_table *t)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < t->count; i++) {
		struct finding *e = &t->entries[i];

		used += e->count > 0;
		e->first_s = e->last_s;
		e->first_ms = e->spell_end_ms - FINDINGS_SPELL_MS;
		e->first_types = 0;
		e->types = (uint16_t)~e->spell_lacks;
		e->ways = (uint8_t)(~e->spell_lacks >> WAYS_SHIFT);
		e->count = 0;
		e->proven = 0;
		e->merged = 0;
	}
	return used;
}

static void empty(struct findings_table *t)
{
	t->count = 0;
	t->names_len = 0;
	t->generation = 0;
	memset(t->index, 0, sizeof(t->index));
}

void findings_give(struct findings *f, struct findings_table *table)
{
	bool is_kept = !f->spare && table->count <= KEPT_MAX && table->names_len <= KEPT_NAMES_MAX;

	if (!is_kept || set_back(table) == 0)
		empty(table);
	if (f->spare)
		ring_put(&f->empty, table);
	else
		f->spare = table;
}

static void note_types(uint32_t seen[FINDINGS_TYPE_MAX + 1])
{
	for (unsigned int type = 0; type <= FINDINGS_TYPE_MAX; type++)
		seen[type] = OTHER_SEEN | UDP_SEEN;
#define X(bit, type, mnemonic) seen[type] = 1U << (bit) | UDP_SEEN;
	FINDINGS_TYPES(X)
#undef X
}

static struct findings_table *new_table(void)
{
	struct findings_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->none.name = FINDINGS_NAMES_MAX;  /* behind all names */
	t->names[t->none.name] = UINT8_MAX; /* no label is so long, and so no name begins so */
	return t;
}

enum err findings_create(const struct hash_key *key, int wake_fd, struct findings **ret_findings)
{
	struct findings *f = calloc(1, sizeof(*f));

	if (!f)
		return ERR_NOMEM;
	f->key = *key;
	f->wake_fd = wake_fd;
	note_types(f->seen);
	for (size_t i = 0; i < TABLES; i++) {
		f->all[i] = new_table();
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
