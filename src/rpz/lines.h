/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of a master file, put together to records: comments are gone, and what parentheses hold
 * together is on one line.
 *
 * A parenthesis that nothing closes costs its own line alone: the lines after it are read again.
 */
#ifndef RPZ_LINES_H
#define RPZ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pages.h"

#define LINES_JOINED_MAX 128U	       /* lines of a record */
#define LINES_BYTES_MAX (1024U * 1024) /* of lines that wait for others */

/* Zeroed memory is empty. */
struct lines {
	struct pages raw;    /* lines that wait, each with its newline */
	struct pages joined; /* the record that they have come to */
	size_t begin;	     /* in `raw`: the first that waits */
	size_t end;
	uint32_t number; /* of the first that waits */
	uint32_t count;
	size_t taken_bytes; /* of the record given last, behind its first line */
	uint32_t taken_lines;
};

enum lines_found {
	LINES_NONE, /* more lines are needed */
	LINES_WHOLE,
	LINES_BROKEN, /* of a line that no record begins with: something is not closed */
};

/* A line put together, and the number of the first that it is of. */
struct lines_record {
	const char *text; /* good until the next call */
	size_t len;
	uint32_t number;
};

/* What parts the words of a line. */
static inline bool lines_is_gap(char c)
{
	return c == ' ' || c == '\t';
}

/* True when the line is a record as it stands, if no others wait: neither comment nor parenthesis
 * nor quotation mark is in it. */
bool lines_is_plain(const char *text, size_t len);

static inline bool lines_wait(const struct lines *lines)
{
	return lines->count > 0;
}

/* Adds line `number`, without CRs at its end.  ERR_NOMEM. */
enum err lines_add(struct lines *lines, const char *text, size_t len, uint32_t number) MUST_CHECK;

/* The next record of the lines that wait; `at_end`: no others will come. */
enum lines_found lines_next(struct lines *lines, bool at_end, struct lines_record *ret_record);

/*
 * What lines_next has given last was no record: of lines put together, all but the first wait
 * again.
 */
void lines_reject(struct lines *lines);

void lines_fini(struct lines *lines);

#endif
