/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions over TCP, each on a connection of its own (RFC 7766). */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>

#include "net/upstream_p.h"

#define PREFIX 2U /* the length before a message (RFC 1035, 4.2.2) */

struct uplink {
	struct attempt *attempt;
	struct upstreams *upstreams;
	struct bufferevent *bev;
};

void uplinks_free(struct uplinks *links)
{
	(void)links;
}

void uplink_forget(struct attempt *a)
{
	bufferevent_free(a->link->bev);
	free(a->link);
}

static void fail(struct uplink *link, enum failure failure)
{
	struct upstreams *up = link->upstreams;
	struct question *q = link->attempt->question;
	struct server *server = link->attempt->server;

	server_busy(server);
	attempt_end(link->attempt);
	up->on_failed(q, server, failure);
	server_done(server);
}

/* Takes a whole message into up->message; false while there is none. */
static bool take_message(struct uplink *link, size_t *ret_len)
{
	struct upstreams *up = link->upstreams;
	struct evbuffer *in = bufferevent_get_input(link->bev);
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
	struct uplink *link = arg;
	struct upstreams *up = link->upstreams;
	size_t len;

	(void)bev;
	loop_tick(up->loop);
	if (!take_message(link, &len))
		return;
	if (attempt_matches(link->attempt, up->message, len))
		up->on_answered(link->attempt, len);
	else
		fail(link, FAILURE_ANSWER);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct uplink *link = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		return;
	loop_tick(link->upstreams->loop);
	fail(link, what & BEV_EVENT_TIMEOUT ? FAILURE_TIMEOUT : FAILURE_NETWORK);
}

static void write_question(struct uplink *link, struct attempt *a)
{
	struct upstreams *up = link->upstreams;
	uint8_t frame[PREFIX + QUERY_UPSTREAM_MAX];
	size_t len;

	a->id = (uint16_t)random_u32(&up->random);
	len = attempt_message(a, frame + PREFIX);
	wire_put16(frame, (uint16_t)len);
	bufferevent_write(link->bev, frame, PREFIX + len);
}

enum err uplink_send(struct upstreams *up, struct attempt *a)
{
	struct endpoint to = a->server->address;
	struct uplink *link = calloc(1, sizeof(*link));

	if (!link)
		return ERR_NOMEM;
	link->bev = bufferevent_socket_new(up->loop->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!link->bev) {
		free(link);
		return ERR_NOMEM;
	}
	link->attempt = a;
	link->upstreams = up;
	a->link = link;
	write_question(link, a);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect(link->bev, &to.u.sa, (int)to.len) != 0) {
		uplink_forget(a);
		a->link = NULL;
		return ERR_SYS;
	}
	bufferevent_setcb(link->bev, on_read, NULL, on_event, link); /* not told of the above */
	return ERR_OK;
}
