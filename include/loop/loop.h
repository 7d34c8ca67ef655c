/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of one worker share: its event base, and what it lends to its queries.  All of
 * it belongs to the worker's thread.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "query/query.h"
#include "loop/bucket.h"
#include "loop/heavy.h"
#include "loop/tally.h"

/* Who did most of something since the log was told of it. */
struct loop_watch {
	struct heavy heavy;
	uint64_t quiet_until_ms;
};

/* The clients' rates (rate-limit). */
struct loop_rate {
	struct buckets buckets;
	atomic_bool is_watched; /* a worker has the rest in hand */
	struct loop_watch over; /* queries beyond the rate */
	struct loop_watch near;
};

/* What all workers count together, against limits that hold for the whole process. */
struct loop_shared {
	atomic_uint tcp_connections;
	struct tally tcp_clients; /* the same, per client */
	struct tally waiting;	  /* queries that wait for upstreams, per client */
	struct loop_rate rate;
};

/* How many files one worker, or all together, may have open; 0: as many as they want. */
struct loop_files {
	uint32_t sources;	  /* source ports of one worker, of all its upstreams together */
	uint32_t tcp_connections; /* of clients, of all workers */
};

struct loop {
	struct event_base *base;
	struct query_env env;
	uint64_t now_us; /* monotonic: env.now_ms to the microsecond */
	struct loop_shared *shared;
	struct loop_files files;
};

/* Whose share an address has: who has an IPv6 network draws as many addresses of it as he likes, so
 * that a client is a prefix. */
static inline struct ip loop_client(const struct loop *loop, const struct ip *address)
{
	const struct conf_server *conf = &loop->env.snapshot->conf->server;

	return ip_masked(address, address->family == AF_INET ? conf->client_prefix_ipv4
							     : conf->client_prefix_ipv6);
}

/* By which the tables of clients know a client. */
static inline uint64_t loop_client_hash(const struct loop *loop, const struct ip *client)
{
	return ip_hash(&loop->env.name_key, client);
}

/* Counts one query of a client that waits for upstreams; false: the client has as many as it may.
 */
static inline bool loop_may_wait(struct loop *loop, uint64_t client_hash)
{
	if (tally_take(&loop->shared->waiting, client_hash,
		       loop->env.snapshot->conf->outgoing.queries_per_client))
		return true;
	stats_inc(loop->env.stats, client_overload);
	return false;
}

/* The query waits no more: its place goes back to the client. */
static inline void loop_waited(struct loop *loop, uint64_t client_hash)
{
	tally_give(&loop->shared->waiting, client_hash);
}

/* Reads the clock into the environment: at the beginning of an event's work, once. */
static inline void loop_tick(struct loop *loop)
{
	loop->now_us = clock_us();
	loop->env.now_ms = loop->now_us / 1000;
	loop->env.now_s = (uint32_t)clock_unix_s();
}

#endif
