/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that wait for a load of the daemon: reload and fetch. */
#ifndef TOOLS_LOADS_H
#define TOOLS_LOADS_H

#include "tools/ask.h"

/* Ask for one, wait for its end, and tell of it; the exit status.  `given` stays the caller's. */
int loads_reload(const struct line *line, json_t *given);
int loads_fetch(const struct line *line, json_t *given);

#endif
