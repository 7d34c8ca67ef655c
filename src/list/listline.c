/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/listline.h"

#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "list/blank.h"
#include "list/host.h"

/* A part of a line. */
struct word {
	const char *text;
	size_t len;
};

#define LITERAL(s)                                                                                 \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

/* What a hosts file says of the machine itself; and all names that begin with "ip6-". */
static const struct word own_names[] = {
	LITERAL("localhost"),	  LITERAL("localhost.localdomain"),
	LITERAL("local"),	  LITERAL("localhost4"),
	LITERAL("localhost6"),	  LITERAL("localhost4.localdomain4"),
	LITERAL("broadcasthost"), LITERAL("localhost6.localdomain6"),
	LITERAL("0.0.0.0"),
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool word_is(struct word word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.text, text, word.len) == 0;
}

static bool word_begins(struct word word, const char *text)
{
	size_t len = strlen(text);

	return word.len >= len && memcmp(word.text, text, len) == 0;
}

static void word_drop(struct word *word, size_t octets)
{
	word->text += octets;
	word->len -= octets;
}

void listline_init(struct listline *line, enum list_format format, bool exact, const char *text,
		   size_t len)
{
	*line = (struct listline){
		.pos = text,
		.end = text + len,
		.format = format,
		.exact = exact,
	};
}

/* The next word of a names or hosts line; false at its end or at a comment. */
static bool next_word(struct listline *line, struct word *ret_word)
{
	const char *start = line->pos;
	const char *pos;

	while (start < line->end && is_blank(*start))
		start++;
	if (start == line->end || *start == '#' || *start == ';') {
		line->pos = line->end;
		return false;
	}
	for (pos = start; pos < line->end && !is_blank(*pos);)
		pos++;
	line->pos = pos;
	*ret_word = (struct word){start, (size_t)(pos - start)};
	return true;
}

/* True for a name whose last label is a number: an IPv4 address, never a host (RFC 1123, 2.1). */
static bool is_address_like(struct word word)
{
	size_t end = word.len;
	size_t start;

	if (end > 0 && word.text[end - 1] == '.')
		end--;
	for (start = end; start > 0 && is_digit(word.text[start - 1]);)
		start--;
	return start < end && (start == 0 || word.text[start - 1] == '.');
}

static enum listline_verdict bad(struct listline_rule *rule, const char *reason)
{
	rule->reason = reason;
	return LISTLINE_BAD;
}

static enum listline_verdict host_rule(struct word word, uint8_t scope, struct listline_rule *rule)
{
	enum err err;

	if (is_address_like(word))
		return bad(rule, "an address, not a name");
	err = host_from_text(word.text, word.len, &rule->owner);
	if (err != ERR_OK)
		return bad(rule, host_reason(err));
	rule->kind = (struct domset_kind){.scope = scope};
	return LISTLINE_RULE;
}

static enum listline_verdict next_name(struct listline *line, struct listline_rule *rule)
{
	uint8_t scope = line->exact ? DOMSET_SCOPE_ITSELF : DOMSET_SCOPE_BOTH;
	struct word word;
	struct word more;

	if (!next_word(line, &word))
		return LISTLINE_END;
	if (next_word(line, &more)) {
		line->pos = line->end;
		return bad(rule, "more than one word");
	}
	if (word_begins(word, "*.")) {
		scope = DOMSET_SCOPE_BELOW;
		word_drop(&word, 2);
	} else if (word_begins(word, ".") && word.len > 1) {
		scope = DOMSET_SCOPE_BOTH;
		word_drop(&word, 1);
	}
	return host_rule(word, scope, rule);
}

static bool is_address(struct word word)
{
	char text[INET6_ADDRSTRLEN];
	const char *scope = memchr(word.text, '%', word.len);
	size_t len = scope ? (size_t)(scope - word.text) : word.len;
	struct ip ip;

	if (word_is(word, "0.0.0.0") || word_is(word, "127.0.0.1"))
		return true;
	if (len >= sizeof(text) || memchr(word.text, '\0', len))
		return false;
	memcpy(text, word.text, len);
	text[len] = '\0';
	return ip_parse(text, &ip) == ERR_OK;
}

static bool is_own_name(struct word word)
{
	/* Nearly no name begins like this, so that nearly none is compared. */
	if (!memchr("lbiLBI0", word.text[0], 7))
		return false;
	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
		if (word.len == own_names[i].len &&
		    strncasecmp(word.text, own_names[i].text, word.len) == 0)
			return true;
	}
	return word.len > 4 && strncasecmp(word.text, "ip6-", 4) == 0;
}

