/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for a name that a list has, written down. */
#include "query/job.h"

static enum findings_way way_of(enum transport transport, bool good_cookie)
{
	if (transport == TRANSPORT_TCP)
		return FINDINGS_WAY_TCP;
	return good_cookie ? FINDINGS_WAY_COOKIE : FINDINGS_WAY_UDP;
}

static bool is_noted(const struct query_env *env, uint8_t list)
{
	return env->findings &&
	       (list >= POLICY_PLACES || env->snapshot->policy->lists[list].findings);
}

static void count(const struct query_env *env, struct findings_hit *hit)
{
	hit->now_ms = env->now_ms;
	hit->now_s = env->now_s;
	if (findings_add(env->findings, env->snapshot->policy, env->snapshot->generation, hit))
		stats_inc(env->stats, findings);
	else
		stats_inc(env->stats, findings_lost);
}

void query_note(const struct query *q, const struct query_env *env, uint8_t list,
		uint8_t owner_labels)
{
	if (!is_noted(env, list))
		return;
	count(env, &(struct findings_hit){
			   .client = &q->client,
			   .name = &q->qname,
			   .name_hash = query_name_hash(&q->suffixes),
			   .qtype = q->wire.qtype,
			   .list = list,
			   .owner_labels = owner_labels,
			   .way = way_of(q->transport, q->good_cookie),
		   });
}

void query_note_waiter(const struct query_wait *wait, const struct query_env *env, uint8_t list)
{
	struct name name;

	if (!is_noted(env, list))
		return;
	name_copy_lower(&name, wait->question, wait->wire.qname_len);
	count(env, &(struct findings_hit){
			   .client = &wait->client,
			   .name = &name,
			   .name_hash = name_hash(&env->name_key, &name),
			   .qtype = wait->wire.qtype,
			   .list = list,
			   .way = way_of(wait->transport, wait->good_cookie),
		   });
}
