/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing/landing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "landing/parts.h"
#include "loop/accepting.h"

#define SWEEP_S 300 /* all of its turns in a day */

/* ---- opened */

enum err landing_open(const struct conf *conf, landing_take_fn *take, void *arg,
		      struct landing **ret_landing)
{
	struct landing *l;

	*ret_landing = NULL;
	if (conf->landing.listen_count == 0)
		return ERR_OK;
	l = calloc(1, sizeof(*l));
	if (!l)
		return ERR_NOMEM;
	l->end_fd = -1;
	l->guests.prefix_ipv4 = (uint8_t)conf->server.client_prefix_ipv4;
	l->guests.prefix_ipv6 = (uint8_t)conf->server.client_prefix_ipv6;
	landing_sockets_open(l, &conf->landing, take, arg);
	*ret_landing = l;
	return ERR_OK;
}

size_t landing_files(const struct landing *l)
{
	return l ? l->count + GUESTS_MAX : 0;
}

const int *landing_sockets(const struct landing *l, size_t *ret_count)
{
	*ret_count = l ? l->count : 0;
	return l ? l->fds : NULL;
}

const struct stats *landing_stats(const struct landing *l)
{
	return l ? &l->stats : NULL;
}

/* ---- the thread */

/* No place is free, or one is again. */
static void on_door(void *arg, bool open)
{
	struct landing *l = arg;

	for (size_t i = 0; i < l->count; i++) {
		if (open)
			evconnlistener_enable(l->sockets[i].listener);
		else
			evconnlistener_disable(l->sockets[i].listener);
	}
}

/* As without files left. */
static void on_failed_accept(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_limited(LOG_LEVEL_WARNING, "landing: accept: %s", strerror(errno));
	accepting_rest(listener);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct landing *l = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(l->base);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct landing *l = arg;

	(void)fd;
	(void)what;
	bucket_sweep(l->buckets, l->sweeps++, clock_us());
}

static void *run(void *arg)
{
	struct landing *l = arg;

	event_base_dispatch(l->base);
	return NULL;
}

static enum err make_loop(struct landing *l)
{
	static const struct timeval often = {.tv_sec = SWEEP_S};
	struct event_config *config = event_config_new();

	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		l->base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	l->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!l->base || l->end_fd < 0)
		return ERR_NOMEM;
	l->end = event_new(l->base, l->end_fd, EV_READ, on_end, l);
	l->sweep = event_new(l->base, -1, EV_PERSIST, on_sweep, l);
	return l->end && l->sweep && event_add(l->end, NULL) == 0 &&
			       event_add(l->sweep, &often) == 0
		       ? ERR_OK
		       : ERR_NOMEM;
}

static enum err listen_on(struct landing *l, size_t i)
{
	struct landing_socket *s = &l->sockets[i];

	s->listener = evconnlistener_new(l->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, l->fds[i]);
	if (!s->listener)
		return ERR_NOMEM;
	evconnlistener_set_error_cb(s->listener, on_failed_accept);
	if (s->kind != LANDING_HTTP)
		landing_silent_begin(s);
	return ERR_OK;
}

static enum err prepare(struct landing *l)
{
	enum err err = make_loop(l);

	l->guests.door = on_door;
	l->guests.arg = l;
	l->guests.stats = &l->stats;
	l->buckets = calloc(1, sizeof(*l->buckets));
	if (err == ERR_OK)
		err = l->buckets ? hash_key_random(&l->key) : ERR_NOMEM;
	if (err == ERR_OK)
		err = page_policy(l->policy);
	if (err == ERR_OK)
		err = guests_begin(&l->guests, l->base);
	for (size_t i = 0; err == ERR_OK && i < l->count; i++)
		err = listen_on(l, i);
	return err == ERR_OK ? landing_http_begin(l) : err;
}

enum err landing_start(struct landing *l, struct visits *visits, order_fn *order, void *arg)
{
	enum err err;

	if (!l || l->count == 0)
		return ERR_OK;
	l->visits = visits;
	l->order = order;
	l->arg = arg;
	err = prepare(l);
	if (err != ERR_OK)
		return err;
	l->running = thread_start("landing", run, l, &l->thread) == 0;
	return l->running ? ERR_OK : ERR_SYS;
}

void landing_stop(struct landing *l)
{
	uint64_t one = 1;

	if (!l || !l->running)
		return;
	if (write(l->end_fd, &one, sizeof(one)) < 0)
		log_debug("landing: it is ending already");
	pthread_join(l->thread, NULL);
	l->running = false;
}

void landing_free(struct landing *l)
{
	if (!l)
		return;
	landing_stop(l);
	if (l->http)
		evhttp_free(l->http); /* the listeners that it was given with it */
	for (size_t i = 0; i < l->count; i++) {
		if (l->sockets[i].listener && !l->sockets[i].given)
			evconnlistener_free(l->sockets[i].listener);
		close(l->fds[i]);
	}
	guests_end(&l->guests);
	if (l->sweep)
		event_free(l->sweep);
	if (l->end)
		event_free(l->end);
	if (l->base)
		event_base_free(l->base);
	if (l->end_fd >= 0)
		close(l->end_fd);
	free(l->buckets);
	free(l);
}
