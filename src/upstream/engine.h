/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of upstream share, from the top down.
 *
 *   upstream.c  asked, joined, made and freed
 *   answer.c    what comes back: believed or not, good or bad
 *   try.c       the course of a question: sent, sent again, hedged, given up
 *   pick.c      which server of a pool is asked
 *   udp.c       sent over UDP
 *   link.c      sent over TCP and TLS connections, which are kept and shared
 *   question.c  the table of questions in flight
 *   attempt.c   a question sent once: its message, what answers it, its end
 *   pool.c      pools and servers: made, kept over a reload, freed
 *   source.c    the UDP sockets of a server: opened, drawn, renewed
 *   health.c    what is known of a server: its round trips, whether it is well
 *   rtt.c       round trip times: smoothed, spread, and their 95th percentile
 *
 * Each uses those below it; what it has to tell those above goes through struct upstreams.
 */
#ifndef UPSTREAM_ENGINE_H
#define UPSTREAM_ENGINE_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/random.h"
#include "upstream/tls.h"
#include "upstream/upstream.h"
#include "upstream/rtt.h"

#define SERVERS_MAX 64U	 /* of a pool: bits of a mask */
#define ATTEMPTS_MAX 10U /* of one question, in the time that an answer may take */
#define STRIKES_OUT 3U	 /* failures in a row until a server is set aside */
#define MISSES_MAX 3U	 /* without what it should have, in a row, until it is not expected */

struct uplink;
struct uplinks;
struct question;
struct server;

/* How much of EDNS a server is asked with. */
enum edns_use {
	EDNS_WHOLE,
	EDNS_NO_COOKIE,
	EDNS_NONE,
};

/* A UDP socket, connected to its server, on a port of its own. */
struct source {
	struct server *server;
	LIST_HEAD(, attempt) attempts; /* what waits for an answer at it */
	struct event event;
	int fd; /* -1: not open */
	uint32_t uses;
	uint32_t unanswered; /* of its uses: that many answers may come late */
	uint32_t strays;     /* datagrams that answered nothing, since one that did */
};

/* One question sent once, over UDP or over a connection. */
struct attempt {
	LIST_ENTRY(attempt) entry; /* at its source, or at its connection */
	struct question *question;
	struct server *server; /* NULL: over */
	struct source *source; /* NULL: over a connection */
	struct uplink *link;   /* NULL: over UDP */
	uint64_t sent_us;      /* 0: not sent yet, its connection is being opened */
	uint64_t case_bits;    /* of the qname's letters, as sent */
	uint16_t id;
	bool with_case; /* they were drawn at random: the answer must have the same */
	bool with_cookie;
	bool missed; /* an answer without what it must have has come */
	bool resent; /* its connection was closed under it, and it went over another */
	enum edns_use edns;
};

enum server_transport { SERVER_UDP, SERVER_TCP, SERVER_TLS };

/* What is known of how a server is. */
struct health {
	struct rtt rtt;
	uint32_t strikes;	  /* timeouts and failures since it last answered well */
	uint64_t heard_us;	  /* when something came from it last */
	uint64_t silent_since_us; /* the first question sent since it was heard of; 0: none */
	uint64_t aside_until_ms;  /* further failures before count as one with the last */
	uint64_t measure_at_ms;	  /* when a question may be doubled to learn how it is */
	uint64_t trickle_at_ms;	  /* while dead: no question before */
	bool dead;		  /* silent for long: asked a few questions a second at most */
};

/* One server, for all pools that name it in the same way. */
struct server {
	TAILQ_ENTRY(server) entry;
	struct upstreams *upstreams;
	struct endpoint address;
	enum server_transport transport;
	struct tls_peer *tls; /* owned; NULL unless SERVER_TLS */
	uint32_t tls_serial;  /* of the client that it was made of */
	char *tls_name;	      /* owned, as the pins: what it was configured with */
	char **tls_pins;
	size_t tls_pins_count;
	uint32_t pools; /* that name it; none: it is freed once it is not busy */
	uint32_t busy;	/* attempts under way, and callers that still need it */
	struct health health;
	uint32_t case_misses; /* answers with the letters' case changed, since one without */
	uint32_t cookie_misses;
	uint32_t link_misses;		 /* connections that gave no answer, since one that did */
	uint8_t cookie[EDNS_COOKIE_MAX]; /* ours, and behind it what it gave us */
	uint8_t cookie_len;
	bool no_cookies;	 /* it stumbles over them */
	struct uplinks *uplinks; /* owned: its connections; NULL while it never had one */
	uint32_t source_count;
	struct source sources[];
};

/* What came of a server's answer or silence. */
enum failure {
	FAILURE_TIMEOUT, /* nothing came */
	FAILURE_NETWORK, /* it cannot be reached, or closed the connection */
	FAILURE_ANSWER,	 /* SERVFAIL, REFUSED, malformed */
	FAILURE_FORGED,	 /* guesses came instead of an answer */
};

/* The answer to `a` is in upstreams->message, `len` octets: its ID and its question are those
 * sent but for the letters' case.  The attempt is still listed. */
