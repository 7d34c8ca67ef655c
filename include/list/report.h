/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a list was found to be while it was read: the counts, and the first lines to complain of.
 * Filled by the readers (list/listfile, match/rpz), judged by list/guard, shown by the daemon.
 */
#ifndef LIST_REPORT_H
#define LIST_REPORT_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "dns/name.h"

#define REPORT_BAD_MAX 8  /* bad lines kept, the first ones */
#define REPORT_HELD_MAX 8 /* held rules kept, the first ones */
#define REPORT_NOTE_MAX 200

enum list_format {
	LIST_FORMAT_AUTO, /* asked for only; a report names what was decided */
	LIST_FORMAT_NAMES,
	LIST_FORMAT_HOSTS,
	LIST_FORMAT_ADBLOCK,
	LIST_FORMAT_RPZ,
	LIST_FORMAT_COUNT
};

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
	uint32_t entries; /* valid rules of the source that may be in force, duplicates included */
	uint32_t exceptions; /* entries that are exceptions */
	uint32_t held;	  /* valid rules that the over-block gate keeps out of force: no entries */
	uint32_t skipped; /* rules that are not about whole hosts, and localhost's own lines */
	uint32_t bad;	  /* lines or names that cannot be read */
	/* Entries given twice; known when the set is frozen (domset_count()), zero until then. */
	uint32_t duplicates;
	struct report_note bad_notes[REPORT_BAD_MAX];	/* the first min(bad, REPORT_BAD_MAX) */
	struct report_note held_notes[REPORT_HELD_MAX]; /* the first min(held, ...) */
};

/* "names", "hosts", "adblock", "rpz", "auto".  Never NULL. */
const char *list_format_str(enum list_format format);

void report_init(struct list_report *report, enum list_format format);

/* Counts a bad line; the first few are kept as `reason: "excerpt"` (`text` may be NULL). */
void report_bad(struct list_report *report, uint32_t line, const char *reason, const char *text,
		size_t len);

/* Counts a held entry; the first few are kept as `owner reason`. */
void report_held(struct list_report *report, uint32_t line, const char *reason,
		 const struct name *owner);

#endif
