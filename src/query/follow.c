/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reply whose CNAMEs lead to a name of which it says nothing: what is said of that name is put
 * behind them, as the server itself would have done, and all is one reply to the question.
 */
#include <string.h>

#include "dns/bailiwick.h"
#include "dns/rewrite.h"
#include "query/job.h"

/* Where the CNAMEs of a reply end. */
struct end {
	struct name target;
	size_t target_at; /* in the message */
	size_t answer_end;
	struct policy_leave leave; /* of the target */
};

/* Looks for a CNAME of the name that `end` is at. */
static bool find_link(const uint8_t *msg, const struct reply *reply, struct end *end)
{
	const size_t len = reply->question_end + (size_t)reply->body_len;
	size_t pos = reply->question_end;
	struct name owner;
	struct wire_rr rr;

	for (unsigned int i = 0; i < reply->ancount; i++) {
		size_t at = pos;

		if (wire_next_rr(msg, len, &pos, &rr) != ERR_OK)
			return false;
		if (rr.type != TYPE_CNAME || name_unpack(msg, len, &at, &owner) != ERR_OK ||
		    !name_equal(&owner, &end->target))
			continue;
		end->target_at = at = rr.rdata;
		return name_unpack(msg, len, &at, &end->target) == ERR_OK;
	}
	end->answer_end = pos;
	return false;
}

/* What the lists let be of a name is let be of those behind it. */
static void pass_leave_on(const struct query_env *env, uint16_t qtype, struct end *end)
{
	struct name_suffixes suffixes;
	struct verdict v;

	name_hash_suffixes(&env->name_key, &end->target, &suffixes);
	v = policy_match(env->snapshot->policy, &end->target, &suffixes, qtype, end->leave);
	end->leave = policy_leave_behind(end->leave, &v);
}

/* False: there is no such end. */
static bool find_end(const struct query_env *env, const struct query_key *key, const uint8_t *msg,
		     const struct reply *reply, struct end *ret_end)
{
	struct end *end = ret_end;
	unsigned int links = 0;

	name_copy(&end->target, key->question, key->question_len - 4U);
	end->target_at = 0;
	end->answer_end = 0;
	end->leave = query_leave_of(env, key);
	while (find_link(msg, reply, end)) {
		if (++links > BAILIWICK_NAMES_MAX)
			return false;
		end->leave = policy_leave_led(end->leave);
		pass_leave_on(env, key->qtype, end);
	}
	return links > 0 && end->answer_end > 0;
}

/* Makes `reply` a failure; of `other`, if that is one, why is kept. */
static void fail(struct reply *reply, const struct reply *other)
{
	reply->kind = REPLY_FAILURE;
	reply->rcode = RCODE_SERVFAIL;
	reply->ede.len = 0;
	if (other && other->kind == REPLY_FAILURE)
		edes_copy(&reply->ede, &other->ede);
}

/* ---- two replies made one */

static const uint8_t *message_of(const struct reply *reply)
{
	return reply->body - reply->question_end;
}

/* Writes the records of `other` behind the CNAMEs in `msg`; returns the length, 0: no room. */
static size_t append(uint8_t *msg, const struct end *end, const struct reply *other)
{
	const size_t len = other->question_end + (size_t)other->body_len;
	size_t pos = other->question_end;
	struct rewrite out;
	struct wire_rr rr;

	rewrite_begin_behind(&out, message_of(other), msg, end->answer_end, end->target_at);
	while (pos < len && wire_next_rr(message_of(other), len, &pos, &rr) == ERR_OK)
		rewrite_record(&out, &rr);
	if (out.full)
		return 0;
	memcpy(msg + end->answer_end, out.out + end->answer_end, out.len - end->answer_end);
	return out.len;
}

