/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cache is asked and told.  It never has the last word: lists that have changed since
 * are asked before anything of it is given. */
#include <string.h>

#include "base/apart.h"
#include "dns/plain.h"
#include "query/job.h"

/* The generation of what a list may block, log or let pass before what a client's own rule says:
 * inspected at each hit, for its verdict. */
#define ALWAYS 0U
#define VIEW_SHIFT 48U	      /* of a generation, which nobody reloads so often as to reach */
#define LOOKUP_MIN_S 5U	      /* that servers of zones are known for, whatever their TTL */
#define RECHECK_SLOW_MS 5000U /* longer than a question may take: till then it may be answered */

/* The generation of what is clean for one view alone. */
static uint64_t generation_in(uint64_t generation, uint16_t view)
{
	return generation | (uint64_t)view << VIEW_SHIFT;
}

/*
 * For whom a reply is clean that is so for the view of `leave`.  What it leads to is seldom listed
 * at all: then for all views, of which none need look again.  Else for that one: in another a list
 * may hold, or what let the names pass may not.
 */
static uint64_t clean_generation(const struct query_env *env, uint64_t generation,
				 struct policy_leave leave, const struct verdict *v, bool beside)
{
	if (!env->snapshot->groups ||
	    (!v->listed && !beside && !query_seeks_servers(env->snapshot)))
		return generation;
	return leave.view == POLICY_ALL_LISTS ? ALWAYS : generation_in(generation, leave.view);
}

/* A reply past its TTL: RFC 8767, 4, and a signature in it may have expired as well. */
static APART void make_stale(const struct query_env *env, uint8_t *msg, struct reply *reply)
{
	uint32_t ttl_s = env->snapshot->conf->cache.stale_ttl_s;
	unsigned int records = (unsigned int)reply->ancount + reply->nscount + reply->arcount;

	edes_set(&reply->ede,
		 reply->kind == REPLY_NXDOMAIN ? EDE_STALE_NXDOMAIN_ANSWER : EDE_STALE_ANSWER,
		 NULL);
	reply->ad = false;
	reply->ttl_s = ttl_s;
	if (reply->body)
		reply_cap_ttl(msg, reply->question_end + (size_t)reply->body_len,
			      reply->question_end, records, ttl_s);
}

/* ---- a query */

/* What is known has to be enough for now.  False: the client is to wait until more is known, as for
 * what is past its TTL (query_stale). */
static bool is_known_enough(const struct query_env *env, const struct cache_key *key,
			    struct cache_found *found, enum query_knowledge known, bool blocks,
			    bool stale)
{
	if (stale && !blocks)
		return false;
	if (known == QUERY_KNOWN_NOT_YET &&
	    env->snapshot->conf->outgoing.ns_lookup != CONF_NSLOOKUP_BACKGROUND)
		return false;
	if (known == QUERY_KNOWN_NOT_YET && !found->refresh)
		found->refresh = cache_renew(env->cache, key, found, env->now_ms);
	if (!blocks)
		stats_inc(env->stats, servers_unknown);
	return true;
}

/* A reply cached under older lists, or that these block, is inspected by the current ones before it
 * is given.  False: it is to be asked anew. */
static APART bool inspect_cached(const struct query *q, const struct query_env *env,
				 const struct cache_key *key, uint8_t *msg, struct reply *reply,
				 struct cache_found *found, struct verdict *ret_verdict)
{
	const uint16_t additional = reply->arcount;
	const bool filtered = query_filter_hints(env, msg, reply);
	enum query_knowledge known;
	struct verdict v =
		query_inspect_known(env, q->home, key->flags, msg, reply, q->leave, &known);

	*ret_verdict = v;
	if (known != QUERY_KNOWN_ALL)
		return is_known_enough(env, key, found, known, v.matched, reply->stale);
	if (v.matched || v.logged)
		return true;
	if (reply->arcount == additional) {
		/* by a lent leave not all lists were asked; and where hints were taken away the
		 * entry has them still: they may be wanted again */
		if (!filtered && !q->lent && !reply->passed)
			cache_set_generation(env->cache, key, found,
					     clean_generation(env, env->snapshot->generation,
							      q->leave, &v, additional > 0));
	} else if (!found->refresh) /* the entry has still what was removed here */
		found->refresh = cache_renew(env->cache, key, found, env->now_ms);
	return true;
}

