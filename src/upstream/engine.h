/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of upstream share, from the top down.
 *
 *   upstream.c  asked, joined, made and freed
 *   turn.c      what has come since, handed to those it concerns
 *   answer.c    what comes back: believed or not, good or bad
 *   chase.c     what CNAMEs lead to, asked for as well
 *   seek.c      the servers of zones, asked for before a reply can be judged
 *   try.c       the course of a question: sent, sent again, put to the next
 *   extra.c     questions asked beyond need: hedges, and measurements
 *   finish.c    the end of a question: its reply, what is stale, or a failure
 *   ask.c       a question begun, or joined, and room made for it
 *   wait.c      how long a question lasts, and how those that could not be sent take turns
 *   send.c      a question sent to a server
 *   pick.c      which server of a pool is asked
 *   question.c  the table of questions in flight
 *   waiting.c   who waits for their replies, within limits
 *   client.c    whose they are: who has most, whose turn it is
 *   silence.c   zones in which nobody answers
 *   pool.c      pools of servers: made, kept over a reload, freed
 *   watch.c     whether a server is there: looked at, and asked questions of our own
 *
 * Each uses those below it, and the room remote, which has the servers: what is known of them, and
 * how they are reached.  What those below have to tell is listed in struct upstreams: sources
 * and connections that can be read, attempts that failed, questions whose time has come, states
 * that changed.  turn.c looks at it in the same turn of the loop.
 */
#ifndef UPSTREAM_ENGINE_H
#define UPSTREAM_ENGINE_H

#include "remote/remote.h"
#include "upstream/upstream.h"

/* None for a server that has no place in the pool. */
static inline uint64_t place_bit(size_t place)
{
	return place < SERVERS_MAX ? 1ULL << place : 0;
}

#define SEEK_ASKED_MAX 24U /* questions for one reply, whatever somebody's zone has in it */

/* A question whose reply leads to a name that is asked for by another one; chase.c has it. */
struct chase {
	struct upstream_waiter waiter; /* of the other question */
	LIST_ENTRY(chase) entry;       /* of all that there are */
	struct question *question;     /* NULL: it has ended */
	struct query_key key;	       /* the other question */
	struct reply reply;	       /* the one that leads there, */
	uint16_t len;		       /* and its message */
	uint8_t msg[];
};

/* A reply that is judged by servers of zones that are asked for by questions of its own; seek.c has
 * it. */
struct seek {
	LIST_ENTRY(seek) entry;	   /* of all that there are */
	struct question *question; /* NULL: it has ended */
	struct upstreams *upstreams;
	uint32_t pending; /* of what is asked, and whoever holds it */
	uint32_t asked;
	struct sought *sought[SEEK_ASKED_MAX];
	const struct query_known *known; /* what has come of them */
	bool crowded;			 /* one had to make room for another's */
	struct reply reply;		 /* the question's, */
	uint16_t len;			 /* and its message */
	uint8_t msg[];
};

/* ---- turn.c */
void turn_on_event(evutil_socket_t fd, short what, void *arg);

/* ---- answer.c */

/* What came for `a` is in upstreams->message, `len` octets: its ID and its question are those sent
 * but for the letters' case. */
void answer_take(struct attempt *a, size_t len);

/* ---- chase.c */

/* The reply in upstreams->message leads to a name of which it says nothing: that is looked for, and
 * asked for of its own pool, before the question ends. */
void chase_begin(struct question *q, struct reply *reply);
/* The question's time is up.  True: the other question has come further since, along the CNAMEs, so
 * that this one has more. */
bool chase_goes_on(struct question *q);
/* Frees all, of questions that have ended. */
void chases_free(struct upstreams *up);

/* ---- seek.c */

/* The reply in `msg` (WIRE_MESSAGE_MAX octets) ends the question once it was judged by the servers
 * of zones: query_seeks. */
void seek_settle(struct question *q, uint8_t *msg, struct reply *reply);
/* The question's time is up.  True: it had a reply, and has ended by what is known. */
bool seek_on_time(struct question *q);
/* Frees all, of questions that have ended. */
void seeks_free(struct upstreams *up);

