/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are not answered: those of TLS are closed when their first message is read, all
 * others at once. */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "landing/hello.h"
#include "landing/host.h"
#include "landing/parts.h"

#define HELLO_WAIT_S 3 /* a browser sends it with the connection */

/* A connection of TLS: where it came, and from whom, for as long as it is read. */
struct call {
	struct landing *landing;
	struct visit_key key;
};

static void end_call(struct call *call, struct bufferevent *bev)
{
	stats_inc(&call->landing->stats, landing_hellos);
	guests_dismiss(&call->landing->guests, bev);
	free(call);
}

static void note_hello(struct call *call, const struct hello *hello)
{
	struct visit_key *key = &call->key;
	char text[NAME_TEXT_MAX];
	struct name name;

	if (host_name(hello->name, &name) == ERR_OK)
		snprintf(key->host, sizeof(key->host), "%.*s", (int)sizeof(key->host) - 1,
			 name_to_text(name.wire, text, sizeof(text)));
	memcpy(key->ja4, hello->ja4, sizeof(hello->ja4));
	landing_note(call->landing, key);
}

static void on_octets(struct bufferevent *bev, void *arg)
{
	struct call *call = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len = evbuffer_get_length(in);
	const uint8_t *data = evbuffer_pullup(in, len <= HELLO_MAX ? (ev_ssize_t)len : HELLO_MAX);
	struct hello hello;
	enum err err =
		data ? hello_read(data, len <= HELLO_MAX ? len : HELLO_MAX, &hello) : ERR_NOMEM;

	if (err == ERR_TRUNCATED)
		return;
	if (err == ERR_OK)
		note_hello(call, &hello);
	end_call(call, bev);
}

static void on_end(struct bufferevent *bev, short what, void *arg)
{
	(void)what;
	end_call(arg, bev);
}

static void read_hello(struct landing *l, int fd, const struct visit_key *key)
{
	static const struct timeval wait = {.tv_sec = HELLO_WAIT_S};
	struct call *call = malloc(sizeof(*call));
	struct bufferevent *bev;

	if (!call) {
		close(fd);
		return;
	}
	bev = guests_welcome(&l->guests, fd, &key->client);
	if (!bev) {
		free(call);
		return;
	}
	*call = (struct call){.landing = l, .key = *key};
	bufferevent_setcb(bev, on_octets, NULL, on_end, call);
	bufferevent_set_timeouts(bev, &wait, NULL);
	if (bufferevent_enable(bev, EV_READ) != 0)
		end_call(call, bev);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *peer, int len, void *arg)
{
	const struct landing_socket *s = arg;
	struct landing *l = s->landing;
	struct visit_key key;

	(void)listener;
	(void)len;
	memset(&key, 0, sizeof(key));
	key.client = ip_from_sockaddr(peer);
	key.port = addr_port(&s->address.u.sa);
	if (landing_is_too_much(l, &key.client)) {
		close(fd);
	} else if (s->kind == LANDING_TLS) {
		read_hello(l, fd, &key);
	} else {
		close(fd);
		stats_inc(&l->stats, landing_others);
		landing_note(l, &key);
	}
}

void landing_silent_begin(struct landing_socket *socket)
{
	evconnlistener_set_cb(socket->listener, on_connection, socket);
}
