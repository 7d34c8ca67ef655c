/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path of a query, from its octets to the octets of its answer.  No sockets, no clock, no
 * allocation: the caller reads packets and the time, and sends what this builds.
 *
 * A query is begun (parsed, its name hashed, its memory prefetched), for a whole batch at once,
 * then decided.  What can be answered at once is; what must be asked upstream is handed back to
 * the caller, who keeps a query_wait for each client and a query_key for the question, and comes
 * back with the upstream's reply.
 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "cache/cache.h"
#include "feed/asked.h"
#include "feed/findings.h"
#include "inspect/inspect.h"
#include "query/snapshot.h"
#include "count/stats.h"
#include "dns/answer.h"
#include "dns/wire.h"

#define QUERY_QUESTION_MAX (NAME_WIRE_MAX + 4U) /* octets of a question: qname, type, class */

/* What a worker lends to its queries.  One thread; the snapshot is the worker's current one. */
struct query_env {
	const struct snapshot *snapshot;
	struct cache *cache;
	struct stats *stats;
	struct feed *feed;		    /* the worker's; NULL: nobody ever listens */
	struct findings *findings;	    /* the worker's; NULL: nothing is written down */
	struct asked *asked;		    /* likewise, of names that no list has */
	struct hash_key name_key;	    /* of the snapshot's sets, and of the cache */
	struct edns_secrets cookie_secrets; /* the same for all workers */
	uint64_t now_ms;		    /* monotonic */
	uint32_t now_s;			    /* Unix time */
};

enum transport {
	TRANSPORT_UDP,
	TRANSPORT_TCP,
};

/* The CNAME of a rule that a query's name was led on by. */
struct query_lead {
	uint32_t ttl_s;
	uint16_t list;	     /* that has the rule */
	uint64_t generation; /* of the lists that it is one of */
};

/* One query of a batch.  Needs no initialisation; valid from query_begin on. */
struct query {
	struct wire_query wire;
	enum wire_verdict parsed;
	uint8_t transport; /* enum transport */
	bool good_cookie; /* behind it, see query_note_name: the client has shown that it reads what
			     is sent to its address */
	struct ip client; /* for whom it is: whom groups and findings mean */
	bool told;	  /* by a forwarder; then what follows is set, and nothing proves it */
	struct ip forwarder;
	struct subnet subnet;
	bool has_cookie;
	bool refresh;	/* answered from the cache, which wants the question asked anew:
			 * query_refresh_key
			 */
	bool unchecked; /* the question goes with CD: without, upstreams refuse to answer */
	bool alias;	/* its name is where CNAMEs of the operator's or of a rule lead */
	bool lent;  /* its leave is not what lists say of its name, so its reply may not be clean */
	bool waits; /* what a zone says of its name stands if no other says something of the
		     * answer */
	bool led;   /* its name is where the CNAME of a rule leads */
	bool relayed; /* its client is named by a proxy, which may have been deceived: whatever it
		       * came by, that shows nothing.  To be set behind query_begin. */
	struct query_lead lead;
	bool in_zone;  /* its name is, or lies below, a zone with upstreams of its own */
	uint16_t list; /* that has ended the query; POLICY_NO_PLACE: none has */
	uint16_t view; /* of the policy: the client's (group/groups.h) */
	uint16_t pool; /* of the snapshot's: who is asked */
	uint16_t home; /* of the snapshot's: who is for this client, if no zone has the name */
	struct policy_leave leave; /* what the lists let be of its name, and so of the answer */
	uint8_t cookie[EDNS_COOKIE_FULL];
	uint64_t cache_hash; /* differs by pool: none is given the replies of another */
	struct name qname;
	struct name_suffixes suffixes;
};

enum query_outcome {
	QUERY_ANSWERED, /* the answer is in the buffer */
	QUERY_DROPPED,	/* nothing is to be sent */
	QUERY_FORWARD,	/* ask upstream */
};

/* The question, as an upstream is asked: what identical questions have in common. */
struct query_key {
	uint64_t hash;
	uint64_t generation; /* of the lists that its own name was judged by */
	uint16_t qtype;
	uint16_t pool;		   /* of the snapshot's: who is asked */
	uint64_t pool_salt;	   /* of that pool: who may be asked, whatever its place */
	uint64_t home_salt;	   /* likewise: of the pool for what it leads to outside of zones */
	uint8_t flags;		   /* CACHE_FLAG_CD: asked with it; CACHE_FLAG_PLAIN: without DO */
	struct policy_leave leave; /* as those lists gave it */
	bool lent; /* which was to a name that leads to it: its reply may not be clean for others */
	uint16_t question_len;
	uint8_t question[QUERY_QUESTION_MAX]; /* wire form, lower case */
};

