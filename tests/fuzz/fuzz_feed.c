/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a list's server sends, and what is kept of it on the disk.  The first octet tells which: h
 * lines of a head, k what is known of a copy, g a body that is said to be gzip.
 */
#include <string.h>

#include "fetch/decode.h"
#include "fetch/head.h"
#include "fetch/kept.h"
#include "fuzz.h"

#define OUT_MAX ((size_t)1 << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* It may be sent back to the server, as a line of its own. */
static void require_field(const char *field, size_t size)
{
	const char *end = memchr(field, '\0', size);

	require(end != NULL);
	for (const char *c = field; c < end; c++)
		require((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void read_head(const char *at, const char *end)
{
	struct head head = {.status = 0};

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);

		head_take_line(&head, at, len);
		require(head.status <= 999);
		require_field(head.etag, sizeof(head.etag));
		require_field(head.modified, sizeof(head.modified));
		require_field(head.encoding, sizeof(head.encoding));
		require(!head_is_gzip(&head) || head_can_be_decoded(&head));
		at += len;
	}
}

/* What is read is written as it was read. */
static void read_kept(const char *text, size_t size)
{
	char buf[KEPT_TEXT_MAX];
	struct kept kept = {.checked_s = 7};
	struct kept again;
	size_t len;

	if (kept_parse(text, size, &kept) != ERR_OK) {
		require(kept.checked_s == 7);
		return;
	}
	len = kept_format(&kept, buf);
	require(len < sizeof(buf));
	require(kept_parse(buf, len, &again) == ERR_OK);
	require(strcmp(kept.url, again.url) == 0 && strcmp(kept.etag, again.etag) == 0);
	require(strcmp(kept.modified, again.modified) == 0);
	require(kept.checked_s == again.checked_s && kept.mtime_ns == again.mtime_ns);
}

static enum err count(void *arg, const void *data, size_t len)
{
	size_t *total = arg;

	require(data != NULL && len > 0);
	*total += len;
	return *total > OUT_MAX ? ERR_RANGE : ERR_OK;
}

/* Whether it comes at once or an octet at a time makes no difference. */
static void decode(const uint8_t *data, size_t size)
{
	size_t at_once = 0;
	size_t by_one = 0;
	struct decode whole;
	struct decode pieces;
	enum err err;
	enum err other = ERR_OK;

	require(decode_init(&whole, true) == ERR_OK && decode_init(&pieces, true) == ERR_OK);
	err = decode_add(&whole, data, size, count, &at_once);
	for (size_t i = 0; i < size && other == ERR_OK; i++)
		other = decode_add(&pieces, data + i, 1, count, &by_one);
	require(err == other);
	require(err != ERR_OK ||
		(at_once == by_one && decode_is_whole(&whole) == decode_is_whole(&pieces)));
	decode_fini(&whole);
	decode_fini(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (size == 0)
		return 0;
	if (data[0] == 'h')
		read_head(text + 1, text + size);
	else if (data[0] == 'k')
		read_kept(text + 1, size - 1);
	else
		decode(data + 1, size - 1);
	return 0;
}
