/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop/heavy.h"

#include <string.h>

/* The client's place, or else the one of the least, which is the client's from now on. */
static struct heavy_place *place_of(struct heavy *heavy, const struct ip *client)
{
	struct heavy_place *least = heavy->places;

	for (struct heavy_place *p = heavy->places; p < heavy->places + HEAVY_PLACES; p++) {
		if (p->count > 0 && ip_equal(&p->client, client))
			return p;
		if (p->count < least->count)
			least = p;
	}
	least->client = *client;
	least->inherited = least->count;
	return least;
}

void heavy_add(struct heavy *heavy, const struct ip *client)
{
	place_of(heavy, client)->count++;
	heavy->total++;
}

void heavy_move(struct heavy *heavy, struct heavy *from)
{
	for (size_t i = 0; i < HEAVY_PLACES; i++) {
		const struct heavy_place *moved = &from->places[i];
		struct heavy_place *p;

		if (moved->count == 0)
			continue;
		p = place_of(heavy, &moved->client);
		p->count += moved->count;
		p->inherited += moved->inherited;
	}
	heavy->total += from->total;
	memset(from, 0, sizeof(*from));
}

const struct heavy_place *heavy_first(const struct heavy *heavy)
{
	const struct heavy_place *first = heavy->places;

	for (size_t i = 1; i < HEAVY_PLACES; i++) {
		const struct heavy_place *p = &heavy->places[i];

		if (p->count - p->inherited > first->count - first->inherited)
			first = p;
	}
	return first;
}
