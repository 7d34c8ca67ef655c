/* SPDX-License-Identifier: BSD-2-Clause */
/* A URL taken apart, as libcurl does it: where a request goes. */
#ifndef FETCH_PLACE_H
#define FETCH_PLACE_H

#include <stdbool.h>

#include "base/err.h"

#define PLACE_HOST_MAX 256

struct place {
	char scheme[16];
	char host[PLACE_HOST_MAX]; /* an IPv6 address in brackets */
	char port[8];		   /* that of the scheme, where none is given */
};

/* ERR_SYNTAX: it is no URL. */
enum err place_parse(const char *url, struct place *ret_place) MUST_CHECK;

/* True when the two are one server, asked in one way. */
bool place_is_same(const struct place *a, const struct place *b);

/* Why nobody follows a redirection from the one to the other; NULL: it is followed.  Never to
 * another protocol than HTTP, and never from what is proved to what is not. */
const char *place_forbids(const struct place *from, const struct place *to);

#endif
