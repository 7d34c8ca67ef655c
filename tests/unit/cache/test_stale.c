/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of entries past their TTL, or near to it; failures; shares; flushing. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/cachekit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define START_MS 1000000U
#define S 1000ULL

static const struct conf_cache conf = {
	.serve_stale_s = 3600,
	.prefetch_percent = 10,
	.servfail_ttl_s = 5,
};

static struct cache *cache_of(size_t size_bytes)
{
	struct cache *cache = NULL;

	assert_int_equal(cache_create(size_bytes, &cache), ERR_OK);
	return cache;
}

/* True when there is something to be given stale at `now_ms`. */
static bool get_stale(struct cache *cache, const struct kit_key *k, uint64_t now_ms,
		      uint32_t recheck_ms, struct reply *ret_reply)
{
	static uint8_t buf[KIT_BODY_MAX];
	struct cache_found found;

	return cache_get_stale(cache, &conf, &k->cache, now_ms, recheck_ms, buf, sizeof(buf),
			       ret_reply, &found);
}

static void put_failure(struct cache *cache, const struct kit_key *k, uint64_t now_ms,
			const char *text)
{
	struct edes ede;

	edes_set(&ede, EDE_NETWORK_ERROR, text);
	cache_put_failure(cache, &conf, &k->cache, now_ms, &ede, true);
}

/* ---- stale */

/* An entry with a TTL of 100 s is asked for in each of these ways, one after another. */
static const struct {
	uint32_t at_s;
	char what; /* g: get, s: get stale, S: get stale while the upstream is slow, f: fail */
	const char *got;
} lives[] = {
	{50, 'g', "live"},
	{100, 'g', "-"}, /* nothing has failed yet: it is asked for */
	{101, 'g', "-"},
	{102, 's', "stale"},
	{103, 'g', "stale"}, /* and now it is known to be failing */
	{131, 'g', "stale"},
	{132, 'g', "stale+"}, /* a recheck is due: for one of all who ask */
	{133, 'g', "stale"},
	{161, 'g', "stale"},
	{162, 'g', "stale+"},
	{170, 'f', "-"}, /* the recheck failed */
	{171, 'g', "stale"},
	{199, 'g', "stale"},
	{200, 'g', "stale+"},
	{300, 'g', "-"}, /* long ago: it is worth waiting for an answer again */
	{301, 'S', "stale"},
	{305, 'g', "stale"},
	{306, 'g', "stale+"},
	{307, 'g', "stale"},
	{3699, 's', "stale"},
	{3700, 'g', "-"}, /* gone for good */
	{3700, 's', "-"},
};

static void test_stale(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct kit_key k;

	kit_key(&k, "www.example");
	kit_put(cache, &conf, &k, START_MS, 100, 3);
	for (size_t i = 0; i < COUNT(lives); i++) {
		uint64_t now_ms = START_MS + lives[i].at_s * S;
		const char *got = "-";
		struct reply reply;

		if (lives[i].what == 'g')
			got = kit_get(cache, &conf, &k, now_ms);
		else if (lives[i].what == 'f')
			put_failure(cache, &k, now_ms, NULL);
		else if (get_stale(cache, &k, now_ms, lives[i].what == 's' ? 30000 : 5000, &reply))
			got = reply.stale ? "stale" : "live";
		if (strcmp(got, lives[i].got) != 0)
			fail_msg("row %zu, at %u s: expected %s, got %s", i, lives[i].at_s,
				 lives[i].got, got);
	}
	assert_int_equal(cache_stats(cache).entries, 0);
	assert_int_equal(cache_stats(cache).expired, 1);
	cache_free(cache);
}

/* What is found is all of the entry; a new reply ends it. */
static void test_stale_is_whole_and_replaced(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct reply reply;
	struct kit_key k;

	kit_key(&k, "www.example");
	kit_put(cache, &conf, &k, START_MS, 10, 100);
	assert_true(get_stale(cache, &k, START_MS + 60 * S, 30000, &reply));
	assert_int_equal(reply.kind, REPLY_ANSWER);
	assert_int_equal(reply.ancount, 100);
	assert_int_equal(reply.body_len, 1600);
	assert_int_equal(reply.ttl_s, 0);
	assert_non_null(reply.body);
	kit_put(cache, &conf, &k, START_MS + 61 * S, 10, 1);
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 62 * S), "live");
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 71 * S), "-");
	cache_free(cache);
}

