/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/reload.h"

#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/priority.h"
#include "conf/conf.h"
#include "daemon/announce.h"
#include "load/loader.h"
#include "daemon/news.h"

#define GRACE_MS 1000 /* to a load that was told to give up */

struct reload {
	const char *conf_path;
	struct hash_key name_key;
	struct workers *workers;
	reload_done_fn *done;
	void *arg;
	struct event *loaded;
	int loaded_fd; /* written to by the loader thread at its end */
	pthread_t loader;
	bool busy;
	bool again;		    /* it was asked for while loading */
	pthread_mutex_t publishing; /* held while a snapshot is put in force, or that forbidden */
	struct news news;	    /* under the lock */
	uint64_t covers;	    /* the last reload wanted when the load under way began */
	atomic_bool forbidden;	    /* set under the lock */
};

/* ---- the loader thread */

static void tell_restart(void *arg, const char *option)
{
	(void)arg;
	log_warning("reload: %s has changed, which takes effect at a restart only", option);
}

static enum err load_new(const struct reload *reload, struct snapshot **ret_snapshot,
			 struct load_result *ret_result, struct err_text *text)
{
	const struct load_options options = {.cancelled = &reload->forbidden};
	const struct snapshot *old = workers_snapshot(reload->workers);
	struct conf *conf;
	enum err err = conf_load(reload->conf_path, &conf, text);

	if (err != ERR_OK)
		return err;
	conf_restart_needed(old->conf, conf, tell_restart, NULL);
	return loader_load(conf, &reload->name_key, old, &options, ret_snapshot, ret_result, text);
}

/* False when the end has begun: the workers are not to be troubled any more. */
static bool publish(struct reload *reload, struct snapshot *snapshot,
		    const struct load_result *result)
{
	bool forbidden;

	pthread_mutex_lock(&reload->publishing);
	forbidden = reload->forbidden;
	if (!forbidden) {
		workers_publish(reload->workers, snapshot);
		news_good(&reload->news, snapshot, result);
	}
	pthread_mutex_unlock(&reload->publishing);
	return !forbidden;
}

static void note_failure(struct reload *reload, const char *reason)
{
	pthread_mutex_lock(&reload->publishing);
	news_failed(&reload->news, reason);
	pthread_mutex_unlock(&reload->publishing);
}

static void tell_failure(const struct err_text *text)
{
	log_error("reload FAILED, all stays as it was: %s", text->text);
	sd_notifyf(0, "STATUS=the last reload failed, all stays as it was: %s", text->text);
}

static void load(struct reload *reload)
{
	char held[LOADER_HELD_MAX];
	struct load_result result;
	struct snapshot *snapshot;
	struct err_text text;
	enum err err = load_new(reload, &snapshot, &result, &text);

	if (err == ERR_OK && !publish(reload, snapshot, &result)) {
		snapshot_free(snapshot);
		err = ERR_CANCELLED;
	}
	if (err == ERR_CANCELLED)
		log_notice("reload given up");
	else if (err != ERR_OK)
		tell_failure(&text);
	if (err != ERR_OK) {
		note_failure(reload, text.text);
		return;
	}
	log_set_level(snapshot->conf->server.log_level);
	log_notice("reload %llu done: %llu names of %zu lists in force, %zu lists refused%s, "
		   "loaded in %u ms",
		   (unsigned long long)snapshot->generation, (unsigned long long)result.names,
		   result.lists, result.refused, loader_held_text(&result, held), result.took_ms);
	announce_status(&result);
	loader_keep(snapshot, &result);
}

static void *loader_thread(void *arg)
{
	struct reload *reload = arg;
	uint64_t one = 1;

	priority_step_back();
	load(reload);
	(void)malloc_trim(
		0); /* the memory that this thread has freed is kept for the thread, which ends */
	if (write(reload->loaded_fd, &one, sizeof(one)) < 0)
		log_error("reload: eventfd: the end of the reload is not noticed");
	return NULL;
}

/* ---- the main thread */

/* systemd waits for READY after RELOADING; both carry the time (sd_notify(3)). */
static void notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_us());
}

