/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache of upstream replies: shared by all workers, in shards with a lock each, bounded in
 * octets from the start, evicted by SIEVE.  It never allocates after cache_create.
 *
 * There is one entry for a name and a type, whether clients set DO and CD or not.  Upstreams are
 * asked with DO, and the entry has both what clients with DO are given and what the others are
 * (dns/plain.h).  They are asked without CD: what comes so is good for those who check for
 * themselves, too.  What an upstream has refused and told to who asked with CD is an entry of its
 * own, given to such clients alone.  That a name does not exist is one entry for all types
 * (RFC 2308, 5).
 *
 * A newer reply takes the place of all older ones that it contradicts, also when it may not be kept
 * itself.  An entry remembers the snapshot generation whose lists have inspected it.
 *
 * An entry outlives its TTL for as long as it may be given stale (RFC 8767), unless its room is
 * needed.  That no upstream could answer is remembered too, for a short time (RFC 9520).
 *
 * The configuration is handed in by each call: the one in force may change by a reload.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/hash.h"
#include "conf/conf.h"
#include "dns/ede.h"
#include "dns/name.h"
#include "dns/reply.h"

#define CACHE_FLAG_DO 1U /* of a client: the whole reply is wanted, not its plain form */
#define CACHE_FLAG_CD 2U /* what an upstream has not checked will do; it was asked so */
#define CACHE_FLAG_PLAIN                                                                           \
	4U /* the upstream was asked without DO: the reply has the plain form alone */

#define CACHE_ALL_TYPES 0U /* of a key: that there is no such name, whatever the type */

#define CACHE_RECHECK_MS 30000U	     /* between two tries to have a name anew (RFC 8767, 5) */
#define CACHE_FAILURE_TTL_MAX_S 300U /* a failure is not remembered longer (RFC 9520, 3.2) */
#define CACHE_FAILURE_SHARE 10U	     /* percent of the memory that failures may take */

struct cache;

struct cache_key {
	const struct name *qname; /* lower case */
	uint64_t hash;		  /* by cache_hash */
	uint16_t qtype;
	uint8_t flags; /* CACHE_FLAG_: of a client's DO and CD, of a reply put CD and PLAIN */
};

/* Which entry cache_get found. */
struct cache_found {
	uint64_t serial;     /* differs whenever the entry was replaced */
	uint64_t generation; /* of its last inspection */
	uint32_t age_s;	     /* since the entry was stored, for reply_age */
	bool refresh;	     /* this caller has the question asked anew */
	bool unchecked; /* the question goes with CD: so the reply came, or else it is refused */
};

/* What cache_stats tells, summed over the shards. */
struct cache_stats {
	uint64_t entries;
	uint64_t evicted;
	uint64_t expired; /* removed after their TTL */
	uint64_t bytes_used;
	uint64_t bytes_max;
};

/*
 * A cache of at most `size_bytes`, all told; 0 makes one that holds nothing.  Memory is taken
 * from the kernel as it is first used.  ERR_NOMEM.
 */
enum err cache_create(size_t size_bytes, struct cache **ret_cache) MUST_CHECK;
void cache_free(struct cache *cache);

/* The place of a type among those of its name. */
static inline uint64_t cache_slot(uint16_t qtype)
{
	return (uint32_t)(qtype * 0x9e3779b1U) >> 29;
}

/* Mixes the hash of a whole name with the type: all types of a name lie in one shard, side by side
 * in its index. */
static inline uint64_t cache_hash(uint64_t name_hash, uint16_t qtype)
{
	uint64_t x = name_hash ^ name_hash >> 32;

	return x * 0xd6e8feb86659fd93ULL ^ cache_slot(qtype);
}

/* Tells the processor that the entry of `hash` will be asked for soon. */
void cache_prefetch(const struct cache *cache, uint64_t hash);

/* The same, a step further, once that has come: what is read of the entry itself. */
void cache_prefetch_entry(const struct cache *cache, uint64_t hash, uint16_t qtype);

