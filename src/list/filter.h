/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters of names: what is not in one was never set; what is may have been. */
#ifndef LIST_FILTER_H
#define LIST_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/octets.h"
#include "dns/name.h"

/*
 * A hash of the wire name from `wire` to the end of `name`, for the filters: of its first and
 * its last 8 octets and its length, which is quick and tells short names apart.
 */
static inline uint64_t filter_hash(const struct name *name, const uint8_t *wire)
{
	size_t len = (size_t)(name->wire + name->len - wire);
	uint64_t first = octets_le64(wire);
	uint64_t last = 0;

	if (len < 8)
		first &= ~0ULL >> (64 - 8 * len);
	else
		last = octets_le64(wire + len - 8);
	first = (first ^ len) * 0x9e3779b97f4a7c15ULL;
	first ^= first >> 32;
	return (first ^ last) * 0xd6e8feb86659fd93ULL;
}

/* The top bits choose a word, and others two bits in it. */
static inline uint64_t filter_mask(uint64_t hash)
{
	return 1ULL << (hash >> 40 & 63) | 1ULL << (hash >> 32 & 63);
}

static inline void filter_set(uint64_t *filter, int bits, uint64_t hash)
{
	filter[hash >> (64 - bits)] |= filter_mask(hash);
}

static inline bool filter_has(const uint64_t *filter, int bits, uint64_t hash)
{
	return !(~filter[hash >> (64 - bits)] & filter_mask(hash));
}

#endif
