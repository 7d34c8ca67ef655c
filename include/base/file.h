/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files, which end. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

/* Opens the regular file at `path` for reading.  ERR_SYS: errno says why it cannot be; EISDIR: a
 * directory, EINVAL: no regular file either.  Any thread. */
enum err file_open(const char *path, int *ret_fd) MUST_CHECK;

/*
 * Reads the regular file at `path`, `max` octets of it at most, and ends them by a NUL that
 * `ret_len` does not count; the file may have others.  Whatever the file does meanwhile, no more
 * is read, and a pipe or a terminal, which may never end, not at all.  The caller frees
 * `ret_text` by free().  Any thread.
 * ERR_SYS: errno says why it cannot be read, as by file_open.
 * ERR_RANGE: it is larger than `max`.  ERR_NOMEM.
 */
enum err file_read(const char *path, size_t max, char **ret_text, size_t *ret_len) MUST_CHECK;

/* True when the file has these octets and no others; false as well when it cannot be read.  Any
 * thread. */
bool file_holds(const char *path, const void *data, size_t len);

/* Hands all octets from where `fd` stands to its end to `take`, in pieces.  False: it could not be
 * read to its end.  Any thread. */
bool file_each(int fd, void (*take)(void *arg, const void *data, size_t len), void *arg);

/* Writes all of it to `fd`.  ERR_SYS: errno says why it could not be; then `fd` may have some of
 * it. Any thread. */
enum err file_write(int fd, const void *data, size_t len) MUST_CHECK;

/* What errno says when file_open or file_read has failed, in words.  Any thread. */
const char *file_reason(int error);

/* True when the two are the same version of a file: device, inode, size and times. */
bool file_same_version(const struct stat *a, const struct stat *b);

/* True when the kernel says that somebody has the file open for writing.  It says so only to who
 * owns the file, and not on every file system.  `fd` is open for reading alone.  Any thread. */
bool file_has_writer(int fd);

/*
 * Puts `len` octets in the place of the file at `path` (mode 0600), whole or not at all, and
 * returns when they are on the disk.  A directory must be there.  ERR_SYS: errno says why it could
 * not be; then the former file is as it was.  Any thread; blocks.
 */
enum err file_replace(const char *path, const void *data, size_t len) MUST_CHECK;

/* Gives the new file at `from`, which is written, the name `path`; both are on the disk then, in
 * one directory.  ERR_SYS with errno. */
enum err file_rename(const char *from, const char *path) MUST_CHECK;

/* Removes the file, for good: that is on the disk, too.  ERR_SYS: errno says why. */
enum err file_remove(const char *path) MUST_CHECK;

#endif
