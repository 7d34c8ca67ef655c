/* SPDX-License-Identifier: BSD-2-Clause */
/* All types of a name lie in one shard, and in buckets side by side: which are a question's, and
 * which its name's. */
#include <string.h>

#include "cache/shard.h"

#define SLOTS 8U /* of cache_slot */

/* A name that goes on in other blocks than the entry's first. */
static __attribute__((noinline)) bool same_long_name(struct shard *s, uint32_t id,
						     const struct name *qname)
{
	uint8_t wire[NAME_WIRE_MAX];

	entry_load(s, id, 0, wire, qname->len);
	return memcmp(wire, qname->wire, qname->len) == 0;
}

static inline bool same_name(struct shard *s, uint32_t id, const struct name *qname)
{
	if (qname->len <= sizeof(s->blocks[id].head.data))
		return memcmp(s->blocks[id].head.data, qname->wire, qname->len) == 0;
	return same_long_name(s, id, qname);
}

static inline bool is_of(struct shard *s, uint32_t id, uint64_t hash, const struct name *qname)
{
	const struct entry *e = entry_at(s, id);

	return e->hash == hash && e->qname_len == qname->len && same_name(s, id, qname);
}

/* That of the key's name and `qtype`. */
static inline uint64_t hash_of(const struct cache_key *key, uint16_t qtype)
{
	return qtype == key->qtype ? key->hash
				   : key->hash ^ cache_slot(key->qtype) ^ cache_slot(qtype);
}

uint32_t entry_find(struct shard *s, const struct cache_key *key, uint16_t qtype, uint8_t cd)
{
	uint64_t hash = hash_of(key, qtype);
	uint32_t id;

	if (!s->block_count)
		return NONE;
	for (id = bucket_get(s, hash); id; id = entry_at(s, id)->chain) {
		const struct entry *e = entry_at(s, id);

		if (e->qtype == qtype && (e->flags & CACHE_FLAG_CD) == cd &&
		    is_of(s, id, hash, key->qname))
			break;
	}
	return id;
}

/* Adds those of `qtype` to the `count` that there are; returns how many there are then. */
static unsigned int add_candidates(struct shard *s, const struct cache_key *key, uint16_t qtype,
				   uint32_t ids[CANDIDATES_MAX], unsigned int count)
{
	uint64_t hash = hash_of(key, qtype);

	for (uint32_t id = bucket_get(s, hash); id; id = entry_at(s, id)->chain) {
		const struct entry *e = entry_at(s, id);

		if (e->qtype == qtype && !(e->flags & CACHE_FLAG_CD & ~key->flags) &&
		    is_of(s, id, hash, key->qname) && count < CANDIDATES_MAX)
			ids[count++] = id;
	}
	return count;
}

unsigned int entry_candidates(struct shard *s, const struct cache_key *key,
			      uint32_t ret_ids[CANDIDATES_MAX])
{
	unsigned int count;

	if (!s->block_count)
		return 0;
	count = add_candidates(s, key, key->qtype, ret_ids, 0);
	return key->qtype == CACHE_ALL_TYPES
		       ? count
		       : add_candidates(s, key, CACHE_ALL_TYPES, ret_ids, count);
}

uint32_t entry_newest(struct shard *s, const struct conf_cache *conf, const struct cache_key *key,
		      int64_t now_ms)
{
	uint32_t ids[CANDIDATES_MAX];
	unsigned int count = entry_candidates(s, key, ids);
	uint32_t newest = NONE;

	for (unsigned int i = 0; i < count; i++) {
		const struct entry *e = entry_at(s, ids[i]);

		if (e->kind == REPLY_FAILURE || entry_is_over(e, conf, now_ms))
			continue;
		if (!newest || e->stored_ms > entry_at(s, newest)->stored_ms)
			newest = ids[i];
	}
	return newest;
}

/* A walk over all entries of a name, whatever their type.  The one at hand may be dropped. */
struct name_walk {
	const struct cache_key *key;
	uint64_t slot; /* of the next bucket */
	uint64_t hash; /* of the one at hand */
	uint32_t next;
};

static uint32_t walk_next(struct shard *s, struct name_walk *w)
{
	uint64_t name = w->key->hash ^ cache_slot(w->key->qtype);

	while (s->block_count) {
		uint32_t id = w->next;

		if (id) {
			w->next = entry_at(s, id)->chain;
			if (is_of(s, id, w->hash, w->key->qname))
				return id;
		} else if (w->slot < SLOTS) {
			w->hash = name ^ w->slot++;
			w->next = bucket_get(s, w->hash);
		} else {
			break;
		}
	}
	return NONE;
}

void entry_drop_expired(struct shard *s, const struct cache_key *key, uint8_t cd, int64_t now_ms)
{
	struct name_walk w = {.key = key};
	uint32_t id;

	while ((id = walk_next(s, &w))) {
		const struct entry *e = entry_at(s, id);

		if (e->expires_ms <= now_ms && (e->flags & cd) == cd)
			entry_drop(s, id);
	}
}

bool entry_name_has_newer(struct shard *s, const struct cache_key *key, int64_t stored_ms)
{
	struct name_walk w = {.key = key};
	uint32_t id;

	while ((id = walk_next(s, &w)))
		if (entry_at(s, id)->kind != REPLY_FAILURE &&
		    entry_at(s, id)->stored_ms > stored_ms)
			return true;
	return false;
}
