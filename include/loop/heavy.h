/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which client did most of something, of however many there are (the space-saving sketch of
 * Metwally, Agrawal and El Abbadi): whoever did more than a sixteenth of all has a place.
 */
#ifndef LOOP_HEAVY_H
#define LOOP_HEAVY_H

#include <stdint.h>

#include "base/addr.h"

#define HEAVY_PLACES 16U

struct heavy_place {
	struct ip client;
	uint64_t count;	    /* not less than what the client did */
	uint64_t inherited; /* of it, what may be others' who had the place before */
};

/* All zero: nobody did anything. */
struct heavy {
	uint64_t total;
	struct heavy_place places[HEAVY_PLACES];
};

/* `client` did it once more. */
void heavy_add(struct heavy *heavy, const struct ip *client);

/* Adds what others have counted, and empties `from`. */
void heavy_move(struct heavy *heavy, struct heavy *from);

/* Who surely did most. */
const struct heavy_place *heavy_first(const struct heavy *heavy);

#endif
