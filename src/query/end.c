/* SPDX-License-Identifier: BSD-2-Clause */
/* A query's end by a verdict: on its name, or on what its answer has. */
#include "base/apart.h"
#include "query/job.h"

enum led {
	LED_NOWHERE,  /* no CNAME: the rule's records are the answer */
	LED_ANSWERED, /* to a name of the operator's, or the client does not want it resolved */
	LED_ON,
};

/* Has the query be for the name that the CNAME of a rule leads to. */
static enum led lead(struct query *q, struct answer_job *job, const struct verdict *verdict,
		     size_t *ret_len)
{
	uint16_t qtype = job->wire->qtype;
	struct query_chain c;
	struct name target;
	uint32_t ttl_s;

	if (q->led || qtype == TYPE_CNAME || qtype == TYPE_ANY ||
	    !query_given_cname(job, verdict, &target, &ttl_s))
		return LED_NOWHERE;
	answer_job_forged(job, &job->env->snapshot->policy->lists[verdict->list]);
	answer_job_begin(job);
	query_chain_init(job, &c);
	if (!q->alias || !query_chain_stays(job, &c))
		query_chain_lead(job, &c, &target, ttl_s);
	if (query_chain_stays(job, &c)) {
		*ret_len = query_chain_end(job, &c);
		return LED_ANSWERED;
	}
	if (!(job->wire->flags & FLAG_RD)) {
		*ret_len = answer_end(&job->answer, RCODE_NOERROR, 0);
		return LED_ANSWERED;
	}
	q->qname = c.target;
	q->led = job->led = true;
	q->alias = job->alias = true;
	q->lead = (struct query_lead){ttl_s, verdict->list, job->env->snapshot->generation};
	job->lead = q->lead;
	q->leave = POLICY_MANDATORY_ONLY;
	q->lent = true;
	q->waits = false;
	return LED_ON;
}

/* The name that the query was led to, from where a rule leads no further. */
static enum query_outcome go_on(struct query *q, struct answer_job *job, size_t *ret_len)
{
	struct query_judged judged;
	struct verdict v;

	query_hash_at_home(q, job->env);
	v = policy_match(job->env->snapshot->policy, &q->qname, &q->suffixes, q->wire.qtype,
			 q->leave);
	if (query_verdict_ends(&v, q->transport))
		return query_answer_verdict(job, &v, 0, ret_len);
	if (query_answer_special_use(q, job, ret_len) || query_answer_filtered(q, job, ret_len))
		return QUERY_ANSWERED;
	switch (query_answer_cached(q, job, &judged, ret_len)) {
	case QUERY_CACHED_NOT:
		stats_inc(job->env->stats, cache_misses);
		return QUERY_FORWARD;
	case QUERY_CACHED_JUDGED:
		return query_answer_verdict(job, &judged.verdict, judged.apex, ret_len);
	default:
		return QUERY_ANSWERED;
	}
}

static APART enum query_outcome end_given(struct query *q, struct answer_job *job,
					  const struct verdict *verdict, uint8_t apex,
					  size_t *ret_len)
{
	switch (lead(q, job, verdict, ret_len)) {
	case LED_NOWHERE:
		return query_answer_verdict(job, verdict, apex, ret_len);
	case LED_ANSWERED:
		stats_inc(job->env->stats, list_hits[verdict->list]);
		return QUERY_ANSWERED;
	default:
		stats_inc(job->env->stats, list_hits[verdict->list]);
		return go_on(q, job, ret_len);
	}
}

enum query_outcome query_end(struct query *q, struct answer_job *job, const struct verdict *verdict,
			     uint8_t apex, size_t *ret_len)
{
	if (verdict->action == ACTION_GIVEN)
		return end_given(q, job, verdict, apex, ret_len);
	return query_answer_verdict(job, verdict, apex, ret_len);
}
