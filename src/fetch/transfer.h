/* SPDX-License-Identifier: BSD-2-Clause */
/* One fetch: a request, those that it is redirected to, and what comes of them.  The thread of the
 * fetches alone. */
#ifndef FETCH_TRANSFER_H
#define FETCH_TRANSFER_H

#include <curl/curl.h>
#include <limits.h>
#include <stdatomic.h>

#include "base/err.h"
#include "fetch/kept.h"
#include "fetch/lookup.h"

/* Texts of a list's configuration, which the transfer needs; they are as in option/options_fetch.h.
 */
struct transfer_order {
	const char *list;
	const char *url;
	const char *file;
	const char *header;
	const char *client_certificate;
	const char *client_key;
	const char *tls_ca;
	const char *proxy;
	uint32_t timeout_ms;
	uint64_t max_size_bytes;
	struct kept kept; /* of the copy that is there */
};

/* The path beside a copy that ends in `suffix` in the place of ".list". */
void transfer_path(const char *file, const char *suffix, char ret_path[PATH_MAX]);

struct transfer;

/* What all transfers have in common, and lasts as long as they. */
struct transfer_means {
	CURLM *multi;
	struct prefix_set *inner;  /* of fetch/inner.h */
	const atomic_bool *ending; /* set when the daemon ends */
};

/*
 * Looks the host up, and begins the request.  `order` and its texts stay the caller's and have to
 * last, `lookup` for the call.  Blocks for the lookup.  ERR_SYS, ERR_NOMEM, ERR_CANCELLED with
 * `text`.
 */
enum err transfer_begin(const struct transfer_means *means, const struct transfer_order *order,
			struct lookup *lookup, struct transfer **ret_transfer,
			struct err_text *text) MUST_CHECK;

/* The request of a transfer is over, as `code` says: what of it. */
enum transfer_end {
	TRANSFER_GOES_ON, /* at another place, whereto it was redirected */
	TRANSFER_NEW,	  /* the copy is another one, as `ret_kept` tells */
	TRANSFER_SAME,	  /* the copy is current; likewise */
	TRANSFER_FAILED,  /* as `text` says, and nothing has changed */
};
enum transfer_end transfer_finish(struct transfer *transfer, CURLcode code, struct lookup *lookup,
				  struct kept *ret_kept, struct err_text *text);

/* After how many seconds the server wants to be asked again (Retry-After); 0: it does not say. */
uint64_t transfer_retry_after_s(const struct transfer *transfer);

/* Gives up what is under way, and leaves nothing behind.  NULL is fine. */
void transfer_free(struct transfer *transfer);

/* The transfer of a handle of libcurl. */
struct transfer *transfer_of(CURL *easy);

#endif
