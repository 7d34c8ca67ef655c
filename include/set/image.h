/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frozen set as octets, and back.  The octets are those of this very machine and build: whoever
 * keeps them also keeps by what they were made, and a seal.  Reading believes nothing: whatever the
 * octets are, a set that was read and checked can be asked, walked and freed.
 */
#ifndef SET_IMAGE_H
#define SET_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "set/domset.h"

/* Takes `len` octets more; false: no more of them is wanted. */
typedef bool domset_image_put_fn(void *arg, const void *data, size_t len);

/* Fills `data` with the next `len` octets; false: there are not so many. */
typedef bool domset_image_get_fn(void *arg, void *data, size_t len);

/* True for a set that has neither patterns nor rules with data of the caller's. */
bool domset_image_fits(const struct domset *set);

/*
 * Puts the octets of a set that fits.  Those of a set that was read are the ones it was read from.
 * ERR_CANCELLED: `put` has returned false.  Any thread.
 */
enum err domset_image_write(const struct domset *set, domset_image_put_fn *put,
			    void *arg) MUST_CHECK;

/*
 * Reads a set that hashes by `key`, of no more than `size` octets.  Until domset_image_check it may
 * only be written and freed.  ERR_SYNTAX: no set can be so; ERR_NOMEM.
 */
enum err domset_image_read(const struct hash_key *key, uint64_t size, domset_image_get_fn *get,
			   void *arg, struct domset **ret_set) MUST_CHECK;

/* True when every offset and length of the set leads to what it should, so that it may be used; no
 * rule is of a list from `lists` on.  False as well when there are no random numbers to tell it by.
 */
bool domset_image_check(const struct domset *set, unsigned int lists);

#endif
