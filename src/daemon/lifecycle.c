/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/lifecycle.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "daemon/cachefile.h"
#include "daemon/loader.h"
#include "daemon/reload.h"
#include "system/watch.h"

#define LINE_COUNTERS 4			  /* in one line of the log */
#define WATCHED_MAX (CONF_LISTS_MAX + 2U) /* lists, hosts file, resolv.conf */

struct life {
	const struct lifecycle_config *config;
	struct event_base *base;
	struct event *signals[4];
	struct reload *reload;
	struct watch *watch;
};

/* ---- files that are watched */

static void on_changed(void *arg, const char *path)
{
	struct life *life = arg;

	log_notice("%s has changed: reloading", path);
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

static void on_reloaded(void *arg)
{
	watch_files(arg);
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
		reload_all(life);
		break;
	case SIGUSR1:
		log_counters(life->config);
		workers_report(life->config->workers);
		break;
	default:
		log_notice("%s: ending", number == SIGINT ? "SIGINT" : "SIGTERM");
		sd_notify(0, "STOPPING=1");
		reload_forbid(life->reload);
		event_base_loopbreak(life->base);
	}
}

static enum err listen_to_signals(struct life *life)
{
	static const int numbers[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};
	sigset_t watched;

	sigemptyset(&watched);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaddset(&watched, numbers[i]);
		life->signals[i] = evsignal_new(life->base, numbers[i], on_signal, life);
		if (!life->signals[i] || event_add(life->signals[i], NULL) != 0)
			return ERR_NOMEM;
	}
	pthread_sigmask(SIG_UNBLOCK, &watched, NULL); /* some were held back while starting */
	return ERR_OK;
}

static enum err life_init(struct life *life)
{
	const struct lifecycle_config *config = life->config;
	enum err err = ERR_NOMEM;

	life->base = event_base_new();
	if (life->base)
		err = reload_create(life->base, config->conf_path, &config->name_key,
				    config->workers, on_reloaded, life, &life->reload);
	if (err == ERR_OK)
		err = watch_create(life->base, on_changed, life, &life->watch);
	if (err == ERR_OK)
		err = listen_to_signals(life);
	if (err == ERR_OK)
		watch_files(life);
	return err;
}

static void life_fini(struct life *life)
{
	for (size_t i = 0; i < sizeof(life->signals) / sizeof(life->signals[0]); i++)
		if (life->signals[i])
			event_free(life->signals[i]);
	watch_free(life->watch);
	reload_free(life->reload);
	if (life->base)
		event_base_free(life->base);
}

enum err lifecycle_run(const struct lifecycle_config *config)
{
	struct life life = {.config = config};
	enum err err = life_init(&life);
	uint32_t drain_ms = 0;

	if (err == ERR_OK) {
		sd_notify(0, "READY=1");
		event_base_dispatch(life.base);
		drain_ms = workers_snapshot(config->workers)->conf->server.drain_timeout_ms;
	}
	workers_stop(config->workers, drain_ms);
	if (err == ERR_OK) {
		log_counters(config);
		cachefile_store(workers_snapshot(config->workers), config->cache,
				&config->name_key);
		end_loader(&life);
		log_notice("ended");
	}
	life_fini(&life);
	return err;
}
