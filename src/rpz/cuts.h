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
#include "rpz/owners.h"
#include "rpz/ruled.h"
#include "rpz/zone.h"

/*
 * Adds the exceptions of the zone, with the line number `line`, which is that of its last rule or a
 * later one.  They are counted in `summary`.  Errors as of domset_builder_add.
 */
enum err cuts_add(struct domset_builder *builder, const struct owners *owners,
		  const struct ruled *rules, uint32_t line, struct rpz_summary *summary) MUST_CHECK;

#endif
