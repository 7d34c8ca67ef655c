/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last good version of each list, as a file of its own below the state directory, written
 * whole or not at all.
 */
#ifndef KEEP_KEEP_H
#define KEEP_KEEP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
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

/* The path of the record of mandatory list `name`, by which the kept version is read as it was. */
void keep_record_path(const char *directory, const char *name, char ret_path[PATH_MAX]);

/* True when the last line of the kept version has a newline. */
bool keep_ends_well(const char *directory, const char *name);

/*
 * A copy of what is read of list `name`.  As long as that is what is kept already it is only
 * compared; from the first octet that differs it is written beside the kept version, whose place it
 * takes when the list is in force: what is kept are the very octets that were read.  By a file's
 * size and times nobody could tell: they can be those of another one.
 */
struct keep_copy {
	const char *directory; /* borrowed, as the name */
	const char *name;
	int kept_fd;	/* of the kept version, while nothing differs; -1: of none */
	int fd;		/* of the new version; -1: none was needed so far */
	off_t compared; /* octets that do not differ */
	int failed;	/* the errno by which the copy went wrong, or 0 */
};

/* Begins a copy, which keep_end ends; takes what was read next. */
void keep_begin(const char *directory, const char *name, struct keep_copy *ret_copy);
void keep_take(struct keep_copy *copy, const void *data, size_t len);

/*
 * Ends the copy.  With `wanted` a new version has been written to the disk, if there is one
 * (`ret_new`): keep_commit puts it in its place, keep_drop drops it.  Otherwise, and on failure,
 * nothing is left but the version before.  ERR_SYS with `text`.
 */
enum err keep_end(struct keep_copy *copy, bool wanted, bool *ret_new,
		  struct err_text *text) MUST_CHECK;
enum err keep_commit(const char *directory, const char *name, struct err_text *text) MUST_CHECK;
void keep_drop(const char *directory, const char *name);

#endif
