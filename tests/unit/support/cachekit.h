/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of a cache, for its tests: a number tells a name, and what is stored of it. */
#ifndef SUPPORT_CACHEKIT_H
#define SUPPORT_CACHEKIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"

#define KIT_KEY ((struct hash_key){0x0123456789abcdefULL, 0xfedcba9876543210ULL})
#define KIT_BODY_MAX 20000U

struct kit_key {
	struct name qname;
	struct cache_key cache;
};

static inline void kit_key_type(struct kit_key *k, const char *name, uint16_t qtype, uint8_t flags)
{
	const struct hash_key key = KIT_KEY;

	if (name_from_text(name, strlen(name), &k->qname) != ERR_OK)
		abort();
	k->cache = (struct cache_key){.qname = &k->qname, .qtype = qtype, .flags = flags};
	k->cache.hash = cache_hash(name_hash(&key, &k->qname), qtype);
}

static inline void kit_key(struct kit_key *k, const char *name)
{
	kit_key_type(k, name, TYPE_A, 0);
}

/* Where the entry is put instead: all of them into one shard. */
static inline void kit_key_number(struct kit_key *k, unsigned int n, uint16_t qtype)
{
	char name[32];

	snprintf(name, sizeof(name), "n%06u.example", n);
	kit_key_type(k, name, qtype, 0);
	k->cache.hash >>= 6;
}

/* An address record of the question's name, of as many as make the body `len` octets. */
static inline void kit_put(struct cache *cache, const struct conf_cache *conf,
			   const struct kit_key *k, uint64_t now_ms, uint32_t ttl_s,
			   unsigned int records)
{
	static _Thread_local uint8_t body[KIT_BODY_MAX];
	struct reply reply = {.kind = REPLY_ANSWER,
			      .ancount = (uint16_t)records,
			      .body_len = (uint16_t)(16 * records),
			      .ttl_s = ttl_s,
			      .body = body};

	for (unsigned int i = 0; i < records; i++) {
		uint8_t *p = body + 16 * (size_t)i;

		memcpy(p, "\300\14\0\1\0\1\0\0\0\0\0\4\300\0\2\1", 16);
		wire_put32(p + 6, ttl_s);
		p[2] = (uint8_t)(k->cache.qtype >> 8);
		p[3] = (uint8_t)k->cache.qtype;
	}
	cache_put(cache, conf, &k->cache, now_ms, 1, &reply);
}

/* What cache_get says, as a word with marks: "live", "stale", "failed", or "-"; '+' when it is to
 * be asked for anew. */
static inline const char *kit_get(struct cache *cache, const struct conf_cache *conf,
				  const struct kit_key *k, uint64_t now_ms)
{
	static const char *const words[3][2] = {
		{"live", "live+"}, {"stale", "stale+"}, {"failed", "failed+"}};
	static _Thread_local uint8_t buf[KIT_BODY_MAX];
	struct cache_found found;
	struct reply reply;

	if (!cache_get(cache, conf, &k->cache, now_ms, buf, sizeof(buf), &reply, &found))
		return "-";
	return words[reply.kind == REPLY_FAILURE ? 2 : reply.stale][found.refresh];
}

#endif
