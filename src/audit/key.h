/* SPDX-License-Identifier: BSD-2-Clause */
/* What signs the end of an audit log (Ed25519, RFC 8032), and what proves that it did. */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/line.h"

#define SIGNATURE_TEXT_MAX 129 /* 64 octets, as hexadecimal digits, and NUL */

struct key;

/* The key at `path` (mode 0600), made when there is none; then the public one goes to
 * `public_path`. ERR_SYS, ERR_SYNTAX, ERR_NOMEM with `text`. */
enum err key_open(const char *path, const char *public_path, struct key **ret_key,
		  struct err_text *text) MUST_CHECK;

/* A public key.  Errors as of key_open. */
enum err key_read_public(const char *path, struct key **ret_key, struct err_text *text) MUST_CHECK;
void key_free(struct key *key);

/* Signs where a log ends.  ERR_NOMEM. */
enum err key_sign(struct key *key, const struct line_end *end,
		  char ret_signature[SIGNATURE_TEXT_MAX]) MUST_CHECK;

/* True when the signature is one of that end by the key's owner. */
bool key_proves(struct key *key, const struct line_end *end, const char *signature);

/* The end that the checkpoint in the file at `path` is of; false, with nothing filled in: it is
 * none that was signed by the key's owner. */
bool key_read_checkpoint(struct key *key, const char *path, struct line_end *ret_end);

#endif
