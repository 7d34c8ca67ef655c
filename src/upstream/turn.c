/* SPDX-License-Identifier: BSD-2-Clause */
/* What has come in this turn of the loop, handed to those it concerns. */
#include "upstream/engine.h"

/* An attempt at the port whose question does not know yet that somebody guesses; NULL: none. */
static struct attempt *find_unsuspecting(const struct source *s)
{
	struct attempt *a;

	LIST_FOREACH(a, &s->attempts, entry) {
		const struct question *q = a->question;

		if (q->kind == QUESTION_CLIENT &&
		    (place_bit(question_place(q, s->server)) & ~q->suspected))
			break;
	}
	return a;
}

static void take_guesses(struct source *s)
{
	struct attempt *a;

	while ((a = find_unsuspecting(s))) {
		stats_inc(s->server->upstreams->loop->env.stats, upstream_forged);
		try_suspect(a->question, s->server);
	}
}

static void read_source(struct source *s)
{
	struct server *server = s->server;
	struct attempt *a;
	size_t len;

	source_looked_at(s);
	server_busy(server); /* an answer may be the last thing that it was there for */
	switch (udp_receive(s, &a, &len)) {
	case RECEIVED_ANSWER:
		answer_take(a, len);
		break;
	case RECEIVED_GUESSES:
		take_guesses(s);
		health_heard(server);
		break;
	case RECEIVED_OTHER:
		health_heard(server);
		break;
	case RECEIVED_NOTHING:
	case RECEIVED_END:
		break;
	}
	server_done(server);
}

static void read_link(struct uplink *link)
{
	struct server *server = uplink_server(link);
	enum received received;
	struct attempt *a;
	size_t len;

	server_busy(server);
	do {
		received = uplink_receive(link, &a, &len);
		if (received == RECEIVED_ANSWER)
			answer_take(a, len);
		else if (received == RECEIVED_OTHER)
			health_heard(server);
	} while (received == RECEIVED_ANSWER || received == RECEIVED_OTHER);
	server_done(server);
}

/* Our own question failed: at a port where nobody is, or over a connection that is not to be had.
 */
static void probe_failed(struct server *server)
{
	server->health.unreached = true;
	health_event(server, SERVER_EVENT_PROBE_LOST);
}

static void take_failure(struct attempt *a)
{
	struct server *server = a->server;
	struct question *q = a->question;
	enum failure failure = a->failure;

	server_busy(server);
	attempt_end(a);
	if (q->kind == QUESTION_PROBE)
		probe_failed(server);
	else
		try_failed(q, server, failure);
	server_done(server);
}

static void take_due(struct question *q)
{
	TAILQ_REMOVE(&q->upstreams->due, q, due);
	q->is_due = false;
	try_on_time(q);
}

void turn_on_event(evutil_socket_t fd, short what, void *arg)
{
	struct upstreams *up = arg;
	struct uplink *link;

	(void)fd;
	(void)what;
	loop_tick(up->loop);
	while (!TAILQ_EMPTY(&up->readable_sources))
		read_source(TAILQ_FIRST(&up->readable_sources));
	while ((link = uplink_readable(up)))
		read_link(link);
	while (!LIST_EMPTY(&up->failed))
		take_failure(LIST_FIRST(&up->failed));
	while (!TAILQ_EMPTY(&up->due))
		take_due(TAILQ_FIRST(&up->due));
	if (!up->changed)
		return;
	up->changed = false;
	try_on_change(up);
}
