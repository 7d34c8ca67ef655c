/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that the service manager keeps over a restart: systemd's file descriptor store
 * (sd_notify(3), FDSTORE), and sockets that it has bound itself (systemd.socket(5)).  Without
 * systemd nothing happens.  The main thread alone.
 */
#ifndef SYSTEM_STORE_H
#define SYSTEM_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/inherited.h"

/* Adds what the service manager has passed, by LISTEN_FDS.  ERR_NOMEM. */
enum err store_collect(struct inherited *inherited) MUST_CHECK;

/* Has the store forget all it keeps of us, and waits until it has: an address that is kept cannot
 * be bound in another way. */
void store_forget(void);

/* Has the store keep these sockets; what it has already is kept once.  Only the process that the
 * service manager takes for the main one is listened to.  False: there is nobody, or that failed,
 * which is logged. */
bool store_keep(const int *fds, size_t count);

/* True when there is somebody who may keep sockets. */
bool store_exists(void);

#endif