/* Another worker may have stored it meanwhile: then it is not stale. */
static void test_stale_finds_live(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct reply reply;
	struct kit_key k;

	kit_key(&k, "www.example");
	assert_false(get_stale(cache, &k, START_MS, 30000, &reply));
	kit_put(cache, &conf, &k, START_MS, 10, 1);
	assert_true(get_stale(cache, &k, START_MS + 4 * S, 30000, &reply));
	assert_false(reply.stale);
	assert_int_equal(reply.ttl_s, 6);
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 10 * S), "-");
	cache_free(cache);
}

/* How long is what the configuration says now. */
static void test_stale_by_configuration(void **state)
{
	static const struct conf_cache never = {.serve_stale_s = 0};
	struct cache *cache = cache_of(1U << 20);
	struct reply reply;
	struct kit_key k;

	kit_key(&k, "www.example");
	kit_put(cache, &conf, &k, START_MS, 10, 1);
	assert_true(get_stale(cache, &k, START_MS + 20 * S, 30000, &reply));
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 21 * S), "stale");
	assert_string_equal(kit_get(cache, &never, &k, START_MS + 22 * S), "-");
	assert_int_equal(cache_stats(cache).entries, 0);
	cache_free(cache);
}

/* ---- prefetch */

static const struct {
	uint32_t ttl_s;
	uint32_t percent;
	const char *hits; /* at these times in ms, '+' where it is to be asked for */
} prefetches[] = {
	/* the first hit makes it one in demand, the second is early, the third is due */
	{100, 10, "1000 89999 90000+ 90001 99999"},
	{100, 10, "95000 95001+ 95002"}, /* in no demand before */
	{1, 10, "10 899 900+ 999"},
	{100, 90, "1 9999 10000+ 39999 40000+ 69999 70000+"}, /* again when nothing came of it */
	{100, 0, "1 90000 99999"},
};

static void test_prefetch(void **state)
{
	for (size_t i = 0; i < COUNT(prefetches); i++) {
		const struct conf_cache c = {.prefetch_percent = prefetches[i].percent};
		struct cache *cache = cache_of(1U << 20);
		const char *at = prefetches[i].hits;
		struct kit_key k;

		kit_key(&k, "www.example");
		kit_put(cache, &c, &k, START_MS, prefetches[i].ttl_s, 1);
		while (*at) {
			char *end;
			uint64_t ms = strtoull(at, &end, 10);
			const char *got = kit_get(cache, &c, &k, START_MS + ms);
			bool due = *end == '+';

			if (strcmp(got, due ? "live+" : "live") != 0)
				fail_msg("row %zu, at %u ms: got %s", i, (unsigned int)ms, got);
			at = end + due;
			at += *at == ' ';
		}
		cache_free(cache);
	}
}

/* A prefetch that failed: the entry stays, and is given stale at once when it expires. */
static void test_prefetch_that_failed(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct kit_key k;

	kit_key(&k, "www.example");
	kit_put(cache, &conf, &k, START_MS, 100, 1);
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 50 * S), "live");
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 92 * S), "live+");
	put_failure(cache, &k, START_MS + 95 * S, NULL);
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 99 * S), "live");
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 100 * S), "stale");
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 125 * S), "stale+");
	cache_free(cache);
}

/* ---- failures */

