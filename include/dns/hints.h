/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses that SVCB and HTTPS records give beside a service's name (RFC 9460, 7.3). */
#ifndef DNS_HINTS_H
#define DNS_HINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "dns/reply.h"

/* Which of them, as bits. */
#define HINTS_IPV4 1U
#define HINTS_IPV6 2U

/*
 * Takes the hints `which` from the records of a reply that reply_parse has taken from `msg`, which
 * is changed, and its AD: signatures of such a record are not good any more.  A record that says
 * a client has to know the hint (RFC 9460, 8) stays as it is.  False: there were none, and all is
 * as it was.
 */
bool hints_remove(uint8_t *msg, struct reply *reply, unsigned int which);

/* A walk over the hints of one record; the caller's memory. */
struct hints_walk {
	const uint8_t *msg;
	size_t param; /* where the next parameter begins; 0: there is none */
	size_t value; /* where the next address of the last one begins */
	size_t value_end;
	size_t end;
	bool ipv6;
};

/* Begins with a record of a message whose names were checked; one of another type, or whose
 * parameters are no parameters, has no hints. */
void hints_begin(struct hints_walk *walk, const uint8_t *msg, const struct wire_rr *rr);

/* The next address; false: there is none. */
bool hints_next(struct hints_walk *walk, struct ip *ret_ip);

#endif
