/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that rules of response policy zones give themselves: their records. */
#include <string.h>

#include "base/apart.h"
#include "query/job.h"

/*
 * The name that a CNAME of a rule leads `qname` to: of "*.x" that is qname.x.  False: that is too
 * long.
 */
static bool lead_to(const struct name *qname, const struct localdata_record *cname,
		    struct name *ret_target)
{
	const uint8_t *rest = cname->rdata + 2;
	size_t labels = qname->len - 1U;
	size_t len = cname->rdlen - 2U;

	if (cname->rdata[0] != 1 || cname->rdata[1] != '*') {
		ret_target->len = (uint8_t)cname->rdlen;
		memcpy(ret_target->wire, cname->rdata, cname->rdlen);
		return true;
	}
	if (labels + len > NAME_WIRE_MAX)
		return false;
	memcpy(ret_target->wire, qname->wire, labels);
	memcpy(ret_target->wire + labels, rest, len);
	ret_target->len = (uint8_t)(labels + len);
	return true;
}

/* The name that was asked for, in the letters' case of the question. */
static void question_name(const struct answer_job *job, struct name *ret_name)
{
	ret_name->len = job->wire->qname_len;
	memcpy(ret_name->wire, job->msg + WIRE_HEADER, ret_name->len);
}

/* ---- records */

/* An expanded name that is too long (as RFC 6672, 2.2, has it of DNAMEs). */
static size_t answer_too_long(struct answer_job *job)
{
	struct edes ede;

	edes_set(&ede, EDE_OTHER, "the name that a rule makes of this one is too long");
	job->opt.ede = &ede;
	answer_job_begin(job);
	return answer_end(&job->answer, RCODE_YXDOMAIN, 0);
}

static bool add_record(struct answer_job *job, const struct localdata_record *record)
{
	struct localdata_record r = *record;
	struct name target;
	struct name qname;

	if (r.type == TYPE_CNAME) {
		question_name(job, &qname);
		if (!lead_to(&qname, record, &target))
			return false;
		r.rdata = target.wire;
		r.rdlen = target.len;
	}
	answer_add(&job->answer, SECTION_ANSWER, ANSWER_QNAME_POINTER, r.type, CLASS_IN, r.ttl_s,
		   r.rdata, r.rdlen);
	return true;
}

APART bool query_answer_given(struct answer_job *job, const struct verdict *verdict,
			      size_t *ret_len)
{
	const struct policy *policy = job->env->snapshot->policy;
	uint32_t number = policy_data(policy, verdict);
	struct localdata_iter iter = {.left = 0};
	struct localdata_record record;

	answer_job_forged(job, &policy->lists[verdict->list]);
	answer_job_begin(job);
	if (number > 0)
		localdata_iter_init(&iter, policy->data, number);
	while (localdata_iter_next(&iter, &record)) {
		if (!query_wants(job->wire->qtype, record.type) && record.type != TYPE_CNAME)
			continue;
		if (!add_record(job, &record)) {
			*ret_len = answer_too_long(job);
			return true;
		}
	}
	if (job->answer.count[SECTION_ANSWER] == 0 && !job->answer.full)
		return false;
	if (job->answer.full)
		stats_inc(job->env->stats, truncated);
	*ret_len = answer_end(&job->answer, RCODE_NOERROR, 0);
	return true;
}

bool query_given_cname(const struct answer_job *job, const struct verdict *verdict,
		       struct name *ret_target, uint32_t *ret_ttl_s)
{
	const struct policy *policy = job->env->snapshot->policy;
	uint32_t number = policy_data(policy, verdict);
	struct localdata_record cname;
	struct name from;

	if (number == 0 || !localdata_find(policy->data, number, TYPE_CNAME, &cname))
		return false;
	question_name(job, &from);
	*ret_ttl_s = cname.ttl_s;
	return lead_to(&from, &cname, ret_target);
}
