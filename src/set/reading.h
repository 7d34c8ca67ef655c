/* SPDX-License-Identifier: BSD-2-Clause */
/* Records read from the arena, on their way into the table. */
#ifndef SET_READING_H
#define SET_READING_H

#include "set/chunk.h"

struct reading {
	uint64_t hash;
	struct record_head head;
	uint32_t record;
	uint16_t octets; /* of the owner, as it is to be */
	uint8_t head_octets;
	uint8_t labels : 7;
	bool rewritten : 1; /* the owner is a stream since it was read */
};

static inline uint32_t reading_owner(const struct reading *reading)
{
	return reading->record + reading->head_octets;
}

/* Records that lie behind one another in the arena, as far as they are read.  One may be read while
 * the one beside it is taken. */
struct batch {
	alignas(64) const struct domset *set;
	const struct phrase_coder *coder; /* NULL: owners stay as they are */
	const struct hash_state *ends;	  /* of each in the dictionary; NULL: not known */
	uint32_t in;
	uint32_t until;
	uint32_t own; /* from here on nobody else reads */
	uint32_t room;
	uint32_t count;
	bool handed; /* another thread may take it */
	struct reading *readings;
};

/* What the hashes of owners begin with that end so: of each entry of the dictionary.  ERR_NOMEM. */
enum err batch_hash_ends(const struct domset *set, struct pages *ret_ends) MUST_CHECK;

/* Reads on in the batch (a struct batch) as far as there is room, by any thread: nobody else writes
 * there meanwhile. */
void batch_read(void *batch);

/* Makes the owner a stream, where there is a coder. */
void batch_rewrite(const struct batch *batch, struct reading *reading);

#endif
