/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last good version of each list, as a file of its own below the state directory, written
 * whole or not at all.
 */
#ifndef DAEMON_KEEP_H
#define DAEMON_KEEP_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

/* Makes the directory, mode 0700, for `uid` and `gid`, and those above it, which stay the caller's
 * and which others may pass.  Fine when it is there, whoever has it.  ERR_SYS with `text`. */
enum err keep_prepare(const char *directory, uid_t uid, gid_t gid,
		      struct err_text *text) MUST_CHECK;

/* Warns when the directory cannot be used by the user of the process: another made it. */
void keep_check(const char *directory);

/* The path of the kept version of list `name`. */
void keep_path(const char *directory, const char *name, char ret_path[PATH_MAX]);

/* True when the two are the same version of a file: device, inode, size and times. */
bool keep_same_version(const struct stat *a, const struct stat *b);

/*
 * Copies `file` there, when it still is the version `seen` and the kept one is another (by size
 * and time).  ERR_SYS, or ERR_REFUSED when it has changed since, with `text`.
 */
enum err keep_store(const char *directory, const char *name, const char *file,
		    const struct stat *seen, struct err_text *text) MUST_CHECK;

#endif
