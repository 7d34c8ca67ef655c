/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/cache.h"
#include "support/map_fail.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BLOCK 256U
#define BODY_MAX 20000U
#define START_MS 1000000U

/* Small enough that a shard holds some ten entries. */
#define SMALL_BYTES (64U * 10 * 264 + 32768)

/* Nothing outlives its TTL, nothing is asked for anew. */
static const struct conf_cache conf = {.servfail_ttl_s = 5};

/* A key whose hash the test chooses: the upper six bits are the shard. */
struct key {
	struct name qname;
	struct cache_key cache;
};

static void key_set(struct key *k, uint64_t hash, const char *name)
{
	assert_int_equal(name_from_text(name, strlen(name), &k->qname), ERR_OK);
	k->cache = (struct cache_key){.qname = &k->qname, .hash = hash, .qtype = 1};
}

/* The key of number `n`, in shard 0. */
static void key_number(struct key *k, unsigned int n)
{
	char name[32];

	snprintf(name, sizeof(name), "n%06u.example", n);
	key_set(k, n * 0x9e3779b97f4a7c15ULL >> 6, name);
}

static uint8_t octet_of(unsigned int n, size_t at)
{
	return (uint8_t)(n * 31 + at * 7 + at / 251);
}

/* A reply with `len` octets of body that tell `n`. */
static struct reply reply_of(uint8_t *body, unsigned int n, size_t len, uint32_t ttl_s)
{
	for (size_t i = 0; i < len; i++)
		body[i] = octet_of(n, i);
	return (struct reply){
		.ancount = 1, .body_len = (uint16_t)len, .ttl_s = ttl_s, .body = body};
}

static void put(struct cache *cache, const struct key *k, unsigned int n, size_t len,
		uint64_t now_ms)
{
	static _Thread_local uint8_t body[BODY_MAX];
	struct reply reply = reply_of(body, n, len, 60);

	cache_put(cache, &conf, &k->cache, now_ms, 1, &reply);
}

/* True when it is there; its octets are then compared. */
static bool get(struct cache *cache, const struct key *k, unsigned int n, uint64_t now_ms)
{
	static _Thread_local uint8_t buf[BODY_MAX];
	struct cache_found found;
	struct reply reply;

	if (!cache_get(cache, &conf, &k->cache, now_ms, buf, sizeof(buf), &reply, &found))
		return false;
	for (size_t i = 0; i < reply.body_len; i++)
		if (buf[i] != octet_of(n, i))
			abort();
	return true;
}

static struct cache *cache_of(size_t size_bytes)
{
	struct cache *cache = NULL;

	assert_int_equal(cache_create(size_bytes, &cache), ERR_OK);
	return cache;
}

static void test_size_zero(void **state)
{
	struct cache *cache = cache_of(0);
	struct cache_found found = {.serial = 1};
	struct cache_stats stats;
	struct key k;

	for (unsigned int n = 0; n < 64; n++) {
		key_number(&k, n);
		k.cache.hash |= (uint64_t)n << 58;
		cache_prefetch(cache, k.cache.hash);
		put(cache, &k, n, 100, START_MS);
		assert_false(get(cache, &k, n, START_MS));
		cache_set_generation(cache, &k.cache, &found, 2);
		cache_flush(cache, &k.qname);
	}
	stats = cache_stats(cache);
	assert_int_equal(stats.entries + stats.evicted + stats.expired + stats.bytes_used, 0);
	assert_int_equal(stats.bytes_max, 0);
	cache_free(cache);
	cache_free(NULL);
}

/* From nothing to a few blocks a shard: whatever there is no room for is not stored. */
static void test_tiny_sizes(void **state)
{
	for (size_t size = 0; size < 64U * 5 * 264 + 32768; size += 1000) {
		struct cache *cache = cache_of(size);
		struct key k;

		for (unsigned int n = 0; n < 40; n++) {
			struct cache_stats stats;

			key_number(&k, n);
			put(cache, &k, n, n * 40, START_MS);
			get(cache, &k, n, START_MS);
			stats = cache_stats(cache);
			assert_true(stats.bytes_used <= stats.bytes_max);
			assert_int_equal(stats.bytes_max, size);
		}
		cache_free(cache);
	}
}