/* Whoever asked before the load began has what was asked for. */
static void note_end(struct reload *reload)
{
	pthread_mutex_lock(&reload->publishing);
	reload->news.loads.covered = reload->covers;
	pthread_mutex_unlock(&reload->publishing);
}

void reload_start(struct reload *reload)
{
	sigset_t all;
	sigset_t before;
	int rc;

	if (reload->busy) {
		reload->again = true;
		return;
	}
	notify_reloading();
	pthread_mutex_lock(&reload->publishing);
	reload->covers = reload->news.loads.wanted;
	pthread_mutex_unlock(&reload->publishing);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&reload->loader, NULL, loader_thread, reload);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	reload->busy = rc == 0;
	if (rc != 0) {
		log_error("reload FAILED, all stays as it was: no thread: %s", strerror(rc));
		note_failure(reload, "there is no thread to be had");
		note_end(reload);
		sd_notify(0, "READY=1");
	}
}

static void on_loaded(evutil_socket_t fd, short what, void *arg)
{
	struct reload *reload = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	pthread_join(reload->loader, NULL);
	reload->busy = false;
	note_end(reload);
	sd_notify(0, "READY=1");
	if (reload->again) {
		reload->again = false;
		reload_start(reload);
	} else {
		reload->done(reload->arg);
	}
}

static enum err listen_to_loader(struct reload *reload, struct event_base *base)
{
	reload->loaded_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reload->loaded_fd < 0)
		return ERR_SYS;
	reload->loaded =
		event_new(base, reload->loaded_fd, EV_READ | EV_PERSIST, on_loaded, reload);
	return reload->loaded && event_add(reload->loaded, NULL) == 0 ? ERR_OK : ERR_NOMEM;
}

enum err reload_create(struct event_base *base, const char *conf_path,
		       const struct hash_key *name_key, struct workers *workers,
		       reload_done_fn *done, void *arg, struct reload **ret_reload)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	enum err err;

	if (!reload)
		return ERR_NOMEM;
	reload->conf_path = conf_path;
	reload->name_key = *name_key;
	reload->workers = workers;
	reload->done = done;
	reload->arg = arg;
	pthread_mutex_init(&reload->publishing, NULL);
	err = listen_to_loader(reload, base);
	if (err == ERR_OK)
		*ret_reload = reload;
	else
		reload_free(reload);
	return err;
}

void reload_loaded(struct reload *reload, const struct load_result *result)
{
	pthread_mutex_lock(&reload->publishing);
	news_good(&reload->news, workers_snapshot(reload->workers), result);
	pthread_mutex_unlock(&reload->publishing);
}

uint64_t reload_want(struct reload *reload)
{
	uint64_t number;

	pthread_mutex_lock(&reload->publishing);
	number = ++reload->news.loads.wanted;
	pthread_mutex_unlock(&reload->publishing);
	return number;
}

void reload_look(struct reload *reload, reload_look_fn *look, void *arg)
{
	pthread_mutex_lock(&reload->publishing);
	look(arg, workers_snapshot(reload->workers), &reload->news.loads);
	pthread_mutex_unlock(&reload->publishing);
}

bool reload_is_busy(const struct reload *reload)
{
	return reload->busy;
}

void reload_forbid(struct reload *reload)
{
	pthread_mutex_lock(&reload->publishing);
	reload->forbidden = true;
	pthread_mutex_unlock(&reload->publishing);
}

bool reload_wait(struct reload *reload)
{
	struct pollfd loaded = {.fd = reload->loaded_fd, .events = POLLIN};
	sigset_t all;

	if (!reload->busy)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL); /* poll() is not to be interrupted */
	if (poll(&loaded, 1, GRACE_MS) == 0)
		return false;
	pthread_join(reload->loader, NULL);
	reload->busy = false;
	return true;
}

void reload_free(struct reload *reload)
{
	if (!reload)
		return;
	if (reload->loaded)
		event_free(reload->loaded);
	if (reload->loaded_fd >= 0)
		close(reload->loaded_fd);
	pthread_mutex_destroy(&reload->publishing);
	free(reload);
}
