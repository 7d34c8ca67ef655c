/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache written, and read again: what comes back, and what of a bad file does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/alloc_fail.h"
#include "dns/plain.h"
#include "support/cachekit.h"
#include "support/dumpfile.h"
#include "support/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define START_MS 5000000U
#define START_S 1700000000U

static const struct conf_cache conf = {.serve_stale_s = 3600, .servfail_ttl_s = 300};
static const struct reply_ttl_limits ttl = {.max_s = 86400, .max_negative_s = 3600};

/* As it is some seconds after the start, when the machine's own clock says `up_ms`. */
static struct cache_dump_env env_at(uint64_t after_s, uint64_t up_ms)
{
	return (struct cache_dump_env){
		.conf = &conf,
		.ttl = &ttl,
		.name_key = KIT_KEY,
		.now_ms = up_ms,
		.now_s = START_S + after_s,
	};
}

static struct cache *cache_of(size_t size_bytes)
{
	struct cache *cache = NULL;

	assert_int_equal(cache_create(size_bytes, &cache), ERR_OK);
	return cache;
}

/* Stores the message as the reply that it is. */
static void put_salted(struct cache *cache, const struct message *m, uint8_t flags, uint64_t salt,
		       uint64_t now_ms)
{
	struct message copy = *m;
	size_t qname_len = name_check(copy.octets + WIRE_HEADER, copy.len - WIRE_HEADER);
	const struct hash_key key = KIT_KEY;
	struct kit_key k = {.cache = {.qname = &k.qname, .flags = flags}};
	struct reply reply;

	name_copy_lower(&k.qname, copy.octets + WIRE_HEADER, qname_len);
	k.cache.qtype = wire_get16(copy.octets + WIRE_HEADER + qname_len);
	k.cache.hash = cache_hash(name_hash(&key, &k.qname) ^ salt, k.cache.qtype);
	assert_int_equal(reply_parse(copy.octets, copy.len, qname_len + 4, &ttl, &reply), ERR_OK);
	plain_separate(copy.octets, sizeof(copy.octets), &reply);
	cache_put(cache, &conf, &k.cache, now_ms, 7, &reply);
}

static void put_message(struct cache *cache, const struct message *m, uint8_t flags,
			uint64_t now_ms)
{
	put_salted(cache, m, flags, 0, now_ms);
}

static void make_address(struct message *m, const char *name, uint32_t ttl_s)
{
	message_reply(m, name, TYPE_A, RCODE_NOERROR);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, ttl_s, "\300\0\2\120", 4);
}

static uint64_t dump(struct cache *cache, const struct cache_dump_env *env, struct dumpfile *to)
{
	uint64_t entries = 0;
	FILE *out = fmemopen(to->data, sizeof(to->data), "w");

	assert_non_null(out);
	assert_int_equal(cache_dump(cache, env, out, &entries), ERR_OK);
	to->len = (size_t)ftell(out);
	assert_int_equal(fclose(out), 0);
	return entries;
}

static enum err load(struct cache *cache, const struct cache_dump_env *env,
		     const struct dumpfile *from, uint64_t *ret_entries, struct err_text *text)
{
	FILE *in = from->len ? fmemopen((void *)(uintptr_t)from->data, from->len, "r")
			     : fopen("/dev/null", "r");
	enum err err;

	assert_non_null(in);
	err = cache_load(cache, env, in, ret_entries, text);
	fclose(in);
	return err;
}

static uint64_t load_well(struct cache *cache, const struct cache_dump_env *env,
			  const struct dumpfile *from)
{
	struct err_text text = {""};
	uint64_t entries = 0;

	if (load(cache, env, from, &entries, &text) != ERR_OK)
		fail_msg("%s", text.text);
	return entries;
}

/* ---- what comes back */

