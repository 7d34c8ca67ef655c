/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills the hash table of a set from its arena: one walk, in batches that hide the misses.
 * Rules that are there already are taken out of the arena on the way.
 */
#include "base/priority.h"
#include "set/chunk.h"

#define BATCH 32U
#define BATCHES_A_TURN 32U /* a quarter of a millisecond's work */
/* Of 20 places in the table, so many are filled. */
#define FILL_OF_20 17U

/* Records read from the arena, on their way into the table. */
struct batch {
	uint32_t count;
	uint32_t record[BATCH];
	uint32_t owner_at[BATCH];
	uint32_t end[BATCH];
	struct record_head head[BATCH];
	uint64_t hash[BATCH];
	struct chunk *chunk[BATCH]; /* where the hash leads */
	struct name owner[BATCH];
};

/* The walk; what was read is moved down to where the duplicates before it were. */
struct walk {
	struct domset *set;
	const struct domset_again *again;
	struct chunk *chunks;
	uint8_t *arena;
	struct checkpoint *checkpoints;
	uint32_t in;
	uint32_t out;
	uint32_t records; /* that are kept */
	uint32_t checkpoint_count;
	uint32_t line;	/* of the list's record before */
	uint32_t delta; /* lines since then */
	int list;
	bool at_list_start;
	struct batch batch;
};

enum err domset_table_map(uint32_t records, struct pages *ret_table)
{
	uint64_t chunks = records * 20ULL / (FILL_OF_20 * CHUNK_RECORDS) + 1;

	return pages_map_huge(ret_table, chunks * sizeof(struct chunk));
}

static struct chunk *next_chunk(const struct walk *walk, struct chunk *chunk)
{
	return ++chunk == walk->chunks + walk->set->chunk_count ? walk->chunks : chunk;
}

/* The chunk's record that is the batch's record `i` over again; NULL: none is. */
static uint32_t *find_same(const struct walk *walk, struct chunk *chunk, uint32_t i)
{
	const struct batch *batch = &walk->batch;
	uint32_t found = chunk_find(chunk, chunk_tag(batch->hash[i]));

	for (; found; found &= found - 1) {
		uint32_t *place = &chunk->record[__builtin_ctz(found)];
		struct record_head head;
		struct name name;

		(void)record_owner(record_head(walk->arena + *place, &head), &walk->set->dict,
				   &name);
		if (head.class == batch->head[i].class && name_equal(&name, &batch->owner[i]))
			return place;
	}
	return NULL;
}

/* What becomes of a record that is read. */
enum fate {
	FATE_NEW,
	FATE_AGAIN,   /* the same rule is there */
	FATE_INSTEAD, /* it is, with other data: that one's record stays behind unseen */
};

/* Puts record `i` of the batch into the first chunk with a free place. */
static enum fate insert(const struct walk *walk, uint32_t i)
{
	struct chunk *chunk = walk->batch.chunk[i];
	uint64_t hash = walk->batch.hash[i];
	uint32_t free_places;
	uint32_t *same;

	for (;;) {
		same = find_same(walk, chunk, i);
		if (same && walk->batch.head[i].data == 0)
			return FATE_AGAIN;
		if (same) {
			*same = walk->out;
			return FATE_INSTEAD;
		}
		free_places = chunk_find(chunk, 0);
		if (free_places)
			break;
		chunk->overflow |= chunk_overflow_bit(hash);
		chunk = next_chunk(walk, chunk);
	}
	chunk->tag[__builtin_ctz(free_places)] = chunk_tag(hash);
	chunk->record[__builtin_ctz(free_places)] = walk->out;
	return FATE_NEW;
}

static void read_batch(struct walk *walk)
{
	const struct domset *set = walk->set;
	struct batch *batch = &walk->batch;
	uint32_t i;

	for (i = 0; i < BATCH && walk->in < set->arena_bytes; i++) {
		const uint8_t *owner = record_head(walk->arena + walk->in, &batch->head[i]);
		const uint8_t *end = record_owner(owner, &set->dict, &batch->owner[i]);

		batch->record[i] = walk->in;
		batch->owner_at[i] = (uint32_t)(owner - walk->arena);
		batch->end[i] = (uint32_t)(end - walk->arena);
		batch->hash[i] = name_hash(&set->key, &batch->owner[i]);
		batch->chunk[i] = &walk->chunks[chunk_index(batch->hash[i], set->chunk_count)];
		__builtin_prefetch(batch->chunk[i], 1);
		walk->in = batch->end[i];
	}
	batch->count = i;
}

