/* SPDX-License-Identifier: BSD-2-Clause */
#include "query/query.h"

#include <string.h>

#include "base/apart.h"
#include "group/groups.h"
#include "map/namemap.h"
#include "names/special.h"
#include "query/job.h"
#include "who/mac.h"

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

/* The client, as the forwarder's option says.  Cookies are the forwarder's: they are made before.
 */
static APART void hear_forwarder(struct query *q, const struct query_env *env, const uint8_t *msg,
				 size_t len)
{
	const struct snapshot *s = env->snapshot;
	struct ip client;
	uint16_t option_len;
	size_t option;

	if (q->parsed != WIRE_QUERY || !prefix_set_contains(s->forwarders, &q->client) ||
	    !wire_find_option(msg, len, &q->wire, OPTION_SUBNET, &option, &option_len))
		return;
	if (subnet_read(msg + option, option_len, &q->subnet, &client) != ERR_OK) {
		q->parsed = WIRE_FORMERR; /* RFC 7871, 7.1.2 */
		return;
	}
	q->told = true;
	q->forwarder = q->client;
	if (client.family)
		q->client = client;
	/* what an upstream says does not depend on it: it never hears of the option */
	subnet_set_scope(&q->subnet, s->groups || s->policy->prefixes[TRIGGER_CLIENT]);
}

/* The same by the client's hardware address, which goes before: who lets it be told has said so. */
static void hear_mac(struct query *q, const struct query_env *env, const uint8_t *msg, size_t len)
{
	const struct ip sender = *query_sender(q);
	uint16_t option_len;
	size_t option;
	struct ip client;
	enum err err = ERR_NOTFOUND;

	if (q->parsed != WIRE_QUERY || !prefix_set_contains(env->snapshot->mac_forwarders, &sender))
		return;
	if (wire_find_option(msg, len, &q->wire, OPTION_MAC, &option, &option_len))
		err = mac_read(msg + option, option_len, &client);
	else if (wire_find_option(msg, len, &q->wire, OPTION_MAC_TEXT, &option, &option_len))
		err = mac_read_text(msg + option, option_len, &client);
	if (err != ERR_OK)
		return;
	if (!q->told)
		q->subnet.len = 0;
	q->told = true;
	q->forwarder = sender;
	q->client = client;
}

/* That the option is there is read again: its code is the configuration's. */
static void begin_structured(struct query *q, const struct query_env *env, const uint8_t *msg,
			     size_t len)
{
	unsigned int code = env->snapshot->conf->structured.option;
	uint16_t option_len;
	size_t option;

	q->wire.edns.structured =
		code && wire_find_option(msg, len, &q->wire, (uint16_t)code, &option, &option_len);
}

/* What few queries have. */
static APART void begin_others(struct query *q, const struct query_env *env, const uint8_t *msg,
			       size_t len)
{
	if (env->snapshot->mac_forwarders)
		hear_mac(q, env, msg, len);
	begin_structured(q, env, msg, len);
}

/*
 * True for a port whose service sends something back to whatever comes: echo, daytime, qotd,
 * chargen, time.  Nobody asks from there: who says so would have two servers talk for ever.
 */
static bool is_loop_port(const struct sockaddr *client)
{
	static const uint64_t ports = 1U << 7 | 1U << 13 | 1U << 17 | 1U << 19 | 1ULL << 37;
	uint16_t port = addr_port(client);

	return port < 64 && (ports >> port & 1);
}

FLAT void query_begin(struct query *q, const struct query_env *env, const uint8_t *msg, size_t len,
		      const struct sockaddr *client, enum transport transport)
{
	q->transport = (uint8_t)transport;
	q->parsed = transport == TRANSPORT_UDP && is_loop_port(client)
			    ? WIRE_DROP
			    : wire_parse_query(msg, len, &q->wire);
	q->refresh = false;
	q->unchecked = false;
	q->alias = false;
	q->list = POLICY_NO_PLACE;
	q->lent = false;
	q->waits = false;
	q->led = false;
	q->relayed = false;
	q->told = false;
	if (q->parsed == WIRE_DROP)
		return;
	q->client = ip_from_sockaddr(client);
	begin_cookie(q, env, msg);
	if (q->wire.edns.subnet && env->snapshot->forwarders)
		hear_forwarder(q, env, msg, len);
	if (q->wire.edns.others)
		begin_others(q, env, msg, len);
	q->view = groups_view(env->snapshot->groups, &q->client);
	q->home = groups_pool(env->snapshot->groups, q->view);
	q->leave = POLICY_NO_LEAVE_IN(q->view);
	if (q->parsed != WIRE_QUERY)
		return;
	name_copy_lower(&q->qname, msg + WIRE_HEADER, q->wire.qname_len);
	query_hash_at_home(q, env);
	domset_prefetch(env->snapshot->policy->set, &q->suffixes);
	cache_prefetch(env->cache, q->cache_hash);
}

