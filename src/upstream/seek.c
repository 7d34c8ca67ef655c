/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reply that cannot be judged before the servers of the zones are known that its names lie in
 * (outgoing.ns-lookup).  Its question waits for what is asked for that, several things at one time,
 * each once; with what has come the reply is judged anew, which may have further questions.
 *
 * What a client can cause is bounded, whatever somebody's zone has in it: so many questions for a
 * question, and the time that a question may take once more.  What is not known by then lets the
 * reply pass, and is not remembered as clean; the next query has the rest asked.  But where there
 * is no room to ask, the question fails: else a flood would lift what is blocked.
 */
#include <stdlib.h>
#include <string.h>

#include "upstream/engine.h"

#define NEVER UINT64_MAX
#define TIMEOUTS_MAX 3U /* that a question may last, as with CNAMEs (chase.c) */
#define KEPT_BYTES_MAX                                                                             \
	(8U * 1048576U) /* of replies to all of them; beyond, the cache has to do                  \
			 */

/* One thing that is asked for it. */
struct sought {
	struct upstream_waiter waiter;
	struct seek *seek;
	struct query_known known;
	struct reply reply;
	uint8_t *msg; /* of the reply; owned, NULL: none */
	size_t len;
};

static void drop(struct seek *s)
{
	if (s->question)
		s->question->seek = NULL;
	for (uint32_t i = 0; i < s->asked; i++) {
		s->upstreams->kept_bytes -= s->sought[i]->len;
		free(s->sought[i]->msg);
		free(s->sought[i]);
	}
	LIST_REMOVE(s, entry);
	free(s);
}

void seeks_free(struct upstreams *up)
{
	struct seek *next;

	for (struct seek *s = LIST_FIRST(&up->seeks); s; s = next) {
		next = LIST_NEXT(s, entry);
		drop(s);
	}
}

/* The question is its own again; what was asked for it may still come. */
static void leave(struct seek *s)
{
	s->question->seek = NULL;
	s->question = NULL;
	if (s->pending == 0)
		drop(s);
}

/* There is no room to ask: it ends from the loop, where others may be told of another reply yet. */
static void fail(struct seek *s)
{
	struct question *q = s->question;

	leave(s);
	wait_no_room(q);
}

/* ---- what is asked */

/* Keeps what has come, where there is room; else the cache may have it. */
static void keep(struct sought *w, const struct reply *reply)
{
	struct upstreams *up = w->seek->upstreams;
	size_t len;

	if (!reply || reply->kind == REPLY_FAILURE || !reply->body)
		return;
	len = reply->question_end + (size_t)reply->body_len;
	if (up->kept_bytes + len > KEPT_BYTES_MAX)
		return;
	w->msg = malloc(len);
	if (!w->msg)
		return;
	memcpy(w->msg, reply->body - reply->question_end, len);
	w->len = len;
	up->kept_bytes += len;
	w->reply = *reply;
	w->reply.body = w->msg + reply->question_end;
	w->reply.plain.body = NULL;
	w->known.reply = &w->reply;
}

static void go_on(struct seek *s);

static void on_done(struct upstream_waiter *waiter, const struct upstream_result *result)
{
	struct sought *w = (struct sought *)waiter;
	struct seek *s = w->seek;

	keep(w, result->reply);
	s->crowded |= !result->reply && result->failure == QUERY_FAIL_OVERLOAD;
	w->known.next = s->known;
	s->known = &w->known;
	if (--s->pending > 0)
		return;
	if (!s->question)
		drop(s);
	else if (s->crowded)
		fail(s);
	else
		go_on(s);
}

static bool ask(struct seek *s, const struct query_key *key)
{
	const struct question *q = s->question;
	struct sought *w = calloc(1, sizeof(*w));

	if (!w)
		return false;
	w->waiter.client = q->client->prefix;
	w->waiter.client_hash = q->client->hash;
	w->waiter.since_us = s->upstreams->loop->now_us;
	w->waiter.inward = true;
	w->waiter.done = on_done;
	w->seek = s;
	name_copy(&w->known.name, key->question, key->question_len - 4U);
	w->known.type = key->qtype;
	if (ask_from_loop(s->upstreams, key, &w->waiter) != ERR_OK) {
		free(w);
		return false;
	}
	s->sought[s->asked++] = w;
	s->pending++;
	stats_inc(s->upstreams->loop->env.stats, server_lookups);
	return true;
}

/* Asks as much of it as may be asked.  The question has ended afterwards, or will, where nothing
 * could be. */
