/* SPDX-License-Identifier: BSD-2-Clause */
/* The name that a browser came for.  Pure: any thread. */
#ifndef LANDING_HOST_H
#define LANDING_HOST_H

#include "base/err.h"
#include "dns/name.h"

/*
 * The name in what stands in the field Host (RFC 9110, 7.2): without the port and the final dot, in
 * lower case.  ERR_NOTFOUND: it is an address, or nothing (NULL, ""); ERR_SYNTAX: no name.
 */
enum err host_name(const char *field, struct name *ret_name) MUST_CHECK;

/*
 * The same of a request: of its target, when that is a whole URL ("http://name/path", RFC 9112,
 * 3.2.2), else of the field Host.  A target of two slashes ("//name") is a path.
 */
enum err host_of_request(const char *target, const char *field, struct name *ret_name) MUST_CHECK;

/* Copies what stands in `target` from its path on, until '?' or '#': what is behind may be a
 * person's.  What is not printed becomes '?'.  At most `size` octets with NUL. */
void host_path(const char *target, char *ret_path, size_t size);

/* Copies what is printed of `text` (may be NULL), the rest as '?'. */
void host_clean(const char *text, char *ret_text, size_t size);

#endif