typedef void answered_fn(struct attempt *a, size_t len);
/* No answer to `a` will come; it is over. */
typedef void failed_fn(struct question *q, struct server *server, enum failure failure);

TAILQ_HEAD(server_list, server);
LIST_HEAD(question_list, question);
TAILQ_HEAD(question_queue, question);

/* The servers that the names of a zone are asked of. */
struct pool {
	struct name zone;
	uint64_t salt;	/* by which questions name it */
	uint32_t users; /* questions, and struct upstreams while it is in force */
	uint32_t turn;	/* of round-robin */
	uint32_t count;
	struct server *servers[];
};

struct question {
	LIST_ENTRY(question) chain;
	TAILQ_ENTRY(question) age; /* the oldest first */
	struct query_key key;
	struct upstreams *upstreams;
	struct pool *pool;
	struct upstream_waiter *waiters;
	struct event timer;
	uint64_t begun_ms;
	uint64_t deadline_ms; /* given up */
	uint64_t retry_ms;    /* asked again */
	uint64_t hedge_ms;    /* asked of a second server; UINT64_MAX: not */
	uint64_t stale_ms;    /* those who wait get what is stale; UINT64_MAX: not, or they have */
	uint64_t tried;	      /* servers of the pool that were asked, by place */
	uint64_t failed;      /* servers that gave no usable answer */
	uint64_t unhelpful;   /* those that said so: it may be the name's fault */
	uint64_t overdue;     /* those that it has been held against that they did not answer */
	struct server *last;  /* asked last; NULL when none */
	struct server *probe; /* the one that is to be measured by it; NULL: an ordinary question */
	uint32_t retries;
	uint32_t bad_cookies;	 /* answers that wanted another cookie */
	struct server *stumbled; /* the one that said FORMERR; NULL: none */
	enum edns_use edns;	 /* what it is asked with instead */
	bool answered_badly;	 /* some server answered, but not well */
	bool awaits_dead;	 /* all servers were silent: its time is short */
	bool crowded_out;	 /* given up for newer ones */
	struct ede ede;		 /* what the last of them said why */
	uint32_t attempt_count;
	struct attempt attempts[ATTEMPTS_MAX];
};

struct upstreams {
	struct loop *loop;
	answered_fn *on_answered; /* what the parts below tell of their attempts */
	failed_fn *on_failed;
	event_callback_fn on_readable;	   /* of a source's socket */
	event_callback_fn on_timer;	   /* of a question */
	void (*forget)(struct attempt *a); /* at its connection */
	void (*free_links)(struct uplinks *links);
	struct random_pool random;
	uint32_t ports;
	uint32_t in_flight;
	uint32_t in_flight_max;
	struct tls_client *tls; /* NULL: no server has needed it */
	uint32_t tls_serial;	/* of it: another one, another number */
	uint64_t extra_budget;	/* extra questions that may be asked, in millionths */
	struct server_list servers;
	struct pool **pools; /* in force, as the snapshot's */
	size_t pool_count;
	struct question *questions; /* in_flight_max of them */
	struct question_list unused;
	struct question_list *buckets; /* by key hash */
	struct question_list probes;   /* that nobody may join */
	struct question_queue queue;   /* those in flight */
	uint32_t bucket_mask;
	uint8_t message[WIRE_MESSAGE_MAX]; /* what is being received */
};

/* None for a server that has no place in the pool. */
static inline uint64_t place_bit(size_t place)
{
	return place < SERVERS_MAX ? 1ULL << place : 0;
}

/* ---- try.c */

/* Sends a question that has begun, and arms its timer. */
void try_begin(struct question *q);
/* `server` will not answer the question: the next one at once, or the end when no other can. */
void try_failed(struct question *q, struct server *server, enum failure failure);
/* Sends it once more to `server`, in the same way or over a connection.  False: it cannot be. */
bool try_again(struct question *q, struct server *server, bool over_connection);
void try_on_timer(evutil_socket_t fd, short what, void *arg);
/* Has the question end soon, from the loop, for lack of room; it is no longer the oldest. */
void try_crowd_out(struct question *q);
/* Ends the question and tells its waiters, who may ask others at once. */
void try_finish(struct question *q, const struct upstream_result *result);

/* ---- answer.c */
void answer_take(struct attempt *a, size_t len);

/* ---- pick.c */

/* The server to ask next; NULL when there is none that can be asked now. */
struct server *pick_next(struct question *q);
/* When the first of those that are dead may be asked again; UINT64_MAX: there are none left. */
uint64_t pick_due_ms(const struct question *q);
/* A second one that is well and was not asked; NULL: there is none. */
struct server *pick_second(const struct question *q);
/* One other than `q` was put to, of which it is time to learn how it is: of those set aside, or of
 * the others.  NULL: there is none. */
struct server *pick_to_measure(const struct question *q, bool aside);

/* ---- question.c */

/* The question of `key` in flight; NULL: there is none. */
struct question *question_find(struct upstreams *up, const struct query_key *key);
/* A new one; NULL: there are as many as there may be, or its pool is not in force.  A `probe` is
 * found by nobody. */
