/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many of something each client has, counted by all workers together, without a lock and in
 * a fixed space whatever the number of clients: a count-min sketch.
 *
 * A client is counted in one cell of every row and taken to have what its least cell says.  That
 * is never too little; it is too much only where all its cells are shared with clients that have
 * something themselves (with 100 of them about once in 10,000 clients).  The hash is keyed: who
 * shares with whom cannot be chosen.
 */
#ifndef LOOP_TALLY_H
#define LOOP_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

#define TALLY_ROWS 4U
#define TALLY_COLUMNS 1024U /* a power of two, at most 65536 */

/* All zero: nobody has anything. */
struct tally {
	atomic_uint cells[TALLY_ROWS][TALLY_COLUMNS];
};

/* One more for `client`, unless the client has `limit` already: then false.  Any thread. */
bool tally_take(struct tally *tally, const struct hash_key *key, const struct ip *client,
		uint32_t limit);

/* One less, after a tally_take that was true, with the same key.  Any thread. */
void tally_give(struct tally *tally, const struct hash_key *key, const struct ip *client);

#endif
