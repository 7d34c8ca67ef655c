/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that neither a list nor an upstream gives: the operator's own names, special-use ones. */
#include <string.h>

#include "core/namemap.h"
#include "core/query_p.h"
#include "core/special.h"

#define POINTER_MAX 0x3fffU /* the farthest place that a compression pointer leads to */

static uint16_t pointer_to(size_t at)
{
	return (uint16_t)(0xc000U | at);
}

static size_t end(struct answer_job *job, uint16_t rcode)
{
	if (job->answer.full)
		stats_inc(job->env->stats, truncated);
	return answer_end(&job->answer, rcode, 0);
}

/* ---- the operator's own names */

/* Adds what the name has of the type.  Returns its CNAME when that leads on to the answer. */
static const struct local_record *add_records(struct answer_job *job, uint16_t owner,
					      const struct local_name *found)
{
	const struct local_record *cname = NULL;

	for (uint32_t i = 0; i < found->count; i++) {
		const struct local_record *r = &found->records[i];
		bool wanted = query_wants(job->wire->qtype, r->type);

		if (!wanted && r->type == TYPE_CNAME)
			cname = r;
		if (wanted || cname)
			answer_add(&job->answer, SECTION_ANSWER, owner, r->type, CLASS_IN, r->ttl_s,
				   r->rdata, r->rdlen);
	}
	return cname;
}

/* A CNAME's target, and what is known of it. */
struct target {
	struct name name;
	struct name_suffixes suffixes;
	struct verdict verdict; /* of the mandatory lists: the others have no say in own names */
	struct local_name found;
	bool is_own;
};

static void follow(const struct query_env *env, const struct local_record *cname,
		   struct target *ret_target)
{
	const struct snapshot *s = env->snapshot;
	struct target *t = ret_target;

	name_copy_lower(&t->name, cname->rdata, cname->rdlen);
	name_hash_suffixes(&env->name_key, &t->name, &t->suffixes);
	t->verdict = policy_match(s->policy, &t->name, &t->suffixes, true);
	t->is_own = local_find(s->local, &t->name, &t->suffixes, &t->found);
}

enum query_outcome query_answer_local(struct answer_job *job, const struct local_name *found,
				      size_t *ret_len)
{
	uint16_t owner = ANSWER_QNAME_POINTER;
	struct answer *a = &job->answer;
	const struct local_record *cname;
	uint16_t answers;
	struct target t;

	answer_job_begin(job);
	for (unsigned int links = 0;; links++) {
		answers = a->count[SECTION_ANSWER];
		cname = add_records(job, owner, found);
		if (!cname || a->full || links == CONF_CNAMES_MAX)
			break;
		follow(job->env, cname, &t);
		if (query_verdict_ends(&t.verdict, job->transport)) {
			stats_inc(job->env->stats, blocked_cname);
			return query_answer_verdict(job, &t.verdict, 0, ret_len);
		}
		if (!t.is_own)
			break;
		owner = pointer_to(a->len - cname->rdlen);
		found = &t.found;
	}
	if (a->count[SECTION_ANSWER] == answers && !a->full)
		answer_add_soa(a, SECTION_AUTHORITY, owner, job->env->snapshot->conf->local.ttl_s);
	stats_inc(job->env->stats, local_answers);
	*ret_len = end(job, RCODE_NOERROR);
	return QUERY_ANSWERED;
}

/* ---- special-use names */

static bool add_loopback(struct answer_job *job)
{
	static const uint8_t ipv4[] = {127, 0, 0, 1};
	static const uint8_t ipv6[16] = {[15] = 1};
	uint16_t qtype = job->wire->qtype;

	if (query_wants(qtype, TYPE_A))
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_A, CLASS_IN,
			   SPECIAL_TTL_S, ipv4, sizeof(ipv4));
	if (query_wants(qtype, TYPE_AAAA))
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_AAAA, CLASS_IN,
			   SPECIAL_TTL_S, ipv6, sizeof(ipv6));
	return job->answer.count[SECTION_ANSWER] > 0;
}

/* What an empty zone has at its apex: SOA and NS, both of the zone itself (RFC 6303, 3). */
static bool add_apex(struct answer_job *job, enum special_kind kind)
{
	static const uint8_t localhost[] = "\11localhost";
	uint16_t qtype = job->wire->qtype;
	uint8_t self[2];

	wire_put16(self, ANSWER_QNAME_POINTER);
	if (query_wants(qtype, TYPE_SOA))
		answer_add_soa(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, SPECIAL_TTL_S);
	if (query_wants(qtype, TYPE_NS))
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_NS, CLASS_IN,
			   SPECIAL_TTL_S, self, sizeof(self));
	if (kind == SPECIAL_LOOPBACK && query_wants(qtype, TYPE_PTR))
		answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, TYPE_PTR, CLASS_IN,
			   SPECIAL_TTL_S, localhost, sizeof(localhost));
	return job->answer.count[SECTION_ANSWER] > 0;
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
	uint16_t apex = pointer_to(WIRE_HEADER + (size_t)q->suffixes.offset[hit->suffix]);
	enum special_kind kind = (enum special_kind)hit->value;
	uint16_t rcode = RCODE_NOERROR;
	bool given = false;
	struct ede ede;

	if (kind == SPECIAL_ABSENT ||
	    (kind != SPECIAL_LOCALHOST && hit->suffix > 0 && !lies_above(q, job->env->snapshot))) {
		rcode = RCODE_NXDOMAIN;
		ede_set(&ede, EDE_OTHER, "special-use name");
		job->opt.ede = &ede;
	}
	answer_job_begin(job);
	if (kind == SPECIAL_LOCALHOST)
		given = add_loopback(job);
	else if (kind != SPECIAL_ABSENT && hit->suffix == 0)
		given = add_apex(job, kind);
	if (!given)
		answer_add_soa(&job->answer, SECTION_AUTHORITY, apex, SPECIAL_TTL_S);
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