static const struct reply described[] = {
	{.kind = REPLY_ANSWER, .ancount = 65535, .nscount = 2, .arcount = 3, .ttl_s = 60},
	{.kind = REPLY_NXDOMAIN, .rcode = 3, .nscount = 1, .has_soa = true, .ttl_s = 1},
	{.kind = REPLY_NODATA, .nscount = 1, .has_soa = true, .ad = true, .ttl_s = 604800},
	{.kind = REPLY_ANSWER, .ancount = 1, .ttl_s = 5, .ede = {10, "\0\17\0\6\0\3stal"}},
	{.kind = REPLY_ANSWER, .rcode = 4095, .ttl_s = 5, .ede = {.len = EDES_OCTETS_MAX}},
};

/* What describes a reply comes back. */
static void test_description(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	uint8_t body[300];
	uint8_t buf[300];

	for (size_t i = 0; i < COUNT(described); i++) {
		struct reply stored = described[i];
		struct cache_found found;
		struct reply reply;
		struct key k;

		stored.body = reply_of(body, 1, sizeof(body), 0).body;
		stored.body_len = sizeof(body);
		key_number(&k, (unsigned int)i);
		cache_put(cache, &conf, &k.cache, START_MS, 77, &stored);
		assert_true(cache_get(cache, &conf, &k.cache, START_MS, buf, sizeof(buf), &reply,
				      &found));
		assert_int_equal(reply.kind, stored.kind);
		assert_int_equal(reply.rcode, stored.rcode);
		assert_int_equal(reply.ad, stored.ad);
		assert_int_equal(reply.has_soa, stored.has_soa);
		assert_false(reply.tc);
		assert_int_equal(reply.ancount, stored.ancount);
		assert_int_equal(reply.nscount, stored.nscount);
		assert_int_equal(reply.arcount, stored.arcount);
		assert_int_equal(reply.ttl_s, stored.ttl_s);
		assert_int_equal(reply.ede.len, stored.ede.len);
		assert_memory_equal(reply.ede.data, stored.ede.data, stored.ede.len);
		assert_int_equal(reply.body_len, stored.body_len);
		assert_ptr_equal(reply.body, buf);
		assert_memory_equal(buf, body, sizeof(body));
		assert_int_equal(found.generation, 77);
		assert_int_equal(found.age_s, 0);
	}
	cache_free(cache);
}

/* Bodies, EDEs and names of every length around the borders of blocks. */
static void test_every_body_size(void **state)
{
	static const size_t ede_lens[] = {0, 6, 100, EDES_OCTETS_MAX};
	static const char *const names[] = {
		"a",
		"a-name-of-some-length.example",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij."
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij."
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij."
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij",
	};
	struct cache *cache = cache_of(1U << 20);
	uint8_t body[1001];
	uint8_t buf[1001];

	for (size_t i = 0; i < COUNT(names) * COUNT(ede_lens) * 1001; i++) {
		unsigned int len = (unsigned int)(i % 1001);
		struct reply stored = reply_of(body, len, len, 60);
		struct cache_found found;
		struct reply reply;
		struct key k;

		stored.ede.len = (uint16_t)ede_lens[i / 1001 % COUNT(ede_lens)];
		memset(stored.ede.data, (int)len, sizeof(stored.ede.data));
		key_set(&k, 42, names[i / 1001 / COUNT(ede_lens)]);
		cache_put(cache, &conf, &k.cache, START_MS, 1, &stored);
		memset(buf, 0xa5, sizeof(buf));
		assert_true(cache_get(cache, &conf, &k.cache, START_MS, buf, len, &reply, &found));
		assert_int_equal(reply.body_len, len);
		assert_memory_equal(buf, body, len);
		assert_memory_equal(reply.ede.data, stored.ede.data, stored.ede.len);
		for (size_t at = len; at < sizeof(buf); at++)
			assert_int_equal(buf[at], 0xa5);
	}
	assert_int_equal(cache_stats(cache).entries, COUNT(names));
	cache_free(cache);
}

/* Where the caller has no room, the body is left out and the rest is told. */
static void test_small_buffer(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct cache_found found;
	struct reply reply;
	uint8_t buf[100];
	struct key k;

	key_number(&k, 1);
	put(cache, &k, 1, 101, START_MS);
	memset(buf, 0xa5, sizeof(buf));
	assert_true(cache_get(cache, &conf, &k.cache, START_MS, buf, sizeof(buf), &reply, &found));
	assert_null(reply.body);
	assert_int_equal(reply.body_len, 101);
	assert_int_equal(reply.ancount, 1);
	for (size_t i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0xa5);
	put(cache, &k, 1, 100, START_MS);
	assert_true(cache_get(cache, &conf, &k.cache, START_MS, buf, sizeof(buf), &reply, &found));
	assert_ptr_equal(reply.body, buf);
	cache_free(cache);
}

