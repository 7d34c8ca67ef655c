/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of an address, as an answer of an upstream has it for a public name. */
#include <string.h>

#include "inspect/embedded.h"
#include "inspect/inspect.h"
#include "explain/explained.h"

static bool has_prefix(const struct explanation *e, uint32_t list)
{
	for (size_t i = 0; i < e->rule_count; i++)
		if (e->rules[i].list == list && e->rules[i].prefix.ip.family != 0)
			return true;
	return false;
}

static bool is_of(const struct verdict *v, enum trigger trigger, uint32_t record, uint32_t list)
{
	return v && v->matched && v->trigger == trigger && v->record == record && v->list == list;
}

void explain_prefixes(const struct snapshot *s, enum trigger trigger, const struct ip *ip,
		      const struct verdict *v, struct explanation *e)
{
	const struct addrset *set = s->policy->prefixes[trigger];
	uint32_t record = set ? addrset_first(set, ip) : ADDRSET_NONE;

	for (; record != ADDRSET_NONE; record = addrset_next(set, record)) {
		const struct addrset_rule rule = addrset_rule(set, record);
		const bool decides = is_of(v, trigger, record, rule.list);

		if (has_prefix(e, rule.list) || (e->rule_count == EXPLAIN_RULES_MAX && !decides))
			continue;
		e->rule_count -= e->rule_count == EXPLAIN_RULES_MAX;
		e->rules[e->rule_count++] = (struct explain_rule){
			.list = (uint16_t)rule.list,
			.decides = decides,
			.answer = rule.answer,
			.data = rule.data,
			.line = rule.line,
			.prefix = rule.prefix,
		};
	}
}

static const char *word_of(const struct policy *policy, const struct ip *ip,
			   const struct verdict *v)
{
	const struct verdict said = policy_match_address(policy, ip, POLICY_NO_LEAVE);

	if (v->matched)
		return v->list == POLICY_REBINDING ? "blocked-rebinding" : "blocked-address";
	if (said.matched)
		return "passed";
	return v->logged ? "logged" : "not-listed";
}

/* The list's own address of the same family. */
static void sinkhole(const struct policy_list *list, struct explanation *e)
{
	bool ipv4 = e->of_address.family == AF_INET;

	e->has_address = ipv4 ? list->has_ipv4 : list->has_ipv6;
	if (e->has_address)
		e->address = ip_from_octets(ipv4 ? list->ipv4 : list->ipv6, !ipv4);
}

static void answer(const struct snapshot *s, const struct verdict *v, struct explanation *e)
{
	e->outcome = QUERY_ANSWERED;
	switch (v->matched ? v->action : ACTION_PASS) {
	case ACTION_SINKHOLE:
		sinkhole(&s->policy->lists[v->list], e);
		break;
	case ACTION_NXDOMAIN:
		e->rcode = RCODE_NXDOMAIN;
		break;
	case ACTION_REFUSED:
		e->rcode = RCODE_REFUSED;
		break;
	case ACTION_DROP:
		e->outcome = QUERY_DROPPED;
		break;
	case ACTION_TCP_ONLY:
		e->truncated = true;
		break;
	case ACTION_NODATA:
		break;
	case ACTION_GIVEN:
		e->has_records = true;
		break;
	default:
		e->outcome = QUERY_FORWARD;
	}
}

void explain_address(const struct snapshot *s, const struct ip *ip, struct explanation *ret)
{
	const struct inspect_rules rules = {.policy = s->policy, .rebind = s->rebind};
	const struct verdict v = inspect_address(&rules, ip);
	struct explanation e = {
		.of_address = *ip,
		.qtype = ip->family == AF_INET ? TYPE_A : TYPE_AAAA,
		.verdict = word_of(s->policy, ip, &v),
	};
	struct ip ipv4;

	answer(s, &v, &e);
	explain_prefixes(s, TRIGGER_ADDRESS, ip, &v, &e);
	if (embedded_ipv4(ip, &ipv4))
		explain_prefixes(s, TRIGGER_ADDRESS, &ipv4, &v, &e);
	*ret = e;
}
