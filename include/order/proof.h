/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether orders are in force here: the daemon asks itself for their names, as a client would. */
#ifndef ORDER_PROOF_H
#define ORDER_PROOF_H

#include "order/minutes.h"
#include "query/snapshot.h"

#define PROOF_NAMES_MAX 1000U /* of a list; of a longer one so many, spread over all of it */

/* Asks for the names of each list that is an order's or mandatory, through all that a query goes
 * through, and tells in the log how many are blocked, and the first that are not.  Takes some
 * microseconds a name; `minutes` (NULL: none are kept) note it.  Any thread that may use the
 * snapshot. */
void proof_tell(const struct snapshot *snapshot, struct minutes *minutes);

#endif
