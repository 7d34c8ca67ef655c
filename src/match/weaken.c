/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/weaken.h"

#include <string.h>

#include "base/priority.h"
#include "match/weakened.h"

#define BATCH 32U
#define RULES_A_TURN 1024U /* some quarter of a millisecond's work */

/* A name to ask both policies for. */
struct probe {
	struct name name;
	struct name_suffixes suffixes;
	bool below; /* what lies below the name is meant, and below no other owner */
};

struct comparison {
	const struct policy *before;
	unsigned int list;
	const struct policy *after;
	unsigned int heir; /* the list of its name, if that is enforced; else POLICY_PLACES */
	bool leans;	   /* something that the list blocks is left to others than its heir */
	const struct domset *old;  /* of the two policies: names, or name servers */
	const struct domset *new;  /* NULL: there is none */
	uint32_t types;		   /* one of each kind that the rules of both tell apart */
	const struct domset *over; /* names whose time is over; NULL: there are none */
	const atomic_bool *cancelled;
	bool of_after;	     /* the rules walked are exceptions of `after` */
	bool led;	     /* and it is asked for what their names lead to */
	unsigned int walked; /* whose rules they are */
	uint32_t rules;
	uint32_t waiting;
	struct probe probes[BATCH];
	struct name told; /* the owner that was counted last */
	struct weakening *weakening;
};

static bool is_enforced(const struct policy *policy, const struct domset_hit *hit)
{
	return policy_is_enforced(policy, hit->list) && policy_hit_blocks(policy, hit);
}

static void look_up(const struct domset *set, const struct probe *probe, uint32_t type,
		    struct domset_hits *hits)
{
	if (probe->below)
		domset_lookup_below(set, &probe->name, &probe->suffixes, type, hits);
	else
		domset_lookup(set, &probe->name, &probe->suffixes, type, hits);
}

static bool has_pattern_exceptions(const struct domset *set, unsigned int list)
{
	struct domset_rule rule;

	for (uint32_t i = 0; i < domset_patterns(set); i++) {
		domset_pattern(set, i, &rule);
		if (rule.list == list && rule.kind.exception)
			return true;
	}
	return false;
}

/* True where a pattern lifts some of the names below, which it would not of an important rule. */
static bool gives_way(const struct comparison *c, const struct probe *probe,
		      const struct domset_hit *hit)
{
	return probe->below && !hit->important && has_pattern_exceptions(c->new, hit->list);
}

/* Who blocks a name afterwards. */
enum blocker { BLOCKER_NONE, BLOCKER_OTHER, BLOCKER_HEIR };

/* `firmly`: as an important rule did. */
static enum blocker blocker_after(const struct comparison *c, const struct probe *probe,
				  uint32_t type, bool firmly)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};
	enum blocker blocker = BLOCKER_NONE;

	if (!c->new)
		return BLOCKER_NONE;
	look_up(c->new, probe, type, &hits);
	for (uint32_t i = 0; i < hits.count; i++) {
		if (!is_enforced(c->after, &hits.hit[i]) ||
		    (firmly && gives_way(c, probe, &hits.hit[i])))
			continue;
		if (hits.hit[i].list == c->heir)
			return BLOCKER_HEIR;
		blocker = BLOCKER_OTHER;
	}
	return blocker;
}

/* An exception at an owner that the list has itself was asked for with the list's rules. */
static bool is_blocked_before(const struct comparison *c, const struct probe *probe, uint32_t type,
			      bool *ret_firmly)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	look_up(c->old, probe, type, &hits);
	for (uint32_t i = 0; i < hits.count; i++) {
		const struct domset_hit *hit = &hits.hit[i];

		if (hit->list != c->list)
			continue;
		*ret_firmly = hit->important;
		return policy_hit_blocks(c->before, hit) &&
		       !(c->of_after && hit->owner_labels == probe->suffixes.labels);
	}
	return false;
}

/* True when one of them is let go. */
static bool is_lifted(struct comparison *c, const struct probe *probe)
{
	for (uint32_t types = c->types; types; types &= types - 1) {
		uint32_t type = types & -types;
		enum blocker blocker = blocker_after(c, probe, type, false);
		bool firmly = false;

		if (blocker == BLOCKER_HEIR && domset_patterns(c->new) == 0)
			continue;
		if (!is_blocked_before(c, probe, type, &firmly))
			continue;
		if (firmly && probe->below)
			blocker = blocker_after(c, probe, type, true);
		if (blocker == BLOCKER_HEIR)
			continue;
		if (blocker == BLOCKER_NONE)
			return true;
		c->leans = true;
	}
	return false;
}

