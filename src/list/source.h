/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The octets of a list file, decompressed where it is gzip, xz or zstd: which it is, is told by
 * its first octets, never by its name.
 */
#ifndef LIST_SOURCE_H
#define LIST_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A file that comes to more octets is refused: a list of so many would not fit into a set. */
#define SOURCE_BYTES_MAX (2ULL << 30)

struct source;

/* Given every octet that is read of the file, compressed as it is, in order. */
typedef void source_fn(void *arg, const void *data, size_t len);

/*
 * Opens the file.  `taken` may be NULL.  ERR_SYS (it is not there, a directory, a pipe) with
 * `text`, ERR_NOMEM.
 */
enum err source_open(const char *path, source_fn *taken, void *arg, struct source **ret_source,
		     struct err_text *text) MUST_CHECK;

/* The file is refused when it comes to more than so many octets, at most SOURCE_BYTES_MAX. */
void source_set_max(struct source *source, uint64_t max_bytes);

/* The open file; it stays the source's. */
int source_fd(const struct source *source);

/*
 * Reads at most `size` octets; 0 of them at the end.  ERR_SYS: an I/O error.  ERR_REFUSED: the
 * compressed data is damaged, ends too early, or comes to more than it may.  Both with
 * `text`.
 */
enum err source_read(struct source *source, uint8_t *buf, size_t size, size_t *ret_len,
		     struct err_text *text) MUST_CHECK;

/* Octets of the file read so far. */
uint64_t source_file_bytes(const struct source *source);

/* NULL is fine. */
void source_close(struct source *source);

#endif