/* What a zone's own upstreams said is not written: it must not become an answer of all others. */
static void test_zones_are_left_out(void **state)
{
	const struct cache_dump_env env = env_at(0, START_MS);
	struct cache *cache = cache_of(4U << 20);
	static struct dumpfile octets;
	struct message m;

	make_address(&m, "www.example", 300);
	put_message(cache, &m, 0, START_MS);
	make_address(&m, "www.corp.example", 300);
	put_salted(cache, &m, 0, 0x1234567, START_MS);
	assert_int_equal(cache_stats(cache).entries, 2);
	assert_int_equal(dump(cache, &env, &octets), 1);
	cache_free(cache);
}

static void make_answer(struct message *m)
{
	message_reply(m, "www.example", TYPE_A, RCODE_NOERROR);
	m->octets[3] |= FLAG_AD;
	message_rr_name(m, MESSAGE_AN, NULL, TYPE_CNAME, 300, "host.example");
	message_rr(m, MESSAGE_AN, "host.example", TYPE_A, 200, "\300\0\2\120", 4);
	message_rr_name(m, MESSAGE_NS, "example", TYPE_NS, 400, "ns.example");
	message_rr(m, MESSAGE_AR, "ns.example", TYPE_A, 500, "\300\0\2\1", 4);
	message_opt(m, 1232, 0);
}

static void make_nxdomain(struct message *m)
{
	message_reply(m, "none.example", TYPE_MX, RCODE_NXDOMAIN);
	message_soa(m, "example", 900, 250);
	message_opt_begin(m, 1232, 0);
	message_option(m, OPTION_EDE, "\0\35no such thing", 15);
	message_end(m);
}

static void make_nodata(struct message *m)
{
	message_reply(m, ".", TYPE_TXT, RCODE_NOERROR);
	message_soa(m, ".", 260, 900);
}

static void make_large(struct message *m)
{
	message_reply(m, "large.example", TYPE_A, RCODE_NOERROR);
	for (unsigned int i = 0; i < 1000; i++)
		message_rr(m, MESSAGE_AN, NULL, TYPE_A, 300, "\300\0\2\120", 4);
}

static void make_longest_name(struct message *m)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk."
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk."
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk."
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi";

	make_address(m, name, 300);
}

static void add_signature(struct message *m, unsigned int section, const char *owner,
			  unsigned int type)
{
	message_rr_begin(m, section, owner, TYPE_RRSIG, 300);
	message_add16(m, type);
	message_add(m, "\15\2\0\0\1\54\0\0\0\0\0\0\0\0\0\1\7example\0SIGNATURE", 34);
	message_end(m);
}

static void make_signed(struct message *m)
{
	message_reply(m, "signed.example", TYPE_A, RCODE_NOERROR);
	message_rr(m, MESSAGE_AN, NULL, TYPE_A, 300, "\300\0\2\120", 4);
	add_signature(m, MESSAGE_AN, NULL, TYPE_A);
}

/* A CNAME that leads to nothing: both sections have signatures. */
static void make_signed_apart(struct message *m)
{
	message_reply(m, "apart.example", TYPE_A, RCODE_NOERROR);
	message_rr_name(m, MESSAGE_AN, NULL, TYPE_CNAME, 300, "host.example");
	add_signature(m, MESSAGE_AN, NULL, TYPE_CNAME);
	message_soa(m, "example", 300, 300);
	add_signature(m, MESSAGE_NS, "example", TYPE_SOA);
}

static void make_unsigned(struct message *m)
{
	make_address(m, "unsigned.example", 300);
}

static const struct {
	void (*make)(struct message *m);
	uint8_t flags;
} kinds[] = {
	{make_answer, 0},
	{make_signed, 0},
	{make_signed_apart, 0},
	{make_unsigned, CACHE_FLAG_PLAIN},
	{make_nxdomain, CACHE_FLAG_CD},
	{make_nodata, CACHE_FLAG_CD},
	{make_large, 0},
	{make_longest_name, 0},
};

