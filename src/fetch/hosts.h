/* SPDX-License-Identifier: BSD-2-Clause */
/* What libcurl is told of where hosts are, before it asks anybody else. */
#ifndef FETCH_HOSTS_H
#define FETCH_HOSTS_H

#include <curl/curl.h>

#include "fetch/lookup.h"
#include "fetch/place.h"

/*
 * Looks up whom a request to `place` connects to: that, or the proxy ("": there is none), which
 * looks most hosts up itself.  `ret_resolve` is for CURLOPT_RESOLVE, and the caller's to free; NULL
 * where nothing has to be told.  ERR_SYS, ERR_SYNTAX, ERR_NOMEM, ERR_CANCELLED with `text`.
 */
enum err hosts_find(struct lookup *lookup, const struct place *place, const char *proxy,
		    const atomic_bool *ending, struct curl_slist **ret_resolve,
		    struct err_text *text) MUST_CHECK;

#endif
