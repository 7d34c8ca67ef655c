/* SPDX-License-Identifier: BSD-2-Clause */
/* What the log is told of the terms of orders. */
#ifndef ORDER_LAPSE_H
#define ORDER_LAPSE_H

#include <stdint.h>

#include "query/snapshot.h"

/* Tells which lists of `after` have begun or lapsed since `before` (NULL: all that have a term). */
void lapse_tell(const struct policy *before, const struct policy *after);

/* Warns of lists that lapse within their lapse-warning from `now_s` on. */
void lapse_warn(const struct snapshot *snapshot, uint64_t now_s);

#endif
