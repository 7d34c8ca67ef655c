/* SPDX-License-Identifier: BSD-2-Clause */
#include "called/recall.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS (2 * RECALL_MAX)
#define NONE UINT32_MAX
#define STALE_MS (24U * 3600 * 1000)

struct entry {
	struct ip ip;
	uint64_t until_ms; /* not asked for again before */
	uint64_t good_ms;  /* so long the name is good */
	char *name;	   /* NULL: none is known */
	uint32_t next;	   /* of its bucket */
	bool used;	   /* since the hand came by */
	bool confirmed;	   /* the name has the address, too */
	bool waits;	   /* in a queue, or being asked for */
	uint8_t lane;
};

/* Addresses in the order in which they came.  One that was moved to the other stays here, too. */
struct queue {
	struct ip ips[RECALL_QUEUE_MAX];
	uint32_t first;
	uint32_t count;
};

struct recall {
	struct hash_key key;
	uint32_t count;
	uint32_t hand;
	struct queue queues[RECALL_LANES];
	uint32_t buckets[BUCKETS];
	struct entry entries[RECALL_MAX];
};

enum err recall_create(struct recall **ret_recall)
{
	struct recall *r = malloc(sizeof(*r));
	enum err err = r ? hash_key_random(&r->key) : ERR_NOMEM;

	if (err != ERR_OK) {
		free(r);
		return err;
	}
	r->count = 0;
	r->hand = 0;
	for (unsigned int lane = 0; lane < RECALL_LANES; lane++)
		r->queues[lane].first = r->queues[lane].count = 0;
	memset(r->buckets, 0xff, sizeof(r->buckets));
	*ret_recall = r;
	return ERR_OK;
}

void recall_free(struct recall *r)
{
	for (uint32_t i = 0; r && i < r->count; i++)
		free(r->entries[i].name);
	free(r);
}

uint32_t recall_count(const struct recall *r)
{
	return r->count;
}

/* ---- the table */

static uint32_t *bucket_of(struct recall *r, const struct ip *ip)
{
	return &r->buckets[ip_hash(&r->key, ip) % BUCKETS];
}

static struct entry *find(struct recall *r, const struct ip *ip)
{
	uint32_t i = *bucket_of(r, ip);

	while (i != NONE && !ip_equal(&r->entries[i].ip, ip))
		i = r->entries[i].next;
	return i == NONE ? NULL : &r->entries[i];
}

static void unlink_entry(struct recall *r, uint32_t number)
{
	uint32_t *link = bucket_of(r, &r->entries[number].ip);

	while (*link != number)
		link = &r->entries[*link].next;
	*link = r->entries[number].next;
}

/* One that may go: those that wait are fewer than there are entries. */
static uint32_t evict(struct recall *r)
{
	for (;; r->hand = (r->hand + 1) % RECALL_MAX) {
		struct entry *e = &r->entries[r->hand];

		if (!e->waits && !e->used)
			break;
		e->used = false;
	}
	unlink_entry(r, r->hand);
	free(r->entries[r->hand].name);
	return r->hand;
}

_Static_assert(RECALL_MAX > RECALL_LANES * RECALL_QUEUE_MAX + 1, "one may always go");

static struct entry *add(struct recall *r, const struct ip *ip)
{
	uint32_t number = r->count < RECALL_MAX ? r->count++ : evict(r);
	uint32_t *bucket = bucket_of(r, ip);

	r->entries[number] = (struct entry){.ip = *ip, .next = *bucket};
	*bucket = number;
	return &r->entries[number];
}

bool recall_find(struct recall *r, const struct ip *ip, uint64_t now_ms,
		 char ret_name[LEASE_NAME_MAX], bool *ret_confirmed)
{
	struct entry *e = find(r, ip);

	if (e)
		e->used = true;
	if (!e || !e->name || now_ms > e->good_ms + STALE_MS)
		return false;
	memcpy(ret_name, e->name, strlen(e->name) + 1);
	*ret_confirmed = e->confirmed;
	return true;
}

/* ---- the queues */

static bool push(struct queue *q, const struct ip *ip)
{
	if (q->count == RECALL_QUEUE_MAX)
		return false;
	q->ips[(q->first + q->count++) % RECALL_QUEUE_MAX] = *ip;
	return true;
}

enum recall_want recall_want(struct recall *r, const struct ip *ip, uint64_t now_ms,
			     enum recall_lane lane)
{
	struct entry *e = find(r, ip);

	if (e)
		e->used = true;
	if (e && (e->waits ? e->lane <= lane : now_ms < e->until_ms))
		return RECALL_KNOWN;
	if (!push(&r->queues[lane], ip))
		return RECALL_FULL;
	if (!e)
		e = add(r, ip);
	e->waits = true;
	e->lane = (uint8_t)lane;
	return RECALL_QUEUED;
}

bool recall_next(struct recall *r, struct ip *ret_ip)
{
	for (unsigned int lane = 0; lane < RECALL_LANES; lane++) {
		struct queue *q = &r->queues[lane];

		while (q->count > 0) {
			const struct ip *ip = &q->ips[q->first];
			const struct entry *e = find(r, ip);

			q->first = (q->first + 1) % RECALL_QUEUE_MAX;
			q->count--;
			if (!e || !e->waits || e->lane != lane)
				continue; /* asked for by way of the other queue */
			*ret_ip = *ip;
			return true;
		}
	}
	return false;
}

void recall_learn(struct recall *r, const struct ip *ip, const char *name, bool confirmed,
		  uint64_t until_ms)
{
	struct entry *e = find(r, ip);

	if (!e)
		return;
	e->waits = false;
	e->until_ms = until_ms;
	if (!name)
		return;
	e->good_ms = until_ms;
	e->confirmed = confirmed;
	free(e->name);
	e->name = *name ? strdup(name) : NULL;
}
