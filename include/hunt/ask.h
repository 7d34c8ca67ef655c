/* SPDX-License-Identifier: BSD-2-Clause */
/* The stores of hunts asked, and erased from, by whoever has their folder; the daemon may be
 * writing meanwhile. */
#ifndef HUNT_ASK_H
#define HUNT_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"
#include "hunt/found.h"

/* Where to look. */
struct hunt_question {
	const char *state; /* the state directory */
	uint64_t since_s;  /* Unix time: askers since then */
	uint64_t until_ms; /* monotonic: no longer than that */
};

/* What was looked at. */
struct hunt_seen {
	uint64_t days;
	uint64_t broken;     /* of these, whose stores could not be read: the log says why */
	bool whole;	     /* there were none, there was time for all, and `fn` wanted all */
	double false_a_name; /* at most so probably somebody seems to have asked who has not */
};

/* Calls `fn` for each client and day that asked for `name`, or for a name below it, the last day
 * first; the row has no list.  ERR_SYS, ERR_SYNTAX: the key cannot be read. */
enum err hunt_ask_name(const struct hunt_question *question, const struct name *name,
		       found_row_fn *fn, void *arg, struct hunt_seen *ret_seen,
		       struct err_text *text) MUST_CHECK;

/* Calls `fn` for what was found of names of a list when it came to have them.  ERR_SYS,
 * ERR_SYNTAX, ERR_REFUSED: the store cannot be read. */
enum err hunt_ask_list(const struct hunt_question *question, const char *list, found_row_fn *fn,
		       void *arg, struct err_text *text) MUST_CHECK;

/* Overwrites all that is stored of an address or a prefix, as it is written in the stores.
 * ERR_SYS, ERR_SYNTAX, ERR_REFUSED: not all of it. */
enum err hunt_erase(const char *state, const char *subject, uint64_t *ret_rows,
		    struct err_text *text) MUST_CHECK;

#endif
