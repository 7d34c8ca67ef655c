/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One upstream server: what is known of it, and how it is reached.  From the top down:
 *
 *   server.c    servers: made, freed, and what is under way at them
 *   udp.c       sent over UDP
 *   source.c    the UDP sockets of a server: opened, drawn, renewed
 *   link.c      sent over TCP and TLS connections, which are kept and shared
 *   attempt.c   a question sent once: its message, and what answers it
 *   health.c    what is known of a server: its round trips, its state
 *   trait.h     what servers can do, and some cannot
 *   state.h     the states of a server, and what each does to questions
 *   rtt.c       round trip times: smoothed, spread, and their 95th percentile
 *   tls.c       whether a server is who it should be
 *   waiter.h    one who waits for a reply
 *   model.h     what a worker keeps of servers, and of the questions that are asked of them
 *
 * Each uses those below it.  Nothing here chooses a server or ends a question; what has come, and
 * what has failed, is listed in struct upstreams for the room upstream.  All of it is one worker's:
 * its thread alone may call.
 */
#ifndef REMOTE_REMOTE_H
#define REMOTE_REMOTE_H

#include "remote/model.h"

/* Has upstream's turn.c look, later in this turn of the loop. */
static inline void upstreams_wake(struct upstreams *up)
{
	event_active(&up->turn, EV_TIMEOUT, 0);
}

/* ---- server.c */

/* The server of `conf` that there is, else NULL. */
struct server *server_find(struct upstreams *up, const struct conf_upstream *conf);
enum err server_create(struct upstreams *up, const struct conf_upstream *conf,
		       struct server **ret_server) MUST_CHECK;
enum server_transport server_transport_of(const struct conf_upstream *conf);
/* One pool less names it. */
void server_leave_pool(struct server *server);
/* Counts something begun at, or ended at, the server; the last end frees one no pool names. */
void server_busy(struct server *server);
void server_done(struct server *server);
/* The end of an attempt, however it was sent. */
void attempt_end(struct attempt *a);
/* True when the question of `a` has another attempt under way at the same server. */
bool attempt_is_doubled(const struct attempt *a);

/* ---- udp.c */

/* Sends `a`, whose question and server are set, from a source drawn at random, where it is listed
 * from then on.  ERR_SYS. */
enum err udp_send(struct upstreams *up, struct attempt *a) MUST_CHECK;

/* What reading has come to. */
enum received {
	RECEIVED_NOTHING,
	RECEIVED_ANSWER,  /* to an attempt: it is in upstreams->message */
	RECEIVED_OTHER,	  /* something that answers nothing */
	RECEIVED_GUESSES, /* the same, and so much of it that somebody guesses */
	RECEIVED_END, /* the socket is broken, the connection is over; what was sent has failed */
};

/* Reads one datagram. */
enum received udp_receive(struct source *s, struct attempt **ret_a, size_t *ret_len) MUST_CHECK;

/* ---- source.c */
void sources_init(struct server *server);
void sources_close(struct server *server);
/* An open source of the server, drawn at random.  ERR_SYS: none can be had. */
enum err source_draw(struct upstreams *up, struct server *server,
		     struct source **ret_source) MUST_CHECK;
/* What could be read of it has been: it is listed as readable no more. */
void source_looked_at(struct source *s);
/* Has the source drawn no more until nothing waits at it, and then closed. */
void source_retire(struct source *s);

/* ---- link.c: the TCP and TLS connections of a server */

/*
 * Sends the question of `a` (whose question and server are set) over a connection to the server,
 * by TLS if the server's transport is that, else by TCP; one that is open and not full is used,
 * else one is opened.  `a` is listed there from then on, and fails when the connection does and a
 * second one too.  ERR_NOMEM, ERR_SYS, ERR_REFUSED (all connections are full): nothing was sent.
 */
enum err uplink_send(struct upstreams *up, struct attempt *a) MUST_CHECK;
/* Takes the next message that has come, reading on as needed.  After RECEIVED_END the link is
 * gone. */
enum received uplink_receive(struct uplink *link, struct attempt **ret_a,
			     size_t *ret_len) MUST_CHECK;
struct server *uplink_server(const struct uplink *link);
/* The first that can be read, which is no longer listed as such; NULL: none. */
struct uplink *uplink_readable(struct upstreams *up);
/* Takes `a` off its connection; a late answer to it is dropped. */
void uplink_forget(struct attempt *a);
/* False when connections to the server have come to nothing lately: nothing is left but to ask
 * others.  One question in a few is let through, to find out when that is over. */
bool uplink_is_worth_it(struct server *server);
/* Closes all without telling; no attempt may be listed.  NULL is fine. */
void uplinks_free(struct uplinks *links);

/* ---- attempt.c */

/* Writes the message of `a`, whose id is set, for its server: with letters' case drawn at random,
 * a cookie and padding as the transport and the configuration want.  Returns its length. */
size_t attempt_message(struct attempt *a, uint8_t buf[QUERY_UPSTREAM_MAX]);
/* True when a message is an answer to `a`: its ID, and its question but for the letters' case. */
bool attempt_matches(const struct attempt *a, const uint8_t *msg, size_t len);
/* True when a message that matches has the letters' case as it was sent, or has no question. */
bool attempt_case_kept(const struct attempt *a, const uint8_t *msg);
/* No answer to `a`, which was taken off where it was listed, will come: that is told to the parts
 * above. */
void attempt_failed(struct attempt *a, enum failure failure);

/* ---- health.c */

void health_event(struct server *server, enum server_event event);
/* A question was sent to it. */
void health_asked(struct server *server);
/* Something came from it. */
void health_heard(struct server *server);
/* Something that answers what it was asked. */
void health_answered(struct server *server, const struct attempt *a);
/* The attempt was not waited for to the end. */
void health_unanswered(struct server *server, const struct attempt *a);
void health_good(struct server *server);
void health_bad(struct server *server, enum failure failure);
/* Others are asked before the server. */
static inline bool health_is_aside(const struct health *h)
{
	return server_states[h->state].asked != ASKED_FIRST;
}
/* The time until it is measured next, from now on. */
void health_measured(struct server *server);
const char *server_transport_word(enum server_transport transport);
/* Logs how the server is, as `who` sees it. */
void health_log(const struct server *server, const char *who);

#endif
