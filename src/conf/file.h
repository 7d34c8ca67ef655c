/* SPDX-License-Identifier: BSD-2-Clause */
/* A file read whole. */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include <stddef.h>

#include "base/err.h"

/*
 * Reads the text file `path`, CONF_FILE_MAX octets at most, and ends it by NUL.  The caller frees
 * it by free().  `text` (may be NULL) is filled on failure, as conf_load fills it.
 * ERR_SYS: it cannot be read, or is not a regular file.  ERR_CONFIG: it is too large, or not
 * text.  ERR_NOMEM.
 */
enum err conf_file_read(const char *path, char **ret_content, size_t *ret_len,
			struct err_text *text) MUST_CHECK;

#endif
