/* SPDX-License-Identifier: BSD-2-Clause */
/* Until when something holds that is said by command, as a person writes it. */
#ifndef MANUAL_UNTIL_H
#define MANUAL_UNTIL_H

#include <stdint.h>

#include "base/err.h"

/*
 * Reads a time (RFC 3339, as 2026-11-28T07:00:00Z or with an offset; a day, as 2026-11-28, which is
 * its beginning in UTC) or so long from `now_s` on: 90s, 10m, 12h, 3d, 2w.  What has passed already
 * is refused.  ERR_SYNTAX, ERR_RANGE with `text`.  Any thread.
 */
enum err until_parse(const char *given, uint64_t now_s, uint64_t *ret_until_s,
		     struct err_text *text) MUST_CHECK;

#endif
