/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a list was found to be while it was read: the counts, and the first lines to complain of.
 * Filled by the readers (list/listfile, rpz/zone), judged by list/guard, shown by the daemon.
 */
#ifndef LIST_REPORT_H
#define LIST_REPORT_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "dns/name.h"

#define REPORT_BAD_MAX 8     /* bad lines kept, the first ones */
#define REPORT_SKIPPED_MAX 8 /* skipped lines kept, the first ones */
#define REPORT_HELD_MAX 8    /* held rules kept, the first ones */
#define REPORT_NOTE_MAX 200

enum list_format {
	LIST_FORMAT_AUTO, /* asked for only; a report names what was decided */
	LIST_FORMAT_NAMES,
	LIST_FORMAT_HOSTS,
	LIST_FORMAT_ADBLOCK,
	LIST_FORMAT_RPZ,
	LIST_FORMAT_ADDRESSES,
	LIST_FORMAT_COUNT
};

/* True for the formats whose lines may be mixed, each judged for itself (list/listline). */
static inline bool list_format_has_names(enum list_format format)
{
	return format < LIST_FORMAT_RPZ;
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
	X(LINE_ADDRESS, "an address, not a name") \
	X(LINE_OWN_NAME, "a name of the machine itself") \
	X(LINE_LINK, "an address of one link, which means nothing elsewhere") \
	X(LINE_PART, "about a part of a site: a path, a port, a page") \
	X(LINE_COSMETIC, "about what a page shows (a cosmetic rule)") \
	X(LINE_PATTERN, "a pattern, not a name") \
	X(LINE_MODIFIER, "a modifier that narrows the rule to some requests") \
	X(LINE_CLIENT, "a modifier that narrows the rule to some clients") \
	X(LINE_ANSWER, "an answer of its own, which is not given from lists") \
	X(LINE_TAKEN_BACK, "taken back by another line ($badfilter)") \
	X(LINE_FORWARD, "about where a name is asked for") \
	X(LINE_SETTING, "a setting of another program that blocks nothing") \
	X(LINE_TYPE, "a type of record that rules cannot give") \
	X(LINE_TRIGGER, "a trigger that is not looked at")

/* clang-format on */

#define LIST_REASON_ENUMERATOR(enumerator, words) enumerator,
enum list_reason { LIST_REASONS(LIST_REASON_ENUMERATOR) LIST_REASON_COUNT };
#undef LIST_REASON_ENUMERATOR

#define LIST_REASON_SKIP LINE_ADDRESS /* the first reason that makes no line a bad one */

/* One line of a list, and why it is not in force. */
struct report_note {
	uint32_t line;
	char text[REPORT_NOTE_MAX]; /* reason, and the text of the line; printable ASCII */
};

struct list_report {
	enum list_format format;
	struct stat version; /* of the file that was read */
	bool unsteady;	     /* it was being written: to be read again in a moment */
	bool open_end;	     /* its last line has no newline: it may be cut off */
	uint64_t bytes;	     /* read */
	uint32_t lines;	     /* read, comments and empty ones included */
	uint32_t told;	     /* lines that say something: neither a comment nor empty */
	uint32_t entries; /* valid rules of the source that may be in force, duplicates included */
	uint32_t exceptions; /* entries that are exceptions */
	uint32_t held;	  /* valid rules that the over-block gate keeps out of force: no entries */
	uint32_t skipped; /* lines with something valid that is no rule about a whole host */
	uint32_t bad;	  /* lines with something that cannot be read */
	/* Lines by the first reason of each that makes it a bad or a skipped one. */
	uint32_t reasons[LIST_REASON_COUNT];
	/* Entries given twice; known when the set is frozen (domset_count()), zero until then. */
	uint32_t duplicates;
	struct report_note bad_notes[REPORT_BAD_MAX]; /* the first min(bad, REPORT_BAD_MAX) */
	/* The first ones but for names of the machine itself, which nobody has to look at. */
	struct report_note skipped_notes[REPORT_SKIPPED_MAX];
	uint32_t skipped_noted;
	struct report_note held_notes[REPORT_HELD_MAX]; /* the first min(held, ...) */
};

/* "names", "hosts", "adblock", "rpz", "addresses", "auto".  Never NULL. */
const char *list_format_str(enum list_format format);

void report_init(struct list_report *report, enum list_format format);

/* "an address, not a name": as a person would say it.  Never NULL. */
const char *list_reason_str(enum list_reason reason);

/*
 * Counts a line that is bad or skipped, as the reason has it; the first few are kept as
 * `reason: "excerpt"` (`text` may be NULL).  Once a line for each of the two.
 */
void report_not_taken(struct list_report *report, uint32_t line, enum list_reason reason,
		      const char *text, size_t len);

/* Writes the lines that were not taken, by reason, as "3 an address, not a name; 1 ..."; ""
 * when there are none.  Cut to `size`.  Returns `buf`. */
char *report_reasons(const struct list_report *report, char *buf, size_t size);

/* Counts a held entry; the first few are kept as `owner reason`. */
void report_held(struct list_report *report, uint32_t line, const char *reason,
		 const struct name *owner);

/* The same of an entry that is no name: what stands in the line. */
void report_held_text(struct list_report *report, uint32_t line, const char *reason,
		      const char *text, size_t len);

#endif