static void get_kind(struct cache *cache, size_t i, uint8_t form, uint64_t now_ms,
		     struct reply *ret_reply, uint8_t *buf, struct cache_found *ret_found)
{
	const struct hash_key key = KIT_KEY;
	static struct message m;
	struct name qname;
	struct cache_key k = {.qname = &qname, .flags = (uint8_t)(kinds[i].flags | form)};
	size_t qname_len;

	if (kinds[i].flags & CACHE_FLAG_PLAIN)
		k.flags = 0;
	kinds[i].make(&m);
	qname_len = name_check(m.octets + WIRE_HEADER, m.len - WIRE_HEADER);
	name_copy_lower(&qname, m.octets + WIRE_HEADER, qname_len);
	k.qtype = wire_get16(m.octets + WIRE_HEADER + qname_len);
	k.hash = cache_hash(name_hash(&key, &qname), k.qtype);
	assert_true(cache_get(cache, &conf, &k, now_ms, buf, KIT_BODY_MAX, ret_reply, ret_found));
}

/* All of a reply, and its age, though the machine has been started anew since. */
static void test_round_trip(void **state)
{
	struct cache_dump_env later = env_at(100, 3000);
	struct cache_dump_env env = env_at(0, START_MS + 40000);
	static uint8_t expected[KIT_BODY_MAX];
	static uint8_t buf[KIT_BODY_MAX];
	struct cache *from = cache_of(4U << 20);
	struct cache *to = cache_of(4U << 20);
	static struct dumpfile file;
	static struct message m;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		kinds[i].make(&m);
		put_message(from, &m, kinds[i].flags, START_MS);
	}
	assert_int_equal(dump(from, &env, &file), COUNT(kinds));
	assert_int_equal(load_well(to, &later, &file), COUNT(kinds));
	assert_int_equal(cache_stats(to).entries, COUNT(kinds));
	for (size_t k = 0; k < 2 * COUNT(kinds); k++) {
		uint8_t form = (uint8_t)(k < COUNT(kinds) ? 0 : CACHE_FLAG_DO);
		size_t i = k % COUNT(kinds);
		struct cache_found found;
		struct reply before;
		struct reply after;

		get_kind(from, i, form, START_MS, &before, expected, &found);
		assert_int_equal(found.generation, 7);
		get_kind(to, i, form, 3000, &after, buf, &found);
		assert_int_equal(found.generation, 0);
		assert_int_equal(found.age_s, 140);
		assert_int_equal(after.ttl_s, before.ttl_s - 140);
		assert_int_equal(after.kind, before.kind);
		assert_int_equal(after.rcode, before.rcode);
		assert_int_equal(after.ad, before.ad);
		assert_int_equal(after.has_soa, before.has_soa);
		assert_int_equal(after.ancount, before.ancount);
		assert_int_equal(after.nscount, before.nscount);
		assert_int_equal(after.arcount, before.arcount);
		assert_int_equal(after.ede.len, before.ede.len);
		assert_memory_equal(after.ede.data, before.ede.data, before.ede.len);
		assert_int_equal(after.body_len, before.body_len);
		assert_memory_equal(buf, expected, before.body_len);
	}
	cache_free(from);
	cache_free(to);
}

/* An entry with a TTL of 60 s, dumped and loaded after these times. */
static const struct {
	uint32_t dumped_s;
	uint32_t loaded_s;
	uint64_t dumped; /* entries */
	const char *got; /* when loaded, and then when the upstreams fail */
} ages[] = {
	{0, 0, 1, "live live"},	   {0, 59, 1, "live live"}, {59, 0, 1, "live live"},
	{30, 30, 1, "- stale"},	   {60, 0, 1, "- stale"},   {0, 3659, 1, "- stale"},
	{3000, 659, 1, "- stale"}, {0, 3660, 1, "- -"},	    {3659, 0, 1, "- stale"},
	{3659, 1, 1, "- -"},	   {3660, 0, 0, "- -"},	    {0, 400000000, 1, "- -"},
};

