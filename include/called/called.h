/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients are called: by the files of server.client-names (called/leasefiles.h), by the
 * operator's own names (names/local.h), and, where the option server.client-ptr has it so, by what
 * the upstreams have for their addresses (PTR).
 *
 * These are asked by a thread of its own, at RATE questions a second at most (called.c), one after
 * the other, each address once for the time that the answer is good for.  An address of a private
 * network, whose reverse zone no upstream outside knows of (RFC 6303), is asked for only where a
 * zone of `forward` has it.  What is answered is the word of who has the address's reverse zone:
 * the name is asked for its addresses in turn, and is confirmed where it has the client's, by who
 * has the name's own zone.  Nothing is made dependent on either.
 */
#ifndef CALLED_CALLED_H
#define CALLED_CALLED_H

#include "base/addr.h"
#include "base/err.h"
#include "base/hash.h"
#include "conf/conf.h"
#include "query/snapshot.h"
#include "count/stats.h"
#include "report/report.h"

struct called;

/* Is called with what is in force, which stays so meanwhile. */
typedef void called_look_fn(void *arg, const struct snapshot *snapshot);
/* Calls `look` once.  Any thread. */
typedef void called_show_fn(void *daemon, called_look_fn *look, void *arg);

/* With `name_key` the names of what is in force are hashed.  ERR_NOMEM, ERR_SYS.  Main thread, as
 * all below but what says otherwise. */
enum err called_create(const struct hash_key *name_key, struct called **ret_called) MUST_CHECK;

/* Starts the thread, to which `show` shows what is in force.  ERR_SYS.  NULL is fine. */
enum err called_start(struct called *called, called_show_fn *show, void *daemon) MUST_CHECK;

/* Takes on what a reload may change.  NULL is fine. */
void called_configure(struct called *called, const struct conf *conf);

/* Ends the thread, at once: `show` is called no more, and nothing is known any more.  NULL is
 * fine. */
void called_stop(struct called *called);

/* NULL is fine. */
void called_free(struct called *called);

/* A client was met.  Any thread; NULL is fine. */
void called_met(struct called *called, const struct ip *client);

/* What the client was called at that time by the files of server.client-names, or is called now by
 * others, as far as that is known; for the rest it is asked, for the next time.  `called` is a
 * struct called, or NULL.  As a report_called_fn.  Any thread but the one that shows. */
enum report_source called_find(void *called, const struct ip *client, uint32_t at_s,
			       struct lease *ret_lease);

/* The counters of this module.  Any thread. */
const struct stats *called_stats(const struct called *called);

#endif
