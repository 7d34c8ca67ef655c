/* SPDX-License-Identifier: BSD-2-Clause */
#include "match/changes.h"

#include <sched.h>
#include <string.h>

#include "dns/typeset.h"
#include "dns/wire.h"

#define TURN 4096U /* rules between two looks whether others want to go on */

/* A walk over the rules of one policy. */
struct walk {
	const struct policy *before;
	const struct policy *after;
	const struct domset *set;   /* whose rules are walked */
	const struct domset *other; /* of the other policy; NULL: there is none */
	bool server;
	bool second; /* what the other set has as well was told */
	bool typed;  /* rules tell types apart */
	const atomic_bool *cancelled;
	change_fn *fn;
	void *arg;
};

/* A name that is asked for. */
struct probe {
	struct name name;
	struct name_suffixes suffixes;
};

/* ---- verdicts */

static bool blocks(const struct verdict *v)
{
	return v->matched && action_blocks(v->action);
}

static bool same_records(const struct localdata *a, uint32_t of_a, const struct localdata *b,
			 uint32_t of_b)
{
	struct localdata_iter ia = {.left = 0};
	struct localdata_iter ib = {.left = 0};
	struct localdata_record ra;
	struct localdata_record rb;
	bool more;

	if (of_a > 0)
		localdata_iter_init(&ia, a, of_a);
	if (of_b > 0)
		localdata_iter_init(&ib, b, of_b);
	while ((more = localdata_iter_next(&ia, &ra)) == localdata_iter_next(&ib, &rb) && more)
		if (ra.type != rb.type || ra.rdlen != rb.rdlen ||
		    memcmp(ra.rdata, rb.rdata, ra.rdlen) != 0)
			return false;
	return !more && ib.left == 0;
}

static bool same_addresses(const struct policy_list *a, const struct policy_list *b)
{
	return a->has_ipv4 == b->has_ipv4 && a->has_ipv6 == b->has_ipv6 &&
	       memcmp(a->ipv4, b->ipv4, sizeof(a->ipv4)) == 0 &&
	       memcmp(a->ipv6, b->ipv6, sizeof(a->ipv6)) == 0;
}

/* Of two verdicts with the same action. */
static bool same_answer(const struct walk *w, const struct verdict *a, const struct verdict *b)
{
	if (a->action == ACTION_SINKHOLE)
		return same_addresses(&w->before->lists[a->list], &w->after->lists[b->list]);
	if (a->action == ACTION_GIVEN)
		return same_records(w->before->data, policy_data(w->before, a), w->after->data,
				    policy_data(w->after, b));
	return true;
}

/* What is done, as far as a client sees it. */
static enum action done(const struct verdict *v)
{
	return v->matched && v->action != ACTION_LOG ? v->action : ACTION_PASS;
}

/* CHANGE_COUNT: there is none. */
static enum change_kind kind_of(const struct walk *w, const struct verdict *a,
				const struct verdict *b)
{
	if (blocks(a) != blocks(b))
		return blocks(a) ? CHANGE_LIFTED : CHANGE_BLOCKED;
	if (done(a) != done(b) || (blocks(a) && !same_answer(w, a, b)))
		return CHANGE_ACTION;
	return CHANGE_COUNT;
}

static struct verdict verdict_of(const struct walk *w, const struct policy *policy,
				 const struct probe *p, uint16_t type)
{
	if (!w->server)
		return policy_match(policy, &p->name, &p->suffixes, type, POLICY_NO_LEAVE);
	if (!policy->servers)
		return (struct verdict){.matched = false};
	return policy_match_server(policy, &p->name, POLICY_NO_LEAVE);
}

/* Of the questions for a name the first that is answered otherwise. */
static enum change_kind ask(const struct walk *w, const struct probe *p, struct change *change)
{
	static const uint16_t types[] = {TYPE_A,    TYPE_AAAA, TYPE_CNAME, TYPE_HTTPS,
					 TYPE_SVCB, TYPE_MX,   TYPE_NS,	   TYPE_TXT,
					 TYPE_SRV,  TYPE_PTR,  TYPE_ANY,   TYPE_SOA};
	size_t count = w->typed ? sizeof(types) / sizeof(types[0]) : 1;

	for (size_t i = 0; i < count; i++) {
		change->before = verdict_of(w, w->before, p, types[i]);
		change->after = verdict_of(w, w->after, p, types[i]);
		change->kind = kind_of(w, &change->before, &change->after);
		if (change->kind != CHANGE_COUNT)
			break;
	}
	return change->kind;
}

/* ---- each owner once */

/* The first rule that `set` has at the owner itself, of all lists; false: it has none. */
static bool first_at(const struct domset *set, const struct probe *owner, bool below,
		     uint32_t *ret_record)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	if (below)
		domset_lookup_below(set, &owner->name, &owner->suffixes, TYPESET_ALL, &hits);
	else
		domset_lookup(set, &owner->name, &owner->suffixes, TYPESET_ALL, &hits);
	for (uint32_t i = 0; i < hits.count; i++)
		if (hits.hit[i].owner_labels == owner->suffixes.labels) {
			*ret_record = hits.hit[i].record;
			return true;
		}
	return false;
}

/* True when the change is told by this rule, of those that the two sets have for the owner. */
static bool is_its_turn(const struct walk *w, const struct probe *owner, uint32_t record,
			bool below)
{
	uint32_t first = record;

	if (domset_patterns(w->set) > 0 || (w->other && domset_patterns(w->other) > 0))
		return !w->second || !w->other || !first_at(w->other, owner, true, &first);
	if (w->second && w->other && first_at(w->other, owner, below, &first))
		return false;
	return first_at(w->set, owner, below, &first) && first == record;
}