static void set_header(uint8_t *msg, const struct reply *reply, const struct reply *other)
{
	const bool ad = reply->ad && other->ad;

	wire_put16(msg + 2, (uint16_t)(FLAG_QR | (ad ? FLAG_AD : 0) | (other->rcode & FLAG_RCODE)));
	wire_put16(msg + 4, 1);
	wire_put16(msg + 6, (uint16_t)(reply->ancount + other->ancount));
	wire_put16(msg + 8, other->nscount);
	wire_put16(msg + 10, other->arcount);
}

/* The reply is read as if a server had sent it; the TTLs are what they are already. */
static bool join(const struct query_env *env, const struct query_key *key, uint8_t *msg,
		 struct reply *reply, const struct end *end, const struct reply *other)
{
	struct reply_ttl_limits limits = env->snapshot->ttl;
	size_t len = append(msg, end, other);
	struct reply whole;

	limits.min_s = 0;
	set_header(msg, reply, other);
	if (len == 0 || reply_parse(msg, len, key->question_len, &limits, &whole) != ERR_OK)
		return false;
	whole.stale = other->stale;
	whole.has_opt = reply->has_opt;
	if (whole.kind == REPLY_CNAME && other->kind == REPLY_NODATA) {
		whole.kind = REPLY_ANSWER; /* CNAMEs that end in nothing, */
		whole.ttl_s = 0;	   /* of which no SOA says for how long */
	}
	edes_copy(&whole.ede, &reply->ede);
	edes_append(&whole.ede, &other->ede);
	*reply = whole;
	return true;
}

void query_join(const struct query_env *env, const struct query_key *key, uint8_t *msg,
		struct reply *reply, const struct reply *other)
{
	struct end end;

	if (other->kind == REPLY_FAILURE || !other->body || !find_end(env, key, msg, reply, &end) ||
	    !join(env, key, msg, reply, &end, other))
		fail(reply, other);
}

/* ---- what is known here */

#define OPT_DO "\0\0\51\0\0\0\0\200\0\0\0"

/* The query for the target, as a client would send it. */
static size_t put_query(const struct query_key *key, const struct name *target, uint8_t *msg)
{
	size_t len = WIRE_HEADER + (size_t)target->len;
	uint16_t cd = key->flags & CACHE_FLAG_CD ? FLAG_CD : 0;

	memset(msg, 0, WIRE_HEADER);
	wire_put16(msg + 2, (uint16_t)(FLAG_RD | cd));
	wire_put16(msg + 4, 1);
	wire_put16(msg + 10, 1);
	memcpy(msg + WIRE_HEADER, target->wire, target->len);
	wire_put16(msg + len, key->qtype);
	wire_put16(msg + len + 2, CLASS_IN);
	memcpy(msg + len + 4, OPT_DO, EDNS_OPT_FIXED);
	return len + 4 + EDNS_OPT_FIXED;
}

/* Answers from the operator's own names and from those of special use.  0: it is neither. */
static size_t answer_own(struct query *q, const struct query_env *env, uint8_t *msg,
			 enum query_outcome *outcome)
{
	struct answer_job job;
	struct local_name own;
	struct name target;
	size_t len = 0;

	answer_job_init(&job, env, &q->wire, TRANSPORT_TCP, NULL, msg, msg, WIRE_MESSAGE_MAX);
	*outcome = QUERY_ANSWERED;
	if (!local_find(env->snapshot->local, &q->qname, &q->suffixes, &own))
		return query_answer_special_use(q, &job, &len) ? len : 0;
	if (!query_answer_local(&job, &own, &target, &q->list, outcome, &len))
		len = answer_end(&job.answer, RCODE_NOERROR, 0); /* CNAMEs that lead elsewhere */
	return len;
}

/* What the cache has, as a message. */
static bool find_cached(const struct query *q, const struct query_env *env, uint8_t *msg,
			struct reply *ret_reply)
{
	const struct cache_key key = {
		.qname = &q->qname,
		.hash = q->cache_hash,
		.qtype = q->wire.qtype,
		.flags = query_cache_flags(&q->wire),
	};

	return query_cached_reply(env, &key, q->wire.question_end, msg, ret_reply);
}