struct question *question_begin(struct upstreams *up, const struct query_key *key,
				struct server *probe);
/* Ends what it has under way, and hands its place back.  Its waiters are the caller's. */
void question_end(struct question *q);
/* The one that has been in flight for longest; NULL: none is. */
struct question *question_oldest(const struct upstreams *up);
/* Puts the question to the pool in force now, if that is another one. */
void question_renew(struct question *q);
/* The place of `server` in the question's pool; SERVERS_MAX: it is not there. */
size_t question_place(const struct question *q, const struct server *server);
bool question_under_way(const struct question *q);
/* True while an attempt over a connection to `server` is: another would change nothing. */
bool question_over_link(const struct question *q, const struct server *server);

/* ---- attempt.c */

/* The end of an attempt, however it was sent. */
void attempt_end(struct attempt *a);
/* Writes the message of `a`, whose id is set, for its server: with letters' case drawn at random,
 * a cookie and padding as the transport and the configuration want.  Returns its length. */
size_t attempt_message(struct attempt *a, uint8_t buf[QUERY_UPSTREAM_MAX]);
/* True when a message is an answer to `a`: its ID, and its question but for the letters' case. */
bool attempt_matches(const struct attempt *a, const uint8_t *msg, size_t len);
/* True when a message that matches has the letters' case as it was sent, or has no question. */
bool attempt_case_kept(const struct attempt *a, const uint8_t *msg);

/* ---- udp.c */

/* Sends `a`, whose question and server are set, from a source drawn at random, where it is listed
 * from then on.  ERR_SYS. */
enum err udp_send(struct upstreams *up, struct attempt *a) MUST_CHECK;
void udp_on_readable(evutil_socket_t fd, short what, void *arg);

/* ---- link.c: the TCP and TLS connections of a server */

/*
 * Sends the question of `a` (whose question and server are set) over a connection to the server,
 * by TLS if the server's transport is that, else by TCP; one that is open and not full is used,
 * else one is opened.  `a` is listed there from then on.  Later the answer is told by on_answered
 * (with `a` still listed), or, when the connection fails and a second one too, the failure by
 * on_failed (after attempt_end).  ERR_NOMEM, ERR_SYS, ERR_REFUSED (all connections are full):
 * nothing was sent.
 */
enum err uplink_send(struct upstreams *up, struct attempt *a) MUST_CHECK;
/* Takes `a` off its connection; a late answer to it is dropped. */
void uplink_forget(struct attempt *a);
/* False when connections to the server have come to nothing lately: nothing is left but to ask
 * others.  One question in a few is let through, to find out when that is over. */
bool uplink_is_worth_it(struct server *server);
/* Closes all without telling; no attempt may be listed.  NULL is fine. */
void uplinks_free(struct uplinks *links);

/* ---- source.c */
void sources_init(struct server *server);
void sources_close(struct server *server);
/* An open source of the server, drawn at random.  ERR_SYS: none can be had. */
enum err source_draw(struct upstreams *up, struct server *server,
		     struct source **ret_source) MUST_CHECK;
/* Has the source drawn no more until nothing waits at it, and then closed. */
void source_retire(struct source *s);

/* ---- pool.c */

/* Puts `pools` in force; servers that stay keep what is known of them.  ERR_NOMEM: all stays. */
enum err pools_replace(struct upstreams *up, const struct upstream_pool *pools,
		       size_t count) MUST_CHECK;
void pools_free(struct upstreams *up);
/* The pool in force that questions of `key` are for, with one user more.  NULL: it is not there,
 * since the snapshot's pools could not be put in force; no other may be asked. */
struct pool *pool_take(struct upstreams *up, const struct query_key *key);
/* The pool in force for the zone of `pool`, which may be the same; one user moves over to it.  No
 * zone any more: its own goes on. */
struct pool *pool_renew(struct upstreams *up, struct pool *pool);
void pool_give(struct upstreams *up, struct pool *pool);
/* Counts something begun at, or ended at, the server; the last end frees one no pool names. */
void server_busy(struct server *server);
void server_done(struct server *server);

/* ---- health.c */

void health_asked(struct server *server);
/* Something came from it that answers what it was asked; `sent_us` ago. */
void health_heard(struct server *server, const struct attempt *a);
/* It was not waited for to the end. */
void health_unanswered(struct server *server, const struct attempt *a);
void health_good(struct server *server);
void health_bad(struct server *server, enum failure failure);
/* Set aside until it answers well again: others are asked before it. */
static inline bool health_is_aside(const struct health *h)
{
	return h->strikes >= STRIKES_OUT;
}
/* False while it is dead and has had its question for now. */
static inline bool health_may_ask(const struct health *h, uint64_t now_ms)
{
	return !h->dead || h->trickle_at_ms <= now_ms;
}
/* The time until it is measured next, from now on. */
void health_measured(struct server *server);
/* Logs how the server is, as `who` sees it. */
void health_log(const struct server *server, const char *who);

#endif
