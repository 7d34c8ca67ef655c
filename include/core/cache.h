/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache of upstream replies: shared by all workers, in shards with a lock each, bounded in
 * octets from the start, evicted by SIEVE.  It never allocates after cache_create.
 *
 * An entry is keyed by what changes an answer: the name, the type, and the bits DO and CD.  It
 * remembers the snapshot generation whose lists have inspected it.
 */
#ifndef CORE_CACHE_H
#define CORE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"
#include "dns/reply.h"

#define CACHE_FLAG_DO 1U
#define CACHE_FLAG_CD 2U

struct cache;

struct cache_key {
	const struct name *qname; /* lower case */
	uint64_t hash;		  /* by cache_hash */
	uint16_t qtype;
	uint8_t flags; /* CACHE_FLAG_ */
};

/* Which entry cache_get found. */
struct cache_found {
	uint64_t serial;     /* differs whenever the entry was replaced */
	uint64_t generation; /* of its last inspection */
	uint32_t age_s;	     /* since it was stored, for reply_age */
};

/* What cache_stats tells, summed over the shards. */
struct cache_stats {
	uint64_t entries;
	uint64_t evicted;
	uint64_t expired;
	uint64_t bytes_used;
	uint64_t bytes_max;
};

/*
 * A cache of at most `size_bytes`, all told; 0 makes one that holds nothing.  Memory is taken
 * from the kernel as it is first used.  ERR_NOMEM.
 */
enum err cache_create(size_t size_bytes, struct cache **ret_cache) MUST_CHECK;
void cache_free(struct cache *cache);

/* Mixes the hash of a whole name with type and flags. */
static inline uint64_t cache_hash(uint64_t name_hash, uint16_t qtype, uint8_t flags)
{
	uint64_t x = name_hash ^ (((uint64_t)qtype << 8 | flags) * 0x9e3779b97f4a7c15ULL);

	x ^= x >> 32;
	return x * 0xd6e8feb86659fd93ULL;
}

/* Tells the processor that the entry of `hash` will be asked for soon. */
void cache_prefetch(const struct cache *cache, uint64_t hash);

/* The same, a step further, once that has come: what is read of the entry itself. */
void cache_prefetch_entry(const struct cache *cache, uint64_t hash);

/*
 * Finds the live entry of `key` at `now_ms` (monotonic), copies its records into `buf` (room
 * for `cap` octets) with their TTLs as they were stored, and describes them in `ret_reply`,
 * whose ttl_s is what is left of its life and whose body is `buf`, or NULL when `cap` was too
 * small; its question_end is the caller's to set.  False when there is none.  Any thread.
 */
bool cache_get(struct cache *cache, const struct cache_key *key, uint64_t now_ms, uint8_t *buf,
	       size_t cap, struct reply *ret_reply, struct cache_found *ret_found);

/*
 * Stores `reply`, inspected under `generation`, in the place of any older one; evicts to make
 * room.  A reply with a TTL of 0, or too large for a shard, is not stored.  Any thread.
 */
void cache_put(struct cache *cache, const struct cache_key *key, uint64_t now_ms,
	       uint64_t generation, const struct reply *reply);

/* Records that the entry that was `found` is clean under `generation`; nothing happens when it
 * has been replaced since. */
void cache_set_generation(struct cache *cache, const struct cache_key *key,
			  const struct cache_found *found, uint64_t generation);

/* Removes the entry of `key`, if there is one. */
void cache_remove(struct cache *cache, const struct cache_key *key);

struct cache_stats cache_stats(struct cache *cache);

#endif
