/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect/judgement.h"

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
