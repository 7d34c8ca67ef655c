/* SPDX-License-Identifier: BSD-2-Clause */
/* What a list seems to be, from the octets at its start.  Pure. */
#ifndef LIST_LISTGUESS_H
#define LIST_LISTGUESS_H

#include <stdbool.h>
#include <stddef.h>

#include "list/report.h"

#define LISTGUESS_BYTES ((size_t)64 << 10) /* so much is looked at, at most */

/* Octets of a byte order mark at the start: 3 or 0. */
size_t listguess_bom(const char *text, size_t len);

/*
 * What the text is when it is no list, as a phrase that goes behind the file's name ("is an HTML
 * or XML page, not a list"): a page, UTF-16, an archive.  NULL when it may be one.
 */
const char *listguess_no_list(const char *text, size_t len);

/*
 * The format, by the first significant lines (at most 64): "[Adblock" at the beginning is adblock;
 * "$TTL", "$ORIGIN", an SOA or a CNAME record is rpz; otherwise the form that most lines have, of
 * `||x^`, `address name` and a name alone.  A text that tells nothing is names, or adblock if it
 * has a line with '!'.  `whole` when nothing comes after `text`.
 */
enum list_format listguess_format(const char *text, size_t len, bool whole);

#endif