FLAT void query_prefetch(const struct query *q, const struct query_env *env)
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

static APART size_t answer_with_code(struct answer_job *job, uint16_t rcode, enum ede_code code)
{
	struct edes ede;

	edes_set(&ede, code, NULL);
	return answer_rcode(job, rcode, &ede);
}

/* What cannot be taken as a query for a name. */
static APART size_t answer_unparsed(struct answer_job *job, enum wire_verdict parsed)
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

/* Queries that no list and no upstream is asked about: of other classes, and of types that stand
 * for an operation, not for records (RFC 6895, 3.1), such as transfers.  ANY is answered. */
static bool is_special(const struct query *q)
{
	uint16_t qtype = q->wire.qtype;

	return q->wire.qclass != CLASS_IN || qtype == TYPE_OPT || qtype == 0 ||
	       (qtype >= TYPE_TKEY && qtype <= TYPE_MAILA);
}

static APART size_t answer_special(const struct query *q, struct answer_job *job)
{
	struct stats *stats = job->env->stats;

	if (q->wire.qclass == CLASS_CH) {
		stats_inc(stats, chaos);
		return query_answer_chaos(job, &q->qname);
	}
	if (q->wire.qclass != CLASS_IN || q->wire.qtype == TYPE_AXFR ||
	    q->wire.qtype == TYPE_IXFR) { /* RFC 5936, 2.2.1 */
		stats_inc(stats, refused);
		return answer_with_code(job, RCODE_REFUSED, EDE_NOT_SUPPORTED);
	}
	stats_inc(stats, notimp);
	return answer_with_code(job, RCODE_NOTIMP, EDE_NOT_SUPPORTED);
}

/* A rule for all names is not one for those that never leave, unless it is an order's. */
static APART bool is_kept(const struct query *q, const struct snapshot *s, const struct verdict *v)
{
	return !s->policy->lists[v->list].mandatory && !q->in_zone &&
	       namemap_find(s->special, &q->qname, &q->suffixes, 0).found;
}

static struct verdict match(const struct query *q, const struct policy *policy,
			    struct policy_leave leave)
{
	if (policy->prefixes[TRIGGER_CLIENT])
		return policy_match_query(policy, &q->qname, &q->suffixes, q->wire.qtype,
					  &q->client, leave);
	return policy_match(policy, &q->qname, &q->suffixes, q->wire.qtype, leave);
}

/* Has the verdict, which may have to wait for the answer, do so where there will be one. */
static APART bool begin_waiting(struct query *q, const struct query_env *env,
				const struct verdict *v)
{
	if (q->alias || !(q->wire.flags & FLAG_RD) || query_is_answered_here(q, env))
		return false;
	q->leave = policy_leave_waiting(v);
	q->lent = true;
	q->waits = true;
	return true;
}

/* What goes on past the name. */
static APART void go_on(struct query *q, const struct query_env *env, const struct verdict *v)
{
	if (v->matched && v->action == ACTION_PASS)
		stats_inc(env->stats, passed);
	else if (v->matched && env->snapshot->policy->lists[v->list].zone)
		q->leave.passed = q->lent = true; /* over TCP now, as it wants */
}

static void count_blocked(const struct query *q, const struct query_env *env,
			  const struct verdict *v)
{
	if (v->trigger == TRIGGER_CLIENT)
		stats_inc(env->stats, blocked_client);
	else if (q->alias)
		stats_inc(env->stats, blocked_cname);
	else
		stats_inc(env->stats, blocked_name);
}

/*
 * What the lists say of the question's own name.  False: nothing that ends the query here (no
 * match, let pass, to be asked over TCP and it was, or it waits for the answer).
 */
static bool decide_by_policy(struct query *q, struct answer_job *job, struct policy_leave leave,
			     enum query_outcome *outcome, size_t *ret_len)
{
	const struct query_env *env = job->env;
	struct verdict v = match(q, env->snapshot->policy, leave);
	bool waits;

