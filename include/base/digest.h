/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4) of what comes piece by piece, as text. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

#include "base/err.h"

#define DIGEST_TEXT_MAX 65 /* 64 hexadecimal digits, and NUL */

struct digest;

/* A digest of nothing so far.  One thread at a time.  ERR_NOMEM. */
enum err digest_create(struct digest **ret_digest) MUST_CHECK;
void digest_free(struct digest *digest);

/* Begins anew. */
void digest_reset(struct digest *digest);

/* Takes `len` octets more. */
void digest_add(struct digest *digest, const void *data, size_t len);

/* The digest of all that was added, after which only digest_reset may come.  ERR_NOMEM when an
 * earlier step failed. */
enum err digest_text(struct digest *digest, char ret_text[DIGEST_TEXT_MAX]) MUST_CHECK;

#endif
