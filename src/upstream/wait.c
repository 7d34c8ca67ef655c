/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a question lasts, and what it waits for: by the state of the servers that it may be
 * asked of (state.h).
 */
#include "upstream/engine.h"

#define AT_ONCE 0U
#define NEVER UINT64_MAX
#define SECOND_MS 1000U
#define BACK_MS 800U		 /* so that a client has time to ask another resolver */
#define DEAD_LONG_US 10000000ULL /* silent for longer, a server is not soon back */

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void wait_arm(struct question *q)
{
	uint64_t now_ms = q->upstreams->loop->env.now_ms;
	uint64_t due_ms =
		sooner(sooner(q->deadline_ms, q->retry_ms), sooner(q->hedge_ms, q->stale_ms));
	struct timeval tv;

	due_ms = due_ms > now_ms ? due_ms - now_ms : 0;
	tv = (struct timeval){.tv_sec = (time_t)(due_ms / 1000),
			      .tv_usec = (suseconds_t)(due_ms % 1000 * 1000)};
	if (event_add(&q->timer, &tv) == 0)
		return;
	q->deadline_ms = now_ms; /* no memory: its time is up, rather than never */
	event_active(&q->timer, EV_TIMEOUT, 0);
}

void wait_end_soon(struct question *q)
{
	q->deadline_ms = AT_ONCE;
	event_active(&q->timer, EV_TIMEOUT, 0);
}

void wait_crowd_out(struct question *q)
{
	struct upstreams *up = q->upstreams;

	TAILQ_REMOVE(&up->queue, q, age);
	TAILQ_INSERT_TAIL(&up->queue, q, age);
	TAILQ_REMOVE(&q->client->questions, q, owned);
	TAILQ_INSERT_TAIL(&q->client->questions, q, owned);
	silence_leave(q);
	q->crowded_out = true;
	up->ending++;
	wait_end_soon(q);
}

void wait_no_room(struct question *q)
{
	q->answered_badly = false;
	if (!q->crowded_out)
		wait_crowd_out(q);
}

void wait_rest(struct question *q, uint64_t deadline_ms)
{
	for (uint32_t i = 0; i < q->attempt_count; i++) {
		if (q->attempts[i].server)
			health_unanswered(q->attempts[i].server, &q->attempts[i]);
		attempt_end(&q->attempts[i]);
	}
	client_wait_no_more(q);
	q->last = NULL; /* it has answered */
	q->retry_ms = NEVER;
	q->hedge_ms = NEVER;
	q->deadline_ms = deadline_ms;
	wait_arm(q);
}

/* Each round through the servers waits longer than the last, by as much again.  Doubling would
 * leave a question that is lost a few times too little of its time. */
void wait_set_retry(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;
	uint32_t initial_ms = loop->env.snapshot->conf->outgoing.retransmit_ms;
	uint32_t rounds = q->retries / (q->pool->count ? q->pool->count : 1);
	uint32_t wait_ms = q->last ? rtt_timeout_ms(&q->last->health.rtt, initial_ms) : initial_ms;

	if (wait_ms < initial_ms && q->last && q->last->transport != SERVER_UDP)
		wait_ms = initial_ms; /* the connection may have to be opened first */
	q->retry_ms = loop->env.now_ms + (uint64_t)wait_ms * (rounds + 1);
}

/* ---- by the state of the servers */

/* True when some server of the pool fell silent a short while ago.  What was restarted, or cut off
 * for a moment, is back in seconds; the longer it has been away, the longer it will be. */
static bool may_be_back_soon(const struct question *q)
{
	uint64_t now_us = q->upstreams->loop->now_us;

	for (uint32_t i = 0; i < q->pool->count; i++)
		if (q->pool->servers[i]->health.silent_since_us + DEAD_LONG_US > now_us)
			return true;
	return false;
}

static uint64_t deadline_of(const struct question *q, enum server_time time)
{
	const struct query_env *env = &q->upstreams->loop->env;
	uint64_t whole_ms = q->begun_ms + env->snapshot->conf->outgoing.timeout_ms;

	switch (time) {
	case TIME_SECOND:
		return sooner(whole_ms, env->now_ms + SECOND_MS);
	case TIME_BACK:
		return may_be_back_soon(q) ? whole_ms : sooner(whole_ms, env->now_ms + BACK_MS);
	case TIME_WHOLE:
		break;
	}
	return whole_ms;
}

void wait_plan(struct question *q)
{
	enum server_state outlook = pick_outlook(q);
	enum server_time time;

	if (q->kind != QUESTION_CLIENT || q->deadline_ms == AT_ONCE || q->chase || q->seek ||
	    outlook == SERVER_STATE_COUNT)
		return;
	time = server_states[outlook].time;
	if (time == q->time)
		return;
	q->time = time;
	q->deadline_ms = deadline_of(q, time);
	if (server_states[outlook].stale == STALE_NOW)
		q->stale_ms = q->upstreams->loop->env.now_ms;
}

bool wait_turn(struct question *q)
{
	enum server_state outlook = pick_outlook(q);

	if (q->kind != QUESTION_CLIENT || outlook == SERVER_STATE_COUNT ||
	    server_states[outlook].asked != ASKED_NOT)
		return false;
	for (uint32_t i = 0; i < q->pool->count; i++)
		watch_wanted(q->pool->servers[i]);
	client_wait(q);
	q->retry_ms = NEVER;
	q->hedge_ms = NEVER;
	wait_plan(q);
	wait_arm(q);
	return true;
}
