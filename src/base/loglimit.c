/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/loglimit.h"

/* The place of a kind: its own, else a free one, else that where the search began. */
static struct loglimit_kind *place_of(struct loglimit *limit, const void *kind)
{
	uint32_t start = (uint32_t)((uintptr_t)kind * 0x9e3779b97f4a7c15ULL >> 58);

	for (uint32_t i = 0; i < LOGLIMIT_KINDS; i++) {
		struct loglimit_kind *place = &limit->kinds[(start + i) % LOGLIMIT_KINDS];

		if (!place->kind || place->kind == kind)
			return place;
	}
	return &limit->kinds[start];
}

bool loglimit_allow(struct loglimit *limit, const void *kind, uint64_t now_ms,
		    uint32_t *ret_withheld)
{
	struct loglimit_kind *place = place_of(limit, kind);

	if (!place->kind || now_ms - place->since_ms >= LOGLIMIT_MS) {
		place->kind = kind;
		place->since_ms = now_ms;
		place->lines = 0;
	}
	if (place->lines >= LOGLIMIT_LINES) {
		place->withheld++;
		return false;
	}
	place->lines++;
	*ret_withheld = place->withheld;
	place->withheld = 0;
	return true;
}
