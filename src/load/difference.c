/* SPDX-License-Identifier: BSD-2-Clause */
#include "load/difference.h"

#include <sched.h>
#include <string.h>

#define TURN 4096U /* rules between two looks whether others want to go on */

/* A name that the rule covers: its owner or, where that is not covered, one below it.  False: there
 * is no room for one. */
static bool covered(const struct domset_rule *rule, struct name *ret_name)
{
	static const uint8_t label[] = {1, '_'};

	*ret_name = rule->owner;
	if (rule->kind.scope & DOMSET_SCOPE_ITSELF)
		return true;
	if (rule->owner.len + sizeof(label) > NAME_WIRE_MAX)
		return false;
	memcpy(ret_name->wire, label, sizeof(label));
	memcpy(ret_name->wire + sizeof(label), rule->owner.wire, rule->owner.len);
	ret_name->len = (uint8_t)(rule->owner.len + sizeof(label));
	return true;
}

static bool blocks(const struct verdict *v)
{
	return v->matched && action_blocks(v->action);
}

static void add(struct difference_side *side, const struct domset_rule *rule, const char *list)
{
	struct difference_name *place;

	if (side->count++ >= DIFFERENCE_NAMES_MAX)
		return;
	place = &side->first[side->count - 1];
	place->owner = rule->owner;
	place->below = rule->kind.scope == DOMSET_SCOPE_BELOW;
	memcpy(place->list, list, sizeof(place->list));
}

/* Of the rules that decide in `with`, each once, those whose names `without` does not block. */
static void find_side(const struct policy *with, const struct policy *without,
		      const atomic_bool *cancelled, struct difference_side *side)
{
	struct name_suffixes suffixes;
	struct domset_iter iter;
	struct domset_rule rule;
	struct name name;

	domset_iter_init(&iter, with->set);
	for (unsigned int i = 1; domset_iter_next(&iter, &rule); i++) {
		struct verdict a;
		struct verdict b;

		if (i % TURN == 0 && cancelled && *cancelled)
			return;
		if (i % TURN == 0)
			sched_yield();
		if (rule.kind.exception || !covered(&rule, &name))
			continue;
		name_hash_suffixes(domset_key(with->set), &name, &suffixes);
		a = policy_match(with, &name, &suffixes, 0, POLICY_NO_LEAVE);
		if (!blocks(&a) || a.list >= POLICY_LISTS_MAX || a.record != iter.record)
			continue;
		b = policy_match(without, &name, &suffixes, 0, POLICY_NO_LEAVE);
		if (!blocks(&b))
			add(side, &rule, with->lists[a.list].name);
	}
}

void difference_find(const struct policy *before, const struct policy *after,
		     const atomic_bool *cancelled, struct difference *ret_difference)
{
	ret_difference->blocked.count = 0;
	ret_difference->lifted.count = 0;
	find_side(after, before, cancelled, &ret_difference->blocked);
	find_side(before, after, cancelled, &ret_difference->lifted);
}
