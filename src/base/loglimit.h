/* SPDX-License-Identifier: BSD-2-Clause */
/* How many lines of a kind are logged in a while; the others are counted. */
#ifndef BASE_LOGLIMIT_H
#define BASE_LOGLIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOGLIMIT_LINES 30U /* of a kind ... */
#define LOGLIMIT_MS 10000U /* ... in this time */
#define LOGLIMIT_KINDS 64U /* beyond, two kinds may share their lines */

struct loglimit_kind {
	const void *kind; /* NULL: not in use */
	uint64_t since_ms;
	uint32_t lines;
	uint32_t withheld;
};

struct loglimit {
	struct loglimit_kind kinds[LOGLIMIT_KINDS];
};

/*
 * True when a line of `kind` (its format's address) may be written at `now_ms`; then
 * `*ret_withheld` says how many of that kind were not, since the last one that was.  One thread at
 * a time.
 */
bool loglimit_allow(struct loglimit *limit, const void *kind, uint64_t now_ms,
		    uint32_t *ret_withheld);

#endif
