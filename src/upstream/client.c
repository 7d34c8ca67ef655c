/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose the questions are.  A client is a prefix that has questions in flight: where places run
 * out, the heaviest one gives way, and where questions wait to be sent, each client has its turn.
 */
#include <stdlib.h>
#include <string.h>

#include "upstream/engine.h"

enum err clients_create(struct clients *c, uint32_t questions, uint32_t buckets)
{
	c->buckets = calloc(buckets, sizeof(*c->buckets));
	if (!c->buckets || PLACES_CREATE(&c->places, struct client, unused, questions) != ERR_OK)
		return ERR_NOMEM;
	for (int i = 0; i < 2; i++)
		TAILQ_INIT(&c->turns[i]);
	return ERR_OK;
}

void clients_free(struct clients *c)
{
	places_free(&c->places);
	free(c->buckets);
}

static struct client_list *bucket_of(struct upstreams *up, uint64_t hash)
{
	return &up->clients.buckets[hash & up->bucket_mask];
}

static struct client *find(struct upstreams *up, const struct ip *prefix, uint64_t hash)
{
	struct client *client;

	LIST_FOREACH(client, bucket_of(up, hash), chain) {
		if (ip_equal(&client->prefix, prefix))
			break;
	}
	return client;
}

uint32_t client_load(struct upstreams *up, const struct ip *prefix, uint64_t hash)
{
	const struct client *client = find(up, prefix, hash);

	return client ? client->count : 0;
}

static struct client *create(struct upstreams *up, const struct ip *prefix, uint64_t hash)
{
	struct client *client = places_take(&up->clients.places); /* as many as questions */

	client->prefix = *prefix;
	client->hash = hash;
	client->count = 0;
	TAILQ_INIT(&client->questions);
	for (int i = 0; i < 2; i++)
		TAILQ_INIT(&client->waiting[i]);
	LIST_INSERT_HEAD(bucket_of(up, hash), client, chain);
	return client;
}

/* ---- who has most */

static unsigned int weight_of(uint32_t count)
{
	return 31U - (unsigned int)__builtin_clz(count);
}

static void set_count(struct clients *c, struct client *client, uint32_t count)
{
	if (client->count > 0)
		LIST_REMOVE(client, weight);
	client->count = count;
	if (count > 0)
		LIST_INSERT_HEAD(&c->weights[weight_of(count)], client, weight);
}

void client_join(struct question *q, const struct ip *prefix, uint64_t hash)
{
	struct client *client = find(q->upstreams, prefix, hash);

	if (!client)
		client = create(q->upstreams, prefix, hash);
	q->client = client;
	TAILQ_INSERT_TAIL(&client->questions, q, owned);
	set_count(&q->upstreams->clients, client, client->count + 1);
}

void client_leave(struct question *q)
{
	struct client *client = q->client;
	struct clients *c = &q->upstreams->clients;

	client_wait_no_more(q);
	TAILQ_REMOVE(&client->questions, q, owned);
	set_count(c, client, client->count - 1);
	if (client->count > 0)
		return;
	LIST_REMOVE(client, chain);
	places_give(&c->places, client);
}

struct client *client_heaviest(const struct clients *c)
{
	for (unsigned int i = CLIENT_WEIGHTS; i-- > 0;)
		if (!LIST_EMPTY(&c->weights[i]))
			return LIST_FIRST(&c->weights[i]);
	return NULL;
}

/* ---- whose turn it is */

void client_wait(struct question *q)
{
	struct clients *c = &q->upstreams->clients;
	struct question_queue *waiting;

	if (q->waits)
		return;
	q->waits = true;
	q->row = q->attempt_count > 0;
	waiting = &q->client->waiting[q->row];
	if (TAILQ_EMPTY(waiting))
		TAILQ_INSERT_TAIL(&c->turns[q->row], q->client, turn[q->row]);
	TAILQ_INSERT_TAIL(waiting, q, turn);
	c->waiting++;
}

void client_wait_no_more(struct question *q)
{
	struct clients *c = &q->upstreams->clients;

	if (!q->waits)
		return;
	q->waits = false;
	TAILQ_REMOVE(&q->client->waiting[q->row], q, turn);
	if (TAILQ_EMPTY(&q->client->waiting[q->row]))
		TAILQ_REMOVE(&c->turns[q->row], q->client, turn[q->row]);
	c->waiting--;
}

struct question *client_next(struct clients *c)
{
	for (int i = 0; i < 2; i++) {
		struct client *client = TAILQ_FIRST(&c->turns[i]);
		struct question *q = client ? TAILQ_FIRST(&client->waiting[i]) : NULL;

		if (!q)
			continue;
		TAILQ_REMOVE(&c->turns[i], client, turn[i]); /* to the end of the row */
		TAILQ_INSERT_TAIL(&c->turns[i], client, turn[i]);
		client_wait_no_more(q);
		return q;
	}
	return NULL;
}
