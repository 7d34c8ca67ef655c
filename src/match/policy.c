/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"

#define REASON_CODES(X)                                                                            \
	X(REASON_ORDER, EDE_CENSORED)                                                              \
	X(REASON_OPERATOR, EDE_BLOCKED)                                                            \
	X(REASON_REQUESTED, EDE_FILTERED)

static const enum ede_code reason_code[] = {REASON_CODES(TABLE_ROW)};
TABLE_COMPLETE(REASON_CODES, REASON_COUNT);

void policy_list_describe(struct policy_list *list, enum reason reason, const char *case_number)
{
	char text[2 * EDNS_EDE_MAX];

	if (*case_number)
		snprintf(text, sizeof(text), "%s; case %s", list->name, case_number);
	else
		snprintf(text, sizeof(text), "%s", list->name);
	ede_set(&list->forged, EDE_FORGED_ANSWER, text);
	ede_set(&list->denied, reason_code[reason], text);
}

_Static_assert(POLICY_LISTS_MAX <= 64, "a bit for each list");

static bool is_excepted(uint64_t lists, uint8_t list)
{
	return lists >> list & 1U;
}

/* A rule may say itself what is answered. */
static enum action action_of(const struct policy *policy, const struct domset_hit *hit)
{
	static const enum action actions[DOMSET_ANSWER_COUNT] = {
		[DOMSET_ANSWER_NXDOMAIN] = ACTION_NXDOMAIN,
		[DOMSET_ANSWER_NODATA] = ACTION_NODATA,
		[DOMSET_ANSWER_REFUSED] = ACTION_REFUSED,
		[DOMSET_ANSWER_DROP] = ACTION_DROP,
	};

	return hit->answer ? actions[hit->answer] : policy->lists[hit->list].action;
}

static struct verdict verdict_of(const struct policy *policy, const struct domset_hit *hit,
				 uint64_t excepted)
{
	return (struct verdict){
		.matched = true,
		.action = action_of(policy, hit),
		.list = hit->list,
		.owner_labels = hit->owner_labels,
		.below_only = hit->scope == DOMSET_SCOPE_BELOW,
		.record = hit->record,
		.excepted = excepted,
	};
}

/* One pass over the lists' strongest rules, which come in the order of the configuration. */
static struct verdict judge(const struct policy *policy, const struct domset_hits *hits,
			    struct policy_leave leave)
{
	const struct domset_hit *first = NULL;
	const struct domset_hit *pass = NULL;
	uint64_t excepted = 0;

	for (uint32_t i = 0; i < hits->count; i++) {
		const struct domset_hit *hit = &hits->hit[i];
		const struct policy_list *list = &policy->lists[hit->list];

		if (hit->exception)
			excepted |= (uint64_t)(list->action != ACTION_PASS) << hit->list;
		if (hit->exception || is_excepted(leave.excepted, hit->list) ||
		    (leave.passed && !list->mandatory))
			continue;
		if (list->mandatory && action_blocks(list->action))
			return verdict_of(policy, hit, excepted);
		if (list->action == ACTION_PASS)
			pass = pass ? pass : hit;
		else
			first = first ? first : hit;
	}
	if (pass || first)
		return verdict_of(policy, pass ? pass : first, excepted);
	return (struct verdict){.matched = false, .excepted = excepted};
}

/* Each query comes by here: the look-up is to be a part of it, whoever else calls that. */
__attribute__((flatten)) struct verdict policy_match(const struct policy *policy,
						     const struct name *name,
						     const struct name_suffixes *suffixes,
						     struct policy_leave leave)
{
	struct domset_hits hits;

	domset_lookup(policy->set, name, suffixes, &hits);
	if (hits.count == 0)
		return (struct verdict){.matched = false};
	return judge(policy, &hits, leave);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	domset_free(policy->set);
	free(policy);
}
