/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OPT record of our answers (RFC 6891), Extended DNS Errors (RFC 8914), and the server
 * cookies of DNS Cookies (RFC 7873, in the interoperable form of RFC 9018).
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
#define EDNS_EDE_MAX 130U     /* octets of an EDE option's data that we send */
#define EDNS_COOKIE_CLIENT 8U /* octets of a client cookie */
#define EDNS_COOKIE_FULL 24U  /* client cookie and our server cookie */

/* Extended DNS Error codes (RFC 8914, 5.2, and the registry). */
enum ede_code {
	EDE_OTHER = 0,
	EDE_STALE_ANSWER = 3,
	EDE_FORGED_ANSWER = 4,
	EDE_BLOCKED = 15,
	EDE_CENSORED = 16,
	EDE_FILTERED = 17,
	EDE_PROHIBITED = 18,
	EDE_STALE_NXDOMAIN_ANSWER = 19,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
	EDE_NO_REACHABLE_AUTHORITY = 22,
	EDE_NETWORK_ERROR = 23,
};

/* An EDE option's data, ready to be copied: code, then text in UTF-8.  len 0: none. */
struct ede {
	uint8_t len;
	uint8_t data[EDNS_EDE_MAX];
};

/* Builds an EDE; a text too long is cut between characters.  `text` may be NULL. */
void ede_set(struct ede *ede, enum ede_code code, const char *text);

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
