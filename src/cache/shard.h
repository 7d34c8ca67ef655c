/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of cache share.
 *
 *   cache.c  made, asked
 *   put.c    replies and failures that are put, and what they take the place of
 *   find.c   which entries speak for a question
 *   shard.c  a shard's memory: blocks, the index, the queues, and who has to go
 *   flush.c  all of a name, or of all names below it, removed
 *   dump.c   all written to a file, and read again
 *
 * A shard is an array of blocks, an index of chains by hash, and queues for SIEVE (Zhang et al.,
 * 2024): a new entry goes to its queue's head; a hit only sets a mark; the hand walks from the
 * tail to the head, clears marks, and evicts the first entry without one.
 *
 * An entry takes as many blocks as it needs, chained; the first holds its description.  Types
 * with a share of their own have a queue of their own, and so have failures: what makes room for
 * one that would exceed its share comes from the same queue.
 */
#ifndef CACHE_SHARD_H
#define CACHE_SHARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "cache/cache.h"

#define SHARDS 64U
#define BLOCK 256U
#define NONE 0U /* block 0 is never handed out */
#define ENTRY_MAX (16U * 1024)
#define BLOCKS_MAX (1U << 31) /* of a shard */

#define QUEUE_OTHERS 0U	  /* types without a share of their own */
#define QUEUE_FAILURES 1U /* cached SERVFAILs */
#define QUEUE_TYPES 2U	  /* from here on, in the order of cache.types */
#define QUEUES (QUEUE_TYPES + CONF_CACHE_TYPES_MAX)

/* Times are signed: what a dump brought may be older than the machine's start. */
struct entry {
	uint64_t hash;
	int64_t stored_ms;
	int64_t expires_ms;
	int64_t refresh_ms; /* asked for anew by the first hit from then on */
	uint64_t generation;
	uint64_t serial;
	uint32_t chain; /* next of the same bucket */
	uint32_t newer; /* towards the queue's head */
	uint32_t older; /* towards its tail */
	uint16_t qtype; /* CACHE_ALL_TYPES: there is no such name, for any type */
	uint16_t rcode;
	uint16_t ancount; /* of the plain form, as body_len */
	uint16_t nscount;
	uint16_t arcount;
	uint16_t body_len;
	uint16_t more_len; /* octets that the whole takes beside the plain form; 0: there is none */
	uint16_t ede_len;
	uint8_t qname_len;
	uint8_t flags; /* CACHE_FLAG_CD, CACHE_FLAG_PLAIN: how it was asked */
	uint8_t kind;
	uint8_t queue;
	bool ad;
	bool has_soa;
	bool visited;
	bool failing; /* the answer could not be had anew, or not soon enough */
	bool told;    /* it failed, and an upstream has said so */
	bool apart;   /* the whole stands behind the plain form, and does not begin with it */
};

/* How many records the whole of a reply has; stands before its octets. */
struct whole {
	uint16_t ancount;
	uint16_t nscount;
	uint16_t arcount;
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
		uint8_t data[BLOCK - 8 - sizeof(struct entry)]; /* name, EDE, whole, records */
	} head;
};

_Static_assert(sizeof(union block) == BLOCK, "a block has its size");

struct queue {
	uint32_t head;
	uint32_t tail;
	uint32_t hand;
	uint32_t blocks; /* that its entries take */
};

struct shard {
	_Alignas(64) pthread_mutex_t lock;
	_Atomic uint32_t *buckets; /* written under the lock; prefetching reads without it */
	union block *blocks;
	uint32_t bucket_mask;
	uint32_t block_count;
	uint32_t fresh; /* blocks from here on were never used */
	uint32_t free_list;
	uint32_t free_count;
	uint64_t serial;
	uint64_t entries;
	uint64_t evicted;
	uint64_t expired;
	struct queue queues[QUEUES];
};

struct cache {
	struct shard shards[SHARDS];
	void *memory;
	size_t memory_len;
	size_t size_bytes;
};

static inline struct entry *entry_at(struct shard *s, uint32_t id)
{
	return &s->blocks[id].head.entry;
}

static inline uint32_t bucket_get(const struct shard *s, uint64_t hash)
{
	return atomic_load_explicit(&s->buckets[hash & s->bucket_mask], memory_order_relaxed);
}

