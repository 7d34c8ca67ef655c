/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OPT record of our answers (RFC 6891), and the server cookies of DNS Cookies (RFC 7873, in the
 * interoperable form of RFC 9018).
 */
#ifndef DNS_EDNS_H
#define DNS_EDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

#define EDNS_OPT_FIXED 11U    /* octets of an OPT without options */
#define EDNS_COOKIE_MAX 40U   /* octets of a COOKIE option's data (RFC 7873, 4) */
#define EDNS_COOKIE_CLIENT 8U /* octets of a client cookie */
#define EDNS_COOKIE_FULL 24U  /* client cookie and our server cookie */

/*
 * Builds the 24 octets of a COOKIE option to answer `client_cookie` (8 octets) that came from
 * `client` at `now_s` (Unix time): RFC 9018, 4.
 */
void edns_make_cookie(const struct hash_key *secret, const uint8_t *client_cookie,
		      const struct ip *client, uint32_t now_s,
		      uint8_t ret_cookie[EDNS_COOKIE_FULL]);

/* The secrets that cookies are made of, for a day each, and known for a while longer. */
struct edns_secrets {
	struct hash_key now;
	struct hash_key before;
	uint32_t since_s; /* Unix time from which on cookies are made of `now` */
};

/* Draws the secrets of the day that `now_s` lies in from `master`, unless they are there; all zero
 * is nobody's.  All who have the same master have the same secrets, whenever they started. */
void edns_secrets_renew(struct edns_secrets *secrets, const struct hash_key *master,
			uint32_t now_s);

/*
 * The cookie to answer a COOKIE option of `len` octets (8, or 16 to 40) with.  True when the
 * option has a good server cookie: one of ours, given to this client not over an hour ago (nor
 * five minutes ahead): RFC 9018, 4.3.  It is given again while it is younger than half an hour.
 */
bool edns_answer_cookie(const struct edns_secrets *secrets, const uint8_t *option, uint8_t len,
			const struct ip *client, uint32_t now_s,
			uint8_t ret_cookie[EDNS_COOKIE_FULL]);

#endif
