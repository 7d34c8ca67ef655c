/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the comparison share. */
#ifndef MATCH_WEAKENED_H
#define MATCH_WEAKENED_H

#include "match/weaken.h"

/* Adds the addresses that list `list` of `before` has and no mandatory list of `after`.  True when
 * some of them are left to others than list `heir` of `after` (POLICY_PLACES: there is none). */
bool weaken_compare_addresses(const struct policy *before, unsigned int list,
			      const struct policy *after, unsigned int heir,
			      struct weakening *weakening);

#endif
