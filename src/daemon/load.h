/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a load. */
#ifndef DAEMON_LOAD_H
#define DAEMON_LOAD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "query/snapshot.h"
#include "list/report.h"

/*
 * Fills in which zones have pools of their own (`s->pools` are there), which names are the
 * operator's own, and which are special.  With `lenient` a hosts file that cannot be read is told
 * in the log, and goes without.  ERR_SYS, ERR_REFUSED, ERR_NOMEM.
 */
enum err loader_set_names(struct snapshot *s, const struct hash_key *name_key, bool lenient,
			  struct err_text *text) MUST_CHECK;

/* Logs the lines of a file that were not taken. */
void loader_log_report(const char *file, const struct list_report *report);

#endif
