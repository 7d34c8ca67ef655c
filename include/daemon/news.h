/* SPDX-License-Identifier: BSD-2-Clause */
/* How the loads went, for whoever asks later: kept over all of them.  The caller sees to it that
 * one thread at a time reads or writes. */
#ifndef DAEMON_NEWS_H
#define DAEMON_NEWS_H

#include "load/loader.h"
#include "query/snapshot.h"
#include "web/view.h"

/* Zero-initialised: nothing was loaded yet. */
struct news {
	struct web_loads loads;
	struct stats_lists lists; /* what loads.lists are of */
};

/* What `result` tells of `snapshot` is in force. */
void news_good(struct news *news, const struct snapshot *snapshot,
	       const struct load_result *result);

/* A load has failed for `reason`, and changed nothing. */
void news_failed(struct news *news, const char *reason);

#endif
