/* SPDX-License-Identifier: BSD-2-Clause */
/* Receipts for what is in force: what of each order is, and why the rest is not. */
#ifndef RECEIPT_ACKNOWLEDGE_H
#define RECEIPT_ACKNOWLEDGE_H

#include <stdint.h>

#include "load/loader.h"
#include "load/notes.h"
#include "query/snapshot.h"

/*
 * Writes receipts for each list of `snapshot`, which every worker has since `in_force_s`, that is
 * mandatory or has an authority, and for what is blocked by command.  New names are asked for, as a
 * client would.  `result` and `notes` are of the load that made it; NULL: only what is said by
 * command, or the term of an order, has changed.  Failures are logged.  Without a state directory
 * there are none.  Any thread that may use the snapshot; blocks, seconds for a new list of a
 * million names.
 */
void acknowledge(const struct snapshot *snapshot, const struct load_result *result,
		 const struct notes *notes, uint64_t in_force_s);

#endif
