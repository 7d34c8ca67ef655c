/* SPDX-License-Identifier: BSD-2-Clause */
#include "called/leasefiles.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread.h"

#define FILE_MAX (32U * 1024 * 1024)   /* octets of a file */
#define FILE_LEASES_MAX (128U * 1024)  /* of a file, and as many that it had before */
#define REMEMBERED_S (30U * 24 * 3600) /* so long after it ended a lease is remembered */
#define LOOK_MS 1000U		       /* between two looks at the files */
#define PATIENCE 5U		       /* looks until one that changes at each is read, */
#define PATIENCE_MAX 7U		       /* and until it is taken though it changed meanwhile */
#define SHARE 20U		       /* of its time, the thread reads one part in so many */

struct watched {
	char *path;
	struct stat seen;      /* when it was last looked at */
	bool read;	       /* it was, as `seen` says, or could not be */
	bool failing;	       /* that was logged, */
	int error;	       /* and so it was why */
	unsigned int changes;  /* since it was read, one at a look */
	struct leases *leases; /* NULL: it was never read */
};

struct leasefiles {
	struct stats *stats;
	atomic_bool ending;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock; /* of what follows; the files are changed by the thread alone */
	pthread_cond_t woken;
	char *wanted[LEASEFILES_MAX];
	size_t wanted_count;
	bool renewed; /* these are others */
	struct watched files[LEASEFILES_MAX];
	size_t count;
};

/* ---- which files */

static void forget(struct watched *w)
{
	free(w->path);
	leases_free(w->leases);
	*w = (struct watched){.path = NULL};
}

/* Takes the file of that path out of `former`, or begins with it. */
static struct watched take(struct watched *former, size_t count, char *path)
{
	struct watched taken = {.path = path};

	for (size_t i = 0; i < count; i++) {
		if (!former[i].path || strcmp(former[i].path, path) != 0)
			continue;
		taken = former[i];
		former[i] = (struct watched){.path = NULL};
		free(path);
		break;
	}
	return taken;
}

/* Turns to the files that are wanted now.  The lock is held. */
static void renew(struct leasefiles *f)
{
	struct watched former[LEASEFILES_MAX];
	size_t count = f->count;

	memcpy(former, f->files, sizeof(former));
	for (size_t i = 0; i < f->wanted_count; i++)
		f->files[i] = take(former, count, f->wanted[i]);
	f->count = f->wanted_count;
	f->wanted_count = 0;
	f->renewed = false;
	for (size_t i = 0; i < count; i++)
		forget(&former[i]);
}

static void free_paths(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
}

enum err leasefiles_set(struct leasefiles *f, char *const *paths, size_t count)
{
	char *copies[LEASEFILES_MAX] = {NULL};

	count = count < LEASEFILES_MAX ? count : LEASEFILES_MAX;
	for (size_t i = 0; i < count; i++) {
		copies[i] = strdup(paths[i]);
		if (!copies[i]) {
			free_paths(copies, i);
			return ERR_NOMEM;
		}
	}
	pthread_mutex_lock(&f->lock);
	free_paths(f->wanted, f->wanted_count);
	memcpy(f->wanted, copies, sizeof(copies));
	f->wanted_count = count;
	f->renewed = true;
	pthread_cond_signal(&f->woken);
	pthread_mutex_unlock(&f->lock);
	return ERR_OK;
}

/* ---- read */

static const char *reason_of(enum err err, int error)
{
	return err == ERR_RANGE	  ? "it is too large, or has too many leases"
	       : err == ERR_NOMEM ? "out of memory"
				  : file_reason(error);
}

static void fail(struct leasefiles *f, struct watched *w, enum err err, int error)
{
	int told = err == ERR_SYS ? error : -(int)err;

	stats_add(f->stats, names_failed, !w->read || !w->failing || told != w->error);
	if (!w->failing || told != w->error)
		log_warning("client-names: %s: %s: what was known of it stays", w->path,
			    reason_of(err, error));
	w->failing = true;
	w->error = told;
	w->changes = 0;
	w->read = err != ERR_NOMEM;
}

static void put(struct leasefiles *f, struct watched *w, struct leases *leases)
{
	struct leases *former = w->leases;
	bool first = !former || w->failing;

	pthread_mutex_lock(&f->lock);
	w->leases = leases;
	pthread_mutex_unlock(&f->lock);
	leases_free(former);
	stats_inc(f->stats, names_read);
	if (first)
		log_info("client-names: %s: names or hardware addresses of %zu clients", w->path,
			 leases_count(leases));
	w->failing = false;
	w->read = true;
	w->changes = 0;
}

/* What the file has, and had. */
static enum err make(const struct watched *w, const char *text, size_t len,
		     struct leases **ret_leases)
{
	uint32_t now_s = (uint32_t)clock_unix_s();
	time_t written_s = w->seen.st_mtim.tv_sec;
	uint32_t at_s = written_s > 0 && written_s < (time_t)now_s ? (uint32_t)written_s : now_s;
	struct leases *leases;
	enum err err = leases_create(FILE_LEASES_MAX, &leases);

