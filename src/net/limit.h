/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one client may have over UDP, where an address is easily pretended: so many queries a second
 * (rate-limit), and so much at one time of what was held back (server.burst-size).
 *
 * A query that is over the rate is decided as any other, so that a hit on a list is counted; but no
 * upstream is asked for it, and its answer is an empty, truncated one, or none.  Who really has the
 * address asks again over TCP, where it is proven, or sends the cookie that the answer has.
 */
#ifndef NET_LIMIT_H
#define NET_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/heavy.h"
#include "loop/loop.h"

#define BURST_CLIENTS 4096U /* told apart by a keyed hash; others share their bound */

enum limited {
	LIMITED_NOT,
	LIMITED_TRUNCATED,
	LIMITED_DROPPED,
};

/* One worker's.  All zero at first. */
struct limit {
	struct heavy over; /* queries beyond the rate, since the last look */
	struct heavy near; /* queries that left their client little */
	uint64_t looks;
	struct burst {
		uint32_t window;
		uint32_t octets;
	} bursts[BURST_CLIENTS];
};

/* Counts a decided query over UDP against its client's rate.  To be called where the snapshot has
 * rates. */
enum limited limit_query(struct limit *limit, struct loop *loop, const struct query *q);

/* Counts an answer of `len` octets to a query of `client`, which waits since `since_ms`.  False:
 * with it more would leave for the client at one time than may. */
bool limit_burst(struct limit *limit, struct loop *loop, const struct ip *client,
		 const struct query_wait *wait, uint64_t since_ms, size_t len);

/* Tells of those who are over their rate, and of those who are near it, once a minute for all
 * workers.  To be called once a second. */
void limit_look(struct limit *limit, struct loop *loop);

#endif
