/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache over a restart: a file in the state directory, written whole or not at all.  Without
 * a state directory, or when cache.keep says no, nothing is done.
 */
#ifndef DAEMON_CACHEFILE_H
#define DAEMON_CACHEFILE_H

#include "base/hash.h"
#include "cache/cache.h"
#include "query/snapshot.h"

/* Reads the file, for names whose hashes have `name_key`; the workers may run already, so that
 * nobody has to wait for it.  A bad one leaves the cache empty, with a warning; it is fine when
 * there is none. */
void cachefile_load(const struct snapshot *snapshot, struct cache *cache,
		    const struct hash_key *name_key);

/* Writes the file, once the workers have stopped; a failure is logged, and the file before it
 * stays. */
void cachefile_store(const struct snapshot *snapshot, struct cache *cache,
		     const struct hash_key *name_key);

/* The same as a file in memory, for another process, whatever cache.keep says.  -1: there is
 * nothing to write, or that failed, which is logged.  The caller closes it.  The workers may run.
 */
int cachefile_to_memory(const struct snapshot *snapshot, struct cache *cache,
			const struct hash_key *name_key);

/* Reads such a file from its beginning, and closes it; a bad one leaves the cache empty, with a
 * warning. */
void cachefile_from_memory(const struct snapshot *snapshot, struct cache *cache,
			   const struct hash_key *name_key, int fd);

#endif
