/* SPDX-License-Identifier: BSD-2-Clause */
/* What is put, and what it takes the place of. */
#include <string.h>

#include "cache/shard.h"

static unsigned int queue_of(const struct conf_cache *conf, uint16_t qtype, enum reply_kind kind)
{
	if (kind == REPLY_FAILURE)
		return QUEUE_FAILURES;
	for (unsigned int i = 0; i < conf->types_count; i++)
		if (conf->types[i].type == qtype)
			return QUEUE_TYPES + i;
	return QUEUE_OTHERS;
}

/* When little of its life is left, a hit has the question asked anew; a failure has no such
 * time. */
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

/* The plain form of a reply, which may be all of it. */
static struct reply_records plain_of(const struct reply *reply)
{
	if (reply->plain.body)
		return reply->plain;
	return (struct reply_records){reply->ancount, reply->nscount, reply->arcount,
				      reply->body_len, reply->body};
}

/* What the whole takes beside the plain form, which it begins with unless that stands apart. */
static uint16_t more_len(const struct reply *reply)
{
	if (!reply->plain.body)
		return 0;
	if (reply->plain.body != reply->body)
		return reply->body_len;
	return (uint16_t)(reply->body_len - reply->plain.body_len);
}

static struct entry make_entry(const struct putting *p, uint16_t qtype, const struct reply *reply)
{
	const struct cache_key *key = p->key;
	const struct reply_records plain = plain_of(reply);

	return (struct entry){
		.hash = key->hash ^ cache_slot(key->qtype) ^ cache_slot(qtype),
		.stored_ms = p->stored_ms,
		.expires_ms = p->stored_ms + reply->ttl_s * 1000LL,
		.refresh_ms = refresh_time(p->conf, reply, p->stored_ms),
		.generation = p->generation,
		.qtype = qtype,
		.flags = key->flags & (CACHE_FLAG_CD | CACHE_FLAG_PLAIN),
		.qname_len = key->qname->len,
		.kind = (uint8_t)reply->kind,
		.queue = (uint8_t)queue_of(p->conf, key->qtype, reply->kind),
		.rcode = reply->rcode,
		.ad = reply->ad,
		.has_soa = reply->has_soa,
		.ancount = plain.ancount,
		.nscount = plain.nscount,
		.arcount = plain.arcount,
		.body_len = plain.body_len,
		.more_len = more_len(reply),
		.apart = reply->plain.body && reply->plain.body != reply->body,
		.ede_len = reply->ede.len,
	};
}

static void write_whole(struct shard *s, uint32_t id, const struct reply *reply)
{
	const struct entry *e = entry_at(s, id);
	const struct whole whole = {reply->ancount, reply->nscount, reply->arcount};
	size_t at = entry_body_at(e);

	entry_store(s, id, at - sizeof(whole), (const uint8_t *)&whole, sizeof(whole));
	entry_store(s, id, at + e->body_len, reply->body + (e->apart ? 0 : e->body_len),
		    e->more_len);
}

/* Writes a new entry; any older one is gone.  The shard is locked.  False: it cannot hold it. */
static bool write_entry(struct shard *s, const struct putting *p, const struct entry *e,
			const struct reply *reply)
{
	const struct name *qname = p->key->qname;
	uint32_t id;

	if (reply->ttl_s == 0 || !shard_can_hold(s, p->conf, e->queue, entry_octets(e)))
		return false;
	id = entry_add(s, p->conf, e, p->now_ms);
	entry_store(s, id, 0, qname->wire, qname->len);
	entry_store(s, id, qname->len, reply->ede.data, e->ede_len);
	entry_store(s, id, entry_body_at(e), plain_of(reply).body, e->body_len);
	if (e->more_len)
		write_whole(s, id, reply);
	return true;
}

/* True when a reply was stored after the one that is put, and contradicts it. */
static bool has_newer(struct shard *s, const struct putting *p, const struct reply *reply)
{
	uint32_t id;

	if (reply_is_for_all_types(reply))
		return entry_name_has_newer(s, p->key, p->stored_ms);
	id = entry_newest(s, p->conf, p->key, p->now_ms);
	return id && entry_at(s, id)->stored_ms > p->stored_ms;
}

