/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats of lists, and why something that a list says is not taken. */
#ifndef LINE_REASON_H
#define LINE_REASON_H

#include <stdbool.h>

enum list_format {
	LIST_FORMAT_AUTO, /* asked for only; a report names what was decided */
	LIST_FORMAT_NAMES,
	LIST_FORMAT_HOSTS,
	LIST_FORMAT_ADBLOCK,
	LIST_FORMAT_RPZ,
	LIST_FORMAT_ADDRESSES,
	LIST_FORMAT_CSV,
	LIST_FORMAT_JSON,
	LIST_FORMAT_COUNT
};

/* True for the formats whose lines may be mixed, each judged for itself (line/listline). */
static inline bool list_format_has_names(enum list_format format)
{
	return format < LIST_FORMAT_RPZ;
}

/* True for the formats whose rows have columns (table/table). */
static inline bool list_format_is_table(enum list_format format)
{
	return format == LIST_FORMAT_CSV || format == LIST_FORMAT_JSON;
}

/* clang-format off */

/*
 * Why a line is not taken: enumerator, words.  First what cannot be read, which makes the line a
 * bad one; from LIST_REASON_SKIP on what is valid but no rule about whole hosts: the line is skipped.
 */
#define LIST_REASONS(X) \
	X(LINE_LABEL, "a label is empty or over 63 octets") \
	X(LINE_NAME, "the name is over 255 octets") \
	X(LINE_CHAR, "a character that a host name cannot have") \
	X(LINE_IDNA, "not valid as an internationalized name (IDNA 2008)") \
	X(LINE_NUMBER, "the last label is a number, as of an address") \
	X(LINE_WORDS, "more than one word") \
	X(LINE_NO_ADDRESS, "does not begin with an address") \
	X(LINE_LONG, "the line is over 256 KiB") \
	X(LINE_NO_MEMORY, "out of memory") \
	X(LINE_NOT_ADDRESS, "neither an address, a prefix nor a range of addresses") \
	X(LINE_HOST_BITS, "no such prefix: its length is wrong, or bits behind it are set") \
	X(LINE_BACKWARDS, "a range that ends before it begins") \
	X(LINE_RECORD, "no record as zone files have them") \
	X(LINE_OUTSIDE, "outside of the zone") \
	X(LINE_CLASH, "the name has another action already, or a CNAME beside other records") \
	X(LINE_CROWD, "more records than a rule can give") \
	X(LINE_UNKNOWN_ACTION, "an RPZ action that is not known") \
	X(LINE_PREFIX, "no address or prefix as RPZ writes them") \
	X(LINE_PATTERN_INVALID, "not valid as a pattern, or one that no name can match") \
	X(LINE_PATTERN_LONG, "a pattern over 1,000 octets") \
	X(LINE_PATTERN_COSTLY, "a pattern that costs too much: it goes back too often, or is too large") \
	X(LINE_PATTERN_LOOSE, "a pattern without fixed text, of which there are too many already") \
	X(LINE_PATTERN_MANY, "a pattern, and there are 16,384 already") \
	X(LINE_ANSWER_INVALID, "an answer that cannot be read ($dnsrewrite)") \
	X(LINE_TYPE_INVALID, "a type of question that is not known ($dnstype)") \
	X(LINE_DATE, "a date that cannot be read") \
	X(LINE_SCORE_INVALID, "a score that is no number") \
	X(LINE_SINKHOLE, "no address that could be answered") \
	X(LINE_BROKEN, "no JSON") \
	X(LINE_NO_ROW, "no row: quotes out of place, or no object") \
	X(LINE_ADDRESS, "an address, not a name") \
	X(LINE_OWN_NAME, "a name of the machine itself") \
	X(LINE_LINK, "an address of one link, which means nothing elsewhere") \
	X(LINE_PART, "about a part of a site: a path, a port, a page") \
	X(LINE_COSMETIC, "about what a page shows (a cosmetic rule)") \
	X(LINE_PATTERN, "a pattern, not a name") \
	X(LINE_MODIFIER, "a modifier that narrows the rule to some requests") \
	X(LINE_CLIENT, "a modifier that narrows the rule to some clients") \
	X(LINE_ANSWER, "an answer of a kind that lists do not give") \
	X(LINE_TYPES, "types of question that rules do not tell apart, or none") \
	X(LINE_TAKEN_BACK, "taken back by another line ($badfilter)") \
	X(LINE_FORWARD, "about where a name is asked for") \
	X(LINE_SETTING, "a setting of another program that blocks nothing") \
	X(LINE_TYPE, "a type of record that rules cannot give") \
	X(LINE_NO_CELL, "a row without a name or an address") \
	X(LINE_HASH, "the hash of a file") \
	X(LINE_SCORE, "a score that the list does not take") \
	X(LINE_EARLY, "not in force yet, by its insert date") \
	X(LINE_OVER, "over, by its delete date") \
	X(LINE_LIFTS, "of a mandatory zone, and would let pass what it blocks")

/* clang-format on */

#define LIST_REASON_ENUMERATOR(enumerator, words) enumerator,
enum list_reason { LIST_REASONS(LIST_REASON_ENUMERATOR) LIST_REASON_COUNT };
#undef LIST_REASON_ENUMERATOR

#define LIST_REASON_SKIP LINE_ADDRESS /* the first reason that makes no line a bad one */

/* "names", "hosts", "adblock", "rpz", "addresses", "auto".  Never NULL. */
const char *list_format_str(enum list_format format);

/* "an address, not a name": as a person would say it.  Never NULL. */
const char *list_reason_str(enum list_reason reason);

#endif
