/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/lifecycle.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "daemon/cachefile.h"
#include "daemon/desk.h"
#include "daemon/feeds.h"
#include "daemon/handover.h"
#include "load/loader.h"
#include "daemon/reload.h"
#include "daemon/watchdog.h"
#include "system/store.h"
#include "system/watch.h"

#define SIGNALS 5
#define DUE_AGAIN_MS 60000		  /* so often all is reloaded for dates that have come */
#define LINE_COUNTERS 4			  /* in one line of the log */
#define WATCHED_MAX (CONF_LISTS_MAX + 2U) /* lists, hosts file, resolv.conf */

struct life {
	const struct lifecycle_config *config;
	struct event_base *base;
	struct event *signals[SIGNALS];
	struct inforce *inforce;
	struct reload *reload;
	struct watch *watch;
	struct handover *handover;
	struct feeds *feeds;
	struct desk *desk;
	struct event *second;	/* of inforce_tick */
	struct event *watchdog; /* feeds systemd's; NULL: there is none */
	bool handover_wanted;	/* while a load is: what is wanted until then comes first */
	bool succeeded;		/* another process serves */
	uint64_t due_again_ms;	/* monotonic: no reload for dates of entries before */
};

/* ---- files that are watched */

static void on_changed(void *arg, const char *path)
{
	struct life *life = arg;

	log_notice("%s has changed: reloading", path);
	(void)inforce_want(life->inforce, WEB_RELOAD_NEW);
	reload_start(life->reload);
}

/* What is named in the configuration in force; without `watch` only what is waited for. */
static size_t list_watched(const struct snapshot *s, const char *ret_paths[WATCHED_MAX])
{
	const struct conf *conf = s->conf;
	size_t count = 0;

	if (conf->upstreams_count == 0 && (conf->watch || s->pools[0].count == 0))
		ret_paths[count++] = LOADER_RESOLV_CONF;
	if (!conf->watch)
		return count;
	if (*conf->local.hosts_file)
		ret_paths[count++] = conf->local.hosts_file;
	for (size_t i = 0; i < conf->lists_count; i++)
		if (!*conf->lists[i].url) /* of what is fetched we know ourselves */
			ret_paths[count++] = conf->lists[i].file;
	return count;
}

static void watch_files(struct life *life)
{
	const char *paths[WATCHED_MAX];
	size_t count = list_watched(workers_snapshot(life->config->workers), paths);

	if (watch_set(life->watch, paths, count) != ERR_OK)
		log_error("watch: out of memory: the files before are watched");
}

/* What has changed until now is read by this load. */
static void reload_all(struct life *life)
{
	watch_look(life->watch);
	reload_start(life->reload);
}

static void on_wanted(void *arg)
{
	log_notice("control: reloading");
	reload_all(arg);
}

static void on_fetched(void *arg)
{
	log_notice("fetched: reloading");
	reload_all(arg);
}

/* ---- the hand-over */

/* From the pause on nobody asks for anything but by signals; what was asked for until then comes
 * first, and what is wanted later the new process loads. */
static void begin_handover(struct life *life)
{
	if (!inforce_is_leaving(life->inforce)) {
		inforce_pause(life->inforce, true);
		reload_hold(life->reload);
		reload_start(life->reload);
	}
	life->handover_wanted = reload_is_busy(life->reload);
	if (life->handover_wanted)
		return;
	fetch_pause(feeds_fetch(life->feeds), true);
	handover_start(life->handover);
}

static void hand_over(struct life *life)
{
	bool busy = reload_is_busy(life->reload);

	if (busy && !life->handover_wanted)
		reload_hold(life->reload);
	life->handover_wanted = busy;
	if (!busy)
		begin_handover(life);
}

/* The loader's thread.  Who is told of the load may ask for its lists to be fetched at once. */
static void on_in_force(void *arg, const struct snapshot *snapshot)
{
	struct life *life = arg;

	feeds_configure(life->feeds, snapshot);
}

static void on_reloaded(void *arg)
{
	struct life *life = arg;

	watch_files(life);
	beside_configure(life->config->beside, workers_snapshot(life->config->workers)->conf);
	if (life->handover_wanted)
		begin_handover(life);
}

