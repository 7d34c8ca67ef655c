/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, prefixes, and sets of prefixes.
 *
 * An `ip` is an IPv4 or IPv6 address without a port; an IPv4-mapped IPv6 address
 * (::ffff:192.0.2.1) is taken as the IPv4 address it maps, so that no rule can be passed by
 * writing an address otherwise.  What somebody else has told of may be no more than a prefix.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/hash.h"

/* Room for any address with its port as text: "[address]@65535", scope id and NUL. */
#define ADDR_TEXT_MAX 80

struct ip {
	uint8_t family;	   /* AF_INET or AF_INET6 */
	uint8_t unknown;   /* bits at its end that are not known, and are zero; mostly 0 */
	uint8_t bytes[16]; /* network order; the first 4 for AF_INET, the rest zero */
};

struct prefix {
	struct ip ip; /* host bits are zero */
	uint8_t len;  /* bits: 0..32 or 0..128 */
};

/* A socket address: of one family, sized for bind() and connect(). */
struct endpoint {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
	socklen_t len;
};

/* Frozen set of prefixes: merged ranges, searched by bisection. */
struct prefix_set;

/* "192.0.2.1" or "2001:db8::1".  ERR_SYNTAX otherwise. */
enum err ip_parse(const char *text, struct ip *ret_ip) MUST_CHECK;

/* As ip_parse, of a socket address; the port is left out. */
struct ip ip_from_sockaddr(const struct sockaddr *sa);

/* The port of a socket address, in host order; 0 for one of another family. */
static inline uint16_t addr_port(const struct sockaddr *sa)
{
	in_port_t port = 0;

	/* sin_port and sin6_port stand at the same place */
	if (sa->sa_family == AF_INET || sa->sa_family == AF_INET6)
		memcpy(&port, (const uint8_t *)sa + offsetof(struct sockaddr_in, sin_port),
		       sizeof(port));
	return ntohs(port);
}

/* The address whose octets, 4 or 16, stand at `octets`. */
static inline struct ip ip_from_octets(const uint8_t *octets, bool ipv6)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct ip ip = {.family = AF_INET};

	if (ipv6 && memcmp(octets, mapped, sizeof(mapped)) != 0) {
		ip.family = AF_INET6;
		memcpy(ip.bytes, octets, 16);
	} else {
		memcpy(ip.bytes, octets + (ipv6 ? sizeof(mapped) : 0), 4);
	}
	return ip;
}

bool ip_equal(const struct ip *a, const struct ip *b);

/* SipHash-1-3 of an address, for tables that clients fill.  Any thread. */
static inline uint64_t ip_hash(const struct hash_key *key, const struct ip *ip)
{
	struct hash_state h = hash_begin(key);
	uint64_t words[2];

	memcpy(words, ip->bytes, sizeof(words));
	hash_word(&h, (uint64_t)ip->unknown << 8 | ip->family);
	hash_word(&h, words[0]);
	hash_word(&h, words[1]);
	return hash_end(h);
}

/* The address with all but its first `bits` bits zero; more bits than the address has: the address
 * as it is.  What was known of it is not lost: it is no prefix that was not one. */
struct ip ip_masked(const struct ip *ip, unsigned int bits);

/* Writes the address, as a prefix if it is one, to `buf` (at least INET6_ADDRSTRLEN octets) and
 * returns it. */
const char *ip_text(const struct ip *ip, char *buf, size_t size);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone (its full length).  Host bits must be
 * zero.  ERR_SYNTAX or ERR_RANGE otherwise. */
enum err prefix_parse(const char *text, struct prefix *ret_prefix) MUST_CHECK;

/* "address@port" or an address alone (then `default_port`); an IPv6 address may stand in
 * brackets and may carry a "%scope".  ERR_SYNTAX or ERR_RANGE otherwise. */
enum err endpoint_parse(const char *text, uint16_t default_port,
			struct endpoint *ret_endpoint) MUST_CHECK;

/* "address@port" into `buf` (ADDR_TEXT_MAX octets), which it returns. */
const char *endpoint_text(const struct endpoint *endpoint, char *buf, size_t size);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* True for 0.0.0.0 and ::, whatever the port. */
bool endpoint_is_wildcard(const struct endpoint *endpoint);

/* A set of `count` prefixes; owned by the caller.  ERR_NOMEM. */
enum err prefix_set_create(const struct prefix *prefixes, size_t count,
			   struct prefix_set **ret_set) MUST_CHECK;
void prefix_set_free(struct prefix_set *set);

/* True when `ip` lies in one of the prefixes.  Any thread; no lock, no allocation. */
bool prefix_set_contains(const struct prefix_set *set, const struct ip *ip);

#endif
