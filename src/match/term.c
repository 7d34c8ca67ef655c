/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/term.h"

#include <string.h>

static bool has_term(const struct policy_term *term)
{
	return term->valid_from_s > 0 || term->expires_s > 0;
}

static bool begins(const struct policy_term *term, uint64_t now_s)
{
	return term->begun || now_s >= term->valid_from_s;
}

static bool lapses(const struct policy_term *term, uint64_t now_s)
{
	return term->expires_s > 0 && now_s >= term->expires_s;
}

enum term_state term_state(const struct policy_list *list)
{
	static const enum term_state lapsed[LAPSE_COUNT] = {
		[LAPSE_KEEP] = TERM_KEPT,
		[LAPSE_LOG] = TERM_LOGS,
		[LAPSE_LIFT] = TERM_LIFTED,
	};

	if (!has_term(&list->term))
		return TERM_NONE;
	if (list->term.lapsed)
		return lapsed[list->term.lapse];
	return list->term.begun ? TERM_HOLDS : TERM_WAITS;
}

void term_apply(struct policy *policy, uint64_t now_s)
{
	for (unsigned int i = 0; i < policy->list_count; i++) {
		struct policy_list *list = &policy->lists[i];
		enum term_state state;

		list->silent = false;
		if (!has_term(&list->term))
			continue;
		list->term.begun = begins(&list->term, now_s);
		list->term.lapsed = lapses(&list->term, now_s);
		state = term_state(list);
		list->action = state == TERM_LOGS ? ACTION_LOG : list->term.action;
		list->silent = state == TERM_WAITS || state == TERM_LIFTED;
	}
}

bool term_is_due(const struct policy *policy, uint64_t now_s)
{
	for (unsigned int i = 0; i < policy->list_count; i++) {
		const struct policy_term *term = &policy->lists[i].term;

		if (has_term(term) &&
		    (begins(term, now_s) != term->begun || lapses(term, now_s) != term->lapsed))
			return true;
	}
	return false;
}

bool term_is_over(const struct policy_list *list, uint64_t now_s)
{
	return list->term.lapse == LAPSE_LIFT && lapses(&list->term, now_s);
}

enum term_state term_state_before(const struct policy *before, const struct policy_list *list)
{
	for (size_t i = 0; before && i < before->list_count; i++)
		if (strcmp(before->lists[i].name, list->name) == 0)
			return term_state(&before->lists[i]);
	return TERM_NONE;
}

bool term_lapses_soon(const struct policy_list *list, uint64_t now_s)
{
	const struct policy_term *term = &list->term;

	return term->expires_s > now_s && term->expires_s - now_s <= term->warning_s;
}
