/* SPDX-License-Identifier: BSD-2-Clause */
/* Failures of the configuration, told with their place. */
#ifndef CONF_ERROR_H
#define CONF_ERROR_H

#include <stddef.h>

#include "base/err.h"

#define CONF_QUOTED_MAX 80 /* octets of the file's own text that a message shows */

/* Where the reading is: the file, and the option as "lists[2].sinkhole". */
struct conf_place {
	const char *file;
	struct err_text *text;
	char option[192];
	size_t len; /* of option */
};

/* A place in the text, from 1; line 0: none. */
struct conf_mark {
	size_t line;
	size_t column;
};

/* Adds ".key", or "[index]", to the option; returns the length to give to conf_place_leave. */
size_t conf_place_enter(struct conf_place *place, const char *key);
size_t conf_place_index(struct conf_place *place, size_t index);
void conf_place_leave(struct conf_place *place, size_t len);

/* Tells the failure with file, mark and option before the reason; returns ERR_CONFIG. */
enum err conf_fail(const struct conf_place *place, struct conf_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for want of memory; returns ERR_NOMEM. */
enum err conf_fail_nomem(const struct conf_place *place);

/* `text` in quotes, cut and without control characters; returns `buf`. */
const char *conf_quoted(char buf[CONF_QUOTED_MAX], const char *text);

#endif
