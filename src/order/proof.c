/* SPDX-License-Identifier: BSD-2-Clause */
#include "order/proof.h"

#include <string.h>

#include "base/log.h"
#include "base/priority.h"
#include "explain/explain.h"

#define TOLD_MAX 3U

struct proof {
	struct minutes *minutes;
	const struct snapshot *snapshot;
	unsigned int list;
	uint32_t asked;
	uint32_t blocked;
};

/* Lists that an authority has ordered, or that hold against all others, and are in force. */
static bool is_proved(const struct snapshot *s, unsigned int list)
{
	const struct policy_list *l = &s->policy->lists[list];
	bool ordered = l->mandatory;

	for (size_t i = 0; i < s->conf->lists_count; i++)
		if (strcmp(s->conf->lists[i].name, l->name) == 0)
			ordered |= s->conf->lists[i].reason == REASON_ORDER;
	return ordered && action_blocks(l->action) && !policy_is_silent(s->policy, list);
}

/* A rule for what is below its owner is asked for by a name there, where one fits. */
static bool name_of(const struct domset_rule *rule, struct name *ret_name)
{
	static const uint8_t below[] = {5, 'p', 'r', 'o', 'o', 'f'};
	bool itself = rule->kind.scope & DOMSET_SCOPE_ITSELF;
	size_t before = itself ? 0 : sizeof(below);

	if (rule->owner.len + before > NAME_WIRE_MAX)
		return false;
	memcpy(ret_name->wire, below, before);
	memcpy(ret_name->wire + before, rule->owner.wire, rule->owner.len);
	ret_name->len = (uint8_t)(rule->owner.len + before);
	return true;
}

static void ask(struct proof *p, const struct domset_rule *rule)
{
	struct explain_question question = {.qtype = TYPE_A};
	char text[NAME_TEXT_MAX];
	struct explanation e;

	if (rule->kind.exception || !name_of(rule, &question.name) ||
	    explain(p->snapshot, &question, &e) != ERR_OK)
		return;
	p->asked++;
	if (strncmp(e.verdict, "blocked", strlen("blocked")) == 0) {
		p->blocked++;
		return;
	}
	if (p->asked - p->blocked <= TOLD_MAX)
		log_warning("list %s: NOT in force here: %s is answered: %s (%s)",
			    p->snapshot->policy->lists[p->list].name,
			    name_to_text(question.name.wire, text, sizeof(text)),
			    e.outcome == QUERY_FORWARD ? "what the upstreams say" : "otherwise",
			    e.verdict);
}

/* True for PROOF_NAMES_MAX of so many rules, spread over them; for all when there are no more. */
static bool is_sampled(uint32_t i, uint32_t rules)
{
	return rules <= PROOF_NAMES_MAX || (uint64_t)i * PROOF_NAMES_MAX % rules < PROOF_NAMES_MAX;
}

static void prove(struct proof *p)
{
	uint32_t rules = domset_count(p->snapshot->policy->set, p->list).rules;
	struct domset_iter iter;
	struct domset_rule rule;

	domset_iter_init_list(&iter, p->snapshot->policy->set, p->list);
	for (uint32_t i = 0; domset_iter_next(&iter, &rule) && rule.list == p->list; i++) {
		if (is_sampled(i, rules))
			ask(p, &rule);
		if (i % PROOF_NAMES_MAX == 0)
			priority_give_way();
	}
	if (p->asked == 0)
		return;
	minutes_proof(p->minutes, p->snapshot->policy->lists[p->list].name, p->asked, p->blocked);
	log_write(p->blocked == p->asked ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
		  "list %s: in force here: asked for, %u of %u names are blocked%s",
		  p->snapshot->policy->lists[p->list].name, p->blocked, p->asked,
		  rules > PROOF_NAMES_MAX ? " (a sample)" : "");
}

void proof_tell(const struct snapshot *snapshot, struct minutes *minutes)
{
	for (unsigned int i = 0; i < snapshot->policy->list_count; i++) {
		struct proof proof = {.minutes = minutes, .snapshot = snapshot, .list = i};

		if (is_proved(snapshot, i))
			prove(&proof);
	}
}
