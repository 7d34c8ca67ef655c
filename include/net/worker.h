/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workers: each a thread with an event loop, its own sockets, upstreams and counters, and
 * nothing shared but the published snapshot, the cache, and a mailbox that others post to.
 */
#ifndef NET_WORKER_H
#define NET_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "cache/cache.h"
#include "query/snapshot.h"
#include "count/stats.h"
#include "loop/loop.h"
#include "net/board.h"
#include "net/listener.h"

struct workers;

#define WORKERS_OTHERS 4U /* who counts, beside the workers */

/* What the workers are given; none of it is owned by them but the listeners' sockets. */
struct workers_config {
	struct listeners *listeners; /* its sockets are taken over */
	struct cache *cache;
	struct hash_key name_key;
	struct hash_key cookie_secret;
	struct findings *const *findings; /* of each worker; NULL: there are none */
	struct feed *const *feeds;	  /* likewise */
	struct asked *const *asked;	  /* likewise */
	const struct stats
		*others[WORKERS_OTHERS]; /* counters of who is no worker; NULL ends them */
	uint32_t in_flight;		 /* questions upstream, per worker */
	uint32_t ports;			 /* UDP source ports per upstream, per worker */
	struct loop_files files;
};

/*
 * Makes one worker for each of the listeners' and publishes `first` to them; nothing is served
 * before workers_start.  ERR_NOMEM, ERR_SYS.  The main thread, as all below.
 */
enum err workers_create(const struct workers_config *config, struct snapshot *first,
			struct workers **ret_workers) MUST_CHECK;

/* Starts the threads, with all signals blocked.  ERR_SYS: none runs. */
enum err workers_start(struct workers *workers) MUST_CHECK;

/*
 * Puts `next` in force and frees the snapshot before, once no worker uses it.  Blocks until
 * then: about a turn of each worker's loop.  One thread at a time (the loader's).
 */
void workers_publish(struct workers *workers, struct snapshot *next);

/* As workers_publish, but the snapshot before is returned rather than freed. */
struct snapshot *workers_exchange(struct workers *workers, struct snapshot *next);

/* The snapshot in force.  For the thread that publishes, and before the start. */
const struct snapshot *workers_snapshot(const struct workers *workers);

/* Has every worker log how the upstreams are, as that worker sees them; does not wait for the
 * lines. */
void workers_report(struct workers *workers);

/*
 * Has every worker read what has arrived, then no more; waits until what is in flight is
 * answered, at most `drain_ms`; ends the threads.
 */
void workers_stop(struct workers *workers, uint32_t drain_ms);

/* Frees all, the snapshot in force too; the workers are stopped, or were never started. */
void workers_free(struct workers *workers);

/* As workers_stop, where another process serves the same sockets already, or will: connections that
 * were not accepted yet are left to it. */
void workers_retire(struct workers *workers, uint32_t drain_ms);

/* The sockets that are listened on, all workers together, for another process that is to have them
 * too; they stay the workers', and may be used until the workers are stopped. */
const int *workers_sockets(const struct workers *workers, size_t *ret_count);

/* The value of a counter, all workers and the others together.  Any thread. */
uint64_t workers_stat(const struct workers *workers, const struct stats_row *row);

/* What the workers pin up for others to see (net/board.h). */
struct board *workers_board(const struct workers *workers);

size_t workers_count(const struct workers *workers);

/* All that the workers and the others have counted, together.  Any thread; while no snapshot is put
 * in force, each list's hits stand under its index in workers_snapshot. */
void workers_sum(const struct workers *workers, struct stats *ret_sum);

#endif
