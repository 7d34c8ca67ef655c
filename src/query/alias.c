/* SPDX-License-Identifier: BSD-2-Clause */
/* Along the operator's CNAMEs, to names of the operator's or of others. */
#include <string.h>

#include "dns/rewrite.h"
#include "query/job.h"

static uint16_t pointer_to(size_t at)
{
	return (uint16_t)(0xc000U | at);
}

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

static void lead(const struct answer_job *job, struct query_chain *c, const uint8_t *target,
		 size_t len)
{
	c->links++;
	name_copy_lower(&c->target, target, len);
	name_hash_suffixes(&job->env->name_key, &c->target, &c->suffixes);
	c->owner = pointer_to(job->answer.len - len);
	c->is_own = local_find(job->env->snapshot->local, &c->target, &c->suffixes, &c->found);
}

bool query_chain_add(struct answer_job *job, struct query_chain *c)
{
	const struct local_record *cname = add_records(job, c->owner, &c->found);

	if (!cname || job->answer.full || c->links == CONF_CNAMES_MAX)
		return false;
	lead(job, c, cname->rdata, cname->rdlen);
	return true;
}

/* Adds the CNAME that a rule with this `leave` gives for the name that the chain is at.  False:
 * none does. */
static bool add_rule(struct answer_job *job, struct query_chain *c, struct policy_leave leave)
{
	struct name target;
	uint32_t ttl_s;

	if (job->wire->qtype == TYPE_CNAME || job->wire->qtype == TYPE_ANY ||
	    !query_given_cname(job, &c->target, &c->suffixes, leave, &target, &ttl_s))
		return false;
	answer_add(&job->answer, SECTION_ANSWER, c->owner, TYPE_CNAME, CLASS_IN, ttl_s, target.wire,
		   target.len);
	lead(job, c, target.wire, target.len);
	return true;
}

/* Goes on to a name that is not the operator's; false: there is none. */
static bool add_own(struct answer_job *job, struct query_chain *c)
{
	while (c->is_own)
		if (!query_chain_add(job, c))
			return false;
	return c->links > 0;
}

bool query_chain_begin(struct answer_job *job, struct query_chain *ret_chain)
{
	struct query_chain *c = ret_chain;

	*c = (struct query_chain){.owner = ANSWER_QNAME_POINTER};
	name_copy_lower(&c->target, job->msg + WIRE_HEADER, job->wire->qname_len);
	name_hash_suffixes(&job->env->name_key, &c->target, &c->suffixes);
	c->is_own = local_find(job->env->snapshot->local, &c->target, &c->suffixes, &c->found);
	if (add_rule(job, c, (struct policy_leave){.passed = c->is_own}))
		return add_own(job, c);
	return add_own(job, c) && (!add_rule(job, c, POLICY_NO_LEAVE) || add_own(job, c));
}

static bool is_question(const struct name *target, const uint8_t *msg, size_t question_end)
{
	struct name qname;

	if (WIRE_HEADER + target->len + 4U != question_end)
		return false;
	name_copy_lower(&qname, msg + WIRE_HEADER, target->len);
	return name_equal(&qname, target);
}

/* Adds the records of the reply's first sections behind the CNAMEs, as short as they were. */
static void add_sections(struct answer_job *job, const struct query_chain *c,
			 const struct reply *reply, unsigned int sections, uint32_t age_s)
{
	const uint16_t count[] = {reply->ancount, sections > 1 ? reply->nscount : 0,
				  sections > 2 ? reply->arcount : 0};
	const unsigned int records = (unsigned int)count[0] + count[1] + count[2];
	const uint8_t *msg = reply->body - reply->question_end;
	const size_t len = reply->question_end + (size_t)reply->body_len;
	const size_t begin = job->answer.len;
	size_t pos = reply->question_end;
	struct rewrite out;
	struct wire_rr rr;

	rewrite_begin_behind(&out, msg, job->buf, begin, c->owner & (REWRITE_REACH - 1));
	for (unsigned int i = 0; i < records; i++)
		if (wire_next_rr(msg, len, &pos, &rr) == ERR_OK)
			rewrite_record(&out, &rr);
	job->answer.full = out.full;
	answer_add_body(&job->answer, out.out + begin, out.len - begin, count[0], count[1],
			count[2]);
	if (!job->answer.full)
		reply_age(job->buf, job->answer.len, begin, records, age_s);
}

bool query_add_alias(struct answer_job *job, const struct reply *reply, uint32_t age_s)
{
	struct query_chain c;

	if (!reply->body) {
		job->answer.full = true;
		return true;
	}
	if (!query_chain_begin(job, &c) ||
	    !is_question(&c.target, reply->body - reply->question_end, reply->question_end))
		return job->answer.full;
	add_sections(job, &c, reply, 3, age_s);
	if (job->answer.full && reply->kind == REPLY_ANSWER) /* what is beside it may be missing */
		add_sections(job, &c, reply, 1, age_s);
	return true;
}

/* The answer ends with names of the operator's. */
static size_t end_here(struct answer_job *job, const struct query_chain *c)
{
	struct answer *a = &job->answer;

	if (a->count[SECTION_ANSWER] == c->links && !a->full)
		answer_add_soa(a, SECTION_AUTHORITY, c->owner,
			       job->env->snapshot->conf->local.ttl_s);
	if (a->full)
		stats_inc(job->env->stats, truncated);
	return answer_end(a, RCODE_NOERROR, 0);
}

enum query_led query_lead_on(struct query *q, struct answer_job *job, const struct verdict *verdict,
			     size_t *ret_len)
{
	const struct policy_list *list = &job->env->snapshot->policy->lists[verdict->list];
	struct query_chain c;

	job->opt.ede = &list->forged;
	answer_job_begin(job);
	if (!query_chain_begin(job, &c)) {
		if (c.links == 0)
			return QUERY_LED_NOWHERE;
		*ret_len = end_here(job, &c);
		return QUERY_LED_ANSWERED;
	}
	if (!(job->wire->flags & FLAG_RD)) {
		*ret_len = answer_end(&job->answer, RCODE_NOERROR, 0);
		return QUERY_LED_ANSWERED;
	}
	q->qname = c.target;
	q->alias = true;
	job->alias = true;
	q->leave = POLICY_MANDATORY_ONLY;
	return QUERY_LED_ON;
}
