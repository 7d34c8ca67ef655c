/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files, which end. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

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

#endif
