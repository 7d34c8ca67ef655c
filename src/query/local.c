/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that neither a list nor an upstream gives: the operator's own names, special-use ones. */
#include <string.h>

#include "conf/namemap.h"
#include "query/job.h"
#include "names/special.h"

static size_t end(struct answer_job *job, uint16_t rcode)
{
	if (job->answer.full)
		stats_inc(job->env->stats, truncated);
	return answer_end(&job->answer, rcode, 0);
}

/* ---- the operator's own names */

bool query_answer_local(struct answer_job *job, const struct local_name *found,
			struct name *ret_target, enum query_outcome *outcome, size_t *ret_len)
{
	const struct snapshot *s = job->env->snapshot;
	struct query_chain c = {.owner = ANSWER_QNAME_POINTER, .is_own = true, .found = *found};
	struct answer *a = &job->answer;
	uint16_t answers = 0;
	struct verdict v;

	answer_job_begin(job);
	while (c.is_own) {
		answers = a->count[SECTION_ANSWER];
		if (!query_chain_add(job, &c))
			break;
		v = policy_match(s->policy, &c.target, &c.suffixes, POLICY_MANDATORY_ONLY);
		if (query_verdict_ends(&v, job->transport)) {
			stats_inc(job->env->stats, blocked_cname);
			*outcome = query_answer_verdict(job, &v, 0, ret_len);
			return true;
		}
	}
	if (!c.is_own && (job->wire->flags & FLAG_RD)) {
		*ret_target = c.target;
		return false;
	}
	if (a->count[SECTION_ANSWER] == answers && !a->full)
		answer_add_soa(a, SECTION_AUTHORITY, c.owner, s->conf->local.ttl_s);
	stats_inc(job->env->stats, local_answers);
	*ret_len = end(job, RCODE_NOERROR);
	*outcome = QUERY_ANSWERED;
	return true;
}

/* ---- special-use names */

static bool add_loopback(struct answer_job *job, uint16_t owner)
{
	static const uint8_t ipv4[] = {127, 0, 0, 1};
	static const uint8_t ipv6[16] = {[15] = 1};
	uint16_t before = job->answer.count[SECTION_ANSWER];
	uint16_t qtype = job->wire->qtype;

	if (query_wants(qtype, TYPE_A))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_A, CLASS_IN, SPECIAL_TTL_S,
			   ipv4, sizeof(ipv4));
	if (query_wants(qtype, TYPE_AAAA))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_AAAA, CLASS_IN, SPECIAL_TTL_S,
			   ipv6, sizeof(ipv6));
	return job->answer.count[SECTION_ANSWER] > before;
}

/* What an empty zone has at its apex: SOA and NS, both of the zone itself (RFC 6303, 3). */
static bool add_apex(struct answer_job *job, uint16_t owner, enum special_kind kind)
{
	static const uint8_t localhost[] = "\11localhost";
	uint16_t before = job->answer.count[SECTION_ANSWER];
	uint16_t qtype = job->wire->qtype;
	uint8_t self[2];

	wire_put16(self, owner);
	if (query_wants(qtype, TYPE_SOA))
		answer_add_soa(&job->answer, SECTION_ANSWER, owner, SPECIAL_TTL_S);
	if (query_wants(qtype, TYPE_NS))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_NS, CLASS_IN, SPECIAL_TTL_S,
			   self, sizeof(self));
	if (kind == SPECIAL_LOOPBACK && query_wants(qtype, TYPE_PTR))
		answer_add(&job->answer, SECTION_ANSWER, owner, TYPE_PTR, CLASS_IN, SPECIAL_TTL_S,
			   localhost, sizeof(localhost));
	return job->answer.count[SECTION_ANSWER] > before;
}

/* True for names that exist because something of ours lies below them (RFC 8020). */
static bool lies_above(const struct query *q, const struct snapshot *s)
{
	return namemap_has(s->special, &q->qname, &q->suffixes) ||
	       namemap_has(s->zones, &q->qname, &q->suffixes) ||
	       local_has(s->local, &q->qname, &q->suffixes);
}

static size_t answer_special(const struct query *q, struct answer_job *job,
			     const struct namemap_hit *hit)
{
	enum special_kind kind = (enum special_kind)hit->value;
	uint16_t rcode = RCODE_NOERROR;
	uint16_t owner = ANSWER_QNAME_POINTER;
	bool given = false;
	struct query_chain c;
	struct ede ede;

	if (kind == SPECIAL_ABSENT ||
	    (kind != SPECIAL_LOCALHOST && hit->suffix > 0 && !lies_above(q, job->env->snapshot))) {
		rcode = RCODE_NXDOMAIN;
		ede_set(&ede, EDE_OTHER, "special-use name");
		job->opt.ede = &ede;
	}
	answer_job_begin(job);
	if (job->alias && query_chain_begin(job, &c))
		owner = c.owner;
	if (kind == SPECIAL_LOCALHOST)
		given = add_loopback(job, owner);
	else if (kind != SPECIAL_ABSENT && hit->suffix == 0)
		given = add_apex(job, owner, kind);
	if (!given)
		answer_add_soa(&job->answer, SECTION_AUTHORITY,
			       (uint16_t)(owner + q->suffixes.offset[hit->suffix]), SPECIAL_TTL_S);
	return end(job, rcode);
}

bool query_answer_special_use(const struct query *q, struct answer_job *job, size_t *ret_len)
{
	struct namemap_hit hit;

	if (q->in_zone)
		return false;
	hit = namemap_find(job->env->snapshot->special, &q->qname, &q->suffixes, 0);
	if (!hit.found)
		return false;
	/* for a validator: that such a zone is not signed, only its parent can tell (RFC 8375, 4)
	 */
	if (q->wire.qtype == TYPE_DS && hit.suffix == 0 && hit.value == SPECIAL_ZONE)
		return false;
	stats_inc(job->env->stats, special_use);
	*ret_len = answer_special(q, job, &hit);
	return true;
}
