/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The servers of the zones that a reply's names lie in (outgoing.ns-lookup): what is known of them,
 * by what was asked for the reply's sake and by the cache, and what has to be asked.
 */
#include <string.h>

#include "base/apart.h"
#include "map/namemap.h"
#include "query/job.h"

struct lookup {
	struct inspect_lookup inspect; /* first: it is what `find` is handed */
	const struct query_env *env;
	const struct query_known *known;
	uint8_t flags;
	uint16_t home; /* who is asked what is in no zone, as for the client */
	bool expired;  /* what the cache has past its TTL is good enough */
	uint8_t servers[WIRE_MESSAGE_MAX];
	uint8_t others[WIRE_MESSAGE_MAX];
};

/* ---- questions */

/* A question that no client asks, and whose reply is not for one: the lists judge neither. */
static void begin_question(struct query *q, const struct query_env *env, uint16_t home,
			   const struct name *name, uint16_t type)
{
	q->wire.qtype = type;
	q->wire.qclass = CLASS_IN;
	q->qname = *name;
	q->leave = POLICY_MANDATORY_ONLY;
	q->leave.done = true;
	q->lent = true;
	q->home = home;
	query_hash_at_home(q, env);
}

/* True for a name that the upstreams are not asked for. */
static bool is_kept_here(const struct query *q, const struct snapshot *s)
{
	struct local_name own;

	return q->suffixes.labels < 2 || local_find(s->local, &q->qname, &q->suffixes, &own) ||
	       (!q->in_zone && namemap_find(s->special, &q->qname, &q->suffixes, 0).found);
}

/* A zone above one that is asked of upstreams of its own is not where that one's names come from.
 */
static bool is_in_pool_of(const struct query *q, const struct query_env *env, const struct name *of)
{
	struct query other;

	if (env->snapshot->pool_count == 1)
		return true;
	begin_question(&other, env, q->home, of, TYPE_NS);
	return other.pool == q->pool;
}

/* ---- what is known */

static const struct query_known *find_known(const struct lookup *l, const struct name *name,
					    uint16_t type)
{
	for (const struct query_known *k = l->known; k; k = k->next)
		if (k->type == type && name_equal(&k->name, name))
			return k;
	return NULL;
}

static bool find_cached(struct lookup *l, const struct query *q, uint8_t *msg,
			struct reply *ret_reply)
{
	const struct query_env *env = l->env;
	const size_t body_at = WIRE_HEADER + q->qname.len + 4U;
	const struct cache_key key = {
		.qname = &q->qname,
		.hash = q->cache_hash,
		.qtype = q->wire.qtype,
		.flags = l->flags,
	};
	struct cache_found found;

	memcpy(msg + WIRE_HEADER, q->qname.wire, q->qname.len);
	if (!cache_get(env->cache, &env->snapshot->conf->cache, &key, env->now_ms, msg + body_at,
		       WIRE_MESSAGE_MAX - body_at, ret_reply, &found) &&
	    !(l->expired && cache_get_stale(env->cache, &env->snapshot->conf->cache, &key,
					    env->now_ms, CACHE_RECHECK_MS, msg + body_at,
					    WIRE_MESSAGE_MAX - body_at, ret_reply, &found)))
		return false;
	if (ret_reply->stale && !l->expired)
		return false; /* it is given while upstreams fail, and says nothing of now */
	ret_reply->question_end = (uint16_t)body_at;
	return true;
}

static enum inspect_known known_of(const struct reply *reply)
{
	return reply->kind != REPLY_FAILURE && reply->body ? INSPECT_KNOWN : INSPECT_FAILED;
}

static enum inspect_known find(struct inspect_lookup *inspect, const struct name *of,
			       const struct name *name, uint16_t type, const uint8_t **ret_msg,
			       struct reply *ret_reply)
{
	struct lookup *l = (struct lookup *)inspect;
	uint8_t *msg = type == TYPE_NS ? l->servers : l->others;
	const struct query_known *known = find_known(l, name, type);
	struct query q;

	if (known && known->reply) {
		*ret_reply = *known->reply;
		*ret_msg = ret_reply->body - ret_reply->question_end;
		return INSPECT_KNOWN;
	}
	begin_question(&q, l->env, l->home, name, type);
	if (is_kept_here(&q, l->env->snapshot) ||
	    (type == TYPE_NS && !is_in_pool_of(&q, l->env, of)))
		return INSPECT_NOBODY;
	*ret_msg = msg;
	if (find_cached(l, &q, msg, ret_reply))
		return known_of(ret_reply);
	return known ? INSPECT_FAILED : INSPECT_MISSING;
}

/* ---- a reply */

struct verdict query_inspect(const struct query_env *env, uint8_t *msg, size_t len,
			     struct reply *reply, struct policy_leave leave)
{
	const struct inspect_rules rules = {
		.policy = env->snapshot->policy,
		.name_key = &env->name_key,
		.rebind = env->snapshot->rebind,
	};

	return inspect_reply(&rules, msg, len, reply, leave);
}

static void tell(const struct lookup *l, struct query_seek *seek)
{
	const struct inspect_lookup *inspect = &l->inspect;
	struct query q;

	seek->unknown = inspect->unknown || inspect->more;
	seek->count = inspect->wanted_count;
	for (unsigned int i = 0; i < seek->count; i++) {
		begin_question(&q, l->env, l->home, &inspect->wanted[i].name,
			       inspect->wanted[i].type);
		q.unchecked = l->flags & CACHE_FLAG_CD;
		query_refresh_key(&q, l->env, &seek->keys[i]);
	}
}

APART struct verdict query_inspect_servers(const struct query_env *env, struct query_seek *seek,
					   uint8_t *msg, size_t len, struct reply *reply,
					   struct policy_leave leave)
{
	struct lookup l; /* whose room for messages is not cleared */
	const struct inspect_rules rules = {
		.policy = env->snapshot->policy,
		.name_key = &env->name_key,
		.rebind = env->snapshot->rebind,
		.lookup = &l.inspect,
	};
	struct verdict v;

	l.inspect.find = find;
	l.inspect.unknown = false;
	l.inspect.more = false;
	l.inspect.last = seek->last;
	l.inspect.wanted_count = 0;
	l.env = env;
	l.known = seek->known;
	l.flags = seek->flags & CACHE_FLAG_CD;
	l.home = seek->home;
	l.expired = seek->expired;
	v = inspect_reply(&rules, msg, len, reply, leave);
	tell(&l, seek);
	return v;
}

struct verdict query_inspect_known(const struct query_env *env, uint16_t home, uint8_t flags,
				   uint8_t *msg, struct reply *reply, struct policy_leave leave,
				   enum query_knowledge *ret_known)
{
	const size_t len = reply->question_end + (size_t)reply->body_len;
	struct query_seek seek; /* whose room for questions is not cleared */
	struct verdict v;

	*ret_known = QUERY_KNOWN_ALL;
	if (leave.done || !query_seeks_servers(env->snapshot))
		return query_inspect(env, msg, len, reply, leave);
	seek.known = NULL;
	seek.flags = flags;
	seek.home = home;
	seek.expired = reply->stale;
	seek.last = env->snapshot->conf->outgoing.ns_lookup == CONF_NSLOOKUP_BACKGROUND;
	v = query_inspect_servers(env, &seek, msg, len, reply, leave);
	if (seek.count > 0)
		*ret_known = QUERY_KNOWN_NOT_YET;
	else if (seek.unknown)
		*ret_known = QUERY_KNOWN_SOME;
	return v;
}
