/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Something that servers can do, and some cannot: send back the letters' case, cookies, EDNS.  It
 * is expected of each, given up after three misses in a row, and tried again later, each time
 * after twice as long.
 */
#ifndef REMOTE_TRAIT_H
#define REMOTE_TRAIT_H

#include <stdbool.h>
#include <stdint.h>

#define TRAIT_MISSES_MAX 3U
#define TRAIT_AGAIN_MS 60000U /* and twice as long each further time */
#define TRAIT_AGAIN_SHIFT 6U  /* at most 64 minutes */
#define TRAIT_TRY_MS 10000U   /* between two tries that came to nothing either way */

/* All zero: nothing is known. */
struct trait {
	uint32_t misses;   /* in a row */
	uint32_t given_up; /* how often, since it was there */
	uint64_t again_ms; /* when it is tried again */
};

static inline bool trait_is_given_up(const struct trait *t)
{
	return t->misses >= TRAIT_MISSES_MAX;
}

/* True when the next question is to be sent so that it needs it. */
static inline bool trait_try(struct trait *t, uint64_t now_ms)
{
	if (!trait_is_given_up(t))
		return true;
	if (now_ms < t->again_ms)
		return false;
	t->again_ms = now_ms + TRAIT_TRY_MS;
	return true;
}

/* A server lacked it.  True when it is given up by this, for the first time. */
static inline bool trait_missed(struct trait *t, uint64_t now_ms)
{
	uint32_t shift = t->given_up < TRAIT_AGAIN_SHIFT ? t->given_up : TRAIT_AGAIN_SHIFT;

	if (trait_is_given_up(t) && t->again_ms > now_ms + TRAIT_TRY_MS)
		return false; /* of a question that was sent before */
	if (!trait_is_given_up(t) && ++t->misses < TRAIT_MISSES_MAX)
		return false;
	t->again_ms = now_ms + ((uint64_t)TRAIT_AGAIN_MS << shift);
	return t->given_up++ == 0;
}

/* It is known at once that the server lacks the trait. */
static inline bool trait_lacks(struct trait *t, uint64_t now_ms)
{
	if (!trait_is_given_up(t))
		t->misses = TRAIT_MISSES_MAX - 1;
	return trait_missed(t, now_ms);
}

/* The trait was there. */
static inline void trait_kept(struct trait *t)
{
	*t = (struct trait){0};
}

#endif