static const struct {
	uint32_t at_s;
	char what; /* g: get, f: fail */
	const char *got;
} backoffs[] = {
	{0, 'g', "-"},
	{0, 'f', "-"},
	{4, 'g', "failed"},
	{4, 'f', "-"},
	{5, 'g', "-"},
	{5, 'f', "-"},
	/* 10 s */ {14, 'g', "failed"},
	{15, 'g', "-"},
	{20, 'f', "-"},
	/* 20 s */ {39, 'g', "failed"},
	{40, 'g', "-"},
	{40, 'f', "-"}, /* 40 s */
	{79, 'g', "failed"},
	{80, 'f', "-"},
	/* 80 s */ {159, 'g', "failed"},
	{160, 'f', "-"}, /* 160 s */
	{319, 'g', "failed"},
	{320, 'f', "-"},
	/* 300 s */ {619, 'g', "failed"},
	{620, 'g', "-"},
	{620, 'f', "-"},
	{919, 'g', "failed"},
	{920, 'g', "-"},
	{1219, 'g', "-"},
	{1220, 'f', "-"},
	/* long ago: 5 s */ {1224, 'g', "failed"},
	{1225, 'g', "-"},
};

static void test_backoff(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct kit_key k;

	kit_key(&k, "www.example");
	for (size_t i = 0; i < COUNT(backoffs); i++) {
		uint64_t now_ms = START_MS + backoffs[i].at_s * S;
		const char *got = "-";

		if (backoffs[i].what == 'g')
			got = kit_get(cache, &conf, &k, now_ms);
		else
			put_failure(cache, &k, now_ms, "text");
		if (strcmp(got, backoffs[i].got) != 0)
			fail_msg("row %zu, at %u s: expected %s, got %s", i, backoffs[i].at_s,
				 backoffs[i].got, got);
	}
	cache_free(cache);
}

static void test_failure_tells_why(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct cache_found found;
	struct reply reply;
	uint8_t buf[16];
	struct kit_key k;

	kit_key(&k, "www.example");
	put_failure(cache, &k, START_MS, "all is lost");
	assert_true(cache_get(cache, &conf, &k.cache, START_MS, buf, sizeof(buf), &reply, &found));
	assert_int_equal(reply.kind, REPLY_FAILURE);
	assert_int_equal(reply.rcode, RCODE_SERVFAIL);
	assert_int_equal(reply.ancount + reply.nscount + reply.arcount + reply.body_len, 0);
	assert_int_equal(reply.ede.len, 17);
	assert_memory_equal(reply.ede.data, "\0\17\0\15\0\27all is lost", 17);
	assert_false(found.refresh);
	assert_false(get_stale(cache, &k, START_MS, 30000, &reply));
	assert_false(get_stale(cache, &k, START_MS + 6 * S, 30000, &reply));
	cache_free(cache);
}

/* An answer ends it, and the back-off with it; it is not for another type. */
static void test_failure_ends(void **state)
{
	struct cache *cache = cache_of(1U << 20);
	struct kit_key other;
	struct kit_key k;

	kit_key(&k, "www.example");
	put_failure(cache, &k, START_MS, NULL);
	put_failure(cache, &k, START_MS + 5 * S, NULL);
	kit_key_type(&other, "www.example", TYPE_A, CACHE_FLAG_DO);
	assert_string_equal(kit_get(cache, &conf, &other, START_MS + 6 * S), "failed");
	kit_key_type(&other, "www.example", TYPE_AAAA, 0);
	assert_string_equal(kit_get(cache, &conf, &other, START_MS + 6 * S), "-");
	kit_put(cache, &conf, &k, START_MS + 6 * S, 1, 1);
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 6 * S), "live");
	cache_flush(cache, &k.qname);
	put_failure(cache, &k, START_MS + 10 * S, NULL);
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 14 * S), "failed");
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 15 * S), "-");
	cache_free(cache);
}

