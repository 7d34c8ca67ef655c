/* SPDX-License-Identifier: BSD-2-Clause */
/* A file read whole. */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "conf/error.h"

/*
 * Reads the text file `place->file`, CONF_FILE_MAX octets at most, and ends it by NUL.  The
 * caller frees it by free().
 * ERR_SYS: it cannot be read, or is not a regular file.  ERR_CONFIG: it is too large, or not
 * text.  ERR_NOMEM.
 */
enum err conf_file_read(const struct conf_place *place, char **ret_text,
			size_t *ret_len) MUST_CHECK;

#endif