static void test_ages(void **state)
{
	for (size_t i = 0; i < COUNT(ages); i++) {
		struct cache_dump_env env = env_at(0, START_MS + ages[i].dumped_s * 1000ULL);
		struct cache_dump_env later = env_at(ages[i].loaded_s, 500);
		struct cache *from = cache_of(1U << 20);
		struct cache *to = cache_of(1U << 20);
		static struct dumpfile file;
		struct cache_found found;
		struct reply reply;
		uint8_t buf[100];
		char got[32];
		struct kit_key k;

		kit_key(&k, "www.example");
		kit_put(from, &conf, &k, START_MS, 60, 1);
		assert_int_equal(dump(from, &env, &file), ages[i].dumped);
		assert_int_equal(load_well(to, &later, &file), ages[i].dumped);
		snprintf(got, sizeof(got), "%s ", kit_get(to, &conf, &k, later.now_ms));
		if (cache_get_stale(to, &conf, &k.cache, later.now_ms, 1000, buf, sizeof(buf),
				    &reply, &found))
			strcat(got, reply.stale ? "stale" : "live");
		else
			strcat(got, "-");
		if (strcmp(got, ages[i].got) != 0)
			fail_msg("row %zu: expected %s, got %s", i, ages[i].got, got);
		cache_free(from);
		cache_free(to);
	}
}

/* A failure is of its time. */
static void test_failures_stay_behind(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *cache = cache_of(1U << 20);
	struct edes ede = {.len = 6, .data = {0, 15, 0, 2, 0, 22}};
	static struct dumpfile file;
	struct kit_key k;

	kit_key(&k, "www.example");
	cache_put_failure(cache, &conf, &k.cache, START_MS, &ede, true);
	assert_int_equal(cache_stats(cache).entries, 1);
	assert_int_equal(dump(cache, &env, &file), 0);
	assert_int_equal(file.len, DUMPFILE_HEAD + DUMPFILE_PART_HEAD);
	cache_free(cache);
}

/* Another process has another key: names are found by its own. */
static void test_other_key(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *from = cache_of(1U << 20);
	struct cache *to = cache_of(1U << 20);
	static struct dumpfile file;
	struct kit_key k;

	kit_key(&k, "www.example");
	kit_put(from, &conf, &k, START_MS, 60, 1);
	dump(from, &env, &file);
	env.name_key.k0++;
	load_well(to, &env, &file);
	assert_string_equal(kit_get(to, &conf, &k, START_MS), "-");
	k.cache.hash = cache_hash(name_hash(&env.name_key, &k.qname), TYPE_A);
	assert_string_equal(kit_get(to, &conf, &k, START_MS), "live");
	cache_free(from);
	cache_free(to);
}

/* Into a cache that is in use: the newer reply stays, a failure does not. */
static void test_in_use(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache_dump_env later = env_at(10, START_MS + 10000);
	struct cache *from = cache_of(1U << 20);
	struct cache *to = cache_of(1U << 20);
	struct edes ede = {.len = 6, .data = {0, 15, 0, 2}};
	static struct dumpfile file;
	struct cache_found found;
	struct kit_key k[2];
	struct reply reply;
	uint8_t buf[100];

	for (int i = 0; i < 2; i++) {
		kit_key(&k[i], i ? "b.example" : "a.example");
		kit_put(from, &conf, &k[i], START_MS, 60, 1);
	}
	dump(from, &env, &file);
	kit_put(to, &conf, &k[0], START_MS + 9000, 60, 1);
	cache_put_failure(to, &conf, &k[1].cache, START_MS + 9000, &ede, true);
	load_well(to, &later, &file);
	assert_true(
		cache_get(to, &conf, &k[0].cache, later.now_ms, buf, sizeof(buf), &reply, &found));
	assert_int_equal(found.age_s, 1);
	assert_true(
		cache_get(to, &conf, &k[1].cache, later.now_ms, buf, sizeof(buf), &reply, &found));
	assert_int_equal(reply.kind, REPLY_ANSWER);
	assert_int_equal(found.age_s, 10);
	cache_free(from);
	cache_free(to);
}

