/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache/shard.h"

#define SLICE 1024U /* buckets looked through while the lock is held */

/* True when the entry's name is the flushed one, or under that.  The shard is locked. */
static bool is_meant(struct shard *s, uint32_t id, const struct name *name)
{
	struct name qname = {.len = entry_at(s, id)->qname_len};

	if (qname.len < name->len)
		return false;
	entry_load(s, id, 0, qname.wire, qname.len);
	return name_is_below(&qname, name);
}

static uint64_t flush_bucket(struct shard *s, uint32_t bucket, const struct name *name)
{
	uint32_t id = bucket_get(s, bucket);
	uint64_t count = 0;

	while (id) {
		uint32_t next = entry_at(s, id)->chain;

		if (is_meant(s, id, name)) {
			entry_drop(s, id);
			count++;
		}
		id = next;
	}
	return count;
}

/* An entry's hash is of its type as well: all buckets may hold some. */
uint64_t cache_flush(struct cache *cache, const struct name *name)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < SHARDS; i++) {
		struct shard *s = &cache->shards[i];
		uint32_t buckets = s->block_count ? s->bucket_mask + 1 : 0;

		for (uint32_t bucket = 0; bucket < buckets;) {
			pthread_mutex_lock(&s->lock);
			do
				count += flush_bucket(s, bucket, name);
			while (++bucket < buckets && bucket % SLICE);
			pthread_mutex_unlock(&s->lock);
		}
	}
	return count;
}