static void count_cached(struct stats *stats, const struct reply *reply, bool refresh)
{
	if (reply->stale) {
		stats_inc(stats, stale_answers);
		if (refresh)
			stats_inc(stats, stale_rechecks);
	} else if (reply->kind == REPLY_FAILURE) {
		stats_inc(stats, servfail_cached);
	} else {
		stats_inc(stats, cache_hits);
		if (refresh)
			stats_inc(stats, prefetches);
	}
}

/* What a list says of the cached reply, or of the name that waits for that.  False: none ends the
 * query. */
static APART bool judge_cached(struct query *q, const struct query_env *env,
			       const struct verdict *said, struct query_judged *ret_judged)
{
	struct query_judged judged = {.verdict = *said};
	const bool stands = q->waits && !said->matched;

	if (stands) {
		judged.verdict =
			query_standing(env, &q->qname, q->wire.qtype, &q->client, &judged.apex);
		judged.verdict.logged = said->logged;
		query_note_name(q, env, &judged.verdict);
	} else {
		query_note_answer(q, env, said);
	}
	if (!query_verdict_ends(&judged.verdict, q->transport))
		return false;
	q->list = judged.verdict.list;
	query_count_verdict(env, &judged.verdict, stands);
	*ret_judged = judged;
	return true;
}

/* Answers from the reply that the cache puts behind the question in `msg`, which has `room`. */
static enum query_cached answer_cached(struct query *q, struct answer_job *job, uint8_t *msg,
				       size_t room, struct query_judged *ret_judged,
				       size_t *ret_len)
{
	const struct query_env *env = job->env;
	const struct cache_key key = {
		.qname = &q->qname,
		.hash = q->cache_hash,
		.qtype = q->wire.qtype,
		.flags = query_cache_flags(&q->wire),
	};
	size_t body_at = WIRE_HEADER + (size_t)q->qname.len + 4;
	struct verdict v = {.matched = false};
	struct cache_found found;
	struct reply reply;

	if (!cache_get(env->cache, &env->snapshot->conf->cache, &key, env->now_ms, msg + body_at,
		       room - body_at, &reply, &found)) {
		q->unchecked = found.unchecked;
		return QUERY_CACHED_NOT;
	}
	reply.question_end = (uint16_t)body_at;
	q->unchecked = found.unchecked;
	if (found.generation != env->snapshot->generation &&
	    found.generation != generation_in(env->snapshot->generation, q->leave.view)) {
		/* where there is no room to look at the reply here it is asked for again */
		if (!reply.body || !inspect_cached(q, env, &key, msg, &reply, &found, &v))
			return QUERY_CACHED_NOT;
	}
	if (reply.kind == REPLY_CNAME && !query_verdict_ends(&v, q->transport))
		return QUERY_CACHED_NOT; /* what it leads to is to be looked for */
	q->refresh = found.refresh;
	if ((v.matched || v.logged || q->waits) && judge_cached(q, env, &v, ret_judged))
		return QUERY_CACHED_JUDGED;
	if (reply.ede.len > 0 && reply_is_blocked(&reply))
		query_note_blocked(q, env);
	count_cached(env->stats, &reply, found.refresh);
	if (reply.stale)
		make_stale(env, msg, &reply);
	*ret_len = query_answer_reply(job, &reply, reply.stale ? 0 : found.age_s);
	return QUERY_CACHED_ANSWERED;
}

/* The name was reached by the operator's CNAMEs: its reply is of a message of its own. */
static APART enum query_cached answer_alias_cached(struct query *q, struct answer_job *job,
						   struct query_judged *ret_judged, size_t *ret_len)
{
	uint8_t msg[WIRE_MESSAGE_MAX];

	memcpy(msg + WIRE_HEADER, q->qname.wire, q->qname.len);
	wire_put16(msg + WIRE_HEADER + q->qname.len, q->wire.qtype);
	wire_put16(msg + WIRE_HEADER + q->qname.len + 2, q->wire.qclass);
	return answer_cached(q, job, msg, sizeof(msg), ret_judged, ret_len);
}

enum query_cached query_answer_cached(struct query *q, struct answer_job *job,
				      struct query_judged *ret_judged, size_t *ret_len)
{
	if (q->alias)
		return answer_alias_cached(q, job, ret_judged, ret_len);
	if (job->buf != job->msg) /* names in the reply's body point into the question */
		memcpy(job->buf, job->msg, q->wire.question_end);
	return answer_cached(q, job, job->buf, job->room, ret_judged, ret_len);
}

/* ---- a question that was asked upstream */