/* Several parts; into a cache that is smaller, which takes what it can. */
static void test_many(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *from = cache_of(4U << 20);
	struct cache *small = cache_of(1U << 18);
	struct cache *to = cache_of(4U << 20);
	struct cache *none = cache_of(0);
	static struct dumpfile file;
	struct kit_key k;
	char name[32];

	for (unsigned int n = 0; n < 8000; n++) {
		snprintf(name, sizeof(name), "n%u.example", n);
		kit_key(&k, name);
		kit_put(from, &conf, &k, START_MS, 60, 1 + n % 4);
	}
	assert_int_equal(dump(from, &env, &file), 8000);
	assert_true(file.len > 2 * (64U * 1024));
	assert_int_equal(load_well(to, &env, &file), 8000);
	for (unsigned int n = 0; n < 8000; n++) {
		snprintf(name, sizeof(name), "n%u.example", n);
		kit_key(&k, name);
		assert_string_equal(kit_get(to, &conf, &k, START_MS), "live");
	}
	/* no more is read than it has octets */
	assert_in_range(load_well(small, &env, &file), 500, 7000);
	assert_true(cache_stats(small).bytes_used <= cache_stats(small).bytes_max);
	assert_true(cache_stats(small).entries > 200);
	load_well(none, &env, &file);
	assert_int_equal(cache_stats(none).entries, 0);
	cache_free(from);
	cache_free(small);
	cache_free(to);
	cache_free(none);
}

/* ---- what does not */

/* A dump of two entries. */
static void make_dump(struct dumpfile *file)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *cache = cache_of(1U << 20);
	struct kit_key k;

	kit_key(&k, "www.example");
	kit_put(cache, &conf, &k, START_MS, 60, 1);
	kit_key(&k, "mail.example");
	kit_put(cache, &conf, &k, START_MS, 60, 2);
	assert_int_equal(dump(cache, &env, file), 2);
	cache_free(cache);
}

/* Fails to load, for a reason that has this text in it, and leaves nothing behind. */
static void fails_to_load(const struct dumpfile *file, const char *why)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *cache = cache_of(1U << 20);
	struct err_text text = {""};
	uint64_t entries = 77;

	assert_int_equal(load(cache, &env, file, &entries, &text), ERR_SYNTAX);
	if (!strstr(text.text, why))
		fail_msg("expected \"%s\", got \"%s\"", why, text.text);
	assert_int_equal(entries, 77);
	assert_int_equal(cache_stats(cache).entries, 0);
	assert_int_equal(cache_stats(cache).bytes_used, 0);
	cache_free(cache);
}

static void test_cut_off(void **state)
{
	static struct dumpfile file;
	size_t whole;

	make_dump(&file);
	whole = file.len;
	for (file.len = 0; file.len < whole; file.len++)
		fails_to_load(&file, "cut off");
	file.len = whole + 1;
	fails_to_load(&file, "more behind its end");
}

/* Whatever octet has changed. */
static void test_changed(void **state)
{
	static struct dumpfile file;

	make_dump(&file);
	for (size_t at = 0; at < file.len; at++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			file.data[at] ^= (uint8_t)(1U << bit);
			fails_to_load(&file, "");
			file.data[at] ^= (uint8_t)(1U << bit);
		}
	}
}

static const struct {
	size_t at;
	const char *octets;
	size_t len;
	const char *why;
} edits[] = {
	{0, "sinkhole", 8, "it is not a dump of the cache"},
	{8, "\0\0\0\1", 4, "it has version 1, expected 2"},
	{12, "\0\0\0\1\0\0\0\0", 8, "from now, by our clock"},
	{12, "\0\0\0\0\0\0\0\0", 8, "part 0 has a wrong checksum"},
	{DUMPFILE_HEAD, "\0\1\0\1", 4, "part 0 has an impossible length, 65537"},
	{DUMPFILE_HEAD, "\xff\xff\xff\xff", 4, "part 0 has an impossible length"},
	{DUMPFILE_HEAD, "\0\1\0\0", 4, "it is cut off"},
	{DUMPFILE_HEAD, "\0\0\0\0", 4, "part 0 has a wrong checksum"},
	{DUMPFILE_HEAD + 4, "\0\0\0\0\0\0\0\0", 8, "part 0 has a wrong checksum"},
};

