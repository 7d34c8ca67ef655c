/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a list that was fetched: the head of a server's reply, and the file beside the
 * copy.  Whatever a server says can be written down and read again as it was said; whatever the
 * file has, what is taken of it fits.
 */
#include <string.h>

#include "fetch/head.h"
#include "fetch/kept.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

/* A field as it may be sent back to a server, and stand in a line. */
static void check_field(const char *field, size_t size)
{
	const char *end = memchr(field, '\0', size);

	require(end != NULL);
	for (const char *at = field; at < end; at++)
		require((unsigned char)*at >= 0x20 && *at != 0x7f);
}

static void check_head(const struct head *head)
{
	require(head->status < 1000);
	check_field(head->etag, sizeof(head->etag));
	check_field(head->modified, sizeof(head->modified));
	check_field(head->encoding, sizeof(head->encoding));
	check_field(head->length, sizeof(head->length));
	require(!head_is_gzip(head) || head_can_be_decoded(head));
	require(!*head->length || head->measured);
}

/* Each line in memory of its own, so that nothing behind it is read. */
static void take_lines(const uint8_t *data, size_t size, struct head *head)
{
	while (size > 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t len = newline ? (size_t)(newline - data) + 1 : size;
		char *line = malloc(len);

		require(line != NULL);
		memcpy(line, data, len);
		head_take_line(head, line, len);
		check_head(head);
		free(line);
		data += len;
		size -= len;
	}
}

static void check_same(const struct kept *a, const struct kept *b)
{
	require(strcmp(a->url, b->url) == 0 && strcmp(a->etag, b->etag) == 0 &&
		strcmp(a->modified, b->modified) == 0);
	require(a->checked_s == b->checked_s && a->changed_s == b->changed_s &&
		a->size == b->size && a->inode == b->inode && a->mtime_ns == b->mtime_ns);
}

static void write_and_read(const struct kept *kept)
{
	char text[KEPT_TEXT_MAX];
	struct kept again;
	size_t len = kept_format(kept, text);

	require(len < sizeof(text) && text[len] == '\0');
	require(kept_parse(text, len, &again) == ERR_OK);
	check_same(kept, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kept kept = {.url = "https://lists.example/a", .checked_s = UINT64_MAX};
	struct head head = {.status = 0};
	struct kept read;

	take_lines(data, size, &head);
	memcpy(kept.etag, head.etag, sizeof(kept.etag));
	memcpy(kept.modified, head.modified, sizeof(kept.modified));
	write_and_read(&kept);
	if (kept_parse((const char *)data, size, &read) == ERR_OK)
		write_and_read(&read);
	return 0;
}
