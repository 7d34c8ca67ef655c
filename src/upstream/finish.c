/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a question, and what its clients are told. */
#include <string.h>

#include "upstream/engine.h"

#define NEVER UINT64_MAX

/* They may ask others at once. */
static void tell(struct upstream_waiter *waiters, const struct upstream_result *result)
{
	while (waiters) {
		struct upstream_waiter *next = waiters->next;

		waiters->done(waiters, result);
		waiters = next;
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
	struct upstream_waiter *waiters = q->waiters;

	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server)
			health_unanswered(q->attempts[i].server, &q->attempts[i]);
	if (result->reply && result->reply->kind != REPLY_FAILURE)
		blame_unhelpful(q);
	question_end(q);
	tell(waiters, result);
}

/* Those who have waited long get what is left in the cache (RFC 8767, 5). */
void finish_stale(struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct upstream_result result = {.reply = NULL};
	struct upstream_waiter *waiters = q->waiters;
	struct reply reply;

	q->stale_ms = NEVER;
	if (!waiters ||
	    !query_stale(&up->loop->env, &q->key, false, up->message, &reply, &result.verdict))
		return;
	result.reply = &reply;
	q->waiters = NULL;
	tell(waiters, &result);
}

/* Clients that check for themselves (CD) have it asked anew, so that the upstream does not check:
 * it may have refused for that alone. */
static void ask_unchecked(struct question *q)
{
	struct upstream_waiter **at = &q->waiters;
	struct query_key key = q->key;

	if (!query_ask_unchecked(&key))
		return;
	while (*at) {
		struct upstream_waiter *waiter = *at;

		*at = waiter->next;
		if (!(waiter->wait.wire.flags & FLAG_CD) ||
		    q->upstreams->ask(q->upstreams, &key, waiter) != ERR_OK) {
			waiter->next = *at;
			*at = waiter;
			at = &waiter->next;
		}
	}
}

/* Nobody answers: what is left in the cache is better than nothing, and an upstream's word on why
 * it failed is better than ours. */
void finish_failed(struct question *q, enum query_failure failure)
{
	struct upstreams *up = q->upstreams;
	const struct query_env *env = &up->loop->env;
	struct upstream_result result = {.failure = failure};
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
		reply.ede_len = q->ede.len;
		memcpy(reply.ede, q->ede.data, q->ede.len);
		reply.body = q->ede.data;
		result.reply = &reply;
	}
	query_remember_failure(env, &q->key, failure, q->answered_badly ? &q->ede : NULL);
	finish(q, &result);
}
