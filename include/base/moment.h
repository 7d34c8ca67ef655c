/* SPDX-License-Identifier: BSD-2-Clause */
/* Times of the calendar as text (RFC 3339). */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include <stdint.h>

#include "base/err.h"

#define MOMENT_TEXT_MAX 24	     /* of a time as moment_text writes it */
#define MOMENT_MAX_S 253402300799ULL /* the last second of the year 9999 */

/* Reads a time with its zone, as 2026-11-28T07:00:00Z or 2026-11-28T08:00:00+01:00, from 1970 to
 * the year 9999.  ERR_SYNTAX, ERR_RANGE.  Any thread. */
enum err moment_parse(const char *text, uint64_t *ret_s) MUST_CHECK;

/* Writes Unix time `s` in UTC; "" for 0, and beyond MOMENT_MAX_S; returns `buf`. */
const char *moment_text(uint64_t s, char buf[MOMENT_TEXT_MAX]);

#endif
