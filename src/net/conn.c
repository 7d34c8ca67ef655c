/* SPDX-License-Identifier: BSD-2-Clause */
/* One connection: what it waits for, from its beginning to its end. */
#include <netinet/tcp.h>
#include <stdlib.h>

#include "net/conn.h"

/* Queries that were kept come first: as long as one waits, nothing is read. */
static void take_in(struct conn *conn)
{
	struct frame_window spare;
	struct frame_window *w;

	conn_serve(conn, &conn->in);
	conn_keep(conn, &conn->in);
	if (!conn_may_ask(conn))
		return;
	w = conn_window(conn, &spare);
	if (!w || !conn_read(conn, w))
		return;
	conn_serve(conn, w);
	conn_keep(conn, w);
}

void conn_take_in(struct conn *conn)
{
	take_in(conn);
	if (conn->stream->retires && !conn_is_expected(conn))
		conn->ended = true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	loop_tick(conn->stream->loop);
	conn_take_in(conn);
	conn_settle(conn);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	loop_tick(conn->stream->loop);
	if (conn->fd >= 0)
		conn_settle(conn);
	else if (conn->in_flight == 0)
		conn_free(conn);
}

enum err conn_open(struct stream *stream, int fd, const struct endpoint *peer,
		   const struct ip *client)
{
	struct event_base *base = stream->loop->base;
	struct conn *conn = calloc(1, sizeof(*conn));
	int on = 1;

	if (!conn || !(conn->out = evbuffer_new())) {
		free(conn);
		return ERR_NOMEM;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn->stream = stream;
	conn->fd = fd;
	conn->peer = *peer;
	conn->address = ip_from_sockaddr(&peer->u.sa);
	conn->client = *client;
	conn->client_hash = loop_client_hash(stream->loop, client);
	conn->header_due = stream_is_proxy(stream, &conn->address);
	conn_used(conn);
	event_assign(&conn->readable, base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	event_assign(&conn->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, conn);
	LIST_INIT(&conn->waiters);
	LIST_INSERT_HEAD(&stream->conns, conn, entry);
	stream->conn_count++;
	conn_settle(conn);
	return ERR_OK;
}

/* The connection goes to the end of the list only when it was of use: a frame that comes in octet
 * by octet is none. */
static void list_idle(struct conn *conn, bool idle)
{
	struct conn_queue *list = &conn->stream->idle;

	if (conn->idle == idle && !conn->used)
		return;
	conn->used = false;
	if (conn->idle)
		TAILQ_REMOVE(list, conn, idle_entry);
	if (idle)
		TAILQ_INSERT_TAIL(list, conn, idle_entry);
	conn->idle = idle;
}

static void wait_for(struct conn *conn, struct event *event, short what, bool wanted)
{
	bool waiting = event_pending(event, what, NULL);

	if (wanted && !waiting && event_add(event, NULL) != 0)
		conn->broken = true;
	else if (!wanted && waiting)
		event_del(event);
}

static bool is_finished(const struct conn *conn)
{
	return conn->ended && conn->in_flight == 0 && conn_unwritten(conn) == 0;
}

void conn_settle(struct conn *conn)
{
	bool unwritten = conn_unwritten(conn) > 0;
	bool may_ask;

	conn_flush(conn);
	if (unwritten && conn_unwritten(conn) == 0)
		conn_used(conn);
	may_ask = conn_may_ask(conn);
	wait_for(conn, &conn->writable, EV_WRITE, conn_unwritten(conn) > 0);
	wait_for(conn, &conn->readable, EV_READ, may_ask);
	if (conn->broken || is_finished(conn)) {
		conn_close(conn);
		return;
	}
	list_idle(conn, conn->in_flight == 0);
	if (may_ask && frame_peek(&conn->in) != FRAME_PARTIAL)
		event_active(&conn->readable, EV_READ, 0);
}

static void shut(struct conn *conn)
{
	if (conn->fd < 0)
		return;
	event_del(&conn->readable);
	event_del(&conn->writable);
	list_idle(conn, false);
	conn_hang_up(conn);
	evbuffer_free(conn->out);
	free(conn->in.buf);
	conn->out = NULL;
	frame_init(&conn->in, NULL, 0);
}

void conn_close(struct conn *conn)
{
	shut(conn);
	if (conn->in_flight == 0)
		conn_free(conn);
}

static void give_place_back(const struct conn *conn)
{
	struct loop *loop = conn->stream->loop;

	atomic_fetch_sub(&loop->shared->tcp_connections, 1);
	tally_give(&loop->shared->tcp_clients, conn->client_hash);
}

void conn_free(struct conn *conn)
{
	struct stream_waiter *w;

	shut(conn);
	event_del(&conn->writable); /* made active by the last answer */
	while ((w = LIST_FIRST(&conn->waiters))) {
		LIST_REMOVE(w, entry);
		free(w);
	}
	LIST_REMOVE(conn, entry);
	conn->stream->conn_count--;
	give_place_back(conn);
	free(conn);
}
