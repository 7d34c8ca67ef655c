/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of zones for what an answer has, asked at each name that it leads to. */
#include <string.h>

#include "dns/hints.h"
#include "inspect/judgement.h"

#define SERVERS_MAX 64U /* NS of a reply that are looked at; zones have a dozen */

/* An NS record. */
struct server {
	struct name owner;
	struct name name;
};

struct servers {
	unsigned int count;
	struct server server[SERVERS_MAX];
};

/* ---- addresses */

static void take_addresses(struct link *l, const struct wire_rr *rr)
{
	struct hints_walk hints;
	struct ip ip;

	if (judgement_is_address(rr)) {
		ip = ip_from_octets(l->in->msg + rr->rdata, rr->type == TYPE_AAAA);
		link_take_address(l, TRIGGER_ADDRESS, &ip);
		return;
	}
	hints_begin(&hints, l->in->msg, rr);
	while (hints_next(&hints, &ip))
		link_take_address(l, TRIGGER_ADDRESS, &ip);
}

static bool is_name_at(const struct inspection *in, size_t at, const struct name *name)
{
	struct name owner;

	return name_unpack(in->msg, in->len, &at, &owner) == ERR_OK && name_equal(&owner, name);
}

static void judge_addresses(struct link *l)
{
	const struct inspection *in = l->in;
	size_t pos = l->reply->question_end;
	struct wire_rr rr;

	for (unsigned int i = 0; i < l->reply->ancount; i++)
		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return;
		else if (judgement_has_address(rr.type) && is_name_at(in, rr.owner, l->name))
			take_addresses(l, &rr);
}

/* ---- name servers */

/* Collects the NS of the reply, in whichever section. */
static void find_servers(const struct inspection *in, const struct reply *reply,
			 struct servers *ret_servers)
{
	const unsigned int records = (unsigned int)reply->ancount + reply->nscount;
	size_t pos = reply->question_end;
	struct wire_rr rr;

	ret_servers->count = 0;
	for (unsigned int i = 0; i < records && ret_servers->count < SERVERS_MAX; i++) {
		struct server *s = &ret_servers->server[ret_servers->count];
		size_t owner;
		size_t target;

		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return;
		owner = rr.owner;
		target = rr.rdata;
		if (rr.type == TYPE_NS &&
		    name_unpack(in->msg, in->len, &owner, &s->owner) == ERR_OK &&
		    name_unpack(in->msg, in->len, &target, &s->name) == ERR_OK &&
		    judgement_has_servers(&s->owner) && s->name.len > 1)
			ret_servers->count++;
	}
}

/* Addresses of a server that stand beside. */
static void judge_server_addresses(struct link *l, const struct name *server)
{
	const struct inspection *in = l->in;
	const unsigned int before = (unsigned int)l->reply->ancount + l->reply->nscount;
	size_t pos = l->reply->question_end;
	struct wire_rr rr;
	struct ip ip;

	for (unsigned int i = 0; i < before + l->reply->arcount; i++) {
		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return;
		if (i < before || !judgement_is_address(&rr) || !is_name_at(in, rr.owner, server))
			continue;
		ip = ip_from_octets(in->msg + rr.rdata, rr.type == TYPE_AAAA);
		link_take_address(l, TRIGGER_SERVER_ADDRESS, &ip);
	}
}

static void judge_servers(struct link *l, const struct servers *servers)
{
	const struct policy *policy = l->in->judgement.rules->policy;

	for (unsigned int i = 0; i < servers->count; i++) {
		const struct server *s = &servers->server[i];
		struct verdict v;

		if (!name_is_below(l->name, &s->owner))
			continue;
		if (policy->servers) {
			v = policy_match_server(policy, &s->name, l->leave);
			link_take(l, &v);
		}
		if (policy->prefixes[TRIGGER_SERVER_ADDRESS])
			judge_server_addresses(l, &s->name);
	}
}

/* ---- names */

/* Up to which list a zone may say something of what a name has, of which `v` was said. */
static uint16_t limit_of(const struct policy *policy, const struct verdict *v)
{
	if (!v->matched)
		return POLICY_NO_LIMIT;
	return policy->lists[v->list].zone && !policy->lists[v->list].hasty
		       ? (uint16_t)(v->list + 1U)
		       : 1;
}

/* What the zone's rule has come to, for this name and those behind it. */
static void conclude(struct inspection *in, const struct verdict *v, struct policy_leave *leave)
{
	const bool zone = v->matched && in->judgement.rules->policy->lists[v->list].zone;

	if (zone && (v->action == ACTION_PASS || v->action == ACTION_TCP_ONLY))
		leave->passed = true;
	if (zone && v->action == ACTION_PASS && v->trigger != TRIGGER_NAME &&
	    !in->judgement.verdict.matched && !in->passed) {
		in->passed = true;
		in->pass = *v;
	}
	judgement_note(&in->judgement, v);
}

static void judge_link(struct inspection *in, const struct reply *reply,
		       const struct servers *servers, unsigned int i)
{
	const struct policy *policy = in->judgement.rules->policy;
	struct policy_leave *leave = &in->leave[i];
	struct link l = {.in = in, .reply = reply, .name = &in->bailiwick.names[i]};
	struct verdict v = {.matched = false};

	if (i > 0)
		v = judgement_name(in->judgement.rules, l.name, in->judgement.qtype, *leave);
	l.leave = *leave;
	l.leave.excepted |= v.excepted;
	if (limit_of(policy, &v) < l.leave.limit || l.leave.limit == 0)
		l.leave.limit = limit_of(policy, &v);
	l.leave.passed |= v.matched && v.action == ACTION_PASS && !policy->lists[v.list].zone;
	link_take(&l, &v);
	if (in->addresses && policy->prefixes[TRIGGER_ADDRESS])
		judge_addresses(&l);
	if (servers->count > 0)
		judge_servers(&l, servers);
	if (in->judgement.rules->lookup)
		link_seek_servers(&l);
	if (l.best.matched && l.best.trigger == TRIGGER_NAME)
		*leave = policy_leave_behind(*leave, &v);
	else
		leave->excepted |= v.excepted;
	conclude(in, &l.best, leave);
}

void inspect_links(struct inspection *in, const struct reply *reply)
{
	const struct policy *policy = in->judgement.rules->policy;
	struct servers servers;

	servers.count = 0;
	if (policy->servers || policy->prefixes[TRIGGER_SERVER_ADDRESS])
		find_servers(in, reply, &servers);
	judge_link(in, reply, &servers, 0);
	for (unsigned int i = 1; i < in->bailiwick.count; i++) {
		in->leave[i] = policy_leave_led(in->leave[in->bailiwick.parent[i]]);
		judge_link(in, reply, &servers, i);
	}
	in->done = true;
}
