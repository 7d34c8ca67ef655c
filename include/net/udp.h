/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP front end of one worker: queries are read, answered and sent a batch at a time, each
 * answer built where its query was read.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "upstream/upstream.h"

struct udp;

/*
 * Serves the `count` bound, non-blocking sockets of `fds` (taken over on success) from `loop`'s
 * environment; asks `upstreams` what it cannot answer, for at most `waiting` clients at one
 * time.  ERR_NOMEM.
 */
enum err udp_create(struct loop *loop, struct upstreams *upstreams, const int *fds, size_t count,
		    uint32_t waiting, struct udp **ret_udp) MUST_CHECK;

/* Sends what has been answered, and closes the sockets.  Questions at the upstreams must be ended
 * first; NULL is fine. */
void udp_free(struct udp *udp);

/* Answers what has arrived, then reads no more; what is in flight is still answered. */
void udp_drain(struct udp *udp);

/* Counts, and warns of, what the kernel dropped since the last call, or since the sockets were
 * taken over: of use about once a second,
 * since of so many batches in between it is also counted how long they took. */
void udp_look(struct udp *udp);

/* How many datagrams the kernel has dropped of a socket since it was made, for want of room in its
 * buffer; 0 for one that is not of UDP.  Any thread. */
uint32_t udp_drops(int fd);

/* Answers built and not sent yet: they leave later in the same turn of the loop. */
size_t udp_pending(const struct udp *udp);

#endif
