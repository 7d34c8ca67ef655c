/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of a list: text in, rules out.  Pure; it is what the fuzzer feeds.
 *
 * names    One name a line.  "x" covers as `exact` says, ".x" covers x and below, "*.x" only
 *          below.  '#' and ';' begin a comment at the line's start or after white space.
 * hosts    An address, then names, each covering as `exact` says.  What a hosts file says of
 *          the machine itself (localhost, ip6-...) is skipped.  Comments as above.
 * adblock  "||x^" covers x and below, "@@||x^" is its exception, "$important" makes it beat
 *          what is not.  Comments begin with '!', headers with '['.  Anything that is not about
 *          a whole host (paths, cosmetic rules, options that narrow it) is skipped.
 *
 * Names are ASCII host names (underscores allowed); UTF-8 ones are taken through IDNA 2008,
 * non-transitional (RFC 5891; UTS 46 for the mapping).
 */
#ifndef LIST_LISTLINE_H
#define LIST_LISTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/name.h"
#include "match/domset.h"
#include "list/report.h"

#define LISTLINE_MAX 4096 /* octets of a line; a longer one is bad */

enum listline_verdict {
	LISTLINE_END,	  /* nothing more on this line */
	LISTLINE_RULE,	  /* a rule was set */
	LISTLINE_SKIPPED, /* something valid that is no rule about a host */
	LISTLINE_BAD,	  /* something that cannot be read; the reason was set */
};

/* A line being read; the caller's memory.  The text is not copied. */
struct listline {
	const char *pos;
	const char *end;
	enum list_format format;
	bool exact;
	bool begun;
	const char *address; /* of a hosts line, from its first name on */
	size_t address_len;
};

struct listline_rule {
	struct name owner;
	struct domset_kind kind;
	const char *reason; /* static; set with LISTLINE_BAD alone */
};

/*
 * Begins a line of `len` octets without its newline; a carriage return at its end is taken off.
 * `format` is names, hosts or adblock.
 */
void listline_init(struct listline *line, enum list_format format, bool exact, const char *text,
		   size_t len);

/*
 * The next thing on the line.  A line has at most one unless it is of a hosts file.  `ret_rule`
 * is set as the verdict says.  Any thread; IDNs allocate (and are bad when that fails).
 */
enum listline_verdict listline_next(struct listline *line, struct listline_rule *ret_rule);

#endif