/* ---- the walk */

static void begin_probe(const struct walk *w, const struct name *name, struct probe *ret_probe)
{
	ret_probe->name = *name;
	name_hash_suffixes(domset_key(w->set), name, &ret_probe->suffixes);
}

/* A name below the owner that is no rule's; false: there is no room for one. */
static bool begin_below(const struct walk *w, const struct name *owner, struct probe *ret_probe)
{
	static const uint8_t label[] = {1, '_'};
	struct name name = *owner;

	if (owner->len + sizeof(label) > NAME_WIRE_MAX)
		return false;
	memcpy(name.wire, label, sizeof(label));
	memcpy(name.wire + sizeof(label), owner->wire, owner->len);
	name.len = (uint8_t)(owner->len + sizeof(label));
	begin_probe(w, &name, ret_probe);
	return true;
}

/* What changes of the owner itself, and of what lies below it, is one change where it is alike. */
static void look_at(struct walk *w, const struct domset_rule *rule, uint32_t record)
{
	struct change itself = {.kind = CHANGE_COUNT, .scope = DOMSET_SCOPE_ITSELF};
	struct change below = {.kind = CHANGE_COUNT, .scope = DOMSET_SCOPE_BELOW};
	struct probe owner;
	struct probe under;

	begin_probe(w, &rule->owner, &owner);
	itself.server = below.server = w->server;
	itself.owner = below.owner = rule->owner;
	if ((rule->kind.scope & DOMSET_SCOPE_ITSELF) && ask(w, &owner, &itself) != CHANGE_COUNT &&
	    !is_its_turn(w, &owner, record, false))
		itself.kind = CHANGE_COUNT;
	if ((rule->kind.scope & DOMSET_SCOPE_BELOW) && begin_below(w, &rule->owner, &under) &&
	    ask(w, &under, &below) != CHANGE_COUNT && !is_its_turn(w, &owner, record, true))
		below.kind = CHANGE_COUNT;
	if (itself.kind == CHANGE_COUNT && below.kind == CHANGE_COUNT)
		return;
	if (itself.kind == below.kind) {
		itself.scope = DOMSET_SCOPE_BOTH;
		below.kind = CHANGE_COUNT;
	}
	if (itself.kind != CHANGE_COUNT)
		w->fn(w->arg, &itself);
	if (below.kind != CHANGE_COUNT)
		w->fn(w->arg, &below);
}

static void walk(struct walk *w)
{
	struct domset_iter iter;
	struct domset_rule rule;

	w->typed = domset_types(w->set) != 0 || (w->other && domset_types(w->other) != 0);
	domset_iter_init(&iter, w->set);
	for (uint32_t i = 1; domset_iter_next(&iter, &rule); i++) {
		if (i % TURN == 0) {
			sched_yield();
			if (w->cancelled && *w->cancelled)
				return;
		}
		look_at(w, &rule, iter.record);
	}
}

/* ---- patterns */

static bool pattern_blocks(const struct policy *policy, const struct domset_rule *rule)
{
	return !rule->kind.exception &&
	       action_blocks(policy_action(&policy->lists[rule->list], rule->kind.answer));
}

/* The rule of `policy` that is the same pattern and does as `wanted` does; false: there is none. */
static bool has_pattern(const struct policy *policy, const struct domset_rule *wanted,
			bool blocking)
{
	struct domset_rule rule;

	for (uint32_t i = 0; i < domset_patterns(policy->set); i++) {
		domset_pattern(policy->set, i, &rule);
		if (pattern_blocks(policy, &rule) == blocking &&
		    rule.kind.exception == wanted->kind.exception &&
		    rule.kind.types == wanted->kind.types &&
		    strcmp(pattern_text(rule.pattern), pattern_text(wanted->pattern)) == 0)
			return true;
	}
	return false;
}

/* Those of `policy` that `other` has not: `blocking` is what it means that one blocks. */
static void find_patterns(const struct walk *w, const struct policy *policy,
			  const struct policy *other, enum change_kind blocking,
			  enum change_kind lifting)
{
	struct domset_rule rule;

	for (uint32_t i = 0; i < domset_patterns(policy->set); i++) {
		struct change change = {.scope = DOMSET_SCOPE_ITSELF};
		struct verdict *own = policy == w->before ? &change.before : &change.after;
		bool does;

		domset_pattern(policy->set, i, &rule);
		does = pattern_blocks(policy, &rule);
		if (has_pattern(other, &rule, does))
			continue;
		*own = (struct verdict){
			.matched = true,
			.list = rule.list,
			.action = policy_action(&policy->lists[rule.list], rule.kind.answer),
		};
		change.kind = does ? blocking : lifting;
		change.pattern = rule.pattern;
		w->fn(w->arg, &change);
	}
}

void changes_find(const struct policy *before, const struct policy *after,
		  const atomic_bool *cancelled, change_fn *fn, void *arg)
{
	struct walk w = {
		.before = before, .after = after, .cancelled = cancelled, .fn = fn, .arg = arg};

	for (unsigned int server = 0; server < 2; server++) {
		const struct domset *old = server ? before->servers : before->set;
		const struct domset *new = server ? after->servers : after->set;

		w.server = server;
		w.second = false;
		w.set = new;
		w.other = old;
		if (new)
			walk(&w);
		w.second = true;
		w.set = old;
		w.other = new;
		if (old)
			walk(&w);
	}
	find_patterns(&w, after, before, CHANGE_BLOCKED, CHANGE_LIFTED);
	find_patterns(&w, before, after, CHANGE_LIFTED, CHANGE_BLOCKED);
}
