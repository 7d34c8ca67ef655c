/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of a reply is for clients that set DO alone: the signatures, and what proves that there is
 * nothing (RFC 4035, 3.2.1).  Upstreams are asked with DO whoever asks, and the others are given
 * the reply in its plain form.
 */
#ifndef DNS_PLAIN_H
#define DNS_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "dns/reply.h"

/*
 * Finds the plain form of the reply to the question in `msg` that reply_parse has taken, and tells
 * of it in reply->plain: without RRSIG, NSEC, NSEC3, and DS, but for the type that was asked for.
 * Where the plain form can be the beginning of the whole, the records are put in that order within
 * their sections; else a message of the plain form is written behind the whole.
 *
 * `msg` has room for `room` octets.  A reply that has none of these records, or for whose plain
 * form there is no room, has none: all are given the whole.
 */
void plain_separate(uint8_t *msg, size_t room, struct reply *reply);

/* Makes the reply what a client without DO is given. */
static inline void plain_use(struct reply *reply)
{
	if (!reply->plain.body)
		return;
	reply->ancount = reply->plain.ancount;
	reply->nscount = reply->plain.nscount;
	reply->arcount = reply->plain.arcount;
	reply->body_len = reply->plain.body_len;
	reply->body = reply->plain.body;
}

#endif
