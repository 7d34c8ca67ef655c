/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hunts: who asked for a name before a list had it.  The workers tell which client asks for names
 * that no list has (feed/asked.h); one thread writes that down, a store a day (hunt/day.h).
 * Another looks, each time that other lists are in force, whether the store knows any of their
 * names, and tells who asked (hunt/found.h).  Neither is waited for by anybody.
 */
#ifndef HUNT_HUNT_H
#define HUNT_HUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "feed/asked.h"
#include "match/policy.h"
#include "count/stats.h"

struct hunt;

/* True when the configuration wants it, and has a place for it. */
bool hunt_is_wanted(const struct conf *conf);

/*
 * For so many workers; nothing is written before hunt_start.  Main thread, as all below but what
 * says otherwise.  ERR_SYS, ERR_SYNTAX: the folder, or a key, cannot be used, as `text` says.
 * ERR_NOMEM.
 */
enum err hunt_create(const struct conf *conf, size_t workers, struct hunt **ret_hunt,
		     struct err_text *text) MUST_CHECK;

/* Where each worker tells, until hunt_free. */
struct asked *const *hunt_asked(const struct hunt *hunt);

/* The hunt's own counters.  Any thread may read them. */
const struct stats *hunt_stats(const struct hunt *hunt);

/* Starts the thread that writes, with all signals blocked.  ERR_SYS. */
enum err hunt_start(struct hunt *hunt) MUST_CHECK;

/* Is called with the lists in force, which stay so meanwhile; `generation` differs when they do. */
typedef void hunt_look_fn(void *arg, const struct policy *policy, uint64_t generation);
/* Calls `look` once.  The searching thread's to call. */
typedef void hunt_lists_fn(void *daemon, hunt_look_fn *look, void *arg);

/* Starts the thread that searches for names of the lists.  NULL is fine.  ERR_SYS. */
enum err hunt_search(struct hunt *hunt, hunt_lists_fn *lists, void *daemon) MUST_CHECK;

/* Ends it: `lists` is called no more.  NULL is fine. */
void hunt_end_search(struct hunt *hunt);

/* Takes on what a reload may change.  NULL is fine. */
void hunt_configure(struct hunt *hunt, const struct conf *conf);

/* Writes what is there and ends the thread.  The workers have stopped; NULL is fine. */
void hunt_stop(struct hunt *hunt);

/* Stops it, if need be, and frees it.  NULL is fine. */
void hunt_free(struct hunt *hunt);

#endif
