/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of the copy of a list, in a file beside it: by which the server is asked whether
 * there is another one (RFC 9110, 13.1).  It holds only for the very copy that it was written of:
 * after a crash between the two files, or when somebody has written to the copy, all is asked for
 * anew.
 */
#ifndef FETCH_KEPT_H
#define FETCH_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

#define KEPT_URL_MAX 2048
#define KEPT_FIELD_MAX 512 /* a longer field is as good as none */
#define KEPT_TEXT_MAX (KEPT_URL_MAX + 2 * KEPT_FIELD_MAX + 512)

struct kept {
	char url[KEPT_URL_MAX];	       /* whence the copy is; "": there is none */
	char etag[KEPT_FIELD_MAX];     /* ETag as the server has sent it; "": it has not */
	char modified[KEPT_FIELD_MAX]; /* Last-Modified, likewise */
	uint64_t checked_s;	       /* Unix time: when the server last said that it is current */
	uint64_t changed_s;	       /* when it became what it is */
	uint64_t size;		       /* of the copy, as the next two */
	uint64_t inode;
	uint64_t mtime_ns;
	uint64_t unused_s; /* since when no list has it; 0: one has */
};

/* Reads what kept_format has written.  ERR_SYNTAX: it is not that.  Any octets may come. */
enum err kept_parse(const char *text, size_t len, struct kept *ret_kept) MUST_CHECK;

/* Writes it as text; returns its length. */
size_t kept_format(const struct kept *kept, char buf[KEPT_TEXT_MAX]);

/* Takes on which file the copy is; true when it is that. */
void kept_set_file(struct kept *kept, const struct stat *st);
bool kept_is_of(const struct kept *kept, const struct stat *st);

/* What the file at `path` says of the copy at `copy`, that came from `url`; all zero: nothing. */
struct kept kept_read(const char *path, const char *copy, const char *url);

/* Writes the file, whole or not at all.  ERR_SYS with errno. */
enum err kept_write(const char *path, const struct kept *kept) MUST_CHECK;

#endif
