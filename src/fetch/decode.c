/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch/decode.h"

#define GZIP_ALONE (16 + MAX_WBITS) /* of inflateInit2: a gzip header, nothing else */
#define OUT_OCTETS 16384U

enum err decode_init(struct decode *decode, bool coded)
{
	*decode = (struct decode){.coded = coded};
	if (coded && inflateInit2(&decode->gzip, GZIP_ALONE) != Z_OK)
		return ERR_NOMEM;
	decode->begun = coded;
	return ERR_OK;
}

/* Once through `out`.  A body may be several members, one behind the other (RFC 1952, 2.2). */
static enum err step(struct decode *decode, decode_fn *out, void *arg)
{
	z_stream *z = &decode->gzip;
	uint8_t buf[OUT_OCTETS];
	int rc;

	if (decode->whole && inflateReset(z) != Z_OK)
		return ERR_SYNTAX;
	z->next_out = buf;
	z->avail_out = sizeof(buf);
	rc = inflate(z, Z_NO_FLUSH);
	decode->whole = rc == Z_STREAM_END;
	if (rc == Z_MEM_ERROR)
		return ERR_NOMEM;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return ERR_SYNTAX;
	return z->avail_out < sizeof(buf) ? out(arg, buf, sizeof(buf) - z->avail_out) : ERR_OK;
}

enum err decode_add(struct decode *decode, const uint8_t *data, size_t len, decode_fn *out,
		    void *arg)
{
	z_stream *z = &decode->gzip;
	enum err err = ERR_OK;

	if (!decode->coded || len == 0)
		return len > 0 ? out(arg, data, len) : ERR_OK;
	z->next_in = (z_const Bytef *)(uintptr_t)data;
	z->avail_in = (uInt)len;
	/* where the buffer was filled, there may be more */
	do
		err = step(decode, out, arg);
	while (err == ERR_OK && (z->avail_in > 0 || (z->avail_out == 0 && !decode->whole)));
	return err;
}

bool decode_is_whole(const struct decode *decode)
{
	return !decode->coded || decode->whole;
}

void decode_fini(struct decode *decode)
{
	if (decode->begun)
		(void)inflateEnd(&decode->gzip);
	decode->begun = false;
}
