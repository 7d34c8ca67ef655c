/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that the process was handed by whoever started it, bound already: by the service manager,
 * which keeps them over a restart, or by the process that is to be taken over from.  What is queued
 * in them is lost by nobody.  The main thread alone.
 */
#ifndef NET_INHERITED_H
#define NET_INHERITED_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

/* Zero-initialised: none. */
struct inherited {
	size_t count;
	int *fds; /* owned, as the sockets */
};

/* Takes the socket over; closes it on failure.  ERR_NOMEM. */
enum err inherited_add(struct inherited *inherited, int fd) MUST_CHECK;

/* How many there are of `type` (SOCK_DGRAM or SOCK_STREAM, listening) that are bound to `e`. */
size_t inherited_count(const struct inherited *inherited, const struct endpoint *e, int type);

/* Gives away the first of them: it is the caller's from then on.  -1: there is none. */
int inherited_take(struct inherited *inherited, const struct endpoint *e, int type);

/* Closes those that are bound to none of the `count` endpoints, or cannot be used; returns how many
 * there were. */
size_t inherited_close_others(struct inherited *inherited, const struct endpoint *endpoints,
			      size_t count);

/* Closes what was not given away. */
void inherited_fini(struct inherited *inherited);

#endif
