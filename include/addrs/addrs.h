/* SPDX-License-Identifier: BSD-2-Clause */
/* How a frozen set of prefixes lies in memory. */
#ifndef ADDRS_ADDRS_H
#define ADDRS_ADDRS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pages.h"

#define ADDRS_BUCKETS 65536U	/* of the index, by an address's first 16 bits */
#define ADDRS_INDEX_FROM 16384U /* rules of a family from which it has an index */
#define ADDRS_BLOCKS 65536U	/* bits of the filter */
#define ADDRS_V4_BITS 32U
#define ADDRS_V6_BITS 128U

/* Distinct rules of a list, and those that were given more than once. */
struct addrset_count {
	uint32_t rules;
	uint32_t duplicates;
};

/* An address as a number, the IPv4 ones in the low 32 bits of `lo`. */
struct addrs_key {
	uint64_t hi;
	uint64_t lo;
};

/* A rule but for its address. */
struct addrs_node {
	uint32_t parent; /* the nearest rule that covers this one too, or ADDRSET_NONE */
	uint32_t line;
	uint16_t list;
	uint8_t len;
	uint8_t answer;
};

/* Of the rules that have a number of the caller's. */
struct addrs_datum {
	uint32_t record;
	uint32_t data;
};

/*
 * Sorted by address, then by length: the last rule that does not begin behind an address covers it,
 * or one of its parents does, or none.  Records count IPv4's rules first.
 */
struct addrset {
	struct pages pages; /* all that follows lies in it */
	uint32_t v4_count;
	uint32_t v6_count;
	uint32_t *v4;
	struct addrs_key *v6;
	struct addrs_node *nodes;
	uint32_t *v4_index; /* the first rule whose address has these bits or more; NULL: none */
	uint32_t *v6_index;
	struct addrs_datum *data; /* by record */
	uint32_t data_count;
	/* a bit for each block in which a rule has an address: no other is looked for */
	uint64_t v4_blocks[ADDRS_BLOCKS / 64];
	uint64_t v6_blocks[ADDRS_BLOCKS / 64];
	uint32_t list_count;
	struct addrset_count counts[];
};

/* The bits of a prefix of `len` of `bits`; 0 of 0. */
struct addrs_key addrs_mask(unsigned int len, unsigned int bits);

static inline bool addrs_key_less(struct addrs_key a, struct addrs_key b)
{
	return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* An IPv4 address's block is its first 16 bits, an IPv6 one's a hash of its first 32. */
static inline uint32_t addrs_v4_block(uint32_t key)
{
	return key >> 16;
}

static inline uint32_t addrs_v6_block(struct addrs_key key)
{
	return (uint32_t)(key.hi >> 32) * 0x9e3779b1U >> 16;
}

static inline bool addrs_has_block(const uint64_t *blocks, uint32_t block)
{
	return blocks[block / 64] >> block % 64 & 1;
}

/* True when the prefix of `len` bits at `first` has `key`. */
static inline bool addrs_covers(struct addrs_key first, unsigned int len, unsigned int bits,
				struct addrs_key key)
{
	struct addrs_key mask = addrs_mask(len, bits);

	return (key.hi & mask.hi) == first.hi && (key.lo & mask.lo) == first.lo;
}

#endif
