/* SPDX-License-Identifier: BSD-2-Clause */
/* The questions in flight: found by what they ask, and known by their age. */
#include <string.h>

#include "upstream/engine.h"

#define NEVER UINT64_MAX

void question_is_due(struct question *q)
{
	if (!q->is_due)
		TAILQ_INSERT_TAIL(&q->upstreams->due, q, due);
	q->is_due = true;
	upstreams_wake(q->upstreams);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	question_is_due(arg);
}

struct question *question_find(struct upstreams *up, const struct query_key *key)
{
	struct question *q;

	LIST_FOREACH(q, &up->buckets[key->hash & up->bucket_mask], chain) {
		if (query_key_equal(&q->key, key))
			return q;
	}
	return NULL;
}

/* How it went at each server: of the pool that is asked. */
static void forget_servers(struct question *q)
{
	q->tried = 0;
	q->failed = 0;
	q->unhelpful = 0;
	q->suspected = 0;
	q->renewed = 0;
	q->overdue = 0;
	q->last = NULL;
}

static void reset(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;
	const struct conf_outgoing *conf = &loop->env.snapshot->conf->outgoing;

	LIST_INIT(&q->parties);
	q->waiting = 0;
	q->begun_ms = loop->env.now_ms;
	q->deadline_ms = loop->env.now_ms + conf->timeout_ms;
	q->retry_ms = NEVER;
	q->hedge_ms = NEVER;
	q->stale_ms = NEVER;
	forget_servers(q);
	q->only = NULL;
	q->retries = 0;
	q->bad_cookies = 0;
	q->stumbled = NULL;
	q->time = TIME_WHOLE;
	q->answered_badly = false;
	q->in_silence = false;
	q->waits = false;
	q->is_due = false;
	q->unsent = false;
	q->crowded_out = false;
	q->truncated = NULL;
	q->chase = NULL;
	q->seek = NULL;
	q->depth = 0;
	q->ede.len = 0;
	q->attempt_count = 0;
}

/* One of `kind`, which is in no table yet. */
static struct question *begin(struct upstreams *up, const struct query_key *key,
			      const struct ip *client, uint64_t client_hash,
			      enum question_kind kind)
{
	bool has_place = up->in_flight - up->ending < up->in_flight_max;
	struct question *q = has_place ? places_take(&up->questions) : NULL;
	struct pool *pool = q ? pool_take(up, key) : NULL;

	if (!pool) {
		if (q)
			places_give(&up->questions, q);
		return NULL;
	}
	q->kind = kind;
	q->key = *key;
	q->upstreams = up;
	q->pool = pool;
	reset(q);
	evtimer_assign(&q->timer, up->loop->base, on_timer, q);
	client_join(q, client, client_hash);
	TAILQ_INSERT_TAIL(&up->queue, q, age);
	up->in_flight++;
	return q;
}

struct question *question_begin(struct upstreams *up, const struct query_key *key,
				const struct ip *client, uint64_t client_hash)
{
	struct question *q = begin(up, key, client, client_hash, QUESTION_CLIENT);

	if (q)
		LIST_INSERT_HEAD(&up->buckets[key->hash & up->bucket_mask], q, chain);
	return q;
}

struct question *question_double(const struct question *of, struct server *server)
{
	static const struct ip nobody = {0};
	struct question *q = begin(of->upstreams, &of->key, &nobody, 0, QUESTION_MEASURE);

	if (!q)
		return NULL;
	q->only = server;
	LIST_INSERT_HEAD(&of->upstreams->measures, q, chain);
	return q;
}

void question_end(struct question *q)
{
	struct upstreams *up = q->upstreams;

	if (q->chase)
		q->chase->question = NULL; /* what comes of the other one is not waited for */
	q->chase = NULL;
	if (q->seek)
		q->seek->question = NULL;
	q->seek = NULL;
	for (uint32_t i = 0; i < q->attempt_count; i++)
		attempt_end(&q->attempts[i]);
	silence_leave(q);
	event_del(&q->timer);
	if (q->is_due)
		TAILQ_REMOVE(&up->due, q, due);
	LIST_REMOVE(q, chain);
	TAILQ_REMOVE(&up->queue, q, age);
	client_leave(q);
	pool_give(q->pool);
	places_give(&up->questions, q);
	up->in_flight--;
	up->ending -= q->crowded_out;
}

struct question *question_oldest(const struct upstreams *up)
{
	return TAILQ_FIRST(&up->queue);
}

/* What a bit of each place tells is of other servers now. */
void question_renew(struct question *q)
{
	struct pool *before = q->pool;

	q->pool = pool_renew(q->upstreams, q->pool);
	if (q->pool == before)
		return;
	forget_servers(q);
	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server)
			q->tried |= place_bit(question_place(q, q->attempts[i].server));
}

size_t question_place(const struct question *q, const struct server *server)
{
	for (uint32_t i = 0; i < q->pool->count; i++)
		if (q->pool->servers[i] == server)
			return i;
	return SERVERS_MAX;
}

bool question_under_way(const struct question *q)
{
	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server)
			return true;
	return false;
}

bool question_over_link(const struct question *q, const struct server *server)
{
	for (uint32_t i = 0; i < q->attempt_count; i++)
		if (q->attempts[i].server == server && q->attempts[i].link)
			return true;
	return false;
}
