/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What answers at the addresses that names are cut off by: over HTTP with a page that says why, and
 * for whom there is help; TLS is closed as soon as its first message has told which name is asked
 * for, since no certificate for it can be had; other ports are closed at once.  What came is added
 * to the visits of the ledger.
 *
 * One thread of its own serves all, with bounds for each client (a prefix, as in server): so many
 * connections, so many octets and so long for each, so many a second.  The main thread calls what
 * stands here.
 */
#ifndef LANDING_LANDING_H
#define LANDING_LANDING_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"
#include "conf/conf.h"
#include "evidence/visits.h"
#include "landing/order.h"
#include "count/stats.h"

struct landing;

/* A listening TCP socket that the process was handed, bound to the address; -1: there is none. */
typedef int landing_take_fn(void *arg, const struct endpoint *address);

/*
 * Opens the addresses and ports that `conf` names, while any port may be bound.  One that cannot be
 * opened is logged, and the others are served.  `*ret_landing` is NULL when there is none.
 * ERR_NOMEM.
 */
enum err landing_open(const struct conf *conf, landing_take_fn *take, void *arg,
		      struct landing **ret_landing) MUST_CHECK;

/* How many files a landing may have open at one time. */
size_t landing_files(const struct landing *landing);

/* The sockets that are listened on, for a process that takes over; valid until landing_free. */
const int *landing_sockets(const struct landing *landing, size_t *ret_count);

const struct stats *landing_stats(const struct landing *landing);

/* Starts the thread.  `visits` (NULL: none are noted) and `arg` last until landing_stop.
 * ERR_NOMEM, ERR_SYS.  NULL is fine. */
enum err landing_start(struct landing *landing, struct visits *visits, order_fn *order,
		       void *arg) MUST_CHECK;

/* Ends the thread, and listens no more.  NULL is fine. */
void landing_stop(struct landing *landing);

/* Stops it, if need be, and frees it.  NULL is fine. */
void landing_free(struct landing *landing);

#endif
