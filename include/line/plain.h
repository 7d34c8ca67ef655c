/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines that most lists have nothing but, read at once and quickly: a host name alone, one
 * behind 0.0.0.0 or 127.0.0.1, "||x^".  All others are left to listline, which reads these just so.
 */
#ifndef LINE_PLAIN_H
#define LINE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "line/listline.h"

/* Octets from the line's start on that have to be readable. */
#define PLAIN_ROOM 320U

/*
 * Reads the line that begins at `text`, where PLAIN_ROOM octets can be read.  Returns its length
 * without its newline (a CR before it is counted) when it is of one of these forms, and sets
 * `ret_rule` to the only rule that listline_next would make of it, but for the reason.  0: it says
 * nothing of the line, and `ret_rule` holds no rule.  `format` and `exact` as of listline_init.
 * Any thread.
 */
size_t plain_line(const char *text, enum list_format format, bool exact,
		  struct listline_rule *ret_rule);

/*
 * Reads the host name at `text`, where PLAIN_ROOM octets can be read, up to the first octet that no
 * host name has, with a dot at its end or not: the same as name_from_host.  Returns its length; 0:
 * there is none of up to 253 octets, and `ret_name` holds no name.  Any thread.
 */
size_t plain_host(const char *text, struct name *ret_name);

#endif
