/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of an explanation. */
#ifndef EXPLAIN_EXPLAINED_H
#define EXPLAIN_EXPLAINED_H

#include "explain/explain.h"

/* Explains what becomes of an answer with that address. */
void explain_address(const struct snapshot *snapshot, const struct ip *ip,
		     struct explanation *ret_explanation);

/* Adds the longest prefix around `ip` of each list that has rules of that trigger.  `verdict`: by
 * which one of these may decide; NULL: none does. */
void explain_prefixes(const struct snapshot *snapshot, enum trigger trigger, const struct ip *ip,
		      const struct verdict *verdict, struct explanation *explanation);

#endif
