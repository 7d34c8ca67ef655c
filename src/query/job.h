/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of query share: one answer under construction.
 *
 *   job.c  an answer begun
 *   query.c  a query parsed, and decided
 *   cache.c  what the cache is asked and told
 *   reply.c  answers from verdicts, replies and failures
 *   note.c  who asked for a name that a list has, written down
 *   below.c  answers to what lies below a name that does not exist
 *   given.c  answers from the records of rules
 *   end.c  a query's end by a verdict, which may lead to another name
 *   question.c  what follows from the name that is asked for
 *   resume.c  answers to clients that have waited
 *   follow.c  replies whose CNAMEs lead to a name of which they say nothing
 *   servers.c  what is known of the servers of the zones that names lie in
 */
#ifndef QUERY_JOB_H
#define QUERY_JOB_H

#include "names/local.h"
#include "query/query.h"

/* Where an answer is built, and what of the query it needs. */
struct answer_job {
	const struct query_env *env;
	const struct wire_query *wire;
	enum transport transport;
	bool alias; /* the answer is of the name that the operator's CNAMEs lead to, or a rule's */
	bool led;   /* the last of these is a rule's */
	struct query_lead lead;
	const uint8_t *msg; /* the query's message: its header and question */
	uint8_t *buf;
	size_t room;  /* octets of the buffer */
	size_t limit; /* octets the client takes, at most `room` */
	struct answer_opt opt;
	struct answer answer;
};

void answer_job_init(struct answer_job *job, const struct query_env *env,
		     const struct wire_query *wire, enum transport transport, const uint8_t *cookie,
		     const uint8_t *msg, uint8_t *buf, size_t cap);

/* Has the answer end with the SOA of the list's zone. */
void answer_job_add_soa(struct answer_job *job, const struct policy_list *list);

static inline void answer_job_tell(struct answer_job *job, const struct policy_list *list,
				   const struct edes *ede)
{
	job->opt.ede = job->wire->edns.structured ? &list->structured : ede;
	if (list->adds_soa)
		answer_job_add_soa(job, list);
}

/* Has the answer tell, and before it is begun, that something of `list` is given in the place of
 * the truth; who wants JSON is never told that an answer is forged
 * (draft-ietf-dnsop-structured-dns-error). */
static inline void answer_job_forged(struct answer_job *job, const struct policy_list *list)
{
	answer_job_tell(job, list, &list->forged);
}

/* The same where nothing is given. */
static inline void answer_job_denied(struct answer_job *job, const struct policy_list *list)
{
	answer_job_tell(job, list, &list->denied);
}

/* Begins job->answer with what job->opt says. */
void answer_job_begin(struct answer_job *job);

/* The hash of the whole name. */
static inline uint64_t query_name_hash(const struct name_suffixes *suffixes)
{
	return suffixes->hash[0];
}

/* Counts what the lists say of a query's own name: findings of the list that decides and of those
 * that log, if such are counted. */
void query_note_name(const struct query *q, const struct query_env *env,
		     const struct verdict *verdict);

/* The same of what the query's answer leads to. */
void query_note_answer(const struct query *q, const struct query_env *env,
		       const struct verdict *verdict);

/* The same of a query that has waited. */
void query_note_waiter(const struct query_wait *wait, const struct query_env *env,
		       const struct verdict *verdict);

/* The same of queries whose answer says that the upstream blocks the name (reply_is_blocked). */
void query_note_blocked(const struct query *q, const struct query_env *env);
void query_note_blocked_waiter(const struct query_wait *wait, const struct query_env *env);

/* Counts a query whose answer is that of a list, as the reply leads to something of it. */
static inline void query_count_led(const struct query_env *env, const struct verdict *verdict)
{
	if (verdict->list == POLICY_REBINDING)
		stats_inc(env->stats, rebinding);
	else if (verdict->trigger == TRIGGER_ADDRESS)
		stats_inc(env->stats, blocked_address);
	else if (verdict->trigger != TRIGGER_NAME)
		stats_inc(env->stats, blocked_server);
	else
		stats_inc(env->stats, blocked_cname);
}

