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
#include "base/thread.h"
#include "conf/conf.h"
#include "receipt/acknowledge.h"
#include "daemon/announce.h"
#include "daemon/formerconf.h"
#include "order/proof.h"
#include "load/frozen.h"
#include "load/loader.h"
#include "system/privilege.h"

#define GRACE_MS 1000 /* to a load that was told to give up */

struct reload {
	const char *conf_path;
	struct hash_key name_key;
	struct inforce *inforce;
	struct reload_hooks hooks;
	struct event *loaded;
	int loaded_fd; /* written to by the loader thread at its end */
	pthread_t loader;
	bool busy;
	enum web_reload kind;	       /* of the load under way; WEB_RELOAD_COUNT: receipts alone */
	uint64_t covers;	       /* for inforce_cover at its end */
	uint64_t last;		       /* what is wanted after it is left */
	const struct snapshot *former; /* what was in force then */
	const struct load_result *told_result; /* of reload_tell */
	const struct notes *told_notes;
	bool untold; /* there was no thread for it */
	bool told_uncompiled;
};

/* ---- the loader thread */

static void tell_restart(void *arg, const char *option)
{
	(void)arg;
	log_warning("reload: %s has changed, which takes effect at a restart only", option);
}

/* What would fail at the next start, when nobody looks. */
static enum err check_start(const struct conf *old, const struct conf *conf, struct err_text *text)
{
	if (strcmp(old->server.user, conf->server.user) == 0)
		return ERR_OK;
	return privilege_check(conf->server.user, text);
}

static enum err load_new(const struct reload *reload, struct notes *notes,
			 struct snapshot **ret_snapshot, struct load_result *ret_result,
			 struct err_text *text)
{
	const struct load_options options = {
		.strict = reload->kind == WEB_RELOAD_DRY,
		.notes = notes,
		.cancelled = inforce_forbidden(reload->inforce),
	};
	const struct snapshot *old = reload->former;
	struct conf *conf;
	enum err err = reload->kind == WEB_RELOAD_BACK
			       ? formerconf_read(old->conf->state.directory, &conf, text)
			       : conf_load(reload->conf_path, &conf, text);

	if (err != ERR_OK)
		return err;
	err = check_start(old->conf, conf, text);
	if (err != ERR_OK) {
		conf_free(conf);
		return err;
	}
	conf_restart_needed(old->conf, conf, tell_restart, NULL);
	return loader_load(conf, &reload->name_key, old, &options, ret_snapshot, ret_result, text);
}

/* Tells what would change, and changes nothing. */
static void try_load(struct reload *reload)
{
	struct load_result result;
	struct snapshot *snapshot;
	struct err_text text;

	if (load_new(reload, NULL, &snapshot, &result, &text) != ERR_OK) {
		inforce_dry_failed(reload->inforce, text.text);
		return;
	}
	inforce_compare(reload->inforce, snapshot, reload->former);
	snapshot_free(snapshot);
	log_notice("dry run: nothing was changed");
}

static void tell_failure(const struct err_text *text)
{
	log_error("reload FAILED, all stays as it was: %s", text->text);
	sd_notifyf(0, "STATUS=the last reload failed, all stays as it was: %s", text->text);
}

/* What follows once the snapshot is in force. */
static void tell_success(const struct reload *reload, const struct snapshot *snapshot,
			 const struct load_result *result)
{
	char held[LOADER_HELD_MAX];

	log_set_level(snapshot->conf->server.log_level);
	log_notice("reload %llu done: %llu names of %zu lists in force, %zu lists refused%s, "
		   "loaded in %u ms",
		   (unsigned long long)snapshot->generation, (unsigned long long)result->names,
		   result->lists, result->refused, loader_held_text(result, held), result->took_ms);
	if (reload->kind == WEB_RELOAD_BACK)
		log_warning("the former configuration is in force; %s still says otherwise, and is "
			    "read again at the next reload or start",
			    reload->conf_path);
	announce_status(result);
	proof_tell(snapshot, inforce_minutes(reload->inforce));
}

/* A difference has the lists read by the next load, which begins when this one is over. */
static void compile(struct reload *reload, const struct load_result *result)
{
	if (loader_compile(inforce_snapshot(reload->inforce), result,
			   inforce_forbidden(reload->inforce), &reload->told_uncompiled))
		(void)inforce_want(reload->inforce, WEB_RELOAD_NEW);
}

