/* SPDX-License-Identifier: BSD-2-Clause */
#include "query/snapshot.h"

#include <stdlib.h>

#include "group/groups.h"
#include "names/local.h"
#include "inspect/rebind.h"
#include "map/namemap.h"
#include "group/rates.h"

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

/* Takes the policy; on failure what is said by command stays the caller's. */
static enum err follow_views(struct snapshot *next, uint64_t now_s, struct policy *policy)
{
	enum err err = groups_apply(next->groups, now_s, policy);

	next->policy = policy;
	if (err != ERR_OK) {
		policy->manual = NULL;
		policy_free_former(policy);
	}
	return err;
}

enum err snapshot_follow(const struct snapshot *snapshot, struct policy_manual *manual,
			 uint64_t now_s, struct snapshot **ret_snapshot)
{
	struct snapshot *next = malloc(sizeof(*next));
	struct policy *policy;
	enum err err;

	if (!next)
		return ERR_NOMEM;
	*next = *snapshot;
	next->generation++;
	err = policy_follow(snapshot->policy, manual, &policy);
	if (err == ERR_OK)
		err = follow_views(next, now_s, policy);
	if (err == ERR_OK)
		*ret_snapshot = next;
	else
		free(next);
	return err;
}

void snapshot_free_former(struct snapshot *snapshot)
{
	policy_free_former(snapshot->policy);
	free(snapshot);
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	conf_free(snapshot->conf);
	policy_free(snapshot->policy);
	prefix_set_free(snapshot->allow);
	prefix_set_free(snapshot->proxies);
	prefix_set_free(snapshot->forwarders);
	prefix_set_free(snapshot->mac_forwarders);
	ports_free(snapshot->ports);
	groups_free(snapshot->groups);
	rates_free(snapshot->rates);
	free(snapshot->resolv);
	free(snapshot->pools);
	namemap_free(snapshot->zones);
	local_free(snapshot->local);
	namemap_free(snapshot->special);
	namemap_free(snapshot->tlds);
	rebind_free(snapshot->rebind);
	free(snapshot);
}
