/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places for objects of one type, of which no more than so many are in use at a time: made once,
 * then given out and taken back without an allocation.  What was given back last is given out
 * first, and a place that was never used is not touched, so that the kernel gives memory only to
 * as many as were in use at the same time.
 */
#ifndef BASE_PLACES_H
#define BASE_PLACES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"

struct places {
	uint8_t *memory;
	size_t size;	/* of a place */
	size_t link;	/* where in a place the pointer is that is the places' while it is unused */
	void *unused;	/* the last that was given back; NULL: none is */
	uint32_t begun; /* so many were ever given out */
	uint32_t count;
};

/* `count` places for objects that have a `void *` of that name, which is nobody else's: zero the
 * first time, and then as they were given back.  ERR_NOMEM.  One thread, as all below. */
#define PLACES_CREATE(places, type, member, count)                                                 \
	places_create(places, sizeof(type), offsetof(type, member), count)

static inline MUST_CHECK enum err places_create(struct places *p, size_t size, size_t link,
						uint32_t count)
{
	*p = (struct places){.size = size, .link = link, .count = count};
	p->memory = calloc(count, size);
	return p->memory ? ERR_OK : ERR_NOMEM;
}

/* All that was given out is gone then.  One that is zero is fine. */
static inline void places_free(struct places *p)
{
	free(p->memory);
}

/* Which place this is, from 0 on. */
static inline uint64_t places_number(const struct places *p, const void *place)
{
	return (uint64_t)((const uint8_t *)place - p->memory) / p->size;
}

/* The link of a place, which may be anywhere in an object of any type. */
static inline void **places_link(const struct places *p, void *place)
{
	return (void **)(void *)((uint8_t *)place + p->link);
}

/* NULL: all are in use. */
static inline void *places_take(struct places *p)
{
	void *place = p->unused;

	if (place)
		p->unused = *places_link(p, place);
	else if (p->begun < p->count)
		place = p->memory + p->size * p->begun++;
	return place;
}

static inline void places_give(struct places *p, void *place)
{
	*places_link(p, place) = p->unused;
	p->unused = place;
}

#endif
