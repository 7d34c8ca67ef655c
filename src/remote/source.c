/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The source ports.  Each server has a set of sockets, each connected (so that the kernel drops
 * what comes from elsewhere) and bound to a port drawn at random.  A question draws one of them
 * at random; a socket is closed after some questions, or when it was idle for a second, and its
 * place gets a new port.  So where questions are few each has a fresh one.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "remote/remote.h"

#define USES_MAX 128U /* questions from one port */
#define IDLE_MS 1000U
#define BIND_TRIES 64

void sources_init(struct server *server)
{
	for (uint32_t i = 0; i < server->source_count; i++) {
		server->sources[i].server = server;
		server->sources[i].fd = -1;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct source *s = arg;
	struct upstreams *up = s->server->upstreams;

	(void)fd;
	(void)what;
	if (!s->is_ready)
		TAILQ_INSERT_TAIL(&up->readable_sources, s, ready);
	s->is_ready = true;
	upstreams_wake(up);
}

void source_looked_at(struct source *s)
{
	if (s->is_ready)
		TAILQ_REMOVE(&s->server->upstreams->readable_sources, s, ready);
	s->is_ready = false;
}

static void source_close(struct source *s)
{
	if (s->fd < 0)
		return;
	source_looked_at(s);
	event_del(&s->event);
	close(s->fd);
	s->fd = -1;
}

void sources_close(struct server *server)
{
	for (uint32_t i = 0; i < server->source_count; i++)
		source_close(&server->sources[i]);
}

static void set_port(struct endpoint *e, uint16_t port)
{
	if (e->u.sa.sa_family == AF_INET)
		e->u.in.sin_port = htons(port);
	else
		e->u.in6.sin6_port = htons(port);
}

/* Binds to a port drawn of those that may be used. */
static int bind_random(struct upstreams *up, int fd, sa_family_t family)
{
	const struct ports *ports = up->loop->env.snapshot->ports;
	struct endpoint local = {.u.sa.sa_family = family};

	local.len = family == AF_INET ? sizeof(local.u.in) : sizeof(local.u.in6);
	for (int i = 0; i < BIND_TRIES; i++) {
		set_port(&local, ports_draw(ports, &up->random));
		if (bind(fd, &local.u.sa, local.len) == 0)
			return 0;
		if (errno != EADDRINUSE && errno != EACCES)
			return -1;
	}
	return -1;
}

static enum err source_open(struct upstreams *up, struct source *s)
{
	const struct endpoint *to = &s->server->address;
	int fd = socket(to->u.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ERR_SYS;
	if (bind_random(up, fd, to->u.sa.sa_family) != 0 || connect(fd, &to->u.sa, to->len) != 0) {
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
	s->unanswered = 0;
	s->strays = 0;
	s->is_guessed_at = false;
	return ERR_OK;
}

/* No port can be had now (open files are at their limit): any that is open is better than none. */
static struct source *any_open(struct upstreams *up, struct server *server)
{
	uint32_t start = random_below(&up->random, server->source_count);

	for (uint32_t i = 0; i < server->source_count; i++) {
		struct source *s = &server->sources[(start + i) % server->source_count];

		if (s->fd >= 0)
			return s;
	}
	return NULL;
}

static bool is_used_up(const struct source *s, uint64_t now_ms)
{
	return s->uses >= USES_MAX || now_ms - s->used_ms >= IDLE_MS;
}

static void renew(struct source *s, uint64_t now_ms)
{
	if (s->fd >= 0 && is_used_up(s, now_ms) && LIST_EMPTY(&s->attempts))
		source_close(s);
}

/* How many of the server's sources are used: all servers together have so many files. */
static uint32_t usable(const struct upstreams *up, const struct server *server)
{
	uint32_t files = up->loop->files.sources;
	uint32_t share = files / up->server_count;

	if (files == 0 || share >= server->source_count)
		return server->source_count;
	return share > 0 ? share : 1;
}

/*
 * Draws a source.  One that was used up is renewed, if nothing waits at it; else the one drawn
 * next is taken, and in the end a used-up one rather than none.  Another one is looked
 * at as well: none that is idle stays open while others are drawn.
 */
enum err source_draw(struct upstreams *up, struct server *server, struct source **ret_source)
{
	uint64_t now_ms = up->loop->env.now_ms;
	uint32_t count = usable(up, server);
	struct source *s;

	for (int i = 0; i < 4; i++) {
		s = &server->sources[random_below(&up->random, count)];
		if (s->uses < USES_MAX || LIST_EMPTY(&s->attempts))
			break;
	}
	renew(s, now_ms);
	renew(&server->sources[server->swept++ % server->source_count], now_ms);
	if (s->fd < 0 && source_open(up, s) != ERR_OK)
		s = any_open(up, server);
	if (!s)
		return ERR_SYS;
	s->uses++;
	s->used_ms = now_ms;
	*ret_source = s;
	return ERR_OK;
}

void source_retire(struct source *s)
{
	s->uses = USES_MAX;
}
