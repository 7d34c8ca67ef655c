/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/listline.h"

#include <string.h>
#include <strings.h>

#include "line/line.h"

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

void listline_init_more(struct listline *line, bool exact, const char *text, size_t len)
{
	listline_init(line, LIST_FORMAT_HOSTS, exact, text, len);
	line->is_hosts = true;
	line->begun = true;
}

static enum listline_verdict end_line(struct listline *line)
{
	line->pos = line->end;
	return LISTLINE_END;
}

static const bool ends_word[256] = {
	[' '] = true,  ['\t'] = true, ['\n'] = true, ['\v'] = true,
	['\f'] = true, ['\r'] = true, ['#'] = true,
};

/* The next word of a names or hosts line; false at its end or at a comment. */
static bool next_word(struct listline *line, struct word *ret_word)
{
	const char *start = line->pos;
	const char *pos;

	while (start < line->end && is_blank(*start))
		start++;
	if (start == line->end || *start == '#' || *start == ';' || *start == '!') {
		line->comment = start < line->end;
		line->pos = line->end;
		return false;
	}
	for (pos = start; pos < line->end && !ends_word[(uint8_t)*pos];)
		pos++;
	line->pos = pos;
	*ret_word = (struct word){start, (size_t)(pos - start)};
	return true;
}

/* "192.0.2.0/24", "192.0.2.1:443", "[2001:db8::1]:443": about addresses as well. */
static bool is_address_and_more(struct word word)
{
	struct word prefix = word;

	if (word.text[0] == '[')
		return true;
	prefix = word_cut(&prefix, '/');
	return line_is_address(prefix) || line_is_address(word_cut(&word, ':'));
}

/* False for nearly all names, at little cost. */
static bool may_be_address(struct word word)
{
	char c = word.text[0];

	if (is_digit(c))
		return line_is_address_like(word) || word_has(word, ':');
	return c == ':' || (strchr("abcdefABCDEF", c) && word_has(word, ':'));
}

static enum list_reason odd_reason(struct word word, enum list_reason reason)
{
	if (reason != LINE_CHAR || word_has(word, '\0'))
		return reason;
	if (is_address_and_more(word))
		return LINE_ADDRESS;
	for (size_t i = 0; i < word.len; i++) {
		if (memchr("*^$|()[]{}+\\", word.text[i], 12))
			return LINE_PATTERN;
	}
	return word_has(word, '/') || word_has(word, ':') ? LINE_PART : reason;
}

/* "x" covers as the list says, ".x" x and what is below, "*.x" only that. */
static enum listline_verdict take_name(const struct listline *line, struct word word,
				       struct listline_rule *rule)
{
	uint8_t scope = line->exact ? DOMSET_SCOPE_ITSELF : DOMSET_SCOPE_BOTH;
	enum listline_verdict verdict;
	struct word host = word;

	if (word_begins(word, "*.")) {
		scope = DOMSET_SCOPE_BELOW;
		host = word_from(word, 2);
	} else if (word_begins(word, ".") && word.len > 1) {
		scope = DOMSET_SCOPE_BOTH;
		host = word_from(word, 1);
	}
	verdict = line_host(host, scope, rule);
	if (verdict == LISTLINE_BAD && !line_wildcard(word, line->format, rule, &verdict))
		return line_not_taken(rule, odd_reason(word, rule->reason));
	return verdict;
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

/* A name of a hosts line, behind its address. */
static enum listline_verdict next_host(struct listline *line, struct listline_rule *rule)
{
	struct word word;

	if (!next_word(line, &word))
		return LISTLINE_END;
	if (is_own_name(word))
		return line_not_taken(rule, LINE_OWN_NAME);
	return take_name(line, word, rule);
}

static enum listline_verdict first_host(struct listline *line, struct word address,
					struct listline_rule *rule)
{
	enum listline_verdict verdict;

