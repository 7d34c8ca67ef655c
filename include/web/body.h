/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes in requests: JSON objects with texts for values. */
#ifndef WEB_BODY_H
#define WEB_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Finds the text `key` in the object that the `len` octets of `data` are, and copies it to `buf`.
 * ERR_SYNTAX: no JSON object, or the key is given twice, or its value is no text.  ERR_NOTFOUND: it
 * has no such key.  ERR_RANGE: the text does not fit, or has a NUL.  Any thread.
 */
enum err body_text(const char *data, size_t len, const char *key, char *buf,
		   size_t size) MUST_CHECK;

/* Finds whether `key` is true in such an object; it is not where it is missing, nor in no octets at
 * all.  ERR_SYNTAX: no JSON object, or its value is neither true nor false. */
enum err body_flag(const char *data, size_t len, const char *key, bool *ret_flag) MUST_CHECK;

#endif
