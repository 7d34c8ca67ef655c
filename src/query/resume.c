/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers to clients that have waited: from a reply, from what lists say of it, or from none. */
#include <string.h>

#include "base/apart.h"
#include "dns/plain.h"
#include "group/groups.h"
#include "query/job.h"

/* A job for a client that waited: header and question are laid into its buffer first. */
static void resume_job(struct answer_job *job, const struct query_env *env,
		       const struct query_wait *wait, uint8_t *buf, size_t cap)
{
	size_t question_len = wait->wire.question_end - (size_t)WIRE_HEADER;

	memcpy(buf + WIRE_HEADER, wait->question, question_len);
	answer_job_init(job, env, &wait->wire, wait->transport,
			wait->has_cookie ? wait->cookie : NULL, buf, buf, cap);
	if (wait->told)
		answer_opt_give(&job->opt, &wait->subnet);
	job->alias = wait->alias;
	job->led = wait->led;
	job->lead = wait->lead;
	if (wait->led && wait->lead.generation == env->snapshot->generation)
		answer_job_forged(job, &env->snapshot->policy->lists[wait->lead.list]);
}

/* What its client is told in the place of a reply of which `said` was said. */
static struct verdict verdict_for(const struct query_env *env, const struct query_wait *wait,
				  const struct verdict *said, uint8_t *ret_apex)
{
	struct verdict v = *said;
	struct name qname;

	*ret_apex = 0;
	if (!wait->waits || v.matched)
		return v;
	name_copy_lower(&qname, wait->question, wait->wire.qname_len);
	v = query_standing(env, &qname, wait->wire.qtype, &wait->client, ret_apex);
	v.logged = said->logged;
	return v;
}

/* The query of a client that waited. */
static void take_up(struct query *q, const struct query_env *env, const struct query_wait *wait)
{
	q->wire = wait->wire;
	q->parsed = WIRE_QUERY;
	q->transport = (uint8_t)wait->transport;
	q->client = wait->client;
	q->told = wait->told;
	if (q->told)
		q->subnet = wait->subnet;
	q->relayed = wait->relayed;
	q->has_cookie = wait->has_cookie;
	q->good_cookie = wait->good_cookie;
	q->refresh = false;
	q->unchecked = false;
	q->alias = wait->alias;
	q->lent = false;
	q->waits = false;
	q->led = wait->led;
	q->lead = wait->lead;
	q->list = POLICY_NO_PLACE;
	q->view = groups_view(env->snapshot->groups, &wait->client);
	q->home = groups_pool(env->snapshot->groups, q->view);
	q->leave = POLICY_NO_LEAVE_IN(q->view);
	memcpy(q->cookie, wait->cookie, sizeof(q->cookie));
	name_copy_lower(&q->qname, wait->question, wait->wire.qname_len);
}

/* Ends by a verdict what has waited; it may wait again, for another name. */
static enum query_outcome resume_judged(struct answer_job *job, struct query_wait *wait,
					const struct verdict *verdict, uint8_t apex,
					struct query_key *ret_key, size_t *ret_len)
{
	struct query q;
	enum query_outcome outcome;

	take_up(&q, job->env, wait);
	outcome = query_end(&q, job, verdict, apex, ret_len);
	if (outcome == QUERY_FORWARD)
		query_suspend(&q, job->env, job->msg, ret_key, wait);
	return outcome;
}

/* True when what was said of the reply is of other groups than the client's may be by now. */
static inline bool is_outdated(const struct query_env *env, const struct query_wait *wait)
{
	return wait->generation != env->snapshot->generation &&
	       (env->snapshot->groups || wait->apart);
}

/* Other lists hold for whom than when the question was asked: the query is decided as if it came
 * now.  The reply is in the cache. */
static APART enum query_outcome resume_anew(const struct query_env *env, struct query_wait *wait,
					    struct query_key *ret_key, uint16_t *ret_list,
					    uint8_t *buf, size_t cap, size_t *ret_len)
{
	enum query_outcome outcome;
	struct answer_job job;
	struct query q;

	wait->alias = wait->led = false;
	resume_job(&job, env, wait, buf, cap);
	take_up(&q, env, wait);
	query_hash_at_home(&q, env);
	outcome = query_decide_question(&q, &job, ret_len);
	if (outcome == QUERY_FORWARD)
		query_suspend(&q, env, job.msg, ret_key, wait);
	*ret_list = q.list;
	return outcome;
}

