/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker has around it, without the worker: a loop, counters, a cache and a snapshot. */
#ifndef SUPPORT_RIG_H
#define SUPPORT_RIG_H

#include "query/snapshot.h"
#include "loop/loop.h"
#include "support/await.h"

#define RIG_GENERATION 1U

struct rig {
	struct loop loop;
	struct loop_shared shared;
	struct stats stats;
	struct snapshot *snapshot;
	struct event *pulse; /* so that a turn ends though nothing happens */
	struct event *breaker;
	int breaker_fd;
};

#define RIG_STAT(rig, field) atomic_load(&(rig)->stats.field)

extern const struct hash_key rig_key;

/*
 * A snapshot of the defaults that serves 127.0.0.0/8, without upstreams, and with one list,
 * which answers NXDOMAIN for `blocked` and what is below it.
 */
struct snapshot *rig_snapshot(uint64_t generation, const char *blocked);

/* The list of the rig's own snapshot blocks "blocked.example". */
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);

#define RIG_POOL_MAX 80U

struct rig_pool {
	struct upstream_pool pool;
	struct conf_upstream servers[RIG_POOL_MAX];
};

/* Makes `p` a pool for all names, of servers at these addresses, by default; returns it. */
const struct upstream_pool *rig_pool(struct rig_pool *p, const struct endpoint *addresses,
				     size_t count);

/* One turn of the loop, a few milliseconds at most when nothing happens. */
void rig_turn(struct rig *rig);

/* Has the next turn break the loop, once the event that the kernel has ready now was handled and
 * before what that event has made active. */
void rig_break_next(struct rig *rig);

/* Turns the loop until `condition` holds. */
#define RIG_AWAIT(rig, condition) AWAIT(condition, rig_turn(rig))

#endif