/* 0: not remembered; an entry that is there is known to fail all the same. */
static void test_failure_not_remembered(void **state)
{
	static const struct conf_cache none = {.serve_stale_s = 3600};
	struct cache *cache = cache_of(1U << 20);
	struct edes ede = {.len = 0};
	struct kit_key k;

	kit_key(&k, "www.example");
	cache_put_failure(cache, &none, &k.cache, START_MS, &ede, true);
	assert_int_equal(cache_stats(cache).entries, 0);
	put_failure(cache, &k, START_MS, NULL);
	cache_put_failure(cache, &none, &k.cache, START_MS + 6 * S, &ede, true);
	assert_string_equal(kit_get(cache, &none, &k, START_MS + 6 * S), "-");
	kit_put(cache, &none, &k, START_MS, 10, 1);
	cache_put_failure(cache, &none, &k.cache, START_MS + 20 * S, &ede, true);
	assert_string_equal(kit_get(cache, &none, &k, START_MS + 20 * S), "stale");
	cache_free(cache);
}

/* ---- who has to go */

#define SMALL_BYTES (64U * 100 * 264 + 65536) /* about 100 entries in a shard */

static unsigned int count_live(struct cache *cache, const struct conf_cache *c, unsigned int from,
			       unsigned int to, uint16_t qtype, uint64_t now_ms)
{
	unsigned int live = 0;
	struct kit_key k;

	for (unsigned int n = from; n < to; n++) {
		kit_key_number(&k, n, qtype);
		live += kit_get(cache, c, &k, now_ms)[0] != '-';
	}
	return live;
}

static void put_numbers(struct cache *cache, const struct conf_cache *c, unsigned int from,
			unsigned int to, uint16_t qtype, uint64_t now_ms, uint32_t ttl_s)
{
	struct kit_key k;

	for (unsigned int n = from; n < to; n++) {
		kit_key_number(&k, n, qtype);
		kit_put(cache, c, &k, now_ms, ttl_s, 1);
	}
}

/* Marks do not keep what has expired; being given stale does. */
static void test_expired_go_first(void **state)
{
	struct cache *cache = cache_of(SMALL_BYTES);
	struct reply reply;
	struct kit_key k;

	put_numbers(cache, &conf, 0, 40, TYPE_A, START_MS, 10);
	assert_int_equal(count_live(cache, &conf, 0, 40, TYPE_A, START_MS), 40);
	kit_key_number(&k, 7, TYPE_A);
	assert_true(get_stale(cache, &k, START_MS + 20 * S, 30000, &reply));
	put_numbers(cache, &conf, 100, 150, TYPE_A, START_MS + 20 * S, 600);
	assert_int_equal(count_live(cache, &conf, 100, 150, TYPE_A, START_MS + 20 * S), 50);
	put_numbers(cache, &conf, 200, 235, TYPE_A, START_MS + 20 * S, 600);
	assert_int_equal(count_live(cache, &conf, 100, 150, TYPE_A, START_MS + 20 * S), 50);
	assert_int_equal(cache_stats(cache).evicted, 0);
	assert_true(cache_stats(cache).expired > 0);
	assert_string_equal(kit_get(cache, &conf, &k, START_MS + 21 * S), "stale");
	cache_free(cache);
}

/* Names that are made up at random and cannot be had do not push out what is there. */
static void test_failures_have_a_share(void **state)
{
	struct cache *cache = cache_of(SMALL_BYTES);
	struct kit_key k;

	put_numbers(cache, &conf, 0, 80, TYPE_A, START_MS, 600);
	for (unsigned int n = 1000; n < 3000; n++) {
		kit_key_number(&k, n, TYPE_A);
		put_failure(cache, &k, START_MS, NULL);
	}
	assert_int_equal(count_live(cache, &conf, 0, 80, TYPE_A, START_MS), 80);
	assert_in_range(count_live(cache, &conf, 1000, 3000, TYPE_A, START_MS), 8, 12);
	cache_free(cache);
}

