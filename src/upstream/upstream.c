/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream/upstream.h"

#include <stdlib.h>

#include "upstream/engine.h"

#define ENDING_MAX                                                                                 \
	256U /* that have made room and not ended yet; what one turn of the loop brings */

void upstream_refresh(struct upstreams *up, const struct query_key *key)
{
	static const struct ip nobody = {0};
	struct question *q = question_find(up, key) ? NULL : ask_begin(up, key, &nobody, 0);

	if (q)
		try_begin(q);
}

enum err upstream_ask(struct upstreams *up, const struct query_key *key,
		      struct upstream_waiter *waiter)
{
	struct question *q;
	enum err err = ask_or_join(up, key, waiter, &q);

	if (q)
		try_begin(q);
	return err;
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
	uint32_t questions = in_flight + (in_flight < ENDING_MAX ? in_flight : ENDING_MAX);

	if (!up)
		return ERR_NOMEM;
	up->loop = loop;
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
	TAILQ_INIT(&up->silences.questions);
	up->buckets = calloc(buckets, sizeof(*up->buckets));
	if (!up->buckets ||
	    PLACES_CREATE(&up->questions, struct question, unused, questions) != ERR_OK ||
	    clients_create(&up->clients, questions, buckets) != ERR_OK ||
	    waiting_create(&up->waiting, UPSTREAM_WAITERS(in_flight), buckets) != ERR_OK ||
	    pools_replace(up, pools, count) != ERR_OK) {
		upstreams_free(up);
		return ERR_NOMEM;
	}
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
	seeks_free(up);
	pools_free(up);
	event_del(&up->turn);
	event_del(&up->release);
	clients_free(&up->clients);
	waiting_free(&up->waiting);
	free(up->buckets);
	places_free(&up->questions);
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
