/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for a name that a list has, written down. */
#include "base/apart.h"
#include "query/job.h"

/* Whatever a forwarder tells is not shown by how it came. */
static enum findings_way way_of(enum transport transport, bool told, bool relayed, bool good_cookie)
{
	if (told)
		return FINDINGS_WAY_UDP;
	if (transport == TRANSPORT_TCP && !relayed)
		return FINDINGS_WAY_TCP;
	return good_cookie ? FINDINGS_WAY_COOKIE : FINDINGS_WAY_UDP;
}

/* Who asks is written down, but for what no list says. */
static bool is_noted(const struct query_env *env, uint16_t list)
{
	if (list == FINDINGS_UPSTREAM)
		return env->findings && env->snapshot->conf->evidence.blocked_upstream;
	return env->findings && list < POLICY_PLACES && env->snapshot->policy->lists[list].findings;
}

static void count(const struct query_env *env, struct findings_hit *hit)
{
	if (!is_noted(env, hit->list))
		return;
	hit->now_ms = env->now_ms;
	hit->now_s = env->now_s;
	if (findings_add(env->findings, env->snapshot->policy, env->snapshot->generation, hit))
		stats_inc(env->stats, findings);
	else
		stats_inc(env->stats, findings_lost);
}

/* The labels of the owner of the list's rule for the name. */
static uint8_t labels_of(const struct query *q, const struct query_env *env, uint16_t list)
{
	struct domset_hit all[DOMSET_LISTS_MAX];
	struct domset_hits hits = {.room = DOMSET_LISTS_MAX, .hit = all};

	domset_lookup(env->snapshot->policy->set, &q->qname, &q->suffixes,
		      typeset_of(q->wire.qtype), &hits);
	for (uint32_t i = 0; i < hits.count; i++)
		if (hits.hit[i].list == list)
			return hits.hit[i].owner_labels;
	return 0;
}

/* Counts for each list that logs what is at hand; of a query, its own name.  Few lists do. */
static APART void count_logged(const struct query_env *env, uint64_t lists,
			       struct findings_hit *hit, const struct query *q)
{
	stats_inc(env->stats, logged);
	for (; lists; lists &= lists - 1) {
		hit->list = env->snapshot->policy->bit_list[__builtin_ctzll(lists)];
		hit->owner_labels = q ? labels_of(q, env, hit->list) : 0;
		stats_inc(env->stats, list_hits[hit->list]);
		count(env, hit);
	}
}

/* What passes was not asked for in vain. */
static bool is_hit(const struct verdict *v)
{
	return v->matched && v->action != ACTION_PASS;
}

static struct findings_hit hit_of(const struct query *q, const struct verdict *v)
{
	return (struct findings_hit){
		.client = &q->client,
		.name = &q->qname,
		.name_hash = query_name_hash(&q->suffixes),
		.qtype = q->wire.qtype,
		.list = v->list,
		.owner_labels = v->owner_labels,
		.way = way_of(q->transport, q->told, q->relayed, q->good_cookie),
	};
}

/* Each query for a listed name comes by here: all that it does is to be a part of it. */
FLAT void query_note_name(const struct query *q, const struct query_env *env,
			  const struct verdict *v)
{
	struct findings_hit hit = hit_of(q, v);

	if (is_hit(v))
		count(env, &hit);
	if (v->logged)
		count_logged(env, v->logged, &hit, q);
}

/* What an upstream says, which is no verdict of ours. */
static const struct verdict upstream_blocks = {.matched = true, .list = FINDINGS_UPSTREAM};

APART void query_note_blocked(const struct query *q, const struct query_env *env)
{
	stats_inc(env->stats, blocked_upstream);
	query_note_answer(q, env, &upstream_blocks);
}

void query_note_blocked_waiter(const struct query_wait *wait, const struct query_env *env)
{
	stats_inc(env->stats, blocked_upstream);
	query_note_waiter(wait, env, &upstream_blocks);
}

void query_note_answer(const struct query *q, const struct query_env *env, const struct verdict *v)
{
	struct findings_hit hit;

	if (!is_hit(v) && !v->logged)
		return;
	hit = hit_of(q, v);
	hit.owner_labels = 0;
	if (is_hit(v))
		count(env, &hit);
	if (v->logged)
		count_logged(env, v->logged, &hit, NULL);
}

void query_note_waiter(const struct query_wait *wait, const struct query_env *env,
		       const struct verdict *v)
{
	struct findings_hit hit;
	struct name name;

	if (!v->logged && !(is_hit(v) && is_noted(env, v->list)))
		return;
	name_copy_lower(&name, wait->question, wait->wire.qname_len);
	hit = (struct findings_hit){
		.client = &wait->client,
		.name = &name,
		.name_hash = name_hash(&env->name_key, &name),
		.qtype = wait->wire.qtype,
		.list = v->list,
		.way = way_of(wait->transport, wait->told, wait->relayed, wait->good_cookie),
	};
	if (is_hit(v))
		count(env, &hit);
	if (v->logged)
		count_logged(env, v->logged, &hit, NULL);
}
