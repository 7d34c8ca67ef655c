/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern/literal.h"

#include <string.h>

#include "pattern/strings.h"

#define DEPTH_MAX 12U  /* groups in groups */
#define MEMBERS_MAX 4U /* of a class that is spelt out */

/* What is known of a part of the expression. */
struct part {
	bool whole;	      /* `tail` is all that it matches */
	struct literals tail; /* it ends with one of these */
	struct literals best; /* and has one of these in it; none: count 0 */
};

struct scan {
	const char *pos;
	const char *end;
	uint32_t depth;
	bool lost; /* something was not understood: nothing holds */
};

static const struct literals nothing_fixed = {.count = 1, .at = {{.len = 0}}};

static bool is_name_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* ---- parts */

static void set_empty(struct part *part)
{
	part->whole = true;
	part->tail = nothing_fixed;
	part->best.count = 0;
}

/* The part matches anything. */
static void set_gap(struct part *part)
{
	set_empty(part);
	part->whole = false;
}

static void set_octet(struct part *part, char c)
{
	c = lower(c);
	if (!is_name_octet(c)) {
		set_gap(part);
		return;
	}
	set_empty(part);
	part->tail.at[0].len = 1;
	part->tail.at[0].octets[0] = c;
}

/* What one of which is in all that the part matches. */
static struct literals best_of(const struct part *part)
{
	struct literals best = part->best;

	strings_consider(&best, &part->tail);
	return best;
}

/* `part` becomes itself with `next` behind. */
static void append(struct part *part, const struct part *next)
{
	struct literals joined;

	if (next->whole && strings_multiply(&part->tail, &next->tail, &joined)) {
		part->tail = joined;
		return;
	}
	strings_consider(&part->best, &part->tail);
	strings_consider(&part->best, &next->best);
	part->tail = next->tail;
	part->whole = false;
}

/* `part` becomes itself or `other`. */
static void alternate(struct part *part, const struct part *other)
{
	struct literals both = part->tail;
	struct literals mine;
	struct literals its;

	if (part->whole && other->whole && strings_unite(&both, &other->tail)) {
		part->tail = both;
		return;
	}
	mine = best_of(part);
	its = best_of(other);
	if (strings_worth(&mine) == 0 || strings_worth(&its) == 0 || !strings_unite(&mine, &its))
		mine.count = 0;
	set_gap(part);
	part->best = mine;
}

/* ---- reading */

static bool at(const struct scan *s, char c)
{
	return s->pos < s->end && *s->pos == c;
}

static bool take(struct scan *s, char c)
{
	if (!at(s, c))
		return false;
	s->pos++;
	return true;
}

static bool take_text(struct scan *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->pos) < len || memcmp(s->pos, text, len) != 0)
		return false;
	s->pos += len;
	return true;
}

