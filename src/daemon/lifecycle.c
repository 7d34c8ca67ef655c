/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/lifecycle.h"

#include <event2/event.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "conf/conf.h"
#include "daemon/cachefile.h"
#include "daemon/loader.h"

#define LINE_COUNTERS 4	     /* in one line of the log */
#define LOADER_GRACE_MS 1000 /* to a load that was told to give up */

struct life {
	const struct lifecycle_config *config;
	struct event_base *base;
	struct event *signals[4];
	struct event *loaded;
	int loaded_fd; /* written to by the loader thread at its end */
	pthread_t loader;
	bool loading;
	bool again;		    /* a SIGHUP came while loading */
	pthread_mutex_t publishing; /* held while a snapshot is put in force, or that forbidden */
	atomic_bool ending;	    /* set under the lock */
};

/* ---- the reload: runs in the loader thread */

static void tell_restart(void *arg, const char *option)
{
	(void)arg;
	log_warning("reload: %s has changed, which takes effect at a restart only", option);
}

static enum err load_new(const struct life *life, struct snapshot **ret_snapshot,
			 struct load_result *ret_result, struct err_text *text)
{
	const struct lifecycle_config *config = life->config;
	const struct load_options options = {.cancelled = &life->ending};
	const struct snapshot *old = workers_snapshot(config->workers);
	struct conf *conf;
	enum err err = conf_load(config->conf_path, &conf, text);

	if (err != ERR_OK)
		return err;
	conf_restart_needed(old->conf, conf, tell_restart, NULL);
	return loader_load(conf, &config->name_key, old, &options, ret_snapshot, ret_result, text);
}

/* False when the end has begun: the workers are not to be troubled any more. */
static bool publish(struct life *life, struct snapshot *snapshot)
{
	bool ending;

	pthread_mutex_lock(&life->publishing);
	ending = life->ending;
	if (!ending)
		workers_publish(life->config->workers, snapshot);
	pthread_mutex_unlock(&life->publishing);
	return !ending;
}

static void reload(struct life *life)
{
	struct load_result result;
	struct snapshot *snapshot;
	struct err_text text;
	enum err err = load_new(life, &snapshot, &result, &text);

	if (err == ERR_OK && !publish(life, snapshot)) {
		snapshot_free(snapshot);
		err = ERR_CANCELLED;
	}
	if (err == ERR_CANCELLED)
		log_notice("reload given up");
	else if (err != ERR_OK)
		log_error("reload FAILED, all stays as it was: %s", text.text);
	if (err != ERR_OK)
		return;
	log_set_level(snapshot->conf->server.log_level);
	log_notice("reload %llu done: %llu names of %zu lists in force, %zu lists refused, loaded "
		   "in %u ms",
		   (unsigned long long)snapshot->generation, (unsigned long long)result.names,
		   result.lists, result.refused, result.took_ms);
	loader_keep(snapshot, &result);
}

static void *loader_thread(void *arg)
{
	struct life *life = arg;
	uint64_t one = 1;

	priority_step_back();
	reload(life);
	(void)malloc_trim(
		0); /* the memory that this thread has freed is kept for the thread, which ends */
	if (write(life->loaded_fd, &one, sizeof(one)) < 0)
		log_error("reload: eventfd: the end of the reload is not noticed");
	return NULL;
}

/* ---- the main thread */

/* systemd waits for READY after RELOADING; both carry the time (sd_notify(3)). */
static void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_us());
}

static void start_reload(struct life *life)
{
	sigset_t all;
	sigset_t before;
	int rc;

	if (life->loading) {
		life->again = true;
		return;
	}
	notify_reloading();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&life->loader, NULL, loader_thread, life);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	life->loading = rc == 0;
	if (rc != 0) {
		log_error("reload FAILED, all stays as it was: no thread: %s", strerror(rc));
		sd_notify(0, "READY=1");
	}
}

static void on_loaded(evutil_socket_t fd, short what, void *arg)
{
	struct life *life = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	pthread_join(life->loader, NULL);
	life->loading = false;
	sd_notify(0, "READY=1");
	if (life->again) {
		life->again = false;
		start_reload(life);
	}
}

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

/* From here on no snapshot comes into force, and a load under way gives up. */
static void begin_end(struct life *life)
{
	pthread_mutex_lock(&life->publishing);
	life->ending = true;
	pthread_mutex_unlock(&life->publishing);
	event_base_loopbreak(life->base);
}

/*
 * Waits for the load under way to give up.  One that hangs in the kernel, at a file system that
 * does not answer, may never do so; then the process ends at once and frees nothing, since the
 * loader may go on in what would be freed.
 */
static void end_loader(struct life *life)
{
	struct pollfd loaded = {.fd = life->loaded_fd, .events = POLLIN};
	sigset_t all;

	if (!life->loading)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL); /* poll() is not to be interrupted */
	if (poll(&loaded, 1, LOADER_GRACE_MS) == 0) {
		log_warning("the load under way does not give up: ending without it");
		log_notice("ended");
		log_stop();
		_exit(EXIT_SUCCESS);
	}
	pthread_join(life->loader, NULL);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct life *life = arg;

	(void)what;
	switch (number) {
	case SIGHUP:
		log_notice("SIGHUP: reloading");
		start_reload(life);
		break;
	case SIGUSR1:
		log_counters(life->config);
		workers_report(life->config->workers);
		break;
	default:
		log_notice("%s: ending", number == SIGINT ? "SIGINT" : "SIGTERM");
		sd_notify(0, "STOPPING=1");
		begin_end(life);
	}
}

static enum err watch(struct life *life)
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
	life->loaded_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (life->loaded_fd < 0)
		return ERR_SYS;
	life->loaded =
		event_new(life->base, life->loaded_fd, EV_READ | EV_PERSIST, on_loaded, life);
	if (!life->loaded || event_add(life->loaded, NULL) != 0)
		return ERR_NOMEM;
	pthread_sigmask(SIG_UNBLOCK, &watched, NULL); /* some were held back while starting */
	return ERR_OK;
}

static void life_fini(struct life *life)
{
	for (size_t i = 0; i < sizeof(life->signals) / sizeof(life->signals[0]); i++)
		if (life->signals[i])
			event_free(life->signals[i]);
	if (life->loaded)
		event_free(life->loaded);
	if (life->loaded_fd >= 0)
		close(life->loaded_fd);
	if (life->base)
		event_base_free(life->base);
}

enum err lifecycle_run(const struct lifecycle_config *config)
{
	struct life life = {
		.config = config,
		.loaded_fd = -1,
		.base = event_base_new(),
		.publishing = PTHREAD_MUTEX_INITIALIZER,
	};
	enum err err = life.base ? watch(&life) : ERR_NOMEM;
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
