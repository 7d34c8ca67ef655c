/* SPDX-License-Identifier: BSD-2-Clause */
/* The octets of a connection: the one place that would know of TLS. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/conn.h"

#define IOV_COUNT 8
#define KEEP_MIN 512U	 /* octets of a buffer for what is kept: most queries fit */
#define DISCARD_ROUNDS 4 /* reads of what came too late, before the socket is closed */

size_t conn_unwritten(const struct conn *conn)
{
	return evbuffer_get_length(conn->out);
}

static ssize_t send_some(struct conn *conn)
{
	struct evbuffer_iovec pieces[IOV_COUNT];
	struct iovec iov[IOV_COUNT];
	struct msghdr msg = {.msg_iov = iov};
	int count = evbuffer_peek(conn->out, -1, NULL, pieces, IOV_COUNT);

	for (int i = 0; i < count && i < IOV_COUNT; i++) {
		iov[i].iov_base = pieces[i].iov_base;
		iov[i].iov_len = pieces[i].iov_len;
		msg.msg_iovlen++;
	}
	return sendmsg(conn->fd, &msg, MSG_NOSIGNAL);
}

void conn_flush(struct conn *conn)
{
	while (!conn->broken && conn_unwritten(conn) > 0) {
		ssize_t sent = send_some(conn);

		if (sent >= 0) {
			evbuffer_drain(conn->out, (size_t)sent);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (errno != EINTR) {
			stats_inc(conn->stream->loop->env.stats, send_errors);
			conn->broken = true;
		}
	}
}

void conn_put(struct conn *conn, size_t len)
{
	uint8_t *frame = conn->stream->answer;

	wire_put16(frame, (uint16_t)len);
	if (evbuffer_add(conn->out, frame, FRAME_PREFIX + len) != 0)
		conn->broken = true;
	else if (conn_unwritten(conn) >= STREAM_OUT_MAX)
		conn_flush(conn);
}

/* A full window has a frame that is cut off: doubled, it never goes beyond FRAME_MAX. */
static bool grow(struct frame_window *w)
{
	size_t cap = w->cap < FRAME_MAX / 2 ? w->cap * 2 : FRAME_MAX;
	uint8_t *buf = realloc(w->buf, cap);

	if (!buf)
		return false;
	w->buf = buf;
	w->cap = cap;
	return true;
}

struct frame_window *conn_window(struct conn *conn, struct frame_window *spare)
{
	struct frame_window *w = &conn->in;

	if (frame_held(w) == 0) {
		frame_init(spare, conn->stream->input, sizeof(conn->stream->input));
		return spare;
	}
	if (frame_held(w) == w->cap && !grow(w)) {
		conn->broken = true;
		return NULL;
	}
	return w;
}

bool conn_read(struct conn *conn, struct frame_window *w)
{
	size_t room;
	uint8_t *to = frame_room(w, &room);
	ssize_t got = recv(conn->fd, to, room, 0);

	if (got > 0) {
		frame_added(w, (size_t)got);
		return true;
	}
	if (got == 0)
		conn->ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		conn->broken = true;
	return false;
}

static void keep_copy(struct conn *conn, const struct frame_window *w)
{
	size_t held = frame_held(w);
	size_t cap = held < KEEP_MIN ? KEEP_MIN : held;
	uint8_t *buf = malloc(cap);

	if (!buf) {
		conn->broken = true;
		return;
	}
	memcpy(buf, w->buf + w->begin, held);
	frame_init(&conn->in, buf, cap);
	frame_added(&conn->in, held);
}

void conn_keep(struct conn *conn, struct frame_window *w)
{
	if (w != &conn->in && frame_held(w) > 0) {
		keep_copy(conn, w);
	} else if (w == &conn->in && frame_held(w) == 0) {
		free(w->buf);
		frame_init(w, NULL, 0);
	}
}

/* What is not read when a socket is closed makes the kernel reset the connection, and the peer
 * may lose answers that were written. */
static void discard_input(struct conn *conn)
{
	struct stream *stream = conn->stream;

	for (int i = 0; i < DISCARD_ROUNDS; i++)
		if (recv(conn->fd, stream->input, sizeof(stream->input), 0) <= 0)
			return;
}

void conn_hang_up(struct conn *conn)
{
	static const struct linger cut_off = {.l_onoff = 1};

	if (conn_unwritten(conn) > 0)
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &cut_off, sizeof(cut_off));
	else
		discard_input(conn);
	close(conn->fd);
	conn->fd = -1;
}
