/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions over TCP and TLS connections (RFC 7766, RFC 7858), which are kept open, shared, and
 * answered in any order.
 *
 * What is asked in one turn of the loop is only listed then, and written at its end: together, by
 * one system call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "upstream/link.h"

#define LINKS_MAX 4U	   /* to one server */
#define PIPELINE_MAX 100U  /* questions in flight on one */
#define PIPELINE_GOOD 64U  /* with so many another is opened: one lost segment holds up all */
#define RECORDS_MAX 1024U  /* in one event: no server has so many answers to give */
#define LET_THROUGH 16U	   /* of so many questions to a server that fails over TCP, one */
#define COMPLAINT_MS 60000 /* between two in the log about one server */

/* A server that owes answers and says nothing for so long may be deaf on this connection: what
 * waits there is asked over another as well, while there is time for it. */
#define SILENT_MS 1500
#define WATCH_MS 500 /* between two looks at a connection that is in use */

/* Time for one lost SYN (it is sent again after a second), so that most of a question's own time
 * (outgoing.timeout, 4 s) is left for the next server. */
#define OPENING_MS 1500

/* The connections to one server. */
struct uplinks {
	struct server *server;
	LIST_HEAD(, uplink) list;
	uint32_t count;
	uint64_t complained_ms; /* 0: never */
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);

static struct upstreams *upstreams_of(const struct uplink *link)
{
	return link->links->server->upstreams;
}