static void on_handed_over(void *arg, bool serves)
{
	struct life *life = arg;

	life->succeeded = serves;
	inforce_pause(life->inforce, serves);
	fetch_pause(feeds_fetch(life->feeds), serves);
	reload_release(life->reload);
	if (!serves) {
		reload_start(life->reload);
		return;
	}
	/* the new process may have read what is to be read again, or not yet */
	if (inforce_is_wanted(life->inforce, WEB_RELOAD_NEW))
		handover_signal_next(life->handover, SIGHUP);
	event_base_loopbreak(life->base);
}

/* ---- signals */

static void log_counters(const struct lifecycle_config *config)
{
	struct cache_stats cache = cache_stats(config->cache);
	char line[512];
	size_t len = 0;

	for (size_t i = 0; i < stats_row_count; i++) {
		len += (size_t)snprintf(
			line + len, sizeof(line) - len, " %s=%llu", stats_rows[i].name,
			(unsigned long long)workers_stat(config->workers, &stats_rows[i]));
		if ((i + 1) % LINE_COUNTERS == 0 || i + 1 == stats_row_count) {
			log_notice("counters:%s", line);
			len = 0;
		}
	}
	log_notice("cache: entries=%llu bytes_used=%llu bytes_max=%llu evicted=%llu expired=%llu",
		   (unsigned long long)cache.entries, (unsigned long long)cache.bytes_used,
		   (unsigned long long)cache.bytes_max, (unsigned long long)cache.evicted,
		   (unsigned long long)cache.expired);
}

/* A load that does not give up goes on in what would be freed. */
static void end_loader(struct life *life)
{
	if (reload_wait(life->reload))
		return;
	log_warning("the load under way does not give up: ending without it");
	log_notice("ended");
	log_stop();
	_exit(EXIT_SUCCESS);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct life *life = arg;

	(void)what;
	switch (number) {
	case SIGHUP:
		log_notice("SIGHUP: reloading");
		(void)inforce_want(life->inforce, WEB_RELOAD_NEW);
		reload_all(life);
		break;
	case SIGUSR2:
		log_notice("SIGUSR2: handing over");
		hand_over(life);
		break;
	case SIGUSR1:
		log_counters(life->config);
		workers_report(life->config->workers);
		break;
	default:
		log_notice("%s: ending", number == SIGINT ? "SIGINT" : "SIGTERM");
		sd_notify(0, "STOPPING=1");
		handover_give_up(life->handover);
		inforce_forbid(life->inforce);
		fetch_end(feeds_fetch(life->feeds));
		event_base_loopbreak(life->base);
	}
}

static enum err listen_to_signals(struct life *life)
{
	static const int numbers[SIGNALS] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
	sigset_t watched;

	sigemptyset(&watched);
	for (size_t i = 0; i < SIGNALS; i++) {
		sigaddset(&watched, numbers[i]);
		life->signals[i] = evsignal_new(life->base, numbers[i], on_signal, life);
		if (!life->signals[i] || event_add(life->signals[i], NULL) != 0)
			return ERR_NOMEM;
	}
	pthread_sigmask(SIG_UNBLOCK, &watched, NULL); /* some were held back while starting */
	return ERR_OK;
}

static enum err make_handover(struct life *life)
{
	const struct lifecycle_config *config = life->config;
	const struct handover_config what = {
		.argv = config->argv,
		.workers = config->workers,
		.cache = config->cache,
		.name_key = config->name_key,
		.cookie_secret = config->cookie_secret,
		.landing = config->beside->landing,
		.inforce = life->inforce,
		.lock = config->lock,
	};

	return handover_create(life->base, &what, on_handed_over, life, &life->handover);
}

/* ---- begun */

static enum err open_desk(struct life *life)
{
	const struct lifecycle_config *config = life->config;
	const struct desk_config what = {
		.workers = config->workers,
		.cache = config->cache,
		.inforce = life->inforce,
		.beside = config->beside,
		.fetch = feeds_fetch(life->feeds),
		.started_s = clock_unix_s(),
	};

	return desk_open(life->base, &what, on_wanted, life, &life->desk);
}

