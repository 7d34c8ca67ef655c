/* SPDX-License-Identifier: BSD-2-Clause */
/* One question over one TCP connection, when the answer was too large for UDP (RFC 7766, 5). */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "net/upstream_p.h"

#define PREFIX 2U /* the length before a message (RFC 1035, 4.2.2) */

struct tcp_try {
	struct question *question;
	struct server *server;
	struct bufferevent *bev;
	uint16_t id;
};

void tcp_try_end(struct tcp_try *tcp)
{
	struct server *server;

	if (!tcp)
		return;
	server = tcp->server;
	tcp->question->tcp = NULL;
	bufferevent_free(tcp->bev);
	free(tcp);
	server_done(server);
}

static void fail(struct tcp_try *tcp, enum failure failure)
{
	struct question *q = tcp->question;
	struct server *server = tcp->server;

	server_busy(server);
	tcp_try_end(tcp);
	server->upstreams->on_failed(q, server, failure);
	server_done(server);
}

/* Takes a whole message into up->message; false while there is none. */
static bool take_message(struct tcp_try *tcp, size_t *ret_len)
{
	struct upstreams *up = tcp->server->upstreams;
	struct evbuffer *in = bufferevent_get_input(tcp->bev);
	uint8_t prefix[PREFIX];
	size_t len;

	if (evbuffer_copyout(in, prefix, PREFIX) != (ev_ssize_t)PREFIX)
		return false;
	len = wire_get16(prefix);
	if (evbuffer_get_length(in) < PREFIX + len)
		return false;
	evbuffer_drain(in, PREFIX);
	evbuffer_remove(in, up->message, len);
	*ret_len = len;
	return true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct tcp_try *tcp = arg;
	struct server *server = tcp->server;
	struct question *q = tcp->question;
	const uint8_t *msg = server->upstreams->message;
	size_t len;

	(void)bev;
	loop_tick(server->upstreams->loop);
	if (!take_message(tcp, &len))
		return;
	if (len < WIRE_HEADER || wire_get16(msg) != tcp->id ||
	    !reply_matches(msg, len, q->key.question, q->key.question_len)) {
		fail(tcp, FAILURE_ANSWER);
		return;
	}
	server_busy(server);
	tcp_try_end(tcp);
	server->upstreams->on_answered(q, server, len, true);
	server_done(server);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct tcp_try *tcp = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		return;
	loop_tick(tcp->server->upstreams->loop);
	fail(tcp, what & BEV_EVENT_TIMEOUT ? FAILURE_TIMEOUT : FAILURE_NETWORK);
}

static void write_question(struct tcp_try *tcp)
{
	struct upstreams *up = tcp->server->upstreams;
	uint8_t frame[PREFIX + UPSTREAM_MESSAGE_MAX];
	size_t len;

	tcp->id = (uint16_t)random_u32(&up->random);
	len = query_upstream_message(&tcp->question->key, tcp->id, question_udp_size(tcp->question),
				     frame + PREFIX);
	wire_put16(frame, (uint16_t)len);
	bufferevent_write(tcp->bev, frame, PREFIX + len);
}

enum err tcp_try_start(struct question *q, struct server *server)
{
	struct upstreams *up = server->upstreams;
	struct endpoint to = server->address;
	struct tcp_try *tcp = calloc(1, sizeof(*tcp));

	if (!tcp)
		return ERR_NOMEM;
	tcp->bev = bufferevent_socket_new(up->loop->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!tcp->bev) {
		free(tcp);
		return ERR_NOMEM;
	}
	tcp->question = q;
	tcp->server = server;
	write_question(tcp);
	bufferevent_enable(tcp->bev, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect(tcp->bev, &to.u.sa, (int)to.len) != 0) {
		bufferevent_free(tcp->bev);
		free(tcp);
		return ERR_SYS;
	}
	bufferevent_setcb(tcp->bev, on_read, NULL, on_event, tcp); /* not told of the above */
	q->tcp = tcp;
	server_busy(server);
	return ERR_OK;
}
