/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the daemon's life goes into the audit log of the state directory: starts and ends, loads
 * with each list that changed or was refused, orders that begin and lapse, what is said by command,
 * whether what an order asks for is in force here.  A NULL `minutes` keeps none.  Notes touch no
 * disk; the caller sees to it that one thread at a time notes loads.
 */
#ifndef ORDER_MINUTES_H
#define ORDER_MINUTES_H

#include "conf/conf.h"
#include "load/loader.h"
#include "manual/manual.h"
#include "query/snapshot.h"

struct minutes;

/* NULL when `conf` has no state.directory, or the log cannot be kept, which is logged. */
struct minutes *minutes_open(const struct conf *conf);
void minutes_close(struct minutes *minutes);

/* `event` is "start", "end" or "hand-over". */
void minutes_life(struct minutes *minutes, const char *event);

/* What `result` tells of `snapshot` is in force. */
void minutes_load(struct minutes *minutes, const struct snapshot *snapshot,
		  const struct load_result *result);
void minutes_failure(struct minutes *minutes, const char *reason);

/* Lists of `after` whose orders have begun or lapsed since `before` (NULL: all that have a term).
 */
void minutes_orders(struct minutes *minutes, const struct policy *before,
		    const struct policy *after);

/* `what` is "said", "withdrawn" or "ended". */
void minutes_command(struct minutes *minutes, const char *what, const struct manual_entry *entry);

/* So many of the list's names were asked for here, and were blocked. */
void minutes_proof(struct minutes *minutes, const char *list, uint32_t asked, uint32_t blocked);

/* Writes what was noted to the disk; blocks. */
void minutes_write(struct minutes *minutes);

#endif
