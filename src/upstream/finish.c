/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a question, and what its clients are told. */
#include <string.h>

#include "upstream/engine.h"

#define NEVER UINT64_MAX

/* The waiters may ask others at once. */
static void tell(const struct loop *loop, struct waiter_queue *waiters,
		 const struct upstream_result *result)
{
	struct upstream_waiter *w;

	while ((w = STAILQ_FIRST(waiters))) {
		STAILQ_REMOVE_HEAD(waiters, entry);
		stats_took(&loop->env.stats->took_forwarded, loop->now_us - w->since_us, 1);
		w->done(w, result);
	}
}

/* Another has answered well: what these said was their own fault, and not the name's. */
static void blame_unhelpful(const struct question *q)
{
	for (uint32_t i = 0; i < q->pool->count; i++)
		if (q->unhelpful & place_bit(i))
			health_bad(q->pool->servers[i], FAILURE_ANSWER);
}

void finish(struct question *q, const struct upstream_result *result)
{
	const struct loop *loop = q->upstreams->loop;
	struct waiter_queue waiters;

	waiting_take(q, &waiters);
	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server)
			health_unanswered(q->attempts[i].server, &q->attempts[i]);
	if (result->reply && result->reply->kind != REPLY_FAILURE)
		blame_unhelpful(q);
	question_end(q);
	tell(loop, &waiters, result);
}

void finish_early(struct question *q, const struct upstream_result *result)
{
	struct waiter_queue waiters;

	waiting_take(q, &waiters);
	tell(q->upstreams->loop, &waiters, result);
}

/* Those who have waited long get what is left in the cache (RFC 8767, 5). */
void finish_stale(struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct upstream_result result = {.reply = NULL};
	struct waiter_queue waiters;
	struct reply reply;

	q->stale_ms = NEVER;
	if (!q->waiting ||
	    !query_stale(&up->loop->env, &q->key, false, up->message, &reply, &result.verdict))
		return;
	result.reply = &reply;
	waiting_take(q, &waiters);
	tell(up->loop, &waiters, &result);
}

/* Puts the waiter back to those of the question; there is a place, since it had one. */
static void put_back(struct question *q, struct upstream_waiter *waiter)
{
	struct upstream_result result = {.failure = QUERY_FAIL_OVERLOAD};

	if (waiting_join(q, waiter) != ERR_OK)
		waiter->done(waiter, &result);
}

/* The query was sent again, and that one was asked with CD at once: another worker knew already. */
static void tell_elsewhere(struct upstream_waiter *waiter)
{
	struct upstream_result result = {.elsewhere = true};

	waiter->done(waiter, &result);
}

static void ask_anew(struct question *q, const struct query_key *key,
		     struct upstream_waiter *waiter)
{
	switch (ask_from_loop(q->upstreams, key, waiter)) {
	case ERR_OK:
		break;
	case ERR_EXISTS:
		tell_elsewhere(waiter);
		break;
	default:
		put_back(q, waiter);
	}
}

/* Clients that check for themselves (CD) have it asked anew, so that the upstream does not check:
 * it may have refused for that alone. */
static void ask_unchecked(struct question *q)
{
	struct query_key key = q->key;
	struct upstream_waiter *waiter;
	struct waiter_queue waiters;

	if (!query_ask_unchecked(&key))
		return;
	waiting_take(q, &waiters);
	while ((waiter = STAILQ_FIRST(&waiters))) {
		STAILQ_REMOVE_HEAD(&waiters, entry);
		if (waiter->wait.wire.flags & FLAG_CD)
			ask_anew(q, &key, waiter);
		else
			put_back(q, waiter);
	}
}

/* Nobody answers: what is left in the cache is better than nothing, and an upstream's word on why
 * it failed is better than ours. */
void finish_failed(struct question *q, enum query_failure failure)
{
	struct upstreams *up = q->upstreams;
	const struct query_env *env = &up->loop->env;
	struct upstream_result result = {.failure = failure, .told = q->answered_badly};
	struct reply reply = {.kind = REPLY_FAILURE, .rcode = RCODE_SERVFAIL};
	bool told_why = q->answered_badly && q->ede.len;

	if (q->kind == QUESTION_MEASURE) {
		finish(q, &result);
		return;
	}
	if (q->answered_badly)
		ask_unchecked(q);
	if (query_stale(env, &q->key, failure != QUERY_FAIL_OVERLOAD, up->message, &reply,
			&result.verdict)) {
		result.reply = &reply;
	} else if (told_why) {
		edes_copy(&reply.ede, &q->ede);
		reply.body = q->ede.data;
		result.reply = &reply;
	}
	query_remember_failure(env, &q->key, failure, q->answered_badly ? &q->ede : NULL);
	finish(q, &result);
}
