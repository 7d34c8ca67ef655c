/* SPDX-License-Identifier: BSD-2-Clause */
#include "evidence/visits.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct batch {
	size_t count;
	struct visit visits[VISITS_MAX];
};

struct visits {
	pthread_mutex_t lock; /* of `filling` */
	struct hash_key key;
	struct batch *filling;
	struct batch *writing; /* the ledger's thread's own */
	struct batch batches[2];
};

enum err visits_create(struct visits **ret_visits)
{
	struct visits *v = calloc(1, sizeof(*v));
	enum err err = v ? hash_key_random(&v->key) : ERR_NOMEM;

	if (err != ERR_OK) {
		free(v);
		return err;
	}
	pthread_mutex_init(&v->lock, NULL);
	v->filling = &v->batches[0];
	v->writing = &v->batches[1];
	*ret_visits = v;
	return ERR_OK;
}

void visits_free(struct visits *v)
{
	if (!v)
		return;
	pthread_mutex_destroy(&v->lock);
	free(v);
}

static bool is_same(const struct visit_key *a, const struct visit_key *b)
{
	return a->port == b->port && ip_equal(&a->client, &b->client) &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->method, b->method) == 0 &&
	       strcmp(a->path, b->path) == 0 && strcmp(a->agent, b->agent) == 0 &&
	       strcmp(a->ja4, b->ja4) == 0;
}

static struct visit *find(struct batch *b, const struct visit_key *key, uint64_t hash)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->visits[i].hash == hash && is_same(&b->visits[i].key, key))
			return &b->visits[i];
	return NULL;
}

static bool add(struct batch *b, const struct visit_key *key, uint64_t hash, uint32_t now_s)
{
	struct visit *e = find(b, key, hash);

	if (!e && b->count == VISITS_MAX)
		return false;
	if (!e) {
		e = &b->visits[b->count++];
		*e = (struct visit){.key = *key, .hash = hash, .first_s = now_s};
	}
	e->last_s = now_s;
	e->count++;
	return true;
}

bool visits_add(struct visits *v, const struct visit_key *key, uint32_t now_s)
{
	uint64_t hash = hash_siphash24(&v->key, key, sizeof(*key));
	bool added;

	pthread_mutex_lock(&v->lock);
	added = add(v->filling, key, hash, now_s);
	pthread_mutex_unlock(&v->lock);
	return added;
}

const struct visit *visits_batch(struct visits *v, size_t *ret_count)
{
	struct batch *empty = v->writing;

	if (empty->count == 0) {
		pthread_mutex_lock(&v->lock);
		v->writing = v->filling;
		v->filling = empty;
		pthread_mutex_unlock(&v->lock);
	}
	*ret_count = v->writing->count;
	return v->writing->visits;
}

void visits_written(struct visits *v)
{
	v->writing->count = 0;
}
