/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/listguess.h"

#include <string.h>
#include <strings.h>

#include "line/listline.h"
#include "line/word.h"

#define LINES_MAX 64	    /* significant lines that are asked */
#define LINE_BYTES_MAX 4096 /* octets of a line that is asked */

struct votes {
	unsigned int of[LIST_FORMAT_COUNT];
	unsigned int significant;
	bool exclamation;
};

size_t listguess_bom(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* Kinds of files that are taken for lists by mistake, by how they begin. */
static const struct {
	const char *magic;
	size_t len;
	const char *what;
} others[] = {
	{"\xff\xfe", 2, "is UTF-16 text: lists are ASCII or UTF-8"},
	{"\xfe\xff", 2, "is UTF-16 text: lists are ASCII or UTF-8"},
	{"BZh", 3, "is bzip2: of compressed lists gzip, xz and zstd are read"},
	{"PK\3\4", 4, "is a zip archive: of compressed lists gzip, xz and zstd are read"},
	{"7z\xbc\xaf", 4, "is a 7z archive: of compressed lists gzip, xz and zstd are read"},
	{"%PDF-", 5, "is a PDF document, not a list"},
};

/* ASCII text as UTF-16 without a byte order mark has a zero in every second octet. */
static bool is_utf16(const char *text, size_t len)
{
	size_t zeros[2] = {0, 0};

	if (len < 16)
		return false;
	for (size_t i = 0; i < 16; i++)
		zeros[i % 2] += text[i] == '\0';
	return (zeros[0] >= 7 && zeros[1] == 0) || (zeros[1] >= 7 && zeros[0] == 0);
}

const char *listguess_no_list(const char *text, size_t len)
{
	size_t i = listguess_bom(text, len);

	for (size_t other = 0; other < sizeof(others) / sizeof(others[0]); other++) {
		if (len >= others[other].len &&
		    memcmp(text, others[other].magic, others[other].len) == 0)
			return others[other].what;
	}
	if (is_utf16(text, len))
		return others[0].what;
	while (i < len && is_blank(text[i]))
		i++;
	return i < len && text[i] == '<' ? "is an HTML or XML page, not a list" : NULL;
}

static bool begins(struct word line, const char *text)
{
	size_t len = strlen(text);

	return line.len >= len && strncasecmp(line.text, text, len) == 0;
}

/* True when `word` stands in the line with white space on both sides, not in a comment. */
static bool has_word(struct word line, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 1; i + len < line.len && line.text[i] != '#' && line.text[i] != ';'; i++) {
		if (is_blank(line.text[i - 1]) && is_blank(line.text[i + len]) &&
		    strncasecmp(line.text + i, word, len) == 0)
			return true;
	}
	return false;
}

/* A directive of a zone file, or a record of the kinds that RPZ is made of. */
static bool is_zone_line(struct word line)
{
	return begins(line, "$TTL") || begins(line, "$ORIGIN") || begins(line, "$INCLUDE") ||
	       has_word(line, "SOA") || has_word(line, "CNAME");
}

static bool is_adblock_line(struct word line)
{
	return begins(line, "||") || begins(line, "@@") || begins(line, "##") ||
	       begins(line, "#@#") || begins(line, "#?#");
}

/* The kind of a line that is neither a rule of a filter list nor of a zone. */
static enum list_format plain_format(struct word line)
{
	struct listline parser;
	struct listline_rule rule;
	enum listline_verdict verdict;

	listline_init(&parser, LIST_FORMAT_NAMES, false, line.text, line.len);
	verdict = listline_next(&parser, &rule);
	if (parser.is_hosts)
		return LIST_FORMAT_HOSTS;
	return verdict == LISTLINE_RULE || verdict == LISTLINE_SKIPPED ? LIST_FORMAT_NAMES
								       : LIST_FORMAT_AUTO;
}

/* True when the line alone settles it. */
static bool vote(struct votes *votes, struct word line, enum list_format *ret_format)
{
	if (line.text[0] == '!') {
		votes->exclamation = true;
		return false;
	}
	if (votes->significant == 0 && (begins(line, "[ad") || begins(line, "[ublock"))) {
		*ret_format = LIST_FORMAT_ADBLOCK;
		return true;
	}
	if (is_adblock_line(line)) {
		votes->of[LIST_FORMAT_ADBLOCK]++;
	} else if (line.text[0] == '#' || line.text[0] == ';') {
		return false;
	} else if (is_zone_line(line)) {
		*ret_format = LIST_FORMAT_RPZ;
		return true;
	} else {
		votes->of[plain_format(line)]++;
	}
	votes->significant++;
	return false;
}

static enum list_format winner(const struct votes *votes)
{
	const unsigned int *of = votes->of;

	if (of[LIST_FORMAT_ADBLOCK] + of[LIST_FORMAT_HOSTS] + of[LIST_FORMAT_NAMES] == 0)
		return votes->exclamation ? LIST_FORMAT_ADBLOCK : LIST_FORMAT_NAMES;
	if (of[LIST_FORMAT_ADBLOCK] >= of[LIST_FORMAT_HOSTS] &&
	    of[LIST_FORMAT_ADBLOCK] >= of[LIST_FORMAT_NAMES])
		return LIST_FORMAT_ADBLOCK;
	return of[LIST_FORMAT_HOSTS] >= of[LIST_FORMAT_NAMES] ? LIST_FORMAT_HOSTS
							      : LIST_FORMAT_NAMES;
}

/* The next line without the white space around it; false when there is no whole one left. */
static bool next_line(struct word *rest, bool whole, struct word *ret_line)
{
	const char *newline = rest->len > 0 ? memchr(rest->text, '\n', rest->len) : NULL;
	size_t len = newline ? (size_t)(newline - rest->text) : rest->len;
	struct word line = {rest->text, len};

	if (rest->len == 0 || (!newline && !whole))
		return false;
	rest->text += newline ? len + 1 : len;
	rest->len -= newline ? len + 1 : len;
	*ret_line = word_trim(line);
	return true;
}

enum list_format listguess_format(const char *text, size_t len, bool whole)
{
	size_t bom = listguess_bom(text, len);
	struct word rest = {text + bom, len - bom};
	struct votes votes = {.significant = 0};
	enum list_format format;
	struct word line;

	if (rest.len > LISTGUESS_BYTES) {
		rest.len = LISTGUESS_BYTES;
		whole = false;
	}
	while (votes.significant < LINES_MAX && next_line(&rest, whole, &line)) {
		if (line.len > 0 && line.len <= LINE_BYTES_MAX && vote(&votes, line, &format))
			return format;
	}
	return winner(&votes);
}
