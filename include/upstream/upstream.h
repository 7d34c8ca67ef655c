/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions to the upstreams, one worker's: in flight over UDP from unpredictable ports with
 * unpredictable IDs (RFC 5452), asked again when there is no answer, asked of the next upstream
 * when one fails, asked over TCP when an answer was truncated (RFC 7766, 5), and given up in
 * time.  Identical questions in flight are asked once.
 */
#ifndef UPSTREAM_UPSTREAM_H
#define UPSTREAM_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/query.h"
#include "loop/loop.h"
#include "remote/waiter.h"

struct upstreams;

/* How many may wait for so many questions: enough that, where places run out, a question has more
 * than one. */
#define UPSTREAM_WAITERS(in_flight) (2U * (in_flight))

/*
 * The upstreams of the `count` pools, one at least (what is needed of them is copied), for the
 * worker of `loop`.  `in_flight` bounds the questions, and those who wait for them, `ports` the UDP
 * sockets per upstream. ERR_NOMEM.
 */
enum err upstreams_create(struct loop *loop, const struct upstream_pool *pools, size_t count,
			  uint32_t in_flight, uint32_t ports,
			  struct upstreams **ret_upstreams) MUST_CHECK;

/* Ends all questions without calling `done`, closes the sockets; NULL is fine. */
void upstreams_free(struct upstreams *upstreams);

/*
 * Uses the upstreams of `pools` from now on; what is known of those in use already is kept.
 * Questions in flight at others go on.  ERR_NOMEM, ERR_CONFIG (of outgoing.tls-ca, logged): the old
 * ones stay in use.
 */
enum err upstreams_set(struct upstreams *upstreams, const struct upstream_pool *pools,
		       size_t count) MUST_CHECK;

/*
 * Asks `key` for `waiter`, or lets it join the same question in flight.  Where there is no place
 * left for one who waits, another one's `done` is called.  ERR_EXISTS when the same query waits
 * already: it has its place, and is answered as `waiter->wait` says.  ERR_RANGE when its client has
 * outgoing.waiters-per-question of the question.  ERR_REFUSED when as
 * many questions are in flight as there may be, or when the pool that it is for is none of those
 * set: another's servers are not asked.  Then `done` will not be called.
 */
enum err upstream_ask(struct upstreams *upstreams, const struct query_key *key,
		      struct upstream_waiter *waiter) MUST_CHECK;

/* Has `key` asked though nobody waits, so that its reply is cached; nothing happens when it is in
 * flight already, or when as many questions are as there may be. */
void upstream_refresh(struct upstreams *upstreams, const struct query_key *key);

/* Questions in flight. */
uint32_t upstreams_in_flight(const struct upstreams *upstreams);

/* True while somebody waits for a question's reply. */
bool upstreams_awaited(const struct upstreams *upstreams);

/* How a server is, as one worker sees it. */
struct upstream_view {
	struct endpoint address;
	const char *transport; /* "udp", "tcp", "tls" */
	const char *state;     /* its name in remote/state.h */
	uint8_t rank;	       /* of the state: 0 well, the higher the worse */
	uint32_t rtt_us;       /* smoothed; 0: not known */
};

/* Fills in at most `max` servers; returns how many. */
size_t upstreams_view(const struct upstreams *upstreams, struct upstream_view *views, size_t max);

/* Logs a line for each server: its address and transport, whether it is well, and its round trip
 * times.  `who` says whose view it is: each worker has its own. */
void upstreams_log(const struct upstreams *upstreams, const char *who);

#endif
