/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that are listened on: for each worker one of UDP and one of TCP an address, shared
 * out by the kernel (SO_REUSEPORT).  Opened by the main thread while it may still bind any port,
 * or inherited.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "net/inherited.h"

struct listeners {
	size_t workers;
	size_t addresses;
	struct endpoint *endpoints; /* the addresses */
	size_t columns;		    /* sockets of a worker: at least as many as addresses */
	int *udp;		    /* [worker * columns + column], -1: none */
	int *tcp;
	uint64_t drops; /* of the UDP sockets inherited: datagrams dropped until then */
};

/*
 * Opens the sockets of `workers` workers on `count` endpoints.  An address that another process
 * listens on is refused even if that one shares it.  Where there is no IPv6, or none on the
 * loopback interface, IPv6's addresses or its loopback address are left out with a warning,
 * unless none is left then: the default configuration names it.  Any other address that no
 * interface has yet is bound all the same, with a warning.
 *
 * Sockets that were inherited (NULL: none are) come before any are opened: all that are bound to
 * one of the endpoints are shared out, though workers were more before, since queries may be queued
 * in each.  Where workers are more now and a further socket cannot be bound, two share one. ERR_SYS
 * with `text` naming the address; ERR_NOMEM.
 */
enum err listeners_open(const struct endpoint *endpoints, size_t count, size_t workers,
			struct inherited *inherited, struct listeners *ret_listeners,
			struct err_text *text) MUST_CHECK;

/* Closes what no worker has taken over (an fd is -1 then), and frees the arrays. */
void listeners_close(struct listeners *listeners);

#endif
