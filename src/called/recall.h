/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of the names of addresses, and whose is to be asked for: a table with a bound,
 * whose entries that were not used for longest give way, and two queues with a bound.  It asks
 * nobody; the time is given.  Its caller has one thread at a time in it.
 */
#ifndef CALLED_RECALL_H
#define CALLED_RECALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "report/leases.h"

#define RECALL_MAX 16384U      /* addresses: 6 MiB at most, where all have the longest of names */
#define RECALL_QUEUE_MAX 1024U /* of each queue */

/* Who wants to know.  What a person looks at is asked for before what was only found. */
enum recall_lane { RECALL_SHOWN, RECALL_FOUND, RECALL_LANES };

/* What became of an address that is to be asked for. */
enum recall_want { RECALL_KNOWN, RECALL_QUEUED, RECALL_FULL };

struct recall;

/* ERR_NOMEM, ERR_SYS. */
enum err recall_create(struct recall **ret_recall) MUST_CHECK;

/* NULL is fine. */
void recall_free(struct recall *recall);

/* The name that is known at `now_ms`, also for a day past its time, as it has to be asked for anew.
 * False: none is. */
bool recall_find(struct recall *recall, const struct ip *ip, uint64_t now_ms,
		 char ret_name[LEASE_NAME_MAX], bool *ret_confirmed);

/* Has the address be asked for, unless what is known of it is good at `now_ms`, or it waits
 * already; of one that was only found and is now shown, the first. */
enum recall_want recall_want(struct recall *recall, const struct ip *ip, uint64_t now_ms,
			     enum recall_lane lane);

/* The next that is to be asked for; false: there is none.  It is not queued again before it is
 * learnt what became of it. */
bool recall_next(struct recall *recall, struct ip *ret_ip);

/* The name of an address that recall_next has given, "": it has none; so it is until `until_ms`.
 * Confirmed: the name has the address, too.
 * NULL: that could not be learnt, and what was known stays; it is asked for again from then on. */
void recall_learn(struct recall *recall, const struct ip *ip, const char *name, bool confirmed,
		  uint64_t until_ms);

/* Addresses of which something is known, or wanted. */
uint32_t recall_count(const struct recall *recall);

#endif