/*
 * Finds what there is to give at once for `key` at `now_ms` (monotonic): the live entry, an expired
 * one (reply->stale) that could not be had anew a short time ago, or a failure that is remembered
 * (its kind is REPLY_FAILURE); of the newest that there is.
 *
 * Copies its records into `buf` (room for `cap` octets) with their TTLs as they were stored, and
 * describes them in `ret_reply`, whose ttl_s is what is left of its life and whose body is `buf`,
 * or NULL when `cap` was too small; its question_end is the caller's to set.  `refresh` is told
 * to one caller: for an entry in demand when little of its TTL is left (cache.prefetch), and for
 * a stale one once in CACHE_RECHECK_MS.  False when there is none; of `ret_found` only
 * `unchecked` is set then.  Any thread.
 */
bool cache_get(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
	       uint64_t now_ms, uint8_t *buf, size_t cap, struct reply *ret_reply,
	       struct cache_found *ret_found);

/*
 * As cache_get, but finds every entry that may be given stale, also one that has the plain form
 * alone where the whole is wanted.  Such a one is found by cache_get from now on, which will have
 * it asked for anew after `recheck_ms` at the earliest.
 */
bool cache_get_stale(struct cache *cache, const struct conf_cache *conf,
		     const struct cache_key *key, uint64_t now_ms, uint32_t recheck_ms,
		     uint8_t *buf, size_t cap, struct reply *ret_reply,
		     struct cache_found *ret_found);

/*
 * Stores `reply`, with the plain form that plain_separate has found, as inspected under
 * `generation` (0: it has to be at each hit, since a list blocks it), in the place of all older
 * ones that it contradicts; evicts to make room.  What may not be cached (RFC 2308), has a TTL of
 * 0, or is too large for a shard or for its type's share, removes these all the same.
 *
 * A reply asked with CD takes the place of such alone.  An NXDOMAIN without CNAMEs holds for all
 * types, and takes the place of what has expired of them.  Any thread.
 */
void cache_put(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
	       uint64_t now_ms, uint64_t generation, const struct reply *reply);

/*
 * Remembers that `key` could not be answered, and why, for cache.servfail-ttl, and, if an upstream
 * has `told` so, for twice as long as the last time when it fails again.  A reply that is there
 * and may be given, now or stale, is worth more and stays; it is not asked for anew for a while.
 * What was told of a question without CD is asked with CD for clients that set it.  Any thread.
 */
void cache_put_failure(struct cache *cache, const struct conf_cache *conf,
		       const struct cache_key *key, uint64_t now_ms, const struct edes *ede,
		       bool told);

/* Records that the entry that was `found` is clean under `generation`; nothing happens when it
 * has been replaced since. */
void cache_set_generation(struct cache *cache, const struct cache_key *key,
			  const struct cache_found *found, uint64_t generation);

/* True when the caller is to have the entry that was `found` asked for anew, however much is left
 * of its life: one caller in CACHE_RECHECK_MS, and none where that is due so soon anyhow.  Any
 * thread. */
bool cache_renew(struct cache *cache, const struct cache_key *key, const struct cache_found *found,
		 uint64_t now_ms);

/* Removes all entries of `name` (lower case) and of all names below it; returns how many there
 * were.  Locks for a short time only, and again.  Any thread. */
uint64_t cache_flush(struct cache *cache, const struct name *name);

struct cache_stats cache_stats(struct cache *cache);

/* What dump and load have to be told. */
struct cache_dump_env {
	const struct conf_cache *conf;
	const struct reply_ttl_limits *ttl;
	struct hash_key name_key;
	uint64_t now_ms; /* monotonic */
	uint64_t now_s;	 /* Unix time */
};

/*
 * Writes what may be given now or stale to `out`, but no failures, and nothing that upstreams of a
 * zone of their own said (whose hash is not that of the name alone).  An entry is written as the
 * DNS message it came from, with its age; parts of the file have checksums.
 * ERR_SYS when writing failed.  Any thread; locks a shard while it is written.
 */
enum err cache_dump(struct cache *cache, const struct cache_dump_env *env, FILE *out,
		    uint64_t *ret_entries) MUST_CHECK;

/*
 * Reads what cache_dump wrote.  Every entry is parsed as a reply of an upstream is, and has been
 * inspected by no list; what was stored later, by those who use the cache already, stays.  Reads
 * no more than the cache has room for.  Any thread.
 * ERR_SYNTAX, ERR_SYS, ERR_NOMEM with `text`: the dump is bad, and nothing is left in the cache.
 */
enum err cache_load(struct cache *cache, const struct cache_dump_env *env, FILE *in,
		    uint64_t *ret_entries, struct err_text *text) MUST_CHECK;

#endif