/* What is kept of a client's query while its question is asked upstream. */
struct query_wait {
	struct wire_query wire;
	enum transport transport;
	bool told;
	struct subnet subnet; /* where it is told */
	bool has_cookie;
	bool good_cookie;
	bool alias; /* what is asked upstream is where the operator's CNAMEs lead, or a rule's */
	bool waits; /* as of the query, and the two below */
	bool led;
	bool relayed;
	bool apart; /* its group has upstreams of its own */
	struct query_lead lead;
	uint64_t generation; /* of the lists that the query was decided by */
	struct ip client;
	uint8_t cookie[EDNS_COOKIE_FULL];
	uint8_t question[QUERY_QUESTION_MAX]; /* with the letters' case as asked */
};

/* Why no upstream's reply can be given. */
enum query_failure {
	QUERY_FAIL_NO_REPLY, /* none answered in time: EDE 22 */
	QUERY_FAIL_NETWORK,  /* none could be sent to, or all failed: EDE 23 */
	QUERY_FAIL_OVERLOAD, /* too many questions in flight: EDE 0, there is no better code */
	QUERY_FAIL_COUNT
};

/* Parses `msg`, which came from `client`, and prefetches what deciding it will read. */
void query_begin(struct query *q, const struct query_env *env, const uint8_t *msg, size_t len,
		 const struct sockaddr *client, enum transport transport);

/* Who has sent it: may it ask, and how much.  Not always the client. */
static inline const struct ip *query_sender(const struct query *q)
{
	return q->told ? &q->forwarder : &q->client;
}

/* For a begun query, once what query_begin prefetched has come: prefetches what lies behind it.
 * Of use when other queries are looked after in between. */
void query_prefetch(const struct query *q, const struct query_env *env);

/*
 * Decides a begun query.  The answer is built into `buf` of `cap` octets (at least 512), which
 * may be `msg` itself; over UDP it is cut to the lesser of the client's and our size.
 * `ret_len` is set for QUERY_ANSWERED.
 */
enum query_outcome query_decide(struct query *q, const struct query_env *env, const uint8_t *msg,
				uint8_t *buf, size_t cap, size_t *ret_len);

/* Instead of what a query over UDP was decided to be answered: an empty, truncated answer, into the
 * `buf` that the answer was built into or, for QUERY_FORWARD, that has the message.  Returns its
 * length, which is little more than the query's. */
size_t query_truncate(const struct query *q, const struct query_env *env, uint8_t *buf, size_t cap);

/* For QUERY_FORWARD: fills in what identifies the question, and what waits for its reply. */
void query_suspend(const struct query *q, const struct query_env *env, const uint8_t *msg,
		   struct query_key *ret_key, struct query_wait *ret_wait);

/* For `refresh`: what identifies the question, which nobody waits for.  The query's message is not
 * read. */
void query_refresh_key(const struct query *q, const struct query_env *env,
		       struct query_key *ret_key);

bool query_key_equal(const struct query_key *a, const struct query_key *b);

/*
 * Inspects an upstream's reply to `key` (the names that it leads to; addresses of listed
 * ones are taken from it) under the current snapshot, and caches it if it may be, or else what it
 * contradicts is cached no more.  The verdict says what its clients get instead, if it matched;
 * what lists block is remembered as any reply is. `msg` is the message that `reply` was parsed
 * from; it has room for WIRE_MESSAGE_MAX octets, in which the reply's plain form is found
 * (dns/plain.h).
 */
struct verdict query_resolve(const struct query_env *env, const struct query_key *key, uint8_t *msg,
			     size_t len, struct reply *reply);

/* ---- the servers of the zones that names lie in (outgoing.ns-lookup) */

/* A question that was asked for a reply's sake. */
struct query_known {
	const struct query_known *next;
	struct name name;
	uint16_t type;
	const struct reply *reply; /* NULL: what the cache has, or nothing */
};

#define QUERY_SEEK_MAX INSPECT_WANTED_MAX

/* What is known of servers, and what is not; to be begun with zeros before `count`. */
struct query_seek {
	const struct query_known *known;
	uint8_t flags; /* CACHE_FLAG_CD: what was asked so is good enough */
	bool expired;  /* what is expired as well */
	bool last;     /* nothing further is asked: what is known has to be enough */
	uint16_t home; /* of the snapshot's pools: who is asked what is in no zone */
	bool unknown;  /* is set: something that may matter cannot be known, or not all at once */
	unsigned int count; /* is set, as all that follows: questions to be asked */
	struct query_key keys[QUERY_SEEK_MAX];
};

/* True when servers of zones are looked for: some list has rules for them. */
static inline bool query_seeks_servers(const struct snapshot *snapshot)
{
	return snapshot->conf->outgoing.ns_lookup != CONF_NSLOOKUP_OFF &&
	       snapshot->policy->server_rules;
}

/* True when replies to `key`, which is not such a question itself, are judged by them. */
static inline bool query_seeks(const struct query_env *env, const struct query_key *key)
{
	return query_seeks_servers(env->snapshot) && !key->leave.done;
}

