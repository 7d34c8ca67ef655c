/* SPDX-License-Identifier: BSD-2-Clause */
#include "query/query.h"

#include <string.h>

#include "map/namemap.h"
#include "names/special.h"
#include "query/job.h"

/* The cookie is made now: its client part lies where the answer will be written. */
static void begin_cookie(struct query *q, const struct query_env *env, const uint8_t *msg)
{
	q->good_cookie = false;
	q->has_cookie = q->wire.edns.cookie && env->snapshot->conf->server.cookies;
	if (q->has_cookie)
		q->good_cookie = edns_answer_cookie(&env->cookie_secrets, msg + q->wire.edns.cookie,
						    q->wire.edns.cookie_len, &q->client, env->now_s,
						    q->cookie);
}

/*
 * Finds the pool that is asked: that of the longest zone that has the name.  The DS of a zone lies
 * in the zone above it (RFC 4035, 3.1.4.1), whose upstreams are asked.  Returns the pool's salt.
 */
static uint64_t find_pool(struct query *q, const struct snapshot *s)
{
	struct namemap_hit hit = namemap_find(s->zones, &q->qname, &q->suffixes, 0);

	q->in_zone = hit.found;
	if (hit.found && hit.suffix == 0 && q->wire.qtype == TYPE_DS)
		hit = namemap_find(s->zones, &q->qname, &q->suffixes, 1);
	q->pool = hit.found ? (uint16_t)hit.value : 0;
	return query_pool_salt(s, q->pool);
}

/* What follows from the name that is asked for. */
static void hash_question(struct query *q, const struct query_env *env)
{
	name_hash_suffixes(&env->name_key, &q->qname, &q->suffixes);
	q->cache_hash = cache_hash(query_name_hash(&q->suffixes) ^ find_pool(q, env->snapshot),
				   q->wire.qtype);
}

/*
 * True for a port whose service sends something back to whatever comes: echo, daytime, qotd,
 * chargen, time.  Nobody asks from there: who says so would have two
 * servers talk to each other for ever.
 */
static bool is_loop_port(const struct sockaddr *client)
{
	static const uint64_t ports = 1U << 7 | 1U << 13 | 1U << 17 | 1U << 19 | 1ULL << 37;
	uint16_t port = addr_port(client);

	return port < 64 && (ports >> port & 1);
}

void query_begin(struct query *q, const struct query_env *env, const uint8_t *msg, size_t len,
		 const struct sockaddr *client, enum transport transport)
{
	q->transport = transport;
	q->parsed = transport == TRANSPORT_UDP && is_loop_port(client)
			    ? WIRE_DROP
			    : wire_parse_query(msg, len, &q->wire);
	q->leave = POLICY_NO_LEAVE;
	q->refresh = false;
	q->unchecked = false;
	q->alias = false;
	q->list = POLICY_NO_PLACE;
	q->lent = false;
	if (q->parsed == WIRE_DROP)
		return;
	q->client = ip_from_sockaddr(client);
	begin_cookie(q, env, msg);
	if (q->parsed != WIRE_QUERY)
		return;
	name_copy_lower(&q->qname, msg + WIRE_HEADER, q->wire.qname_len);
	hash_question(q, env);
	domset_prefetch(env->snapshot->policy->set, &q->suffixes);
	cache_prefetch(env->cache, q->cache_hash);
}

void query_prefetch(const struct query *q, const struct query_env *env)
{
	if (q->parsed != WIRE_QUERY)
		return;
	domset_prefetch_rules(env->snapshot->policy->set, &q->suffixes);
	cache_prefetch_entry(env->cache, q->cache_hash, q->wire.qtype);
}

/* An answer that says no more than its rcode. */
static size_t answer_rcode(struct answer_job *job, uint16_t rcode, const struct edes *ede)
{
	job->opt.ede = ede;
	answer_job_begin(job);
	return answer_end(&job->answer, rcode, 0);
}

static size_t answer_with_code(struct answer_job *job, uint16_t rcode, enum ede_code code)
{
	struct edes ede;

	edes_set(&ede, code, NULL);
	return answer_rcode(job, rcode, &ede);
}

/* What cannot be taken as a query for a name. */
static size_t answer_unparsed(struct answer_job *job, enum wire_verdict parsed)
{
	struct stats *stats = job->env->stats;

	switch (parsed) {
	case WIRE_NOTIMP:
		stats_inc(stats, notimp);
		return answer_rcode(job, RCODE_NOTIMP, NULL);
	case WIRE_BADVERS:
		stats_inc(stats, badvers);
		return answer_rcode(job, RCODE_BADVERS, NULL);
	case WIRE_COOKIE:
		return answer_rcode(job, RCODE_NOERROR, NULL);
	default:
		stats_inc(stats, formerr);
		return answer_rcode(job, RCODE_FORMERR, NULL);
	}
}

