/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one policy does otherwise than another: names, name servers and patterns, found without
 * memory of their own.
 */
#ifndef MATCH_CHANGES_H
#define MATCH_CHANGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dns/name.h"
#include "match/policy.h"

enum change_kind {
	CHANGE_BLOCKED, /* what was answered truly is blocked */
	CHANGE_LIFTED,	/* what was blocked is answered truly */
	CHANGE_ACTION,	/* it is answered in another way: action, addresses or records */
	CHANGE_COUNT,
};

/* One change: of the owner of a rule, of all below it, or of a pattern. */
struct change {
	enum change_kind kind;
	enum domset_scope scope; /* of the owner */
	bool server;		 /* it is a name server, whose zones are meant */
	struct name owner;
	const struct pattern *pattern; /* of one of the two policies; NULL: it is an owner */
	struct verdict before;	       /* of a pattern the list and the action of its rule alone */
	struct verdict after;
};

typedef void change_fn(void *arg, const struct change *change);

/*
 * Calls `fn` for each change from `before` to `after`, whose sets hash with the same key: for a
 * client in no group, asking for the name itself.  Between two owners of rules all names are
 * treated alike, so owners are asked for, and what lies below them; each is told once, but where a
 * policy has patterns perhaps once for each list that has it.  A rule for some types of questions
 * is asked for A, AAAA and a few others, of which the first change is told.
 *
 * A pattern, whose names cannot be told one by one, is held against those of the other policy by
 * its text: one that blocks has gone or come, or an exception has.
 *
 * Some microseconds a rule.  Ends early when `cancelled` (NULL: never) is set.  Any thread.
 */
void changes_find(const struct policy *before, const struct policy *after,
		  const atomic_bool *cancelled, change_fn *fn, void *arg);

#endif
