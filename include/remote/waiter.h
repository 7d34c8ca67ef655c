/* SPDX-License-Identifier: BSD-2-Clause */
/* One who waits for a question's reply, and what is told then. */
#ifndef REMOTE_WAITER_H
#define REMOTE_WAITER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "query/query.h"

/* How a question ended. */
struct upstream_result {
	const struct reply *reply; /* NULL: none, see failure */
	struct verdict verdict;	   /* of the lists on the reply */
	enum query_failure failure;
	bool elsewhere; /* the same query waits for another question, by which it is answered */
	bool told;	/* it failed, and a server has said so */
};

/*
 * One client that waits for a question's reply.  The front end embeds it, fills in `wait` (by
 * query_suspend), `client`, `since_us` and `done`, and keeps it until `done` is called, which
 * happens exactly once, from the event loop, never from within upstream_ask.  What `result` points
 * to is valid during the call only.
 *
 * Places and turns are shared out among clients, and a client is a prefix: who has many addresses
 * in one network has one share (loop_client).
 */
struct upstream_waiter {
	STAILQ_ENTRY(upstream_waiter) entry; /* upstream's own */
	struct ip client;     /* its prefix: the address, with all further bits zero */
	uint64_t client_hash; /* ip_hash of the prefix, by the loop's name_key */
	uint64_t since_us;    /* when the query came, monotonic */
	uint64_t origin;      /* the same for a query that is sent again; 0: none is */
	bool inward;	      /* another question waits, of which there are so many: no limit */
	struct query_wait wait;
	void (*done)(struct upstream_waiter *waiter, const struct upstream_result *result);
};

STAILQ_HEAD(waiter_queue, upstream_waiter);

#endif
