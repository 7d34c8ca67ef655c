/* SPDX-License-Identifier: BSD-2-Clause */
/* A file being read into a builder, and what of it is taken or not. */
#ifndef LIST_READER_H
#define LIST_READER_H

#include "base/pages.h"
#include "list/addrline.h"
#include "list/listfile.h"
#include "list/ruletake.h"
#include "list/source.h"
#include "list/takenback.h"
#include "line/listline.h"

/* What the line that is being read turned out to be so far. */
struct line_state {
	bool told;	/* it says something */
	bool bad;	/* and something of it cannot be read */
	bool skipped;	/* and something of it is skipped */
	bool is_hosts;	/* it is an address and its names */
	bool discarded; /* nothing more of it is wanted */
};

/* A file being read into a builder. */
struct reader {
	const struct listfile_options *options;
	struct ruletake take;
	struct list_report *report;
	struct err_text *text;
	struct source *source;
	size_t addresses; /* in the builder before */
	struct pages block;
	size_t have; /* octets in the block that are not worked off */
	bool at_end;
	bool in_line; /* the block begins with the rest of a line that is longer than it */
	struct line_state state;
	struct listline_rule rule;
	struct takenback taken_back; /* filled by the first reading, used by the second */
	bool again;		     /* this is the second */
};

/* Begins the next line, or row, in which something may be told. */
void reader_begin_line(struct reader *reader, uint32_t line);

/* Reads until the block is full or the file ends.  ERR_CANCELLED; as source_read. */
enum err reader_fill(struct reader *reader) MUST_CHECK;

/* ERR_REFUSED: the file `what`. */
enum err reader_refused(const struct reader *reader, const char *what);

/* `err`, which a builder has failed with, with its text. */
enum err reader_failed(const struct reader *reader, enum err err);

/* Tells that something of the line is not taken, for the reason of the rule; the line is counted
 * once as bad and once as skipped, by the first thing that makes it so.  ERR_NOMEM: that is why. */
enum err reader_not_taken(struct reader *reader, enum listline_verdict verdict, const char *text,
			  size_t len) MUST_CHECK;

/* Takes the rule, or tells why it is not taken.  ERR_NOMEM, ERR_REFUSED: too many kinds. */
enum err reader_take_rule(struct reader *reader, const char *text, size_t len) MUST_CHECK;

/* The same of addresses. */
enum err reader_take_range(struct reader *reader, const struct addrline_range *range,
			   const char *text, size_t len) MUST_CHECK;

#endif
