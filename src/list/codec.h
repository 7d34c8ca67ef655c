/* SPDX-License-Identifier: BSD-2-Clause */
/* One interface to the libraries that decompress: zlib, liblzma, libzstd.  Streams, no I/O. */
#ifndef LIST_CODEC_H
#define LIST_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CODEC_MAGIC_MAX 6U		/* octets by which a format is told */
#define CODEC_MEMORY_MAX (128ULL << 20) /* octets that decompressing may take */

struct codec;

/* The decompressor for data that begins so; NULL when it is none of theirs.  ERR_NOMEM. */
enum err codec_create(const uint8_t *magic, size_t len, struct codec **ret_codec) MUST_CHECK;

/* NULL is fine. */
void codec_free(struct codec *codec);

/* What goes in, and where to: both are moved on by what was used. */
struct codec_step {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

/*
 * Goes on until the input is used up or the room is full.  `ret_whole`: nothing is left over, the
 * data may end here.  ERR_REFUSED: it is damaged, or needs more memory than CODEC_MEMORY_MAX.
 */
enum err codec_run(struct codec *codec, struct codec_step *step, bool *ret_whole) MUST_CHECK;

/* "gzip", "xz", "zstd" */
const char *codec_name(const struct codec *codec);

#endif
