/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All patterns of all lists, asked at once.
 *
 * Each pattern has fixed texts of which one is in every name that it matches.  Four octets of each
 * such text stand in a filter of a few KiB; a name is held against that first, at about a
 * nanosecond an octet, and nearly always nothing more has to be done.  Only patterns whose text the
 * name really has are tried.  Patterns without such text are tried on each name, so there may be
 * few.
 *
 * What a pattern's number means is the caller's.
 */
#ifndef PATTERN_PATTERNSET_H
#define PATTERN_PATTERNSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"
#include "pattern/pattern.h"

#define PATTERNSET_MAX 16384U	 /* patterns of all lists */
#define PATTERNSET_LOOSE_MAX 16U /* of these, without fixed text */

/* A pattern, and what the caller knows of it. */
struct patternset_entry {
	struct pattern *pattern;
	uint32_t class;
	uint32_t line;
	uint32_t data;
};

/* Patterns to make a set of; the caller's memory, zero-filled it is empty. */
struct patternset_draft {
	struct patternset_entry *entries;
	uint32_t count;
	uint32_t room;
	uint32_t loose; /* of `count` */
};

struct patternset;

/*
 * Adds an entry, of whose pattern the draft takes a reference of its own.
 * ERR_REFUSED: it is loose, and there are PATTERNSET_LOOSE_MAX such already.  ERR_RANGE: there are
 * PATTERNSET_MAX.  ERR_NOMEM.
 */
enum err patternset_add(struct patternset_draft *draft,
			const struct patternset_entry *entry) MUST_CHECK;

/* Takes out all but the first `count`. */
void patternset_truncate(struct patternset_draft *draft, uint32_t count);

/*
 * Makes a set of the draft, which is empty afterwards, and unchanged on failure.  Of a draft
 * without patterns NULL is made.  ERR_NOMEM.
 */
enum err patternset_freeze(struct patternset_draft *draft, struct patternset **ret_set) MUST_CHECK;

/* NULL is fine, for the others below as well. */
void patternset_free(struct patternset *set);

uint32_t patternset_count(const struct patternset *set);

/* `index` is below patternset_count. */
const struct patternset_entry *patternset_entry(const struct patternset *set, uint32_t index);

/* Told of each pattern that matches, once each, in no order. */
typedef void patternset_fn(void *arg, uint32_t index, bool undecided);

/*
 * Tells which patterns match a lower-case name.  One that goes back too often on it is told as
 * undecided.  A name costs at most some 2 million steps of matching, whatever the patterns.  No
 * allocation, no lock, any thread; takes some 90 KiB of stack where a pattern has to be tried.
 */
void patternset_find(const struct patternset *set, const struct name *name, patternset_fn *fn,
		     void *arg);

#endif
