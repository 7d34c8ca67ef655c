/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of a query, told to whoever listens, and counted for its client's group. */
#include "base/apart.h"
#include "group/groups.h"
#include "query/job.h"

_Static_assert(GROUPS_FIRST + CONF_GROUPS_MAX <= STATS_VIEWS_MAX, "each group is counted");

static const char *list_name(const struct query_env *env, uint16_t list)
{
	return list < POLICY_NO_PLACE ? env->snapshot->policy->lists[list].name : "";
}

static uint8_t rcode_of(const uint8_t *buf)
{
	return buf ? buf[3] & 15U : 0;
}

APART void query_tell(const struct query *q, const struct query_env *env,
		      enum query_outcome outcome, const uint8_t *buf)
{
	bool blocked = q->list < POLICY_NO_PLACE;
	const struct feed_event event = {
		.now_ms = env->now_ms,
		.client = q->client,
		.qtype = q->wire.qtype,
		.rcode = rcode_of(outcome == QUERY_ANSWERED ? buf : NULL),
		.tcp = q->transport == TRANSPORT_TCP,
		.outcome = outcome == QUERY_DROPPED ? FEED_DROPPED
			   : blocked		    ? FEED_BLOCKED
						    : FEED_ANSWERED,
	};

	if (outcome != QUERY_FORWARD && q->parsed == WIRE_QUERY)
		feed_tell(env->feed, &event, q->qname.wire, q->qname.len, list_name(env, q->list));
}

static void tell_waiter(const struct query_wait *wait, const struct query_env *env, uint16_t list,
			uint8_t rcode, enum feed_outcome outcome)
{
	const struct feed_event event = {
		.now_ms = env->now_ms,
		.client = wait->client,
		.qtype = wait->wire.qtype,
		.rcode = rcode,
		.tcp = wait->transport == TRANSPORT_TCP,
		.outcome = outcome,
	};
	struct name name;

	name_copy_lower(&name, wait->question, wait->wire.qname_len);
	feed_tell(env->feed, &event, name.wire, name.len, list_name(env, list));
}

APART void query_tell_waiter(const struct query_wait *wait, const struct query_env *env,
			     uint16_t list, const uint8_t *buf)
{
	enum feed_outcome outcome = !buf		     ? FEED_DROPPED
				    : list < POLICY_NO_PLACE ? FEED_BLOCKED
							     : FEED_FORWARDED;

	tell_waiter(wait, env, list, rcode_of(buf), outcome);
}

APART void query_tell_failed(const struct query_wait *wait, const struct query_env *env)
{
	tell_waiter(wait, env, POLICY_NO_PLACE, RCODE_SERVFAIL, FEED_FAILED);
}

static void count_end(const struct query_env *env, uint16_t view, uint16_t list, const uint8_t *buf)
{
	if (list < POLICY_NO_PLACE)
		stats_inc(env->stats, views[view].blocked);
	else if (rcode_of(buf) == RCODE_SERVFAIL)
		stats_inc(env->stats, views[view].servfail);
}

APART void query_count_view(const struct query *q, const struct query_env *env,
			    enum query_outcome outcome, const uint8_t *buf)
{
	stats_inc(env->stats, views[q->view].queries);
	if (outcome != QUERY_FORWARD)
		count_end(env, q->view, q->list, outcome == QUERY_ANSWERED ? buf : NULL);
}

APART void query_count_waiter(const struct query_wait *wait, const struct query_env *env,
			      uint16_t list, const uint8_t *buf)
{
	const uint16_t view = groups_view(env->snapshot->groups, &wait->client);

	if (view >= GROUPS_FIRST)
		count_end(env, view, list, buf);
}
