/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings that wait to be written, of all workers merged.  They are kept until the store has said
 * that they are written, and have a bound.  Others come while a batch of them is written: what was
 * put into the store is known by its counts, and what came behind that goes with the next.  One
 * thread.
 */
#ifndef EVIDENCE_PENDING_H
#define EVIDENCE_PENDING_H

#include "feed/findings.h"

#define PENDING_MAX (128U * 1024)	     /* findings */
#define PENDING_NAMES_MAX (6U * 1024 * 1024) /* octets of their names */
#define PENDING_LISTS_MAX 192U		     /* names of lists, those of former loads among them */

/* What was put of a finding, in the batch that is written. */
struct pending_put {
	uint64_t count;
	uint64_t proven;
	uint64_t merged;
};

struct pending {
	struct hash_key key;
	uint32_t count;
	uint32_t unwritten; /* those with something to be written */
	uint32_t batch;	    /* those of them that the last order has */
	uint32_t names_len;
	uint32_t list_count;
	char lists[PENDING_LISTS_MAX][POLICY_LIST_NAME_MAX];
	uint32_t *index;	 /* 1 and up: an entry */
	struct finding *entries; /* `list` is an index of `lists` */
	uint8_t *names;
	struct pending_put *puts; /* by entry */
	uint32_t *order; /* of those with something to be written, by client, list, name and time */
	uint32_t steps;	 /* of what goes over all entries */
	bool hurried;	 /* workers fill tables faster than they are taken: nobody goes first */
};

/* ERR_NOMEM. */
enum err pending_init(struct pending *pending, const struct hash_key *key) MUST_CHECK;
void pending_fini(struct pending *pending);

/* Adds a finding of a worker's table, whose client is written down as `client`.  False: there is no
 * room. */
bool pending_add(struct pending *pending, const struct findings_table *table,
		 const struct finding *finding, const struct ip *client);

/* Brings what is to be written into its order, as a batch of which nothing is put yet. */
void pending_sort(struct pending *pending);

/* The `i`-th of the batch, to be put into the store as it is now.  What is added to it until
 * pending_written is not of the batch. */
const struct finding *pending_next(struct pending *pending, uint32_t i);

/* What was put of it. */
static inline const struct pending_put *pending_put(const struct pending *pending, uint32_t i)
{
	return &pending->puts[pending->order[i]];
}

/* All that was put is written.  It is remembered without its counts until the next time, so that
 * what belongs to the same second is still known. */
void pending_written(struct pending *pending);

/* Forgets what is written but remembered still, and makes room so. */
void pending_forget(struct pending *pending);

static inline const uint8_t *pending_name(const struct pending *pending, const struct finding *e)
{
	return pending->names + e->name;
}

#endif
