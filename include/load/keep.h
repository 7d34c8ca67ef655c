/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last good version of each list, as a file of its own below the state directory, written
 * whole or not at all.
 */
#ifndef LOAD_KEEP_H
#define LOAD_KEEP_H

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

/* True when the kept version is that of `file`, by size and time. */
bool keep_has(const char *directory, const char *name, const struct stat *file);

/* True when the last line of the kept version has a newline. */
bool keep_ends_well(const char *directory, const char *name);

/*
 * A new version is written beside the kept one while the list is read, and takes its place when the
 * list is in force: what is kept are the very octets that were read.  Each in turn; ERR_SYS with
 * `text`, and then nothing is left but the version before.
 *
 * keep_begin opens it for writing; keep_end has what was written to the disk, with the time of the
 * file that it is of, and closes `fd`; keep_commit puts it in its place.
 */
enum err keep_begin(const char *directory, const char *name, int *ret_fd,
		    struct err_text *text) MUST_CHECK;
enum err keep_end(const char *directory, const char *name, int fd, const struct stat *version,
		  struct err_text *text) MUST_CHECK;
enum err keep_commit(const char *directory, const char *name, struct err_text *text) MUST_CHECK;

/* Drops it, begun or ended. */
void keep_drop(const char *directory, const char *name);

#endif
