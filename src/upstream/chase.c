/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reply's CNAMEs lead to a name of which it says nothing.  The question waits for that name's
 * own, as a client would, and the two replies are made one.  The other question may do the same; a
 * circle of them is found before it closes.
 */
#include <stdlib.h>
#include <string.h>

#include "upstream/engine.h"

#define GRACE_MS 100U
#define TIMEOUTS_MAX 3U /* that a question may last: clients ask again, but not for longer */
#define DEPTH_MAX 16U	/* questions, one for the next; resolvers restart about as often */

static void drop(struct chase *c)
{
	if (c->question)
		c->question->chase = NULL;
	LIST_REMOVE(c, entry);
	free(c);
}

void chases_free(struct upstreams *up)
{
	struct chase *next;

	for (struct chase *c = LIST_FIRST(&up->chases); c; c = next) {
		next = LIST_NEXT(c, entry);
		drop(c);
	}
}

/* The question ends from the loop: others may be told of a reply that lies in upstreams->message
 * yet. */
static void fail(struct question *q, bool told, const struct reply *reply)
{
	q->answered_badly = told;
	q->ede.len = 0;
	if (reply)
		edes_copy(&q->ede, &reply->ede);
	wait_end_soon(q);
}

/* The reply in `msg` is whole, or will not be. */
static void settle(struct question *q, uint8_t *msg, struct reply *reply)
{
	struct upstream_result result = {.reply = reply};

	if (reply->kind == REPLY_FAILURE) {
		fail(q, true, reply);
		return;
	}
	if (query_seeks(&q->upstreams->loop->env, &q->key)) {
		seek_settle(q, msg, reply);
		return;
	}
	result.verdict = query_resolve(&q->upstreams->loop->env, &q->key, msg,
				       reply->question_end + (size_t)reply->body_len, reply);
	finish(q, &result);
}

/* The other question has ended. */
static void on_done(struct upstream_waiter *waiter, const struct upstream_result *result)
{
	struct chase *c = (struct chase *)waiter;
	struct question *q = c->question;
	uint8_t msg[WIRE_MESSAGE_MAX];
	struct reply reply = c->reply;

	if (q) {
		memcpy(msg, c->msg, c->len);
		reply.body = msg + reply.question_end;
	}
	drop(c);
	if (!q)
		return;
	if (!result->reply) {
		if (result->failure == QUERY_FAIL_OVERLOAD)
			wait_no_room(q);
		else
			fail(q, result->told, NULL);
		return;
	}
	query_join(&q->upstreams->loop->env, &q->key, msg, &reply, result->reply);
	settle(q, msg, &reply);
}

/* True when the question of `key` waits, by however many others, for `q`. */
static bool leads_back(const struct question *q, const struct query_key *key)
{
	const struct question *next = question_find(q->upstreams, key);

	for (unsigned int i = 0; next && i <= DEPTH_MAX; i++) {
		if (next == q)
			return true;
		next = next->chase ? question_find(q->upstreams, &next->chase->key) : NULL;
	}
	return false;
}

static struct chase *create(struct question *q, const struct query_key *key,
			    const struct reply *reply)
{
	size_t len = reply->question_end + (size_t)reply->body_len;
	struct chase *c = calloc(1, sizeof(*c) + len);

	if (!c)
		return NULL;
	c->waiter.client = q->client->prefix;
	c->waiter.client_hash = q->client->hash;
	c->waiter.done = on_done;
	c->waiter.wait.wire.edns.dnssec_ok = true; /* who waits for the whole may want that */
	c->question = q;
	c->key = *key;
	c->reply = *reply;
	c->len = (uint16_t)len;
	memcpy(c->msg, q->upstreams->message, len);
	LIST_INSERT_HEAD(&q->upstreams->chases, c, entry);
	return c;
}

bool chase_goes_on(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;
	const struct question *next = q->chase ? question_find(q->upstreams, &q->chase->key) : NULL;
	uint64_t last_ms = q->begun_ms +
			   (uint64_t)TIMEOUTS_MAX * loop->env.snapshot->conf->outgoing.timeout_ms;

	if (!next || next->deadline_ms <= loop->env.now_ms || last_ms <= loop->env.now_ms)
		return false;
	q->deadline_ms = next->deadline_ms + GRACE_MS;
	if (q->deadline_ms > last_ms)
		q->deadline_ms = last_ms;
	wait_arm(q);
	return true;
}

static void look_for(struct question *q, const struct query_key *key, const struct reply *reply)
{
	struct upstreams *up = q->upstreams;
	bool joins = question_find(up, key) != NULL;
	struct question *next;

	if (q->depth == DEPTH_MAX || leads_back(q, key)) {
		fail(q, true, NULL);
		return;
	}
	q->chase = create(q, key, reply);
	if (!q->chase || ask_from_loop(up, key, &q->chase->waiter) != ERR_OK) {
		if (q->chase)
			drop(q->chase);
		wait_no_room(q);
		return;
	}
	next = question_find(up, key);
	if (next && !joins)
		next->depth = q->depth + 1;
}

void chase_begin(struct question *q, struct reply *reply)
{
	struct upstreams *up = q->upstreams;
	struct query_key key;

	/* the other question has the whole time that a question may take, and comes to its end
	 * first, or follows CNAMEs itself (chase_goes_on) */
	wait_rest(q, up->loop->env.now_ms + up->loop->env.snapshot->conf->outgoing.timeout_ms +
			     GRACE_MS);
	if (query_follow(&up->loop->env, &q->key, up->message, reply, &key) == QUERY_FORWARD)
		look_for(q, &key, reply);
	else
		settle(q, up->message, reply);
}
