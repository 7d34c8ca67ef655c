/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists asked about every name that a reply leads to. */
#include <string.h>

#include "dns/bailiwick.h"
#include "query/job.h"

#define SERVICE_PRIORITY 2U /* octets before the name of an SVCB or HTTPS record */

/* The names of a reply, what was let be of each, and the worst that was said so far. */
struct inspection {
	const struct query_env *env;
	const uint8_t *msg;
	size_t len;
	bool services; /* the answer section has such records */
	struct verdict verdict;
	unsigned int link_count;
	struct bailiwick_link links[BAILIWICK_LINKS_MAX + 1]; /* one is tried before */
	struct bailiwick bailiwick;
	struct policy_leave leave[BAILIWICK_NAMES_MAX];
};

/* True when the verdict ends the inspection.  What is behind a name that is to be asked for over
 * TCP may be blocked for good. */
static bool judge(struct inspection *in, const struct name *name, struct policy_leave *leave)
{
	struct name_suffixes suffixes;
	struct verdict v;

	name_hash_suffixes(&in->env->name_key, name, &suffixes);
	v = policy_match(in->env->snapshot->policy, name, &suffixes, *leave);
	*leave = policy_leave_behind(*leave, &v);
	if (!v.matched || v.action == ACTION_PASS)
		return false;
	in->verdict = v;
	return v.action != ACTION_TCP_ONLY;
}

static bool is_service(uint16_t type)
{
	return type == TYPE_SVCB || type == TYPE_HTTPS;
}

/* Keeps the CNAMEs and DNAMEs of the answer section, as many as reply_parse has followed. */
static void collect(struct inspection *in, const struct reply *reply)
{
	size_t pos = reply->question_end;
	struct wire_rr rr;

	in->link_count = 0;
	in->services = false;
	for (unsigned int i = 0; i < reply->ancount; i++) {
		struct bailiwick_link *link = &in->links[in->link_count];
		size_t owner = pos;
		size_t target;

		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return;
		in->services |= is_service(rr.type);
		target = rr.rdata;
		if (in->link_count == BAILIWICK_LINKS_MAX ||
		    (rr.type != TYPE_CNAME && rr.type != TYPE_DNAME) ||
		    name_unpack(in->msg, in->len, &owner, &link->owner) != ERR_OK ||
		    name_unpack(in->msg, in->len, &target, &link->target) != ERR_OK)
			continue;
		link->type = rr.type;
		in->link_count++;
	}
}

/* Judges the names that CNAMEs and DNAMEs lead to, each with the leave of the one that led to it.
 */
static bool judge_names(struct inspection *in)
{
	struct bailiwick *b = &in->bailiwick;

	bailiwick_follow(b, in->links, in->link_count);
	for (unsigned int i = 1; i < b->count; i++) {
		in->leave[i] = in->leave[b->parent[i]];
		if (judge(in, &b->names[i], &in->leave[i]))
			return true;
	}
	return false;
}

/* Judges a service's name, whose addresses may stand beside it as hints (RFC 9460, 7.3). */
static bool judge_service(struct inspection *in, const struct wire_rr *rr)
{
	size_t owner_at = rr->owner;
	size_t pos = rr->rdata + SERVICE_PRIORITY;
	struct policy_leave leave;
	unsigned int at;
	struct name name;

	if (name_unpack(in->msg, in->len, &owner_at, &name) != ERR_OK)
		return false;
	at = bailiwick_find(&in->bailiwick, &name);
	if (at >= in->bailiwick.count || name_unpack(in->msg, in->len, &pos, &name) != ERR_OK)
		return false;
	leave = in->leave[at];
	return name.len > 1 && judge(in, &name, &leave);
}

static bool judge_services(struct inspection *in, const struct reply *reply)
{
	size_t pos = reply->question_end;
	struct wire_rr rr;

	for (unsigned int i = 0; i < reply->ancount && in->services; i++) {
		if (wire_next_rr(in->msg, in->len, &pos, &rr) != ERR_OK)
			return false;
		if (is_service(rr.type) && judge_service(in, &rr))
			return true;
	}
	return false;
}

/* Nor is a name given that is to be asked for over TCP: an answer to another question is as much
 * over TCP as its client likes. */
static bool is_listed(const void *arg, const struct name *owner)
{
	const struct inspection *in = arg;
	struct name_suffixes suffixes;
	struct verdict v;

	name_hash_suffixes(&in->env->name_key, owner, &suffixes);
	v = policy_match(in->env->snapshot->policy, owner, &suffixes, in->leave[0]);
	return v.matched && v.action != ACTION_PASS;
}

struct verdict query_inspect(const struct query_env *env, uint8_t *msg, size_t len,
			     struct reply *reply, struct policy_leave leave)
{
	struct inspection in; /* of which the room for names is not cleared */

	in.verdict = (struct verdict){.matched = false};
	in.env = env;
	in.msg = msg;
	in.len = len;
	bailiwick_begin(&in.bailiwick, msg + WIRE_HEADER, reply->question_end - WIRE_HEADER);
	in.leave[0] = leave;
	collect(&in, reply);
	if (!judge_names(&in) && !judge_services(&in, reply))
		(void)reply_drop_additional(msg, reply, is_listed, &in);
	return in.verdict;
}
