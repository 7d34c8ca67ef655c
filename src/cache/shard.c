/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cache/shard.h"

void shard_init(struct shard *s, _Atomic uint32_t *buckets, uint32_t bucket_count,
		union block *blocks, uint32_t block_count)
{
	pthread_mutex_init(&s->lock, NULL);
	s->buckets = buckets;
	s->bucket_mask = bucket_count - 1;
	s->blocks = blocks;
	s->block_count = block_count;
	s->fresh = 1;
	s->free_count = block_count ? block_count - 1 : 0;
}

/* Copies `len` octets between `buf` and the entry's data, from `skip` octets into it on. */
static void copy_data(struct shard *s, uint32_t id, size_t skip, uint8_t *buf, size_t len,
		      bool store)
{
	uint8_t *data = s->blocks[id].head.data;
	size_t room = sizeof(s->blocks[id].head.data);

	for (;;) {
		size_t in_block = skip < room ? room - skip : 0;
		size_t n = in_block < len ? in_block : len;

		if (store && n)
			memcpy(data + skip, buf, n);
		else if (n)
			memcpy(buf, data + skip, n);
		buf += n;
		len -= n;
		if (len == 0)
			return;
		skip = skip > room ? skip - room : 0;
		id = s->blocks[id].more.next;
		data = s->blocks[id].more.data;
		room = sizeof(s->blocks[id].more.data);
	}
}

void entry_load(struct shard *s, uint32_t id, size_t skip, uint8_t *buf, size_t len)
{
	copy_data(s, id, skip, buf, len, false);
}

void entry_store(struct shard *s, uint32_t id, size_t skip, const uint8_t *buf, size_t len)
{
	copy_data(s, id, skip, (uint8_t *)(uintptr_t)buf, len, true);
}

/* ---- blocks */

static uint32_t blocks_for(size_t octets)
{
	size_t in_head = sizeof(((union block *)0)->head.data);
	size_t in_more = sizeof(((union block *)0)->more.data);

	if (octets <= in_head)
		return 1;
	return (uint32_t)(1 + (octets - in_head + in_more - 1) / in_more);
}

static void free_blocks(struct shard *s, uint32_t id)
{
	while (id) {
		uint32_t next = s->blocks[id].more.next;

		s->blocks[id].more.next = s->free_list;
		s->free_list = id;
		s->free_count++;
		id = next;
	}
}

static uint32_t take_block(struct shard *s)
{
	uint32_t id = s->free_list;

	if (id)
		s->free_list = s->blocks[id].more.next;
	else
		id = s->fresh++;
	s->free_count--;
	s->blocks[id].more.next = NONE;
	return id;
}

/* A chain of `count` blocks, which are there. */
static uint32_t take_blocks(struct shard *s, uint32_t count)
{
	uint32_t first = NONE;

	while (count-- > 0) {
		uint32_t id = take_block(s);

		s->blocks[id].more.next = first;
		first = id;
	}
	return first;
}

/* ---- the queues */

static void queue_remove(struct shard *s, uint32_t id)
{
	struct entry *e = entry_at(s, id);
	struct queue *q = &s->queues[e->queue];

	if (q->hand == id)
		q->hand = e->newer;
	if (e->newer)
		entry_at(s, e->newer)->older = e->older;
	else
		q->head = e->older;
	if (e->older)
		entry_at(s, e->older)->newer = e->newer;
	else
		q->tail = e->newer;
	q->blocks -= blocks_for(entry_octets(e));
}

static void queue_push(struct shard *s, uint32_t id)
{
	struct entry *e = entry_at(s, id);
	struct queue *q = &s->queues[e->queue];

	e->newer = NONE;
	e->older = q->head;
	if (q->head)
		entry_at(s, q->head)->newer = id;
	else
		q->tail = id;
	q->head = id;
	q->blocks += blocks_for(entry_octets(e));
}

/* ---- the index */

static void bucket_set(struct shard *s, uint64_t hash, uint32_t id)
{
	atomic_store_explicit(&s->buckets[hash & s->bucket_mask], id, memory_order_relaxed);
}

void entry_drop(struct shard *s, uint32_t id)
{
	struct entry *e = entry_at(s, id);
	uint32_t before = bucket_get(s, e->hash);

	if (before == id) {
		bucket_set(s, e->hash, e->chain);
	} else {
		while (entry_at(s, before)->chain != id)
			before = entry_at(s, before)->chain;
		entry_at(s, before)->chain = e->chain;
	}
	queue_remove(s, id);
	s->entries--;
	free_blocks(s, id);
}

/* ---- which entry has to go */

/* Blocks that the queue may have.  Of a type that has lost its share by a reload: none. */
static uint32_t queue_limit(const struct shard *s, const struct conf_cache *conf,
			    unsigned int queue)
{
	uint64_t percent = 0;

	if (queue == QUEUE_OTHERS)
		percent = 100;
	else if (queue == QUEUE_FAILURES)
		percent = CACHE_FAILURE_SHARE;
	else if (queue - QUEUE_TYPES < conf->types_count)
		percent = conf->types[queue - QUEUE_TYPES].share_percent;
	return (uint32_t)((s->block_count * percent + 99) / 100);
}

/* A mark set before the entry expired is worth nothing, unless the entry is given stale. */
static bool is_wanted(const struct entry *e, int64_t now_ms)
{
	return e->visited && (e->failing || now_ms < e->expires_ms);
}

/* SIEVE: the hand goes on from where the last eviction left it, from the tail towards the head, and
 * around. */
static void evict_one(struct shard *s, struct queue *q, int64_t now_ms)
{
	uint32_t id = q->hand ? q->hand : q->tail;

	while (is_wanted(entry_at(s, id), now_ms)) {
		entry_at(s, id)->visited = false;
		id = entry_at(s, id)->newer;
		if (!id)
			id = q->tail;
	}
	q->hand = id;
	if (now_ms < entry_at(s, id)->expires_ms)
		s->evicted++;
	else
		s->expired++;
	entry_drop(s, id);
}

/* The queue that has to give when the shard is full: one over its share, else the largest. */
static struct queue *victim(struct shard *s, const struct conf_cache *conf)
{
	struct queue *largest = &s->queues[0];

	for (unsigned int i = 0; i < QUEUES; i++) {
		struct queue *q = &s->queues[i];

		if (q->blocks > queue_limit(s, conf, i))
			return q;
		if (q->blocks > largest->blocks)
			largest = q;
	}
	return largest;
}

bool shard_can_hold(const struct shard *s, const struct conf_cache *conf, unsigned int queue,
		    size_t octets)
{
	uint32_t count = blocks_for(octets);

	return octets <= ENTRY_MAX && count < s->block_count &&
	       count <= queue_limit(s, conf, queue);
}

uint32_t entry_add(struct shard *s, const struct conf_cache *conf, const struct entry *e,
		   int64_t now_ms)
{
	struct queue *q = &s->queues[e->queue];
	uint32_t count = blocks_for(entry_octets(e));
	uint32_t limit = queue_limit(s, conf, e->queue);
	uint32_t id;

	while (q->blocks > 0 && q->blocks + count > limit)
		evict_one(s, q, now_ms);
	while (s->free_count < count)
		evict_one(s, victim(s, conf), now_ms);
	id = take_blocks(s, count);
	*entry_at(s, id) = *e;
	entry_at(s, id)->serial = ++s->serial;
	entry_at(s, id)->chain = bucket_get(s, e->hash);
	bucket_set(s, e->hash, id);
	queue_push(s, id);
	s->entries++;
	return id;
}
