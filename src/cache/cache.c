/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/cache.h"

#include <sys/mman.h>

#include "base/apart.h"
#include "base/prefetch.h"
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

void cache_prefetch(const struct cache *cache, uint64_t hash)
{
	const struct shard *s = &cache->shards[hash >> 58];

	if (s->block_count)
		prefetch(&s->buckets[hash & s->bucket_mask]);
}

/* The first entry of the chain, most often the one; the entry is not read here, only asked for. */
void cache_prefetch_entry(const struct cache *cache, uint64_t hash, uint16_t qtype)
{
	const struct shard *s = &cache->shards[hash >> 58];
	const union block *block;
	uint32_t id;

	if (!s->block_count)
		return;
	id = bucket_get(s, hash);
	if (!id)
		id = bucket_get(s, hash ^ cache_slot(qtype) ^ cache_slot(CACHE_ALL_TYPES));
	block = &s->blocks[id];
	prefetch(block);
	prefetch((const uint8_t *)block + LINE);
	prefetch((const uint8_t *)block + 2 * LINE);
}

/* ---- entries given */

/* Field by field: the room for EDEs, most of a reply, is seldom needed and not cleared. */
static void describe(const struct entry *e, struct reply *reply)
{
	reply->kind = (enum reply_kind)e->kind;
	reply->rcode = e->rcode;
	reply->tc = false;
	reply->ad = e->ad;
	reply->no_ra = false;
	reply->has_opt = false;
	reply->has_soa = e->has_soa;
	reply->simple = false;
	reply->ancount = e->ancount;
	reply->nscount = e->nscount;
	reply->arcount = e->arcount;
	reply->body_len = e->body_len;
	reply->question_end = 0;
	reply->ede.len = e->ede_len;
	reply->body = NULL;
	reply->plain.body = NULL;
}

/* The whole instead of the plain form; returns where in the entry's data it stands. */
static APART size_t describe_whole(struct shard *s, uint32_t id, struct reply *reply)
{
	const struct entry *e = entry_at(s, id);
	size_t at = entry_body_at(e);
	struct whole whole;

	entry_load(s, id, at - sizeof(whole), (uint8_t *)&whole, sizeof(whole));
	reply->ancount = whole.ancount;
	reply->nscount = whole.nscount;
	reply->arcount = whole.arcount;
	reply->body_len = (uint16_t)entry_whole_len(e);
	return e->apart ? at + e->body_len : at;
}

/* True for one caller of all: an entry that has not been hit before is in no demand. */
static bool take_refresh(struct entry *e, int64_t now_ms, bool stale)
{
	if (now_ms < e->refresh_ms || (!e->visited && !stale))
		return false;
	e->refresh_ms = now_ms + CACHE_RECHECK_MS;
	return true;
}

/* Reads an entry out, in the form that `flags` want.  The shard is locked. */
static void read_entry(struct shard *s, uint32_t id, uint8_t flags, int64_t now_ms, uint8_t *buf,
		       size_t cap, struct reply *reply, struct cache_found *found)
{
	struct entry *e = entry_at(s, id);
	size_t at = entry_body_at(e);

	/* The clock of the worker that stored it may be a little ahead of ours. */
	if (now_ms < e->stored_ms)
		now_ms = e->stored_ms;
	describe(e, reply);
	if (e->more_len && (flags & CACHE_FLAG_DO))
		at = describe_whole(s, id, reply);
	reply->stale = now_ms >= e->expires_ms;
	reply->ttl_s = reply->stale ? 0 : (uint32_t)((e->expires_ms - now_ms) / 1000);
	found->age_s = (uint32_t)((now_ms - e->stored_ms) / 1000);
	found->serial = e->serial;
	found->generation = e->generation;
	found->refresh = take_refresh(e, now_ms, reply->stale);
	found->unchecked = e->flags & CACHE_FLAG_CD;
	if (e->ede_len)
		entry_load(s, id, e->qname_len, reply->ede.data, e->ede_len);
	if (reply->body_len <= cap) {
		entry_load(s, id, at, buf, reply->body_len);
		reply->body = buf;
	}
	e->visited = true;
}

/* What an entry is worth to who asks now; the greater goes first. */
enum worth {
	WORTH_NOTHING,
	WORTH_REFUSED, /* what it says was told of a question without CD, and the client sets it */
	WORTH_FAILURE,
	WORTH_STALE, /* it was asked for anew a short time ago */
	WORTH_LIVE,
};

static bool is_refused(const struct entry *e, uint8_t flags)
{
	return e->told && (flags & CACHE_FLAG_CD) && !(e->flags & CACHE_FLAG_CD);
}

