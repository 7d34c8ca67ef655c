/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frozen set from within: the arena of records in the order they were added, and a hash
 * table of their places.
 *
 * A chunk of the table is one cache line: 12 records with an octet of hash each, which one
 * comparison finds, and a filter of those that found it full and went on to the next, so that
 * asking for a name that is not there nearly always ends in the first chunk.
 */
#ifndef SET_CHUNK_H
#define SET_CHUNK_H

#include <stdalign.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "set/domset.h"
#include "base/pages.h"
#include "set/record.h"

#define CHUNK_RECORDS 12U
#define CHECKPOINT_RECORDS 128U /* at most so many records are walked to tell a line */

struct chunk {
	alignas(64) uint8_t tag[CHUNK_RECORDS]; /* 0: no record, and none behind it */
	uint32_t overflow; /* the chunk_overflow_bit() of all that found this chunk full */
	uint32_t record[CHUNK_RECORDS];
};

/* A kind of rules of one list. */
struct rule_class {
	struct domset_kind kind;
	uint16_t list;
};

/* A pattern has a number at the end of those that records may have. */
#define PATTERN_RECORD (UINT32_MAX - PATTERNSET_MAX)

/* Where a record lies, and the line of the list's record before it. */
struct checkpoint {
	uint32_t record;
	uint32_t line;
};

struct domset {
	struct pages self; /* this structure's own */
	struct hash_key key;
	uint64_t root_hash; /* of the name that all others end with */
	const struct chunk *chunks;
	const uint8_t *arena;
	struct record_ends ends;
	uint64_t chunk_count;
	uint64_t depths[2]; /* a bit for each number of labels that an owner has */
	uint32_t arena_bytes;
	uint32_t checkpoint_count;
	struct pages table_pages;
	struct pages arena_pages;
	struct pages dict_pages;
	struct pages phrase_pages;     /* of struct phrases; none: no owner is a stream */
	struct pages checkpoint_pages; /* of struct checkpoint, by record */
	struct patternset *patterns;   /* NULL: there are none */
	struct pages class_pages;
	const struct rule_class *classes;
	uint32_t class_count;
	uint32_t types; /* that rules are for, of those that are not for all */
	struct domset_count counts[DOMSET_LISTS_MAX];
	uint32_t starts[DOMSET_LISTS_MAX]; /* the checkpoint of a list's first record, and 1 */
};

/* The top bits of the hash choose the chunk; the count, below 2^32, need be no power of two. */
static inline uint64_t chunk_index(uint64_t hash, uint64_t chunk_count)
{
	return (hash >> 32) * chunk_count >> 32;
}

static inline uint8_t chunk_tag(uint64_t hash)
{
	uint8_t tag = (uint8_t)hash;

	return tag ? tag : 1;
}

static inline uint32_t chunk_overflow_bit(uint64_t hash)
{
	return 1U << (hash >> 8 & 31);
}

/* A bit for each of the chunk's records whose tag it is; tag 0 finds the free places. */
static inline uint32_t chunk_find(const struct chunk *chunk, uint8_t tag)
{
#ifdef __SSE2__
	__m128i tags = _mm_load_si128((const __m128i *)(const void *)chunk->tag);
	__m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag));

	return (uint32_t)_mm_movemask_epi8(same) & ((1U << CHUNK_RECORDS) - 1);
#else
	uint32_t found = 0;

	for (unsigned int i = 0; i < CHUNK_RECORDS; i++)
		found |= (uint32_t)(chunk->tag[i] == tag) << i;
	return found;
#endif
}

/* Of the depths `from` (0 or 64) to `from` + 63, a bit for each that owners have and that a name of
 * `labels` labels has an end of; the root's depth is 0. */
static inline uint64_t depths_from(const struct domset *set, uint32_t from, uint32_t labels)
{
	uint64_t depths = set->depths[from / 64];

	return labels - from < 63 ? depths & ((2ULL << (labels - from)) - 1) : depths;
}

/* An empty table for `records` records, with more of its places filled in a compact set.
 * ERR_NOMEM. */
enum err domset_table_map(uint32_t records, bool compact, struct pages *ret_table) MUST_CHECK;

/* Learns the phrases of the records in the set's arena, and how they are to be written.  ERR_NOMEM:
 * the set is as it was. */
enum err domset_learn(struct domset *set, struct phrase_coder **ret_coder) MUST_CHECK;

/* Writes the owner, `octets` of labels and a code, as a stream in its place if that is shorter, and
 * tells its octets then.  Any thread. */
bool domset_write_stream(const struct phrase_coder *coder, uint8_t *owner, uint32_t *octets);

/* Who is told of rules that are there already; `tell` NULL: nobody. */
struct domset_again {
	domset_again_fn *tell;
	void *arg;
};

/*
 * Puts the `records` records of the set's arena into `table`, which becomes the set's, counts
 * them, and takes the records out that are there twice, which `again` is told of.  Owners that
 * become shorter by it are written as streams by `coder` (NULL: none).
 */
void domset_table_fill(struct domset *set, uint32_t records, const struct pages *table,
		       const struct domset_again *again, const struct phrase_coder *coder);

/* A name of `labels` labels, and types of questions. */
struct domset_asked {
	const struct name *name;
	uint32_t labels;
	uint32_t types;
};

/* Takes in the patterns that match the name. */
void domset_match_patterns(const struct domset *set, const struct domset_asked *of,
			   struct domset_hits *hits);

/* Counts the patterns among the rules of their lists. */
void domset_count_patterns(struct domset *set);

#endif
