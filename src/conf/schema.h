/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows as data, and the texts of a file as libcyaml reads them by the same rows. */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stddef.h>

#include "base/err.h"
#include "conf/error.h"
#include "conf/type.h"

/* The rows of the whole file. */
extern const struct conf_section conf_section_main;

/*
 * Has libcyaml read the text.  `*ret_raw` is laid out as the raw offsets of the rows say: a text
 * is a char *, a list an array of those with a uint32_t count, a section a pointer to its own, a
 * list of sections an array of them with a count; NULL where the file says nothing.  The caller
 * gives it to conf_raw_free.  ERR_CONFIG, ERR_NOMEM.
 */
enum err conf_raw_load(const struct conf_place *place, const char *yaml, size_t len,
		       void **ret_raw) MUST_CHECK;
void conf_raw_free(void *raw);

#endif
