/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the running daemon: signals, reloads, the word to systemd, the end.
 *
 *   SIGHUP            reload configuration and lists, in a thread of its own
 *   SIGUSR1           log the counters, and how each worker finds the upstreams
 *   SIGUSR2           hand over to a new process of the program (daemon/handover.h)
 *   SIGTERM, SIGINT   answer what is in flight, write the cache to its file, and end; a load under
 *                     way is given up
 */
#ifndef DAEMON_LIFECYCLE_H
#define DAEMON_LIFECYCLE_H

#include "base/err.h"
#include "base/hash.h"
#include "cache/cache.h"
#include "daemon/beside.h"
#include "daemon/successor.h"
#include "order/minutes.h"
#include "load/loader.h"
#include "load/notes.h"
#include "net/worker.h"
#include "system/statelock.h"

struct lifecycle_config {
	const char *conf_path;
	char *const *argv; /* of this process, for one that it hands over to */
	struct hash_key name_key;
	struct hash_key cookie_secret;
	struct workers *workers; /* started */
	struct cache *cache;
	struct beside *beside;		 /* begun */
	struct minutes *minutes;	 /* NULL: none are kept */
	const struct load_result *first; /* how the load at the start went */
	const struct notes *notes;	 /* of that load */
	const struct manual *handed;	 /* as of inforce_create */
	struct successor *successor;	 /* is told when it answers */
	struct statelock **lock;	 /* is let go at a hand-over */
};

/*
 * Runs until a signal says to end; the workers are stopped then, as they are on failure.  The
 * main thread; the other threads must have all signals blocked.  Signals that were blocked until
 * now are handled then.  Does not return, but ends the process well, when a load hangs at the end.
 * ERR_NOMEM, ERR_SYS.
 */
enum err lifecycle_run(const struct lifecycle_config *config) MUST_CHECK;

#endif
