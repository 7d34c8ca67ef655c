/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect/judgement.h"

#include <string.h>

#include "inspect/embedded.h"

/* What is behind a name that is to be asked for over TCP may be blocked for good, and what a list
 * of the operator's blocks may be on one that is mandatory. */
static bool is_stronger(const struct judgement *j, const struct verdict *v)
{
	const struct policy_list *lists = j->rules->policy->lists;
	const struct verdict *old = &j->verdict;

	if (!old->matched || (old->action == ACTION_TCP_ONLY && v->action != ACTION_TCP_ONLY))
		return true;
	return lists[v->list].mandatory && !lists[old->list].mandatory;
}

void judgement_note(struct judgement *j, const struct verdict *v)
{
	uint64_t logged = j->verdict.logged | v->logged;
	bool listed = j->verdict.listed || v->listed;

	if (v->matched && v->action != ACTION_PASS && is_stronger(j, v))
		j->verdict = *v;
	j->verdict.logged = logged;
	j->verdict.listed = listed;
}

struct verdict judgement_name(const struct inspect_rules *rules, const struct name *name,
			      uint16_t qtype, struct policy_leave leave)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(rules->name_key, name, &suffixes);
	return policy_match(rules->policy, name, &suffixes, qtype, leave);
}

bool judgement_has_address(uint16_t type)
{
	return type == TYPE_A || type == TYPE_AAAA || type == TYPE_SVCB || type == TYPE_HTTPS;
}

static bool is_enforced(const struct policy *policy, const struct verdict *v)
{
	return v->matched && policy->lists[v->list].mandatory && action_blocks(v->action);
}

/* What is said of the address goes before what is of the one in it, unless that is an order's. */
struct verdict judgement_address(const struct policy *policy, enum trigger trigger,
				 const struct ip *ip, struct policy_leave leave)
{
	struct verdict outer = policy_match_prefix(policy, trigger, ip, leave);
	struct verdict inner;
	struct verdict v;
	struct ip ipv4;

	if (is_enforced(policy, &outer) || !embedded_ipv4(ip, &ipv4))
		return outer;
	inner = policy_match_prefix(policy, trigger, &ipv4, leave);
	v = outer.matched && !is_enforced(policy, &inner) ? outer : inner;
	v.logged = outer.logged | inner.logged;
	v.listed = outer.listed || inner.listed;
	return v;
}

/* ---- which of two rules goes before */

/* Of the rules of a zone for addresses, that of the longest prefix, of these the first address. */
static bool is_longer(const struct policy *policy, const struct verdict *a, const struct verdict *b)
{
	struct prefix x = policy_prefix(policy, a);
	struct prefix y = policy_prefix(policy, b);

	if (x.ip.family != y.ip.family)
		return x.ip.family == AF_INET;
	return x.len != y.len ? x.len > y.len
			      : memcmp(x.ip.bytes, y.ip.bytes, sizeof(x.ip.bytes)) < 0;
}

static bool goes_before(const struct link *l, const struct verdict *a, const struct verdict *b)
{
	static const uint8_t order[TRIGGER_COUNT] = {
		[TRIGGER_CLIENT] = 0, [TRIGGER_NAME] = 1,	    [TRIGGER_ADDRESS] = 2,
		[TRIGGER_SERVER] = 3, [TRIGGER_SERVER_ADDRESS] = 4,
	};
	const struct policy *policy = l->in->judgement.rules->policy;
	bool enforced = is_enforced(policy, a);

	if (!b->matched)
		return true;
	if (enforced != is_enforced(policy, b))
		return enforced;
	if (a->list != b->list)
		return a->list < b->list;
	if (a->trigger != b->trigger)
		return order[a->trigger] < order[b->trigger];
	if (a->trigger == TRIGGER_SERVER)
		return a->owner_labels > b->owner_labels;
	return a->trigger >= TRIGGER_ADDRESS && is_longer(policy, a, b);
}

void link_take(struct link *l, const struct verdict *v)
{
	l->in->judgement.verdict.logged |= v->logged;
	l->in->judgement.verdict.listed |= v->listed;
	if (v->matched && goes_before(l, v, &l->best))
		l->best = *v;
}

void link_take_address(struct link *l, enum trigger trigger, const struct ip *ip)
{
	struct verdict v = judgement_address(l->in->judgement.rules->policy, trigger, ip, l->leave);

	link_take(l, &v);
}
