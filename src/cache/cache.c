/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/cache.h"

#include <string.h>
#include <sys/mman.h>

#include "cache/shard.h"

#define LINE 64U

/* As many buckets as blocks or more: chains stay short, and a miss seldom reads an entry. */
static uint32_t buckets_for(uint32_t blocks)
{
	return blocks < 2 ? blocks : 1U << (32 - __builtin_clz(blocks - 1));
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

void cache_prefetch(const struct cache *cache, uint64_t hash)
{
	const struct shard *s = &cache->shards[hash >> 58];

	if (s->block_count)
		__builtin_prefetch(&s->buckets[hash & s->bucket_mask]);
}

/* The first entry of the chain, most often the one; the entry is not read here, only asked for. */
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

static bool same_name(struct shard *s, uint32_t id, const struct name *qname)
{
	uint8_t wire[NAME_WIRE_MAX];

	if (qname->len <= sizeof(s->blocks[id].head.data))
		return memcmp(s->blocks[id].head.data, qname->wire, qname->len) == 0;
	entry_load(s, id, 0, wire, qname->len);
	return memcmp(wire, qname->wire, qname->len) == 0;
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

/* ---- entries given */

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

/* True for one caller of all: an entry that has not been hit before is in no demand. */
static bool take_refresh(struct entry *e, int64_t now_ms, bool stale)
{
	if (now_ms < e->refresh_ms || (!e->visited && !stale))
		return false;
	e->refresh_ms = now_ms + CACHE_RECHECK_MS;
	return true;
}

/* Reads an entry out.  The shard is locked. */
static void read_entry(struct shard *s, uint32_t id, int64_t now_ms, uint8_t *buf, size_t cap,
		       struct reply *reply, struct cache_found *found)
{
	struct entry *e = entry_at(s, id);

	/* The clock of the worker that stored it may be a little ahead of ours. */
	if (now_ms < e->stored_ms)
		now_ms = e->stored_ms;
	describe(e, reply);
	reply->stale = now_ms >= e->expires_ms;
	reply->ttl_s = reply->stale ? 0 : (uint32_t)((e->expires_ms - now_ms) / 1000);
	found->age_s = (uint32_t)((now_ms - e->stored_ms) / 1000);
	found->serial = e->serial;
	found->generation = e->generation;
	found->refresh = take_refresh(e, now_ms, reply->stale);
	if (e->ede_len)
		entry_load(s, id, e->qname_len, reply->ede, e->ede_len);
	if (e->body_len <= cap) {
		entry_load(s, id, (size_t)e->qname_len + e->ede_len, buf, e->body_len);
		reply->body = buf;
	}
	e->visited = true;
}

/* True when the expired entry is to be given without asking: that was tried a short time ago. */
static bool is_given_stale(const struct entry *e, int64_t now_ms)
{
	return e->failing && now_ms < e->refresh_ms + CACHE_RECHECK_MS;
}

bool cache_get(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
	       uint64_t now_ms, uint8_t *buf, size_t cap, struct reply *ret_reply,
	       struct cache_found *ret_found)
{
	struct shard *s = shard_of(cache, key->hash);
	int64_t now = (int64_t)now_ms;
	bool found = false;
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = find(s, key);
	if (id && now < entry_at(s, id)->expires_ms) {
		found = true;
	} else if (id && entry_is_over(entry_at(s, id), conf, now)) {
		entry_drop(s, id);
		s->expired++;
	} else if (id) {
		found = is_given_stale(entry_at(s, id), now);
	}
	if (found)
		read_entry(s, id, now, buf, cap, ret_reply, ret_found);
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* True for an entry that can be given, be it stale. */
static bool is_usable(const struct entry *e, const struct conf_cache *conf, int64_t now_ms)
{
	return e->kind != REPLY_FAILURE && !entry_is_over(e, conf, now_ms);
}

static void set_failing(struct entry *e, int64_t now_ms, uint32_t recheck_ms)
{
	e->failing = true;
	e->refresh_ms = now_ms + recheck_ms;
}

bool cache_get_stale(struct cache *cache, const struct conf_cache *conf,
		     const struct cache_key *key, uint64_t now_ms, uint32_t recheck_ms,
		     uint8_t *buf, size_t cap, struct reply *ret_reply,
		     struct cache_found *ret_found)
{
	struct shard *s = shard_of(cache, key->hash);
	int64_t now = (int64_t)now_ms;
	bool found;
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = find(s, key);
	found = id && is_usable(entry_at(s, id), conf, now);
	if (found) {
		if (now >= entry_at(s, id)->expires_ms)
			set_failing(entry_at(s, id), now, recheck_ms);
		read_entry(s, id, now, buf, cap, ret_reply, ret_found);
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* ---- entries put */

static unsigned int queue_of(const struct conf_cache *conf, uint16_t qtype, enum reply_kind kind)
{
	if (kind == REPLY_FAILURE)
		return QUEUE_FAILURES;
	for (unsigned int i = 0; i < conf->types_count; i++)
		if (conf->types[i].type == qtype)
			return QUEUE_TYPES + i;
	return QUEUE_OTHERS;
}

/* When little of its life is left, a hit has the question asked anew; a failure has no such time.
 */
static int64_t refresh_time(const struct conf_cache *conf, const struct reply *reply,
			    int64_t stored_ms)
{
	int64_t life_ms = reply->ttl_s * 1000LL;

	if (reply->kind == REPLY_FAILURE || conf->prefetch_percent == 0)
		return INT64_MAX;
	return stored_ms + life_ms - life_ms * conf->prefetch_percent / 100;
}

/* What is put under `key` and at which time: parameters that go together. */
struct putting {
	const struct conf_cache *conf;
	const struct cache_key *key;
	int64_t now_ms;
	int64_t stored_ms;
	uint64_t generation;
};

/* Writes a new entry; any older one is gone.  The shard is locked, and can hold it. */
static void write_entry(struct shard *s, const struct putting *p, const struct reply *reply)
{
	const struct cache_key *key = p->key;
	size_t qname_len = key->qname->len;
	const struct entry e = {
		.hash = key->hash,
		.stored_ms = p->stored_ms,
		.expires_ms = p->stored_ms + reply->ttl_s * 1000LL,
		.refresh_ms = refresh_time(p->conf, reply, p->stored_ms),
		.generation = p->generation,
		.qtype = key->qtype,
		.flags = key->flags,
		.qname_len = key->qname->len,
		.kind = (uint8_t)reply->kind,
		.queue = (uint8_t)queue_of(p->conf, key->qtype, reply->kind),
		.rcode = reply->rcode,
		.ad = reply->ad,
		.has_soa = reply->has_soa,
		.ancount = reply->ancount,
		.nscount = reply->nscount,
		.arcount = reply->arcount,
		.body_len = reply->body_len,
		.ede_len = (uint8_t)reply->ede_len,
	};
	uint32_t id = entry_add(s, p->conf, &e, p->now_ms);

	entry_store(s, id, 0, key->qname->wire, qname_len);
	entry_store(s, id, qname_len, reply->ede, reply->ede_len);
	entry_store(s, id, qname_len + reply->ede_len, reply->body, reply->body_len);
}

static bool can_hold(const struct shard *s, const struct conf_cache *conf,
		     const struct cache_key *key, const struct reply *reply)
{
	size_t octets = (size_t)key->qname->len + reply->ede_len + reply->body_len;

	return reply->ttl_s > 0 &&
	       shard_can_hold(s, conf, queue_of(conf, key->qtype, reply->kind), octets);
}

/* True for a reply that was stored after `stored_ms`. */
static bool is_newer(const struct entry *e, int64_t stored_ms)
{
	return e->kind != REPLY_FAILURE && e->stored_ms > stored_ms;
}

void cache_put_at(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
		  int64_t now_ms, int64_t stored_ms, uint64_t generation, const struct reply *reply)
{
	struct shard *s = shard_of(cache, key->hash);
	struct putting p = {conf, key, now_ms, stored_ms, generation};
	uint32_t old;

	if (!can_hold(s, conf, key, reply))
		return;
	pthread_mutex_lock(&s->lock);
	old = find(s, key);
	if (!old || !is_newer(entry_at(s, old), stored_ms)) {
		if (old)
			entry_drop(s, old);
		write_entry(s, &p, reply);
	}
	pthread_mutex_unlock(&s->lock);
}

void cache_put(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
	       uint64_t now_ms, uint64_t generation, const struct reply *reply)
{
	cache_put_at(cache, conf, key, (int64_t)now_ms, (int64_t)now_ms, generation, reply);
}

/* Twice as long as the last time, when that is not long ago and it `grows` (RFC 9520, 3.2). */
static uint32_t failure_ttl(const struct entry *before, const struct conf_cache *conf,
			    int64_t now_ms, bool grows)
{
	int64_t ttl_s = conf->servfail_ttl_s;

	if (grows && ttl_s > 0 && before && before->kind == REPLY_FAILURE &&
	    !entry_is_over(before, conf, now_ms))
		ttl_s = 2 * ((before->expires_ms - before->stored_ms) / 1000);
	return ttl_s > CACHE_FAILURE_TTL_MAX_S ? CACHE_FAILURE_TTL_MAX_S : (uint32_t)ttl_s;
}

void cache_put_failure(struct cache *cache, const struct conf_cache *conf,
		       const struct cache_key *key, uint64_t now_ms, const struct ede *ede,
		       bool grows)
{
	struct shard *s = shard_of(cache, key->hash);
	int64_t now = (int64_t)now_ms;
	struct putting p = {conf, key, now, now, 0};
	struct reply reply = {.kind = REPLY_FAILURE, .rcode = RCODE_SERVFAIL, .body = ede->data};
	struct entry *before;
	uint32_t old;

	reply.ede_len = ede->len;
	memcpy(reply.ede, ede->data, ede->len);
	pthread_mutex_lock(&s->lock);
	old = find(s, key);
	before = old ? entry_at(s, old) : NULL;
	reply.ttl_s = failure_ttl(before, conf, now, grows);
	if (before && is_usable(before, conf, now)) {
		set_failing(before, now, CACHE_RECHECK_MS);
	} else if (before && now < before->expires_ms) {
		/* the same failure, as another worker saw it */
	} else if (can_hold(s, conf, key, &reply)) {
		if (old)
			entry_drop(s, old);
		write_entry(s, &p, &reply);
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- entries as a whole */

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
		entry_drop(s, id);
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
