/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who waits for a question's reply: parties, each of the waiters of one client (a prefix) for one
 * question.  A party has a limit, and where places run out, a waiter of the question that most
 * wait for goes, of its largest party the oldest.
 */
#include <stdlib.h>
#include <string.h>

#include "upstream/engine.h"

#define SPREAD 0x9e3779b97f4a7c15ULL /* odd: a client's parties lie in different buckets */

#define PARTIES_SEEN 64U /* of a question that are looked at for the largest, the newest first */

enum err waiting_create(struct waiting *w, uint32_t places, uint32_t buckets)
{
	w->buckets = calloc(buckets, sizeof(*w->buckets));
	if (!w->buckets || PLACES_CREATE(&w->parties, struct party, unused, places) != ERR_OK)
		return ERR_NOMEM;
	w->places = places;
	return ERR_OK;
}

void waiting_free(struct waiting *w)
{
	places_free(&w->parties);
	free(w->buckets);
}

static struct party_list *bucket_of(const struct question *q, const struct upstream_waiter *waiter)
{
	struct upstreams *up = q->upstreams;
	uint64_t hash = waiter->client_hash + places_number(&up->questions, q) * SPREAD;

	return &up->waiting.buckets[hash & up->bucket_mask];
}

static struct party *find(const struct question *q, const struct upstream_waiter *waiter)
{
	struct party *p;

	if (LIST_EMPTY(&q->parties)) /* as of most questions */
		return NULL;
	LIST_FOREACH(p, bucket_of(q, waiter), chain) {
		if (p->question == q && ip_equal(&p->prefix, &waiter->client))
			break;
	}
	return p;
}

static struct party *create(struct question *q, const struct upstream_waiter *waiter)
{
	struct waiting *w = &q->upstreams->waiting;
	struct party *p = places_take(&w->parties); /* as many as waiters */

	*p = (struct party){.question = q, .prefix = waiter->client};
	STAILQ_INIT(&p->waiters);
	LIST_INSERT_HEAD(bucket_of(q, waiter), p, chain);
	LIST_INSERT_HEAD(&q->parties, p, entry);
	return p;
}

static void release(struct party *p)
{
	struct waiting *w = &p->question->upstreams->waiting;

	LIST_REMOVE(p, chain);
	LIST_REMOVE(p, entry);
	places_give(&w->parties, p);
}

/* Counts the question's waiters, and lists it by the power of two of their number. */
static void set_count(struct question *q, uint32_t count)
{
	struct waiting *w = &q->upstreams->waiting;

	if (q->waiting > 0)
		LIST_REMOVE(q, weight);
	w->taken += count - q->waiting;
	q->waiting = count;
	if (count > 0)
		LIST_INSERT_HEAD(&w->weights[31U - (unsigned int)__builtin_clz(count)], q, weight);
}

static struct question *heaviest(const struct waiting *w)
{
	for (unsigned int i = CLIENT_WEIGHTS; i-- > 1;)
		if (!LIST_EMPTY(&w->weights[i]))
			return LIST_FIRST(&w->weights[i]);
	return NULL;
}

static struct party *largest_party(const struct question *q)
{
	struct party *largest = LIST_FIRST(&q->parties);
	unsigned int seen = 0;
	struct party *p;

	LIST_FOREACH(p, &q->parties, entry) {
		if (p->count > largest->count)
			largest = p;
		if (++seen == PARTIES_SEEN)
			break;
	}
	return largest;
}

/* False: there is none to be had, since no question has two. */
static bool make_place(struct upstreams *up)
{
	struct upstream_result result = {.failure = QUERY_FAIL_OVERLOAD};
	struct question *q = heaviest(&up->waiting);
	struct upstream_waiter *waiter;
	struct party *p;

	if (!q)
		return false;
	p = largest_party(q);
	waiter = STAILQ_FIRST(&p->waiters);
	STAILQ_REMOVE_HEAD(&p->waiters, entry);
	if (--p->count == 0)
		release(p);
	set_count(q, q->waiting - 1);
	stats_inc(up->loop->env.stats, waiters_crowded_out);
	waiter->done(waiter, &result);
	return true;
}

enum err waiting_may_join(struct question *q, const struct upstream_waiter *waiter)
{
	const struct query_env *env = &q->upstreams->loop->env;
	struct party *p = find(q, waiter);
	struct upstream_waiter *before;

	if (!p)
		return ERR_OK;
	STAILQ_FOREACH(before, &p->waiters, entry) {
		if (!waiter->origin || waiter->origin != before->origin)
			continue;
		before->wait = waiter->wait;
		stats_inc(env->stats, retransmissions);
		return ERR_EXISTS;
	}
	if (waiter->inward || p->count < env->snapshot->conf->outgoing.waiters_per_question)
		return ERR_OK;
	stats_inc(env->stats, waiters_refused);
	return ERR_RANGE;
}

enum err waiting_join(struct question *q, struct upstream_waiter *waiter)
{
	struct waiting *w = &q->upstreams->waiting;
	struct party *p;

	if (w->taken == w->places && !make_place(q->upstreams))
		return ERR_REFUSED;
	p = find(q, waiter);
	if (!p)
		p = create(q, waiter);
	STAILQ_INSERT_TAIL(&p->waiters, waiter, entry);
	p->count++;
	set_count(q, q->waiting + 1);
	return ERR_OK;
}

void waiting_take(struct question *q, struct waiter_queue *ret_waiters)
{
	struct party *p;

	STAILQ_INIT(ret_waiters);
	while ((p = LIST_FIRST(&q->parties))) {
		STAILQ_CONCAT(ret_waiters, &p->waiters);
		release(p);
	}
	set_count(q, 0);
}
