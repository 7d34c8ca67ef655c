/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of a list: text in, rules out.  Pure; it is what the fuzzer feeds.
 *
 * A line is judged for itself, whatever the format of the list, since real lists are mixed:
 *
 * name     "x" covers as `exact` says, ".x" covers x and below, "*.x" only below.
 * hosts    An address, then names, each as above.  What a hosts file says of the machine itself
 *          (localhost, ip6-...) is skipped.
 * adblock  "||x^" covers x and below, "||*.x^" only below, "|x^" x alone; with "@@" before it an
 *          exception.  "$important" makes it beat what is not; "$badfilter" takes a rule back that
 *          is the same without; "$denyallow=y|z" makes exceptions of y and z with what is below
 *          them, where they lie below x; "$dnsrewrite" says what is answered: an rcode,
 *          nothing, an address or a CNAME; "$dnstype" has it be for questions of some types.
 * Anything that is not about a whole host (paths, cosmetic rules, modifiers that narrow it) is
 * skipped. dnsmasq  "address=/x/y/a" covers x, y and below, whatever the address; "local=/x/" and
 * "server=/x/" likewise, and are answered NXDOMAIN. Unbound  "local-zone: x static" covers x and
 * below, and is answered by its type; "local-data: 'x A a'" covers x alone.
 *
 * pattern  "/regex/" is one, with "@@" and modifiers as above; so are names with '*' in them, and
 * in adblock names that do not end ("||ads-").  In a names list "ads*.x" is for whole names, in
 * adblock for a part of them.  A word that begins with '^', ends with '$' or has an escaped dot is
 * a regular expression as Pi-hole has them, with its ";reply=".
 *
 * '!', '#' and ';' begin a comment at the line's start or after white space; '#' also ends a word
 * of a name or hosts line.  "[...]" is a header.  The format tells only what a line cannot: in
 * adblock a word without a dot, or one that is no name, is a part of an address and skipped, and
 * "##x" hides a part of a page, where it is a comment elsewhere.
 *
 * Names are ASCII host names (underscores allowed); UTF-8 ones are taken through IDNA 2008,
 * non-transitional (RFC 5891; UTS 46 for the mapping).
 */
#ifndef LINE_LISTLINE_H
#define LINE_LISTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/name.h"
#include "set/domset.h"
#include "line/reason.h"

enum listline_verdict {
	LISTLINE_END,	  /* nothing more on this line */
	LISTLINE_RULE,	  /* a rule was set */
	LISTLINE_SKIPPED, /* something valid that is no rule about a host; the reason was set */
	LISTLINE_BAD,	  /* something that cannot be read; the reason was set */
};

/* A line being read; the caller's memory.  The text is not copied. */
struct listline {
	const char *pos;
	const char *end;
	enum list_format format;
	bool exact;
	bool begun;
	bool is_hosts;	     /* the line is an address and its names */
	bool comment;	     /* it has ended at a comment */
	const char *address; /* of a hosts line, from its first name on */
	size_t address_len;
	const char *more; /* further names of the line, parted by a character, all of a kind */
	size_t more_len;
	char more_parted;
	const char *more_above; /* text of the name that they lie below; NULL: they need not */
	size_t more_above_len;
	struct domset_kind more_kind;
};

/* A record that a rule gives: an address, or the name that its names lead to (CNAME). */
struct listline_record {
	uint16_t type; /* 0: the rule gives none */
	uint8_t rdlen;
	uint8_t rdata[NAME_WIRE_MAX];
};

struct listline_rule {
	struct name owner;
	struct pattern_source
		pattern; /* of the line's text; without length: the rule has an owner */
	struct domset_kind kind;
	struct listline_record gives; /* with DOMSET_ANSWER_DATA */
	bool denyallow;		      /* an exception that $denyallow of the line makes */
	bool badfilter;		 /* the rule is not in force, nor another of its owner and kind */
	enum list_reason reason; /* set with LISTLINE_SKIPPED and LISTLINE_BAD alone */
};

/*
 * Begins a line of `len` octets without its newline; blanks around it do not matter.  `format` is
 * that of the list: names, hosts or adblock.
 */
void listline_init(struct listline *line, enum list_format format, bool exact, const char *text,
		   size_t len);

/*
 * Begins the rest of a hosts line that is read in parts: only names are left of it.  A line that
 * ended at a comment has no rest.
 */
void listline_init_more(struct listline *line, bool exact, const char *text, size_t len);

/*
 * The next thing on the line.  A line has at most one unless it is of a hosts file or of dnsmasq,
 * or has $denyallow. `ret_rule`
 * is set as the verdict says.  Any thread; IDNs allocate (and are bad when that fails).
 */
enum listline_verdict listline_next(struct listline *line, struct listline_rule *ret_rule);

#endif
