/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy while it is made, followed by another one, and freed. */
#include "match/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

#define REBINDING_TTL_S 60U

#define REASON_CODES(X)                                                                            \
	X(REASON_ORDER, EDE_CENSORED)                                                              \
	X(REASON_OPERATOR, EDE_BLOCKED)                                                            \
	X(REASON_REQUESTED, EDE_FILTERED)

static const enum ede_code reason_code[] = {REASON_CODES(TABLE_ROW)};
TABLE_COMPLETE(REASON_CODES, REASON_COUNT);

void policy_list_describe(struct policy_list *list, enum reason reason, const char *case_number)
{
	char text[2 * EDE_TEXT_MAX];

	if (*case_number)
		snprintf(text, sizeof(text), "%s; case %s", list->name, case_number);
	else
		snprintf(text, sizeof(text), "%s", list->name);
	edes_set(&list->forged, EDE_FORGED_ANSWER, text);
	edes_set(&list->denied, reason_code[reason], text);
	edes_copy(&list->structured, &list->denied);
}

bool policy_list_describe_json(struct policy_list *list, enum reason reason, const char *json,
			       size_t len)
{
	return edes_set_whole(&list->structured, reason_code[reason], json, len);
}

void policy_describe_rebinding(struct policy *policy)
{
	struct policy_list *list = &policy->lists[POLICY_REBINDING];

	*list = (struct policy_list){
		.name = "rebinding", .action = ACTION_NODATA, .ttl_s = REBINDING_TTL_S};
	edes_set(&list->denied, EDE_BLOCKED,
		 "rebinding: the name has an address of a private network");
	edes_copy(&list->structured, &list->denied);
}

static bool may_log(const struct policy_list *list)
{
	return list->action == ACTION_LOG || list->term.action == ACTION_LOG ||
	       (list->term.expires_s > 0 && list->term.lapse == LAPSE_LOG);
}

size_t policy_give_bits(struct policy *policy)
{
	unsigned int given = 0;
	size_t without = 0;

	for (unsigned int i = 0; i < policy->list_count; i++)
		policy->lists[i].bit = 0;
	for (unsigned int turn = 0; turn < 2; turn++) {
		for (unsigned int i = 0; i < policy->list_count; i++) {
			struct policy_list *list = &policy->lists[i];

			if (may_log(list) != (turn == 0) ||
			    (turn == 1 && !domset_has_exceptions(policy->set, i)))
				continue;
			without += given == POLICY_BITS_MAX;
			if (given == POLICY_BITS_MAX)
				continue;
			list->bit = 1ULL << given;
			policy->bit_list[given++] = (uint16_t)i;
		}
	}
	return without;
}

void policy_manual_free(struct policy_manual *manual)
{
	if (!manual)
		return;
	domset_free(manual->set);
	free(manual);
}

void policy_set_manual(struct policy *policy, struct policy_manual *manual)
{
	policy_manual_free(policy->manual);
	policy->manual = manual;
}

static bool is_off_somewhere(const struct policy_views *views, unsigned int place)
{
	for (size_t i = 0; views && i < views->count; i++)
		if (views->view[i].off[place / 64] >> place % 64 & 1)
			return true;
	return false;
}

void policy_set_views(struct policy *policy, struct policy_views *views)
{
	free(policy->views);
	policy->views = views;
	policy->sinkholes = false;
	for (size_t i = 0; views && i < views->count; i++)
		policy->sinkholes |= views->view[i].sinkhole;
	for (unsigned int i = policy_first_place(policy); i < POLICY_PLACES;
	     i = policy_next_place(policy, i))
		policy->lists[i].parted = is_off_somewhere(views, i);
}

enum err policy_follow(const struct policy *policy, struct policy_manual *manual,
		       struct policy **ret_policy)
{
	struct policy *next = calloc(1, sizeof(*next));

	if (!next)
		return ERR_NOMEM;
	/* of the places, which take megabytes, those that are filled */
	memcpy(next, policy, offsetof(struct policy, lists));
	for (unsigned int i = policy_first_place(policy); i < POLICY_PLACES;
	     i = policy_next_place(policy, i))
		next->lists[i] = policy->lists[i];
	next->lists[POLICY_REBINDING] = policy->lists[POLICY_REBINDING];
	next->manual = manual;
	next->views = NULL;
	*ret_policy = next;
	return ERR_OK;
}

void policy_free_former(struct policy *policy)
{
	policy_manual_free(policy->manual);
	free(policy->views);
	free(policy);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	domset_free(policy->set);
	domset_free(policy->servers);
	for (unsigned int i = 0; i < TRIGGER_COUNT; i++)
		addrset_free(policy->prefixes[i]);
	localdata_free(policy->data);
	policy_free_former(policy);
}
