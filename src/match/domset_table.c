/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills the hash table of a set from its arena: one walk, in batches that hide the misses. */
#include "match/domset_p.h"

#define BATCH 32U
/* Of 20 places in the table, so many are filled. */
#define FILL_OF_20 17U

/* Records read from the arena, on their way into the table. */
struct batch {
	uint32_t count;
	uint32_t record[BATCH];
	uint32_t class[BATCH];
	uint8_t labels[BATCH];
	uint64_t hash[BATCH];
	struct chunk *chunk[BATCH]; /* where its hash leads */
	struct name owner[BATCH];
};

enum err domset_table_map(uint32_t records, struct pages *ret_table)
{
	uint64_t chunks = records * 20ULL / (FILL_OF_20 * CHUNK_RECORDS) + 1;

	return pages_map_huge(ret_table, chunks * sizeof(struct chunk));
}

/* True when one of the chunk's records is the batch's record `i` over again. */
static bool is_there(const struct domset *set, const struct chunk *chunk,
		     const struct batch *batch, uint32_t i)
{
	uint32_t found = chunk_find(chunk, chunk_tag(batch->hash[i]));

	for (; found; found &= found - 1) {
		uint32_t record = chunk->record[__builtin_ctz(found)];
		struct record_head head;
		struct name name;

		(void)record_owner(record_head(set->arena + record, &head), &set->dict, &name);
		if (head.class == batch->class[i] && name_equal(&name, &batch->owner[i]))
			return true;
	}
	return false;
}

/* Puts record `i` of the batch into the first chunk with a free place; false if it is there. */
static bool insert(const struct domset *set, struct chunk *chunks, const struct batch *batch,
		   uint32_t i)
{
	struct chunk *chunk = batch->chunk[i];
	uint32_t free_places;

	for (;;) {
		if (is_there(set, chunk, batch, i))
			return false;
		free_places = chunk_find(chunk, 0);
		if (free_places)
			break;
		chunk->overflow |= chunk_overflow_bit(batch->hash[i]);
		if (++chunk == chunks + set->chunk_count)
			chunk = chunks;
	}
	chunk->tag[__builtin_ctz(free_places)] = chunk_tag(batch->hash[i]);
	chunk->record[__builtin_ctz(free_places)] = batch->record[i];
	return true;
}

static uint8_t count_labels(const struct name *name)
{
	uint8_t labels = 0;

	for (uint32_t pos = 0; name->wire[pos]; pos += name->wire[pos] + 1U)
		labels++;
	return labels;
}

/* Reads up to BATCH records from `at` on, and returns where the next begins. */
static uint32_t read_batch(const struct domset *set, struct chunk *chunks, uint32_t at,
			   struct batch *batch)
{
	for (batch->count = 0; batch->count < BATCH && at < set->arena_bytes; batch->count++) {
		uint32_t i = batch->count;
		struct record_head head;
		const uint8_t *owner = record_head(set->arena + at, &head);

		batch->record[i] = at;
		batch->class[i] = head.class;
		at = (uint32_t)(record_owner(owner, &set->dict, &batch->owner[i]) - set->arena);
		batch->labels[i] = count_labels(&batch->owner[i]);
		batch->hash[i] = name_hash(&set->key, &batch->owner[i]);
		batch->chunk[i] = &chunks[chunk_index(batch->hash[i], set->chunk_count)];
		__builtin_prefetch(batch->chunk[i], 1);
	}
	return at;
}

static void count_rule(struct domset *set, const struct batch *batch, uint32_t i, bool is_new)
{
	struct domset_count *count = &set->counts[set->classes[batch->class[i]].list];
	uint32_t labels = batch->labels[i];

	if (is_new)
		count->rules++;
	else
		count->duplicates++;
	set->depths[labels / 64] |= 1ULL << labels % 64;
}

void domset_table_fill(struct domset *set, const struct pages *table)
{
	struct chunk *chunks = (void *)table->base;
	struct batch batch;

	set->table_pages = *table;
	set->chunks = chunks;
	set->chunk_count = table->size / sizeof(struct chunk);
	for (uint32_t at = 0; at < set->arena_bytes;) {
		at = read_batch(set, chunks, at, &batch);
		for (uint32_t i = 0; i < batch.count; i++)
			count_rule(set, &batch, i, insert(set, chunks, &batch, i));
	}
}
