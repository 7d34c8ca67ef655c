/* SPDX-License-Identifier: BSD-2-Clause */
/* Reloads: each in a thread of its own, one at a time.  The main thread's, but for those that
 * say otherwise. */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "daemon/inforce.h"
#include "load/notes.h"

struct reload;

struct reload_hooks {
	/* What was loaded is in force, of which nobody was told yet.  The loader's thread. */
	void (*in_force)(void *arg, const struct snapshot *snapshot);
	/* A reload has ended, well or not, and none follows at once.  The main thread. */
	void (*done)(void *arg);
	void *arg;
};

/* Puts what it loads from `conf_path` in force by `f`; both stay the caller's.  ERR_NOMEM, ERR_SYS.
 */
enum err reload_create(struct event_base *base, const char *conf_path,
		       const struct hash_key *name_key, struct inforce *f,
		       const struct reload_hooks *hooks, struct reload **ret_reload) MUST_CHECK;

/* Begins what was wanted first (inforce_want), when the one under way is over; after that the next.
 */
void reload_start(struct reload *reload);

/* None is begun of what is wanted from now on, or is wanted again: what is asked for all the time
 * would have no end, which something else waits for. */
void reload_hold(struct reload *reload);

/* What was left because of that may be begun. */
void reload_release(struct reload *reload);

/* Writes receipts for what is in force, in a thread as a load's; see acknowledge() for the
 * arguments, which have to last until that is over, or another load is.  Not while it is busy. */
void reload_tell(struct reload *reload, const struct load_result *result,
		 const struct notes *notes);

/* Once a second: where there was no thread for reload_tell, it is tried again.  As
 * reload_is_busy. */
bool reload_tick(struct reload *reload);

bool reload_is_busy(const struct reload *reload);

/*
 * Waits for a load to give up that was forbidden.  One that hangs in the kernel, at a file system
 * that does not answer, may never do so.  False: then the process has to end, and to free nothing,
 * since the loader may go on in what would be freed.
 */
bool reload_wait(struct reload *reload) MUST_CHECK;

/* No load may be under way.  NULL is fine. */
void reload_free(struct reload *reload);

#endif
