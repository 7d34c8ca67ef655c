/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of an audit log: made, and read back. */
#ifndef AUDIT_LINE_H
#define AUDIT_LINE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

#define LINE_MAX_OCTETS 65536U
#define LINE_FIRST "0000000000000000000000000000000000000000000000000000000000000000"

/* The end of a log: what the next line follows. */
struct line_end {
	uint64_t seq; /* of the last line; 0: there is none */
	char hash[DIGEST_TEXT_MAX];
};

/* The line of `event` (which stays the caller's) after `end`, with its newline, by free(); `end` is
 * then that line.  ERR_NOMEM. */
enum err line_make(json_t *event, struct line_end *end, char **ret_line,
		   size_t *ret_len) MUST_CHECK;

/* A line that was read. */
struct line {
	json_t *root; /* owned */
	uint64_t seq;
	const char *prev;
	char hash[DIGEST_TEXT_MAX]; /* as it stands there */
};

/* Reads a line without its newline.  ERR_SYNTAX: no line of a log; ERR_REFUSED: its hash is not
 * that of its text; then `ret_line` is filled all the same.  ERR_NOMEM. */
enum err line_read(const char *text, size_t len, struct line *ret_line) MUST_CHECK;
void line_free(struct line *line);

#endif
