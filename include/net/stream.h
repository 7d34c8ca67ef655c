/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP front end of one worker (RFC 7766): connections whose queries are pipelined and
 * answered as their answers come, in any order.
 *
 * The limits are those of the snapshot in force, asked whenever they are needed.  Connections
 * are counted over all workers, in all and per client (a prefix).  At a client's own limit, the one
 * of its connections that was idle for longest makes room.  At the limit of all, one of the client
 * with most of them does: an idle one, or else one in use, if that client has more than the new
 * one.  Where another worker has what is to go, the new one is let in, and the other closes it
 * within a second.  With nothing that may go, the new one is closed, and the log says so.
 *
 * A connection is idle when none of its questions is in flight; it is used when a whole query
 * comes, or the last of its answers has been written.  Whoever sends what is no query, or may
 * not ask, is read no more and closed after his last answer.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "loop/loop.h"
#include "upstream/upstream.h"

struct stream;

/*
 * Accepts on the `count` listening, non-blocking sockets of `fds` (taken over on success),
 * answers from `loop`'s environment, asks `upstreams` what it cannot.  ERR_NOMEM.
 * The worker's thread, as all below.
 */
enum err stream_create(struct loop *loop, struct upstreams *upstreams, const int *fds, size_t count,
		       struct stream **ret_stream) MUST_CHECK;

/* Closes all connections and sockets.  Questions still at the upstreams must be ended first
 * (upstreams_free).  NULL is fine. */
void stream_free(struct stream *stream);

/* Takes on what has arrived, then reads no more and closes the listening sockets; what is in
 * flight is still answered, and each connection closed after its last answer.  Without `accept`
 * connections that were not accepted yet are left to others who have the sockets, and one that was,
 * and whose first query may be under way, is read for a second more. */
void stream_drain(struct stream *stream, bool accept);

/* What a drain waits for: questions in flight whose client is still there, connections with answers
 * not written out, and such as are still read. */
size_t stream_pending(const struct stream *stream);

#endif