/* Types that stand for an operation, not for records (RFC 6895, 3.1); ANY is answered. */
static bool is_meta_type(uint16_t qtype)
{
	return qtype == TYPE_OPT || qtype == 0 || (qtype >= TYPE_TKEY && qtype <= TYPE_MAILA);
}

/* Queries that no list and no upstream is asked about.  False: the query is an ordinary one. */
static bool answer_special(const struct query *q, struct answer_job *job, size_t *ret_len)
{
	struct stats *stats = job->env->stats;

	if (q->wire.qclass == CLASS_CH) {
		stats_inc(stats, chaos);
		*ret_len = query_answer_chaos(job, &q->qname);
		return true;
	}
	if (q->wire.qclass != CLASS_IN) {
		stats_inc(stats, refused);
		*ret_len = answer_with_code(job, RCODE_REFUSED, EDE_NOT_SUPPORTED);
		return true;
	}
	if (q->wire.qtype == TYPE_AXFR || q->wire.qtype == TYPE_IXFR) { /* RFC 5936, 2.2.1 */
		stats_inc(stats, refused);
		*ret_len = answer_with_code(job, RCODE_REFUSED, EDE_NOT_SUPPORTED);
		return true;
	}
	if (is_meta_type(q->wire.qtype)) {
		stats_inc(stats, notimp);
		*ret_len = answer_with_code(job, RCODE_NOTIMP, EDE_NOT_SUPPORTED);
		return true;
	}
	return false;
}

/* How many octets of the qname stand before the rule's owner: where its zone begins. */
static uint8_t apex_of(const struct query *q, const struct verdict *verdict)
{
	uint8_t labels = q->suffixes.labels;

	if (verdict->owner_labels == 0)
		return (uint8_t)(q->qname.len - 1);
	return q->suffixes.offset[labels - verdict->owner_labels];
}

/* A rule for all names is not one for those that never leave, unless it is an order's. */
static bool is_kept(const struct query *q, const struct snapshot *s, const struct verdict *v)
{
	return !s->policy->lists[v->list].mandatory && !q->in_zone &&
	       namemap_find(s->special, &q->qname, &q->suffixes, 0).found;
}

/* Answers with what the rule gives.  False: the query is for the name that its CNAME leads to from
 * here on. */
static bool lead_on(struct query *q, struct answer_job *job, const struct verdict *verdict,
		    enum query_outcome *outcome, size_t *ret_len)
{
	struct verdict v;

	*outcome = QUERY_ANSWERED;
	switch (query_lead_on(q, job, verdict, ret_len)) {
	case QUERY_LED_NOWHERE:
		*outcome = query_answer_verdict(job, verdict, q->alias ? 0 : apex_of(q, verdict),
						ret_len);
		return true;
	case QUERY_LED_ANSWERED:
		stats_inc(job->env->stats, list_hits[verdict->list]);
		return true;
	default:
		stats_inc(job->env->stats, list_hits[verdict->list]);
	}
	hash_question(q, job->env);
	q->lent = true;
	v = policy_match(job->env->snapshot->policy, &q->qname, &q->suffixes, q->wire.qtype,
			 q->leave);
	if (!query_verdict_ends(&v, q->transport))
		return false;
	*outcome = query_answer_verdict(job, &v, 0, ret_len);
	return true;
}

/*
 * What the lists say of the question's own name.  False: nothing that ends the query here (no
 * match, let pass, or to be asked over TCP and it was).
 */
static bool decide_by_policy(struct query *q, struct answer_job *job, struct policy_leave leave,
			     enum query_outcome *outcome, size_t *ret_len)
{
	struct stats *stats = job->env->stats;
	struct verdict v = policy_match(job->env->snapshot->policy, &q->qname, &q->suffixes,
					q->wire.qtype, leave);

	if (v.matched && v.owner_labels == 0 && is_kept(q, job->env->snapshot, &v))
		v.matched = false;
	q->leave = policy_leave_behind(POLICY_NO_LEAVE, &v);
	if (!v.matched && !v.logged)
		return false;
	if (v.matched && v.action == ACTION_PASS) {
		stats_inc(stats, passed);
		return false;
	}
	query_note_name(q, job->env, &v);
	if (!query_verdict_ends(&v, q->transport))
		return false;
	q->list = v.list;
	if (v.action == ACTION_SINKHOLE && special_is_canary(&q->qname))
		v.action = ACTION_NXDOMAIN; /* an address would say the contrary */
	if (q->alias)
		stats_inc(stats, blocked_cname);
	else
		stats_inc(stats, blocked_name);
	if (v.action == ACTION_GIVEN && !lead_on(q, job, &v, outcome, ret_len))
		return false;
	if (v.action != ACTION_GIVEN)
		*outcome = query_answer_verdict(job, &v, q->alias ? 0 : apex_of(q, &v), ret_len);
	return true;
}

