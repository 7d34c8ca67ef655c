/* SPDX-License-Identifier: BSD-2-Clause */
/* What a path leads through. */
#ifndef SYSTEM_WATCH_PATH_H
#define SYSTEM_WATCH_PATH_H

/*
 * An entry `name` of the directory `dir` (a path without symbolic links) decides what a path leads
 * to: a symbolic link, the file at its end, or what is not there and would be either.  Both are
 * valid during the call.
 */
typedef void watch_entry_fn(void *arg, const char *dir, const char *name);

/* Calls `fn` for each entry that decides what `path` leads to, from its beginning on. */
void watch_path_walk(const char *path, watch_entry_fn *fn, void *arg);

#endif
