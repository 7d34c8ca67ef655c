/* SPDX-License-Identifier: BSD-2-Clause */
/* The line of an audit log by which a load of some time is proved: see audit/audit.h. */
#ifndef AUDIT_FIND_H
#define AUDIT_FIND_H

#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/moment.h"

struct audit_place {
	uint64_t seq; /* of the line */
	char hash[DIGEST_TEXT_MAX];
	char time[MOMENT_TEXT_MAX];
};

/*
 * Finds in the log at `path` the last load at or before Unix time `at_s`.  ERR_NOTFOUND: there is
 * none.  ERR_REFUSED: a line up to there is not as it was written, or not behind the one before it.
 * ERR_SYS, ERR_NOMEM.  All with `text`.  Any thread; reads all of the log, whose clock may have
 * jumped.
 */
enum err audit_find_load(const char *path, uint64_t at_s, struct audit_place *ret_place,
			 struct err_text *text) MUST_CHECK;

#endif
