/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of net/stream share.
 *
 *   stream.c          sockets listened on, idle connections, drain
 *   stream_admit.c    places, and who loses his
 *   stream_proxied.c  the same for connections of proxies
 *   conn.c            one connection: opened, what it waits for, closed
 *   stream_serve.c    its queries: decided, asked upstream, answered
 *   stream_io.c       its octets, in and out
 *
 * What one connection can take, beside its struct:
 *
 *   read, not served   FRAME_MAX octets; none unless a frame is cut off, or reading is paused
 *   in flight          tcp-pipeline questions; then no more are taken on
 *   not written        STREAM_OUT_MAX octets and one answer more; then no more are taken on, and
 *                      those in flight are answered SERVFAIL, which is short
 *
 * A connection that is closed with questions in flight keeps its place until they are ended, so
 * that clients who come, ask and go are bounded as those who stay.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "dns/frame.h"
#include "net/proxied.h"
#include "net/stream.h"

#define STREAM_OUT_MAX 65536U /* octets not written, at which a client is no longer served */
#define STREAM_EXPECT_MS                                                                           \
	1000U /* for a query of who has just come, where others are no longer read */
#define STREAM_SLACK_PART 16U
#define STREAM_READ_MAX 16384U /* octets read of one client before others get their turn */

struct conn;

/* A question of a connection that is asked upstream. */
struct stream_waiter {
	struct upstream_waiter base;
	LIST_ENTRY(stream_waiter) entry;
	struct conn *conn;
};

struct conn {
	struct stream *stream;
	LIST_ENTRY(conn) entry;
	TAILQ_ENTRY(conn) idle_entry;
	LIST_HEAD(, stream_waiter) waiters; /* in_flight of them */
	struct event readable;
	struct event writable;	/* made active, too, when an answer came from upstream */
	struct frame_window in; /* read and not served; the buffer is NULL when there is nothing */
	struct evbuffer *out;	/* answered and not written */
	struct endpoint peer;
	struct ip address;
	struct ip client; /* whose share the connection is of: loop_client */
	uint64_t client_hash;
	uint64_t active_ms; /* when it was last of use, see conn_used */
	uint32_t in_flight;
	int fd;		 /* -1: closed, and kept for its questions in flight */
	bool used;	 /* since it was last put in its place among the idle */
	bool asked;	 /* a query has come */
	bool header_due; /* it is a proxy's, and the header that names the client has not come */
	bool relayed;	 /* its client came to the proxy by datagrams: its address is not proven */
	bool idle;	 /* listed among the idle: nothing is in flight */
	bool ended;	 /* no more is read: closed when all is answered and written */
	bool broken;	 /* closed as soon as the event's work is done */
};

LIST_HEAD(conn_list, conn);
TAILQ_HEAD(conn_queue, conn);

struct stream_listener {
	struct stream *stream;
	struct event event;
	int fd; /* -1: closed */
};

struct stream {
	struct loop *loop;
	struct upstreams *upstreams;
	struct conn_list conns;		 /* all, the closed ones too */
	struct conn_queue idle;		 /* the one that was of use longest ago comes first */
	struct event idle_timer;	 /* pending while there are connections */
	struct event accept_timer;	 /* pending while accepting is paused */
	uint64_t quiet_until_ms;	 /* no warning that accepting failed before */
	uint64_t refused_quiet_until_ms; /* no warning that a connection was refused before */
	struct proxied proxied;
	uint32_t conn_count;
	bool retires; /* another process serves those who come, and come again */
	uint8_t input[STREAM_READ_MAX];
	uint8_t answer[FRAME_MAX]; /* being built, behind its length */
	size_t listener_count;
	struct stream_listener listeners[];
};

/* The connection was opened, a query came, an answer came, or all answers were written. */
static inline void conn_used(struct conn *conn)
{
	conn->active_ms = conn->stream->loop->env.now_ms;
	conn->used = true;
}

static inline const struct conf_server *stream_conf(const struct stream *stream)
{
	return &stream->loop->env.snapshot->conf->server;
}