/*
 * Moves record `i` of the batch to its place.  It may have to tell a larger delta than before,
 * for the lines of the duplicates before it; those were longer than the octet that this takes.
 */
static void move_record(struct walk *walk, uint32_t i)
{
	const struct batch *batch = &walk->batch;
	struct record_head head = {
		.class = batch->head[i].class,
		.delta = walk->delta,
		.data = batch->head[i].data,
	};
	uint32_t octets = batch->end[i] - batch->owner_at[i];
	uint8_t octet[RECORD_HEAD_MAX];
	size_t head_octets;

	if (walk->out == batch->record[i]) {
		walk->out = batch->end[i];
		return;
	}
	head_octets = record_write_head(octet, &head);
	memmove(walk->arena + walk->out + head_octets, walk->arena + batch->owner_at[i], octets);
	memcpy(walk->arena + walk->out, octet, head_octets);
	walk->out += (uint32_t)head_octets + octets;
}

static void set_checkpoint(struct walk *walk)
{
	walk->checkpoints[walk->checkpoint_count++] = (struct checkpoint){
		.record = walk->out,
		.line = walk->line,
	};
	if (walk->at_list_start)
		walk->set->starts[walk->list] = walk->checkpoint_count;
	walk->at_list_start = false;
}

static void set_depth(struct walk *walk, const struct name *owner)
{
	uint32_t labels = 0;

	for (uint32_t pos = 0; owner->wire[pos]; pos += owner->wire[pos] + 1U)
		labels++;
	walk->set->depths[labels / 64] |= 1ULL << labels % 64;
}

static void take_record(struct walk *walk, uint32_t i)
{
	const struct record_head *head = &walk->batch.head[i];
	const struct rule_class *class = &walk->set->classes[head->class];
	int list = class->list;
	enum fate fate;

	if (list != walk->list) {
		walk->list = list;
		walk->line = 0;
		walk->delta = 0;
		walk->at_list_start = true;
	}
	walk->delta += head->delta;
	fate = insert(walk, i);
	if (fate == FATE_AGAIN) {
		walk->set->counts[list].duplicates++;
		if (walk->again->tell)
			walk->again->tell(walk->again->arg, (unsigned int)list,
					  walk->line + walk->delta, &walk->batch.owner[i]);
		return;
	}
	walk->set->counts[list].rules +=
		fate == FATE_NEW && class->kind.answer != DOMSET_ANSWER_NOTHING;
	set_depth(walk, &walk->batch.owner[i]);
	if (walk->at_list_start || walk->records % CHECKPOINT_RECORDS == 0)
		set_checkpoint(walk);
	move_record(walk, i);
	walk->line += walk->delta;
	walk->delta = 0;
	walk->records++;
}

/* Fills `table` and returns the number of records that are in it. */
static uint32_t fill(struct domset *set, const struct pages *table,
		     const struct domset_again *again)
{
	struct walk walk = {
		.set = set,
		.again = again,
		.chunks = (void *)table->base,
		.arena = set->arena_pages.base,
		.checkpoints = (void *)set->checkpoint_pages.base,
		.list = -1,
	};

	set->table_pages = *table;
	set->chunks = walk.chunks;
	set->chunk_count = table->size / sizeof(struct chunk);
	for (uint32_t batches = 1; walk.in < set->arena_bytes; batches++) {
		read_batch(&walk);
		for (uint32_t i = 0; i < walk.batch.count; i++)
			take_record(&walk, i);
		if (batches % BATCHES_A_TURN == 0)
			priority_give_way();
	}
	set->arena_bytes = walk.out;
	set->checkpoint_count = walk.checkpoint_count;
	return walk.records;
}

/* Fills a smaller table; without memory for it, the old one is as good.  There is nothing left that
 * is there already. */
static void refit(struct domset *set, uint32_t records)
{
	static const struct domset_again nobody = {.tell = NULL};
	struct pages old = set->table_pages;
	struct pages table;

	if (domset_table_map(records, &table) != ERR_OK)
		return;
	for (uint32_t list = 0; list < DOMSET_LISTS_MAX; list++)
		set->counts[list].rules = 0;
	(void)fill(set, &table, &nobody);
	pages_free(&old);
}

void domset_table_fill(struct domset *set, uint32_t records, const struct pages *table,
		       const struct domset_again *again)
{
	uint32_t kept = fill(set, table, again);

	if (kept < records - records / 8)
		refit(set, kept);
}