static void load(struct reload *reload, struct notes *notes)
{
	struct load_result result;
	struct snapshot *snapshot;
	struct err_text text;
	uint64_t in_force_s;
	enum err err = load_new(reload, notes, &snapshot, &result, &text);

	if (err == ERR_OK) {
		loader_keep(snapshot, &result);
		err = err_set(&text, inforce_put(reload->inforce, snapshot, &result),
			      "out of memory");
	}
	if (err == ERR_CANCELLED)
		log_notice("reload given up");
	else if (err != ERR_OK)
		tell_failure(&text);
	if (err != ERR_OK) {
		inforce_failed(reload->inforce, text.text);
		return;
	}
	in_force_s = clock_unix_s();
	reload->untold = false; /* it is told of this one */
	reload->hooks.in_force(reload->hooks.arg, snapshot);
	tell_success(reload, snapshot, &result);
	minutes_write(inforce_minutes(reload->inforce));
	/* who waits for the load need not wait for receipts */
	inforce_cover(reload->inforce, reload->kind, reload->covers);
	acknowledge(snapshot, &result, notes, in_force_s);
	compile(reload, &result);
}

/* A load, with notes of what of its lists is not in force. */
static void load_noted(struct reload *reload)
{
	struct notes *notes;

	if (notes_create(&notes) != ERR_OK) {
		log_error("reload FAILED, all stays as it was: out of memory");
		inforce_failed(reload->inforce, "out of memory");
		return;
	}
	load(reload, notes);
	notes_free(notes);
}

static void *loader_thread(void *arg)
{
	struct reload *reload = arg;
	uint64_t one = 1;

	priority_step_back();
	if (reload->kind == WEB_RELOAD_COUNT)
		acknowledge(loader_note_begun(inforce_snapshot(reload->inforce)),
			    reload->told_result, reload->told_notes, clock_unix_s());
	else if (reload->kind == WEB_RELOAD_DRY)
		try_load(reload);
	else
		load_noted(reload);
	if (reload->kind == WEB_RELOAD_COUNT && reload->told_result)
		compile(reload, reload->told_result);
	minutes_write(inforce_minutes(reload->inforce));
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

/* Begins the thread; 0, or why there is none. */
static int begin_thread(struct reload *reload)
{
	int rc = thread_start("loader", loader_thread, reload, &reload->loader);

	reload->busy = rc == 0;
	return rc;
}

void reload_start(struct reload *reload)
{
	int rc;

	if (reload->busy)
		return; /* it is begun when the one under way is over */
	reload->kind = inforce_begin(reload->inforce, &reload->covers, &reload->former);
	if (reload->kind == WEB_RELOAD_COUNT || reload->covers > reload->last)
		return;
	notify_reloading();
	rc = begin_thread(reload);
	if (rc != 0) {
		log_error("reload FAILED, all stays as it was: no thread: %s", strerror(rc));
		inforce_failed(reload->inforce, "there is no thread to be had");
		inforce_cover(reload->inforce, reload->kind, reload->covers);
		sd_notify(0, "READY=1");
	}
}

static void note_last(void *arg, const struct snapshot *snapshot, const struct web_loads *loads,
		      const struct manual *manual)
{
	struct reload *reload = arg;

	(void)snapshot;
	(void)manual;
	reload->last = loads->wanted;
}

void reload_hold(struct reload *reload)
{
	inforce_look(reload->inforce, note_last, reload);
}

void reload_release(struct reload *reload)
{
	reload->last = UINT64_MAX;
}

/* What cannot be told is told later, and a compiled set verified, unless another is loaded. */
static void begin_telling(struct reload *reload)
{
	int rc;

	reload->kind = WEB_RELOAD_COUNT;
	rc = begin_thread(reload);
	if (rc != 0 && !reload->untold)
		log_error("receipts: not written yet: no thread: %s", strerror(rc));
	reload->untold = rc != 0;
}

void reload_tell(struct reload *reload, const struct load_result *result, const struct notes *notes)
{
	if (!reload->untold) {
		reload->told_result = result;
		reload->told_notes = notes;
	}
	begin_telling(reload);
}

bool reload_tick(struct reload *reload)
{
	if (!reload->busy && reload->untold)
		begin_telling(reload);
	return reload->busy;
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
	if (reload->kind != WEB_RELOAD_COUNT) {
		inforce_cover(reload->inforce, reload->kind, reload->covers);
		sd_notify(0, "READY=1");
	}
	reload_start(reload);
	if (!reload->busy)
		reload->hooks.done(reload->hooks.arg);
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
		       const struct hash_key *name_key, struct inforce *f,
		       const struct reload_hooks *hooks, struct reload **ret_reload)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	enum err err;

	if (!reload)
		return ERR_NOMEM;
	reload->conf_path = conf_path;
	reload->name_key = *name_key;
	reload->inforce = f;
	reload->hooks = *hooks;
	reload->last = UINT64_MAX;
	err = listen_to_loader(reload, base);
	if (err == ERR_OK)
		*ret_reload = reload;
	else
		reload_free(reload);
	return err;
}

bool reload_is_busy(const struct reload *reload)
{
	return reload->busy;
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
	free(reload);
}
