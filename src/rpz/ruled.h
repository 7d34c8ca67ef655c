/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of a zone in their order, as far as it helps to look through them once more. */
#ifndef RPZ_RULED_H
#define RPZ_RULED_H

#include <stdint.h>

#include "base/err.h"
#include "base/pages.h"
#include "dns/name.h"

#define RULED_PIECE 16384U

/* Zeroed memory with the record of the first rule is empty. */
struct ruled {
	uint32_t first;
	uint32_t count;
	struct pages starts; /* uint32_t: the record of each RULED_PIECE-th rule */
	uint64_t depths[2];  /* a bit for each number of labels that the parent of a wildcard has */
};

/* The record of the first rule of a piece; pieces are numbered from 0. */
static inline uint32_t ruled_start(const struct ruled *ruled, uint32_t piece)
{
	const uint32_t *starts = (const void *)ruled->starts.base;

	return starts[piece];
}

/* Notes the next rule.  ERR_NOMEM. */
enum err ruled_note(struct ruled *ruled, uint32_t record, const struct name *owner,
		    uint8_t scope) MUST_CHECK;

void ruled_fini(struct ruled *ruled);

#endif