/* Cannot fail but for the first time: the loop keeps the timer's place. */
static bool arm(struct uplink *link, uint64_t ms)
{
	struct timeval t = {.tv_sec = (time_t)(ms / 1000),
			    .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	return evtimer_add(&link->timer, &t) == 0;
}

/* ---- opened and freed */

static void uplink_free(struct uplink *link)
{
	uplink_hang_up(link);
	free(link->buffers);
	free(link);
}

/* Nobody finds it or hears of it any more. */
static void detach(struct uplink *link)
{
	LIST_REMOVE(link, entry);
	link->links->count--;
	event_del(&link->readable);
	event_del(&link->writable);
	event_del(&link->timer);
	uplink_hang_up(link);
}

/* That a strict server cannot be asked is for the operator to see: nothing else is tried. */
static void complain(struct uplinks *links, const char *why)
{
	const struct server *server = links->server;
	uint64_t now_ms = server->upstreams->loop->env.now_ms;
	char address[ADDR_TEXT_MAX];

	if (server->transport != SERVER_TLS ||
	    (links->complained_ms != 0 && now_ms - links->complained_ms < COMPLAINT_MS))
		return;
	links->complained_ms = now_ms;
	log_warning("upstream %s: no TLS connection: %s",
		    endpoint_text(&server->address, address, sizeof(address)), why);
}

static struct uplink *uplink_alloc(struct uplinks *links)
{
	struct uplink *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->links = links;
	link->fd = -1;
	link->buffers =
		malloc(sizeof(*link->buffers)); /* no page of it is touched before its use */
	if (!link->buffers) {
		free(link);
		return NULL;
	}
	frame_init(&link->in, link->buffers->in, sizeof(link->buffers->in));
	return link;
}

static enum err uplink_create(struct uplinks *links, struct uplink **ret_link)
{
	struct event_base *base = links->server->upstreams->loop->base;
	struct uplink *link = uplink_alloc(links);
	enum err err;

	if (!link)
		return ERR_NOMEM;
	err = uplink_connect(link, links->server);
	if (err == ERR_SYS) {
		complain(links, strerror(errno));
		links->server->link_misses++;
	}
	if (err != ERR_OK) {
		uplink_free(link);
		return err;
	}
	event_assign(&link->readable, base, link->fd, EV_READ | EV_PERSIST, on_readable, link);
	event_assign(&link->writable, base, link->fd, EV_WRITE, on_writable, link);
	evtimer_assign(&link->timer, base, on_timer, link);
	LIST_INSERT_HEAD(&links->list, link, entry);
	links->count++;
	if (!arm(link, OPENING_MS) || event_add(&link->writable, NULL) != 0) {
		detach(link);
		uplink_free(link);
		return ERR_NOMEM;
	}
	*ret_link = link;
	return ERR_OK;
}

void uplinks_free(struct uplinks *links)
{
	struct uplink *next;

	if (!links)
		return;
	for (struct uplink *link = LIST_FIRST(&links->list); link; link = next) {
		next = LIST_NEXT(link, entry);
		detach(link);
		uplink_free(link);
	}
	free(links);
}

/* ---- which one is used */

static bool is_silent(const struct uplink *link)
{
	return link->owed > 0 && upstreams_of(link)->loop->env.now_ms - link->heard_ms >= SILENT_MS;
}

/* False: another is opened before it is given one more question. */
static bool is_good(const struct uplink *link)
{
	return link->load < PIPELINE_GOOD && !is_silent(link);
}

/* How gladly a link is given one more question: less is better. */
static uint32_t reluctance(const struct uplink *link)
{
	return link->load + (link->state == UPLINK_OPEN ? 0 : PIPELINE_MAX) +
	       (is_good(link) ? 0 : 2 * PIPELINE_MAX) + (is_silent(link) ? 4 * PIPELINE_MAX : 0);
}

/* NULL: all are full, or there is none. */
static struct uplink *least_loaded(const struct uplinks *links)
{
	struct uplink *best = NULL;
	struct uplink *link;

	LIST_FOREACH(link, &links->list, entry)
	if (link->load < PIPELINE_MAX && (!best || reluctance(link) < reluctance(best)))
		best = link;
	return best;
}

/* A link with room: one that is open or being opened, else a new one. */
static enum err choose(struct uplinks *links, struct uplink **ret_link)
{
	struct uplink *best = least_loaded(links);

	if (links->count < LINKS_MAX && (!best || !is_good(best))) {
		enum err err = uplink_create(links, ret_link);

		if (err == ERR_OK || !best)
			return err;
	}
	if (!best)
		return ERR_REFUSED;
	*ret_link = best;
	return ERR_OK;
}

static void put(struct uplink *link, struct attempt *a)
{
	if (link->state == UPLINK_OPEN && LIST_EMPTY(&link->unsent))
		event_active(&link->writable, EV_WRITE, 0);
	LIST_INSERT_HEAD(&link->unsent, a, entry);
	link->load++;
	a->link = link;
	a->sent_us = 0;
}

static void take_off(struct attempt *a)
{
	LIST_REMOVE(a, entry);
	a->link->load--;
	a->link->used_ms = upstreams_of(a->link)->loop->env.now_ms;
	a->link = NULL;
}

enum err uplink_send(struct upstreams *up, struct attempt *a)
{
	struct server *server = a->server;
	struct uplink *link;
	enum err err;

	(void)up;
	if (!server->uplinks) {
		server->uplinks = calloc(1, sizeof(*server->uplinks));
		if (!server->uplinks)
			return ERR_NOMEM;
		server->uplinks->server = server;
	}
	err = choose(server->uplinks, &link);
	if (err == ERR_OK)
		put(link, a);
	return err;
}

void uplink_forget(struct attempt *a)
{
	take_off(a);
}

bool uplink_is_worth_it(struct server *server)
{
	return server->link_misses < MISSES_MAX || ++server->link_misses % LET_THROUGH == 0;
}

/* ---- closed */

static void attempt_fail(struct attempt *a, enum failure failure)
{
	struct question *q = a->question;
	struct server *server = a->server;

	server_busy(server);
	attempt_end(a);
	server->upstreams->on_failed(q, server, failure);
	server_done(server);
}

static struct attempt *any_attempt(const struct uplink *link)
{
	struct attempt *a = LIST_FIRST(&link->unsent);

	for (size_t i = 0; !a && i < UPLINK_BUCKETS; i++)
		a = LIST_FIRST(&link->sent[i]);
	return a;
}

/* Moves the question over to another link, once in its life. */
static bool send_again(struct attempt *a)
{
	struct uplink *link;

	if (a->resent || choose(a->server->uplinks, &link) != ERR_OK || link == a->link)
		return false;
	take_off(a);
	a->resent = true;
	put(link, a);
	return true;
}

/* The end of a link.  What was asked is not lost because an open connection was closed. */
static void uplink_end(struct uplink *link)
{
	struct server *server = link->links->server;
	bool was_open = link->state == UPLINK_OPEN;
	struct attempt *a;

	if (!link->answered && (!was_open || link->owed > 0))
		server->link_misses++;
	server_busy(server);
	detach(link);
	while ((a = any_attempt(link)))
		if (!was_open || !send_again(a))
			attempt_fail(a, FAILURE_NETWORK);
	uplink_free(link);
	server_done(server);
}

/* ---- questions out */

/* The timer, from when answers are owed: it is the same one until they are not. */
static void watch(struct uplink *link)
{
	link->heard_ms = upstreams_of(link)->loop->env.now_ms;
	if (link->watched)
		return;
	link->watched = true;
	arm(link, WATCH_MS);
}

static struct attempt *find_sent(const struct uplink *link, uint16_t id)
{
	struct attempt *a;

	LIST_FOREACH(a, &link->sent[id % UPLINK_BUCKETS], entry)
	if (a->id == id)
		break;
	return a;
}

/* Moves listed questions into the buffer while there is room for them. */
static void fill(struct uplink *link)
{
	struct upstreams *up = upstreams_of(link);
	uint8_t *out = link->buffers->out;
	struct attempt *a;

	memmove(out, out + link->out_begin, link->out_end - link->out_begin);
	link->out_end -= link->out_begin;
	link->out_begin = 0;
	while ((a = LIST_FIRST(&link->unsent)) &&
	       UPLINK_OUT_MAX - link->out_end >= FRAME_PREFIX + QUERY_UPSTREAM_MAX) {
		size_t len;

		do
			a->id = (uint16_t)random_u32(&up->random);
		while (find_sent(link, a->id));
		len = attempt_message(a, out + link->out_end + FRAME_PREFIX);
		wire_put16(out + link->out_end, (uint16_t)len);
		link->out_end += FRAME_PREFIX + len;
		a->sent_us = up->loop->now_us;
		if (link->owed++ == 0)
			watch(link);
		LIST_REMOVE(a, entry);
		LIST_INSERT_HEAD(&link->sent[a->id % UPLINK_BUCKETS], a, entry);
	}
}

/* Writes what is listed, as far as the socket takes it; false: the connection is over. */
static bool flush(struct uplink *link)
{
	enum uplink_io io;

	do {
		fill(link);
		io = uplink_write(link);
	} while (io == UPLINK_IO_DONE && !LIST_EMPTY(&link->unsent));
	return io == UPLINK_IO_DONE ||
	       (io == UPLINK_IO_WRITABLE && event_add(&link->writable, NULL) == 0);
}

/* ---- answers in */

/* True when the server still owes answers to questions that nobody waits for any more. */
static bool may_be_late(const struct uplink *link)
{
	const struct attempt *a;
	uint32_t waited_for = 0;

	for (size_t i = 0; i < UPLINK_BUCKETS; i++)
		LIST_FOREACH(a, &link->sent[i], entry)
	waited_for++;
	return link->owed > waited_for;
}

/* False: the server makes no sense. */
static bool take_message(struct uplink *link, const uint8_t *msg, size_t len)
{
	struct upstreams *up = upstreams_of(link);
	struct attempt *a = find_sent(link, wire_get16(msg));
	bool sound = (wire_get16(msg + 2) & FLAG_QR) && (a || may_be_late(link));

	if (!sound || !a)
		stats_inc(up->loop->env.stats, upstream_unsolicited);
	if (!sound)
		return false;
	link->owed--;
	link->answered = true;
	if (!a)
		return true;
	memcpy(up->message, msg, len);
	if (attempt_matches(a, msg, len))
		up->on_answered(a, len);
	else
		attempt_fail(a, FAILURE_ANSWER);
	return true;
}

static bool take_messages(struct uplink *link)
{
	enum frame_state state;
	const uint8_t *msg;
	size_t len;

	while ((state = frame_take(&link->in, &msg, &len)) == FRAME_WHOLE)
		if (!take_message(link, msg, len))
			return false;
	if (state == FRAME_SHORT)
		stats_inc(upstreams_of(link)->loop->env.stats, upstream_unsolicited);
	return state != FRAME_SHORT;
}

/* False: the connection is over. */
static bool take_in(struct uplink *link)
{
	for (uint32_t i = 0; i < RECORDS_MAX; i++) {
		enum uplink_io io = uplink_read(link);

		if (io != UPLINK_IO_DONE)
			return io == UPLINK_IO_READABLE;
		link->heard_ms = upstreams_of(link)->loop->env.now_ms;
		if (!take_messages(link))
			return false;
		if (!uplink_read_ahead(link))
			return true;
	}
	return false;
}

/* ---- events */

/* Has the loop tell what the link waits for on its way to be open. */
static bool wait_for(struct uplink *link, enum uplink_io io, bool connected)
{
	if (connected && event_add(&link->readable, NULL) != 0)
		return false;
	return io != UPLINK_IO_WRITABLE || event_add(&link->writable, NULL) == 0;
}

static void go_on(struct uplink *link)
{
	const struct query_env *env = &upstreams_of(link)->loop->env;
	bool connecting = link->state == UPLINK_CONNECTING;
	struct err_text why;
	enum uplink_io io = uplink_go_on(link, &why);

	if (io != UPLINK_IO_CLOSED && !wait_for(link, io, connecting)) {
		err_set(&why, ERR_NOMEM, "%s", err_str(ERR_NOMEM));
		io = UPLINK_IO_CLOSED;
	}
	if (io == UPLINK_IO_CLOSED) {
		complain(link->links, why.text);
		uplink_end(link);
		return;
	}
	if (link->state != UPLINK_OPEN)
		return;
	link->used_ms = env->now_ms;
	arm(link, env->snapshot->conf->outgoing.connection_idle_ms);
	if (!flush(link))
		uplink_end(link);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *link = arg;
	struct server *server = link->links->server;

	(void)fd;
	(void)what;
	loop_tick(server->upstreams->loop);
	server_busy(server); /* an answer may be the last thing that it was there for */
	if (link->state != UPLINK_OPEN)
		go_on(link);
	else if (!take_in(link))
		uplink_end(link);
	server_done(server);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *link = arg;

	(void)fd;
	(void)what;
	loop_tick(upstreams_of(link)->loop);
	if (link->state != UPLINK_OPEN)
		go_on(link);
	else if (!flush(link))
		uplink_end(link);
}

/* Its questions go over other links too, each once in its life. */
static void leave(struct uplink *link)
{
	for (size_t i = 0; i < UPLINK_BUCKETS; i++) {
		struct attempt *next;

		for (struct attempt *a = LIST_FIRST(&link->sent[i]); a; a = next) {
			next = LIST_NEXT(a, entry);
			(void)send_again(a);
		}
	}
}

static void look_after(struct uplink *link)
{
	const struct query_env *env = &upstreams_of(link)->loop->env;
	uint64_t idle_ms = env->snapshot->conf->outgoing.connection_idle_ms;
	uint64_t unused_ms = link->load > 0 ? 0 : env->now_ms - link->used_ms;
	bool silent = is_silent(link);

	if (silent)
		leave(link);
	if (unused_ms >= idle_ms || (silent && link->load == 0)) {
		uplink_end(link);
		return;
	}
	link->watched = link->owed > 0;
	arm(link, link->watched ? WATCH_MS : idle_ms - unused_ms);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *link = arg;

	(void)fd;
	(void)what;
	loop_tick(upstreams_of(link)->loop);
	if (link->state == UPLINK_OPEN) {
		look_after(link);
		return;
	}
	complain(link->links, "it takes too long");
	uplink_end(link);
}
