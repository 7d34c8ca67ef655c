/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The source ports.  Each server has a set of sockets, each connected (so that the kernel drops
 * what comes from elsewhere) and bound to a port drawn at random.  A question draws one of them
 * at random, and an ID; a socket is closed after some questions, and its place gets a new port.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/upstream_p.h"

#define USES_MAX 128U /* questions from one port */
#define PORT_MIN 1024U
#define BIND_TRIES 16

void sources_init(struct server *server)
{
	for (uint32_t i = 0; i < server->source_count; i++) {
		server->sources[i].server = server;
		server->sources[i].fd = -1;
	}
}

static void source_close(struct source *s)
{
	if (s->fd < 0)
		return;
	event_del(&s->event);
	close(s->fd);
	s->fd = -1;
}

void sources_close(struct server *server)
{
	for (uint32_t i = 0; i < server->source_count; i++)
		source_close(&server->sources[i]);
}

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
		question_failed(a->question, server, FAILURE_NETWORK);
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
static void on_readable(evutil_socket_t fd, short what, void *arg)
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
	question_answered(a->question, server, (size_t)n, false);
	server_done(server);
}

static void set_port(struct endpoint *e, uint16_t port)
{
	if (e->u.sa.sa_family == AF_INET)
		e->u.in.sin_port = htons(port);
	else
		e->u.in6.sin6_port = htons(port);
}

/* Binds to a random port; when many in a row are taken, the kernel chooses. */
static int bind_random(struct random_pool *random, int fd, sa_family_t family)
{
	struct endpoint local = {.u.sa.sa_family = family};

	local.len = family == AF_INET ? sizeof(local.u.in) : sizeof(local.u.in6);
	for (int i = 0; i < BIND_TRIES; i++) {
		set_port(&local, (uint16_t)(PORT_MIN + random_below(random, 65536 - PORT_MIN)));
		if (bind(fd, &local.u.sa, local.len) == 0)
			return 0;
		if (errno != EADDRINUSE && errno != EACCES)
			return -1;
	}
	set_port(&local, 0);
	return bind(fd, &local.u.sa, local.len);
}

static enum err source_open(struct upstreams *up, struct source *s)
{
	const struct endpoint *to = &s->server->address;
	int fd = socket(to->u.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ERR_SYS;
	if (bind_random(&up->random, fd, to->u.sa.sa_family) != 0 ||
	    connect(fd, &to->u.sa, to->len) != 0) {
		close(fd);
		return ERR_SYS;
	}
	event_assign(&s->event, up->loop->base, fd, EV_READ | EV_PERSIST, on_readable, s);
	if (event_add(&s->event, NULL) != 0) {
		close(fd);
		return ERR_SYS;
	}
	s->fd = fd;
	s->uses = 0;
	return ERR_OK;
}

/*
 * Draws a source.  One that was used up is renewed, if nothing waits at it; else the one drawn
 * next is taken, and in the end a used-up one rather than none.
 */
static enum err source_draw(struct upstreams *up, struct server *server, struct source **ret_source)
{
	struct source *s = NULL;
	enum err err;

	for (int i = 0; i < 4; i++) {
		s = &server->sources[random_below(&up->random, server->source_count)];
		if (s->uses < USES_MAX || LIST_EMPTY(&s->attempts))
			break;
	}
	if (s->fd >= 0 && s->uses >= USES_MAX && LIST_EMPTY(&s->attempts))
		source_close(s);
	if (s->fd < 0) {
		err = source_open(up, s);
		if (err != ERR_OK)
			return err;
	}
	s->uses++;
	*ret_source = s;
	return ERR_OK;
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

enum err attempt_send(struct upstreams *up, struct question *q, struct server *server,
		      struct attempt *a)
{
	uint16_t udp_size = (uint16_t)up->loop->env.snapshot->conf->outgoing.udp_size;
	uint8_t msg[UPSTREAM_MESSAGE_MAX];
	struct source *s;
	size_t len;
	enum err err = source_draw(up, server, &s);

	if (err != ERR_OK)
		return err;
	a->id = draw_id(up, s);
	len = query_upstream_message(&q->key, a->id, udp_size, msg);
	if (send(s->fd, msg, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		return ERR_SYS; /* a full buffer is a lost datagram: the timer sees to it */
	a->question = q;
	a->source = s;
	LIST_INSERT_HEAD(&s->attempts, a, at_source);
	server_busy(server);
	return ERR_OK;
}
