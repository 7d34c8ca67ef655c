/* SPDX-License-Identifier: BSD-2-Clause */
/* How the loads went, for whoever asks later: kept over all of them.  The caller sees to it that
 * one thread at a time reads or writes. */
#ifndef DAEMON_NEWS_H
#define DAEMON_NEWS_H

#include "load/loader.h"
#include "query/snapshot.h"
#include "web/view.h"

/* Zero-initialised, and news_init: nothing was loaded yet. */
struct news {
	struct web_loads loads;
	struct stats_lists lists; /* what loads.lists are of */
};

/* Reloads are numbered from the time on, in microseconds: who waits for one that another process
 * was asked for sees that it is over. */
void news_init(struct news *news);

/* These three as inforce_want, inforce_is_wanted and inforce_begin (daemon/inforce.h). */
uint64_t news_want(struct news *news, enum web_reload kind);
bool news_is_wanted(const struct news *news, enum web_reload kind);
enum web_reload news_begin(struct news *news, uint64_t *ret_covers);

/* What `result` tells of `snapshot` is in force. */
void news_good(struct news *news, const struct snapshot *snapshot,
	       const struct load_result *result);

/* A load has failed for `reason`, and changed nothing. */
void news_failed(struct news *news, const char *reason);

#endif
