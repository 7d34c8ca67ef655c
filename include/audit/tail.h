/* SPDX-License-Identifier: BSD-2-Clause */
/* The last lines of an audit log: see audit/audit.h. */
#ifndef AUDIT_TAIL_H
#define AUDIT_TAIL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

#define AUDIT_TAIL_OCTETS (8U * 1024 * 1024) /* of the log's end are looked at */

/*
 * The last `max` lines of the log at `path`, the oldest first, as a JSON array; with `list` (NULL:
 * all) those that are about the list of that name.  What is no JSON is left out.  `ret_whole`: the
 * log is no longer than what is looked at.  A log that is not there has no lines.  ERR_SYS,
 * ERR_NOMEM with `text`.  Any thread.
 */
enum err audit_tail(const char *path, const char *list, size_t max, json_t **ret_events,
		    bool *ret_whole, struct err_text *text) MUST_CHECK;

#endif