static void ask_all(struct seek *s, const struct query_seek *wanted)
{
	bool room = true;

	s->pending++; /* what is asked may have to make room for the next at once */
	for (unsigned int i = 0; room && i < wanted->count && s->asked < SEEK_ASKED_MAX; i++)
		room = ask(s, &wanted->keys[i]);
	s->crowded |= !room;
	if (--s->pending > 0 && room)
		return;
	if (s->crowded)
		fail(s);
	else
		go_on(s);
}

/* ---- the question */

static bool judge(struct seek *s, bool last, uint8_t *msg, struct reply *reply,
		  struct query_seek *wanted, struct verdict *ret_verdict)
{
	const struct question *q = s->question;

	memcpy(msg, s->msg, s->len);
	*reply = s->reply;
	reply->body = msg + reply->question_end;
	wanted->known = s->known;
	wanted->flags = q->key.flags & CACHE_FLAG_CD;
	wanted->expired = false;
	wanted->last = last || s->asked == SEEK_ASKED_MAX;
	return query_resolve_seeking(&s->upstreams->loop->env, &q->key, msg, s->len, reply, wanted,
				     ret_verdict) == QUERY_ANSWERED;
}

/* Judges it by what is known; false: something is to be asked. */
static bool settle(struct seek *s, bool last, struct query_seek *wanted)
{
	struct question *q = s->question;
	struct upstream_result result = {.reply = NULL};
	uint8_t msg[WIRE_MESSAGE_MAX];
	struct reply reply;

	if (!judge(s, last, msg, &reply, wanted, &result.verdict))
		return false;
	result.reply = &reply;
	leave(s);
	finish(q, &result);
	return true;
}

static void go_on(struct seek *s)
{
	struct query_seek wanted; /* whose room for questions is not cleared */

	if (!settle(s, false, &wanted))
		ask_all(s, &wanted);
}

/* The clients of the seek are told what is known, and the next ones what will be. */
static void tell_early(struct seek *s)
{
	struct upstream_result result = {.reply = NULL};
	uint8_t msg[WIRE_MESSAGE_MAX];
	struct query_seek wanted;
	struct reply reply;

	(void)judge(s, true, msg, &reply, &wanted, &result.verdict);
	result.reply = &reply;
	finish_early(s->question, &result);
}

static struct seek *create(struct question *q, const uint8_t *msg, const struct reply *reply)
{
	size_t len = reply->question_end + (size_t)reply->body_len;
	struct seek *s = calloc(1, sizeof(*s) + len);

	if (!s)
		return NULL;
	s->question = q;
	s->upstreams = q->upstreams;
	s->reply = *reply;
	s->len = (uint16_t)len;
	memcpy(s->msg, msg, len);
	LIST_INSERT_HEAD(&q->upstreams->seeks, s, entry);
	q->seek = s;
	return s;
}

/* The time that it may take from now on. */
static void set_deadline(struct question *q)
{
	const struct loop *loop = q->upstreams->loop;
	const uint64_t timeout_ms = loop->env.snapshot->conf->outgoing.timeout_ms;
	const uint64_t last_ms = q->begun_ms + TIMEOUTS_MAX * timeout_ms;

	wait_rest(q, loop->env.now_ms + timeout_ms);
	if (q->deadline_ms > last_ms)
		q->deadline_ms = last_ms;
	q->stale_ms = NEVER; /* there is a newer reply */
	wait_arm(q);
}

static void begin(struct question *q, const uint8_t *msg, const struct reply *reply,
		  const struct query_seek *wanted)
{
	const struct conf_outgoing *conf = &q->upstreams->loop->env.snapshot->conf->outgoing;
	struct seek *s = create(q, msg, reply);

	set_deadline(q);
	if (!s) {
		wait_no_room(q);
		return;
	}
	if (conf->ns_lookup == CONF_NSLOOKUP_BACKGROUND)
		tell_early(s);
	ask_all(s, wanted);
}

void seek_settle(struct question *q, uint8_t *msg, struct reply *reply)
{
	const struct query_env *env = &q->upstreams->loop->env;
	const size_t len = reply->question_end + (size_t)reply->body_len;
	struct upstream_result result = {.reply = reply};
	struct query_seek wanted; /* whose room for questions is not cleared */

	wanted.known = NULL;
	wanted.flags = q->key.flags & CACHE_FLAG_CD;
	wanted.expired = false;
	wanted.last = false;
	if (query_resolve_seeking(env, &q->key, msg, len, reply, &wanted, &result.verdict) ==
	    QUERY_ANSWERED)
		finish(q, &result);
	else
		begin(q, msg, reply, &wanted);
}

bool seek_on_time(struct question *q)
{
	struct query_seek wanted;

	return q->seek && settle(q->seek, true, &wanted);
}
