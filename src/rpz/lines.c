/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpz/lines.h"

#include <string.h>

/* Characters by which a line is more than words. */
static const bool is_special[256] = {
	[';'] = true, ['('] = true, [')'] = true, ['"'] = true, ['\\'] = true,
};

bool lines_is_plain(const char *text, size_t len)
{
	bool special = false;

	for (size_t i = 0; i < len; i++)
		special |= is_special[(uint8_t)text[i]];
	return !special;
}

enum err lines_add(struct lines *lines, const char *text, size_t len, uint32_t number)
{
	size_t have = lines->end - lines->begin;
	size_t need;
	enum err err;

	while (len > 0 && text[len - 1] == '\r')
		len--;
	need = have + len + 1;
	err = pages_grow(&lines->raw, need, SIZE_MAX);
	if (err == ERR_OK)
		err = pages_grow(&lines->joined, need, SIZE_MAX);
	if (err != ERR_OK)
		return err;
	memmove(lines->raw.base, lines->raw.base + lines->begin, have);
	memcpy(lines->raw.base + have, text, len);
	lines->raw.base[have + len] = '\n';
	lines->begin = 0;
	lines->end = need;
	lines->number = lines->count > 0 ? lines->number : number;
	lines->count++;
	return ERR_OK;
}

/* A record being put together. */
struct joining {
	const char *at;
	const char *begin;
	char *out;
	unsigned int depth; /* of parentheses */
	unsigned int lines; /* that have ended */
	bool quoted;
	bool broken;
};

static void skip_comment(struct joining *j)
{
	while (*j->at != '\n')
		j->at++;
}

/* What stands between words.  In parentheses that begin a record it does not stand for an owner. */
static void put_blank(struct joining *j)
{
	if (j->out > j->begin)
		*j->out++ = ' ';
}

/* Takes what stands at `at`, which is no newline. */
static void take(struct joining *j)
{
	char c = *j->at++;

	if (c == '\\' && *j->at != '\n') {
		*j->out++ = c;
		*j->out++ = *j->at++;
		return;
	}
	j->quoted ^= c == '"';
	if (!j->quoted && lines_is_gap(c) && j->depth > 0) {
		put_blank(j);
	} else if (j->quoted || !is_special[(uint8_t)c] || c == '"' || c == '\\') {
		*j->out++ = c;
	} else if (c == ';') {
		skip_comment(j);
	} else {
		j->broken |= c == ')' && j->depth == 0;
		j->depth += c == '(' ? 1U : (unsigned int)-1;
		put_blank(j);
	}
}

/* True when the record ends with this line. */
static bool end_line(struct joining *j)
{
	j->at++;
	j->lines++;
	j->broken |= j->quoted || (j->depth > 0 && j->lines == LINES_JOINED_MAX);
	if (j->depth > 0)
		put_blank(j);
	return j->depth == 0 || j->broken;
}

/* Puts a record together from the first line on; false: its end is not there. */
static bool join(struct lines *lines, struct joining *j)
{
	const char *end = (const char *)lines->raw.base + lines->end;

	*j = (struct joining){
		.at = (const char *)lines->raw.base + lines->begin,
		.begin = (const char *)lines->joined.base,
		.out = (char *)lines->joined.base,
	};
	while (j->at < end && !j->broken) {
		if (*j->at != '\n')
			take(j);
		else if (end_line(j))
			return true;
	}
	return j->broken;
}

/* Takes the first `count` lines away, which have `len` octets. */
static void consume(struct lines *lines, size_t len, uint32_t count)
{
	lines->begin += len;
	lines->count -= count;
	lines->number += count;
}

static enum lines_found give_broken(struct lines *lines, struct lines_record *ret_record)
{
	const char *first = (const char *)lines->raw.base + lines->begin;
	size_t len = (size_t)((const char *)memchr(first, '\n', lines->end - lines->begin) - first);

	*ret_record = (struct lines_record){first, len, lines->number};
	consume(lines, len + 1, 1);
	lines->taken_lines = 0;
	return LINES_BROKEN;
}

static enum lines_found give_whole(struct lines *lines, const struct joining *j,
				   struct lines_record *ret_record)
{
	const char *first = (const char *)lines->raw.base + lines->begin;
	const char *second = (const char *)memchr(first, '\n', (size_t)(j->at - first)) + 1;

	*ret_record = (struct lines_record){
		.text = (const char *)lines->joined.base,
		.len = (size_t)(j->out - (char *)lines->joined.base),
		.number = lines->number,
	};
	lines->taken_bytes = (size_t)(j->at - second);
	lines->taken_lines = j->lines - 1;
	consume(lines, (size_t)(j->at - first), j->lines);
	return LINES_WHOLE;
}

enum lines_found lines_next(struct lines *lines, bool at_end, struct lines_record *ret_record)
{
	struct joining j;

	if (!lines_wait(lines))
		return LINES_NONE;
	if (!join(lines, &j) && !at_end && lines->end - lines->begin < LINES_BYTES_MAX)
		return LINES_NONE;
	if (j.broken || j.depth > 0)
		return give_broken(lines, ret_record);
	return give_whole(lines, &j, ret_record);
}

void lines_reject(struct lines *lines)
{
	lines->begin -= lines->taken_bytes;
	lines->count += lines->taken_lines;
	lines->number -= lines->taken_lines;
	lines->taken_bytes = 0;
	lines->taken_lines = 0;
}

void lines_fini(struct lines *lines)
{
	pages_free(&lines->raw);
	pages_free(&lines->joined);
}
