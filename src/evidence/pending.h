/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings that wait to be written, of all workers merged: the batch.  It is kept until the store
 * has said that it is written, and has a bound.  One thread.
 */
#ifndef EVIDENCE_PENDING_H
#define EVIDENCE_PENDING_H

#include "feed/findings.h"

#define PENDING_MAX (128U * 1024)	     /* findings */
#define PENDING_NAMES_MAX (6U * 1024 * 1024) /* octets of their names */
#define PENDING_LISTS_MAX 192U		     /* names of lists, those of former loads among them */

struct pending {
	struct hash_key key;
	uint32_t count;
	uint32_t unwritten; /* those with something to be written */
	uint32_t names_len;
	uint32_t list_count;
	char lists[PENDING_LISTS_MAX][POLICY_LIST_NAME_MAX];
	uint32_t *index;	 /* 1 and up: an entry */
	struct finding *entries; /* `list` is an index of `lists` */
	uint8_t *names;
	uint32_t *order; /* of those with something to be written, by client, list, name and time */
	uint32_t steps;	 /* since queries that came meanwhile were let go first */
};

/* ERR_NOMEM. */
enum err pending_init(struct pending *pending, const struct hash_key *key) MUST_CHECK;
void pending_fini(struct pending *pending);

/* Adds a finding of a worker's table, whose client is written down as `client`.  False: there is no
 * room. */
bool pending_add(struct pending *pending, const struct findings_table *table,
		 const struct finding *finding, const struct ip *client);

/* Brings what is to be written into its order. */
void pending_sort(struct pending *pending);

/* All is written.  What was, is remembered without its counts until the next time, so that what
 * belongs to the same second is still known. */
void pending_written(struct pending *pending);

/* Forgets what is written but remembered still, and makes room so. */
void pending_forget(struct pending *pending);

static inline const uint8_t *pending_name(const struct pending *pending, const struct finding *e)
{
	return pending->names + e->name;
}

#endif
