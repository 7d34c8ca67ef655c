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

void query_chain_init(const struct answer_job *job, struct query_chain *ret_chain)
{
	struct query_chain *c = ret_chain;

	*c = (struct query_chain){.owner = ANSWER_QNAME_POINTER};
	name_copy_lower(&c->target, job->msg + WIRE_HEADER, job->wire->qname_len);
	name_hash_suffixes(&job->env->name_key, &c->target, &c->suffixes);
	c->is_own = local_find(job->env->snapshot->local, &c->target, &c->suffixes, &c->found);
}

void query_chain_lead(struct answer_job *job, struct query_chain *c, const struct name *target,
		      uint32_t ttl_s)
{
	answer_add(&job->answer, SECTION_ANSWER, c->owner, TYPE_CNAME, CLASS_IN, ttl_s,
		   target->wire, target->len);
	lead(job, c, target->wire, target->len);
}

bool query_chain_stays(struct answer_job *job, struct query_chain *c)
{
	while (c->is_own)
		if (!query_chain_add(job, c))
			return true;
	return false;
}

/* Where the name goes on as the question's does, its letters are as there. */
static struct name as_asked(const struct answer_job *job, const struct name *target)
{
	const uint8_t *asked = job->msg + WIRE_HEADER;
	size_t labels = job->wire->qname_len - 1U;
	struct name name = *target;
	size_t i = 0;

	while (i < labels && i + 1U < name.len && name_lower(asked[i]) == name.wire[i])
		i++;
	if (i == labels)
		memcpy(name.wire, asked, labels);
	return name;
}

bool query_chain_begin(struct answer_job *job, const struct name *target,
		       struct query_chain *ret_chain)
{
	struct query_chain *c = ret_chain;
	struct name asked = as_asked(job, target);

	query_chain_init(job, c);
	if (query_chain_stays(job, c))
		return false;
	if (job->led && !job->answer.full)
		query_chain_lead(job, c, &asked, job->lead.ttl_s);
	return c->links > 0 && name_equal(&c->target, target);
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
	struct name target;

	if (!reply->body) {
		job->answer.full = true;
		return true;
	}
	name_copy_lower(&target, reply->body - reply->question_end + WIRE_HEADER,
			reply->question_end - (size_t)WIRE_HEADER - 4);
	if (!query_chain_begin(job, &target, &c))
		return job->answer.full;
	add_sections(job, &c, reply, 3, age_s);
	if (job->answer.full && reply->kind == REPLY_ANSWER) /* what is beside it may be missing */
		add_sections(job, &c, reply, 1, age_s);
	return true;
}

size_t query_chain_end(struct answer_job *job, const struct query_chain *c)
{
	struct answer *a = &job->answer;

	if (a->count[SECTION_ANSWER] == c->links && !a->full)
		answer_add_soa(a, SECTION_AUTHORITY, c->owner,
			       job->env->snapshot->conf->local.ttl_s);
	if (a->full)
		stats_inc(job->env->stats, truncated);
	return answer_end(a, RCODE_NOERROR, 0);
}