static bool is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Behind a backslash outside of classes. */
static void read_escape(struct scan *s, struct part *part)
{
	char c = s->pos < s->end ? *s->pos++ : '\0';

	if (is_in(c, "dDwWsShHvVNtnrfea"))
		set_gap(part);
	else if (is_in(c, "bBAzZG"))
		set_empty(part);
	else if (c == '\0' || (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'))
		s->lost = true;
	else
		set_octet(part, c);
}

/* One member of a class; false where it is not a single octet. */
static bool read_member(struct scan *s, char *ret_octet)
{
	char c = *s->pos++;

	if (c == '[' && (at(s, ':') || at(s, '.') || at(s, '='))) {
		char kind = *s->pos++;

		while (s->pos + 1 < s->end && !(s->pos[0] == kind && s->pos[1] == ']'))
			s->pos++;
		s->pos = s->end - s->pos > 1 ? s->pos + 2 : s->end;
		return false;
	}
	if (c == '\\' && s->pos < s->end) {
		c = *s->pos++;
		if ((c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z')) {
			s->lost = s->lost || is_in(c, "QEcxopPNk01234567");
			return false;
		}
	}
	*ret_octet = c;
	return true;
}

/* Behind '['.  A few members are as many alternatives. */
static void read_class(struct scan *s, struct part *part)
{
	bool few = !take(s, '^');
	struct part octet;
	uint32_t members = 0;
	char c = '\0';

	part->tail.count = 0;
	for (bool first = true; s->pos < s->end && (first || *s->pos != ']'); first = false) {
		few = read_member(s, &c) && few && members++ < MEMBERS_MAX;
		if (at(s, '-') && s->pos + 1 < s->end && s->pos[1] != ']')
			few = false;
		if (few) {
			set_octet(&octet, c);
			few = octet.whole && strings_unite(&part->tail, &octet.tail);
		}
	}
	s->lost = s->lost || !take(s, ']');
	part->best.count = 0;
	part->whole = true;
	if (!few)
		set_gap(part);
}

static void read_alternatives(struct scan *s, struct part *ret_part);

/* Skips a name in a group's head, up to `end`. */
static void skip_name(struct scan *s, char end)
{
	while (s->pos < s->end && *s->pos != end)
		s->pos++;
	s->lost = s->lost || !take(s, end);
}

/* What stands behind '(' and says what the group is for. */
enum head { HEAD_PLAIN, HEAD_AROUND, HEAD_OPTION };

static enum head read_head(struct scan *s)
{
	if (take_text(s, "?i)"))
		return HEAD_OPTION;
	if (take_text(s, "?=") || take_text(s, "?!") || take_text(s, "?<=") || take_text(s, "?<!"))
		return HEAD_AROUND;
	if (take_text(s, "?P<") || take_text(s, "?<"))
		skip_name(s, '>');
	else if (!take_text(s, "?:") && !take_text(s, "?>"))
		s->lost = s->lost || at(s, '?') || at(s, '*');
	return HEAD_PLAIN;
}

/* Behind '('.  What is looked at ahead or behind is no part of the text. */
static void read_group(struct scan *s, struct part *part)
{
	enum head head = read_head(s);

	set_empty(part);
	s->lost = s->lost || s->depth == DEPTH_MAX;
	if (s->lost || head == HEAD_OPTION)
		return;
	s->depth++;
	read_alternatives(s, part);
	s->depth--;
	s->lost = s->lost || !take(s, ')');
	if (head == HEAD_AROUND)
		set_empty(part);
}

static void read_atom(struct scan *s, struct part *part)
{
	char c = *s->pos++;

	switch (c) {
	case '\\':
		read_escape(s, part);
		break;
	case '[':
		read_class(s, part);
		break;
	case '(':
		read_group(s, part);
		break;
	case '^':
	case '$':
		set_octet(part, '.');
		break;
	case '.':
		set_gap(part);
		break;
	case '*':
	case '+':
	case '?':
	case '{':
		s->lost = true;
		break;
	default:
		set_octet(part, c);
	}
}

/* "{2}", "{2,}", "{2,3}" behind '{': the least number; a brace that is none is not understood. */
static uint32_t read_least(struct scan *s)
{
	uint32_t least = 0;
	bool digits = false;

	for (; s->pos < s->end && *s->pos >= '0' && *s->pos <= '9'; s->pos++) {
		digits = true;
		least |= (uint32_t)(*s->pos - '0');
	}
	s->lost = s->lost || !digits;
	if (take(s, ','))
		while (s->pos < s->end && *s->pos >= '0' && *s->pos <= '9')
			s->pos++;
	s->lost = s->lost || !take(s, '}');
	return least;
}

/* True when a quantifier stands here; `ret_least` is 0 or more than that. */
static bool read_quantifier(struct scan *s, uint32_t *ret_least, bool *ret_once)
{
	*ret_least = 0;
	*ret_once = at(s, '?');
	if (take(s, '+'))
		*ret_least = 1;
	else if (take(s, '{'))
		*ret_least = read_least(s);
	else if (!take(s, '*') && !take(s, '?'))
		return false;
	if (!take(s, '?'))
		(void)take(s, '+');
	return true;
}

/* `part` becomes itself with `atom`, as often as the quantifier behind it says. */
static void append_quantified(struct scan *s, struct part *part, const struct part *atom)
{
	struct part none;
	struct part gap;
	uint32_t least;
	bool once;

	set_empty(&none);
	set_gap(&gap);
	if (!read_quantifier(s, &least, &once)) {
		append(part, atom);
		return;
	}
	if (once && atom->whole) {
		alternate(&none, atom);
		append(part, &none);
		return;
	}
	if (least > 0)
		append(part, atom);
	append(part, &gap);
}

static void read_sequence(struct scan *s, struct part *ret_part)
{
	struct part atom;

	set_empty(ret_part);
	while (s->pos < s->end && !s->lost && *s->pos != '|' && *s->pos != ')') {
		read_atom(s, &atom);
		if (!s->lost)
			append_quantified(s, ret_part, &atom);
	}
}

static void read_alternatives(struct scan *s, struct part *ret_part)
{
	struct part other;

	read_sequence(s, ret_part);
	while (!s->lost && take(s, '|')) {
		read_sequence(s, &other);
		alternate(ret_part, &other);
	}
}

void literal_find(const char *regex, size_t len, struct literals *ret_literals)
{
	struct scan scan = {.pos = regex, .end = regex + len};
	struct part part;

	ret_literals->count = 0;
	read_alternatives(&scan, &part);
	if (scan.lost || scan.pos < scan.end)
		return;
	*ret_literals = best_of(&part);
	if (strings_worth(ret_literals) < LITERAL_OCTETS_MIN)
		ret_literals->count = 0;
}
