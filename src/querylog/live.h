/* SPDX-License-Identifier: BSD-2-Clause */
/* The last queries, and the most frequent names and clients, of bounded size.  The caller sees to
 * it that one thread at a time is here. */
#ifndef QUERYLOG_LIVE_H
#define QUERYLOG_LIVE_H

#include "querylog/querylog.h"

struct live;

/* NULL: out of memory. */
struct live *live_create(void);
void live_free(struct live *live);

/* Adds a query. */
void live_add(struct live *live, const struct querylog_seen *seen);

/* Forgets half of what was counted; to be called each LIVE_HALF_S seconds. */
#define LIVE_HALF_S 15U
void live_fade(struct live *live);

/* As querylog_watch and querylog_top. */
size_t live_recent(const struct live *live, uint64_t after, struct querylog_seen *seen, size_t max);
size_t live_top(const struct live *live, enum querylog_top table,
		struct querylog_row rows[QUERYLOG_TOP_MAX]);

#endif
