/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's tables of findings, and how they go from it to the reader and back.
 *
 *   findings.c       the worker: a query is counted
 *   findings_take.c  the reader: tables are taken and given back; made and freed
 */
#ifndef FEED_TABLES_H
#define FEED_TABLES_H

#include <stdatomic.h>
#include <stdint.h>

#include "feed/findings.h"

/* Of a worker: one that is filled, one to take its place, and those full or empty. */
#define TABLES 4U
#define RING TABLES
#define WAYS_SHIFT 16U /* of a spell: below are its types */

_Static_assert((RING & (RING - 1)) == 0, "places of a ring are found by a mask");

#define OTHER_SEEN (1U << FINDINGS_TYPE_OTHER)
#define UDP_SEEN (1U << (WAYS_SHIFT + FINDINGS_WAY_UDP))

/* Tables on their way from one thread to one other, in order.  There is room for all. */
struct ring {
	_Atomic uint32_t head; /* the next to be taken */
	_Atomic uint32_t tail; /* the next place to be filled */
	struct findings_table *tables[RING];
};

struct findings {
	/* NULL while the worker counts into it: the reader waits for that, and never the worker */
	_Atomic(struct findings_table *) current;
	struct hash_key key;
	uint32_t seen[FINDINGS_TYPE_MAX + 1]; /* by type, what a query over UDP is in a spell */
	int wake_fd;
	struct ring full;
	struct ring empty;
	struct findings_table *spare; /* the reader's, to take the place of the current one */
	struct findings_table *all[TABLES];
};

static inline void ring_put(struct ring *r, struct findings_table *table)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	r->tables[tail % RING] = table;
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
}

static inline struct findings_table *ring_take(struct ring *r)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	struct findings_table *table;

	if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
		return NULL;
	table = r->tables[head % RING];
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return table;
}

#endif