/* True when `list` has an exception for the name, which holds for what the name leads to. */
static bool lets_lead(const struct policy *policy, unsigned int list, const struct probe *probe,
		      uint32_t type)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	if (policy->lists[list].bit == 0)
		return false;
	look_up(policy->set, probe, type, &hits);
	for (uint32_t i = 0; i < hits.count; i++)
		if (hits.hit[i].list == list)
			return hits.hit[i].exception && hits.hit[i].answer != DOMSET_ANSWER_NOTHING;
	return false;
}

/* True when the name may lead to what is blocked, and might not before; one that is lifted itself
 * was told. */
static bool is_led_past(struct comparison *c, const struct probe *probe)
{
	for (uint32_t types = c->types; types; types &= types - 1) {
		uint32_t type = types & -types;

		if (lets_lead(c->after, c->walked, probe, type) &&
		    !lets_lead(c->before, c->list, probe, type))
			return !is_lifted(c, probe);
	}
	return false;
}

static bool is_over(const struct comparison *c, const struct probe *probe)
{
	struct domset_hit hit = {.list = 0};
	struct domset_hits hits = {.room = 1, .hit = &hit};

	if (!c->over)
		return false;
	domset_lookup(c->over, &probe->name, &probe->suffixes, c->types, &hits);
	return hits.count == 1 && hit.owner_labels == probe->suffixes.labels;
}

static void tell(struct comparison *c, const struct probe *probe)
{
	struct weakening *w = c->weakening;

	if ((w->count > 0 && name_equal(&probe->name, &c->told)) || is_over(c, probe))
		return;
	c->told = probe->name;
	if (w->count < WEAKEN_NAMES_MAX)
		w->names[w->count] = (struct weakened_name){
			.owner = probe->name,
			.below = probe->below,
			.server = c->old != c->before->set,
			.led = c->led,
		};
	w->count++;
}

static void tell_pattern(struct comparison *c, const struct pattern *pattern)
{
	struct weakening *w = c->weakening;

	if (w->count < WEAKEN_NAMES_MAX)
		w->names[w->count] =
			(struct weakened_name){.owner = {.len = 1}, .pattern = pattern};
	w->count++;
}

static void ask_all(struct comparison *c)
{
	for (uint32_t i = 0; c->new &&i < c->waiting; i++)
		domset_prefetch(c->new, &c->probes[i].suffixes);
	for (uint32_t i = 0; c->new &&i < c->waiting; i++)
		domset_prefetch_rules(c->new, &c->probes[i].suffixes);
	for (uint32_t i = 0; i < c->waiting; i++)
		if (c->led ? is_led_past(c, &c->probes[i]) : is_lifted(c, &c->probes[i]))
			tell(c, &c->probes[i]);
	c->waiting = 0;
}

/* Asks for the owner, or for what is below it. */
static void add_probe(struct comparison *c, const struct name *owner, bool below)
{
	struct probe *probe = &c->probes[c->waiting++];

	probe->name = *owner;
	probe->below = below;
	name_hash_suffixes(domset_key(c->old), owner, &probe->suffixes);
	if (c->waiting == BATCH)
		ask_all(c);
}

/* Of a name of 254 or 255 octets there is nothing below. */
static void add_below(struct comparison *c, const struct name *owner)
{
	if (owner->len + 2U <= NAME_WIRE_MAX)
		add_probe(c, owner, true);
}

static bool is_cancelled(const struct comparison *c)
{
	return c->cancelled && atomic_load_explicit(c->cancelled, memory_order_relaxed);
}

/* Walks the rules of list `list` of `set` that lift, or those that do not. */
static void walk(struct comparison *c, const struct domset *set, unsigned int list, bool exceptions)
{
	struct domset_iter iter;
	struct domset_rule rule;

	c->walked = list;
	domset_iter_init_list(&iter, set, list);
	while (domset_iter_next(&iter, &rule) && rule.list == list) {
		if (++c->rules % RULES_A_TURN == 0) {
			priority_give_way();
			if (is_cancelled(c))
				break;
		}
		if (domset_kind_lifts(&rule.kind) != exceptions)
			continue;
		if (rule.kind.scope & DOMSET_SCOPE_ITSELF)
			add_probe(c, &rule.owner, false);
		if (rule.kind.scope & DOMSET_SCOPE_BELOW)
			add_below(c, &rule.owner);
	}
	ask_all(c);
}

/* True when `rule` says of the same names what `wanted` does, as strongly at least. */
static bool stands_for(const struct domset_rule *rule, const struct domset_rule *wanted)
{
	uint32_t types = wanted->kind.types ? wanted->kind.types : TYPESET_ALL;

	return rule->kind.exception == wanted->kind.exception &&
	       (rule->kind.types == 0 || (rule->kind.types & types) == types) &&
	       rule->kind.important >= wanted->kind.important &&
	       strcmp(pattern_text(rule->pattern), pattern_text(wanted->pattern)) == 0;
}