static void test_edits(void **state)
{
	for (size_t i = 0; i < COUNT(edits); i++) {
		static struct dumpfile file;

		make_dump(&file);
		memcpy(file.data + edits[i].at, edits[i].octets, edits[i].len);
		fails_to_load(&file, edits[i].why);
	}
}

/* ---- what has its checksum, but is no entry */

/* An entry: a message and what stands before it. */
struct made {
	uint64_t age_ms;
	uint8_t flags;
	struct message m;
};

static void make_plain(struct made *e)
{
	make_address(&e->m, "www.example", 60);
}

static void make_servfail(struct made *e)
{
	message_reply(&e->m, "www.example", TYPE_A, RCODE_SERVFAIL);
}

static void make_no_soa(struct made *e)
{
	message_reply(&e->m, "www.example", TYPE_A, RCODE_NXDOMAIN);
}

static void make_chaos(struct made *e)
{
	message_begin(&e->m, 1, FLAG_QR);
	message_question(&e->m, "www.example", TYPE_A, CLASS_CH);
	message_rr(&e->m, MESSAGE_AN, NULL, TYPE_A, 60, "\300\0\2\120", 4);
}

static void make_query(struct made *e)
{
	message_query(&e->m, "www.example", TYPE_A);
}

static void make_truncated(struct made *e)
{
	make_plain(e);
	e->m.octets[2] |= FLAG_TC >> 8;
}

static void make_two_questions(struct made *e)
{
	make_plain(e);
	message_set16(&e->m, MESSAGE_QD, 2);
}

static void make_record_missing(struct made *e)
{
	make_plain(e);
	message_set16(&e->m, MESSAGE_AN, 2);
}

static void make_record_too_many(struct made *e)
{
	make_plain(e);
	message_set16(&e->m, MESSAGE_AN, 0);
}

static void make_bad_address(struct made *e)
{
	message_reply(&e->m, "www.example", TYPE_A, RCODE_NOERROR);
	message_rr(&e->m, MESSAGE_AN, NULL, TYPE_A, 60, "\300\0\2", 3);
}

static void make_header_alone(struct made *e)
{
	make_plain(e);
	e->m.len = 12;
}

static void make_empty(struct made *e)
{
	e->m.len = 0;
}

static void make_bad_name(struct made *e)
{
	make_plain(e);
	e->m.octets[12] = 0xc0;
}

static void make_bad_flags(struct made *e)
{
	make_plain(e);
	e->flags = 1;
}

static void make_too_old(struct made *e)
{
	make_plain(e);
	e->age_ms = UINT64_MAX;
}

/* Only that there is no such name holds for all types. */
static void make_type_none(struct made *e)
{
	message_reply(&e->m, "www.example", 0, RCODE_NXDOMAIN);
	message_soa(&e->m, "example", 60, 60);
}

static void make_bad_type(struct made *e)
{
	message_reply(&e->m, "www.example", 0, RCODE_NOERROR);
	message_soa(&e->m, "example", 60, 60);
}

static const struct {
	void (*make)(struct made *e);
	bool good;
} mades[] = {
	{make_plain, true},	     {make_servfail, false},	   {make_no_soa, false},
	{make_chaos, false},	     {make_query, false},	   {make_truncated, false},
	{make_two_questions, false}, {make_record_missing, false}, {make_record_too_many, false},
	{make_bad_address, false},   {make_header_alone, false},   {make_empty, false},
	{make_bad_name, false},	     {make_bad_flags, false},	   {make_too_old, false},
	{make_type_none, true},	     {make_bad_type, false},
};