static const struct {
	int64_t after_ms;
	bool found;
	uint32_t age_s;
	uint32_t ttl_s;
} times[] = {
	{0, true, 0, 10},      {999, true, 0, 9},    {1000, true, 1, 9},
	{5500, true, 5, 4},    {9999, true, 9, 0},   {-1, true, 0, 10}, /* another worker's clock */
	{-60000, true, 0, 10}, {10000, false, 0, 0},
};

static void test_expiry(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	uint8_t body[10];
	uint8_t buf[10];
	struct key k;

	key_number(&k, 1);
	for (size_t i = 0; i < COUNT(times); i++) {
		struct reply stored = reply_of(body, 1, sizeof(body), 10);
		struct cache_found found;
		struct reply reply;

		cache_put(cache, &conf, &k.cache, START_MS, 1, &stored);
		assert_int_equal(cache_get(cache, &conf, &k.cache,
					   (uint64_t)(START_MS + times[i].after_ms), buf,
					   sizeof(buf), &reply, &found),
				 times[i].found);
		assert_int_equal(cache_stats(cache).entries, times[i].found);
		assert_int_equal(cache_stats(cache).expired, !times[i].found);
		if (!times[i].found)
			continue;
		assert_int_equal(found.age_s, times[i].age_s);
		assert_int_equal(reply.ttl_s, times[i].ttl_s);
	}
	assert_int_equal(cache_stats(cache).bytes_used, 0);
	cache_free(cache);
}

/* The longest TTL there is does not run over. */
static void test_longest_ttl(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	uint8_t body[10];
	struct reply stored = reply_of(body, 1, sizeof(body), INT32_MAX);
	struct key k;

	key_number(&k, 1);
	cache_put(cache, &conf, &k.cache, START_MS, 1, &stored);
	assert_true(get(cache, &k, 1, START_MS + INT32_MAX * 1000ULL - 1));
	assert_false(get(cache, &k, 1, START_MS + INT32_MAX * 1000ULL));
	cache_free(cache);
}

/* A reply that may not be kept is not stored; one that is there already stays. */
static void test_not_stored(void **state)
{
	struct cache *cache = cache_of(1U << 22);
	static uint8_t body[BODY_MAX];
	struct reply zero = reply_of(body, 1, 10, 0);
	struct key k;

	key_number(&k, 1);
	cache_put(cache, &conf, &k.cache, START_MS, 1, &zero);
	assert_false(get(cache, &k, 1, START_MS));
	put(cache, &k, 1, BODY_MAX, START_MS);
	assert_false(get(cache, &k, 1, START_MS));
	assert_int_equal(cache_stats(cache).bytes_used, 0);
	put(cache, &k, 1, 16000, START_MS);
	assert_true(get(cache, &k, 1, START_MS));
	put(cache, &k, 1, BODY_MAX, START_MS); /* is newer all the same */
	assert_false(get(cache, &k, 1, START_MS));
	cache_free(cache);
}

/* Everything of a key counts: all of these have the same hash. */
static const struct {
	const char *name;
	uint16_t qtype;
} keys[] = {
	{"a.example", 1}, {"b.example", 1},    {"a.example", 28},
	{"a.exampl", 1},  {"a.example.", 257}, {".", 1},
};

static void test_keys(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct key k[COUNT(keys)];

	for (unsigned int i = 0; i < COUNT(keys); i++) {
		key_set(&k[i], 7, keys[i].name);
		k[i].cache.qtype = keys[i].qtype;
		put(cache, &k[i], i, 100 + i, START_MS);
	}
	assert_int_equal(cache_stats(cache).entries, COUNT(keys));
	for (unsigned int i = 0; i < COUNT(keys); i++)
		assert_true(get(cache, &k[i], i, START_MS));
	assert_int_equal(cache_flush(cache, &k[0].qname), 3);
	for (unsigned int i = 0; i < COUNT(keys); i++)
		assert_int_equal(get(cache, &k[i], i, START_MS),
				 !name_equal(&k[i].qname, &k[0].qname));
	cache_free(cache);
}

