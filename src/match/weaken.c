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
	const struct domset *old; /* of the two policies: names, or name servers */
	const struct domset *new; /* NULL: there is none */
	const atomic_bool *cancelled;
	bool of_after; /* the rules walked are exceptions of `after` */
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

static bool is_blocked_after(const struct comparison *c, const struct probe *probe, uint32_t type)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	if (!c->new)
		return false;
	domset_lookup(c->new, &probe->name, &probe->suffixes, type, &hits);
	for (uint32_t i = 0; i < hits.count; i++)
		if (is_enforced(c->after, &hits.hit[i]))
			return true;
	return false;
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

/* True when a type of those that rules tell apart, or any other, is let go. */
static bool is_lifted(const struct comparison *c, const struct probe *probe)
{
	uint32_t types = domset_types(c->old) | TYPESET_OTHER;

	if (c->new)
		types |= domset_types(c->new);
	for (; types; types &= types - 1) {
		uint32_t type = types & -types;

		if (!is_blocked_after(c, probe, type) && is_blocked_before(c, probe, type))
			return true;
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
			.owner = owner, .below = probe->below, .server = c->old != c->before->set};
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
		if (is_lifted(c, &c->probes[i]))
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

/* True when an enforced list of `after` has the pattern, one that blocks. */
static bool blocks_pattern(const struct policy *after, const struct domset_rule *wanted)
{
	struct domset_rule rule;

	for (uint32_t i = 0; i < domset_patterns(after->set); i++) {
		domset_pattern(after->set, i, &rule);
		if (policy_is_enforced(after, rule.list) && stands_for(&rule, wanted))
			return true;
	}
	return false;
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
		domset_pattern(c->before->set, i, &rule);
		if (rule.list == c->list && !rule.kind.exception &&
		    !blocks_pattern(c->after, &rule))
			tell_pattern(c, rule.pattern);
	}
	for (uint32_t i = 0; i < domset_patterns(c->after->set); i++) {
		domset_pattern(c->after->set, i, &rule);
		if (rule.kind.exception && policy_is_enforced(c->after, rule.list) &&
		    !has_pattern(c, &rule))
			tell_pattern(c, rule.pattern);
	}
}

/* Those of the list that block, and what lifts in any that is enforced afterwards. */
static void compare_sets(struct comparison *c, const struct domset *old, const struct domset *new)
{
	c->old = old;
	c->new = new;
	c->of_after = false;
	walk(c, old, c->list, false);
	c->of_after = true;
	for (unsigned int i = 0; new &&i < c->after->list_count; i++)
		if (policy_is_enforced(c->after, i) && domset_has_exceptions(new, i))
			walk(c, new, i, true);
}

void weaken_compare(const struct policy *before, unsigned int list, const struct policy *after,
		    const atomic_bool *cancelled, struct weakening *ret_weakening)
{
	struct comparison c = {
		.before = before,
		.list = list,
		.after = after,
		.cancelled = cancelled,
		.weakening = ret_weakening,
	};

	ret_weakening->count = 0;
	ret_weakening->range_count = 0;
	if (!action_blocks(before->lists[list].action) || policy_is_silent(before, list))
		return;
	weaken_compare_addresses(before, list, after, ret_weakening);
	compare_sets(&c, before->set, after->set);
	if (before->servers)
		compare_sets(&c, before->servers, after->servers);
	if (domset_patterns(before->set) + domset_patterns(after->set) > 0)
		compare_patterns(&c);
}
