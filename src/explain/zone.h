/* SPDX-License-Identifier: BSD-2-Clause */
/* What a rule of a response policy zone says, told to a person. */
#ifndef EXPLAIN_ZONE_H
#define EXPLAIN_ZONE_H

#include <stdio.h>

#include "explain/explain.h"

/* Writes the rule's `owner`, as explain_owner has it, and what it does: "*.x.example CNAME .". */
void explain_zone_rule(const struct snapshot *snapshot, const struct explain_rule *rule,
		       const char *owner, FILE *out);

/* Where the zone has the name that keeps a wildcard from `cut->owner` and what is below it. */
uint32_t explain_zone_cut_line(const struct snapshot *snapshot, const struct explain_rule *cut);

#endif
