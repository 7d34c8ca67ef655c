/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of a checked message written anew: in another order or without some of them, behind the
 * same question, or behind the records of another message.  A label of the old message is written
 * at most once: `moved` has where it went, so that what was shared by pointers stays so, and the
 * rest takes no more room.
 */
#ifndef DNS_REWRITE_H
#define DNS_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/wire.h"

#define REWRITE_REACH 0x4000U /* a compression pointer's (RFC 1035, 4.1.4) */

struct rewrite {
	const uint8_t *msg;
	size_t question_end;
	size_t len; /* of what is written, counted from the message's start */
	size_t cap;
	bool full;
	uint16_t moved[REWRITE_REACH]; /* by old offset; 0: not yet */
	uint8_t out[WIRE_MESSAGE_MAX]; /* from question_end on */
};

/* Begins with no records, of a message of `len` octets; no more than that will be written.  Needs
 * no end. */
void rewrite_begin(struct rewrite *w, const uint8_t *msg, size_t question_end, size_t len);

/*
 * Begins to write a message's records behind `begin` octets of another one, `other`, that will
 * stand before them.  The question's name of the old message stands there at `name_at`, and is
 * pointed to; 0: it does not.  Messages may have WIRE_MESSAGE_MAX octets.
 */
void rewrite_begin_behind(struct rewrite *w, const uint8_t *msg, const uint8_t *other, size_t begin,
			  size_t name_at);

/* Appends a record of the old message; `full` when there is no room. */
void rewrite_record(struct rewrite *w, const struct wire_rr *rr);

#endif