static void count_query(const struct query_env *env, enum transport transport)
{
	if (transport == TRANSPORT_UDP)
		stats_inc(env->stats, queries_udp);
	else
		stats_inc(env->stats, queries_tcp);
}

/* False: the name is another name of one that is not the operator's, which the query is for from
 * here on. */
static bool decide_by_own(struct query *q, struct answer_job *job, const struct local_name *own,
			  enum query_outcome *outcome, size_t *ret_len)
{
	if (query_answer_local(job, own, &q->qname, outcome, ret_len))
		return true;
	q->alias = true;
	job->alias = true;
	hash_question(q, job->env);
	return decide_by_policy(q, job, POLICY_NO_LEAVE, outcome, ret_len);
}

/* The queries that neither the client nor the form of the message has settled. */
static enum query_outcome decide_question(struct query *q, struct answer_job *job, size_t *ret_len)
{
	struct stats *stats = job->env->stats;
	enum query_outcome outcome = QUERY_ANSWERED;
	struct policy_leave leave = POLICY_NO_LEAVE;
	struct local_name own;
	bool is_own;

	if (answer_special(q, job, ret_len))
		return QUERY_ANSWERED;
	is_own = local_find(job->env->snapshot->local, &q->qname, &q->suffixes, &own);
	leave.passed = is_own;
	if (decide_by_policy(q, job, leave, &outcome, ret_len))
		return outcome;
	if (is_own && !q->alias && decide_by_own(q, job, &own, &outcome, ret_len))
		return outcome;
	if (query_answer_special_use(q, job, ret_len) || query_answer_filtered(q, job, ret_len))
		return QUERY_ANSWERED;
	if (!(q->wire.flags & FLAG_RD)) {
		stats_inc(stats, refused);
		*ret_len = answer_with_code(job, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
		return QUERY_ANSWERED;
	}
	if (query_answer_cached(q, job, &outcome, ret_len))
		return outcome;
	if (query_answer_below(q, job, ret_len))
		return QUERY_ANSWERED;
	stats_inc(stats, cache_misses);
	return QUERY_FORWARD;
}

static enum query_outcome decide(struct query *q, const struct query_env *env, const uint8_t *msg,
				 uint8_t *buf, size_t cap, size_t *ret_len)
{
	struct answer_job job;

	count_query(env, q->transport);
	answer_job_init(&job, env, &q->wire, q->transport, q->has_cookie ? q->cookie : NULL, msg,
			buf, cap);
	if (!prefix_set_contains(env->snapshot->allow, &q->client)) {
		stats_inc(env->stats, not_allowed);
		*ret_len = answer_with_code(&job, RCODE_REFUSED, EDE_PROHIBITED);
		return QUERY_ANSWERED;
	}
	if (q->parsed != WIRE_QUERY) {
		*ret_len = answer_unparsed(&job, q->parsed);
		return QUERY_ANSWERED;
	}
	stats_type(env->stats, q->wire.qtype);
	return decide_question(q, &job, ret_len);
}

enum query_outcome query_decide(struct query *q, const struct query_env *env, const uint8_t *msg,
				uint8_t *buf, size_t cap, size_t *ret_len)
{
	enum query_outcome outcome;

	if (q->parsed == WIRE_DROP) {
		stats_inc(env->stats, dropped);
		return QUERY_DROPPED;
	}
	outcome = decide(q, env, msg, buf, cap, ret_len);
	if (outcome == QUERY_ANSWERED)
		query_count_rcode(env, buf);
	if (feed_is_heard(env->feed))
		query_tell(q, env, outcome, buf);
	return outcome;
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
	ret_wait->has_cookie = q->has_cookie;
	ret_wait->good_cookie = q->good_cookie;
	ret_wait->alias = q->alias;
	ret_wait->client = q->client;
	memcpy(ret_wait->cookie, q->cookie, sizeof(ret_wait->cookie));
	memcpy(ret_wait->question, msg + WIRE_HEADER, q->wire.question_end - (size_t)WIRE_HEADER);
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
	return a->hash == b->hash && a->generation == b->generation && a->pool == b->pool &&
	       a->flags == b->flags && a->leave.passed == b->leave.passed &&
	       a->leave.excepted == b->leave.excepted && a->lent == b->lent &&
	       a->question_len == b->question_len &&
	       memcmp(a->question, b->question, a->question_len) == 0;
}
