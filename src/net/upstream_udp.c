/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions over UDP: an ID is drawn for each, and what comes back is compared with it. */
#include <errno.h>
#include <sys/socket.h>

#include "net/upstream_p.h"

void attempt_end(struct attempt *a)
{
	struct server *server;

	if (!a->source)
		return;
	server = a->source->server;
	LIST_REMOVE(a, at_source);
	a->source = NULL;
	server_done(server);
}

/* The server's host refused: what waits at this port will not be answered. */
static void source_failed(struct source *s)
{
	struct server *server = s->server;
	struct attempt *a;

	server_busy(server); /* it lasts till we are done with its list */
	while ((a = LIST_FIRST(&s->attempts))) {
		attempt_end(a);
		server->upstreams->on_failed(a->question, server, FAILURE_NETWORK);
	}
	server_done(server);
}

/* The attempt that a message answers: its ID, and its question to the octet (RFC 5452, 9.1). */
static struct attempt *find_attempt(struct source *s, const uint8_t *msg, size_t len)
{
	struct attempt *a;

	if (len < WIRE_HEADER)
		return NULL;
	LIST_FOREACH(a, &s->attempts, at_source)
	{
		const struct query_key *key = &a->question->key;

		if (a->id == wire_get16(msg) &&
		    reply_matches(msg, len, key->question, key->question_len))
			return a;
	}
	return NULL;
}

/* One datagram an event: the event comes again while there are more. */
void attempts_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct source *s = arg;
	struct upstreams *up = s->server->upstreams;
	struct server *server = s->server;
	struct attempt *a;
	ssize_t n;

	(void)what;
	loop_tick(up->loop);
	n = recv(fd, up->message, sizeof(up->message), MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			source_failed(s);
		return;
	}
	a = find_attempt(s, up->message, (size_t)n);
	if (!a) {
		stats_inc(up->loop->env.stats, upstream_unsolicited);
		return;
	}
	server_busy(server);
	attempt_end(a);
	up->on_answered(a->question, server, (size_t)n, false);
	server_done(server);
}

/* An ID that no other attempt at this source has. */
static uint16_t draw_id(struct upstreams *up, const struct source *s)
{
	const struct attempt *a;
	uint16_t id;

	do {
		id = (uint16_t)random_u32(&up->random);
		LIST_FOREACH(a, &s->attempts, at_source)
		{
			if (a->id == id)
				break;
		}
	} while (a);
	return id;
}

/*
 * The error that send() tells may be an earlier datagram's (ICMP), and ours was not sent then; the
 * second try is told its own.  A full buffer is a lost datagram: the timer sees to it.
 */
static bool send_message(int fd, const uint8_t *msg, size_t len)
{
	for (int i = 0; i < 2; i++)
		if (send(fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN)
			return true;
	return false;
}

enum err attempt_send(struct upstreams *up, struct question *q, struct server *server,
		      struct attempt *a)
{
	uint8_t msg[UPSTREAM_MESSAGE_MAX];
	struct source *s;
	size_t len;
	enum err err = source_draw(up, server, &s);

	if (err != ERR_OK)
		return err;
	a->id = draw_id(up, s);
	len = query_upstream_message(&q->key, a->id, question_udp_size(q), msg);
	if (!send_message(s->fd, msg, len))
		return ERR_SYS;
	a->question = q;
	a->source = s;
	LIST_INSERT_HEAD(&s->attempts, a, at_source);
	server_busy(server);
	return ERR_OK;
}
