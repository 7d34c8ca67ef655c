/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions over TCP and TLS connections (RFC 7766, RFC 7858), which are kept open, shared, and
 * answered in any order: opened, chosen, read, ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "remote/link.h"

#define LINKS_MAX 4U	   /* to one server */
#define PIPELINE_MAX 100U  /* questions in flight on one */
#define PIPELINE_GOOD 64U  /* with so many another is opened: one lost segment holds up all */
#define RECORDS_MAX 1024U  /* in one event: no server has so many answers to give */
#define LET_THROUGH 16U	   /* of so many questions to a server that fails over TCP, one */
#define COMPLAINT_MS 60000 /* between two in the log about one server */
#define WELL_US 1000000U   /* a server that has answered within so long is well */
#define PART_LEAST 16384U  /* octets within UPLINK_SILENT_MS of a message that is on its way */
#define RESENT_MAX 3U	   /* times that a question is moved to another connection to such a one */

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
	return link->server->upstreams;
}

/* ---- opened and freed */

static void uplink_free(struct uplink *link)
{
	uplink_hang_up(link);
	free(link->buffers);
	free(link);
}

/* No question finds the link or hears of it any more. */
static void detach(struct uplink *link)
{
	LIST_REMOVE(link, entry);
	link->links->count--;
	if (link->is_ready)
		TAILQ_REMOVE(&upstreams_of(link)->readable_links, link, ready);
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
	log_limited(LOG_LEVEL_WARNING, "upstream %s: no TLS connection: %s",
		    endpoint_text(&server->address, address, sizeof(address)), why);
}

