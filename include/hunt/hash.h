/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is kept of a name: a hash with a key that never leaves the machine (SipHash-2-4), of the
 * name itself and of each name above it, so that whoever asked for something below a name is
 * found by that name.  Who has the store without the key learns no name from it; with the key,
 * only whether a name that is guessed was asked for.
 */
#ifndef HUNT_HASH_H
#define HUNT_HASH_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "dns/name.h"

#define HUNT_KEY_FILE "key"
#define HUNT_BITS 64U	   /* of a hash */
#define HUNT_LABELS_MAX 8U /* of the names above a name that are kept */
#define HUNT_HASHES_MAX (HUNT_LABELS_MAX + 1U)

struct hunt_hash {
	struct hash_key key;
	unsigned int bits; /* HUNT_BITS; fewer where a test wants hashes to fall together */
};

/* Reads the key of the folder, which is made if there is none.  ERR_SYS, ERR_SYNTAX: `text` says
 * why not. */
enum err hunt_hash_open(const char *folder, struct hunt_hash *ret_hash,
			struct err_text *text) MUST_CHECK;

/* The hash of a lower-case name of `len` octets. */
uint64_t hunt_hash_of(const struct hunt_hash *hash, const uint8_t *wire, size_t len);

/* The hashes of a lower-case name, its own first, and of the names above it that have at most
 * HUNT_LABELS_MAX labels, up to its top-level domain.  Returns how many; the root has none. */
size_t hunt_hash_all(const struct hunt_hash *hash, const struct name *name,
		     uint64_t ret_hashes[HUNT_HASHES_MAX]);

/*
 * How many of `names` that nobody asked for are expected to look as if somebody had, where
 * `hashes` different ones are kept: each does with a probability of hashes / 2^bits.
 */
double hunt_hash_false(unsigned int bits, uint64_t names, uint64_t hashes);

#endif