/* The cache's key of a question; `qname` has room for its name, and has to live as long. */
static struct cache_key cache_key_of(const struct query_key *key, struct name *qname)
{
	name_copy(qname, key->question, key->question_len - 4U);
	return (struct cache_key){
		.qname = qname, .hash = key->hash, .qtype = key->qtype, .flags = key->flags};
}

/* How a reply is inspected: by what is known of servers as well, where `seek` is not NULL. */
static struct verdict inspect_by(const struct query_env *env, struct query_seek *seek, uint8_t *msg,
				 size_t len, struct reply *reply, struct policy_leave leave)
{
	if (seek)
		return query_inspect_servers(env, seek, msg, len, reply, leave);
	return query_inspect(env, msg, len, reply, leave);
}

/* The verdict on a reply, and on the question's own name when the lists have changed since it was
 * asked. */
static struct verdict judge_reply(const struct query_env *env, const struct query_key *key,
				  const struct name *qname, uint8_t *msg, size_t len,
				  struct reply *reply, struct query_seek *seek)
{
	struct policy_leave leave = query_leave_of(env, key);
	struct name_suffixes suffixes;
	struct verdict v = {.matched = false};
	struct verdict said;
	bool waits = false;

	if (query_filter_hints(env, msg, reply))
		len = reply->question_end + (size_t)reply->body_len;
	if (key->generation != env->snapshot->generation) {
		name_hash_suffixes(&env->name_key, qname, &suffixes);
		v = policy_match(env->snapshot->policy, qname, &suffixes, key->qtype,
				 POLICY_NO_LEAVE);
		waits = policy_waits(env->snapshot->policy, &v, POLICY_NO_LEAVE);
		if (!waits && v.matched && v.action != ACTION_PASS)
			return v;
		leave = waits ? policy_leave_waiting(&v) : policy_leave_behind(POLICY_NO_LEAVE, &v);
	}
	said = inspect_by(env, seek, msg, len, reply, leave);
	return waits && !said.matched ? v : said;
}

/* That a name does not exist would end what is known of all its types; but some servers say so of a
 * name that has no NS, when asked for these.  Where the upstream has verified it, the signatures
 * prove that alone. */
static void doubt_absence(const struct query_key *key, struct reply *reply)
{
	if (!key->leave.done || key->qtype != TYPE_NS || reply->ad ||
	    !reply_is_for_all_types(reply))
		return;
	reply->kind = REPLY_NODATA;
	reply->rcode = RCODE_NOERROR;
}

/* What is asked for in the background is judged by at the next query: some seconds at least. */
static void hold_lookup(const struct query_env *env, const struct query_key *key,
			struct reply *reply)
{
	if (key->leave.done && reply->ttl_s < LOOKUP_MIN_S &&
	    env->snapshot->conf->outgoing.ns_lookup == CONF_NSLOOKUP_BACKGROUND)
		reply->ttl_s = LOOKUP_MIN_S;
}

/* `seek`: NULL, or what is known of servers by now. */
static struct verdict resolve(const struct query_env *env, const struct query_key *key,
			      uint8_t *msg, size_t len, struct reply *reply,
			      struct query_seek *seek)
{
	struct name qname;
	const struct cache_key cache_key = cache_key_of(key, &qname);
	const bool beside = reply->arcount > 0;
	struct verdict v = judge_reply(env, key, &qname, msg, len, reply, seek);
	bool settled = !v.matched && !v.logged && !reply->passed && !key->lent;

	if (seek && seek->count > 0 && !seek->last)
		return v;
	if (seek && (seek->count > 0 || seek->unknown)) {
		settled = false;
		if (!v.matched)
			stats_inc(env->stats, servers_unknown);
	}
	if (reply->pruned)
		stats_inc(env->stats, upstream_pruned);
	doubt_absence(key, reply);
	hold_lookup(env, key, reply);
	plain_separate(msg, WIRE_MESSAGE_MAX, reply);
	if (!reply->stale)
		cache_put(env->cache, &env->snapshot->conf->cache, &cache_key, env->now_ms,
			  settled ? clean_generation(env, key->generation, key->leave, &v, beside)
				  : ALWAYS,
			  reply);
	return v;
}

struct verdict query_resolve(const struct query_env *env, const struct query_key *key, uint8_t *msg,
			     size_t len, struct reply *reply)
{
	return resolve(env, key, msg, len, reply, NULL);
}

