/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A shard is an array of blocks, an index of chains by hash, and one queue for SIEVE (Zhang et
 * al., 2024): a new entry goes to the head; a hit only sets a mark; the hand walks from the tail
 * to the head, clears marks, and evicts the first entry without one.
 *
 * An entry takes as many blocks as it needs, chained; the first holds its description.
 */
#include "core/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define SHARDS 64U
#define BLOCK 256U
#define LINE 64U
#define NONE 0U /* block 0 is never handed out */
#define ENTRY_MAX (16U * 1024)
#define BLOCKS_MAX (1U << 31) /* of a shard */

struct entry {
	uint64_t hash;
	uint64_t stored_ms;
	uint64_t expires_ms;
	uint64_t generation;
	uint64_t serial;
	uint32_t chain; /* next of the same bucket */
	uint32_t newer; /* towards the queue's head */
	uint32_t older; /* towards its tail */
	uint16_t qtype;
	uint16_t rcode;
	uint16_t ancount;
	uint16_t nscount;
	uint16_t arcount;
	uint16_t body_len;
	uint8_t qname_len;
	uint8_t flags;
	uint8_t kind;
	uint8_t ede_len;
	bool ad;
	bool has_soa;
	bool visited;
};

union block {
	struct {
		uint32_t next; /* of the same entry, or of the free list */
		uint8_t data[BLOCK - 4];
	} more;
	struct {
		uint32_t next;
		uint32_t unused;
		struct entry entry;
		uint8_t data[BLOCK - 8 - sizeof(struct entry)];
	} head;
};

_Static_assert(sizeof(union block) == BLOCK, "a block has its size");

struct shard {
	_Alignas(64) pthread_mutex_t lock;
	_Atomic uint32_t *buckets; /* written under the lock; prefetching reads without it */
	union block *blocks;
	uint32_t bucket_mask;
	uint32_t block_count;
	uint32_t fresh; /* blocks from here on were never used */
	uint32_t free_list;
	uint32_t free_count;
	uint32_t head;
	uint32_t tail;
	uint32_t hand;
	uint64_t serial;
	uint64_t entries;
	uint64_t evicted;
	uint64_t expired;
};

struct cache {
	struct shard shards[SHARDS];
	void *memory;
	size_t memory_len;
	size_t size_bytes;
};

/* As many buckets as blocks or more: chains stay short, and a miss seldom reads an entry. */
static uint32_t buckets_for(uint32_t blocks)
{
	return blocks < 2 ? blocks : 1U << (32 - __builtin_clz(blocks - 1));
}

