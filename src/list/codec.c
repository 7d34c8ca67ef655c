/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/codec.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/table.h"

#define GZIP_ALONE (16 + MAX_WBITS) /* of inflateInit2: a gzip header, nothing else */
#define ZSTD_WINDOW_LOG_MAX 27	    /* 128 MiB */

enum codec_kind { CODEC_GZIP, CODEC_XZ, CODEC_ZSTD, CODEC_COUNT };

#define KINDS(X)                                                                                   \
	X(CODEC_GZIP, {"gzip", "\x1f\x8b\x08", 3})                                                 \
	X(CODEC_XZ, {"xz", "\xfd\x37zXZ\0", 6})                                                    \
	X(CODEC_ZSTD, {"zstd", "\x28\xb5\x2f\xfd", 4})

static const struct {
	const char *name;
	const char *magic;
	size_t magic_len;
} kinds[] = {KINDS(TABLE_ROW)};
TABLE_COMPLETE(KINDS, CODEC_COUNT);

struct codec {
	enum codec_kind kind;
	bool whole; /* the data may end here */
	z_stream gzip;
	lzma_stream xz;
	ZSTD_DStream *zstd;
};

static enum err begin(struct codec *codec)
{
	switch (codec->kind) {
	case CODEC_GZIP:
		return inflateInit2(&codec->gzip, GZIP_ALONE) == Z_OK ? ERR_OK : ERR_NOMEM;
	case CODEC_XZ:
		codec->xz = (lzma_stream)LZMA_STREAM_INIT;
		return lzma_stream_decoder(&codec->xz, CODEC_MEMORY_MAX, LZMA_CONCATENATED) ==
				       LZMA_OK
			       ? ERR_OK
			       : ERR_NOMEM;
	default:
		codec->zstd = ZSTD_createDStream();
		if (!codec->zstd)
			return ERR_NOMEM;
		(void)ZSTD_DCtx_setParameter(codec->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
		return ERR_OK;
	}
}

enum err codec_create(const uint8_t *magic, size_t len, struct codec **ret_codec)
{
	struct codec *codec;
	unsigned int kind = 0;
	enum err err;

	while (kind < CODEC_COUNT && (len < kinds[kind].magic_len ||
				      memcmp(magic, kinds[kind].magic, kinds[kind].magic_len) != 0))
		kind++;
	if (kind == CODEC_COUNT) {
		*ret_codec = NULL;
		return ERR_OK;
	}
	codec = calloc(1, sizeof(*codec));
	if (!codec)
		return ERR_NOMEM;
	codec->kind = (enum codec_kind)kind;
	err = begin(codec);
	if (err == ERR_OK)
		*ret_codec = codec;
	else
		codec_free(codec);
	return err;
}

void codec_free(struct codec *codec)
{
	if (!codec)
		return;
	if (codec->kind == CODEC_GZIP)
		(void)inflateEnd(&codec->gzip);
	else if (codec->kind == CODEC_XZ)
		lzma_end(&codec->xz);
	else
		(void)ZSTD_freeDStream(codec->zstd);
	free(codec);
}

/* A file may be several such streams, one behind the other (RFC 1952, 2.2). */
static enum err run_gzip(struct codec *codec, struct codec_step *step)
{
	z_stream *z = &codec->gzip;
	int rc = Z_OK;

	if (codec->whole && step->in_len > 0 && inflateReset(z) != Z_OK)
		return ERR_REFUSED;
	z->next_in = (z_const Bytef *)(uintptr_t)step->in;
	z->avail_in = (uInt)step->in_len;
	z->next_out = step->out;
	z->avail_out = (uInt)step->out_len;
	rc = inflate(z, Z_NO_FLUSH);
	codec->whole = rc == Z_STREAM_END || (codec->whole && step->in_len == 0);
	step->in = z->next_in;
	step->in_len = z->avail_in;
	step->out = z->next_out;
	step->out_len = z->avail_out;
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? ERR_OK : ERR_REFUSED;
}

static enum err run_xz(struct codec *codec, struct codec_step *step)
{
	lzma_stream *x = &codec->xz;
	lzma_ret rc;

	x->next_in = step->in;
	x->avail_in = step->in_len;
	x->next_out = step->out;
	x->avail_out = step->out_len;
	/* with no input left, it is asked whether the data may end here */
	rc = lzma_code(x, step->in_len > 0 ? LZMA_RUN : LZMA_FINISH);
	codec->whole = rc == LZMA_STREAM_END;
	step->in = x->next_in;
	step->in_len = x->avail_in;
	step->out = x->next_out;
	step->out_len = x->avail_out;
	return rc == LZMA_OK || rc == LZMA_STREAM_END || rc == LZMA_BUF_ERROR ? ERR_OK
									      : ERR_REFUSED;
}

static enum err run_zstd(struct codec *codec, struct codec_step *step)
{
	ZSTD_inBuffer in = {step->in, step->in_len, 0};
	ZSTD_outBuffer out = {step->out, step->out_len, 0};
	size_t left = 0;

	if (step->in_len == 0 && codec->whole)
		return ERR_OK;
	left = ZSTD_decompressStream(codec->zstd, &out, &in);
	if (ZSTD_isError(left))
		return ERR_REFUSED;
	codec->whole = left == 0;
	step->in += in.pos;
	step->in_len -= in.pos;
	step->out += out.pos;
	step->out_len -= out.pos;
	return ERR_OK;
}

enum err codec_run(struct codec *codec, struct codec_step *step, bool *ret_whole)
{
	enum err err;

	if (codec->kind == CODEC_GZIP)
		err = run_gzip(codec, step);
	else if (codec->kind == CODEC_XZ)
		err = run_xz(codec, step);
	else
		err = run_zstd(codec, step);
	*ret_whole = codec->whole;
	return err;
}

const char *codec_name(const struct codec *codec)
{
	return kinds[codec->kind].name;
}
