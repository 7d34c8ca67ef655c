/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept goes along to another state directory, where the next start looks for it. */
#ifndef KEEP_MOVE_H
#define KEEP_MOVE_H

#include <stdbool.h>

#include "base/err.h"

/* Copies what is kept of mandatory lists from the state directory `from` to `to`, unless they are
 * the same; "": none.  Failures are logged.  ERR_REFUSED with text: `to` is none, and what the
 * lists held is not `known` without. */
enum err keep_move(const char *from, const char *to, bool known, struct err_text *text) MUST_CHECK;

#endif
