/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/difference.h"

#include <string.h>

#include "match/changes.h"

struct comparison {
	const struct policy *before;
	const struct policy *after;
	struct difference *difference;
};

/* Of names: name servers and patterns have no place in what is told. */
static void add(void *arg, const struct change *change)
{
	const struct comparison *c = arg;
	bool lifted = change->kind == CHANGE_LIFTED;
	struct difference_side *side = lifted ? &c->difference->lifted : &c->difference->blocked;
	unsigned int list = lifted ? change->before.list : change->after.list;
	struct difference_name *place;

	if (change->kind == CHANGE_ACTION || change->server || change->pattern ||
	    list >= POLICY_LISTS_MAX || side->count++ >= DIFFERENCE_NAMES_MAX)
		return;
	place = &side->first[side->count - 1];
	place->owner = change->owner;
	place->below = change->scope == DOMSET_SCOPE_BELOW;
	memcpy(place->list, (lifted ? c->before : c->after)->lists[list].name, sizeof(place->list));
}

void difference_find(const struct policy *before, const struct policy *after,
		     const atomic_bool *cancelled, struct difference *ret_difference)
{
	struct comparison c = {before, after, ret_difference};

	ret_difference->blocked.count = 0;
	ret_difference->lifted.count = 0;
	changes_find(before, after, cancelled, add, &c);
}