/*
 * As query_resolve, of such a key.  QUERY_FORWARD, with nothing cached or taken away: the verdict,
 * which is set too, depends on the questions of `seek`, which are to be asked first, each once;
 * what comes of them, also that nothing does, is to stand in `seek->known` of the next call.  At
 * the last, or where nothing else is to be had, QUERY_ANSWERED: a reply of which something is
 * unknown is counted, and never remembered as clean.
 */
enum query_outcome query_resolve_seeking(const struct query_env *env, const struct query_key *key,
					 uint8_t *msg, size_t len, struct reply *reply,
					 struct query_seek *seek, struct verdict *ret_verdict);

/*
 * For a reply of the kind REPLY_CNAME to `key`, in `msg` (WIRE_MESSAGE_MAX octets): puts what is
 * known here of the name that it leads to (the operator's own, special use, the cache) behind its
 * CNAMEs, in `msg` and `reply`.  QUERY_ANSWERED: the reply is whole, or of a kind REPLY_FAILURE, or
 * a list blocks where it leads, or the upstreams of its clients' group are not there any more, so
 * that these are decided anew.  QUERY_FORWARD: `ret_key` is to be asked, and what comes of that to
 * be joined.
 */
enum query_outcome query_follow(const struct query_env *env, const struct query_key *key,
				uint8_t *msg, struct reply *reply, struct query_key *ret_key);

/* The same with `other`, the reply to the question that query_follow has given.  `reply` is of
 * the kind REPLY_FAILURE afterwards when `other` is, or when the two do not go together: they lead
 * in a circle, or are too long. */
void query_join(const struct query_env *env, const struct query_key *key, uint8_t *msg,
		struct reply *reply, const struct reply *other);

/*
 * Finds what the cache still has for a question that its upstreams failed to answer (`failed`) or
 * have not answered yet (RFC 8767).  Writes a message of it into `msg` (WIRE_MESSAGE_MAX octets),
 * as if it had been received, and resolved into `ret_reply`: TTLs are cache.stale-ttl at most, and
 * the EDE says so.  The verdict is that of the current lists, as by query_resolve.  False: there is
 * none.
 *
 * The name's other clients are answered from the cache from now on, without waiting, and one of
 * their queries has it asked for anew each time that a recheck is due.
 */
bool query_stale(const struct query_env *env, const struct query_key *key, bool failed,
		 uint8_t *msg, struct reply *ret_reply, struct verdict *ret_verdict);

/*
 * Remembers that a question failed, so that it is answered SERVFAIL for a while without being
 * asked (RFC 9520), each time longer when an upstream has said so: `ede` is its word on the
 * reason, which may be empty.  NULL: none has said anything; then it is the network's failure, and
 * is forgotten as soon as the first time.  What the cache has to give instead stays.  That there
 * was no room to ask is not remembered.
 */
void query_remember_failure(const struct query_env *env, const struct query_key *key,
			    enum query_failure failure, const struct edes *ede);

/* For clients with CD that wait for a question which was asked without, and which an upstream has
 * refused: makes it the question with CD (RFC 4035, 3.2.2).  False: it is that already. */
bool query_ask_unchecked(struct query_key *key);

/*
 * Answers a waiting client: with the verdict if it matched, else with the reply.  QUERY_FORWARD: a
 * rule's CNAME leads to a name that has to be asked for, which `wait` is for from here on, by
 * `ret_key`.
 */
enum query_outcome query_resume(const struct query_env *env, struct query_wait *wait,
				const struct reply *reply, const struct verdict *verdict,
				struct query_key *ret_key, uint8_t *buf, size_t cap,
				size_t *ret_len);

/* Answers a waiting client over UDP with an empty, truncated answer instead. */
size_t query_resume_truncated(const struct query_env *env, const struct query_wait *wait,
			      uint8_t *buf, size_t cap);

/* Answers a waiting client SERVFAIL, or with what a zone says of the name. */
size_t query_fail(const struct query_env *env, const struct query_wait *wait,
		  enum query_failure failure, uint8_t *buf, size_t cap);

/* How a question is put to an upstream. */
struct query_form {
	uint16_t id;
	uint16_t udp_size; /* of the OPT; 0: no OPT, and nothing of what follows */
	const uint8_t
		*cookie;    /* COOKIE option (RFC 7873): client part, and the server's if known */
	uint8_t cookie_len; /* 0: none; at most 40 */
	uint16_t block; /* the message is padded to a multiple of so many octets (RFC 7830); 0: not
			 */
};

#define QUERY_UPSTREAM_MAX 512U /* octets of a query to an upstream, padding included */

/* Writes the question of `key` as a query to an upstream into `buf` (QUERY_UPSTREAM_MAX octets):
 * RD, AD and DO set, CD as the key says.  Returns its length. */
size_t query_upstream_message(const struct query_key *key, const struct query_form *form,
			      uint8_t *buf);

#endif
