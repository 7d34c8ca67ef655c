/* SPDX-License-Identifier: BSD-2-Clause */
/* What a load would change: names that would be blocked and are not, and the other way round. */
#ifndef LOAD_DIFFERENCE_H
#define LOAD_DIFFERENCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dns/name.h"
#include "match/policy.h"

#define DIFFERENCE_NAMES_MAX 20U /* that are told, of each side */

/* Owners of rules; all that lies below one counts as one. */
struct difference_side {
	uint64_t count;
	struct difference_name {
		struct name owner;
		bool below; /* of what lies below it alone */
		char list[POLICY_LIST_NAME_MAX];
	} first[DIFFERENCE_NAMES_MAX];
};

struct difference {
	struct difference_side blocked; /* by the later policy alone, and which of its lists */
	struct difference_side lifted;	/* by the earlier alone, likewise */
};

/*
 * Compares two policies, whose sets hash with the same key, as changes_find does.  Some
 * microseconds a rule of either; ends early when `cancelled` (NULL: never) is set.  Any thread.
 */
void difference_find(const struct policy *before, const struct policy *after,
		     const atomic_bool *cancelled, struct difference *ret_difference);

#endif
