/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of one worker share: its event base, and what it lends to its queries.  All of
 * it belongs to the worker's thread.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <event2/event.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "core/query.h"
#include "net/tally.h"

/* What all workers count together, against limits that hold for the whole process. */
struct loop_shared {
	atomic_uint tcp_connections;
	struct tally tcp_clients; /* the same, per client address */
};

struct loop {
	struct event_base *base;
	struct query_env env;
	struct loop_shared *shared;
};

/* Reads the clock into the environment: at the beginning of an event's work, once. */
static inline void loop_tick(struct loop *loop)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	loop->env.now_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	loop->env.now_s = (uint32_t)t.tv_sec;
}

#endif
