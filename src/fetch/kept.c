/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define HEAD "sinkholed fetched 1"
#define NS_IN_S 1000000000ULL

/* X(key, field, kind) */
#define ROWS(X)                                                                                    \
	X("url", url, TEXT)                                                                        \
	X("etag", etag, TEXT)                                                                      \
	X("modified", modified, TEXT)                                                              \
	X("checked", checked_s, NUMBER)                                                            \
	X("changed", changed_s, NUMBER)                                                            \
	X("size", size, NUMBER)                                                                    \
	X("inode", inode, NUMBER)                                                                  \
	X("mtime", mtime_ns, NUMBER)                                                               \
	X("unused", unused_s, NUMBER)

/* Takes the next line off `*rest`, without its newline, which each has; false: there is none. */
static bool next_line(const char **rest, size_t *left, const char **ret_line, size_t *ret_len)
{
	const char *end = memchr(*rest, '\n', *left);

	if (!end)
		return false;
	*ret_line = *rest;
	*ret_len = (size_t)(end - *rest);
	*left -= *ret_len + 1;
	*rest = end + 1;
	return true;
}

static bool read_TEXT(const char *text, size_t len, char *field, size_t size)
{
	if (len >= size || memchr(text, '\0', len))
		return false;
	memcpy(field, text, len);
	field[len] = '\0';
	return true;
}

static bool read_NUMBER(const char *text, size_t len, uint64_t *field, size_t size)
{
	uint64_t value = 0;

	(void)size;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	}
	*field = value;
	return len > 0;
}

#define TEXT_OF(kept, field) (kept)->field
#define NUMBER_OF(kept, field) &(kept)->field

/* The value of a line that begins with `key` and a blank; NULL: it does not. */
static const char *value_of(const char *line, size_t len, const char *key, size_t *ret_len)
{
	size_t key_len = strlen(key);

	if (len <= key_len || memcmp(line, key, key_len) != 0 || line[key_len] != ' ')
		return NULL;
	*ret_len = len - key_len - 1;
	return line + key_len + 1;
}

static bool read_line(const char *line, size_t len, struct kept *kept)
{
	const char *value;
	size_t value_len;

#define X(key, field, kind)                                                                        \
	value = value_of(line, len, key, &value_len);                                              \
	if (value)                                                                                 \
		return read_##kind(value, value_len, kind##_OF(kept, field), sizeof(kept->field));
	ROWS(X)
#undef X
	return false;
}

enum err kept_parse(const char *text, size_t len, struct kept *ret_kept)
{
	struct kept kept = {.checked_s = 0};
	const char *line;
	size_t line_len;

	if (!next_line(&text, &len, &line, &line_len) || line_len != strlen(HEAD) ||
	    memcmp(line, HEAD, line_len) != 0)
		return ERR_SYNTAX;
	while (next_line(&text, &len, &line, &line_len))
		if (!read_line(line, line_len, &kept))
			return ERR_SYNTAX;
	if (len > 0)
		return ERR_SYNTAX;
	*ret_kept = kept;
	return ERR_OK;
}

size_t kept_format(const struct kept *kept, char buf[KEPT_TEXT_MAX])
{
	int len =
		snprintf(buf, KEPT_TEXT_MAX,
			 HEAD "\nurl %s\netag %s\nmodified %s\nchecked %llu\nchanged %llu\n"
			      "size %llu\ninode %llu\nmtime %llu\n",
			 kept->url, kept->etag, kept->modified, (unsigned long long)kept->checked_s,
			 (unsigned long long)kept->changed_s, (unsigned long long)kept->size,
			 (unsigned long long)kept->inode, (unsigned long long)kept->mtime_ns);

	if (kept->unused_s > 0)
		len += snprintf(buf + len, KEPT_TEXT_MAX - (size_t)len, "unused %llu\n",
				(unsigned long long)kept->unused_s);
	return (size_t)len;
}

void kept_set_file(struct kept *kept, const struct stat *st)
{
	kept->size = (uint64_t)st->st_size;
	kept->inode = st->st_ino;
	kept->mtime_ns = (uint64_t)st->st_mtim.tv_sec * NS_IN_S + (uint64_t)st->st_mtim.tv_nsec;
}

bool kept_is_of(const struct kept *kept, const struct stat *st)
{
	struct kept other = *kept;

	kept_set_file(&other, st);
	return kept->size == other.size && kept->inode == other.inode &&
	       kept->mtime_ns == other.mtime_ns;
}

struct kept kept_read(const char *path, const char *copy, const char *url)
{
	struct kept kept = {.checked_s = 0};
	struct stat st;
	size_t len;
	char *text;
	bool good;

	if (file_read(path, KEPT_TEXT_MAX, &text, &len) != ERR_OK)
		return kept;
	good = kept_parse(text, len, &kept) == ERR_OK && strcmp(kept.url, url) == 0 &&
	       stat(copy, &st) == 0 && kept_is_of(&kept, &st);
	free(text);
	return good ? kept : (struct kept){.checked_s = 0};
}

enum err kept_write(const char *path, const struct kept *kept)
{
	char buf[KEPT_TEXT_MAX];
	size_t len = kept_format(kept, buf);

	return file_replace(path, buf, len);
}