static void shard_init(struct shard *s, _Atomic uint32_t *buckets, uint32_t bucket_count,
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

enum err cache_create(size_t size_bytes, struct cache **ret_cache)
{
	size_t fixed = sizeof(struct cache);
	size_t room = size_bytes > fixed ? (size_bytes - fixed) / SHARDS : 0;
	size_t wanted = room / (BLOCK + 2 * sizeof(uint32_t));
	uint32_t blocks = wanted > BLOCKS_MAX ? BLOCKS_MAX : (uint32_t)wanted;
	uint32_t buckets = buckets_for(blocks);
	size_t len = fixed + SHARDS * (blocks * (size_t)BLOCK + buckets * sizeof(uint32_t));
	uint8_t *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct cache *cache = (struct cache *)memory;
	uint8_t *at;

	if (memory == MAP_FAILED)
		return ERR_NOMEM;
	at = memory + fixed;
	cache->memory = memory;
	cache->memory_len = len;
	cache->size_bytes = size_bytes;
	for (unsigned int i = 0; i < SHARDS; i++) {
		uint8_t *index = at + blocks * (size_t)BLOCK;

		shard_init(&cache->shards[i], (_Atomic uint32_t *)(void *)index, buckets,
			   (union block *)(void *)at, blocks);
		at = index + buckets * sizeof(uint32_t);
	}
	*ret_cache = cache;
	return ERR_OK;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	for (unsigned int i = 0; i < SHARDS; i++)
		pthread_mutex_destroy(&cache->shards[i].lock);
	munmap(cache->memory, cache->memory_len);
}

/* The shard's bits of the hash are not the bucket's. */
static struct shard *shard_of(struct cache *cache, uint64_t hash)
{
	return &cache->shards[hash >> 58];
}

static struct entry *entry_at(struct shard *s, uint32_t id)
{
	return &s->blocks[id].head.entry;
}

void cache_prefetch(const struct cache *cache, uint64_t hash)
{
	const struct shard *s = &cache->shards[hash >> 58];

	if (s->block_count)
		__builtin_prefetch(&s->buckets[hash & s->bucket_mask]);
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

static void load_data(struct shard *s, uint32_t id, size_t skip, uint8_t *buf, size_t len)
{
	copy_data(s, id, skip, buf, len, false);
}

static void store_data(struct shard *s, uint32_t id, size_t skip, const uint8_t *buf, size_t len)
{
	copy_data(s, id, skip, (uint8_t *)(uintptr_t)buf, len, true);
}

static bool same_name(struct shard *s, uint32_t id, const struct name *qname)
{
	uint8_t wire[NAME_WIRE_MAX];

	if (qname->len <= sizeof(s->blocks[id].head.data))
		return memcmp(s->blocks[id].head.data, qname->wire, qname->len) == 0;
	load_data(s, id, 0, wire, qname->len);
	return memcmp(wire, qname->wire, qname->len) == 0;
}

static uint32_t bucket_get(const struct shard *s, uint64_t hash)
{
	return atomic_load_explicit(&s->buckets[hash & s->bucket_mask], memory_order_relaxed);
}

static void bucket_set(struct shard *s, uint64_t hash, uint32_t id)
{
	atomic_store_explicit(&s->buckets[hash & s->bucket_mask], id, memory_order_relaxed);
}

/* The first entry of the chain, most often the one; it is not read here, only asked for. */
void cache_prefetch_entry(const struct cache *cache, uint64_t hash)
{
	const struct shard *s = &cache->shards[hash >> 58];
	const union block *block;

	if (!s->block_count)
		return;
	block = &s->blocks[bucket_get(s, hash)];
	__builtin_prefetch(block);
	__builtin_prefetch((const uint8_t *)block + LINE);
	__builtin_prefetch((const uint8_t *)block + 2 * LINE);
}

static uint32_t find(struct shard *s, const struct cache_key *key)
{
	uint32_t id;

	if (!s->block_count)
		return NONE;
	for (id = bucket_get(s, key->hash); id; id = entry_at(s, id)->chain) {
		const struct entry *e = entry_at(s, id);

		if (e->hash == key->hash && e->qtype == key->qtype && e->flags == key->flags &&
		    e->qname_len == key->qname->len && same_name(s, id, key->qname))
			break;
	}
	return id;
}

static void queue_remove(struct shard *s, uint32_t id)
{
	struct entry *e = entry_at(s, id);

	if (s->hand == id)
		s->hand = e->newer;
	if (e->newer)
		entry_at(s, e->newer)->older = e->older;
	else
		s->head = e->older;
	if (e->older)
		entry_at(s, e->older)->newer = e->newer;
	else
		s->tail = e->newer;
}

static void queue_push(struct shard *s, uint32_t id)
{
	struct entry *e = entry_at(s, id);

	e->newer = NONE;
	e->older = s->head;
	if (s->head)
		entry_at(s, s->head)->newer = id;
	else
		s->tail = id;
	s->head = id;
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

static void drop_entry(struct shard *s, uint32_t id)
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

/* SIEVE: the hand goes on from where it stood, from the tail towards the head, and around. */
static void evict_one(struct shard *s)
{
	uint32_t id = s->hand ? s->hand : s->tail;

	while (entry_at(s, id)->visited) {
		entry_at(s, id)->visited = false;
		id = entry_at(s, id)->newer;
		if (!id)
			id = s->tail;
	}
	s->hand = id;
	drop_entry(s, id);
	s->evicted++;
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

/* A chain of `count` blocks; evicts until there are as many. */
static uint32_t take_blocks(struct shard *s, uint32_t count)
{
	uint32_t first = NONE;

	while (s->free_count < count)
		evict_one(s);
	while (count-- > 0) {
		uint32_t id = take_block(s);

		s->blocks[id].more.next = first;
		first = id;
	}
	return first;
}

static uint32_t blocks_for(size_t octets)
{
	size_t in_head = sizeof(((union block *)0)->head.data);
	size_t in_more = sizeof(((union block *)0)->more.data);

	if (octets <= in_head)
		return 1;
	return (uint32_t)(1 + (octets - in_head + in_more - 1) / in_more);
}

/* Field by field: the room for an EDE, most of a reply, is seldom needed and not cleared. */
static void describe(const struct entry *e, struct reply *reply)
{
	reply->kind = (enum reply_kind)e->kind;
	reply->rcode = e->rcode;
	reply->tc = false;
	reply->ad = e->ad;
	reply->has_opt = false;
	reply->has_soa = e->has_soa;
	reply->ancount = e->ancount;
	reply->nscount = e->nscount;
	reply->arcount = e->arcount;
	reply->body_len = e->body_len;
	reply->question_end = 0;
	reply->ede_len = e->ede_len;
	reply->body = NULL;
}

/* Reads a live entry out.  The shard is locked. */
static void read_entry(struct shard *s, uint32_t id, uint64_t now_ms, uint8_t *buf, size_t cap,
		       struct reply *reply, struct cache_found *found)
{
	struct entry *e = entry_at(s, id);

	/* The clock of the worker that stored it may be a little ahead of ours. */
	if (now_ms < e->stored_ms)
		now_ms = e->stored_ms;
	describe(e, reply);
	reply->ttl_s = (uint32_t)((e->expires_ms - now_ms) / 1000);
	found->age_s = (uint32_t)((now_ms - e->stored_ms) / 1000);
	found->serial = e->serial;
	found->generation = e->generation;
	if (e->ede_len)
		load_data(s, id, e->qname_len, reply->ede, e->ede_len);
	if (e->body_len <= cap) {
		load_data(s, id, (size_t)e->qname_len + e->ede_len, buf, e->body_len);
		reply->body = buf;
	}
	e->visited = true;
}

bool cache_get(struct cache *cache, const struct cache_key *key, uint64_t now_ms, uint8_t *buf,
	       size_t cap, struct reply *ret_reply, struct cache_found *ret_found)
{
	struct shard *s = shard_of(cache, key->hash);
	bool found = false;
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = find(s, key);
	if (id && entry_at(s, id)->expires_ms <= now_ms) {
		drop_entry(s, id);
		s->expired++;
	} else if (id) {
		read_entry(s, id, now_ms, buf, cap, ret_reply, ret_found);
		found = true;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void write_entry(struct shard *s, uint32_t id, const struct cache_key *key, uint64_t now_ms,
			uint64_t generation, const struct reply *reply)
{
	struct entry *e = entry_at(s, id);
	size_t qname_len = key->qname->len;

	*e = (struct entry){
		.hash = key->hash,
		.stored_ms = now_ms,
		.expires_ms = now_ms + reply->ttl_s * 1000ULL,
		.generation = generation,
		.serial = ++s->serial,
		.chain = bucket_get(s, key->hash),
		.qtype = key->qtype,
		.flags = key->flags,
		.qname_len = key->qname->len,
		.kind = (uint8_t)reply->kind,
		.rcode = reply->rcode,
		.ad = reply->ad,
		.has_soa = reply->has_soa,
		.ancount = reply->ancount,
		.nscount = reply->nscount,
		.arcount = reply->arcount,
		.body_len = reply->body_len,
		.ede_len = (uint8_t)reply->ede_len,
	};
	bucket_set(s, key->hash, id);
	store_data(s, id, 0, key->qname->wire, qname_len);
	store_data(s, id, qname_len, reply->ede, reply->ede_len);
	store_data(s, id, qname_len + reply->ede_len, reply->body, reply->body_len);
	queue_push(s, id);
	s->entries++;
}

void cache_put(struct cache *cache, const struct cache_key *key, uint64_t now_ms,
	       uint64_t generation, const struct reply *reply)
{
	struct shard *s = shard_of(cache, key->hash);
	size_t octets = (size_t)key->qname->len + reply->ede_len + reply->body_len;
	uint32_t count = blocks_for(octets);
	uint32_t old;

	if (reply->ttl_s == 0 || octets > ENTRY_MAX || count >= s->block_count)
		return;
	pthread_mutex_lock(&s->lock);
	old = find(s, key);
	if (old)
		drop_entry(s, old);
	write_entry(s, take_blocks(s, count), key, now_ms, generation, reply);
	pthread_mutex_unlock(&s->lock);
}

void cache_set_generation(struct cache *cache, const struct cache_key *key,
			  const struct cache_found *found, uint64_t generation)
{
	struct shard *s = shard_of(cache, key->hash);
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = find(s, key);
	if (id && entry_at(s, id)->serial == found->serial)
		entry_at(s, id)->generation = generation;
	pthread_mutex_unlock(&s->lock);
}

void cache_remove(struct cache *cache, const struct cache_key *key)
{
	struct shard *s = shard_of(cache, key->hash);
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = find(s, key);
	if (id)
		drop_entry(s, id);
	pthread_mutex_unlock(&s->lock);
}

struct cache_stats cache_stats(struct cache *cache)
{
	struct cache_stats sum = {.bytes_max = cache->size_bytes};

	for (unsigned int i = 0; i < SHARDS; i++) {
		struct shard *s = &cache->shards[i];

		pthread_mutex_lock(&s->lock);
		sum.entries += s->entries;
		sum.evicted += s->evicted;
		sum.expired += s->expired;
		if (s->block_count)
			sum.bytes_used += (uint64_t)(s->block_count - 1 - s->free_count) * BLOCK;
		pthread_mutex_unlock(&s->lock);
	}
	return sum;
}