/* The same, or where it `stands` a query that a zone blocks by its name or its client. */
static inline void query_count_verdict(const struct query_env *env, const struct verdict *verdict,
				       bool stands)
{
	if (!stands)
		query_count_led(env, verdict);
	else if (verdict->trigger == TRIGGER_CLIENT)
		stats_inc(env->stats, blocked_client);
	else
		stats_inc(env->stats, blocked_name);
}

/* True when a question for `qtype` is answered with records of `type`. */
static inline bool query_wants(uint16_t qtype, uint16_t type)
{
	return qtype == type || qtype == TYPE_ANY;
}

/* True when the verdict is the answer.  A list that wants TCP has what it wants there. */
static inline bool query_verdict_ends(const struct verdict *verdict, enum transport transport)
{
	return verdict->matched && verdict->action != ACTION_PASS &&
	       !(verdict->action == ACTION_TCP_ONLY && transport == TRANSPORT_TCP);
}

/*
 * Builds what a matched verdict asks for; `apex` is where in the qname the rule's owner begins, 0
 * also when the rule is for another name.  QUERY_DROPPED for ACTION_DROP.
 */
enum query_outcome query_answer_verdict(struct answer_job *job, const struct verdict *verdict,
					uint8_t apex, size_t *ret_len);

/* Decides a query that neither its client nor the form of its message has settled. */
enum query_outcome query_decide_question(struct query *q, struct answer_job *job, size_t *ret_len);

/* The key's leave under the lists that are in force by now: where they are others than it was asked
 * under, whose client's view it was is not known, and all lists are asked. */
static inline struct policy_leave query_leave_of(const struct query_env *env,
						 const struct query_key *key)
{
	struct policy_leave leave = key->leave;

	if (key->generation != env->snapshot->generation)
		leave.view = POLICY_ALL_LISTS;
	return leave;
}

/* query_bound_ttls, where some group has hours. */
void query_end_ttls(const struct query_env *env, const struct ip *client, size_t question_end,
		    uint8_t *buf, size_t len);

/* Has no TTL of the answer in `buf` last beyond the hours of the client's group: other lists may
 * hold then. */
static inline void query_bound_ttls(const struct query_env *env, const struct ip *client,
				    size_t question_end, uint8_t *buf, size_t len)
{
	const struct policy_views *views = env->snapshot->policy->views;

	if (views && views->until_s != UINT64_MAX)
		query_end_ttls(env, client, question_end, buf, len);
}

/* Builds the answer from a reply whose records are `age_s` old.  The reply's body may lie in
 * job->buf, behind the question. */
size_t query_answer_reply(struct answer_job *job, const struct reply *reply, uint32_t age_s);

/* Empty and truncated: the client comes back over TCP. */
size_t query_answer_truncated(struct answer_job *job);

/* Fills in why a question failed. */
void query_failure_ede(enum query_failure failure, struct edes *ret_ede);

/* Tells the feed of a query that was decided, of one that has waited (`buf` has its answer; NULL:
 * dropped), and of one that no upstream has answered.  `list` has blocked it, or POLICY_PLACES. */
void query_tell(const struct query *q, const struct query_env *env, enum query_outcome outcome,
		const uint8_t *buf);
void query_tell_waiter(const struct query_wait *wait, const struct query_env *env, uint16_t list,
		       const uint8_t *buf);
void query_tell_failed(const struct query_wait *wait, const struct query_env *env);

/* Counts for its group a query that was decided, where its client is in one, and one that has
 * waited; of `list` and `buf` as above. */
void query_count_view(const struct query *q, const struct query_env *env,
		      enum query_outcome outcome, const uint8_t *buf);
void query_count_waiter(const struct query_wait *wait, const struct query_env *env, uint16_t list,
			const uint8_t *buf);

static inline void query_count_rcode(const struct query_env *env, const uint8_t *buf)
{
	stats_inc(env->stats, rcodes[buf[3] & 15U]);
}

/* CACHE_FLAG_ of a query. */
static inline uint8_t query_cache_flags(const struct wire_query *wire)
{
	return (uint8_t)((wire->edns.dnssec_ok ? CACHE_FLAG_DO : 0) |
			 (wire->flags & FLAG_CD ? CACHE_FLAG_CD : 0));
}

