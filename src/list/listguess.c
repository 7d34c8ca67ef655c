/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/listguess.h"

#include <string.h>
#include <strings.h>

#include "list/blank.h"
#include "list/listline.h"

#define LINES_MAX 64 /* significant lines that are asked */

struct line {
	const char *text;
	size_t len;
};

struct votes {
	unsigned int of[LIST_FORMAT_COUNT];
	unsigned int significant;
	bool exclamation;
};

size_t listguess_bom(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool listguess_is_markup(const char *text, size_t len)
{
	size_t i = listguess_bom(text, len);

	while (i < len && is_blank(text[i]))
		i++;
	return i < len && text[i] == '<';
}

static bool begins(struct line line, const char *text)
{
	size_t len = strlen(text);

	return line.len >= len && strncasecmp(line.text, text, len) == 0;
}

/* True when `word` stands in the line with white space on both sides, not in a comment. */
static bool has_word(struct line line, const char *word)
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
static bool is_zone_line(struct line line)
{
	return begins(line, "$TTL") || begins(line, "$ORIGIN") || begins(line, "$INCLUDE") ||
	       has_word(line, "SOA") || has_word(line, "CNAME");
}

static bool is_adblock_line(struct line line)
{
	return begins(line, "||") || begins(line, "@@") || begins(line, "##") ||
	       begins(line, "#@#") || begins(line, "#?#");
}

static bool parses_as(struct line line, enum list_format format)
{
	struct listline parser;
	struct listline_rule rule;
	enum listline_verdict verdict;

	listline_init(&parser, format, false, line.text, line.len);
	verdict = listline_next(&parser, &rule);
	return verdict == LISTLINE_RULE || verdict == LISTLINE_SKIPPED;
}

/* True when the line alone settles it. */
static bool vote(struct votes *votes, struct line line, enum list_format *ret_format)
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
	} else if (parses_as(line, LIST_FORMAT_HOSTS)) {
		votes->of[LIST_FORMAT_HOSTS]++;
	} else if (parses_as(line, LIST_FORMAT_NAMES)) {
		votes->of[LIST_FORMAT_NAMES]++;
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
static bool next_line(struct line *rest, bool whole, struct line *ret_line)
{
	const char *newline = rest->len > 0 ? memchr(rest->text, '\n', rest->len) : NULL;
	size_t len = newline ? (size_t)(newline - rest->text) : rest->len;
	struct line line = {rest->text, len};

	if (rest->len == 0 || (!newline && !whole))
		return false;
	rest->text += newline ? len + 1 : len;
	rest->len -= newline ? len + 1 : len;
	for (; line.len > 0 && is_blank(line.text[0]); line.len--)
		line.text++;
	while (line.len > 0 && is_blank(line.text[line.len - 1]))
		line.len--;
	*ret_line = line;
	return true;
}

enum list_format listguess_format(const char *text, size_t len, bool whole)
{
	size_t bom = listguess_bom(text, len);
	struct line rest = {text + bom, len - bom};
	struct votes votes = {.significant = 0};
	enum list_format format;
	struct line line;

	if (rest.len > LISTGUESS_BYTES) {
		rest.len = LISTGUESS_BYTES;
		whole = false;
	}
	while (votes.significant < LINES_MAX && next_line(&rest, whole, &line)) {
		if (line.len > 0 && line.len <= LISTLINE_MAX && vote(&votes, line, &format))
			return format;
	}
	return winner(&votes);
}
