/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Special-use names, and the zones that every resolver serves itself, so that no upstream hears
 * of them: localhost, invalid, test (RFC 6761), local (RFC 6762), onion (RFC 7686), alt (RFC
 * 9476), home.arpa (RFC 8375), resolver.arpa (RFC 9462), and the reverse zones of private and
 * other addresses of no global meaning (RFC 6303, RFC 7793).
 *
 * Not among them: the example domains, which are ordinary names (RFC 6761, 6.5), and
 * ipv4only.arpa, by which a client learns of a NAT64: only an upstream knows of that (RFC 7050).
 */
#ifndef NAMES_SPECIAL_H
#define NAMES_SPECIAL_H

#include "base/err.h"
#include "conf/namemap.h"

#define SPECIAL_TTL_S 10800U /* of the answers for special-use names (RFC 6303, 3) */

/* What is answered for a name: its number in the map. */
enum special_kind {
	SPECIAL_ABSENT,	   /* there is no such top-level domain */
	SPECIAL_LOCALHOST, /* the loopback addresses, for the name and all below it */
	SPECIAL_ZONE,	   /* a zone with nothing in it but its SOA and NS */
	SPECIAL_LOOPBACK,  /* such a zone that has the PTR of a loopback address */
};

/* The map of all of them, for names hashed by `key`.  ERR_NOMEM. */
enum err special_create(const struct hash_key *key, struct namemap **ret_special) MUST_CHECK;

#endif