	if (err != ERR_OK)
		return err;
	err = leases_add(leases, text, len, at_s);
	if (err == ERR_OK && w->leases)
		err = leases_follow(leases, w->leases, at_s, now_s - REMEMBERED_S);
	leases_settle(leases);
	if (err == ERR_OK)
		*ret_leases = leases;
	else
		leases_free(leases);
	return err;
}

/* One to which leases are added by the thousand is never as it was. */
static bool is_as_it_was(const struct watched *w)
{
	struct stat after;

	return w->changes >= PATIENCE_MAX ||
	       (stat(w->path, &after) == 0 && file_same_version(&w->seen, &after));
}

/* Reads the file that was looked at, if it has stayed as it was meanwhile. */
static void read_file(struct leasefiles *f, struct watched *w)
{
	struct leases *leases;
	char *text;
	size_t len;
	enum err err;

	errno = 0;
	err = file_read(w->path, FILE_MAX, &text, &len);
	if (err != ERR_OK) {
		fail(f, w, err, errno);
		return;
	}
	if (is_as_it_was(w)) {
		err = make(w, text, len, &leases);
		if (err == ERR_OK)
			put(f, w, leases);
		else
			fail(f, w, err, 0);
	}
	free(text);
}

/*
 * Reads a file that has changed, when it has stayed as it is for one look: dnsmasq writes over what
 * is there.  One that changes all the time is read all the same.
 */
static void look(struct leasefiles *f, struct watched *w)
{
	struct stat now;
	bool same;

	if (stat(w->path, &now) != 0) {
		fail(f, w, ERR_SYS, errno);
		w->seen = (struct stat){.st_ino = 0};
		return;
	}
	same = file_same_version(&w->seen, &now);
	w->seen = now;
	if (same && w->read)
		return;
	w->read = false;
	if (!same)
		w->changes++;
	if (same || !w->leases || w->changes >= PATIENCE)
		read_file(f, w);
}

/* ---- the thread */

/* Waits until files are to be looked at; false: it is to end. */
static bool wait_for_turn(struct leasefiles *f, uint64_t ms)
{
	uint64_t at = clock_ms() + ms;
	struct timespec until = {.tv_sec = (time_t)(at / 1000),
				 .tv_nsec = (long)(at % 1000) * 1000000};
	int waited = 0;

	pthread_mutex_lock(&f->lock);
	while (!atomic_load(&f->ending) && !f->renewed && waited == 0)
		waited = f->count > 0 ? pthread_cond_timedwait(&f->woken, &f->lock, &until)
				      : pthread_cond_wait(&f->woken, &f->lock);
	if (f->renewed)
		renew(f);
	pthread_mutex_unlock(&f->lock);
	return !atomic_load(&f->ending);
}

static void *run(void *arg)
{
	struct leasefiles *f = arg;
	uint64_t pause_ms = 0;

	while (wait_for_turn(f, pause_ms)) {
		uint64_t began_ms = clock_ms();

		for (size_t i = 0; i < f->count && !atomic_load(&f->ending); i++)
			look(f, &f->files[i]);
		pause_ms = (SHARE - 1) * (clock_ms() - began_ms);
		pause_ms = pause_ms > LOOK_MS ? pause_ms : LOOK_MS;
	}
	return NULL;
}

enum err leasefiles_create(struct stats *stats, struct leasefiles **ret_files)
{
	struct leasefiles *f = calloc(1, sizeof(*f));
	pthread_condattr_t by_monotonic;

	if (!f)
		return ERR_NOMEM;
	f->stats = stats;
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&by_monotonic);
	pthread_condattr_setclock(&by_monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&f->woken, &by_monotonic);
	pthread_condattr_destroy(&by_monotonic);
	*ret_files = f;
	return ERR_OK;
}

enum err leasefiles_start(struct leasefiles *f)
{
	if (thread_start("leases", run, f, &f->thread) != 0)
		return ERR_SYS;
	f->running = true;
	return ERR_OK;
}

void leasefiles_stop(struct leasefiles *f)
{
	if (!f->running)
		return;
	pthread_mutex_lock(&f->lock);
	atomic_store(&f->ending, true);
	pthread_cond_signal(&f->woken);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	f->running = false;
}

void leasefiles_free(struct leasefiles *f)
{
	if (!f)
		return;
	leasefiles_stop(f);
	free_paths(f->wanted, f->wanted_count);
	for (size_t i = 0; i < f->count; i++)
		forget(&f->files[i]);
	pthread_cond_destroy(&f->woken);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

bool leasefiles_find(struct leasefiles *f, const struct ip *ip, uint32_t at_s,
		     struct lease *ret_lease)
{
	const struct leases *known[LEASEFILES_MAX];
	size_t count = 0;
	bool found;

	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->count; i++)
		if (f->files[i].leases)
			known[count++] = f->files[i].leases;
	found = leases_find(known, count, ip, at_s, ret_lease);
	pthread_mutex_unlock(&f->lock);
	return found;
}
