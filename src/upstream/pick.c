/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which server is asked: of those that are well and were not asked yet, the one the policy
 * prefers; then those set aside; then those that were asked before, the last one last.
 */
#include "upstream/engine.h"

/* What outweighs the policy, and each other. */
#define COST_ASIDE (1ULL << 40)
#define COST_TRIED (2ULL << 40)
#define COST_LAST (4ULL << 40)
#define COST_NEVER UINT64_MAX

static uint64_t cost_of_policy(const struct upstreams *up, const struct pool *pool, uint32_t place)
{
	const struct conf_outgoing *conf = &up->loop->env.snapshot->conf->outgoing;
	const struct rtt *rtt = &pool->servers[place]->health.rtt;

	switch (conf->policy) {
	case CONF_POLICY_IN_ORDER:
		return place;
	case CONF_POLICY_ROUND_ROBIN:
		return (place + pool->count - pool->turn % pool->count) % pool->count;
	default:
		/* one of which nothing is known is measured aside; where that costs too much, by
		 * asking it */
		if (rtt->smoothed_us == 0)
			return conf->hedge_percent ? UINT32_MAX : 0;
		return rtt->smoothed_us;
	}
}

static uint64_t cost_of(const struct question *q, uint32_t place)
{
	const struct server *server = q->pool->servers[place];
	enum server_asked asked = server_states[server->health.state].asked;
	uint64_t bit = place_bit(place);
	uint64_t cost;

	if ((q->failed & bit) || asked == ASKED_NOT || question_over_link(q, server))
		return COST_NEVER;
	cost = cost_of_policy(q->upstreams, q->pool, place);
	if (asked == ASKED_LAST)
		cost += COST_ASIDE;
	if (q->tried & bit)
		cost += COST_TRIED;
	if (server == q->last)
		cost += COST_LAST;
	return cost;
}

/* The cheapest server below `limit`. */
static struct server *cheapest(const struct question *q, uint64_t limit)
{
	struct server *best = NULL;

	for (uint32_t i = 0; i < q->pool->count; i++) {
		uint64_t cost = cost_of(q, i);

		if (cost >= limit)
			continue;
		limit = cost;
		best = q->pool->servers[i];
	}
	return best;
}

struct server *pick_next(struct question *q)
{
	if (q->kind == QUESTION_MEASURE)
		return NULL; /* it was asked */
	if (!q->last)
		q->pool->turn++;
	return cheapest(q, COST_NEVER);
}

enum server_state pick_outlook(const struct question *q)
{
	enum server_state best = SERVER_STATE_COUNT;

	for (uint32_t i = 0; i < q->pool->count; i++) {
		enum server_state state = q->pool->servers[i]->health.state;

		if (!(q->failed & place_bit(i)) && state < best)
			best = state;
	}
	return best;
}

struct server *pick_second(const struct question *q)
{
	return q->kind == QUESTION_MEASURE ? NULL : cheapest(q, COST_ASIDE);
}

struct server *pick_to_measure(const struct question *q, bool aside)
{
	uint64_t now_ms = q->upstreams->loop->env.now_ms;

	for (uint32_t i = 0; i < q->pool->count; i++) {
		struct server *server = q->pool->servers[i];

		if (server_states[server->health.state].asked == ASKED_NOT)
			continue; /* we ask it ourselves */
		if (server != q->last && server->health.measure_at_ms <= now_ms &&
		    health_is_aside(&server->health) == aside)
			return server;
	}
	return NULL;
}
