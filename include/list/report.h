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
#include "line/reason.h"

#define REPORT_BAD_MAX 8     /* bad lines kept, the first ones */
#define REPORT_SKIPPED_MAX 8 /* skipped lines kept, the first ones */
#define REPORT_HELD_MAX 8    /* held rules kept, the first ones */
#define REPORT_NOTE_MAX 200

/* One line of a list, and why it is not in force. */
struct report_note {
	uint32_t line;
	char text[REPORT_NOTE_MAX]; /* reason, and the text of the line; printable ASCII */
};

/* What became of an entry that is not in force. */
enum report_fate {
	REPORT_MALFORMED, /* a bad line */
	REPORT_SKIPPED,
	REPORT_HELD,  /* back, by the over-block gate */
	REPORT_AGAIN, /* the same rule was there already, which is in force */
	REPORT_FATE_COUNT
};

/* Who is told of every line that is not taken; the texts are the teller's. */
struct report_ear {
	void (*begin)(void *arg); /* a file is read: what was told before does not hold */
	void (*hear)(void *arg, enum report_fate fate, uint32_t line, const char *reason,
		     const char *text, size_t len);
	void *arg;
};

struct list_report {
	const struct report_ear *ear; /* NULL: nobody; see report_listen */
	enum list_format format;
	struct stat version; /* of the file that was read */
	bool unsteady;	     /* it was being written: to be read again in a moment */
	bool open_end;	     /* its last line has no newline: it may be cut off */
	uint64_t bytes;	     /* read */
	uint64_t due_s;	     /* when a row of it begins or ends to be in force next; 0: never */
	uint64_t over_s;     /* the last time at which a row of it ended; 0: none has */
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

void report_init(struct list_report *report, enum list_format format);

/* Has `ear` (NULL: nobody) told from now on, until the next report_init. */
void report_listen(struct list_report *report, const struct report_ear *ear);

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
