/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event says no more than that it is worth looking: once it has been quiet for a second, all
 * watches are made anew, and then the files are held against what they were.  So links and
 * directories that were exchanged are followed, and an event that was lost is no harm.
 */
#include "system/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "system/watch_path.h"

#define SETTLE_MS 1000U
#define SETTLE_MAX_MS 10000U /* where it never is quiet */
#define LOOK_S 10
#define EVENTS_OCTETS 16384
#define EVENTS                                                                                     \
	(IN_ATTRIB | IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM |          \
	 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)

struct watched_file {
	char *path;
	struct stat seen; /* st_ino 0: there is none */
};

/* An entry of a directory that is watched. */
struct watched_entry {
	int descriptor; /* of the directory */
	char *name;
};

struct watch {
	struct event_base *base;
	watch_fn *changed;
	void *arg;
	int fd; /* -1: inotify cannot be had */
	struct event *readable;
	struct event *settled;
	struct event *look;
	uint64_t stirred_ms; /* the first event since it was quiet; 0: it is */
	bool told;	     /* that not all can be watched */
	size_t file_count;
	struct watched_file *files;
	size_t entry_count;
	struct watched_entry *entries;
};

/* ---- what the files are */

static struct stat look_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st : (struct stat){.st_ino = 0};
}

void watch_look(struct watch *watch)
{
	for (size_t i = 0; i < watch->file_count; i++)
		watch->files[i].seen = look_at(watch->files[i].path);
}

/* The first that is not what it was; all of them are looked at. */
static const char *find_changed(struct watch *watch)
{
	const char *changed = NULL;

	for (size_t i = watch->file_count; i-- > 0;) {
		struct watched_file *file = &watch->files[i];
		struct stat now = look_at(file->path);

		if (!file_same_version(&now, &file->seen))
			changed = file->path;
		file->seen = now;
	}
	return changed;
}

/* ---- inotify */

static void disarm(struct watch *watch)
{
	if (watch->readable)
		event_free(watch->readable);
	watch->readable = NULL;
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
	for (size_t i = 0; i < watch->entry_count; i++)
		free(watch->entries[i].name);
	free(watch->entries);
	watch->entries = NULL;
	watch->entry_count = 0;
}

static void tell_unwatched(struct watch *watch, const char *what)
{
	if (!watch->told)
		log_warning("watch: %s: %s%s; the files are looked at every %d seconds", what,
			    strerror(errno),
			    errno == ENOSPC ? " (sysctl fs.inotify.max_user_watches)"
			    : errno == EMFILE
				    ? " (sysctl fs.inotify.max_user_instances, or open files)"
				    : "",
			    LOOK_S);
	watch->told = true;
}

static void watch_entry(void *arg, const char *dir, const char *name)
{
	struct watch *watch = arg;
	int descriptor = inotify_add_watch(watch->fd, dir, EVENTS | IN_ONLYDIR);
	struct watched_entry *entries;
	char *copy;

	if (descriptor < 0) {
		tell_unwatched(watch, dir);
		return;
	}
	entries = realloc(watch->entries, (watch->entry_count + 1) * sizeof(*entries));
	if (!entries)
		return; /* it is looked at every few seconds */
	watch->entries = entries;
	copy = strdup(name);
	if (copy)
		entries[watch->entry_count++] = (struct watched_entry){descriptor, copy};
}

static void stir(struct watch *watch)
{
	uint64_t now_ms = clock_ms();
	struct timeval delay = {.tv_usec = (SETTLE_MS - 1) * 1000};

	if (watch->stirred_ms == 0)
		watch->stirred_ms = now_ms;
	if (now_ms - watch->stirred_ms < SETTLE_MAX_MS - SETTLE_MS)
		event_add(watch->settled, &delay);
}

static bool concerns(const struct watch *watch, const struct inotify_event *event)
{
	if (event->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
		return true;
	for (size_t i = 0; i < watch->entry_count && event->len > 0; i++)
		if (watch->entries[i].descriptor == event->wd &&
		    strcmp(watch->entries[i].name, event->name) == 0)
			return true;
	return false;
}

/* One buffer a turn: where others write beside the files all the time, signals still have their
 * turn. */
static void on_events(evutil_socket_t fd, short what, void *arg)
{
	_Alignas(struct inotify_event) char buf[EVENTS_OCTETS];
	struct watch *watch = arg;
	ssize_t len = read(fd, buf, sizeof(buf));
	const struct inotify_event *event;
	bool concerned = false;

	(void)what;
	for (ssize_t at = 0; at < len && !concerned; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(const void *)(buf + at);
		concerned = concerns(watch, event);
	}
	if (concerned)
		stir(watch);
}

/* Watches what the paths lead through now. */
static void arm(struct watch *watch)
{
	disarm(watch);
	if (watch->file_count == 0)
		return;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0) {
		tell_unwatched(watch, "inotify");
		return;
	}
	for (size_t i = 0; i < watch->file_count; i++)
		watch_path_walk(watch->files[i].path, watch_entry, watch);
	watch->readable = event_new(watch->base, watch->fd, EV_READ | EV_PERSIST, on_events, watch);
	if (!watch->readable || event_add(watch->readable, NULL) != 0)
		disarm(watch);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;
	const char *changed;

	(void)fd;
	(void)what;
	watch->stirred_ms = 0;
	arm(watch);
	changed = find_changed(watch);
	if (changed)
		watch->changed(watch->arg, changed);
}

/* For what no event tells of. */
static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < watch->file_count && watch->stirred_ms == 0; i++) {
		struct stat now = look_at(watch->files[i].path);

		if (!file_same_version(&now, &watch->files[i].seen))
			stir(watch);
	}
}

/* ---- what is watched */

enum err watch_create(struct event_base *base, watch_fn *changed, void *arg,
		      struct watch **ret_watch)
{
	static const struct timeval often = {.tv_sec = LOOK_S};
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return ERR_NOMEM;
	watch->base = base;
	watch->changed = changed;
	watch->arg = arg;
	watch->fd = -1;
	watch->settled = evtimer_new(base, on_settled, watch);
	watch->look = event_new(base, -1, EV_PERSIST, on_look, watch);
	if (!watch->settled || !watch->look || event_add(watch->look, &often) != 0) {
		watch_free(watch);
		return ERR_NOMEM;
	}
	*ret_watch = watch;
	return ERR_OK;
}

static void files_free(struct watched_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(files[i].path);
	free(files);
}

static struct stat seen_before(const struct watch *watch, const char *path)
{
	for (size_t i = 0; i < watch->file_count; i++)
		if (strcmp(watch->files[i].path, path) == 0)
			return watch->files[i].seen;
	return look_at(path);
}

enum err watch_set(struct watch *watch, const char *const *paths, size_t count)
{
	struct watched_file *files = calloc(count + 1, sizeof(*files));

	if (!files)
		return ERR_NOMEM;
	for (size_t i = 0; i < count; i++) {
		files[i].path = strdup(paths[i]);
		if (!files[i].path) {
			files_free(files, i);
			return ERR_NOMEM;
		}
		files[i].seen = seen_before(watch, paths[i]);
	}
	files_free(watch->files, watch->file_count);
	watch->files = files;
	watch->file_count = count;
	arm(watch);
	on_look(-1, 0, watch); /* what has changed before it was watched */
	return ERR_OK;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	disarm(watch);
	if (watch->settled)
		event_free(watch->settled);
	if (watch->look)
		event_free(watch->look);
	files_free(watch->files, watch->file_count);
	free(watch);
}
