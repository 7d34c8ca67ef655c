/* SPDX-License-Identifier: BSD-2-Clause */
/* Points in time, as they are given on a command line. */
#ifndef REPORT_WHEN_H
#define REPORT_WHEN_H

#include <stdint.h>

#include "base/err.h"

/*
 * "2026-11-28", "2026-11-28T07:00:00" (UTC both) or with "Z" or an offset behind it (RFC 3339),
 * Unix time of nine digits at least, or so long before `now_s`: "90m", "12h", "3d".  ERR_SYNTAX,
 * and `text` says so.
 */
enum err when_parse(const char *given, uint32_t now_s, uint32_t *ret_s,
		    struct err_text *text) MUST_CHECK;

#endif