static enum worth worth(const struct entry *e, uint8_t flags, int64_t now_ms)
{
	bool live = now_ms < e->expires_ms;

	if (e->kind == REPLY_FAILURE && live)
		return is_refused(e, flags) ? WORTH_REFUSED : WORTH_FAILURE;
	if (e->kind == REPLY_FAILURE || ((flags & CACHE_FLAG_DO) && (e->flags & CACHE_FLAG_PLAIN)))
		return WORTH_NOTHING;
	if (live)
		return WORTH_LIVE;
	if (!e->failing || now_ms >= e->refresh_ms + CACHE_RECHECK_MS)
		return WORTH_NOTHING;
	return is_refused(e, flags) ? WORTH_REFUSED : WORTH_STALE;
}

/* The best of what there is; of equals, the newest. */
static APART uint32_t choose(struct shard *s, const struct conf_cache *conf,
			     const struct cache_key *key, int64_t now_ms, bool *ret_refused)
{
	uint32_t ids[CANDIDATES_MAX];
	unsigned int count = entry_candidates(s, key, ids);
	enum worth best = WORTH_REFUSED;
	uint32_t chosen = NONE;

	*ret_refused = false;
	for (unsigned int i = 0; i < count; i++) {
		const struct entry *e = entry_at(s, ids[i]);
		enum worth w = worth(e, key->flags, now_ms);

		if (entry_is_over(e, conf, now_ms)) {
			entry_drop(s, ids[i]);
			s->expired++;
			continue;
		}
		*ret_refused |= w == WORTH_REFUSED;
		if (w > best ||
		    (w == best && chosen && e->stored_ms > entry_at(s, chosen)->stored_ms)) {
			best = w;
			chosen = ids[i];
		}
	}
	return chosen;
}

bool cache_get(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
	       uint64_t now_ms, uint8_t *buf, size_t cap, struct reply *ret_reply,
	       struct cache_found *ret_found)
{
	struct shard *s = shard_of(cache, key->hash);
	int64_t now = (int64_t)now_ms;
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = entry_find(s, key, key->qtype, 0);
	if (!id || worth(entry_at(s, id), key->flags, now) != WORTH_LIVE)
		id = choose(s, conf, key, now, &ret_found->unchecked);
	if (id)
		read_entry(s, id, key->flags, now, buf, cap, ret_reply, ret_found);
	pthread_mutex_unlock(&s->lock);
	return id != NONE;
}

bool cache_get_stale(struct cache *cache, const struct conf_cache *conf,
		     const struct cache_key *key, uint64_t now_ms, uint32_t recheck_ms,
		     uint8_t *buf, size_t cap, struct reply *ret_reply,
		     struct cache_found *ret_found)
{
	struct shard *s = shard_of(cache, key->hash);
	int64_t now = (int64_t)now_ms;
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = entry_newest(s, conf, key, now);
	if (id && now >= entry_at(s, id)->expires_ms)
		entry_set_failing(entry_at(s, id), now + recheck_ms, false);
	if (id)
		read_entry(s, id, key->flags, now, buf, cap, ret_reply, ret_found);
	pthread_mutex_unlock(&s->lock);
	return id != NONE;
}

/* ---- entries as a whole */

/* The entry that was found, or NULL when it has been replaced since.  The shard is locked. */
static struct entry *find_again(struct shard *s, const struct cache_key *key,
				const struct cache_found *found)
{
	uint32_t ids[CANDIDATES_MAX];

	for (unsigned int i = entry_candidates(s, key, ids); i-- > 0;)
		if (entry_at(s, ids[i])->serial == found->serial)
			return entry_at(s, ids[i]);
	return NULL;
}

void cache_set_generation(struct cache *cache, const struct cache_key *key,
			  const struct cache_found *found, uint64_t generation)
{
	struct shard *s = shard_of(cache, key->hash);
	struct entry *e;

	pthread_mutex_lock(&s->lock);
	e = find_again(s, key, found);
	if (e)
		e->generation = generation;
	pthread_mutex_unlock(&s->lock);
}

bool cache_renew(struct cache *cache, const struct cache_key *key, const struct cache_found *found,
		 uint64_t now_ms)
{
	struct shard *s = shard_of(cache, key->hash);
	int64_t now = (int64_t)now_ms;
	struct entry *e;
	bool renew;

	pthread_mutex_lock(&s->lock);
	e = find_again(s, key, found);
	renew = e && (e->refresh_ms <= now || e->refresh_ms > now + CACHE_RECHECK_MS);
	if (renew)
		e->refresh_ms = now + CACHE_RECHECK_MS;
	pthread_mutex_unlock(&s->lock);
	return renew;
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