enum query_outcome query_resolve_seeking(const struct query_env *env, const struct query_key *key,
					 uint8_t *msg, size_t len, struct reply *reply,
					 struct query_seek *seek, struct verdict *ret_verdict)
{
	seek->unknown = false;
	seek->count = 0;
	*ret_verdict = resolve(env, key, msg, len, reply,
			       query_find_home(env, key, &seek->home) ? seek : NULL);
	return seek->count > 0 && !seek->last ? QUERY_FORWARD : QUERY_ANSWERED;
}

/* Makes what the cache has put behind the question in `msg` as it is now. */
static void make_present(const struct query_env *env, uint8_t *msg, struct reply *reply,
			 const struct cache_found *found)
{
	unsigned int records = (unsigned int)reply->ancount + reply->nscount + reply->arcount;
	size_t len = reply->question_end + (size_t)reply->body_len;

	if (reply->stale)
		make_stale(env, msg, reply);
	else
		reply_age(msg, len, reply->question_end, records, found->age_s);
}

bool query_cached_reply(const struct query_env *env, const struct cache_key *key, size_t body_at,
			uint8_t *msg, struct reply *ret_reply)
{
	struct cache_found found;

	if (!cache_get(env->cache, &env->snapshot->conf->cache, key, env->now_ms, msg + body_at,
		       WIRE_MESSAGE_MAX - body_at, ret_reply, &found))
		return false;
	ret_reply->question_end = (uint16_t)body_at;
	if (ret_reply->body)
		make_present(env, msg, ret_reply, &found);
	return true;
}

/* The verdict on what is past its TTL.  False: it was never found to be clean by the lists that are
 * in force, and of the servers that it would have to be judged by nothing is left. */
static bool judge_stale(const struct query_env *env, const struct query_key *key,
			const struct name *qname, uint8_t *msg, struct reply *reply,
			const struct cache_found *found, struct verdict *ret_verdict)
{
	const uint64_t generation = env->snapshot->generation;
	const bool clean = found->generation == generation ||
			   found->generation == generation_in(generation, key->leave.view);
	const size_t len = reply->question_end + (size_t)reply->body_len;
	const bool seeks = query_seeks(env, key) && !clean;
	struct query_seek seek; /* whose room for questions is not cleared */

	seek.known = NULL;
	seek.flags = key->flags;
	seek.expired = true;
	seek.last = false;
	seek.count = 0;
	seek.unknown = seeks && !query_find_home(env, key, &seek.home);
	*ret_verdict = judge_reply(env, key, qname, msg, len, reply,
				   seeks && !seek.unknown ? &seek : NULL);
	return ret_verdict->matched || (seek.count == 0 && !seek.unknown);
}

bool query_stale(const struct query_env *env, const struct query_key *key, bool failed,
		 uint8_t *msg, struct reply *ret_reply, struct verdict *ret_verdict)
{
	const size_t body_at = WIRE_HEADER + (size_t)key->question_len;
	struct name qname;
	struct cache_key cache_key = cache_key_of(key, &qname);
	struct cache_found found;

	cache_key.flags |= CACHE_FLAG_DO; /* for who wants it; plain_separate is for the others */
	if (!cache_get_stale(env->cache, &env->snapshot->conf->cache, &cache_key, env->now_ms,
			     failed ? CACHE_RECHECK_MS : RECHECK_SLOW_MS, msg + body_at,
			     WIRE_MESSAGE_MAX - body_at, ret_reply, &found))
		return false;
	memset(msg, 0, WIRE_HEADER);
	memcpy(msg + WIRE_HEADER, key->question, key->question_len);
	ret_reply->question_end = (uint16_t)body_at;
	make_present(env, msg, ret_reply, &found); /* another worker may have been given it anew */
	if (!judge_stale(env, key, &qname, msg, ret_reply, &found, ret_verdict))
		return false;
	if (ret_reply->kind == REPLY_CNAME && !query_verdict_ends(ret_verdict, TRANSPORT_TCP))
		return false; /* it was blocked for where it leads, and is no more */
	plain_separate(msg, WIRE_MESSAGE_MAX, ret_reply);
	return true;
}

void query_remember_failure(const struct query_env *env, const struct query_key *key,
			    enum query_failure failure, const struct edes *ede)
{
	struct name qname;
	const struct cache_key cache_key = cache_key_of(key, &qname);
	struct edes own;

	if (failure == QUERY_FAIL_OVERLOAD)
		return;
	query_failure_ede(failure, &own);
	cache_put_failure(env->cache, &env->snapshot->conf->cache, &cache_key, env->now_ms,
			  ede && ede->len > 0 ? ede : &own, ede != NULL);
}