static enum query_outcome resume(const struct query_env *env, struct query_wait *wait,
				 const struct reply *reply, const struct verdict *verdict,
				 struct query_key *ret_key, uint16_t *ret_list, uint8_t *buf,
				 size_t cap, size_t *ret_len)
{
	struct answer_job job;
	struct reply plain;
	uint8_t apex;
	struct verdict v = verdict_for(env, wait, verdict, &apex);

	resume_job(&job, env, wait, buf, cap);
	query_note_waiter(wait, env, &v);
	if (query_verdict_ends(&v, wait->transport)) {
		query_count_verdict(env, &v, wait->waits && !verdict->matched);
		*ret_list = v.list;
		return resume_judged(&job, wait, &v, apex, ret_key, ret_len);
	}
	if (reply_is_blocked(reply))
		query_note_blocked_waiter(wait, env);
	if (reply->kind == REPLY_FAILURE)
		stats_inc(env->stats, servfail);
	else if (reply->stale)
		stats_inc(env->stats, stale_answers);
	else
		stats_inc(env->stats, resolved);
	if (reply->plain.body && !wait->wire.edns.dnssec_ok) {
		plain = *reply;
		plain_use(&plain);
		reply = &plain;
	}
	*ret_len = query_answer_reply(&job, reply, 0);
	return QUERY_ANSWERED;
}

size_t query_resume_truncated(const struct query_env *env, const struct query_wait *wait,
			      uint8_t *buf, size_t cap)
{
	struct answer_job job;

	resume_job(&job, env, wait, buf, cap);
	return query_answer_truncated(&job);
}

/* Counts what has waited, and tells of it. */
static void end_waiting(const struct query_env *env, const struct query_wait *wait, uint16_t list,
			const uint8_t *buf)
{
	query_count_waiter(wait, env, list, buf);
	if (feed_is_heard(env->feed))
		query_tell_waiter(wait, env, list, buf);
}

enum query_outcome query_resume(const struct query_env *env, struct query_wait *wait,
				const struct reply *reply, const struct verdict *verdict,
				struct query_key *ret_key, uint8_t *buf, size_t cap,
				size_t *ret_len)
{
	uint16_t list = POLICY_NO_PLACE;
	enum query_outcome outcome;

	if (is_outdated(env, wait))
		outcome = resume_anew(env, wait, ret_key, &list, buf, cap, ret_len);
	else
		outcome = resume(env, wait, reply, verdict, ret_key, &list, buf, cap, ret_len);
	if (outcome == QUERY_ANSWERED) {
		query_count_rcode(env, buf);
		query_bound_ttls(env, &wait->client, wait->wire.question_end, buf, *ret_len);
	}
	if (outcome != QUERY_FORWARD)
		end_waiting(env, wait, list, outcome == QUERY_ANSWERED ? buf : NULL);
	return outcome;
}

/* A name that a zone blocks is blocked, whatever the answer would have had.  False: SERVFAIL it is.
 */
static bool fail_judged(struct answer_job *job, const struct query_wait *wait, size_t *ret_len)
{
	static const struct verdict none = {.matched = false};
	uint8_t apex;
	struct verdict v = verdict_for(job->env, wait, &none, &apex);

	if (!query_verdict_ends(&v, wait->transport) || v.action == ACTION_DROP)
		return false;
	query_note_waiter(wait, job->env, &v);
	query_count_verdict(job->env, &v, true);
	(void)query_answer_verdict(job, &v, apex, ret_len);
	query_count_rcode(job->env, job->buf);
	query_bound_ttls(job->env, &wait->client, wait->wire.question_end, job->buf, *ret_len);
	end_waiting(job->env, wait, v.list, job->buf);
	return true;
}

size_t query_fail(const struct query_env *env, const struct query_wait *wait,
		  enum query_failure failure, uint8_t *buf, size_t cap)
{
	struct answer_job job;
	struct edes ede;
	size_t len;

	query_failure_ede(failure, &ede);
	resume_job(&job, env, wait, buf, cap);
	if (fail_judged(&job, wait, &len))
		return len;
	job.opt.ede = &ede;
	answer_job_begin(&job);
	stats_inc(env->stats, servfail);
	stats_inc(env->stats, rcodes[RCODE_SERVFAIL]);
	len = answer_end(&job.answer, RCODE_SERVFAIL, 0);
	query_count_waiter(wait, env, POLICY_NO_PLACE, buf);
	if (feed_is_heard(env->feed))
		query_tell_failed(wait, env);
	return len;
}
