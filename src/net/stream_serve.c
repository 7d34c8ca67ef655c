/* SPDX-License-Identifier: BSD-2-Clause */
/* The queries of a connection, from their messages to the messages of their answers. */
#include <stdlib.h>

#include "net/conn.h"

static uint8_t *answer_buffer(struct conn *conn)
{
	return conn->stream->answer + FRAME_PREFIX;
}

bool conn_may_ask(const struct conn *conn)
{
	const struct conf_server *conf = &conn->stream->loop->env.snapshot->conf->server;

	return !conn->ended && !conn->broken && conn->in_flight < conf->tcp_pipeline &&
	       conn_unwritten(conn) < STREAM_OUT_MAX;
}

static enum query_outcome fail(struct conn *conn, const struct query_wait *wait,
			       enum query_failure failure, size_t *ret_len)
{
	*ret_len = query_fail(&conn->stream->loop->env, wait, failure, answer_buffer(conn),
			      WIRE_MESSAGE_MAX);
	return QUERY_ANSWERED;
}

/* Builds the answer to a question that was asked upstream.  QUERY_FORWARD: the waiter waits again.
 */
static enum query_outcome answer_waiter(struct conn *conn, struct upstream_waiter *base,
					const struct upstream_result *result, size_t *ret_len)
{
	struct query_key key;
	enum query_outcome outcome;

	if (result->elsewhere)
		return QUERY_DROPPED;
	if (conn_unwritten(conn) >= STREAM_OUT_MAX) {
		stats_inc(conn->stream->loop->env.stats, overload);
		return fail(conn, &base->wait, QUERY_FAIL_OVERLOAD, ret_len);
	}
	if (!result->reply)
		return fail(conn, &base->wait, result->failure, ret_len);
	outcome =
		query_resume(&conn->stream->loop->env, &base->wait, result->reply, &result->verdict,
			     &key, answer_buffer(conn), WIRE_MESSAGE_MAX, ret_len);
	if (outcome == QUERY_FORWARD && upstream_ask(conn->stream->upstreams, &key, base) != ERR_OK)
		return fail(conn, &base->wait, QUERY_FAIL_OVERLOAD, ret_len);
	return outcome;
}

/* The connection is written, read on or closed later in the same turn, when all of its answers
 * that came together are there, and not from within the upstreams' work. */
static void on_done(struct upstream_waiter *base, const struct upstream_result *result)
{
	struct stream_waiter *w = (struct stream_waiter *)base;
	struct conn *conn = w->conn;
	size_t len = 0;
	enum query_outcome outcome =
		conn->fd < 0 ? QUERY_DROPPED : answer_waiter(conn, base, result, &len);

	if (outcome == QUERY_FORWARD)
		return;
	if (outcome == QUERY_ANSWERED && len > 0)
		conn_put(conn, len);
	LIST_REMOVE(w, entry);
	free(w);
	loop_waited(conn->stream->loop, conn->client_hash);
	conn->in_flight--;
	conn_used(conn);
	event_active(&conn->writable, EV_WRITE, 0);
}

/* Has the query asked upstream; false: there are too many that wait. */
static bool ask(struct conn *conn, const struct query_key *key, struct stream_waiter *w)
{
	struct loop *loop = conn->stream->loop;

	if (!loop_may_wait(loop, conn->client_hash))
		return false;
	if (upstream_ask(conn->stream->upstreams, key, &w->base) == ERR_OK)
		return true;
	loop_waited(loop, conn->client_hash);
	return false;
}

static void forward(struct conn *conn, const struct query *q, const uint8_t *msg)
{
	const struct query_env *env = &conn->stream->loop->env;
	struct stream_waiter *w = malloc(sizeof(*w));
	struct query_key key;

	if (!w) {
		conn->broken = true;
		return;
	}
	query_suspend(q, env, msg, &key, &w->base.wait);
	w->base.client = conn->client;
	w->base.client_hash = conn->client_hash;
	w->base.origin = 0;
	w->base.inward = false;
	w->base.since_us = conn->stream->loop->now_us;
	w->base.done = on_done;
	w->conn = conn;
	if (ask(conn, &key, w)) {
		LIST_INSERT_HEAD(&conn->waiters, w, entry);
		conn->in_flight++;
		return;
	}
	stats_inc(env->stats, overload);
	conn_put(conn, query_fail(env, &w->base.wait, QUERY_FAIL_OVERLOAD, answer_buffer(conn),
				  WIRE_MESSAGE_MAX));
	free(w);
}

/* Has a name asked upstream though its answer came from the cache. */
static void refresh(struct conn *conn, const struct query *q)
{
	struct query_key key;

	query_refresh_key(q, &conn->stream->loop->env, &key);
	upstream_refresh(conn->stream->upstreams, &key);
}

/* A message that is no query (a response) is a reason to read no more, and so is a client that
 * may not ask: it shall not hold the connection.  A list's action to drop is not: the client is
 * left to wait as it would be over UDP. */
static void serve_message(struct conn *conn, const uint8_t *msg, size_t msg_len)
{
	const struct query_env *env = &conn->stream->loop->env;
	struct query q;
	size_t len = 0;

	query_begin(&q, env, msg, msg_len, &conn->peer.u.sa, TRANSPORT_TCP);
	q.relayed = conn->relayed;
	switch (query_decide(&q, env, msg, answer_buffer(conn), WIRE_MESSAGE_MAX, &len)) {
	case QUERY_ANSWERED:
		conn_put(conn, len);
		if (q.refresh)
			refresh(conn, &q);
		break;
	case QUERY_FORWARD:
		forward(conn, &q, msg);
		break;
	case QUERY_DROPPED:
		break;
	}
	conn_used(conn);
	conn->asked = true;
	if (q.parsed == WIRE_DROP || !prefix_set_contains(env->snapshot->allow, &conn->address))
		conn->ended = true;
}

/* Takes the header that a proxy's connection begins with.  False: it has not come as a whole, or
 * the connection ends. */
static bool take_header(struct conn *conn, struct frame_window *w)
{
	struct stream *stream = conn->stream;
	struct proxy_header header;
	enum proxy_verdict verdict =
		proxied_read(&stream->proxied, &stream->loop->env, &conn->address,
			     w->buf + w->begin, frame_held(w), false, &header);

	if (verdict == PROXY_PARTIAL)
		return false;
	if (verdict == PROXY_BAD ||
	    (verdict == PROXY_CLIENT && !stream_rename(conn, &header.client))) {
		conn->ended = true;
		return false;
	}
	conn->relayed = verdict == PROXY_CLIENT && !header.stream;
	conn->header_due = false;
	frame_pass(w, header.len);
	return true;
}

/* A header from who is no proxy looks like the beginning of a long message. */
static void look_for_header(struct conn *conn, const struct frame_window *w)
{
	struct stream *stream = conn->stream;

	if (!conn->asked && proxied_look(&stream->proxied, &stream->loop->env, &conn->peer.u,
					 w->buf + w->begin, frame_held(w)))
		conn->ended = true;
}

void conn_serve(struct conn *conn, struct frame_window *w)
{
	const uint8_t *msg;
	size_t len;

	if (frame_held(w) == 0 || (conn->header_due && !take_header(conn, w)))
		return;
	while (conn_may_ask(conn)) {
		switch (frame_take(w, &msg, &len)) {
		case FRAME_WHOLE:
			serve_message(conn, msg, len);
			break;
		case FRAME_SHORT:
			conn->ended = true;
			return;
		case FRAME_PARTIAL:
			look_for_header(conn, w);
			return;
		}
	}
}
