/* SPDX-License-Identifier: BSD-2-Clause */
/* What was said by command, kept over restarts: manual.json of the state directory. */
#ifndef MANUAL_STORE_H
#define MANUAL_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "manual/manual.h"

#define MANUAL_TEXT_MAX (8U * 1024 * 1024) /* octets of the file */

/* Reads the `len` octets of such a file; `ret_manual` is overwritten.  What is wrong in any part
 * has nothing read.  ERR_SYNTAX with `text`, ERR_NOMEM.  Any thread. */
enum err manual_parse(const char *data, size_t len, struct manual *ret_manual,
		      struct err_text *text) MUST_CHECK;

/* False: the directory is another user's, and nobody can tell what was kept in it.  Any thread. */
bool manual_can_read(const char *directory);

/* Reads the file below `directory`; "", no such file, or a directory that cannot be read: there are
 * no entries.  ERR_SYS, ERR_SYNTAX, ERR_NOMEM with `text`. */
enum err manual_read(const char *directory, struct manual *ret_manual,
		     struct err_text *text) MUST_CHECK;

/* What begins in a process: a copy of what another one has handed on, or, where that is NULL, what
 * is read below `directory`.  As manual_read. */
enum err manual_begin(const struct manual *handed, const char *directory, struct manual *ret_manual,
		      struct err_text *text) MUST_CHECK;

/* As a file in memory, for another process; -1: there is none to be had. */
int manual_to_memory(const struct manual *manual);

/* Reads one such, of which `fd` stays the caller's; as manual_parse, and ERR_SYS. */
enum err manual_from_memory(int fd, struct manual *ret_manual, struct err_text *text) MUST_CHECK;

/* Puts it on the disk, whole or not at all.  ERR_NOTFOUND: `directory` is "".  ERR_SYS, ERR_NOMEM
 * with `text`; then the file is as it was.  Blocks. */
enum err manual_write(const char *directory, const struct manual *manual,
		      struct err_text *text) MUST_CHECK;

#endif