/* The limit of all connections: the configured one, or what the limit of open files leaves. */
static inline uint32_t stream_places(const struct stream *stream)
{
	uint32_t wanted = stream_conf(stream)->tcp_connections;
	uint32_t files = stream->loop->files.tcp_connections;

	return files > 0 && files < wanted ? files : wanted;
}

/* What a limit is passed by for a moment, when another connection has been told to close, or
 * another worker has what is to be closed: it does so at its next look. */
static inline uint32_t stream_with_slack(uint32_t limit)
{
	return limit + limit / STREAM_SLACK_PART + 1;
}

/* True for the address of a proxy, whose connections are those of the clients that it names. */
static inline bool stream_is_proxy(const struct stream *stream, const struct ip *address)
{
	const struct prefix_set *proxies = stream->loop->env.snapshot->proxies;

	return proxies && prefix_set_contains(proxies, address);
}

/* True when a query may be under way: none has come yet, or a part of one. */
static inline bool conn_is_expected(const struct conn *conn)
{
	return (!conn->asked || conn->in.buf) &&
	       conn->stream->loop->env.now_ms - conn->active_ms < STREAM_EXPECT_MS;
}

/* ---- stream_admit.c */

/* Takes a place for one more connection of the client, among all and of its own; where there is
 * none, another connection is closed for it: of the client's own, or of the heaviest client's, if
 * the newcomer may ask at all.  False: there is none to be had. */
bool stream_admit(struct stream *stream, const struct ip *address, const struct ip *client);

/* Closes what is over the limits and idle: a newcomer at another worker was let in for it. */
void stream_trim(struct stream *stream);

/* How many connections the client has, at all workers. */
uint32_t stream_connections_of(const struct stream *stream, const struct ip *client);

/* ---- stream_proxied.c */

/* Makes the connection, which nobody has asked on, one of the client that its proxy has named, and
 * of that client's share.  False: it has no place left, and none of its connections is idle. */
bool stream_rename(struct conn *conn, const struct endpoint *client) MUST_CHECK;

/* ---- stream_io.c */

/* Writes out the answers that the socket takes now. */
void conn_flush(struct conn *conn);

/* Appends the answer of `len` octets that stands in stream->answer. */
void conn_put(struct conn *conn, size_t len);

/* Octets answered and not written. */
size_t conn_unwritten(const struct conn *conn);

/* The window that octets are to be read into: the connection's own when it holds something, else
 * `spare`, set up on the worker's buffer.  NULL: out of memory, and the connection is broken. */
struct frame_window *conn_window(struct conn *conn, struct frame_window *spare);

/* Reads into the window.  False when nothing came; an end or a failure is marked. */
bool conn_read(struct conn *conn, struct frame_window *w);

/* Has the connection keep what the window still holds, and no memory for nothing. */
void conn_keep(struct conn *conn, struct frame_window *w);

/* Closes the socket.  A peer that did not read its answers is cut off (RST), so that the kernel
 * does not keep them for it. */
void conn_hang_up(struct conn *conn);

/* ---- stream_serve.c */

/* True while one more query of the connection may be taken on. */
bool conn_may_ask(const struct conn *conn);

/* Takes on the whole messages of the window, as long as it may. */
void conn_serve(struct conn *conn, struct frame_window *w);

/* ---- conn.c */

/* Makes a connection of the socket, whose place was taken; on failure both stay the caller's.
 * ERR_NOMEM. */
enum err conn_open(struct stream *stream, int fd, const struct endpoint *peer,
		   const struct ip *client) MUST_CHECK;

/* Reads once and takes on the queries that have come, as long as it may. */
void conn_take_in(struct conn *conn);

/* The end of an event's work on a connection: writes, closes it, or waits for what is next. */
void conn_settle(struct conn *conn);

/* Closes the connection; frees it, and gives its place back, when nothing is in flight. */
void conn_close(struct conn *conn);

/* Closes the connection and frees it, its waiters too. */
void conn_free(struct conn *conn);

#endif