/* A good entry, and one of these behind it. */
static void test_made(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);

	for (size_t i = 0; i < COUNT(mades); i++) {
		static struct dumpfile file;
		static struct dumpfile part;
		static struct made e;

		part.len = 0;
		for (int second = 0; second < 2; second++) {
			uint8_t head[DUMPFILE_ENTRY_HEAD];

			e = (struct made){.age_ms = 0};
			if (second)
				mades[i].make(&e);
			else
				make_address(&e.m, "first.example", 60);
			dumpfile_put64(head, e.age_ms);
			head[8] = e.flags;
			wire_put16(head + 9, (uint16_t)e.m.len);
			dumpfile_add(&part, head, sizeof(head));
			dumpfile_add(&part, e.m.octets, e.m.len);
		}
		dumpfile_make(&file, START_S, part.data, part.len);
		if (mades[i].good) {
			struct cache *cache = cache_of(1U << 20);

			assert_int_equal(load_well(cache, &env, &file), 2);
			assert_int_equal(cache_stats(cache).entries, 2);
			cache_free(cache);
		} else {
			fails_to_load(&file, "entry 1 is not a valid reply");
		}
	}
}

/* An entry that goes on behind its part. */
static void test_entry_cut_off(void **state)
{
	static struct dumpfile whole;
	static struct dumpfile file;
	size_t len;

	make_dump(&whole);
	len = wire_get32(whole.data + DUMPFILE_HEAD);
	for (size_t n = 1; n < len; n++) {
		struct cache_dump_env env = env_at(0, START_MS);
		struct cache *cache = cache_of(1U << 20);
		struct err_text text;
		uint64_t entries = 0;

		dumpfile_make(&file, START_S, whole.data + DUMPFILE_HEAD + DUMPFILE_PART_HEAD, n);
		if (load(cache, &env, &file, &entries, &text) == ERR_OK)
			assert_int_equal(entries, 1); /* it was cut between the two */
		else
			assert_int_equal(cache_stats(cache).entries, 0);
		cache_free(cache);
	}
}

/* ---- what the system refuses */

static void test_no_room(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *cache = cache_of(1U << 20);
	FILE *full = fopen("/dev/full", "w");
	uint64_t entries = 77;
	struct kit_key k;

	kit_key(&k, "www.example");
	kit_put(cache, &conf, &k, START_MS, 60, 1);
	assert_non_null(full);
	assert_int_equal(cache_dump(cache, &env, full, &entries), ERR_SYS);
	assert_int_equal(entries, 77);
	fclose(full);
	cache_free(cache);
}

static void test_cannot_be_read(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *cache = cache_of(1U << 20);
	FILE *directory = fopen("/", "r");
	struct err_text text;
	uint64_t entries = 0;

	assert_non_null(directory);
	assert_int_equal(cache_load(cache, &env, directory, &entries, &text), ERR_SYS);
	assert_non_null(strstr(text.text, "it cannot be read: Is a directory"));
	fclose(directory);
	cache_free(cache);
}

static void test_nomem(void **state)
{
	struct cache_dump_env env = env_at(0, START_MS);
	struct cache *cache = cache_of(1U << 20);
	FILE *out = fopen("/dev/null", "r+");
	struct err_text text;
	uint64_t entries;
	enum err err;

	assert_non_null(out);
	alloc_fail_start(0, false);
	err = cache_dump(cache, &env, out, &entries);
	assert_true(alloc_fail_stop());
	assert_int_equal(err, ERR_NOMEM);
	alloc_fail_start(0, false);
	err = cache_load(cache, &env, out, &entries, &text);
	assert_true(alloc_fail_stop());
	assert_int_equal(err, ERR_NOMEM);
	fclose(out);
	cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_are_left_out),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_failures_stay_behind),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_entry_cut_off),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_cannot_be_read),
		cmocka_unit_test(test_nomem),
	};

	return cmocka_run_group_tests_name("cache_dump", tests, NULL, NULL);
}