/* What the replies of a pool are told from others' by in the cache. */
static inline uint64_t query_pool_salt(const struct snapshot *s, uint16_t pool)
{
	return pool ? s->pools[pool].salt : 0;
}

/*
 * What the replies to a query are told from others' by.  In a zone, for a client with upstreams of
 * its own, by both: CNAMEs may have led out of the zone, to what those upstreams say.
 */
static inline uint64_t query_cache_salt(const struct snapshot *s, const struct query *q)
{
	const uint64_t salt = query_pool_salt(s, q->pool);

	return q->pool == q->home ? salt : salt ^ query_pool_salt(s, q->home);
}

/* query_answer_below, where it is wanted. */
bool query_find_below(const struct query *q, struct answer_job *job, size_t *ret_len);

/* Answers that the name does not exist since one above it is known not to, if that is wanted
 * (RFC 8020).  False: it may exist. */
static inline bool query_answer_below(const struct query *q, struct answer_job *job,
				      size_t *ret_len)
{
	return job->env->snapshot->conf->cache.nothing_below_nxdomain &&
	       query_find_below(q, job, ret_len);
}

/* What a list says of an answer, or of a name that has waited for that. */
struct query_judged {
	struct verdict verdict;
	uint8_t apex; /* of query_answer_verdict */
};

enum query_cached {
	QUERY_CACHED_NOT, /* the cache has nothing to be given at once */
	QUERY_CACHED_ANSWERED,
	QUERY_CACHED_JUDGED, /* it has, and a verdict ends the query instead */
};

/* Answers from the cache. */
enum query_cached query_answer_cached(struct query *q, struct answer_job *job,
				      struct query_judged *ret_judged, size_t *ret_len);

/* Finds what the cache has to give at once, and puts it behind the question in `msg`
 * (WIRE_MESSAGE_MAX octets), which ends at `body_at`, with TTLs as they are now.  False: none. */
bool query_cached_reply(const struct query_env *env, const struct cache_key *key, size_t body_at,
			uint8_t *msg, struct reply *ret_reply);

/* Where an answer has got to, along the CNAMEs. */
struct query_chain {
	uint16_t owner; /* pointer to the name */
	bool is_own;	/* the name is the operator's, and `found` its records */
	bool follows;	/* a CNAME leads on from the name, to `target` */
	unsigned int links;
	struct local_name found;
	struct name target;
	struct name_suffixes suffixes; /* of the target */
};

/* Adds the records of the name that the chain is at to the answer, which was begun.  False when no
 * CNAME leads on from it. */
bool query_chain_add(struct answer_job *job, struct query_chain *chain);

/* Begins at the question's name and adds the CNAMEs, of the operator's names and of one rule, up to
 * `target`, in lower case; false when they do not lead there. */
bool query_chain_begin(struct answer_job *job, const struct name *target,
		       struct query_chain *ret_chain);

/* The name that the CNAME of the verdict's rule leads the question's to, and the CNAME's TTL.
 * False: the rule gives none, or that name is too long. */
bool query_given_cname(const struct answer_job *job, const struct verdict *verdict,
		       struct name *ret_target, uint32_t *ret_ttl_s);

/* Answers with the records of the type that the verdict's rule gives; false: it gives none. */
bool query_answer_given(struct answer_job *job, const struct verdict *verdict, size_t *ret_len);

/*
 * Ends the query as a verdict that ends it says; `apex` as of query_answer_verdict.  Where its rule
 * gives a CNAME, the query is for the name that this leads to from here on, which is not held
 * against lists that are not mandatory: QUERY_FORWARD when it has to be asked for.
 */
enum query_outcome query_end(struct query *q, struct answer_job *job, const struct verdict *verdict,
			     uint8_t apex, size_t *ret_len);

/* Ends the answer at the operator's name that the chain is at. */
size_t query_chain_end(struct answer_job *job, const struct query_chain *chain);