/* A type with a share takes no more of it, and what it has it does not take from others. */
static void test_share_of_a_type(void **state)
{
	static struct conf_cachetype types[] = {
		{.type = TYPE_TXT, .share_percent = 10},
		{.type = TYPE_MX, .share_percent = 0},
	};
	static const struct conf_cache c = {.types = types, .types_count = COUNT(types)};
	static const struct conf_cache without = {.types_count = 0};
	struct cache *cache = cache_of(SMALL_BYTES);

	put_numbers(cache, &c, 0, 80, TYPE_A, START_MS, 600);
	put_numbers(cache, &c, 0, 2000, TYPE_TXT, START_MS, 600);
	assert_int_equal(count_live(cache, &c, 0, 80, TYPE_A, START_MS), 80);
	assert_in_range(count_live(cache, &c, 0, 2000, TYPE_TXT, START_MS), 8, 12);
	assert_int_equal(count_live(cache, &c, 1988, 2000, TYPE_TXT, START_MS),
			 count_live(cache, &c, 0, 2000, TYPE_TXT, START_MS));
	put_numbers(cache, &c, 0, 10, TYPE_MX, START_MS, 600);
	assert_int_equal(count_live(cache, &c, 0, 10, TYPE_MX, START_MS), 0);
	/* the others have what is left, and do not take its share */
	put_numbers(cache, &c, 0, 2000, TYPE_A, START_MS, 600);
	assert_in_range(count_live(cache, &c, 0, 2000, TYPE_TXT, START_MS), 8, 12);
	assert_in_range(count_live(cache, &c, 0, 2000, TYPE_A, START_MS), 80, 95);
	/* and what has lost its share by a reload is the first to go */
	put_numbers(cache, &without, 3000, 3020, TYPE_A, START_MS, 600);
	assert_int_equal(count_live(cache, &without, 0, 2000, TYPE_TXT, START_MS), 0);
	cache_free(cache);
}

/* Two that have a large share each have the same when both want all. */
static void test_shares_that_overlap(void **state)
{
	static struct conf_cachetype types[] = {{.type = TYPE_AAAA, .share_percent = 80}};
	static const struct conf_cache c = {.types = types, .types_count = 1};
	struct cache *cache = cache_of(SMALL_BYTES);

	put_numbers(cache, &c, 0, 1000, TYPE_AAAA, START_MS, 600);
	assert_in_range(count_live(cache, &c, 0, 1000, TYPE_AAAA, START_MS), 70, 90);
	put_numbers(cache, &c, 0, 1000, TYPE_A, START_MS, 600);
	assert_in_range(count_live(cache, &c, 0, 1000, TYPE_AAAA, START_MS), 45, 55);
	put_numbers(cache, &c, 2000, 3000, TYPE_AAAA, START_MS, 600);
	assert_in_range(count_live(cache, &c, 0, 1000, TYPE_A, START_MS), 45, 55);
	cache_free(cache);
}

/* ---- flushing */

static const struct {
	const char *name;
	uint16_t qtype;
	uint8_t flags;
} flushed[] = {
	{"example", TYPE_A, 0},	  {"example", TYPE_AAAA, 0},
	{"example", TYPE_TXT, 0}, {"example", TYPE_MX, CACHE_FLAG_CD},
	{"a.example", TYPE_A, 0}, {"b.a.example", TYPE_A, 0},
	{"example.a", TYPE_A, 0}, {"aexample", TYPE_A, 0},
	{"7example", TYPE_A, 0},  {"com", TYPE_A, 0},
	{".", TYPE_A, 0},
};

static const struct {
	const char *name;
	uint64_t count;
	const char *left; /* a mark for each of the above */
} flushes[] = {
	{"example", 6, "......#####"},	 {"a.example", 2, "####..#####"},
	{"x.example", 0, "###########"}, {".", 11, "..........."},
	{"aexample", 1, "#######.###"},	 {"b.a.example", 1, "#####.#####"},
	{"le", 0, "###########"},
};

static void test_flush(void **state)
{
	struct kit_key k[COUNT(flushed)];

	for (size_t i = 0; i < COUNT(flushes); i++) {
		struct cache *cache = cache_of(1U << 20);
		struct kit_key what;
		uint64_t count;

		for (size_t j = 0; j < COUNT(flushed); j++) {
			kit_key_type(&k[j], flushed[j].name, flushed[j].qtype, flushed[j].flags);
			kit_put(cache, &conf, &k[j], START_MS, 60, 1);
		}
		kit_key(&what, flushes[i].name);
		count = cache_flush(cache, &what.qname);
		assert_int_equal(count, flushes[i].count);
		for (size_t j = 0; j < COUNT(flushed); j++)
			assert_int_equal(kit_get(cache, &conf, &k[j], START_MS)[0] == '-',
					 flushes[i].left[j] == '.');
		assert_int_equal(cache_stats(cache).entries, COUNT(flushed) - count);
		cache_free(cache);
	}
}

