/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes on, for a person to watch; until the process is interrupted, on a terminal. */
#ifndef TOOLS_LIVE_H
#define TOOLS_LIVE_H

#include "tools/ask.h"

/* The most frequent names and clients: each second on a terminal, else once. */
int live_top(const struct line *line, json_t *given);

/* A line for each query. */
int live_watch(const struct line *line, json_t *given);

/* A line for each client of `root`, which is released. */
int live_clients(const struct line *line, json_t *root);

#endif