static enum listline_verdict next_host(struct listline *line, struct listline_rule *rule)
{
	uint8_t scope = line->exact ? DOMSET_SCOPE_ITSELF : DOMSET_SCOPE_BOTH;
	bool first = !line->begun;
	struct word word;

	if (!next_word(line, &word))
		return LISTLINE_END;
	if (first) {
		line->begun = true;
		if (!is_address(word)) {
			line->pos = line->end;
			return bad(rule, "does not begin with an address");
		}
		line->address = word.text;
		line->address_len = word.len;
		if (!next_word(line, &word))
			return bad(rule, "an address without a name");
	}
	if (is_own_name(word))
		return LISTLINE_SKIPPED;
	return host_rule(word, scope, rule);
}

/*
 * Options of an adblock rule: true when the rule is still about the whole host.  $document and
 * $all block the whole page, so they are as good as none; of an exception they mean another
 * thing (no blocking inside the page), and it is not about the host.
 */
static bool take_options(struct word options, struct domset_kind *kind)
{
	while (options.len > 0) {
		const char *comma = memchr(options.text, ',', options.len);
		size_t len = comma ? (size_t)(comma - options.text) : options.len;
		struct word option = {options.text, len};

		if (word_is(option, "important"))
			kind->important = true;
		else if (kind->exception ||
			 (!word_is(option, "all") && !word_is(option, "document") &&
			  !word_is(option, "doc")))
			return false;
		word_drop(&options, comma ? len + 1 : len);
	}
	return true;
}

/* Splits "x^|$options" behind its "||"; false when it is not of that form. */
static bool split_adblock(struct word rule, struct word *ret_host, struct word *ret_options)
{
	static const char ends_host[] = {'^', '$', '|', '/', '*', ':', '?', ',', '=', '~'};
	size_t len = 0;
	bool ended = false;

	while (len < rule.len && !memchr(ends_host, rule.text[len], sizeof(ends_host)))
		len++;
	*ret_host = (struct word){rule.text, len};
	word_drop(&rule, len);
	if (word_begins(rule, "^")) {
		word_drop(&rule, 1);
		ended = true;
	}
	if (word_begins(rule, "|")) {
		word_drop(&rule, 1);
		ended = true;
	}
	/* "||ads." and "||ad-" are beginnings of many names. */
	if (len == 0 || ret_host->text[len - 1] == '.' ||
	    (!ended && (ret_host->text[len - 1] == '-' || !memchr(ret_host->text, '.', len))))
		return false;
	if (rule.len > 0 && rule.text[0] != '$')
		return false;
	if (rule.len > 0)
		word_drop(&rule, 1);
	*ret_options = rule;
	return true;
}

static enum listline_verdict adblock_rule(struct word word, struct listline_rule *rule)
{
	struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	enum listline_verdict verdict;
	struct word host;
	struct word options;

	if (word_begins(word, "@@")) {
		kind.exception = true;
		word_drop(&word, 2);
	}
	if (!word_begins(word, "||"))
		return LISTLINE_SKIPPED;
	word_drop(&word, 2);
	if (word_begins(word, "*.")) {
		kind.scope = DOMSET_SCOPE_BELOW;
		word_drop(&word, 2);
	}
	if (!split_adblock(word, &host, &options) || !take_options(options, &kind) ||
	    is_address_like(host))
		return LISTLINE_SKIPPED;
	verdict = host_rule(host, kind.scope, rule);
	rule->kind = kind;
	return verdict;
}

static enum listline_verdict next_adblock(struct listline *line, struct listline_rule *rule)
{
	struct word word;

	while (line->pos < line->end && is_blank(*line->pos))
		line->pos++;
	while (line->pos < line->end && is_blank(line->end[-1]))
		line->end--;
	word = (struct word){line->pos, (size_t)(line->end - line->pos)};
	line->pos = line->end;
	if (word.len == 0 || word.text[0] == '!' || word.text[0] == '[' || word_is(word, "#") ||
	    word_begins(word, "# "))
		return LISTLINE_END;
	return adblock_rule(word, rule);
}

enum listline_verdict listline_next(struct listline *line, struct listline_rule *ret_rule)
{
	switch (line->format) {
	case LIST_FORMAT_HOSTS:
		return next_host(line, ret_rule);
	case LIST_FORMAT_ADBLOCK:
		return next_adblock(line, ret_rule);
	default:
		return next_name(line, ret_rule);
	}
}
