/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where wildcards of a zone end (RFC 4592): "*.x" does not hold for names below a name under x that
 * the zone has, nor for that name itself where it has it only for what lies below.  For each of
 * these the set is given an exception, which says nothing of names behind it.
 */
#ifndef RPZ_CUTS_H
#define RPZ_CUTS_H

#include <stdint.h>

#include "base/err.h"
#include "set/domset.h"
#include "base/pages.h"
#include "rpz/owners.h"
#include "rpz/zone.h"

/* What the rules of a zone are, as far as it helps to look through them.  Zeroed memory with the
 * first one's record is empty. */
struct cuts_rules {
	uint32_t first;
	uint32_t count;
	struct pages starts; /* uint32_t: the record of each CUTS_PIECE-th rule */
	uint64_t depths[2];  /* a bit for each number of labels that the parent of a wildcard has */
};

/* Notes the zone's next rule.  ERR_NOMEM. */
enum err cuts_note(struct cuts_rules *rules, uint32_t record, const struct name *owner,
		   uint8_t scope) MUST_CHECK;

void cuts_fini(struct cuts_rules *rules);

/*
 * Adds the exceptions of the zone, with the line number `line`, which is that of its last rule or a
 * later one.  They are counted in `summary`.  Errors as of domset_builder_add.
 */
enum err cuts_add(struct domset_builder *builder, const struct owners *owners,
		  const struct cuts_rules *rules, uint32_t line,
		  struct rpz_summary *summary) MUST_CHECK;

#endif
