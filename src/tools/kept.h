/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon keeps of orders and of what was done: receipts, and the audit log. */
#ifndef TOOLS_KEPT_H
#define TOOLS_KEPT_H

#include "tools/ask.h"

/* Prints all receipts, page after page. */
int kept_receipts(const struct line *line, json_t *given);

/* Prints the last events, one a line, and whether the log is sound: fails when it is not. */
int kept_audit(const struct line *line, json_t *root);

#endif
