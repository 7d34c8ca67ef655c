/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of net/upstream share.
 *
 *   upstream.c         questions: begun, joined, retried, ended
 *   upstream_udp.c     one question sent once over UDP, and its answer
 *   upstream_tcp.c     one question over one TCP connection
 *   upstream_server.c  servers: chosen, set aside, exchanged
 *   upstream_source.c  the UDP sockets of a server: opened, drawn, renewed
 *
 * Each uses those below it; what it has to tell those above goes through struct upstreams.
 */
#ifndef NET_UPSTREAM_P_H
#define NET_UPSTREAM_P_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/random.h"
#include "net/upstream.h"

#define SERVERS_MAX 64U		  /* in use at one time: bits of a mask */
#define ATTEMPTS_MAX 8U		  /* of one question, over UDP */
#define UPSTREAM_MESSAGE_MAX 512U /* octets of what we send: a question and an OPT */

struct question;
struct server;
struct tcp_try;

/* A UDP socket, connected to its server, on a port of its own. */
struct source {
	struct server *server;
	LIST_HEAD(, attempt) attempts; /* what waits for an answer at it */
	struct event event;
	int fd; /* -1: not open */
	uint32_t uses;
};

/* One question sent once over UDP. */
struct attempt {
	LIST_ENTRY(attempt) at_source;
	struct question *question;
	struct source *source; /* NULL: over */
	uint16_t id;
};

struct server {
	TAILQ_ENTRY(server) entry;
	struct upstreams *upstreams;
	struct endpoint address;
	uint32_t slot;		 /* its bit in a question's masks */
	uint32_t busy;		 /* attempts and TCP tries under way */
	uint32_t strikes;	 /* timeouts and failures in a row */
	uint64_t aside_until_ms; /* not to be preferred before */
	bool retired;		 /* no longer configured; freed when not busy */
	uint32_t source_count;
	struct source sources[];
};

/* What came of a server's answer or silence. */
enum failure {
	FAILURE_TIMEOUT, /* nothing came */
	FAILURE_NETWORK, /* it cannot be reached */
	FAILURE_ANSWER,	 /* SERVFAIL, REFUSED, malformed */
};

/* A datagram or a TCP message that matches what was asked: `len` octets in upstreams->message. */
typedef void answered_fn(struct question *q, struct server *server, size_t len, bool over_tcp);
/* `server` will not answer the question. */
typedef void failed_fn(struct question *q, struct server *server, enum failure failure);

TAILQ_HEAD(server_list, server);
LIST_HEAD(question_list, question);

struct question {
	LIST_ENTRY(question) chain;
	struct query_key key;
	struct upstreams *upstreams;
	struct upstream_waiter *waiters;
	struct event timer;
	uint64_t deadline_ms;
	uint32_t wait_ms;    /* till the next try */
	uint64_t tried;	     /* servers that were asked, by slot */
	uint64_t failed;     /* servers that gave no usable answer */
	uint64_t set_serial; /* of the servers that the slots belong to */
	struct server *last; /* asked last; NULL when none or gone */
	struct tcp_try *tcp; /* NULL: none under way */
	bool last_wait;	     /* the timer is that of the deadline */
	bool plain;	     /* asked without an OPT: a server did not know EDNS */
	bool answered_badly; /* some server answered, but not well */
	struct ede ede;	     /* what the last of them said why */
	uint32_t attempt_count;
	struct attempt attempts[ATTEMPTS_MAX];
};

struct upstreams {
	struct loop *loop;
	answered_fn *on_answered; /* what the parts below tell of their questions */
	failed_fn *on_failed;
	event_callback_fn on_readable; /* of a source's socket */
	struct random_pool random;
	uint32_t ports;
	uint32_t in_flight;
	uint32_t in_flight_max;
	uint64_t set_serial; /* of the servers in use */
	struct server_list servers;
	struct server_list retired;
	struct question *questions; /* in_flight_max of them */
	struct question_list unused;
	struct question_list *buckets; /* by key hash */
	uint32_t bucket_mask;
	uint8_t message[WIRE_MESSAGE_MAX]; /* what is being received */
};

/* upstream_server.c */
enum err servers_replace(struct upstreams *up, const struct upstream_pool *pools, size_t count);
void servers_free(struct upstreams *up);
/* The server to ask next; NULL when each has failed for this question. */
struct server *server_choose(struct upstreams *up, struct question *q);
void server_good(struct server *server);
void server_bad(struct server *server);
/* Counts something begun at, or ended at, the server; the last end frees a retired one. */
void server_busy(struct server *server);
void server_done(struct server *server);

/* upstream_source.c */
void sources_init(struct server *server);
void sources_close(struct server *server);
/* An open source of the server, drawn at random.  ERR_SYS: none can be had. */
enum err source_draw(struct upstreams *up, struct server *server,
		     struct source **ret_source) MUST_CHECK;

/* upstream_udp.c */
/* Sends the question from a source drawn at random; `a` is then listed there. */
enum err attempt_send(struct upstreams *up, struct question *q, struct server *server,
		      struct attempt *a) MUST_CHECK;
void attempt_end(struct attempt *a);
void attempts_on_readable(evutil_socket_t fd, short what, void *arg);

/* upstream_tcp.c: tells how it went, unless it was ended before. */
enum err tcp_try_start(struct question *q, struct server *server) MUST_CHECK;
void tcp_try_end(struct tcp_try *tcp);

/* The size that the question's OPT is to name; 0: it is asked without one. */
static inline uint16_t question_udp_size(const struct question *q)
{
	if (q->plain)
		return 0;
	return (uint16_t)q->upstreams->loop->env.snapshot->conf->outgoing.udp_size;
}

#endif
