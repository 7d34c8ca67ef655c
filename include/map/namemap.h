/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names, each with a number: which one is it, and which is the longest that a name lies below.
 * Filled once, then only read.  Names are compared in full, hashes are keyed.
 *
 * The names above an entry are in the map as well, without a number, so that a lookup ends at the
 * first label from the right that leads nowhere: for most names that is their top-level domain.
 */
#ifndef MAP_NAMEMAP_H
#define MAP_NAMEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "dns/name.h"

#define NAMEMAP_ENTRIES_MAX (1U << 21) /* the names above others counted: 96 MiB of table */

struct namemap;

/* What a lookup by suffix found. */
struct namemap_hit {
	bool found;
	uint8_t suffix; /* which of the suffixes it is: 0 the name itself */
	uint32_t value;
};

/* An empty map, whose names are hashed by `key`.  ERR_NOMEM. */
enum err namemap_create(const struct hash_key *key, struct namemap **ret_map) MUST_CHECK;

/* NULL is fine. */
void namemap_free(struct namemap *map);

/* The key that names are to be hashed with. */
const struct hash_key *namemap_key(const struct namemap *map);

/*
 * Gives the lower-case name, which is not the root, its number (any but UINT32_MAX).
 * ERR_EXISTS: it has one.  ERR_RANGE: the root.  ERR_NOMEM, also beyond NAMEMAP_ENTRIES_MAX.
 * On failure no name has another number than before.
 */
enum err namemap_add(struct namemap *map, const struct name *name, uint32_t value) MUST_CHECK;

/*
 * The longest entry that is the name or above it, of its suffixes from number `from` on: 1 leaves
 * the name itself out.  `suffixes` are the name's own, hashed by the map's key; the name is in
 * lower case.  A map that is NULL is empty.  Any thread.
 */
struct namemap_hit namemap_find(const struct namemap *map, const struct name *name,
				const struct name_suffixes *suffixes, uint8_t from);

/* The entry that is the name itself; as namemap_find otherwise. */
struct namemap_hit namemap_get(const struct namemap *map, const struct name *name,
			       const struct name_suffixes *suffixes);

/* True when the name is an entry or lies above one: it exists, if perhaps without records. */
bool namemap_has(const struct namemap *map, const struct name *name,
		 const struct name_suffixes *suffixes);

#endif
