/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the comparison share. */
#ifndef MATCH_WEAKENED_H
#define MATCH_WEAKENED_H

#include "match/weaken.h"

/* Adds the addresses that list `list` of `before` has and no mandatory list of `after`. */
void weaken_compare_addresses(const struct policy *before, unsigned int list,
			      const struct policy *after, struct weakening *weakening);

#endif
