/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log says once the daemon serves: where, what is in force, and what to try. */
#ifndef DAEMON_ANNOUNCE_H
#define DAEMON_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>

#include "load/loader.h"
#include "net/listener.h"
#include "query/snapshot.h"

/*
 * Logs the upstreams, the addresses, and the line that says "ready".  On a terminal (`interactive`)
 * it also says how to reload and what to ask.  Main thread.
 */
void announce(const struct snapshot *snapshot, const struct load_result *result,
	      const struct listeners *listeners, bool interactive);

/* Logs how long a restart may take until queries are lost that wait in the sockets, which the
 * service manager keeps, and how long the load has taken.  The first of `sockets` is one of UDP. */
void announce_restart(const int *sockets, const struct load_result *result);

/* Warns when more than `before` datagrams have been dropped of these sockets: nobody read them
 * while this process loaded. */
void announce_lost(const int *sockets, size_t count, uint64_t before);

/* Tells systemd what is in force and what is not (STATUS of sd_notify(3)).  Any thread. */
void announce_status(const struct load_result *result);

#endif
