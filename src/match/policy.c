/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/policy.h"

#include <stdio.h>
#include <stdlib.h>

static const enum ede_code reason_code[REASON_COUNT] = {
	[REASON_ORDER] = EDE_CENSORED,
	[REASON_OPERATOR] = EDE_BLOCKED,
	[REASON_REQUESTED] = EDE_FILTERED,
};

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

static struct verdict verdict_of(const struct policy *policy, const struct domset_hit *hit)
{
	return (struct verdict){
		.matched = true,
		.action = policy->lists[hit->list].action,
		.list = hit->list,
		.owner_labels = hit->owner_labels,
		.record = hit->record,
	};
}

/* Over TCP the list gives the true answer: as little a block as to pass. */
static bool is_tcp_only(const struct policy *policy, const struct domset_hit *hit)
{
	return policy->lists[hit->list].action == ACTION_TCP_ONLY;
}

/* One pass over the lists' strongest rules, which come in the order of the configuration. */
static struct verdict judge(const struct policy *policy, const struct domset_hits *hits,
			    bool mandatory_only)
{
	const struct domset_hit *first = NULL;
	const struct domset_hit *pass = NULL;
	const struct domset_hit *mandatory = NULL;

	for (uint32_t i = 0; i < hits->count; i++) {
		const struct domset_hit *hit = &hits->hit[i];
		const struct policy_list *list = &policy->lists[hit->list];

		if (hit->exception || (mandatory_only && !list->mandatory))
			continue;
		if (list->action == ACTION_PASS)
			pass = pass ? pass : hit;
		else
			first = first ? first : hit;
		if (list->mandatory && (!mandatory || is_tcp_only(policy, mandatory)))
			mandatory = hit;
	}
	if (mandatory && (pass || is_tcp_only(policy, first)))
		return verdict_of(policy, mandatory);
	if (pass || first)
		return verdict_of(policy, pass ? pass : first);
	return (struct verdict){.matched = false};
}

struct verdict policy_match(const struct policy *policy, const struct name *name,
			    const struct name_suffixes *suffixes, bool mandatory_only)
{
	struct domset_hits hits;

	domset_lookup(policy->set, name, suffixes, &hits);
	if (hits.count == 0)
		return (struct verdict){.matched = false};
	return judge(policy, &hits, mandatory_only);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	domset_free(policy->set);
	free(policy);
}