static bool find_here(struct query *q, const struct query_env *env, uint8_t *msg,
		      struct reply *ret_reply)
{
	enum query_outcome outcome;
	size_t len = answer_own(q, env, msg, &outcome);

	if (outcome == QUERY_ANSWERED && len == 0)
		return find_cached(q, env, msg, ret_reply);
	if (outcome != QUERY_ANSWERED ||
	    reply_parse(msg, len, q->qname.len + 4U, &env->snapshot->ttl, ret_reply) != ERR_OK)
		fail(ret_reply, NULL);
	return true;
}

/* The question for the target: of its own pool, and with the leave that it has here. */
static void make_key(const struct query *q, const struct query_env *env,
		     const struct query_key *key, struct policy_leave leave,
		     struct query_key *ret_key)
{
	struct verdict v = policy_match(env->snapshot->policy, &q->qname, &q->suffixes,
					q->wire.qtype, POLICY_NO_LEAVE_IN(leave.view));
	struct policy_leave own = policy_leave_behind(POLICY_NO_LEAVE_IN(leave.view), &v);

	query_refresh_key(q, env, ret_key);
	ret_key->flags = key->flags & CACHE_FLAG_CD;
	ret_key->leave = leave;
	ret_key->lent = (v.matched && v.action != ACTION_PASS) || own.passed != leave.passed ||
			own.excepted != leave.excepted;
}

/* The names alone are looked at: the copy has no additional records that could be taken away.  As
 * long as servers are missing that may let the reply pass, nothing is sure. */
static bool is_blocked(const struct query_env *env, const struct query_key *key, uint16_t home,
		       uint8_t *msg, const struct reply *reply)
{
	struct reply copy = *reply;
	enum query_knowledge known;
	struct verdict v;

	copy.arcount = 0;
	v = query_inspect_known(env, home, key->flags, msg, &copy, query_leave_of(env, key),
				&known);
	return known != QUERY_KNOWN_NOT_YET && query_verdict_ends(&v, TRANSPORT_TCP);
}

/* One step: true when the reply is another one by now, whole or not. */
static bool follow_once(const struct query_env *env, const struct query_key *key, uint16_t home,
			uint8_t *msg, struct reply *reply, struct query_key *ret_key)
{
	static const struct sockaddr_in nobody = {.sin_family = AF_INET};
	uint8_t other_msg[WIRE_MESSAGE_MAX];
	struct stats uncounted = {0};
	struct query_env here = *env;
	struct reply other = {.kind = REPLY_FAILURE};
	struct query q;
	struct end end;

	here.stats = &uncounted; /* no client asks */
	if (!find_end(env, key, msg, reply, &end)) {
		fail(reply, NULL);
		return true;
	}
	query_begin(&q, &here, other_msg, put_query(key, &end.target, other_msg),
		    (const struct sockaddr *)&nobody, TRANSPORT_TCP);
	if (q.home != home) {
		q.home = home;
		query_hash_at_home(&q, &here);
	}
	if (!find_here(&q, &here, other_msg, &other)) {
		make_key(&q, env, key, end.leave, ret_key);
		return false;
	}
	if (other.kind == REPLY_FAILURE || !join(env, key, msg, reply, &end, &other))
		fail(reply, &other);
	return true;
}

enum query_outcome query_follow(const struct query_env *env, const struct query_key *key,
				uint8_t *msg, struct reply *reply, struct query_key *ret_key)
{
	unsigned int steps = 0;
	uint16_t home;

	/* where it is gone, who waits is in another group by now, or in none, and decided anew */
	if (!query_find_home(env, key, &home))
		return QUERY_ANSWERED;
	while (reply->kind == REPLY_CNAME && !is_blocked(env, key, home, msg, reply)) {
		if (steps++ == CONF_CNAMES_MAX)
			fail(reply, NULL);
		else if (!follow_once(env, key, home, msg, reply, ret_key))
			return QUERY_FORWARD;
	}
	return QUERY_ANSWERED;
}