static void test_hash_depends(void **state)
{
	const uint64_t seen[] = {cache_hash(1, 0), cache_hash(1, 1), cache_hash(1, 28),
				 cache_hash(1, 65), cache_hash(2, 1)};

	for (size_t i = 0; i < COUNT(seen); i++)
		for (size_t j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
}

/* Names do not all go to one shard, nor to one bucket; the types of one do to neighbours. */
static void test_hash_spreads(void **state)
{
	unsigned int shards[64] = {0};
	unsigned int low[64] = {0};

	for (uint64_t i = 0; i < 64U * 64; i++) {
		uint64_t hash = cache_hash(i * 0x9e3779b97f4a7c15ULL, (uint16_t)(1 + i % 40));

		shards[hash >> 58]++;
		low[hash & 63]++;
	}
	for (size_t i = 0; i < 64; i++) {
		assert_in_range(shards[i], 20, 130);
		assert_in_range(low[i], 20, 130);
	}
}

/* The newest reply counts, whether it is longer or shorter; its blocks are the only ones taken. */
static void test_replacement(void **state)
{
	static const size_t lens[] = {10, 1000, 0, 16000, 300, 300, 1};
	struct cache *cache = cache_of(1U << 22);
	uint64_t alone[COUNT(lens)];
	struct key k;

	key_number(&k, 1);
	for (size_t i = 0; i < COUNT(lens); i++) {
		put(cache, &k, 1, lens[i], START_MS);
		alone[i] = cache_stats(cache).bytes_used;
		cache_flush(cache, &k.qname);
		assert_int_equal(cache_stats(cache).bytes_used, 0);
	}
	for (size_t i = 0; i < COUNT(lens); i++) {
		put(cache, &k, (unsigned int)i, lens[i], START_MS);
		assert_true(get(cache, &k, (unsigned int)i, START_MS));
		assert_int_equal(cache_stats(cache).entries, 1);
		assert_int_equal(cache_stats(cache).bytes_used, alone[i]);
	}
	assert_int_equal(cache_stats(cache).evicted, 0);
	cache_free(cache);
}

static struct cache_found find(struct cache *cache, const struct key *k)
{
	struct cache_found found = {.serial = 0};
	struct reply reply;
	uint8_t buf[100];

	assert_true(cache_get(cache, &conf, &k->cache, START_MS, buf, sizeof(buf), &reply, &found));
	return found;
}

static void test_generation(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct cache_found found;
	struct cache_found old;
	struct key k;

	key_number(&k, 1);
	put(cache, &k, 1, 10, START_MS);
	found = find(cache, &k);
	assert_int_equal(found.generation, 1);
	cache_set_generation(cache, &k.cache, &found, 5);
	old = find(cache, &k);
	assert_int_equal(old.generation, 5);
	assert_true(old.serial == found.serial);

	/* replaced since: what was inspected is not what is there now */
	put(cache, &k, 1, 10, START_MS);
	assert_int_equal(find(cache, &k).generation, 1);
	cache_set_generation(cache, &k.cache, &old, 9);
	found = find(cache, &k);
	assert_int_equal(found.generation, 1);
	assert_true(found.serial != old.serial);

	/* removed, and put again */
	cache_flush(cache, &k.qname);
	cache_set_generation(cache, &k.cache, &found, 9);
	put(cache, &k, 1, 10, START_MS);
	cache_set_generation(cache, &k.cache, &found, 9);
	assert_int_equal(find(cache, &k).generation, 1);
	cache_free(cache);
}

static void test_remove(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct key k[20];

	for (unsigned int i = 0; i < COUNT(k); i++) {
		key_number(&k[i], i);
		k[i].cache.hash = i % 3; /* chains of several */
		put(cache, &k[i], i, 50, START_MS);
	}
	for (unsigned int i = 0; i < COUNT(k); i += 2) {
		cache_flush(cache, &k[i].qname);
		cache_flush(cache, &k[i].qname);
	}
	assert_int_equal(cache_stats(cache).entries, COUNT(k) / 2);
	for (unsigned int i = 0; i < COUNT(k); i++)
		assert_int_equal(get(cache, &k[i], i, START_MS), i % 2);
	cache_free(cache);
}

/* As SIEVE's paper has it, written down plainly: a queue as an array, oldest first. */
struct sieve {
	struct {
		unsigned int n;
		unsigned int blocks;
		bool visited;
	} entry[64];
	int count;
	int hand; /* -1: at the tail */
	unsigned int free_blocks;
};

static int sieve_find(const struct sieve *s, unsigned int n)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].n == n)
			return i;
	return -1;
}

