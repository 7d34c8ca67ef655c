/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that never leave: special-use names, and the zones that every resolver serves itself, so
 * that no upstream hears of them: localhost, invalid, test (RFC 6761), local (RFC 6762), onion (RFC
 * 7686), alt (RFC 9476), home.arpa (RFC 8375), resolver.arpa (RFC 9462), and the reverse zones of
 * private and other addresses of no global meaning (RFC 6303, RFC 7793).
 *
 * With them: the zones that the operator keeps to the network, names of one label that are no
 * top-level domain, and the names by which browsers and phones are told to use the network's
 * resolver and no other.
 *
 * Not among them: the example domains, which are ordinary names (RFC 6761, 6.5), and
 * ipv4only.arpa, by which a client learns of a NAT64: only an upstream knows of that (RFC 7050).
 */
#ifndef NAMES_SPECIAL_H
#define NAMES_SPECIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/hash.h"
#include "dns/name.h"
#include "map/namemap.h"

#define SPECIAL_TTL_S 10800U /* of the answers for special-use names (RFC 6303, 3) */

/* What is answered for a name: its number in the map. */
enum special_kind {
	SPECIAL_ABSENT,	   /* there is no such top-level domain */
	SPECIAL_LOCALHOST, /* the loopback addresses, for the name and all below it */
	SPECIAL_ZONE,	   /* a zone with nothing in it but its SOA and NS */
	SPECIAL_LOOPBACK,  /* such a zone that has the PTR of a loopback address */
	SPECIAL_EMPTY,	   /* all its names are there, and have no records (RFC 9462, 6.4) */
};

/*
 * The map of the `count` zones of the operator (texts that can be read as names), each
 * SPECIAL_ZONE, and of all special-use names if `special_use`; for names hashed by `key`.  A zone
 * of the operator is what that says, whatever its name is otherwise.  ERR_NOMEM.
 */
enum err special_create(const struct hash_key *key, char *const *zones, size_t count,
			bool special_use, struct namemap **ret_special) MUST_CHECK;

/*
 * The map of all top-level domains, by the list of public suffixes at `path`.  ERR_SYS: there is no
 * such list.  ERR_NOMEM.
 */
enum err special_read_tlds(const char *path, const struct hash_key *key,
			   struct namemap **ret_tlds) MUST_CHECK;

/* special_is_canary, of a name that is as long as one. */
bool special_equals_canary(const struct name *name);

/*
 * True for a name whose absence tells browsers and phones that the network wants its own resolver
 * asked: use-application-dns.net of Mozilla, mask.icloud.com and mask-h2.icloud.com of Apple.
 */
static inline bool special_is_canary(const struct name *name)
{
	return (name->len == 17 || name->len == 20 || name->len == 25) &&
	       special_equals_canary(name);
}

#endif