/* All there is: stale and failed, in every shard and queue; blocks are handed back. */
static void test_flush_all(void **state)
{
	struct cache *cache = cache_of(1U << 22);
	uint64_t entries;
	struct kit_key k;
	struct kit_key root;

	for (unsigned int n = 0; n < 3000; n++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u.example", n);
		kit_key(&k, name);
		if (n % 3)
			kit_put(cache, &conf, &k, START_MS - n * S, 60, n % 40);
		else
			put_failure(cache, &k, START_MS, NULL);
	}
	entries = cache_stats(cache).entries;
	assert_true(entries > 2000);
	kit_key(&root, ".");
	assert_int_equal(cache_flush(cache, &root.qname), entries);
	assert_int_equal(cache_stats(cache).entries, 0);
	assert_int_equal(cache_stats(cache).bytes_used, 0);
	assert_int_equal(cache_flush(cache, &root.qname), 0);
	cache_free(cache);
	cache = cache_of(0);
	assert_int_equal(cache_flush(cache, &root.qname), 0);
	cache_free(cache);
}

/* ---- all at once */

#define THREADS 4
#define TURNS 4000

struct hammer {
	struct cache *cache;
	uint32_t seed;
	unsigned int given;
};

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void *hammer_on(void *arg)
{
	static const char *const names[] = {"example", "n000007.example", "."};
	struct hammer *h = arg;
	static _Thread_local uint8_t buf[KIT_BODY_MAX];

	for (unsigned int turn = 0; turn < TURNS; turn++) {
		unsigned int n = next_random(&h->seed) % 400;
		uint64_t now_ms = START_MS + turn * 50ULL;
		struct edes ede = {.len = 6, .data = {0, 15, 0, 2}};
		struct cache_found found;
		struct reply reply;
		struct kit_key what;
		struct kit_key k;

		kit_key_number(&k, n, TYPE_A);
		k.cache.hash ^= (uint64_t)(n % 4) << 58;
		switch (next_random(&h->seed) % 8) {
		case 0:
		case 1:
			kit_put(h->cache, &conf, &k, now_ms, 20, n % 40);
			break;
		case 2:
			cache_put_failure(h->cache, &conf, &k.cache, now_ms, &ede, true);
			break;
		case 3:
			h->given += cache_get_stale(h->cache, &conf, &k.cache, now_ms, 30000, buf,
						    sizeof(buf), &reply, &found);
			break;
		case 4:
			kit_key(&what, names[turn % 100 == 0 ? turn / 100 % 3 : 1]);
			cache_flush(h->cache, &what.qname);
			break;
		default:
			h->given += kit_get(h->cache, &conf, &k, now_ms)[0] != '-';
		}
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct cache *cache = cache_of(SMALL_BYTES);
	pthread_t threads[THREADS];
	struct hammer h[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		h[i] = (struct hammer){.cache = cache, .seed = (uint32_t)i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, hammer_on, &h[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(h[i].given > 0);
	}
	cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_stale_is_whole_and_replaced),
		cmocka_unit_test(test_stale_finds_live),
		cmocka_unit_test(test_stale_by_configuration),
		cmocka_unit_test(test_prefetch),
		cmocka_unit_test(test_prefetch_that_failed),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_failure_tells_why),
		cmocka_unit_test(test_failure_ends),
		cmocka_unit_test(test_failure_not_remembered),
		cmocka_unit_test(test_expired_go_first),
		cmocka_unit_test(test_failures_have_a_share),
		cmocka_unit_test(test_share_of_a_type),
		cmocka_unit_test(test_shares_that_overlap),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_flush_all),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("cache_stale", tests, NULL, NULL);
}
