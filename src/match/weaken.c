/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/weaken.h"

#include <string.h>

#include "base/priority.h"
#include "match/weakened.h"

#define BATCH 32U
#define RULES_A_TURN 1024U /* some quarter of a millisecond's work */
/* A label that stands for all that no rule names: zeros, which no list can write. */
#define FRESH_OCTETS 12U

/* A name to ask both policies for. */
struct probe {
	struct name name;
	struct name_suffixes suffixes;
	bool below; /* its first label is the fresh one */
};

struct comparison {
	const struct policy *before;
	unsigned int list;
	const struct policy *after;
	unsigned int heir; /* the list of its name, if that is enforced; else POLICY_PLACES */
	bool leans;	   /* something that the list blocks is left to others than its heir */
	const struct domset *old; /* of the two policies: names, or name servers */
	const struct domset *new; /* NULL: there is none */
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

/* Who blocks a name afterwards. */
enum blocker { BLOCKER_NONE, BLOCKER_OTHER, BLOCKER_HEIR };

static enum blocker blocker_after(const struct comparison *c, const struct probe *probe,
				  uint32_t type)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};
	enum blocker blocker = BLOCKER_NONE;

	if (!c->new)
		return BLOCKER_NONE;
	domset_lookup(c->new, &probe->name, &probe->suffixes, type, &hits);
	for (uint32_t i = 0; i < hits.count; i++) {
		if (!is_enforced(c->after, &hits.hit[i]))
			continue;
		if (hits.hit[i].list == c->heir)
			return BLOCKER_HEIR;
		blocker = BLOCKER_OTHER;
	}
	return blocker;
}

/* An exception at an owner that the list has itself was asked for with the list's rules. */
static bool is_blocked_before(const struct comparison *c, const struct probe *probe, uint32_t type)
{
	uint32_t owner_labels = probe->suffixes.labels - probe->below;
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	domset_lookup(c->old, &probe->name, &probe->suffixes, type, &hits);
	for (uint32_t i = 0; i < hits.count; i++)
		if (hits.hit[i].list == c->list)
			return policy_hit_blocks(c->before, &hits.hit[i]) &&
			       !(c->of_after && hits.hit[i].owner_labels == owner_labels);
	return false;
}

/* The types that rules tell apart, and one for any other. */
static uint32_t types_of(const struct comparison *c)
{
	return domset_types(c->old) | TYPESET_OTHER | (c->new ? domset_types(c->new) : 0);
}

/* True when one of them is let go. */
static bool is_lifted(struct comparison *c, const struct probe *probe)
{
	for (uint32_t types = types_of(c); types; types &= types - 1) {
		uint32_t type = types & -types;
		enum blocker blocker = blocker_after(c, probe, type);

		if (blocker == BLOCKER_HEIR || !is_blocked_before(c, probe, type))
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
	domset_lookup(policy->set, &probe->name, &probe->suffixes, type, &hits);
	for (uint32_t i = 0; i < hits.count; i++)
		if (hits.hit[i].list == list)
			return hits.hit[i].exception && hits.hit[i].answer != DOMSET_ANSWER_NOTHING;
	return false;
}

/* True when the name may lead to what is blocked, and might not before; one that is lifted itself
 * was told. */
static bool is_led_past(struct comparison *c, const struct probe *probe)
{
	for (uint32_t types = types_of(c); types; types &= types - 1) {
		uint32_t type = types & -types;

		if (lets_lead(c->after, c->walked, probe, type) &&
		    !lets_lead(c->before, c->list, probe, type))
			return !is_lifted(c, probe);
	}
	return false;
}

static struct name owner_of(const struct probe *probe)
{
	struct name owner = probe->name;
	size_t fresh = probe->below ? probe->name.wire[0] + 1U : 0;

	owner.len = (uint8_t)(owner.len - fresh);
	memcpy(owner.wire, probe->name.wire + fresh, owner.len);
	return owner;
}

static void tell(struct comparison *c, const struct probe *probe)
{
	struct weakening *w = c->weakening;
	struct name owner = owner_of(probe);

	if (w->count > 0 && name_equal(&owner, &c->told))
		return;
	c->told = owner;
	if (w->count < WEAKEN_NAMES_MAX)
		w->names[w->count] = (struct weakened_name){
			.owner = owner,
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

/* Asks for the owner, or for what is below it.  `name` is the owner or has the fresh label. */
static void add_probe(struct comparison *c, const struct name *name, bool below)
{
	struct probe *probe = &c->probes[c->waiting++];

	probe->name = *name;
	probe->below = below;
	name_hash_suffixes(domset_key(c->old), name, &probe->suffixes);
	if (c->waiting == BATCH)
		ask_all(c);
}

/* Of a name of 254 or 255 octets there is nothing below. */
static void add_below(struct comparison *c, const struct name *owner)
{
	size_t room = NAME_WIRE_MAX - owner->len;
	size_t fresh = room > FRESH_OCTETS ? FRESH_OCTETS : room > 0 ? room - 1 : 0;
	struct name name = {.wire = {(uint8_t)fresh}};

	if (fresh == 0)
		return;
	memcpy(name.wire + 1 + fresh, owner->wire, owner->len);
	name.len = (uint8_t)(owner->len + fresh + 1);
	add_probe(c, &name, true);
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

/* Those of the list that block, and what lifts in any that is enforced afterwards. */
static void compare_sets(struct comparison *c, const struct domset *old, const struct domset *new)
{
	c->old = old;
	c->new = new;
	walk(c, old, c->list, false);
	walk_exceptions(c);
}

/* Exceptions that are new: their lists no longer judge what the names lead to. */
static void compare_led(struct comparison *c)
{
	c->old = c->before->set;
	c->new = c->after->set;
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
		    const atomic_bool *cancelled, struct weakening *ret_weakening)
{
	struct comparison c = {
		.before = before,
		.list = list,
		.after = after,
		.heir = heir_of(&before->lists[list], after),
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
