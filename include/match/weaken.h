/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether one policy blocks less than another: the names that a list blocks now, held one by one
 * against what would come in its place, and its addresses, range by range.
 */
#ifndef MATCH_WEAKEN_H
#define MATCH_WEAKEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dns/name.h"
#include "match/policy.h"

#define WEAKEN_NAMES_MAX 10U /* names that are told */

/* An owner of a rule, for itself or for all that is below it, or a pattern. */
struct weakened_name {
	struct name owner;
	const struct pattern *pattern; /* of one of the two policies; NULL: it is an owner */
	bool below;		       /* the owner itself is as it was: "*.owner" */
	bool server;		       /* it is a name server, whose zones are meant */
	bool led;		       /* what it leads to is meant, not the name itself */
};

/* Addresses of one family, from the first to the last: of answers, of clients, or of servers. */
struct weakened_range {
	enum trigger trigger;
	struct ip first;
	struct ip last;
};

struct weakening {
	uint64_t count; /* such names, all that lie below one counted as one */
	struct weakened_name names[WEAKEN_NAMES_MAX]; /* the first of them, in the lists' order */
	uint64_t range_count; /* ranges of such addresses, those side by side counted as one */
	struct weakened_range ranges[WEAKEN_NAMES_MAX]; /* the first of them, IPv4's first */
};

/*
 * Which names, addresses, clients and name servers list `list` of `before` blocks that no mandatory
 * list of `after` would block: every name there is, not only those of rules.  A list whose action
 * does not block has none.  The sets of both hash with the same key.
 *
 * Of all names only those need be asked that are the owner of a rule of the list, or of an
 * exception of `after`, or are below one and below no other: between two owners all names are
 * treated alike, and a further block lifts nothing.
 *
 * What a name leads to (a CNAME's target, an address) is not judged by a list with an exception for
 * the name.  So an exception that is new counts too, whatever its name: of the list of the same
 * name in `after`, and of all that are mandatory where those are to block what this one does not.
 *
 * Which names a pattern matches cannot be told one by one.  So a pattern that blocks has to be
 * there as well, in the same words, and an exception that is one must have been there: each other
 * one counts as a name that would be lifted.  What lies below a name is not blocked by a pattern,
 * and where an important rule becomes another one, exceptions that are patterns lift of it.
 *
 * Names whose owner is one of `over` (NULL: there are none), for itself, may be lifted: their time
 * is over.
 *
 * A few hundred nanoseconds a rule, no memory.  Gives way to others now and then, and ends early
 * when `cancelled` (NULL: never) is set.  Any thread.
 */
void weaken_compare(const struct policy *before, unsigned int list, const struct policy *after,
		    const struct domset *over, const atomic_bool *cancelled,
		    struct weakening *ret_weakening);

/*
 * The ranges of addresses (of answers, clients and servers) that some list of `before` blocks and
 * none of `after` does; that another rule lets part of one pass is not weighed.  Of the result only
 * the ranges are set.  Any thread.
 */
void weaken_find_ranges(const struct policy *before, const struct policy *after,
			struct weakening *ret_weakening);

#endif
