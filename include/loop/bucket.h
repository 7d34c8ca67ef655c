/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token bucket for each client, filled by all workers together, without a lock and in a fixed
 * space.
 *
 * A bucket is one 64-bit word: 22 bits of the client's keyed hash over the time at which it will be
 * full again (the generic cell rate algorithm), in quarters of a microsecond.  One that is full is
 * as good as none.  A client has one of 8 places, of 131,072 in all.  Where all eight belong to
 * others, the bucket that is nearest to full gives way: who asks most is forgotten last, and who is
 * forgotten asks on as if after a pause.  So none is limited for what others do, but for one in
 * 262,144 that is taken for a client of the same places.
 */
#ifndef LOOP_BUCKET_H
#define LOOP_BUCKET_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "group/rates.h"

#define BUCKET_SETS 16384U /* a power of two */
#define BUCKET_WAYS 8U	   /* a cache line */
#define BUCKET_NEAR_PERCENT 80U

/* All zero: every bucket is full. */
struct buckets {
	_Atomic uint64_t slots[BUCKET_SETS][BUCKET_WAYS];
};

enum bucket_level {
	BUCKET_WELL,
	BUCKET_NEAR, /* less than a fifth was left in it */
	BUCKET_OVER, /* it is empty: nothing was taken */
};

/* Takes one out of the bucket of `client`, which is filled by `rate`.  Any thread; `now_us` is
 * monotonic, and may be a second behind that of another thread. */
enum bucket_level bucket_take(struct buckets *buckets, const struct hash_key *key,
			      const struct ip *client, const struct rate *rate, uint64_t now_us);

/* Forgets full buckets in a 256th of the table, the `turn`th: to be called for each at least once a
 * day, since the time is kept modulo twelve days.  Any thread. */
void bucket_sweep(struct buckets *buckets, uint32_t turn, uint64_t now_us);

#endif
