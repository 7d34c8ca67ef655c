/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in a cell: a host, an address, a date, a score.  Pure; any thread. */
#ifndef TABLE_CELL_H
#define TABLE_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "line/word.h"

/* What a cell says of a host. */
struct cell_host {
	struct word text; /* the name, address or prefix; part of the cell */
	bool is_url;	  /* of which the cell names but a part: it has a path or a scheme */
	bool is_hash;	  /* it is the hash of a file, and no host */
};

/* "x", "x:443", "[2001:db8::1]:443", "http://user@x:80/path": x.  Whether that is a name or an
 * address remains to be seen; so does whether it is either. */
struct cell_host cell_host_of(struct word cell);

/* True for what a name may be written with, or an address, and nothing of it as a rule or a
 * comment: letters, digits, '-', '_', '.', ':', '/', octets of UTF-8, and "*." before it. */
bool cell_is_plain(struct word text);

/*
 * A date, or a time of the calendar: as RFC 3339, with a blank for the T, with a fraction of a
 * second, without a zone (UTC), with " UTC", without the time of day (when the day begins in UTC),
 * or seconds since 1970.  0: the cell says that there is none ("", "null", "none", "-",
 * "0000-00-00"). ERR_SYNTAX, ERR_RANGE.
 */
enum err cell_time(struct word cell, uint64_t *ret_s) MUST_CHECK;

/* A score, a number of 0 to 4294967295; a fraction is cut off.  ERR_SYNTAX. */
enum err cell_score(struct word cell, uint32_t *ret_score) MUST_CHECK;

#endif
