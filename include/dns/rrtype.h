/* SPDX-License-Identifier: BSD-2-Clause */
/* Record types by their names. */
#ifndef DNS_RRTYPE_H
#define DNS_RRTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RRTYPE_TEXT_MAX 32

/* "AAAA", or "TYPE28" (RFC 3597, 5), in either case: a type that a question can be for and that is
 * cached, no meta type but ANY.  ERR_SYNTAX otherwise.  Any thread. */
enum err rrtype_parse(const char *text, uint16_t *ret_type) MUST_CHECK;

/* The type's name, or "TYPE" and its number, in `buf` (RRTYPE_TEXT_MAX octets), which is returned.
 * Any thread. */
const char *rrtype_text(uint16_t type, char *buf, size_t size);

#endif
