/* SPDX-License-Identifier: BSD-2-Clause */
/* Mistakes in the configuration, told with their place. */
#ifndef CONF_ERROR_H
#define CONF_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"

#define CONF_QUOTED_MAX 80 /* octets of the file's own text that a message shows */

/* Where the reading is: the file, and the option as "lists[2].sinkhole". */
struct conf_place {
	const char *file;
	struct conf_mistakes *found;
	char option[192];
	size_t len; /* of option */
	bool nomem; /* memory ran out: what was read is not whole */
};

/* Adds ".key", or "[index]", to the option; returns the length to give to conf_place_leave. */
size_t conf_place_enter(struct conf_place *place, const char *key);
size_t conf_place_index(struct conf_place *place, size_t index);
void conf_place_leave(struct conf_place *place, size_t len);

/* True when there is no use in reading on: memory ran out, or there is no room for mistakes. */
bool conf_place_full(const struct conf_place *place);

/* Adds a mistake, with file, mark and option before the reason; returns ERR_CONFIG. */
enum err conf_fail(struct conf_place *place, struct conf_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for want of memory, which leaves no other mistake; returns ERR_NOMEM. */
enum err conf_fail_nomem(struct conf_place *place);

/* A failure of the whole file: writes "FILE: reason" and returns `err`. */
enum err conf_fail_file(const char *file, struct err_text *text, enum err err, const char *reason);

/* Why file_read has failed for a file that may have CONF_FILE_MAX octets; errno is as it left it.
 */
const char *conf_file_reason(enum err err);

/* `text` in quotes, cut and without control characters; returns `buf`. */
const char *conf_quoted(char buf[CONF_QUOTED_MAX], const char *text);

#endif