/* ---- try.c */

/* Sends a question that has begun, and arms its timer. */
void try_begin(struct question *q);
/* `server` will not answer the question: the next one at once, or the end when no other can. */
void try_failed(struct question *q, struct server *server, enum failure failure);
/* What came of `server` may be forged: it is asked over a connection too, which cannot be forged
 * from afar, else another server, or from another port.  What is under way stays so: the true
 * answer may still come. */
void try_suspect(struct question *q, struct server *server);
/* Sends it once more to `server`, in the same way or over a connection.  False: it cannot be. */
bool try_again(struct question *q, struct server *server, bool over_connection);
/* Has it asked of `server` without DO, over UDP, where the answer may fit then.  False: that was
 * done, or somebody who waits has set DO. */
bool try_plain(struct question *q, struct server *server);
/* Something of what the question waits for is due. */
void try_on_time(struct question *q);
/* A server's state has changed: its questions have another deadline, and may be sent. */
void try_on_change(struct upstreams *up);
/* Sends some of those that wait, in turn. */
void try_on_release(evutil_socket_t fd, short what, void *arg);

/* ---- extra.c */

/* A second server is asked when the first takes longer than it does for 95 in 100; the budget for
 * that grows with each question. */
void extra_plan_hedge(struct question *q);
void extra_hedge(struct question *q);
/* Doubles the question to a server of which it is time to learn how it is. */
void extra_measure(struct question *q);

/* ---- wait.c */

/* Arms the timer for what comes first. */
void wait_arm(struct question *q);
/* Nothing is asked of its own servers any more: it waits for other questions till `deadline_ms`. */
void wait_rest(struct question *q, uint64_t deadline_ms);
/* When the question is asked again. */
void wait_set_retry(struct question *q);
/* Sets its deadline, and when clients get what is stale, by the best state in its pool. */
void wait_plan(struct question *q);
/* The servers left are dead: it is sent when its turn comes.  False: there are none left. */
bool wait_turn(struct question *q);
/* Has the question end soon, from the loop, not from where we are. */
void wait_end_soon(struct question *q);
/* The same, for lack of room; it is no longer the oldest. */
void wait_crowd_out(struct question *q);
/* The same of one for which there is no room to ask others: that is nobody's failure, to be
 * remembered. */
void wait_no_room(struct question *q);

/* ---- finish.c */

/* Ends the question and tells its waiters, who may ask others at once. */
void finish(struct question *q, const struct upstream_result *result);
/* Tells its waiters, as finish does; the question goes on. */
void finish_early(struct question *q, const struct upstream_result *result);
/* Gives those who wait what is left in the cache, if there is anything; the question goes on. */
void finish_stale(struct question *q);
/* Ends it without a reply: with what is stale, with a server's word on why, or with `failure`. */
void finish_failed(struct question *q, enum query_failure failure);

/* ---- ask.c */

/* A new question of a client, which the caller sends; NULL when there are too many. */
struct question *ask_begin(struct upstreams *up, const struct query_key *key,
			   const struct ip *client, uint64_t client_hash);
/* The same for a waiter, who joins a question in flight if there is one.  Errors as of
 * upstream_ask.  `ret_new`: the new question, NULL: there is none; set in any case. */
enum err ask_or_join(struct upstreams *up, const struct query_key *key,
		     struct upstream_waiter *waiter, struct question **ret_new) MUST_CHECK;
/* The same, and a new question is sent from the loop, not from where we are. */
enum err ask_from_loop(struct upstreams *up, const struct query_key *key,
		       struct upstream_waiter *waiter) MUST_CHECK;

/* ---- waiting.c */

enum err waiting_create(struct waiting *w, uint32_t places, uint32_t buckets) MUST_CHECK;
void waiting_free(struct waiting *w);
/* ERR_EXISTS: it waits already, and the place it has is for its newer query now.  ERR_RANGE: its
 * client has as many waiters of this question as it may. */
