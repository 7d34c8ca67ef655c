/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines that most zones have nothing but, read quickly and by any thread: "x [TTL] [IN] CNAME"
 * with a target that is an action.  What is noted of them holds as long as the zone's name and the
 * origin are what they were when the piece was put.  All others are left to rpz/master.
 */
#ifndef RPZ_PLAIN_H
#define RPZ_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "rpz/zone.h"

/* What the lines of a piece are read by; its notes begin with it. */
struct plain_head {
	const struct rpz_options *options;
	struct name apex;   /* len 0: it is not known, and no line is plain */
	struct name origin; /* behind names without a dot at their end */
	uint32_t lines;	    /* that are noted */
};

/* What is noted of a line. */
struct plain_note {
	uint16_t line_len; /* without its newline, with a CR before it; 0: it is not a plain one */
	uint8_t answer;	   /* enum domset_answer; never DOMSET_ANSWER_DATA */
	uint8_t scope;	   /* enum domset_scope */
	bool passes;	   /* the gate has nothing against it */
	bool has_ttl;	   /* it says one */
	uint8_t name_len;
	const uint8_t
		*name; /* the owner's, without "*." and the zone's; a name's octets can be read */
	uint64_t hash; /* owners_hash */
};

/* Notes what the lines between `text` and `end` say behind the head, and how many they are. */
void plain_look(uint8_t *notes, const char *text, const char *end);

/* Where the first note stands, and where the one behind does, which is there but for the last. */
const uint8_t *plain_first(const uint8_t *notes);
const uint8_t *plain_next(const uint8_t *at, struct plain_note *ret_note);

#endif
