/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses that SVCB and HTTPS records give beside a service's name (RFC 9460, 7.3). */
#ifndef DNS_HINTS_H
#define DNS_HINTS_H

#include <stdbool.h>
#include <stdint.h>

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

#endif