/* Where in an entry's data the plain form stands: behind its name, its EDE, and what tells of the
 * whole. */
static inline size_t entry_body_at(const struct entry *e)
{
	return (size_t)e->qname_len + e->ede_len + (e->more_len ? sizeof(struct whole) : 0);
}

/* Octets of an entry's data. */
static inline size_t entry_octets(const struct entry *e)
{
	return entry_body_at(e) + e->body_len + e->more_len;
}

/* Octets of the whole reply. */
static inline size_t entry_whole_len(const struct entry *e)
{
	return (e->apart ? 0 : (size_t)e->body_len) + e->more_len;
}

/* True when the entry is past every use that there is for an expired one. */
static inline bool entry_is_over(const struct entry *e, const struct conf_cache *conf,
				 int64_t now_ms)
{
	int64_t use_ms = e->kind == REPLY_FAILURE ? CACHE_FAILURE_TTL_MAX_S * 1000LL
						  : conf->serve_stale_s * 1000LL;

	return now_ms - e->expires_ms >= use_ms;
}

/* shard.c; all under the shard's lock */

/* As cache_prefetch and the rest of them give it out: from `memory`, which is zero. */
void shard_init(struct shard *s, _Atomic uint32_t *buckets, uint32_t bucket_count,
		union block *blocks, uint32_t block_count);

/* Copies `len` octets of an entry's data, from `skip` octets into it on. */
void entry_load(struct shard *s, uint32_t id, size_t skip, uint8_t *buf, size_t len);
void entry_store(struct shard *s, uint32_t id, size_t skip, const uint8_t *buf, size_t len);

/* Takes blocks for `octets` of data in queue number `queue`, evicting what has to go, and puts
 * the entry's description `e` there, into the index and the queue.  NONE: it is too large for the
 * shard, or for the share that `conf` gives the queue; then nothing has changed. */
uint32_t entry_add(struct shard *s, const struct conf_cache *conf, const struct entry *e,
		   int64_t now_ms);

/* Takes the entry out of index and queue, and hands its blocks back. */
void entry_drop(struct shard *s, uint32_t id);

/* True when the shard could hold a new entry of so many octets; no lock is needed. */
bool shard_can_hold(const struct shard *s, const struct conf_cache *conf, unsigned int queue,
		    size_t octets);

/* The shard of a hash: its bits are not the bucket's. */
static inline struct shard *shard_of(struct cache *cache, uint64_t hash)
{
	return &cache->shards[hash >> 58];
}

/* find.c; all under the shard's lock */

#define CANDIDATES_MAX 4U /* of the type and of all types, each asked with CD or without */

/* The entry of exactly the key's name, `qtype`, and CD as in `cd` (CACHE_FLAG_CD or 0). */
uint32_t entry_find(struct shard *s, const struct cache_key *key, uint16_t qtype, uint8_t cd);

/* All entries that may speak for the key: for a CD of 0 none that were asked with CD. */
unsigned int entry_candidates(struct shard *s, const struct cache_key *key,
			      uint32_t ret_ids[CANDIDATES_MAX]);

/* Of the candidates, the newest reply that may be given, now or stale; NONE. */
uint32_t entry_newest(struct shard *s, const struct conf_cache *conf, const struct cache_key *key,
		      int64_t now_ms);

/* Drops what has expired of the key's name, whatever its type: all, or what was asked with CD. */
void entry_drop_expired(struct shard *s, const struct cache_key *key, uint8_t cd, int64_t now_ms);

/* True when some reply of the key's name, whatever its type, was stored after `stored_ms`. */
bool entry_name_has_newer(struct shard *s, const struct cache_key *key, int64_t stored_ms);

/* put.c */

/* The entry could not be had anew, which an upstream has `told` or not: asked for again at the
 * time. */
void entry_set_failing(struct entry *e, int64_t recheck_at_ms, bool told);

/* As cache_put, of a reply that was stored at `stored_ms`, and may have expired; one that was
 * stored later stays. */
void cache_put_at(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
		  int64_t now_ms, int64_t stored_ms, uint64_t generation,
		  const struct reply *reply);

#endif
