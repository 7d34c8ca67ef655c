/* SPDX-License-Identifier: BSD-2-Clause */
/* Where those who come by the room web are told of the daemon, and ask things of it. */
#ifndef DAEMON_DESK_H
#define DAEMON_DESK_H

#include <event2/event.h>

#include "base/err.h"
#include "cache/cache.h"
#include "daemon/beside.h"
#include "daemon/inforce.h"
#include "net/worker.h"

struct desk;

struct desk_config {
	struct workers *workers;
	struct cache *cache;
	struct inforce *inforce;
	struct beside *beside;
	struct fetch *fetch; /* NULL: there is none */
	uint64_t started_s;  /* Unix time */
};

/* A reload is wanted.  Called in the main thread, from the loop. */
typedef void desk_reload_fn(void *arg);

/* Opens what control and metrics of the configuration in force name.  What `config` points to has
 * to last.  ERR_NOMEM, ERR_SYS.  Main thread. */
enum err desk_open(struct event_base *base, const struct desk_config *config,
		   desk_reload_fn *reload, void *arg, struct desk **ret_desk) MUST_CHECK;

/* NULL is fine.  Main thread. */
void desk_close(struct desk *desk);

#endif