/* What the reply contradicts, of the same type or of all types: what was asked without CD, too,
 * unless it was asked with CD itself. */
static void drop_older(struct shard *s, const struct putting *p, const struct reply *reply)
{
	uint8_t cd = p->key->flags & CACHE_FLAG_CD;
	const struct cache_key both = {p->key->qname, p->key->hash, p->key->qtype, CACHE_FLAG_CD};
	uint32_t ids[CANDIDATES_MAX];

	for (unsigned int i = entry_candidates(s, &both, ids); i-- > 0;)
		if ((entry_at(s, ids[i])->flags & cd) == cd)
			entry_drop(s, ids[i]);
	if (reply_is_for_all_types(reply))
		entry_drop_expired(s, p->key, cd, p->now_ms);
}

void cache_put_at(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
		  int64_t now_ms, int64_t stored_ms, uint64_t generation, const struct reply *reply)
{
	struct shard *s = shard_of(cache, key->hash);
	const struct putting p = {conf, key, now_ms, stored_ms, generation};
	const struct entry e =
		make_entry(&p, reply_is_for_all_types(reply) ? CACHE_ALL_TYPES : key->qtype, reply);

	pthread_mutex_lock(&s->lock);
	if (!has_newer(s, &p, reply)) {
		drop_older(s, &p, reply);
		if (reply_may_be_cached(reply))
			(void)write_entry(s, &p, &e, reply);
	}
	pthread_mutex_unlock(&s->lock);
}

void cache_put(struct cache *cache, const struct conf_cache *conf, const struct cache_key *key,
	       uint64_t now_ms, uint64_t generation, const struct reply *reply)
{
	cache_put_at(cache, conf, key, (int64_t)now_ms, (int64_t)now_ms, generation, reply);
}

/* Twice as long as the last time, when that is not long ago and an upstream `told` of it (RFC 9520,
 * 3.2). */
static uint32_t failure_ttl(const struct entry *before, const struct conf_cache *conf,
			    int64_t now_ms, bool told)
{
	int64_t ttl_s = conf->servfail_ttl_s;

	if (told && ttl_s > 0 && before && !entry_is_over(before, conf, now_ms))
		ttl_s = 2 * ((before->expires_ms - before->stored_ms) / 1000);
	return ttl_s > CACHE_FAILURE_TTL_MAX_S ? CACHE_FAILURE_TTL_MAX_S : (uint32_t)ttl_s;
}

void entry_set_failing(struct entry *e, int64_t recheck_at_ms, bool told)
{
	e->failing = true;
	e->told = told;
	e->refresh_ms = recheck_at_ms;
}

/* The failure takes the place of the last one, unless that is the same, as another worker saw it.
 * The shard is locked. */
static void replace_failure(struct shard *s, const struct putting *p, const struct edes *ede,
			    bool told)
{
	struct reply reply = {.kind = REPLY_FAILURE, .rcode = RCODE_SERVFAIL, .body = ede->data};
	uint32_t old = entry_find(s, p->key, p->key->qtype, p->key->flags & CACHE_FLAG_CD);
	struct entry *before = old ? entry_at(s, old) : NULL;
	struct entry e;

	if (before && before->kind != REPLY_FAILURE)
		before = NULL; /* past all use */
	if (before && p->now_ms < before->expires_ms)
		return;
	reply.ttl_s = failure_ttl(before, p->conf, p->now_ms, told);
	edes_copy(&reply.ede, ede);
	e = make_entry(p, p->key->qtype, &reply);
	e.told = told;
	if (old)
		entry_drop(s, old);
	(void)write_entry(s, p, &e, &reply);
}

void cache_put_failure(struct cache *cache, const struct conf_cache *conf,
		       const struct cache_key *key, uint64_t now_ms, const struct edes *ede,
		       bool told)
{
	struct shard *s = shard_of(cache, key->hash);
	int64_t now = (int64_t)now_ms;
	const struct putting p = {conf, key, now, now, 0};
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	id = entry_newest(s, conf, key, now);
	if (id)
		entry_set_failing(entry_at(s, id), now + CACHE_RECHECK_MS, told);
	else
		replace_failure(s, &p, ede, told);
	pthread_mutex_unlock(&s->lock);
}
