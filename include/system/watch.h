/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are watched for changes: also such as are not there yet, that others are renamed over,
 * and that symbolic links lead to, whichever of the links is exchanged (inotify(7)).  Directories
 * are watched, not files.  Where that is not possible (a limit, a directory that cannot be read, a
 * file system that tells nothing) files are looked at every ten seconds.
 * All functions are the main thread's.
 */
#ifndef SYSTEM_WATCH_H
#define SYSTEM_WATCH_H

#include <event2/event.h>
#include <stddef.h>

#include "base/err.h"

struct watch;

/* `path` is no longer the file that it was when it was last looked at, and nothing has happened
 * to any of the files for a second. */
typedef void watch_fn(void *arg, const char *path);

/* Watches nothing yet.  ERR_NOMEM. */
enum err watch_create(struct event_base *base, watch_fn *changed, void *arg,
		      struct watch **ret_watch) MUST_CHECK;

/*
 * Watches these `count` paths (copied) from now on.  Those that were watched before are still held
 * against what they were when they were last looked at; so a change is told that comes between.
 * ERR_NOMEM: those before stay.
 */
enum err watch_set(struct watch *watch, const char *const *paths, size_t count) MUST_CHECK;

/* Looks at all files: what has changed until now is not told any more. */
void watch_look(struct watch *watch);

/* NULL is fine. */
void watch_free(struct watch *watch);

#endif
