/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many of something each client has, counted by all workers together, without a lock and in
 * a fixed space.
 *
 * The count is exact while there are places: clients have one of 16, of 131,072 in all, and are
 * told apart by a keyed hash of 58 bits.  Where there is none left for a client it is not counted,
 * so that none is ever taken to have more than it has.
 */
#ifndef LOOP_TALLY_H
#define LOOP_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TALLY_SETS 16384U /* a power of two */
#define TALLY_WAYS 8U	  /* a cache line */
#define TALLY_TRIES 64	  /* when threads change the same client's count */

/* All zero: nobody has anything. */
struct tally {
	_Atomic uint64_t slots[TALLY_SETS][TALLY_WAYS];
	_Atomic uint32_t strayed[TALLY_SETS]; /* slots that a set's clients have in others */
};

/* A client is given by its ip_hash, with one key for all calls. */

/* One more for the client, unless the client has `limit` already: then false.  Any thread. */
bool tally_take(struct tally *tally, uint64_t client_hash, uint32_t limit);

/* One less, after a tally_take that was true.  Any thread. */
void tally_give(struct tally *tally, uint64_t client_hash);

/* What the client has.  Any thread. */
uint32_t tally_count(struct tally *tally, uint64_t client_hash);

#endif
