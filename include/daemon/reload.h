/* SPDX-License-Identifier: BSD-2-Clause */
/* Reloads: each in a thread of its own, one at a time.  The main thread's, but for those that
 * say otherwise. */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "load/loader.h"
#include "net/worker.h"
#include "web/view.h"

struct reload;

/* Called in the main thread when a reload has ended, well or not, and none follows at once. */
typedef void reload_done_fn(void *arg);

/* Publishes what it loads from `conf_path` to the `workers`; both stay the caller's.  ERR_NOMEM,
 * ERR_SYS. */
enum err reload_create(struct event_base *base, const char *conf_path,
		       const struct hash_key *name_key, struct workers *workers,
		       reload_done_fn *done, void *arg, struct reload **ret_reload) MUST_CHECK;

/* Begins one, or has another one begin when the one under way is over: what has changed meanwhile
 * may have been read already. */
void reload_start(struct reload *reload);

/* How the load at the start went, by which `workers` have what is in force. */
void reload_loaded(struct reload *reload, const struct load_result *result);

/* Somebody wants a reload, which the main thread is still to begin: its number, as loads.covered
 * will tell that it is over.  Any thread. */
uint64_t reload_want(struct reload *reload);

/* What is in force, and how the loads went.  Called once by reload_look; nothing is put in force
 * meanwhile.  Any thread. */
typedef void reload_look_fn(void *arg, const struct snapshot *snapshot,
			    const struct web_loads *loads);
void reload_look(struct reload *reload, reload_look_fn *look, void *arg);

bool reload_is_busy(const struct reload *reload);

/* From now on nothing that is loaded is put in force, and a load under way gives up. */
void reload_forbid(struct reload *reload);

/*
 * Waits for a load to give up that was forbidden.  One that hangs in the kernel, at a file system
 * that does not answer, may never do so.  False: then the process has to end, and to free nothing,
 * since the loader may go on in what would be freed.
 */
bool reload_wait(struct reload *reload) MUST_CHECK;

/* No load may be under way.  NULL is fine. */
void reload_free(struct reload *reload);

#endif
