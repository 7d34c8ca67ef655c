/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a client may come, and the notes of those who did. */
#include "base/clock.h"
#include "landing/parts.h"

/* What one client may come: a page takes a few requests. */
static const struct rate client_rate = {.per_second = 10, .burst = 100};

bool landing_is_too_much(struct landing *l, const struct ip *client)
{
	struct ip prefix = guests_client(&l->guests, client);

	if (bucket_take(l->buckets, &l->key, &prefix, &client_rate, clock_us()) != BUCKET_OVER)
		return false;
	stats_inc(&l->stats, landing_refused);
	return true;
}

void landing_note(struct landing *l, const struct visit_key *key)
{
	if (l->visits && !visits_add(l->visits, key, (uint32_t)clock_unix_s()))
		stats_inc(&l->stats, visits_lost);
}
