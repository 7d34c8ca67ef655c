/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client that a forwarder names by EDNS client subnet (RFC 7871): the data of its option. Pure.
 */
#ifndef WHO_SUBNET_H
#define WHO_SUBNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

#define SUBNET_MAX 20U /* octets of the option's data: its fixed part, and an IPv6 address */

/* The option as it came, to be given back. */
struct subnet {
	uint8_t len; /* 0: there is none */
	uint8_t octets[SUBNET_MAX];
};

/*
 * Reads the `len` octets of an option's data that stand in a query (RFC 7871, 6 and 7.1.2).
 * `ret_client` is the client, an address or a prefix (its `unknown` bits), and of family 0 where
 * the forwarder says of purpose nothing (a SOURCE PREFIX-LENGTH of 0).
 * ERR_SYNTAX: the query is to be answered FORMERR: an unknown family, a prefix longer than the
 * address, octets too many or too few, bits set behind the prefix, a SCOPE that is not 0.
 */
enum err subnet_read(const uint8_t *data, size_t len, struct subnet *ret_subnet,
		     struct ip *ret_client) MUST_CHECK;

/* Sets the SCOPE PREFIX-LENGTH for the answer: for whom else it is good (RFC 7871, 7.2.1).  For
 * all, or, where it `depends` on the client, for those of the prefix that was told. */
void subnet_set_scope(struct subnet *subnet, bool depends);

#endif