/* Which enforced list of `after` has the pattern, one that blocks. */
static enum blocker blocker_by_pattern(const struct comparison *c, const struct domset_rule *wanted)
{
	enum blocker blocker = BLOCKER_NONE;
	struct domset_rule rule;

	for (uint32_t i = 0; i < domset_patterns(c->after->set); i++) {
		domset_pattern(c->after->set, i, &rule);
		if (!policy_is_enforced(c->after, rule.list) || !stands_for(&rule, wanted))
			continue;
		if (rule.list == c->heir)
			return BLOCKER_HEIR;
		blocker = BLOCKER_OTHER;
	}
	return blocker;
}

static bool has_pattern(const struct comparison *c, const struct domset_rule *wanted)
{
	struct domset_rule rule;

	for (uint32_t i = 0; i < domset_patterns(c->before->set); i++) {
		domset_pattern(c->before->set, i, &rule);
		if (rule.list == c->list && stands_for(&rule, wanted))
			return true;
	}
	return false;
}

/* Those of the list that are gone, and the exceptions of any that are new. */
static void compare_patterns(struct comparison *c)
{
	struct domset_rule rule;

	for (uint32_t i = 0; i < domset_patterns(c->before->set); i++) {
		enum blocker blocker;

		domset_pattern(c->before->set, i, &rule);
		if (rule.list != c->list || rule.kind.exception)
			continue;
		blocker = blocker_by_pattern(c, &rule);
		if (blocker == BLOCKER_NONE)
			tell_pattern(c, rule.pattern);
		c->leans |= blocker == BLOCKER_OTHER;
	}
	for (uint32_t i = 0; i < domset_patterns(c->after->set); i++) {
		domset_pattern(c->after->set, i, &rule);
		if (rule.kind.exception && policy_is_enforced(c->after, rule.list) &&
		    !has_pattern(c, &rule))
			tell_pattern(c, rule.pattern);
	}
}

/* Walks what lifts in each list that is enforced afterwards; for what is led to, in those that are
 * to block what the list has. */
static void walk_exceptions(struct comparison *c)
{
	c->of_after = !c->led;
	for (unsigned int i = 0; c->new &&i < c->after->list_count; i++)
		if (policy_is_enforced(c->after, i) && domset_has_exceptions(c->new, i) &&
		    (!c->led || i == c->heir || c->leans))
			walk(c, c->new, i, true);
	c->of_after = false;
}

static void choose_sets(struct comparison *c, const struct domset *old, const struct domset *new)
{
	struct typeset_parts parts = TYPESET_UNDIVIDED;

	c->old = old;
	c->new = new;
	domset_divide_types(old, &parts);
	if (new)
		domset_divide_types(new, &parts);
	c->types = typeset_of_each(&parts);
}

/* Those of the list that block, and what lifts in any that is enforced afterwards. */
static void compare_sets(struct comparison *c, const struct domset *old, const struct domset *new)
{
	choose_sets(c, old, new);
	walk(c, old, c->list, false);
	walk_exceptions(c);
}

/* Exceptions that are new: their lists no longer judge what the names lead to. */
static void compare_led(struct comparison *c)
{
	choose_sets(c, c->before->set, c->after->set);
	c->led = true;
	c->told.len = 0;
	walk_exceptions(c);
}

static unsigned int heir_of(const struct policy_list *list, const struct policy *after)
{
	for (unsigned int i = 0; i < after->list_count; i++)
		if (strcmp(after->lists[i].name, list->name) == 0 && policy_is_enforced(after, i))
			return i;
	return POLICY_PLACES;
}

void weaken_compare(const struct policy *before, unsigned int list, const struct policy *after,
		    const struct domset *over, const atomic_bool *cancelled,
		    struct weakening *ret_weakening)
{
	struct comparison c = {
		.before = before,
		.list = list,
		.after = after,
		.heir = heir_of(&before->lists[list], after),
		.over = over,
		.cancelled = cancelled,
		.weakening = ret_weakening,
	};

	ret_weakening->count = 0;
	ret_weakening->range_count = 0;
	if (!action_blocks(before->lists[list].action) || policy_is_silent(before, list))
		return;
	c.leans = weaken_compare_addresses(before, list, after, c.heir, ret_weakening);
	compare_sets(&c, before->set, after->set);
	if (before->servers)
		compare_sets(&c, before->servers, after->servers);
	if (domset_patterns(before->set) + domset_patterns(after->set) > 0)
		compare_patterns(&c);
	compare_led(&c);
}
