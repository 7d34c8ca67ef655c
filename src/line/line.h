/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the reading of a line, by the kind of line:
 *
 *   listline.c  which kind a line is; names and hosts lines
 *   adblock.c   rules of filter lists
 *   setting.c   settings of dnsmasq and Unbound
 *   wildcard.c  patterns that stand alone
 *   line.c      what they share
 */
#ifndef LINE_LINE_H
#define LINE_LINE_H

#include "line/listline.h"
#include "line/word.h"

/* Why the thing at hand is not taken: bad or skipped, as the reason has it. */
static inline enum listline_verdict line_not_taken(struct listline_rule *rule,
						   enum list_reason reason)
{
	rule->reason = reason;
	return reason < LIST_REASON_SKIP ? LISTLINE_BAD : LISTLINE_SKIPPED;
}

/* True for a name whose last label is a number: an IPv4 address, never a host (RFC 1123, 2.1). */
static inline bool line_is_address_like(struct word word)
{
	size_t end = word.len;
	size_t start;

	if (end > 0 && word.text[end - 1] == '.')
		end--;
	for (start = end; start > 0 && is_digit(word.text[start - 1]);)
		start--;
	return start < end && (start == 0 || word.text[start - 1] == '.');
}

/* True for an address, IPv4 or IPv6, also with a scope ("fe80::1%lo0"). */
bool line_is_address(struct word word);

/* Makes `rule` one for the host name `word`. */
enum listline_verdict line_host(struct word word, uint8_t scope, struct listline_rule *rule);

/* Makes `rule` one for a pattern. */
enum listline_verdict line_pattern(struct word text, uint8_t form, struct listline_rule *rule);

/*
 * A word that is no name: a glob, or a regular expression of Pi-hole's kind.  False: it is neither,
 * and nothing was set.
 */
bool line_wildcard(struct word word, enum list_format format, struct listline_rule *rule,
		   enum listline_verdict *ret_verdict);

/* Has the line go on with the names of `more`, parted by `parted`, which are all of a kind.  Where
 * `above` is some text, those that do not lie below it are passed over. */
static inline void line_go_on(struct listline *line, struct word more, char parted,
			      struct domset_kind kind, struct word above)
{
	line->more = more.text;
	line->more_len = more.len;
	line->more_parted = parted;
	line->more_kind = kind;
	line->more_above = above.text;
	line->more_above_len = above.len;
}

/* The next of those names. */
enum listline_verdict line_next_more(struct listline *line, struct listline_rule *rule);

/* A line that begins with '|' or '@': a rule of a filter list. */
enum listline_verdict line_adblock(struct listline *line, struct word word,
				   struct listline_rule *rule);

/* True for a line that another program is configured by. */
bool line_is_setting(struct word word);

/* Such a line. */
enum listline_verdict line_setting(struct listline *line, struct word word,
				   struct listline_rule *rule);

#endif
