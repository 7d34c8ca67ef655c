/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file, its numbers in network order:
 *
 *   head    MAGIC, version (4 octets), when it was written (8, Unix time in seconds)
 *   parts   length (4, at most PART_MAX), checksum (8), entries; the last has the length 0
 *   entry   age when written (8, milliseconds), CACHE_FLAG_ (1), length (2), a DNS message
 *
 * The message is the whole reply, whose plain form is found again when it is read.  One that holds
 * for all types has the type 0 in its question.
 *
 * Up to version 1 there was an entry for each setting of DO and CD.
 *
 * A checksum is keyed by the time of the file and the number of the part: parts of two files, or
 * in another order, do not fit together.  It is there against accidents: what an entry says is
 * checked as if a stranger had sent it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache/shard.h"
#include "dns/plain.h"

#define MAGIC "SINKHOLE"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define VERSION 2U
#define HEAD_LEN (MAGIC_LEN + 4 + 8)
#define PART_HEAD_LEN (4 + 8)
#define PART_MAX (64U * 1024)
#define ENTRY_HEAD_LEN (8 + 1 + 2)

#define AGE_MAX_MS (1ULL << 40)

static void put64(uint8_t *p, uint64_t v)
{
	wire_put32(p, (uint32_t)(v >> 32));
	wire_put32(p + 4, (uint32_t)v);
}

static uint64_t get64(const uint8_t *p)
{
	return (uint64_t)wire_get32(p) << 32 | wire_get32(p + 4);
}

/* A dump that is being written or read. */
struct dump {
	const struct cache_dump_env *env;
	FILE *file;
	uint64_t written_s;
	uint64_t part; /* number of the next part */
	uint64_t entries;
	size_t len;    /* octets of the part at hand */
	uint8_t *data; /* PART_MAX octets; for reading as many more, for one message */
};

static uint64_t checksum(const struct dump *d)
{
	const struct hash_key key = {d->written_s, d->part};

	return hash_siphash24(&key, d->data, d->len);
}

/* ---- writing */

static bool write_head(const struct dump *d)
{
	uint8_t head[HEAD_LEN];

	memcpy(head, MAGIC, MAGIC_LEN);
	wire_put32(head + MAGIC_LEN, VERSION);
	put64(head + MAGIC_LEN + 4, d->written_s);
	return fwrite(head, sizeof(head), 1, d->file) == 1;
}

static bool write_part(struct dump *d)
{
	uint8_t head[PART_HEAD_LEN];
	bool done;

	wire_put32(head, (uint32_t)d->len);
	put64(head + 4, checksum(d));
	done = fwrite(head, sizeof(head), 1, d->file) == 1 &&
	       fwrite(d->data, 1, d->len, d->file) == d->len;
	d->part++;
	d->len = 0;
	return done;
}

/* An OPT with the entry's EDEs; returns the octet behind it. */
static uint8_t *add_edes(struct shard *s, uint32_t id, uint8_t *p)
{
	const struct entry *e = entry_at(s, id);

	memset(p, 0, EDNS_OPT_FIXED);
	wire_put16(p + 1, TYPE_OPT);
	wire_put16(p + 9, e->ede_len);
	entry_load(s, id, e->qname_len, p + EDNS_OPT_FIXED, e->ede_len);
	return p + EDNS_OPT_FIXED + e->ede_len;
}

/* How many records the whole has, and where it stands in the entry's data. */
static struct whole find_whole(struct shard *s, uint32_t id, size_t *ret_at)
{
	const struct entry *e = entry_at(s, id);
	struct whole whole = {e->ancount, e->nscount, e->arcount};

	*ret_at = entry_body_at(e);
	if (e->more_len)
		entry_load(s, id, *ret_at - sizeof(whole), (uint8_t *)&whole, sizeof(whole));
	*ret_at += e->apart ? e->body_len : 0;
	return whole;
}

/* The message that the entry came from, but for what it was of no use to keep; its length. */
static size_t make_message(struct shard *s, uint32_t id, uint8_t *msg)
{
	const struct entry *e = entry_at(s, id);
	uint8_t *p = msg + WIRE_HEADER;
	size_t whole_at;
	const struct whole whole = find_whole(s, id, &whole_at);

	wire_put16(msg, 0);
	wire_put16(msg + 2, (uint16_t)(FLAG_QR | FLAG_RD | FLAG_RA | (e->ad ? FLAG_AD : 0) |
				       (e->rcode & FLAG_RCODE)));
	wire_put16(msg + 4, 1);
	wire_put16(msg + 6, whole.ancount);
	wire_put16(msg + 8, whole.nscount);
	wire_put16(msg + 10, (uint16_t)(whole.arcount + (e->ede_len > 0)));
	entry_load(s, id, 0, p, e->qname_len);
	p += e->qname_len;
	wire_put16(p, e->qtype);
	wire_put16(p + 2, CLASS_IN);
	p += 4;
	entry_load(s, id, whole_at, p, entry_whole_len(e));
	p += entry_whole_len(e);
	if (e->ede_len > 0)
		p = add_edes(s, id, p);
	return (size_t)(p - msg);
}

