/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/desk.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "web/web.h"

struct desk {
	struct desk_config config;
	struct web_view view;
	struct web *web;
	uint64_t receive_buffer_bytes;
	struct event *bell; /* a reload is wanted */
	int bell_fd;
	desk_reload_fn *reload;
	void *arg;
};

/* ---- the thread of the web */

struct looker {
	const struct desk *desk;
	web_look_fn *look;
	void *arg;
};

static void look_at_upstreams(const struct workers *workers, struct web_now *now)
{
	struct upstream_view views[WEB_UPSTREAMS_MAX];

	now->upstream_count = board_upstreams(workers_board(workers), views, WEB_UPSTREAMS_MAX);
	for (size_t i = 0; i < now->upstream_count; i++) {
		struct web_upstream *shown = &now->upstreams[i];

		endpoint_text(&views[i].address, shown->address, sizeof(shown->address));
		shown->transport = views[i].transport;
		shown->state = views[i].state;
		shown->rank = views[i].rank;
		shown->rtt_us = views[i].rtt_us;
	}
}

static struct querylog_counts counts(const struct querylog *log)
{
	return log ? querylog_counts(log) : (struct querylog_counts){.written = 0};
}

static void look_now(void *arg, const struct snapshot *snapshot, const struct web_loads *loads,
		     const struct manual *manual)
{
	const struct looker *looker = arg;
	const struct desk *desk = looker->desk;
	struct web_now now = {
		.snapshot = snapshot,
		.loads = loads,
		.manual = manual,
		.cache = cache_stats(desk->config.cache),
		.receive_buffer_bytes = desk->receive_buffer_bytes,
		.started_s = desk->config.started_s,
		.log_lost = log_lost(),
		.querylog = counts(desk->config.beside->querylog),
		.ledger = ledger_state(desk->config.beside->ledger),
		.ledger_pending = ledger_pending(desk->config.beside->ledger),
		.fetch = desk->config.fetch,
		.workers = workers_count(desk->config.workers),
	};

	workers_sum(desk->config.workers, &now.stats);
	look_at_upstreams(desk->config.workers, &now);
	looker->look(&now, looker->arg);
}

static void look(void *daemon, web_look_fn *fn, void *arg)
{
	struct looker looker = {.desk = daemon, .look = fn, .arg = arg};

	inforce_look(looker.desk->config.inforce, look_now, &looker);
}

static bool is_leaving(void *daemon)
{
	const struct desk *desk = daemon;

	return inforce_is_leaving(desk->config.inforce);
}

static uint64_t want_reload(void *daemon, enum web_reload kind)
{
	struct desk *desk = daemon;
	uint64_t number = inforce_want(desk->config.inforce, kind);
	uint64_t one = 1;

	if (write(desk->bell_fd, &one, sizeof(one)) < 0)
		log_error("control: eventfd: the reload is not noticed");
	return number;
}

static enum err say(void *daemon, const struct manual_entry *entry, bool take_back, bool *ret_kept,
		    struct err_text *text)
{
	struct desk *desk = daemon;

	return inforce_say(desk->config.inforce, entry, take_back, ret_kept, text);
}

static size_t flush(void *daemon, const struct name *name)
{
	static const struct name root = {.len = 1};
	struct desk *desk = daemon;

	return cache_flush(desk->config.cache, name ? name : &root);
}

/* ---- the main thread */

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct desk *desk = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) > 0)
		desk->reload(desk->arg);
}

/* What the kernel gave of what was asked for, the least of all UDP sockets. */
static uint64_t least_buffer(const struct workers *workers)
{
	uint64_t least = UINT64_MAX;
	size_t count;
	const int *fds = workers_sockets(workers, &count);

	for (size_t i = 0; i < count; i++) {
		int type = 0;
		int bytes = 0;
		socklen_t len = sizeof(type);

		if (getsockopt(fds[i], SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_DGRAM)
			continue;
		len = sizeof(bytes);
		if (getsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &bytes, &len) == 0 &&
		    (uint64_t)bytes < least)
			least = (uint64_t)bytes;
	}
	return least == UINT64_MAX ? 0 : least;
}

static enum err open_web(struct desk *desk)
{
	desk->view = (struct web_view){
		.daemon = desk,
		.find_host = beside_find_host,
		.find_arg = desk->config.beside,
		.called = called_find,
		.called_arg = desk->config.beside->called,
		.querylog = desk->config.beside->querylog,
		.fetch = desk->config.fetch,
		.look = look,
		.is_leaving = is_leaving,
		.reload = want_reload,
		.flush = flush,
		.say = say,
	};
	return web_start(workers_snapshot(desk->config.workers)->conf, &desk->view, &desk->web);
}

enum err desk_open(struct event_base *base, const struct desk_config *config,
		   desk_reload_fn *reload, void *arg, struct desk **ret_desk)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	enum err err = ERR_NOMEM;

	if (!desk)
		return ERR_NOMEM;
	desk->config = *config;
	desk->reload = reload;
	desk->arg = arg;
	desk->receive_buffer_bytes = least_buffer(config->workers);
	desk->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (desk->bell_fd >= 0)
		desk->bell = event_new(base, desk->bell_fd, EV_READ | EV_PERSIST, on_bell, desk);
	if (desk->bell && event_add(desk->bell, NULL) == 0)
		err = open_web(desk);
	if (err == ERR_OK)
		*ret_desk = desk;
	else
		desk_close(desk);
	return err;
}

void desk_close(struct desk *desk)
{
	if (!desk)
		return;
	web_stop(desk->web);
	if (desk->bell)
		event_free(desk->bell);
	if (desk->bell_fd >= 0)
		close(desk->bell_fd);
	free(desk);
}