static void sieve_remove(struct sieve *s, int at)
{
	s->free_blocks += s->entry[at].blocks;
	memmove(&s->entry[at], &s->entry[at + 1],
		sizeof(s->entry[0]) * (size_t)(s->count - at - 1));
	s->count--;
	if (s->hand > at)
		s->hand--;
	if (s->hand >= s->count)
		s->hand = -1;
}

static void sieve_evict(struct sieve *s)
{
	int at = s->hand < 0 ? 0 : s->hand;

	while (s->entry[at].visited) {
		s->entry[at].visited = false;
		at = (at + 1) % s->count;
	}
	s->hand = at;
	sieve_remove(s, at);
}

static void sieve_put(struct sieve *s, unsigned int n, unsigned int blocks)
{
	int at = sieve_find(s, n);

	if (at >= 0)
		sieve_remove(s, at);
	while (s->free_blocks < blocks)
		sieve_evict(s);
	s->free_blocks -= blocks;
	s->entry[s->count].n = n;
	s->entry[s->count].blocks = blocks;
	s->entry[s->count++].visited = false;
}

/* Blocks that an entry of number 0 with a body of `len` octets takes. */
static unsigned int blocks_of(size_t len)
{
	struct cache *cache = cache_of(1U << 22);
	unsigned int blocks;
	struct key k;

	key_number(&k, 0);
	put(cache, &k, 0, len, START_MS);
	blocks = (unsigned int)(cache_stats(cache).bytes_used / BLOCK);
	cache_free(cache);
	return blocks;
}

/* Entries of one block that fit into a shard. */
static unsigned int shard_capacity(size_t size_bytes)
{
	struct cache *cache = cache_of(size_bytes);
	unsigned int n = 0;
	struct key k;

	while (cache_stats(cache).evicted == 0) {
		key_number(&k, n++);
		put(cache, &k, n - 1, 1, START_MS);
	}
	cache_free(cache);
	return n - 1;
}

static const char *present(struct cache *cache, unsigned int count)
{
	static char text[128];

	for (unsigned int n = 0; n < count; n++) {
		struct key k;

		key_number(&k, n);
		text[n] = get(cache, &k, n, START_MS) ? '#' : '.';
	}
	text[count] = '\0';
	return text;
}

/* By hand: without hits the oldest goes; what was asked for is passed over once. */
static void test_eviction_by_hand(void **state)
{
	unsigned int capacity = shard_capacity(SMALL_BYTES);
	struct cache *cache = cache_of(SMALL_BYTES);
	struct key k[64];
	char expected[64];

	assert_in_range(capacity, 6, 20);
	for (unsigned int n = 0; n < COUNT(k); n++)
		key_number(&k[n], n);
	for (unsigned int n = 0; n < capacity; n++)
		put(cache, &k[n], n, 1, START_MS);
	assert_true(get(cache, &k[0], 0, START_MS));
	assert_true(get(cache, &k[2], 2, START_MS));
	put(cache, &k[capacity], capacity, 1, START_MS);	 /* over 0: 1 goes */
	put(cache, &k[capacity + 1], capacity + 1, 1, START_MS); /* over 2: 3 goes */
	put(cache, &k[capacity + 2], capacity + 2, 1, START_MS); /* 4 goes */
	assert_int_equal(cache_stats(cache).evicted, 3);
	memset(expected, '#', sizeof(expected));
	memcpy(expected, "#.#..", 5);
	expected[capacity + 3] = '\0';
	assert_string_equal(present(cache, capacity + 3), expected);
	cache_free(cache);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Whatever is put, asked for and removed, in entries of one to several blocks: what stays is
 * what stays in the plain one. */
static void test_eviction_model(void **state)
{
	static const size_t lens[] = {1, 100, 300, 600, 900};
	unsigned int blocks[COUNT(lens)];
	struct sieve sieve = {.hand = -1, .free_blocks = shard_capacity(SMALL_BYTES)};
	struct cache *cache = cache_of(SMALL_BYTES);
	uint32_t seed = 2024;

	for (size_t i = 0; i < COUNT(lens); i++)
		blocks[i] = blocks_of(lens[i]);
	assert_true(blocks[COUNT(lens) - 1] > 3 && blocks[COUNT(lens) - 1] < sieve.free_blocks);
	for (int turn = 0; turn < 20000; turn++) {
		unsigned int n = next_random(&seed) % 30;
		unsigned int what = next_random(&seed) % 16;
		int at = sieve_find(&sieve, n);
		struct key k;

		key_number(&k, n);
		if (what == 0) {
			cache_flush(cache, &k.qname);
			if (at >= 0)
				sieve_remove(&sieve, at);
		} else if (what < 8) {
			assert_int_equal(get(cache, &k, n, START_MS), at >= 0);
			if (at >= 0)
				sieve.entry[at].visited = true;
		} else {
			size_t i = next_random(&seed) % COUNT(lens);

			put(cache, &k, n, lens[i], START_MS);
			sieve_put(&sieve, n, blocks[i]);
		}
		assert_int_equal(cache_stats(cache).entries, sieve.count);
	}
	cache_free(cache);
}

/* Far more than there is room for, over all shards: the bound holds at any time. */
static void test_byte_bound(void **state)
{
	static const size_t sizes[] = {150000, 1U << 18, 1U << 20};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct cache *cache = cache_of(sizes[i]);
		uint64_t most = 0;

		for (unsigned int n = 0; n < 10000; n++) {
			struct cache_stats stats;
			struct key k;

			key_number(&k, n);
			k.cache.hash = n * 0x9e3779b97f4a7c15ULL;
			put(cache, &k, n, n * 37 % 1200, START_MS);
			if (n % 64)
				continue;
			stats = cache_stats(cache);
			assert_true(stats.bytes_used <= stats.bytes_max);
			most = stats.bytes_used > most ? stats.bytes_used : most;
		}
		assert_true(cache_stats(cache).evicted > 0);
		assert_true(most > sizes[i] / 2); /* and what there is is used */
		cache_free(cache);
	}
}