/* A reply of a zone's own upstreams: whose zone its name is in when it is read again, nobody knows
 * now.  What tells them from the others is the hash. */
static bool is_of_zone(const struct dump *d, struct shard *s, uint32_t id)
{
	const struct entry *e = entry_at(s, id);
	struct name qname = {.len = e->qname_len};

	entry_load(s, id, 0, qname.wire, e->qname_len);
	return e->hash != cache_hash(name_hash(&d->env->name_key, &qname), e->qtype);
}

static bool dump_entry(struct dump *d, struct shard *s, uint32_t id)
{
	const size_t longest = ENTRY_HEAD_LEN + WIRE_HEADER + ENTRY_MAX + EDNS_OPT_FIXED + 8;
	const struct entry *e = entry_at(s, id);
	int64_t now_ms = (int64_t)d->env->now_ms;
	int64_t age_ms = now_ms > e->stored_ms ? now_ms - e->stored_ms : 0;
	uint8_t *p = d->data + d->len;
	size_t len;

	if (e->kind == REPLY_FAILURE || entry_is_over(e, d->env->conf, now_ms) ||
	    is_of_zone(d, s, id))
		return true;
	if (PART_MAX - d->len < longest) {
		if (!write_part(d))
			return false;
		p = d->data;
	}
	len = make_message(s, id, p + ENTRY_HEAD_LEN);
	put64(p, (uint64_t)age_ms);
	p[8] = e->flags;
	wire_put16(p + 9, (uint16_t)len);
	d->len += ENTRY_HEAD_LEN + len;
	d->entries++;
	return true;
}

/* From the tail on, so that loading puts the entries in the same order. */
static bool dump_shard(struct dump *d, struct shard *s)
{
	bool done = true;

	pthread_mutex_lock(&s->lock);
	for (unsigned int i = 0; i < QUEUES; i++)
		for (uint32_t id = s->queues[i].tail; id && done; id = entry_at(s, id)->newer)
			done = dump_entry(d, s, id);
	pthread_mutex_unlock(&s->lock);
	return done;
}

enum err cache_dump(struct cache *cache, const struct cache_dump_env *env, FILE *out,
		    uint64_t *ret_entries)
{
	struct dump d = {.env = env, .file = out, .written_s = env->now_s};
	bool done;

	d.data = malloc(PART_MAX);
	if (!d.data)
		return ERR_NOMEM;
	done = write_head(&d);
	for (unsigned int i = 0; i < SHARDS && done; i++)
		done = dump_shard(&d, &cache->shards[i]);
	done = done && (d.len == 0 || write_part(&d)) && write_part(&d) && fflush(out) == 0;
	free(d.data);
	if (!done)
		return ERR_SYS;
	*ret_entries = d.entries;
	return ERR_OK;
}

/* ---- reading */

/* Why less was read than was expected. */
static enum err fail_read(const struct dump *d, struct err_text *text)
{
	if (ferror(d->file))
		return err_set(text, ERR_SYS, "it cannot be read: %s", strerror(errno));
	return err_set(text, ERR_SYNTAX, "it is cut off");
}

static enum err read_head(struct dump *d, struct err_text *text)
{
	uint8_t head[HEAD_LEN];
	uint32_t version;

	if (fread(head, sizeof(head), 1, d->file) != 1)
		return fail_read(d, text);
	if (memcmp(head, MAGIC, MAGIC_LEN) != 0)
		return err_set(text, ERR_SYNTAX, "it is not a dump of the cache");
	version = wire_get32(head + MAGIC_LEN);
	if (version != VERSION)
		return err_set(text, ERR_SYNTAX, "it has version %u, expected %u", version,
			       VERSION);
	d->written_s = get64(head + MAGIC_LEN + 4);
	if (d->written_s > d->env->now_s)
		return err_set(text, ERR_SYNTAX, "it was written %llu s from now, by our clock",
			       (unsigned long long)(d->written_s - d->env->now_s));
	return ERR_OK;
}

/* Reads the next part; its len is 0 at the end. */
static enum err read_part(struct dump *d, struct err_text *text)
{
	uint8_t head[PART_HEAD_LEN];
	uint32_t len;

	if (fread(head, sizeof(head), 1, d->file) != 1)
		return fail_read(d, text);
	len = wire_get32(head);
	if (len > PART_MAX)
		return err_set(text, ERR_SYNTAX, "part %llu has an impossible length, %u",
			       (unsigned long long)d->part, len);
	d->len = len;
	if (fread(d->data, 1, len, d->file) != len)
		return fail_read(d, text);
	if (checksum(d) != get64(head + 4))
		return err_set(text, ERR_SYNTAX, "part %llu has a wrong checksum",
			       (unsigned long long)d->part);
	d->part++;
	return ERR_OK;
}

