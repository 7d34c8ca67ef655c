/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists that are fetched (fetch/fetch.h) in the life of the daemon: what comes is loaded.  The
 * main thread's, but for those that say otherwise. */
#ifndef DAEMON_FEEDS_H
#define DAEMON_FEEDS_H

#include <event2/event.h>

#include "daemon/inforce.h"
#include "fetch/fetch.h"

struct feeds;

/* A list's file is another one, and a reload is wanted (inforce_want).  Called from the loop. */
typedef void feeds_changed_fn(void *arg);

/* Fetches the lists of `snapshot` from now on.  `f` stays the caller's.  ERR_NOMEM, ERR_SYS. */
enum err feeds_create(struct event_base *base, struct inforce *f, const struct snapshot *snapshot,
		      feeds_changed_fn *changed, void *arg, struct feeds **ret_feeds) MUST_CHECK;

/* Takes on what a reload has put in force.  Any thread, one at a time. */
void feeds_configure(struct feeds *feeds, const struct snapshot *snapshot);

/* For those who show what is fetched, and ask for it; valid until feeds_free. */
struct fetch *feeds_fetch(const struct feeds *feeds);

/* NULL is fine. */
void feeds_free(struct feeds *feeds);

#endif
