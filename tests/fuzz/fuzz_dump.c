/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any file as the cache's dump.  A bad one leaves nothing; of a good one all that was read can be
 * written and read again, and asking for it gives a whole message.
 *
 * Input: an octet, and the file.  When the octet is odd, what follows is only what stands in the
 * file's one part, and the rest is made to fit: no mutation will find a checksum.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/query.h"
#include "support/dumpfile.h"
#include "support/pipeline.h"
#include "fuzz.h"

#define PART_MAX (64U * 1024)
#define CACHE_BYTES (1U << 21)
#define WRITTEN_S (PIPELINE_NOW_S - 60U)

static struct pipeline pipeline;

static struct cache_dump_env make_env(void)
{
	return (struct cache_dump_env){
		.conf = &pipeline.snapshot->conf->cache,
		.ttl = &pipeline.snapshot->ttl,
		.name_key = pipeline.env.name_key,
		.now_ms = pipeline.env.now_ms,
		.now_s = pipeline.env.now_s,
	};
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pipeline_open(&pipeline, NULL, 0, 0);
	cache_free(pipeline.env.cache);
	return 0;
}

/* ERR_OK: the cache holds what it could; else it holds nothing. */
static enum err load(struct cache **ret_cache, const uint8_t *data, size_t len,
		     uint64_t *ret_entries)
{
	const struct cache_dump_env env = make_env();
	struct err_text text = {""};
	FILE *in = fmemopen((void *)(uintptr_t)data, len, "r");
	enum err err;

	require(in != NULL);
	require(cache_create(CACHE_BYTES, ret_cache) == ERR_OK);
	err = cache_load(*ret_cache, &env, in, ret_entries, &text);
	fclose(in);
	if (err != ERR_OK) {
		require(err == ERR_SYNTAX && text.text[0] != '\0');
		require(cache_stats(*ret_cache).entries == 0);
		require(cache_stats(*ret_cache).bytes_used == 0);
	}
	return err;
}

/* Its records end where it does. */
static void require_whole(const uint8_t *msg, size_t len, size_t pos)
{
	unsigned int records =
		(unsigned int)wire_get16(msg + 6) + wire_get16(msg + 8) + wire_get16(msg + 10);
	struct wire_rr rr;

	for (unsigned int i = 0; i < records; i++)
		require(wire_next_rr(msg, len, &pos, &rr) == ERR_OK);
	require(pos == len);
}

/* Asks what the entry is the answer to, with DO or without.  It may be too old to be given.  What
 * holds for all types is asked for one of them. */
static void ask(const uint8_t *entry, size_t len, bool dnssec_ok)
{
	const uint8_t *msg = entry + DUMPFILE_ENTRY_HEAD;
	size_t qname_len = name_check(msg + WIRE_HEADER, len - DUMPFILE_ENTRY_HEAD - WIRE_HEADER);
	static struct message m;

	require(qname_len > 0);
	message_begin(&m, 1, FLAG_RD | (entry[8] & CACHE_FLAG_CD ? FLAG_CD : 0));
	message_add(&m, msg + WIRE_HEADER, qname_len + 4);
	message_set16(&m, MESSAGE_QD, 1);
	if (wire_get16(m.octets + m.len - 4) == 0)
		message_set16(&m, m.len - 4, TYPE_A);
	message_opt(&m, 4096, dnssec_ok ? MESSAGE_DO : 0);
	if (pipeline_ask(&pipeline, TRANSPORT_TCP, &m, NULL) != QUERY_ANSWERED)
		return;
	require_whole(m.octets, m.len, WIRE_HEADER + qname_len + 4);
}

/* Goes through the entries of the first part of a dump that we wrote. */
static void ask_all(const uint8_t *data, size_t size)
{
	size_t at = DUMPFILE_HEAD + DUMPFILE_PART_HEAD;
	size_t end = at + wire_get32(data + DUMPFILE_HEAD);

	require(end <= size);
	while (at < end) {
		size_t len = DUMPFILE_ENTRY_HEAD + wire_get16(data + at + 9);

		ask(data + at, len, false);
		ask(data + at, len, true);
		at += len;
	}
	require(at == end);
}

/* Writes the cache, and reads that again. */
static void again(struct cache *cache)
{
	const struct cache_dump_env env = make_env();
	struct cache *second;
	uint64_t written = 0;
	uint64_t read = 0;
	char *data = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&data, &size);

	require(out != NULL);
	require(cache_dump(cache, &env, out, &written) == ERR_OK);
	require(fclose(out) == 0);
	require(written == cache_stats(cache).entries);
	require(load(&second, (const uint8_t *)data, size, &read) == ERR_OK);
	require(read == written && cache_stats(second).entries == written);
	pipeline.env.cache = cache;
	ask_all((const uint8_t *)data, size);
	cache_free(second);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dumpfile file;
	struct cache *cache;
	uint64_t entries = 0;

	if (size < 2 || size > PART_MAX)
		return 0;
	file.len = 0;
	if (data[0] & 1)
		dumpfile_make(&file, WRITTEN_S, data + 1, size - 1);
	else
		dumpfile_add(&file, data + 1, size - 1);
	if (load(&cache, file.data, file.len, &entries) == ERR_OK) {
		require(cache_stats(cache).entries <= entries);
		again(cache);
	}
	cache_free(cache);
	return 0;
}
