/* SPDX-License-Identifier: BSD-2-Clause */
/* Along the operator's CNAMEs, to names of the operator's or of others. */
#include <string.h>

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

bool query_chain_add(struct answer_job *job, struct query_chain *c)
{
	const struct local_record *cname = add_records(job, c->owner, &c->found);

	if (!cname || job->answer.full || c->links++ == CONF_CNAMES_MAX)
		return false;
	name_copy_lower(&c->target, cname->rdata, cname->rdlen);
	name_hash_suffixes(&job->env->name_key, &c->target, &c->suffixes);
	c->owner = pointer_to(job->answer.len - cname->rdlen);
	c->is_own = local_find(job->env->snapshot->local, &c->target, &c->suffixes, &c->found);
	return true;
}

bool query_chain_begin(struct answer_job *job, struct query_chain *ret_chain)
{
	struct query_chain *c = ret_chain;

	*c = (struct query_chain){.owner = ANSWER_QNAME_POINTER};
	name_copy_lower(&c->target, job->msg + WIRE_HEADER, job->wire->qname_len);
	name_hash_suffixes(&job->env->name_key, &c->target, &c->suffixes);
	c->is_own = local_find(job->env->snapshot->local, &c->target, &c->suffixes, &c->found);
	while (c->is_own)
		if (!query_chain_add(job, c))
			return false;
	return c->links > 0;
}

/* Adds one record of a reply, with its names in full: its pointers are of another message. */
static void add_expanded(struct answer_job *job, enum section section, const struct query_chain *c,
			 const uint8_t *msg, size_t len, const struct wire_rr *rr, uint32_t age_s)
{
	uint32_t ttl_s = rr->ttl_s > age_s ? rr->ttl_s - age_s : 0;
	size_t at = rr->owner;
	uint8_t buf[REPLY_RDATA_MAX];
	struct name owner;
	uint16_t rdlen;
	const uint8_t *rdata = reply_rdata(msg, len, rr, buf, &rdlen);

	if (!rdata || name_unpack(msg, len, &at, &owner) != ERR_OK)
		return;
	if (name_equal(&owner, &c->target))
		answer_add(&job->answer, section, c->owner, rr->type, rr->rrclass, ttl_s, rdata,
			   rdlen);
	else
		answer_add_named(&job->answer, section, &owner, rr->type, rr->rrclass, ttl_s, rdata,
				 rdlen);
}

static bool is_question(const struct name *target, const uint8_t *msg, size_t question_end)
{
	struct name qname;

	if (WIRE_HEADER + target->len + 4U != question_end)
		return false;
	name_copy_lower(&qname, msg + WIRE_HEADER, target->len);
	return name_equal(&qname, target);
}

bool query_add_alias(struct answer_job *job, const struct reply *reply, uint32_t age_s)
{
	const uint8_t *msg = reply->body - reply->question_end;
	size_t len = reply->question_end + (size_t)reply->body_len;
	size_t pos = reply->question_end;
	const unsigned int sections[] = {reply->ancount, reply->nscount, reply->arcount};
	struct wire_rr rr;
	struct query_chain c;

	if (!query_chain_begin(job, &c) || !is_question(&c.target, msg, reply->question_end))
		return job->answer.full;
	for (unsigned int s = 0; s < 3; s++)
		for (unsigned int i = 0; i < sections[s]; i++) {
			if (wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
				return true;
			add_expanded(job, (enum section)s, &c, msg, len, &rr, age_s);
		}
	return true;
}
