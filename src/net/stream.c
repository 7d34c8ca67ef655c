/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/conn.h"

#define ACCEPT_ROUNDS 32      /* connections taken of one socket before others get their turn */
#define ACCEPT_PAUSE_MS 100   /* after the system had no room for one more */
#define ACCEPT_QUIET_MS 60000 /* between two warnings of it */
#define IDLE_CHECK_MS 1000    /* the longest sleep of the idle timer: timeouts may get shorter */
#define IDLE_CHECK_MIN_MS 5   /* a tick of the clock that loop_tick reads */

static void arm(struct event *timer, uint64_t delay_ms)
{
	struct timeval tv = {.tv_sec = (time_t)(delay_ms / 1000),
			     .tv_usec = (suseconds_t)(delay_ms % 1000 * 1000)};

	evtimer_add(timer, &tv);
}

static uint64_t left_ms(const struct stream *stream, const struct conn *conn)
{
	uint64_t end_ms = conn->active_ms + stream_conf(stream)->tcp_idle_timeout_ms;
	uint64_t now_ms = stream->loop->env.now_ms;

	return end_ms > now_ms ? end_ms - now_ms : 0;
}

/* Sleeps until the next idle connection is due, or till one that becomes idle now would be. */
static void arm_idle_timer(struct stream *stream)
{
	const struct conn *first = TAILQ_FIRST(&stream->idle);
	uint64_t delay_ms = stream_conf(stream)->tcp_idle_timeout_ms;

	if (LIST_EMPTY(&stream->conns))
		return;
	if (first)
		delay_ms = left_ms(stream, first);
	if (delay_ms > IDLE_CHECK_MS)
		delay_ms = IDLE_CHECK_MS;
	if (delay_ms < IDLE_CHECK_MIN_MS)
		delay_ms = IDLE_CHECK_MIN_MS;
	arm(&stream->idle_timer, delay_ms);
}

static void turn_away(struct stream *stream, int fd, const struct ip *client)
{
	uint64_t now_ms = stream->loop->env.now_ms;
	char name[INET6_ADDRSTRLEN];

	stats_inc(stream->loop->env.stats, tcp_refused);
	close(fd);
	if (now_ms < stream->refused_quiet_until_ms)
		return;
	stream->refused_quiet_until_ms = now_ms + ACCEPT_QUIET_MS;
	log_warning(
		"a TCP connection of %s was refused: %u of its own are open, %u in all, and none "
		"of them idle; see tcp-connections",
		ip_text(client, name, sizeof(name)), stream_connections_of(stream, client),
		atomic_load(&stream->loop->shared->tcp_connections));
}

static void welcome(struct stream *stream, int fd, const struct endpoint *peer)
{
	struct ip address = ip_from_sockaddr(&peer->u.sa);
	struct ip client = loop_client(stream->loop, &address);
	struct loop *loop = stream->loop;

	if (!stream_admit(stream, &address, &client)) {
		turn_away(stream, fd, &client);
		return;
	}
	if (conn_open(stream, fd, peer, &client) != ERR_OK) {
		atomic_fetch_sub(&loop->shared->tcp_connections, 1);
		tally_give(&loop->shared->tcp_clients, loop_client_hash(loop, &client));
		turn_away(stream, fd, &client);
		return;
	}
	stats_inc(loop->env.stats, tcp_accepted);
	if (!evtimer_pending(&stream->idle_timer, NULL))
		arm_idle_timer(stream);
}

static void on_idle_timer(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	struct conn *conn;

	(void)fd;
	(void)what;
	loop_tick(stream->loop);
	while ((conn = TAILQ_FIRST(&stream->idle)) && left_ms(stream, conn) == 0)
		conn_close(conn);
	stream_trim(stream);
	arm_idle_timer(stream);
}

static enum err listen_on(struct stream *stream)
{
	for (size_t i = 0; i < stream->listener_count; i++)
		if (stream->listeners[i].fd >= 0 &&
		    event_add(&stream->listeners[i].event, NULL) != 0)
			return ERR_NOMEM;
	return ERR_OK;
}

/* What waits in the kernel's queues stays there; the sockets would be readable all the time. */
static void pause_accepting(struct stream *stream)
{
	uint64_t now_ms = stream->loop->env.now_ms;

	if (now_ms >= stream->quiet_until_ms) {
		log_warning("cannot accept TCP connections: %s", strerror(errno));
		stream->quiet_until_ms = now_ms + ACCEPT_QUIET_MS;
	}
	for (size_t i = 0; i < stream->listener_count; i++)
		event_del(&stream->listeners[i].event);
	arm(&stream->accept_timer, ACCEPT_PAUSE_MS);
}