enum err waiting_may_join(struct question *q, const struct upstream_waiter *waiter) MUST_CHECK;
/* Puts it among the question's waiters; without a place left, another one is told that there is no
 * room.  ERR_REFUSED: nobody can be told so. */
enum err waiting_join(struct question *q, struct upstream_waiter *waiter) MUST_CHECK;
/* Hands over all waiters of the question, whose places are free from then on. */
void waiting_take(struct question *q, struct waiter_queue *ret_waiters);

/* ---- send.c */

/* Where the next attempt is kept.  NULL: it has been sent too often. */
struct attempt *send_place(struct question *q);
/* The same; what was sent so long ago that it is waited for no more makes room. */
struct attempt *send_any_place(struct question *q);
/* Sends `q` to `server`, over its own transport, or over a connection in any case, as attempt `a`.
 * ERR_REFUSED: that is NULL, or connections are full.  ERR_NOMEM, ERR_SYS. */
enum err send_to(struct question *q, struct server *server, bool over_connection,
		 struct attempt *a) MUST_CHECK;

/* ---- pick.c */

/* The server to ask next; NULL when there is none that can be asked now. */
struct server *pick_next(struct question *q);
/* A second one that is well and was not asked; NULL: there is none. */
struct server *pick_second(const struct question *q);
/* One other than `q` was put to, of which it is time to learn how it is: of those set aside, or of
 * the others.  NULL: there is none. */
struct server *pick_to_measure(const struct question *q, bool aside);
/* The best state of the servers that have not failed it; SERVER_STATE_COUNT: there are none. */
enum server_state pick_outlook(const struct question *q);

/* ---- question.c */

/* The question of `key` in flight; NULL: there is none. */
struct question *question_find(struct upstreams *up, const struct query_key *key);
/* A new one of a client; NULL: there are as many as there may be, or its pool is not in force. */
struct question *question_begin(struct upstreams *up, const struct query_key *key,
				const struct ip *client, uint64_t client_hash);
/* try.c looks at it in this turn of the loop, or the next. */
void question_is_due(struct question *q);
/* The same question, for `server` alone; found by nobody. */
struct question *question_double(const struct question *of, struct server *server);
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

/* ---- client.c */

enum err clients_create(struct clients *clients, uint32_t questions, uint32_t buckets) MUST_CHECK;
void clients_free(struct clients *clients);
/* How many questions a prefix has in flight; `hash` is its ip_hash. */
uint32_t client_load(struct upstreams *up, const struct ip *prefix, uint64_t hash);
/* `q` is the newest question of a prefix; until client_leave. */
void client_join(struct question *q, const struct ip *prefix, uint64_t hash);
void client_leave(struct question *q);
/* One that has as many questions as any, or half of that; NULL: nobody has. */
struct client *client_heaviest(const struct clients *clients);
/* Has the question wait for its turn, or wait no more. */
void client_wait(struct question *q);
void client_wait_no_more(struct question *q);
/* The one whose turn it is: those not sent yet first, of each client one, each client's oldest
 * first.  It waits no more.  NULL: none waits. */
struct question *client_next(struct clients *clients);

/* ---- silence.c */

/* Nobody answered a question though its server was well: its zone may be silent. */
void silence_note(struct upstreams *up, const struct query_key *key);
/* One was answered: no zone that it lies in is. */
void silence_end(struct upstreams *up, const struct query_key *key);
/* True when its name is below a zone in which nobody answered lately. */
bool silence_covers(const struct upstreams *up, const struct query_key *key);
/* Counts the question, newer than all of them, among those of such zones, until silence_leave. */
void silence_enter(struct question *q);
/* Nothing to one that is not among them. */
void silence_leave(struct question *q);

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
void pool_give(struct pool *pool);

/* ---- watch.c */

/* Has a server that is new, or that `zone` is asked of as well, watched. */
void watch_begin(struct server *server, const struct name *zone);
/* The server was sent a question, which it owes an answer. */
void watch_asked(struct server *server);
/* A question waits for the server to be heard of. */
void watch_wanted(struct server *server);

#endif