/* Adds a CNAME to `target` for the name that the chain is at, and goes on there. */
void query_chain_lead(struct answer_job *job, struct query_chain *chain, const struct name *target,
		      uint32_t ttl_s);

/* Goes on along the operator's CNAMEs; false: to a name that is not the operator's. */
bool query_chain_stays(struct answer_job *job, struct query_chain *chain);

/* Begins at the question's name. */
void query_chain_init(const struct answer_job *job, struct query_chain *ret_chain);

/* What a zone says of a waiting query's name, which stands if nothing else was said. */
struct verdict query_standing(const struct query_env *env, const struct name *qname, uint16_t qtype,
			      const struct ip *client, uint8_t *ret_apex);

/* How many octets of the name stand before the owner of the verdict's rule, its zone's begin. */
uint8_t query_apex(const struct name *name, const struct name_suffixes *suffixes,
		   const struct verdict *verdict);

/* What follows from the name that is asked for: its hashes, and whom to ask, for a client whose
 * `home` is known. */
void query_hash_at_home(struct query *q, const struct query_env *env);

/* True when query_answer_special_use or query_answer_filtered would answer. */
bool query_is_answered_here(const struct query *q, const struct query_env *env);

/*
 * Answers from the operator's own name: with its records of the type, those of the names that its
 * CNAMEs lead to, or none.  A mandatory list that has such a name blocks it.  False: they lead to
 * `ret_target`, which is none of the operator's and has to be asked for.  `ret_list` is set where a
 * list blocks it.
 */
bool query_answer_local(struct answer_job *job, const struct local_name *found,
			struct name *ret_target, uint16_t *ret_list, enum query_outcome *outcome,
			size_t *ret_len);

/*
 * Adds a reply to the name that the operator's CNAMEs lead to, behind these; the records are
 * `age_s` old.  False when they lead elsewhere by now, after a reload.
 */
bool query_add_alias(struct answer_job *job, const struct reply *reply, uint32_t age_s);

/* Answers what is special-use (see names/special.h), and other names that the upstreams are not
 * asked for, unless it lies in a zone with upstreams of its own.  False: it is none, or its DS is
 * asked for, which lies outside of it. */
bool query_answer_special_use(const struct query *q, struct answer_job *job, size_t *ret_len);

/* Answers that there are no records of a type that server.filter_types has, or those of the
 * client's group; false: they have not. */
bool query_answer_filtered(const struct query *q, struct answer_job *job, size_t *ret_len);

/* Takes the hints of addresses of such types from the records of a reply, whose message is `msg`;
 * true when there were any. */
bool query_filter_hints(const struct query_env *env, uint8_t *msg, struct reply *reply);

/* Answers version.bind and its like (RFC 4892), as configured; REFUSED for all else. */
size_t query_answer_chaos(struct answer_job *job, const struct name *qname);

/* Has a reply inspected by what is in force (see inspect/inspect.h).  `msg` is the message the
 * reply's records stand in. */
struct verdict query_inspect(const struct query_env *env, uint8_t *msg, size_t len,
			     struct reply *reply, struct policy_leave leave);

/* The same by the servers of zones as well, as far as `seek` and the cache know them. */
struct verdict query_inspect_servers(const struct query_env *env, struct query_seek *seek,
				     uint8_t *msg, size_t len, struct reply *reply,
				     struct policy_leave leave);

/* How much of what a reply is judged by could be known. */
enum query_knowledge {
	QUERY_KNOWN_ALL,
	QUERY_KNOWN_SOME,    /* the rest cannot be known for now */
	QUERY_KNOWN_NOT_YET, /* the rest has to be asked */
};

/* query_inspect, with the servers of zones as the cache knows them, where they are looked for;
 * `home` is as of struct query_seek, and `flags` has CACHE_FLAG_CD. */
struct verdict query_inspect_known(const struct query_env *env, uint16_t home, uint8_t flags,
				   uint8_t *msg, struct reply *reply, struct policy_leave leave,
				   enum query_knowledge *ret_known);

/* Who is asked for the clients of the key what is in no zone.  False: that pool is not there any
 * more. */
bool query_find_home(const struct query_env *env, const struct query_key *key, uint16_t *ret_home);

#endif
