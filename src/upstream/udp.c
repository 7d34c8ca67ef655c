/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions over UDP: an ID is drawn for each, and what comes back is compared with it. */
#include <errno.h>
#include <sys/socket.h>

#include "upstream/engine.h"

#define STRAYS_MAX 16U /* at one port, between two answers, beside those that may be late */

/* Nothing that waits at this port will be answered, or believed. */
static void source_failed(struct source *s, enum failure failure)
{
	struct server *server = s->server;
	struct attempt *a;

	server_busy(server); /* it lasts till we are done with its list */
	while ((a = LIST_FIRST(&s->attempts))) {
		struct question *q = a->question;

		attempt_end(a);
		server->upstreams->on_failed(q, server, failure);
	}
	server_done(server);
}

static struct attempt *find_attempt(struct source *s, const uint8_t *msg, size_t len)
{
	struct attempt *a;

	LIST_FOREACH(a, &s->attempts, entry)
	if (attempt_matches(a, msg, len))
		return a;
	return NULL;
}

/* More than there are questions whose answers may be late are guesses: what waits here is asked
 * over a connection, where guessing is of no use, and the port is given up. */
static void take_stray(struct source *s)
{
	stats_inc(s->server->upstreams->loop->env.stats, upstream_unsolicited);
	if (++s->strays < STRAYS_MAX + s->unanswered)
		return;
	source_retire(s);
	source_failed(s, FAILURE_FORGED);
}

/* One datagram an event: the event comes again while there are more. */
void udp_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct source *s = arg;
	struct upstreams *up = s->server->upstreams;
	struct attempt *a;
	ssize_t n;

	(void)what;
	loop_tick(up->loop);
	n = recv(fd, up->message, sizeof(up->message), MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			source_failed(s, FAILURE_NETWORK);
		return;
	}
	a = find_attempt(s, up->message, (size_t)n);
	if (!a) {
		take_stray(s);
		return;
	}
	s->strays = 0;
	s->unanswered -= s->unanswered > 0;
	up->on_answered(a, (size_t)n);
}

/* An ID that no other attempt at this source has. */
static uint16_t draw_id(struct upstreams *up, const struct source *s)
{
	const struct attempt *a;
	uint16_t id;

	do {
		id = (uint16_t)random_u32(&up->random);
		LIST_FOREACH(a, &s->attempts, entry)
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

enum err udp_send(struct upstreams *up, struct attempt *a)
{
	uint8_t msg[QUERY_UPSTREAM_MAX];
	struct source *s;
	size_t len;
	enum err err = source_draw(up, a->server, &s);

	if (err != ERR_OK)
		return err;
	a->id = draw_id(up, s);
	a->source = s;
	len = attempt_message(a, msg);
	if (!send_message(s->fd, msg, len))
		return ERR_SYS;
	s->unanswered++;
	a->sent_us = up->loop->now_us;
	LIST_INSERT_HEAD(&s->attempts, a, entry);
	return ERR_OK;
}
