/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The coding of a body (RFC 9110, 8.4.1) taken off as it comes: what is kept is the list itself.
 * libcurl could do it; here a stream that ends too early is refused for certain.
 */
#ifndef FETCH_DECODE_H
#define FETCH_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "base/err.h"

struct decode {
	bool coded; /* by gzip; false: it comes as it is */
	bool begun; /* `gzip` is to be freed */
	bool whole; /* it may end here */
	z_stream gzip;
};

/* Given what comes out, in order; what it fails with ends the decoding. */
typedef enum err decode_fn(void *arg, const void *data, size_t len);

/* ERR_NOMEM. */
enum err decode_init(struct decode *decode, bool coded) MUST_CHECK;

/* Takes the next octets, any.  ERR_SYNTAX: they are damaged; what `out` fails with. */
enum err decode_add(struct decode *decode, const uint8_t *data, size_t len, decode_fn *out,
		    void *arg) MUST_CHECK;

/* False: more has to come. */
bool decode_is_whole(const struct decode *decode);

/* All zero is fine. */
void decode_fini(struct decode *decode);

#endif
