/* SPDX-License-Identifier: BSD-2-Clause */
/* A query's question: what follows from its name, and how it is told from others. */
#include <string.h>

#include "base/apart.h"
#include "group/groups.h"
#include "map/namemap.h"
#include "query/job.h"

/*
 * Finds the pool that is asked: that of the longest zone that has the name, else the client's own.
 * The DS of a zone lies in the zone above it (RFC 4035, 3.1.4.1), whose upstreams are asked.
 */
static void find_pool(struct query *q, const struct snapshot *s)
{
	struct namemap_hit hit = namemap_find(s->zones, &q->qname, &q->suffixes, 0);

	q->in_zone = hit.found;
	if (hit.found && hit.suffix == 0 && q->wire.qtype == TYPE_DS)
		hit = namemap_find(s->zones, &q->qname, &q->suffixes, 1);
	q->pool = hit.found && !s->pools[q->home].zones_too ? (uint16_t)hit.value : q->home;
}

void query_hash_at_home(struct query *q, const struct query_env *env)
{
	name_hash_suffixes(&env->name_key, &q->qname, &q->suffixes);
	find_pool(q, env->snapshot);
	q->cache_hash = cache_hash(
		query_name_hash(&q->suffixes) ^ query_cache_salt(env->snapshot, q), q->wire.qtype);
}

bool query_find_home(const struct query_env *env, const struct query_key *key, uint16_t *ret_home)
{
	const struct snapshot *s = env->snapshot;

	*ret_home = 0;
	if (key->home_salt == 0)
		return true;
	for (size_t i = snapshot_zone_pools(s); i < s->pool_count; i++)
		if (s->pools[i].salt == key->home_salt) {
			*ret_home = (uint16_t)i;
			return true;
		}
	return false;
}

uint8_t query_apex(const struct name *name, const struct name_suffixes *suffixes,
		   const struct verdict *verdict)
{
	if (verdict->owner_labels == 0)
		return (uint8_t)(name->len - 1);
	return suffixes->offset[suffixes->labels - verdict->owner_labels];
}

struct verdict query_standing(const struct query_env *env, const struct name *qname, uint16_t qtype,
			      const struct ip *client, uint8_t *ret_apex)
{
	struct name_suffixes suffixes;
	struct verdict v;

	name_hash_suffixes(&env->name_key, qname, &suffixes);
	v = policy_match_query(env->snapshot->policy, qname, &suffixes, qtype, client,
			       POLICY_NO_LEAVE_IN(groups_view(env->snapshot->groups, client)));
	*ret_apex = v.matched ? query_apex(qname, &suffixes, &v) : 0;
	return v;
}

void query_refresh_key(const struct query *q, const struct query_env *env,
		       struct query_key *ret_key)
{
	uint8_t *type = ret_key->question + q->qname.len;

	ret_key->hash = q->cache_hash;
	ret_key->generation = env->snapshot->generation;
	ret_key->qtype = q->wire.qtype;
	ret_key->pool = q->pool;
	ret_key->pool_salt = query_pool_salt(env->snapshot, q->pool);
	ret_key->home_salt = query_pool_salt(env->snapshot, q->home);
	ret_key->flags = q->unchecked ? CACHE_FLAG_CD : 0;
	ret_key->leave = q->leave;
	ret_key->lent = q->lent;
	ret_key->question_len = (uint16_t)(q->qname.len + 4);
	memcpy(ret_key->question, q->qname.wire, q->qname.len);
	wire_put16(type, q->wire.qtype);
	wire_put16(type + 2, q->wire.qclass);
}

void query_suspend(const struct query *q, const struct query_env *env, const uint8_t *msg,
		   struct query_key *ret_key, struct query_wait *ret_wait)
{
	query_refresh_key(q, env, ret_key);
	ret_wait->wire = q->wire;
	ret_wait->transport = q->transport;
	ret_wait->told = q->told;
	ret_wait->has_cookie = q->has_cookie;
	ret_wait->good_cookie = q->good_cookie;
	ret_wait->alias = q->alias;
	ret_wait->waits = q->waits;
	ret_wait->led = q->led;
	ret_wait->relayed = q->relayed;
	ret_wait->apart = q->home != 0;
	ret_wait->lead = q->lead;
	ret_wait->generation = ret_key->generation;
	ret_wait->client = q->client;
	if (q->told)
		ret_wait->subnet = q->subnet;
	memcpy(ret_wait->cookie, q->cookie, sizeof(ret_wait->cookie));
	memcpy(ret_wait->question, msg + WIRE_HEADER, q->wire.question_end - (size_t)WIRE_HEADER);
}

APART void query_end_ttls(const struct query_env *env, const struct ip *client, size_t question_end,
			  uint8_t *buf, size_t len)
{
	const uint16_t view = groups_view(env->snapshot->groups, client);
	const struct policy_views *views = env->snapshot->policy->views;
	const uint64_t until_s = views->view[view - 1].until_s;
	/* where the clock was put back other hours may end before */
	const bool known = env->now_s >= views->made_s && env->now_s < until_s;
	const uint64_t left_s = known ? until_s - env->now_s : 0;
	const unsigned int records =
		(unsigned int)wire_get16(buf + 6) + wire_get16(buf + 8) + wire_get16(buf + 10);

	if (left_s < UINT32_MAX)
		reply_cap_ttl(buf, len, question_end, records, (uint32_t)left_s);
}

bool query_ask_unchecked(struct query_key *key)
{
	if (key->flags & CACHE_FLAG_CD)
		return false;
	key->flags |= CACHE_FLAG_CD;
	return true;
}

bool query_key_equal(const struct query_key *a, const struct query_key *b)
{
	if (a->home_salt != b->home_salt)
		return false;
	return a->hash == b->hash && a->generation == b->generation && a->pool == b->pool &&
	       a->flags == b->flags && a->leave.passed == b->leave.passed &&
	       a->leave.excepted == b->leave.excepted && a->leave.itself == b->leave.itself &&
	       a->leave.limit == b->leave.limit && a->leave.view == b->leave.view &&
	       a->leave.done == b->leave.done && a->lent == b->lent &&
	       a->question_len == b->question_len &&
	       memcmp(a->question, b->question, a->question_len) == 0;
}
