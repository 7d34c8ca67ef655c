/* SPDX-License-Identifier: BSD-2-Clause */
#include "query/snapshot.h"

#include <stdlib.h>

#include "names/local.h"
#include "match/namemap.h"
#include "query/rates.h"

_Static_assert(CONF_CACHE_TYPES_MAX <= REPLY_TTL_TYPES_MAX, "each type has its limit");

struct reply_ttl_limits snapshot_ttl_limits(const struct conf_cache *conf)
{
	struct reply_ttl_limits limits = {
		.min_s = conf->min_ttl_s,
		.max_s = conf->max_ttl_s,
		.max_negative_s = conf->max_negative_ttl_s,
		.type_count = conf->types_count,
	};

	for (size_t i = 0; i < conf->types_count; i++)
		limits.types[i] = (struct reply_ttl_type){
			.type = conf->types[i].type,
			.max_s = conf->types[i].max_ttl_s,
		};
	return limits;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	conf_free(snapshot->conf);
	policy_free(snapshot->policy);
	prefix_set_free(snapshot->allow);
	ports_free(snapshot->ports);
	rates_free(snapshot->rates);
	free(snapshot->resolv);
	free(snapshot->pools);
	namemap_free(snapshot->zones);
	local_free(snapshot->local);
	namemap_free(snapshot->special);
	namemap_free(snapshot->tlds);
	free(snapshot);
}