#define THREADS 4
#define TURNS 6000

struct hammer {
	struct cache *cache;
	uint32_t seed;
	unsigned int hits;
};

/* A body tells the number of its key: were two entries mixed up, get would end the test. */
static void *hammer_on(void *arg)
{
	struct hammer *h = arg;

	for (unsigned int turn = 0; turn < TURNS; turn++) {
		unsigned int n = next_random(&h->seed) % 400;
		uint64_t now_ms = START_MS + turn * 20ULL;
		struct cache_found found = {.serial = turn};
		struct key k;

		key_number(&k, n);
		k.cache.hash ^= (uint64_t)(n % 4) << 58;
		cache_prefetch(h->cache, k.cache.hash);
		switch (next_random(&h->seed) % 8) {
		case 0:
		case 1:
			put(h->cache, &k, n, n * 3, now_ms);
			break;
		case 2:
			(void)cache_flush(h->cache, &k.qname);
			break;
		case 3:
			cache_set_generation(h->cache, &k.cache, &found, turn);
			break;
		case 4:
			(void)cache_stats(h->cache);
			break;
		default:
			h->hits += get(h->cache, &k, n, now_ms);
		}
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct cache *cache = cache_of(SMALL_BYTES * 4);
	pthread_t threads[THREADS];
	struct hammer h[THREADS];
	struct cache_stats stats;

	for (size_t i = 0; i < THREADS; i++) {
		h[i] = (struct hammer){.cache = cache, .seed = (uint32_t)i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, hammer_on, &h[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(h[i].hits > 0);
	}
	stats = cache_stats(cache);
	assert_true(stats.evicted > 0);
	assert_true(stats.bytes_used <= stats.bytes_max);
	cache_free(cache);
}

/* All it will ever take is taken at once, and is not more than it was told. */
static void test_memory(void **state)
{
	static const size_t sizes[] = {100000, 1U << 20, 12345678, 64U << 20};
	size_t before = map_fail.mapped;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct cache *cache = cache_of(sizes[i]);

		assert_in_range(map_fail.mapped - before, sizes[i] / 2, sizes[i]);
		cache_free(cache);
		assert_int_equal(map_fail.mapped, before);
	}
}

static void test_nomem(void **state)
{
	struct cache *cache = NULL;
	enum err err;

	map_fail_start(0);
	err = cache_create(1U << 20, &cache);
	assert_true(map_fail_stop());
	assert_int_equal(err, ERR_NOMEM);
	assert_null(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_zero),
		cmocka_unit_test(test_tiny_sizes),
		cmocka_unit_test(test_description),
		cmocka_unit_test(test_every_body_size),
		cmocka_unit_test(test_small_buffer),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_longest_ttl),
		cmocka_unit_test(test_not_stored),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_hash_depends),
		cmocka_unit_test(test_hash_spreads),
		cmocka_unit_test(test_replacement),
		cmocka_unit_test(test_generation),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_eviction_by_hand),
		cmocka_unit_test(test_eviction_model),
		cmocka_unit_test(test_byte_bound),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_nomem),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
