/* SPDX-License-Identifier: BSD-2-Clause */
#include "upstream/upstream.h"

#include <stdlib.h>

#include "upstream/engine.h"

#define CROWDED_MS 500U /* in flight for longer, a question may have to make room */
#define ENDING_MAX                                                                                 \
	256U /* that have made room and not ended yet; what one turn of the loop brings */

static struct question *if_old(const struct upstreams *up, struct question *q)
{
	return q && q->begun_ms + CROWDED_MS <= up->loop->env.now_ms ? q : NULL;
}

/* The question that is to give its place to one of `client`: of those who have far more, the
 * oldest; else one of a silent zone, where the other is not; else the one that has been in flight
 * for longest, if that is long.  NULL: there is none. */
static struct question *find_victim(const struct upstreams *up, uint32_t load, bool in_silence)
{
	const struct client *heavy = client_heaviest(&up->clients);
	struct question *hushed = TAILQ_FIRST(&up->silences.questions);

	if (heavy && heavy->count / 2 > load + 1)
		return TAILQ_FIRST(&heavy->questions);
	if (hushed && !in_silence)
		return hushed;
	return if_old(up, question_oldest(up));
}

/* It ends from the loop. */
static void crowd_out(struct upstreams *up, struct question *victim)
{
	if (!victim || victim->crowded_out)
		return;
	stats_inc(up->loop->env.stats, upstream_crowded_out);
	wait_crowd_out(victim);
}

/* When nearly all places are taken, another question goes for one that is likelier to be answered.
 */
static void make_room(struct upstreams *up, const struct ip *client, uint64_t client_hash,
		      bool in_silence)
{
	if (up->in_flight - up->ending >= up->in_flight_max - up->in_flight_max / 8)
		crowd_out(up, find_victim(up, client_load(up, client, client_hash), in_silence));
}

/* Names of silent zones have half of the places, whoever asks for them: addresses are easily
 * pretended, and that a name is not answered is not.  False: there is no place. */
static bool make_room_in_silence(struct upstreams *up)
{
	struct silences *s = &up->silences;

	if (s->count < up->in_flight_max / 2)
		return true;
	crowd_out(up, if_old(up, TAILQ_FIRST(&s->questions)));
	return s->count < up->in_flight_max / 2;
}

/* Puts the question to the upstreams; NULL when there are too many. */
static struct question *question_ask(struct upstreams *up, const struct query_key *key,
				     const struct ip *client, uint64_t client_hash)
{
	bool in_silence = silence_covers(up, key);
	struct question *q;

	if (in_silence && !make_room_in_silence(up))
		return NULL;
	make_room(up, client, client_hash, in_silence);
	q = question_begin(up, key, client, client_hash);
	if (!q)
		return NULL;
	if (in_silence)
		silence_enter(q);
	stats_inc(up->loop->env.stats, forwarded);
	try_begin(q);
	return q;
}

void upstream_refresh(struct upstreams *up, const struct query_key *key)
{
	static const struct ip nobody = {0};

	if (!question_find(up, key))
		(void)question_ask(up, key, &nobody, 0);
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
		q = question_ask(up, key, &waiter->client, waiter->client_hash);
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
	uint32_t questions = in_flight + (in_flight < ENDING_MAX ? in_flight : ENDING_MAX);

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
	TAILQ_INIT(&up->silences.questions);
	up->questions = calloc(questions, sizeof(*up->questions));
	up->buckets = calloc(buckets, sizeof(*up->buckets));
	if (!up->questions || !up->buckets ||
	    clients_create(&up->clients, questions, buckets) != ERR_OK ||
	    waiting_create(&up->waiting, UPSTREAM_WAITERS(in_flight), buckets) != ERR_OK ||
	    pools_replace(up, pools, count) != ERR_OK) {
		upstreams_free(up);
		return ERR_NOMEM;
	}
	for (uint32_t i = questions; i-- > 0;)
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