	if (v.matched && v.owner_labels == 0 && is_kept(q, env->snapshot, &v))
		v.matched = false;
	q->leave = policy_leave_behind(POLICY_NO_LEAVE_IN(q->view), &v);
	if (!v.matched && !v.logged) {
		if (env->asked)
			asked_tell(env->asked, &q->client, &q->qname, query_name_hash(&q->suffixes),
				   env->now_ms, env->now_s);
		return false;
	}
	q->lent = v.matched && v.trigger == TRIGGER_CLIENT;
	waits = v.matched && policy_waits(env->snapshot->policy, &v, leave) &&
		begin_waiting(q, env, &v);
	if (waits)
		v.matched = false;
	else if (v.matched && v.action == ACTION_PASS) {
		go_on(q, env, &v);
		return false;
	}
	query_note_name(q, env, &v);
	if (!query_verdict_ends(&v, q->transport)) {
		go_on(q, env, &v);
		return false;
	}
	q->list = v.list;
	if (v.action == ACTION_SINKHOLE && special_is_canary(&q->qname))
		v.action = ACTION_NXDOMAIN; /* an address would say the contrary */
	count_blocked(q, env, &v);
	*outcome = query_end(q, job, &v, q->alias ? 0 : query_apex(&q->qname, &q->suffixes, &v),
			     ret_len);
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
static APART bool decide_by_own(struct query *q, struct answer_job *job,
				const struct local_name *own, enum query_outcome *outcome,
				size_t *ret_len)
{
	if (query_answer_local(job, own, &q->qname, &q->list, outcome, ret_len))
		return true;
	q->alias = true;
	job->alias = true;
	query_hash_at_home(q, job->env);
	return decide_by_policy(q, job, POLICY_NO_LEAVE_IN(q->view), outcome, ret_len);
}

static enum query_outcome answer_from_cache(struct query *q, struct answer_job *job,
					    size_t *ret_len)
{
	struct query_judged judged;

	switch (query_answer_cached(q, job, &judged, ret_len)) {
	case QUERY_CACHED_NOT:
		break;
	case QUERY_CACHED_JUDGED:
		return query_end(q, job, &judged.verdict, judged.apex, ret_len);
	default:
		return QUERY_ANSWERED;
	}
	if (!q->waits && query_answer_below(q, job, ret_len))
		return QUERY_ANSWERED;
	stats_inc(job->env->stats, cache_misses);
	return QUERY_FORWARD;
}

enum query_outcome query_decide_question(struct query *q, struct answer_job *job, size_t *ret_len)
{
	enum query_outcome outcome = QUERY_ANSWERED;
	struct policy_leave leave = POLICY_NO_LEAVE_IN(q->view);
	struct local_name own;
	bool is_own;

	if (is_special(q)) {
		*ret_len = answer_special(q, job);
		return QUERY_ANSWERED;
	}
	is_own = local_find(job->env->snapshot->local, &q->qname, &q->suffixes, &own);
	leave.passed = is_own;
	if (decide_by_policy(q, job, leave, &outcome, ret_len))
		return outcome;
	if (is_own && !q->alias && decide_by_own(q, job, &own, &outcome, ret_len))
		return outcome;
	if (query_answer_special_use(q, job, ret_len) || query_answer_filtered(q, job, ret_len))
		return QUERY_ANSWERED;
	if (!(q->wire.flags & FLAG_RD)) {
		stats_inc(job->env->stats, refused);
		*ret_len = answer_with_code(job, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
		return QUERY_ANSWERED;
	}
	return answer_from_cache(q, job, ret_len);
}

static enum query_outcome decide(struct query *q, const struct query_env *env, const uint8_t *msg,
				 uint8_t *buf, size_t cap, size_t *ret_len)
{
	const struct ip *sender = &q->client;
	struct answer_job job;

	count_query(env, q->transport);
	answer_job_init(&job, env, &q->wire, q->transport, q->has_cookie ? q->cookie : NULL, msg,
			buf, cap);
	if (q->told) {
		answer_opt_give(&job.opt, &q->subnet);
		sender = &q->forwarder;
	}
	if (!prefix_set_contains(env->snapshot->allow, sender)) {
		stats_inc(env->stats, not_allowed);
		*ret_len = answer_with_code(&job, RCODE_REFUSED, EDE_PROHIBITED);
		return QUERY_ANSWERED;
	}
	if (q->parsed != WIRE_QUERY) {
		*ret_len = answer_unparsed(&job, q->parsed);
		return QUERY_ANSWERED;
	}
	stats_type(env->stats, q->wire.qtype);
	return query_decide_question(q, &job, ret_len);
}

FLAT enum query_outcome query_decide(struct query *q, const struct query_env *env,
				     const uint8_t *msg, uint8_t *buf, size_t cap, size_t *ret_len)
{
	enum query_outcome outcome;

	if (q->parsed == WIRE_DROP) {
		stats_inc(env->stats, dropped);
		return QUERY_DROPPED;
	}
	outcome = decide(q, env, msg, buf, cap, ret_len);
	if (outcome == QUERY_ANSWERED) {
		query_count_rcode(env, buf);
		if (q->parsed == WIRE_QUERY)
			query_bound_ttls(env, &q->client, q->wire.question_end, buf, *ret_len);
	}
	if (q->view >= GROUPS_FIRST)
		query_count_view(q, env, outcome, buf);
	if (feed_is_heard(env->feed))
		query_tell(q, env, outcome, buf);
	return outcome;
}
