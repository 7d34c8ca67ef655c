/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an audit log is as it was written: see audit/audit.h. */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <stdio.h>

#include "base/err.h"

/*
 * Reads the log at `path`; `key` is the PEM file that proves signatures (NULL: audit.pub beside the
 * log), `checkpoint` a copy of audit.checkpoint that was kept elsewhere (NULL: none).  Prints to
 * `out` each fault with its line (edited, removed before it, not in order, signed by another key,
 * the end cut off), or how many lines are sound, up to when. ERR_SYNTAX: it has faults.  ERR_SYS,
 * ERR_NOMEM with `text`: it could not be read.  Any thread.
 */
enum err audit_verify(const char *path, const char *key, const char *checkpoint, FILE *out,
		      struct err_text *text) MUST_CHECK;

#endif
