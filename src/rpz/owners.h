/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which owners a zone has that is being read: of each the rule, as its record in the builder, where
 * its name is compared in full.
 */
#ifndef RPZ_OWNERS_H
#define RPZ_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "set/domset.h"
#include "base/pages.h"

#define OWNERS_NONE UINT32_MAX

/* What has no slots is empty.  A table with open addressing, half full at most. */
struct owners {
	const struct hash_key *key;
	const struct domset_builder *builder;
	bool exceptions;    /* the rules are exceptions */
	struct pages slots; /* of struct owners_slot */
	uint32_t bits;	    /* the table has 1 << bits */
	uint32_t count;
};

/* The hash of an owner whose rule covers `scope`, of its name's. */
static inline uint64_t owners_hash(uint64_t name_hash, uint8_t scope)
{
	return name_hash ^ (scope == DOMSET_SCOPE_BELOW ? 0x9e3779b97f4a7c15ULL : 0);
}

/* Has the processor bring in where such an owner would be found. */
void owners_prefetch(const struct owners *owners, uint64_t hash);

/* False for sure: there is no such owner. */
bool owners_may_have(const struct owners *owners, uint64_t hash);

/* The record of the rule for `owner` that covers `scope` and no more; OWNERS_NONE: there is none.
 */
uint32_t owners_find(const struct owners *owners, uint64_t hash, const struct name *owner,
		     uint8_t scope);

/* Notes the record of an owner, in the place of the one it had.  ERR_NOMEM. */
enum err owners_put(struct owners *owners, uint64_t hash, const struct name *owner, uint8_t scope,
		    uint32_t record) MUST_CHECK;

void owners_fini(struct owners *owners);

#endif
