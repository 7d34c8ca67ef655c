/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream/upstream.h"

#include <stdlib.h>

#include "upstream/engine.h"

#define CROWDED_MS 500U /* in flight for longer, a question may have to make room */

/* When nearly all places are taken, the question that has been in flight for longest goes, for a
 * newer one that is likelier to be answered.  It ends from the loop. */
static void make_room(struct upstreams *up)
{
	const struct query_env *env = &up->loop->env;
	struct question *oldest = question_oldest(up);

	if (up->in_flight < up->in_flight_max - up->in_flight_max / 8)
		return;
	if (!oldest || oldest->crowded_out || oldest->begun_ms + CROWDED_MS > env->now_ms)
		return;
	stats_inc(env->stats, upstream_crowded_out);
	try_crowd_out(oldest);
}

/* Puts the question to the upstreams; NULL when there are too many. */
static struct question *question_ask(struct upstreams *up, const struct query_key *key)
{
	struct question *q;

	make_room(up);
	q = question_begin(up, key, NULL);
	if (!q)
		return NULL;
	stats_inc(up->loop->env.stats, forwarded);
	try_begin(q);
	return q;
}

void upstream_refresh(struct upstreams *up, const struct query_key *key)
{
	if (!question_find(up, key))
		(void)question_ask(up, key);
}

enum err upstream_ask(struct upstreams *up, const struct query_key *key,
		      struct upstream_waiter *waiter)
{
	struct question *q = question_find(up, key);

	if (q)
		stats_inc(up->loop->env.stats, joined);
	else
		q = question_ask(up, key);
	if (!q)
		return ERR_REFUSED;
	waiter->next = q->waiters;
	q->waiters = waiter;
	return ERR_OK;
}

static uint32_t power_of_two_at_least(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

enum err upstreams_create(struct loop *loop, const struct upstream_pool *pools, size_t count,
			  uint32_t in_flight, uint32_t ports, struct upstreams **ret_upstreams)
{
	struct upstreams *up = calloc(1, sizeof(*up));
	uint32_t buckets = power_of_two_at_least(in_flight);

	if (!up)
		return ERR_NOMEM;
	up->loop = loop;
	up->on_answered = answer_take;
	up->on_failed = try_failed;
	up->on_readable = udp_on_readable;
	up->on_timer = try_on_timer;
	up->forget = uplink_forget;
	up->free_links = uplinks_free;
	up->ports = ports;
	up->in_flight_max = in_flight;
	up->bucket_mask = buckets - 1;
	TAILQ_INIT(&up->servers);
	TAILQ_INIT(&up->queue);
	up->questions = calloc(in_flight, sizeof(*up->questions));
	up->buckets = calloc(buckets, sizeof(*up->buckets));
	if (!up->questions || !up->buckets || pools_replace(up, pools, count) != ERR_OK) {
		upstreams_free(up);
		return ERR_NOMEM;
	}
	for (uint32_t i = in_flight; i-- > 0;)
		LIST_INSERT_HEAD(&up->unused, &up->questions[i], chain);
	*ret_upstreams = up;
	return ERR_OK;
}

void upstreams_free(struct upstreams *up)
{
	struct question *q;

	if (!up)
		return;
	while ((q = question_oldest(up)))
		question_end(q);
	pools_free(up);
	free(up->buckets);
	free(up->questions);
	free(up);
}

enum err upstreams_set(struct upstreams *up, const struct upstream_pool *pools, size_t count)
{
	return pools_replace(up, pools, count);
}

uint32_t upstreams_in_flight(const struct upstreams *up)
{
	return up->in_flight;
}

bool upstreams_awaited(const struct upstreams *up)
{
	const struct question *q;

	TAILQ_FOREACH(q, &up->queue, age)
	if (q->waiters)
		return true;
	return false;
}

void upstreams_log(const struct upstreams *up, const char *who)
{
	const struct server *server;

	TAILQ_FOREACH(server, &up->servers, entry)
	health_log(server, who);
}