static struct uplink *uplink_alloc(struct uplinks *links)
{
	struct uplink *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->links = links;
	link->server = links->server;
	link->fd = -1;
	link->buffers = malloc(sizeof(*link->buffers)); /* no page is touched before its use */
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
	if (!uplink_arm(link, OPENING_MS) || event_add(&link->writable, NULL) != 0) {
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

/* ---- which link is used */

/* False: another link is opened before this one is given one more question. */
static bool is_good(const struct uplink *link)
{
	return link->load < PIPELINE_GOOD && !uplink_is_silent(link);
}

/* How gladly a link is given one more question: less is better. */
static uint32_t reluctance(const struct uplink *link)
{
	return link->load + (link->state == UPLINK_OPEN ? 0 : PIPELINE_MAX) +
	       (is_good(link) ? 0 : 2 * PIPELINE_MAX) +
	       (uplink_is_silent(link) ? 4 * PIPELINE_MAX : 0);
}

/* NULL: all links are full, or there is none. */
static struct uplink *least_loaded(const struct uplinks *links)
{
	struct uplink *best = NULL;
	struct uplink *link;

	LIST_FOREACH(link, &links->list, entry) {
		if (link->load < PIPELINE_MAX && link->late < UPLINK_LATE_MAX &&
		    (!best || reluctance(link) < reluctance(best)))
			best = link;
	}
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
		uplink_put(link, a);
	return err;
}

bool uplink_is_worth_it(struct server *server)
{
	return server->link_misses < MISSES_MAX || ++server->link_misses % LET_THROUGH == 0;
}

/* ---- closed */

/* How often one of the server's questions may be moved: that connections end under them is no
 * failure of a server that answers on others. */
static uint32_t resent_max(const struct server *server)
{
	uint64_t now_us = server->upstreams->loop->now_us;

	return now_us - server->health.answered_us < WELL_US ? RESENT_MAX : 1;
}

/* Moves the question over to another link. */
static bool send_again(struct attempt *a)
{
	struct uplink *link;

	if (a->resent >= resent_max(a->server) || choose(a->server->uplinks, &link) != ERR_OK ||
	    link == a->link)
		return false;
	uplink_forget(a);
	a->resent++;
	uplink_put(link, a);
	return true;
}

/* The end of a link.  What was asked is not lost because an open connection was closed. */
static void uplink_end(struct uplink *link)
{
	bool was_open = link->state == UPLINK_OPEN;
	struct attempt *a;

	if (!link->answered && (!was_open || link->owed > 0))
		link->server->link_misses++;
	detach(link);
	while ((a = uplink_any(link))) {
		if (was_open && send_again(a))
			continue;
		uplink_forget(a);
		attempt_failed(a, FAILURE_NETWORK);
	}
	uplink_free(link);
}

/* ---- answers in */

/* That octets come is a sign of life only where they come fast enough to become a message. */
static void hear(struct uplink *link, size_t octets)
{
	link->part += octets;
	if (link->part >= PART_LEAST)
		uplink_heard(link);
}

/* Reads once, if octets have come.  NOTHING: none have.  OTHER: some had. */
static enum received read_on(struct uplink *link)
{
	size_t held = frame_held(&link->in);
	enum uplink_io io;

	if (link->reads > 0 && !uplink_read_ahead(link))
		return RECEIVED_NOTHING;
	if (link->reads++ >= RECORDS_MAX)
		return RECEIVED_END;
	io = uplink_read(link);
	if (io != UPLINK_IO_DONE)
		return io == UPLINK_IO_READABLE ? RECEIVED_NOTHING : RECEIVED_END;
	hear(link, frame_held(&link->in) - held);
	return RECEIVED_OTHER;
}

static enum received receive(struct uplink *link, struct attempt **ret_a, size_t *ret_len)
{
	enum received received = RECEIVED_OTHER;
	const uint8_t *msg;

	while (received == RECEIVED_OTHER) {
		switch (frame_take(&link->in, &msg, ret_len)) {
		case FRAME_WHOLE:
			return uplink_take(link, msg, *ret_len, ret_a);
		case FRAME_SHORT:
			stats_inc(upstreams_of(link)->loop->env.stats, upstream_unsolicited);
			return RECEIVED_END;
		case FRAME_PARTIAL:
			received = read_on(link);
		}
	}
	return received;
}

enum received uplink_receive(struct uplink *link, struct attempt **ret_a, size_t *ret_len)
{
	enum received received = receive(link, ret_a, ret_len);

	if (received == RECEIVED_END)
		uplink_end(link);
	return received;
}

struct server *uplink_server(const struct uplink *link)
{
	return link->server;
}

struct uplink *uplink_readable(struct upstreams *up)
{
	struct uplink *link = TAILQ_FIRST(&up->readable_links);

	if (!link)
		return NULL;
	TAILQ_REMOVE(&up->readable_links, link, ready);
	link->is_ready = false;
	link->reads = 0;
	return link;
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
	uplink_arm(link, env->snapshot->conf->outgoing.connection_idle_ms);
	if (!uplink_flush(link))
		uplink_end(link);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *link = arg;
	struct upstreams *up = upstreams_of(link);

	(void)fd;
	(void)what;
	if (link->state != UPLINK_OPEN) {
		loop_tick(up->loop);
		go_on(link);
		return;
	}
	if (!link->is_ready)
		TAILQ_INSERT_TAIL(&up->readable_links, link, ready);
	link->is_ready = true;
	upstreams_wake(up);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct uplink *link = arg;

	(void)fd;
	(void)what;
	loop_tick(upstreams_of(link)->loop);
	if (link->state != UPLINK_OPEN)
		go_on(link);
	else if (!uplink_flush(link))
		uplink_end(link);
}

/* The link's questions go over other links too, each once in its life. */
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
	bool silent = uplink_is_silent(link);

	if (silent)
		leave(link);
	if (unused_ms >= idle_ms || (silent && link->load == 0)) {
		uplink_end(link);
		return;
	}
	link->watched = link->owed > 0;
	uplink_arm(link, link->watched ? UPLINK_WATCH_MS : idle_ms - unused_ms);
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
