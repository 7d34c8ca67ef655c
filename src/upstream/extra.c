/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions asked beyond need: of a second server, when the first takes longer than it nearly
 * always does (a hedge), and doubled to learn how a server is.  They share a budget.
 */
#include "upstream/engine.h"

#define NEVER UINT64_MAX
#define EXTRA_PRICE 1000000U	     /* of an extra question, in what the budget counts */
#define EXTRA_MAX (10 * EXTRA_PRICE) /* that can be saved up */
#define EXTRA_PERCENT (EXTRA_PRICE / 100)
#define MEASURE_MS 2000U /* how long a server that is measured is waited for */

/* An extra question, if the budget has it. */
static bool spend(struct upstreams *up)
{
	if (up->extra_budget < EXTRA_PRICE)
		return false;
	up->extra_budget -= EXTRA_PRICE;
	return true;
}

void extra_plan_hedge(struct question *q)
{
	struct upstreams *up = q->upstreams;
	uint32_t percent = up->loop->env.snapshot->conf->outgoing.hedge_percent;
	uint32_t p95_us = rtt_p95_us(&q->last->health.rtt);

	up->extra_budget += (uint64_t)percent * EXTRA_PERCENT;
	if (up->extra_budget > EXTRA_MAX)
		up->extra_budget = EXTRA_MAX;
	if (percent > 0 && p95_us > 0 && q->pool->count > 1)
		q->hedge_ms = up->loop->env.now_ms + p95_us / 1000 + 1;
}

void extra_hedge(struct question *q)
{
	struct server *server;

	question_renew(q);
	server = pick_second(q);
	q->hedge_ms = NEVER;
	if (!server || !spend(q->upstreams))
		return;
	q->tried |= place_bit(question_place(q, server));
	if (send_to(q, server, false, send_place(q)) == ERR_OK)
		stats_inc(q->upstreams->loop->env.stats, upstream_hedges);
}

/* One that is set aside comes back by being measured, whatever the budget; the others are measured
 * where it matters who is faster. */
static struct server *next_to_measure(const struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct server *server = pick_to_measure(q, true);

	if (server || up->loop->env.snapshot->conf->outgoing.policy != CONF_POLICY_FASTEST)
		return server;
	server = pick_to_measure(q, false);
	return server && spend(up) ? server : NULL;
}

/* Nobody waits for what it says. */
void extra_measure(struct question *q)
{
	struct upstreams *up = q->upstreams;
	struct server *server = next_to_measure(q);
	struct question *measure;

	if (!server)
		return;
	health_measured(server);
	measure = question_double(q, server);
	if (!measure)
		return;
	stats_inc(up->loop->env.stats, upstream_probes);
	measure->deadline_ms = up->loop->env.now_ms + MEASURE_MS;
	measure->last = server;
	if (send_to(measure, server, false, send_place(measure)) == ERR_OK) {
		wait_set_retry(measure);
		wait_arm(measure);
		return;
	}
	health_bad(server, FAILURE_NETWORK);
	question_end(measure);
}