static void on_accept_timer(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd;
	(void)what;
	if (listen_on(stream) != ERR_OK)
		arm(&stream->accept_timer, ACCEPT_PAUSE_MS);
}

/* True for what went wrong with one connection alone (accept(2) names them). */
static bool concerns_one(int error)
{
	static const int errors[] = {EINTR,	   ECONNABORTED, EPERM,	      EPROTO,
				     ENETDOWN,	   ENOPROTOOPT,	 EHOSTDOWN,   ENONET,
				     EHOSTUNREACH, EOPNOTSUPP,	 ENETUNREACH, ETIMEDOUT};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (error == errors[i])
			return true;
	return false;
}

static void accept_some(struct stream *stream, int fd)
{
	for (int i = 0; i < ACCEPT_ROUNDS; i++) {
		struct endpoint peer = {.len = sizeof(peer.u)};
		int conn_fd = accept4(fd, &peer.u.sa, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn_fd >= 0) {
			welcome(stream, conn_fd, &peer);
		} else if (errno == EAGAIN) {
			return;
		} else if (!concerns_one(errno)) {
			pause_accepting(stream);
			return;
		}
	}
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct stream_listener *l = arg;

	(void)what;
	loop_tick(l->stream->loop);
	accept_some(l->stream, fd);
}

static void init_listeners(struct stream *stream, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct stream_listener *l = &stream->listeners[i];

		l->stream = stream;
		l->fd = fds[i];
		event_assign(&l->event, stream->loop->base, l->fd, EV_READ | EV_PERSIST,
			     on_acceptable, l);
	}
	stream->listener_count = count;
}

enum err stream_create(struct loop *loop, struct upstreams *upstreams, const int *fds, size_t count,
		       struct stream **ret_stream)
{
	struct stream *stream = calloc(1, sizeof(*stream) + count * sizeof(stream->listeners[0]));

	if (!stream)
		return ERR_NOMEM;
	stream->loop = loop;
	stream->upstreams = upstreams;
	LIST_INIT(&stream->conns);
	TAILQ_INIT(&stream->idle);
	evtimer_assign(&stream->idle_timer, loop->base, on_idle_timer, stream);
	evtimer_assign(&stream->accept_timer, loop->base, on_accept_timer, stream);
	init_listeners(stream, fds, count);
	if (listen_on(stream) != ERR_OK) {
		for (size_t i = 0; i < count; i++) {
			event_del(&stream->listeners[i].event);
			stream->listeners[i].fd = -1; /* stays the caller's */
		}
		stream_free(stream);
		return ERR_NOMEM;
	}
	*ret_stream = stream;
	return ERR_OK;
}

static void close_listeners(struct stream *stream)
{
	event_del(&stream->accept_timer);
	for (size_t i = 0; i < stream->listener_count; i++) {
		struct stream_listener *l = &stream->listeners[i];

		if (l->fd < 0)
			continue;
		event_del(&l->event);
		close(l->fd);
		l->fd = -1;
	}
}

void stream_free(struct stream *stream)
{
	struct conn *conn;

	if (!stream)
		return;
	close_listeners(stream);
	event_del(&stream->idle_timer);
	while ((conn = LIST_FIRST(&stream->conns)))
		conn_free(conn);
	free(stream);
}

void stream_drain(struct stream *stream, bool accept)
{
	struct conn *next;

	loop_tick(stream->loop);
	stream->retires = !accept;
	for (size_t i = 0; accept && i < stream->listener_count; i++)
		if (stream->listeners[i].fd >= 0)
			accept_some(stream, stream->listeners[i].fd);
	close_listeners(stream);
	for (struct conn *conn = LIST_FIRST(&stream->conns); conn; conn = next) {
		next = LIST_NEXT(conn, entry);
		if (conn->fd < 0)
			continue;
		conn_take_in(conn);
		if (accept)
			conn->ended = true;
		conn_settle(conn);
	}
}

size_t stream_pending(const struct stream *stream)
{
	const struct conn *conn;
	size_t pending = 0;

	LIST_FOREACH(conn, &stream->conns, entry) {
		if (conn->fd >= 0)
			pending += conn->in_flight + (conn_unwritten(conn) > 0) +
				   (stream->retires && !conn->ended && conn_is_expected(conn));
	}
	return pending;
}