/* Rows of a list begin and end by their dates: it is read again, at most once a minute. */
static void reload_if_due(struct life *life)
{
	if (life->due_again_ms > clock_ms() ||
	    !policy_is_due(workers_snapshot(life->config->workers)->policy, clock_unix_s()))
		return;
	life->due_again_ms = clock_ms() + DUE_AGAIN_MS;
	log_notice("the date of an entry has come: reloading");
	(void)inforce_want(life->inforce, WEB_RELOAD_NEW);
	reload_start(life->reload);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct life *life = arg;

	(void)fd;
	(void)what;
	inforce_tick(life->inforce, reload_tick(life->reload));
	if (!reload_is_busy(life->reload))
		reload_if_due(life);
	if (!reload_is_busy(life->reload) && !handover_is_busy(life->handover) &&
	    inforce_has_changed(life->inforce))
		reload_tell(life->reload, NULL, NULL);
}

static enum err make_inforce(struct life *life)
{
	static const struct timeval often = {.tv_sec = 1};
	struct err_text text;
	enum err err =
		inforce_create(life->config->workers, life->config->first, life->config->minutes,
			       life->config->handed, &life->inforce, &text);

	if (err != ERR_OK) {
		log_error("%s", text.text);
		return err;
	}
	life->second = event_new(life->base, -1, EV_PERSIST, on_second, life);
	return life->second && event_add(life->second, &often) == 0 ? ERR_OK : ERR_NOMEM;
}

static enum err life_init(struct life *life)
{
	const struct lifecycle_config *config = life->config;
	const struct reload_hooks hooks = {
		.in_force = on_in_force, .done = on_reloaded, .arg = life};
	enum err err = ERR_NOMEM;

	life->base = event_base_new();
	if (life->base)
		err = make_inforce(life);
	if (err == ERR_OK)
		err = reload_create(life->base, config->conf_path, &config->name_key, life->inforce,
				    &hooks, &life->reload);
	if (err == ERR_OK)
		err = watch_create(life->base, on_changed, life, &life->watch);
	if (err == ERR_OK)
		err = make_handover(life);
	if (err == ERR_OK)
		err = feeds_create(life->base, life->inforce, workers_snapshot(config->workers),
				   on_fetched, life, &life->feeds);
	if (err == ERR_OK)
		err = open_desk(life);
	if (config->successor)
		successor_answers(config->successor);
	if (err == ERR_OK)
		err = watchdog_begin(life->base, workers_board(config->workers), &life->watchdog);
	if (err == ERR_OK)
		err = listen_to_signals(life);
	if (err == ERR_OK) {
		watch_files(life);
		beside_serve(config->beside, life->inforce);
		reload_tell(life->reload, config->first, config->notes);
	}
	return err;
}

static void life_fini(struct life *life)
{
	for (size_t i = 0; i < SIGNALS; i++)
		if (life->signals[i])
			event_free(life->signals[i]);
	desk_close(life->desk);
	if (life->watchdog)
		event_free(life->watchdog);
	feeds_free(life->feeds);
	watch_free(life->watch);
	handover_free(life->handover);
	reload_free(life->reload);
	if (life->second)
		event_free(life->second);
	inforce_free(life->inforce);
	if (life->base)
		event_base_free(life->base);
}

/* Another process has all the time that a question takes: it serves already. */
static void stop_workers(const struct life *life)
{
	struct workers *workers = life->config->workers;
	const struct conf *conf = workers_snapshot(workers)->conf;
	uint32_t drain_ms = conf->server.drain_timeout_ms;

	if (life->succeeded)
		workers_retire(workers, drain_ms + conf->outgoing.timeout_ms);
	else if (store_exists())
		workers_retire(workers, drain_ms);
	else
		workers_stop(workers, drain_ms);
}

enum err lifecycle_run(const struct lifecycle_config *config)
{
	struct life life = {.config = config};
	enum err err = life_init(&life);

	if (err == ERR_OK) {
		sd_notify(0, "READY=1");
		event_base_dispatch(life.base);
		handover_wait(life.handover);
		desk_close(life.desk);
		life.desk = NULL;
		beside_end_service(config->beside);
		stop_workers(&life);
		beside_stop(config->beside);
		log_counters(config);
		if (!life.succeeded)
			cachefile_store(workers_snapshot(config->workers), config->cache,
					&config->name_key);
		minutes_life(config->minutes, life.succeeded ? "hand-over" : "end");
		minutes_write(config->minutes);
		fetch_wait(feeds_fetch(life.feeds));
		end_loader(&life);
		log_notice("ended");
	} else {
		workers_stop(config->workers, 0);
	}
	life_fini(&life);
	return err;
}
