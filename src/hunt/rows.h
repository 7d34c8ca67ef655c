/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows that wait to be written, of one day or two. */
#ifndef HUNT_ROWS_H
#define HUNT_ROWS_H

#include "base/err.h"
#include "hunt/day.h"
#include "hunt/hash.h"

#define ROWS_MAX 131072U

struct dated_row {
	uint32_t day;
	struct day_row row;
};

struct rows {
	size_t count;
	struct dated_row *rows; /* ROWS_MAX */
	struct day_row *run;	/* ROWS_MAX: those of one day */
};

/* ERR_NOMEM. */
enum err rows_init(struct rows *waiting) MUST_CHECK;
void rows_fini(struct rows *waiting);

/* True when another name fits. */
static inline bool rows_has_room(const struct rows *waiting)
{
	return waiting->count + HUNT_HASHES_MAX <= ROWS_MAX;
}

/* Adds that `client` has asked for the name of these hashes, its own first; there is room. */
void rows_add(struct rows *waiting, const struct day_client *client, const uint64_t *hashes,
	      size_t count, uint64_t unix_s);

/* Orders the rows by day, hash and client, and makes those of one hash and client one. */
void rows_sort(struct rows *waiting);

/* The rows of the first day, once they are sorted. */
const struct day_row *rows_first(struct rows *waiting, uint32_t *ret_day, size_t *ret_count);

/* Takes so many of the first rows out. */
void rows_drop(struct rows *waiting, size_t count);

#endif
