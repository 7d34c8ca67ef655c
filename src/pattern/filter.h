/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The texts of patterns, of which a name is asked which it has.
 *
 * Of each text four octets in a row, or three where it has no more, are hashed: into a field of
 * bits, where each place of a name is looked for, and from there into a table of the texts.
 */
#ifndef PATTERN_FILTER_H
#define PATTERN_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pattern/patternset.h"

struct filter_text;

struct filter {
	uint64_t *bits;
	uint32_t *first; /* of each bucket's texts; one more than there are buckets */
	struct filter_text *texts;
	uint32_t text_count;
	unsigned int shift; /* of a hash, to make it a bit's number */
	bool has_short;	    /* some are told by three octets */
};

/* ERR_NOMEM. */
enum err filter_create(const struct patternset_entry *entries, uint32_t count,
		       struct filter *ret_filter) MUST_CHECK;
void filter_free(struct filter *filter);

/* Where a search in a text has got to; begins with all zero. */
struct filter_place {
	size_t pos;
	uint32_t next; /* of the texts of a bucket; 0: the bucket is done */
	bool is_short; /* the bucket is that of three octets */
};

/*
 * Finds the next pattern, some more than once, of which a text stands in `text`; false when there
 * is no further one.  Some octets behind `len` may be read, and do not matter.
 */
bool filter_next(const struct filter *filter, const char *text, size_t len,
		 struct filter_place *place, uint32_t *ret_pattern);

#endif
