/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream/upstream.h"

#include <stdlib.h>

#include "upstream/engine.h"

#define CROWDED_MS 500U /* in flight for longer, a question may have to make room */

/* The question that is to give its place to one of `client`: of those who have far more, the
 * oldest; else the one that has been in flight for longest, if that is long.  NULL: there is none.
 */
static struct question *find_victim(const struct upstreams *up, uint32_t load)
{
	const struct client *heavy = client_heaviest(&up->clients);
	struct question *oldest = question_oldest(up);

	if (heavy && heavy->count / 2 > load + 1)
		return TAILQ_FIRST(&heavy->questions);
	if (oldest && oldest->begun_ms + CROWDED_MS <= up->loop->env.now_ms)
		return oldest;
	return NULL;
}

/* When nearly all places are taken, another question goes for one that is likelier to be answered.
 * It ends from the loop. */
static void make_room(struct upstreams *up, const struct ip *client)
{
	struct question *victim;

	if (up->in_flight < up->in_flight_max - up->in_flight_max / 8)
		return;
	victim = find_victim(up, client_load(up, client));
	if (!victim || victim->crowded_out)
		return;
	stats_inc(up->loop->env.stats, upstream_crowded_out);
	wait_crowd_out(victim);
}

/* Puts the question to the upstreams; NULL when there are too many. */
static struct question *question_ask(struct upstreams *up, const struct query_key *key,
				     const struct ip *client)
{
	struct question *q;

	make_room(up, client);
	q = question_begin(up, key, client);
	if (!q)
		return NULL;
	stats_inc(up->loop->env.stats, forwarded);
	try_begin(q);
	return q;
}

void upstream_refresh(struct upstreams *up, const struct query_key *key)
{
	static const struct ip nobody = {0};

	if (!question_find(up, key))
		(void)question_ask(up, key, &nobody);
}

enum err upstream_ask(struct upstreams *up, const struct query_key *key,
		      struct upstream_waiter *waiter)
{
	struct question *q = question_find(up, key);
	enum err err = q ? waiting_may_join(q, waiter) : ERR_OK;

	if (err != ERR_OK)
		return err;
	if (q)
		stats_inc(up->loop->env.stats, joined);
	else
		q = question_ask(up, key, &waiter->client);
	return q ? waiting_join(q, waiter) : ERR_REFUSED;
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
	up->ask = upstream_ask;
	evtimer_assign(&up->turn, loop->base, turn_on_event, up);
	evtimer_assign(&up->release, loop->base, try_on_release, up);
	TAILQ_INIT(&up->readable_sources);
	TAILQ_INIT(&up->readable_links);
	TAILQ_INIT(&up->due);
	up->ports = ports;
	up->in_flight_max = in_flight;
	up->bucket_mask = buckets - 1;
	TAILQ_INIT(&up->servers);
	TAILQ_INIT(&up->queue);
	up->questions = calloc(in_flight, sizeof(*up->questions));
	up->buckets = calloc(buckets, sizeof(*up->buckets));
	if (!up->questions || !up->buckets ||
	    clients_create(&up->clients, in_flight, buckets) != ERR_OK ||
	    waiting_create(&up->waiting, UPSTREAM_WAITERS(in_flight), buckets) != ERR_OK ||
	    pools_replace(up, pools, count) != ERR_OK) {
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
	chases_free(up);
	pools_free(up);
	event_del(&up->turn);
	event_del(&up->release);
	clients_free(&up->clients);
	waiting_free(&up->waiting);
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

	TAILQ_FOREACH(q, &up->queue, age) {
		if (q->waiting)
			return true;
	}
	return false;
}

size_t upstreams_view(const struct upstreams *up, struct upstream_view *views, size_t max)
{
	const struct server *server;
	size_t count = 0;

	TAILQ_FOREACH(server, &up->servers, entry) {
		if (count == max)
			break;
		views[count++] = (struct upstream_view){
			.address = server->address,
			.transport = server_transport_word(server->transport),
			.state = server_states[server->health.state].name,
			.rank = (uint8_t)server->health.state,
			.rtt_us = server->health.rtt.smoothed_us,
		};
	}
	return count;
}

void upstreams_log(const struct upstreams *up, const char *who)
{
	const struct server *server;

	TAILQ_FOREACH(server, &up->servers, entry) {
		health_log(server, who);
	}
}