	line->address = address.text;
	line->address_len = address.len;
	line->is_hosts = true;
	verdict = next_host(line, rule);
	return verdict == LISTLINE_END ? line_not_taken(rule, LINE_ADDRESS) : verdict;
}

/* True for what stands behind "x" in "x##.banner", "x#@#.banner" and their like. */
static bool is_cosmetic(const char *text, const char *end)
{
	const char *mark = text < end ? text + 1 : end;

	while (mark < end && memchr("@?$%", *mark, 4))
		mark++;
	return mark + 1 < end && *mark == '#' && !is_blank(mark[1]) && mark[1] != '#';
}

/* A name alone, or whatever no other kind of line begins with. */
static enum listline_verdict plain_line(struct listline *line, struct listline_rule *rule)
{
	enum listline_verdict verdict;
	struct word word;
	struct word more;

	if (!next_word(line, &word))
		return LISTLINE_END;
	if (may_be_address(word) && line_is_address(word))
		return first_host(line, word, rule);
	if (line->pos < line->end && is_cosmetic(line->pos, line->end)) {
		line->pos = line->end;
		return line_not_taken(rule, LINE_COSMETIC);
	}
	if (next_word(line, &more)) {
		line->pos = line->end;
		return line_not_taken(rule, line_is_address(more) || line_is_address_like(word)
						    ? LINE_NO_ADDRESS
						    : LINE_WORDS);
	}
	verdict = take_name(line, word, rule);
	/* Among the rules of a filter list a word is a part of what is asked for, not a name. */
	if (line->format == LIST_FORMAT_ADBLOCK &&
	    (verdict == LISTLINE_BAD || (verdict == LISTLINE_RULE && !word_has(word, '.'))))
		return line_not_taken(rule, LINE_PART);
	return verdict;
}

/* A rule of a filter list, which ends with the line or at a comment behind a blank. */
static struct word whole_rule(struct listline *line)
{
	struct word word = {line->pos, (size_t)(line->end - line->pos)};
	struct word hash;

	line->pos = line->end;
	for (hash = word; word_has(hash, '#'); (void)word_cut(&hash, '#')) {
		const char *at = memchr(hash.text, '#', hash.len);

		if (at > word.text && is_blank(at[-1])) {
			word.len = (size_t)(at - word.text);
			break;
		}
	}
	return word_trim(word);
}

/* A comment, but among the rules of a filter list "##.banner", which hides what it says. */
static enum listline_verdict hash_line(struct listline *line, struct listline_rule *rule)
{
	bool cosmetic = line->format == LIST_FORMAT_ADBLOCK && is_cosmetic(line->pos, line->end);

	(void)end_line(line);
	return cosmetic ? line_not_taken(rule, LINE_COSMETIC) : LISTLINE_END;
}

/* "[Adblock Plus 2.0]" */
static bool is_header(const struct listline *line)
{
	struct word word = word_trim((struct word){line->pos, (size_t)(line->end - line->pos)});

	return word.text[word.len - 1] == ']';
}

static enum listline_verdict begin_line(struct listline *line, struct listline_rule *rule)
{
	while (line->pos < line->end && is_blank(*line->pos))
		line->pos++;
	if (line->pos == line->end)
		return LISTLINE_END;
	switch (*line->pos) {
	case '!':
	case ';':
		return end_line(line);
	case '#':
		return hash_line(line, rule);
	case '|':
	case '@':
	case '/':
		return line_adblock(line, whole_rule(line), rule);
	case '[':
		return is_header(line) ? end_line(line) : plain_line(line, rule);
	case 'a':
	case 'l':
	case 's':
		if (line_is_setting((struct word){line->pos, (size_t)(line->end - line->pos)}))
			return line_setting(line, whole_rule(line), rule);
		return plain_line(line, rule);
	default:
		return plain_line(line, rule);
	}
}

enum listline_verdict listline_next(struct listline *line, struct listline_rule *ret_rule)
{
	if (!line->begun) {
		line->begun = true;
		return begin_line(line, ret_rule);
	}
	if (line->more_len > 0)
		return line_next_more(line, ret_rule);
	return line->is_hosts ? next_host(line, ret_rule) : LISTLINE_END;
}
