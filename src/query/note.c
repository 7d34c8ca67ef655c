/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asked for a name that a list has, written down. */
#include <stddef.h>
#include <string.h>

#include "base/apart.h"
#include "match/note.h"
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

/* Who asks for what the list has is written down. */
static bool is_noted(const struct query_env *env, uint16_t list)
{
	return env->findings && env->snapshot->policy->lists[list].findings;
}

/* The same where the upstream may be what blocks. */
static bool is_noted_answer(const struct query_env *env, uint16_t list)
{
	if (list == FINDINGS_UPSTREAM)
		return env->findings && env->snapshot->conf->evidence.blocked_upstream;
	return is_noted(env, list);
}

/* Those that were are counted when they are taken. */
static void count_lost(const struct query_env *env, bool added)
{
	if (!added)
		stats_inc(env->stats, findings_lost);
}

static void count(const struct query_env *env, const struct findings_hit *hit,
		  const struct findings_query *query)
{
	const struct snapshot *s = env->snapshot;

	count_lost(env, findings_add(env->findings, s->policy, s->generation, hit, query));
}

/* Counts for each list that logs what is at hand; of a query, its own name.  Few lists do. */
static APART void count_logged(const struct query_env *env, uint64_t lists, struct findings_hit hit,
			       const struct findings_query *query, const struct query *q)
{
	const struct policy *policy = env->snapshot->policy;
	struct verdict rule;

	stats_inc(env->stats, logged);
	for (; lists; lists &= lists - 1) {
		hit.list = policy->bit_list[__builtin_ctzll(lists)];
		hit.rule = q && policy_rule_of(policy, hit.list, &q->qname, &q->suffixes,
					       q->wire.qtype, &rule)
				   ? &rule
				   : NULL;
		hit.owner_labels = hit.rule ? rule.owner_labels : 0;
		stats_inc(env->stats, list_hits[hit.list]);
		if (is_noted(env, hit.list))
			count(env, &hit, query);
	}
}

/* What passes was not asked for in vain. */
static bool is_hit(const struct verdict *v)
{
	return v->matched && v->action != ACTION_PASS;
}

static struct findings_hit hit_of(const struct query *q, const struct verdict *v,
				  uint8_t owner_labels)
{
	return (struct findings_hit){
		.client = &q->client,
		.name = &q->qname,
		.name_hash = query_name_hash(&q->suffixes),
		.list = v->list,
		.owner_labels = owner_labels,
		.rule = v,
	};
}

_Static_assert(offsetof(struct query, good_cookie) == offsetof(struct query, transport) + 1 &&
		       sizeof(bool) == 1 && TRANSPORT_UDP == 0,
	       "both are read as one");

/* Nothing of how it came shows the client's address; most are so. */
static bool shows_nothing(const struct query *q)
{
	uint16_t both;

	memcpy(&both, (const uint8_t *)q + offsetof(struct query, transport), sizeof(both));
	return both == 0;
}

static struct findings_query query_of(const struct query *q, const struct query_env *env)
{
	return (struct findings_query){
		.now_ms = env->now_ms,
		.now_s = env->now_s,
		.qtype = q->wire.qtype,
		.way = __builtin_expect(shows_nothing(q), true)
			       ? FINDINGS_WAY_UDP
			       : way_of(q->transport, q->told, q->relayed, q->good_cookie),
	};
}

/* Of a finding that there is none of yet. */
static FLAT APART void begin_name(const struct query *q, const struct query_env *env,
				  struct findings_seat seat, const struct verdict *v)
{
	const struct findings_hit hit = hit_of(q, v, v->owner_labels);
	const struct findings_query query = query_of(q, env);
	const struct snapshot *s = env->snapshot;

	count_lost(env,
		   findings_begin(env->findings, seat, s->policy, s->generation, &hit, &query));
}

/* How the query came is looked at when it is needed: its path has few registers left. */
static void count_name(const struct query *q, const struct query_env *env, const struct verdict *v)
{
	const struct findings_hit hit = hit_of(q, v, v->owner_labels);
	struct findings *f = env->findings;
	struct findings_seat seat = findings_find(f, env->snapshot->generation, &hit);
	struct findings_query query;

	if (!seat.finding) {
		begin_name(q, env, seat, v);
		return;
	}
	query = query_of(q, env);
	findings_count(f, seat, &query);
}

static RARE void note_logged(const struct query *q, const struct query_env *env,
			     const struct verdict *v)
{
	const struct findings_query query = query_of(q, env);

	count_logged(env, v->logged, hit_of(q, v, v->owner_labels), &query, q);
}

/* Each query for a listed name comes by here: all that it does is to be a part of it. */
FLAT void query_note_name(const struct query *q, const struct query_env *env,
			  const struct verdict *v)
{
	if (is_hit(v) && env->findings && v->noted)
		count_name(q, env, v);
	if (v->logged)
		note_logged(q, env, v);
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

/* Of what an answer leads to. */
static void note(const struct query_env *env, const struct verdict *v, bool noted,
		 const struct findings_hit *hit, const struct findings_query *query)
{
	if (noted)
		count(env, hit, query);
	if (v->logged)
		count_logged(env, v->logged, *hit, query, NULL);
}

void query_note_answer(const struct query *q, const struct query_env *env, const struct verdict *v)
{
	bool noted = is_hit(v) && is_noted_answer(env, v->list);
	struct findings_hit hit;
	struct findings_query query;

	if (!noted && !v->logged)
		return;
	hit = hit_of(q, v, 0);
	query = query_of(q, env);
	note(env, v, noted, &hit, &query);
}

void query_note_waiter(const struct query_wait *wait, const struct query_env *env,
		       const struct verdict *v)
{
	bool noted = is_hit(v) && is_noted_answer(env, v->list);
	const struct findings_query query = {
		.now_ms = env->now_ms,
		.now_s = env->now_s,
		.qtype = wait->wire.qtype,
		.way = way_of(wait->transport, wait->told, wait->relayed, wait->good_cookie),
	};
	struct findings_hit hit;
	struct name name;

	if (!noted && !v->logged)
		return;
	name_copy_lower(&name, wait->question, wait->wire.qname_len);
	hit = (struct findings_hit){
		.client = &wait->client,
		.name = &name,
		.name_hash = name_hash(&env->name_key, &name),
		.list = v->list,
		.rule = v,
	};
	note(env, v, noted, &hit, &query);
}
