/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reply to a question for the name of an address.  Whoever has the address's reverse zone says
 * what he likes there: only what can be the name of a host is taken.
 */
#ifndef CALLED_PTR_H
#define CALLED_PTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "dns/name.h"
#include "report/leases.h"

struct ptr {
	char name[LEASE_NAME_MAX]; /* lower case, without the final dot; "": there is none */
	uint32_t ttl_s;		   /* of what the reply says; 0: it does not say */
};

/*
 * Writes the wire name, which was checked, as a host's name: labels of letters, digits, hyphens
 * and underscores, none of which begins or ends with a hyphen, and the last of which is no number
 * (RFC 1123, 2.1): no address is taken for a name.  False: it is none.
 */
bool ptr_host(const uint8_t *wire, char ret_name[LEASE_NAME_MAX]);

/*
 * What the reply has for `owner`, also at the end of CNAMEs (RFC 2317).  Of several names the first
 * by the alphabet behind `after` ("": of all), so that it does not change with their order.
 * ERR_SYNTAX: it is no message.  Any thread.
 */
enum err ptr_read(const uint8_t *reply, size_t len, const struct name *owner, const char *after,
		  struct ptr *ret_ptr) MUST_CHECK;

/* Whether the reply to a question for the addresses of `owner` has this one, also at the end of
 * CNAMEs; ret_ptr has no name, but the time.  ERR_SYNTAX: it is no message.  Any thread. */
enum err ptr_leads_to(const uint8_t *reply, size_t len, const struct name *owner,
		      const struct ip *ip, bool *ret_leads, struct ptr *ret_ptr) MUST_CHECK;

#endif