/* True when the message of `len` octets is a reply that may be cached; `ret_reply` and `ret_qname`
 * tell of it.  The type 0 is that of what holds for all types. */
static bool parse_message(const struct dump *d, uint8_t *msg, size_t len, struct reply *ret_reply,
			  struct name *ret_qname)
{
	size_t qname_len = len > WIRE_HEADER ? name_check(msg + WIRE_HEADER, len - WIRE_HEADER) : 0;
	size_t question_len = qname_len + 4;
	const uint8_t *question = msg + WIRE_HEADER;

	if (qname_len == 0 || len < WIRE_HEADER + question_len ||
	    !reply_matches(msg, len, question, question_len) ||
	    wire_get16(question + qname_len + 2) != CLASS_IN)
		return false;
	if (reply_parse(msg, len, question_len, d->env->ttl, ret_reply) != ERR_OK ||
	    !reply_may_be_cached(ret_reply))
		return false;
	if (wire_get16(question + qname_len) == CACHE_ALL_TYPES &&
	    !reply_is_for_all_types(ret_reply))
		return false;
	plain_separate(msg, PART_MAX, ret_reply);
	name_copy_lower(ret_qname, question, qname_len);
	return true;
}

static void put_entry(const struct dump *d, struct cache *cache, const struct cache_key *key,
		      uint64_t age_when_written_ms, const struct reply *reply)
{
	const struct cache_dump_env *env = d->env;
	int64_t age_ms = (int64_t)(age_when_written_ms + (env->now_s - d->written_s) * 1000);

	if (age_ms / 1000 < (int64_t)reply->ttl_s + env->conf->serve_stale_s)
		cache_put_at(cache, env->conf, key, (int64_t)env->now_ms,
			     (int64_t)env->now_ms - age_ms, 0, reply);
}

/* Takes one entry of `left` octets or less; returns the octets of the entry, 0 when the entry is
 * bad. */
static size_t load_entry(const struct dump *d, struct cache *cache, const uint8_t *p, size_t left)
{
	uint8_t *msg = d->data + PART_MAX; /* where there is room to find the plain form */
	struct cache_key key;
	struct reply reply;
	struct name qname;
	size_t len;

	if (left < ENTRY_HEAD_LEN)
		return 0;
	len = wire_get16(p + 9);
	if (left - ENTRY_HEAD_LEN < len || get64(p) > AGE_MAX_MS ||
	    (p[8] & ~(CACHE_FLAG_CD | CACHE_FLAG_PLAIN)))
		return 0;
	memcpy(msg, p + ENTRY_HEAD_LEN, len);
	if (!parse_message(d, msg, len, &reply, &qname))
		return 0;
	key = (struct cache_key){.qname = &qname, .flags = p[8]};
	key.qtype = wire_get16(msg + WIRE_HEADER + qname.len);
	key.hash = cache_hash(name_hash(&d->env->name_key, &qname), key.qtype);
	put_entry(d, cache, &key, get64(p), &reply);
	return ENTRY_HEAD_LEN + len;
}

static enum err load_part(struct dump *d, struct cache *cache, struct err_text *text)
{
	size_t at = 0;

	while (at < d->len) {
		size_t len = load_entry(d, cache, d->data + at, d->len - at);

		if (len == 0)
			return err_set(text, ERR_SYNTAX, "entry %llu is not a valid reply",
				       (unsigned long long)d->entries);
		at += len;
		d->entries++;
	}
	return ERR_OK;
}

static enum err load_parts(struct dump *d, struct cache *cache, struct err_text *text)
{
	uint64_t total = 0;
	enum err err;

	do {
		err = read_part(d, text);
		if (err == ERR_OK)
			err = load_part(d, cache, text);
		total += d->len;
	} while (err == ERR_OK && d->len > 0 && total < cache->size_bytes);
	if (err == ERR_OK && d->len == 0 && getc(d->file) != EOF)
		err = err_set(text, ERR_SYNTAX, "there is more behind its end");
	return err;
}

enum err cache_load(struct cache *cache, const struct cache_dump_env *env, FILE *in,
		    uint64_t *ret_entries, struct err_text *text)
{
	static const struct name root = {.len = 1};
	struct dump d = {.env = env, .file = in};
	enum err err;

	d.data = malloc(2 * (size_t)PART_MAX);
	if (!d.data)
		return err_set(text, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
	err = read_head(&d, text);
	if (err == ERR_OK)
		err = load_parts(&d, cache, text);
	free(d.data);
	if (err == ERR_OK)
		*ret_entries = d.entries;
	else
		cache_flush(cache, &root);
	return err;
}
