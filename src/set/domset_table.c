/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills the hash table of a set from its arena: one walk, in batches that hide the misses, and that
 * threads read ahead where there are many.
 * Rules that are there already are taken out of the arena on the way.
 */
#include <stdlib.h>

#include "base/ahead.h"
#include "base/priority.h"
#include "set/reading.h"

#define BATCH 64U	      /* records that are read at once, without threads */
#define PREFETCH 16U	      /* so many records before they are put into the table */
#define RECORDS_A_TURN 1024U  /* a quarter of a millisecond's work */
#define PIECE_CHECKPOINTS 16U /* of the records that a thread reads at once */
#define AHEAD_RECORDS 200000U /* of fewer no thread is worth while */
/* Of 20 places in the table, so many are filled. */
#define FILL_OF_20 17U
#define FILL_OF_20_COMPACT 18U

/* The walk; what was read is moved down to where the duplicates before it were. */
struct walk {
	struct domset *set;
	const struct domset_again *again;
	const struct phrase_coder *coder;
	const struct hash_state *ends;
	struct chunk *chunks;
	uint8_t *arena;
	struct checkpoint *checkpoints;
	uint32_t out;
	uint32_t records; /* that are kept */
	uint32_t taken;	  /* the others too */
	uint32_t checkpoint_count;
	uint32_t line;	/* of the list's record before */
	uint32_t delta; /* lines since then */
	int list;
	bool at_list_start;
};

enum err domset_table_map(uint32_t records, bool compact, struct pages *ret_table)
{
	uint32_t fill = compact ? FILL_OF_20_COMPACT : FILL_OF_20;
	uint64_t chunks = records * 20ULL / (fill * CHUNK_RECORDS) + 1;

	return pages_map_huge(ret_table, chunks * sizeof(struct chunk));
}

static struct chunk *next_chunk(const struct walk *walk, struct chunk *chunk)
{
	return ++chunk == walk->chunks + walk->set->chunk_count ? walk->chunks : chunk;
}

/* The chunk's record that is this one over again; NULL: none is. */
static uint32_t *find_same(const struct walk *walk, struct chunk *chunk,
			   const struct reading *reading)
{
	uint32_t found = chunk_find(chunk, chunk_tag(reading->hash));
	struct name owner;

	if (found)
		(void)record_owner(walk->arena + reading_owner(reading), &reading->head,
				   &walk->set->ends, &owner);
	for (; found; found &= found - 1) {
		uint32_t *place = &chunk->record[__builtin_ctz(found)];
		struct record_head head;
		struct name name;
		const uint8_t *at = record_head(walk->arena + *place, &head);

		(void)record_owner(at, &head, &walk->set->ends, &name);
		if (head.class == reading->head.class && name_equal(&name, &owner))
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

static struct chunk *chunk_of(const struct walk *walk, uint64_t hash)
{
	return &walk->chunks[chunk_index(hash, walk->set->chunk_count)];
}

/* True for a rule whose records may be more than those of the same rule before it. */
static bool takes_place(const struct walk *walk, const struct reading *reading)
{
	return reading->head.data > 0 &&
	       walk->set->classes[reading->head.class].kind.answer == DOMSET_ANSWER_DATA;
}

/* Puts the record into the first chunk with a free place. */
static enum fate insert(const struct walk *walk, const struct reading *reading)
{
	uint64_t hash = reading->hash;
	struct chunk *chunk = chunk_of(walk, hash);
	uint32_t free_places;
	uint32_t *same;

	for (;;) {
		same = find_same(walk, chunk, reading);
		if (same && !takes_place(walk, reading))
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

/*
 * Moves the record to its place.  It may have to tell a larger delta than before, for the lines of
 * the duplicates before it; those were longer than the octet that this takes.
 */
static void move_record(struct walk *walk, const struct reading *reading)
{
	const struct record_head head = {
		.class = reading->head.class,
		.delta = walk->delta,
		.data = reading->head.data,
		.stream = reading->head.stream,
	};
	uint8_t octet[RECORD_HEAD_MAX];
	size_t head_octets;

	if (walk->out == reading->record && !reading->rewritten) {
		walk->out += reading->head_octets + reading->octets;
		return;
	}
	head_octets = record_write_head(octet, &head);
	memmove(walk->arena + walk->out + head_octets, walk->arena + reading_owner(reading),
		reading->octets);
	memcpy(walk->arena + walk->out, octet, head_octets);
	walk->out += (uint32_t)head_octets + reading->octets;
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

static void tell_again(const struct walk *walk, const struct reading *reading)
{
	struct name owner;

	if (!walk->again->tell)
		return;
	(void)record_owner(walk->arena + reading_owner(reading), &reading->head, &walk->set->ends,
			   &owner);
	walk->again->tell(walk->again->arg, (unsigned int)walk->list, walk->line + walk->delta,
			  &owner);
}

static void begin_list(struct walk *walk, int list)
{
	walk->list = list;
	walk->line = 0;
	walk->delta = 0;
	walk->at_list_start = true;
}

static void take_record(struct walk *walk, const struct reading *reading)
{
	const struct rule_class *class = &walk->set->classes[reading->head.class];
	enum fate fate;

	if (class->list != walk->list)
		begin_list(walk, class->list);
	walk->delta += reading->head.delta;
	fate = insert(walk, reading);
	if (fate == FATE_AGAIN) {
		walk->set->counts[walk->list].duplicates++;
		tell_again(walk, reading);
		return;
	}
	walk->set->counts[walk->list].rules +=
		fate == FATE_NEW && class->kind.answer != DOMSET_ANSWER_NOTHING;
	walk->set->depths[reading->labels / 64] |= 1ULL << reading->labels % 64;
	if (walk->at_list_start || walk->records % CHECKPOINT_RECORDS == 0)
		set_checkpoint(walk);
	move_record(walk, reading);
	walk->line += walk->delta;
	walk->delta = 0;
	walk->records++;
}

static void take_batch(struct walk *walk, const struct batch *batch)
{
	for (uint32_t i = 0; i < PREFETCH && i < batch->count; i++)
		__builtin_prefetch(chunk_of(walk, batch->readings[i].hash), 1);
	for (uint32_t i = 0; i < batch->count; i++) {
		if (i + PREFETCH < batch->count)
			__builtin_prefetch(chunk_of(walk, batch->readings[i + PREFETCH].hash), 1);
		take_record(walk, &batch->readings[i]);
		if (++walk->taken % RECORDS_A_TURN == 0)
			priority_give_way();
	}
}

/* ---- with threads that read and hash the records ahead */

#define PIECE_RECORDS (PIECE_CHECKPOINTS * CHECKPOINT_RECORDS)

struct pieces {
	struct ahead *ahead;
	struct pages memory; /* of the readings */
	uint32_t *starts;    /* of pieces, in the arena, and its end */
	uint32_t count;
	uint32_t next; /* to be read */
	struct batch batches[AHEAD_PIECES];
};

/* The walk writes checkpoints anew, so that where the pieces begin is noted before. */
static enum err note_starts(struct pieces *pieces, const struct domset *set)
{
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;
	uint32_t count = (set->checkpoint_count + PIECE_CHECKPOINTS - 1) / PIECE_CHECKPOINTS;

	pieces->starts = calloc(count + 1UL, sizeof(*pieces->starts));
	if (!pieces->starts)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		pieces->starts[i] = checkpoints[(size_t)i * PIECE_CHECKPOINTS].record;
	pieces->starts[count] = set->arena_bytes;
	pieces->count = count;
	return ERR_OK;
}

static void free_pieces(struct pieces *pieces)
{
	ahead_free(pieces->ahead);
	pages_free(&pieces->memory);
	free(pieces->starts);
}

static enum err make_pieces(struct pieces *pieces, const struct walk *walk)
{
	const struct domset *set = walk->set;
	const size_t octets = PIECE_RECORDS * sizeof(struct reading);
	enum err err = note_starts(pieces, set);

	if (err == ERR_OK)
		err = pages_map(&pieces->memory, AHEAD_PIECES * octets);
	for (uint32_t i = 0; i < AHEAD_PIECES && err == ERR_OK; i++)
		pieces->batches[i] = (struct batch){
			.set = set,
			.coder = walk->coder,
			.ends = walk->ends,
			.room = PIECE_RECORDS,
			.handed = true,
			.readings = (void *)(pieces->memory.base + i * octets),
		};
	if (err == ERR_OK)
		err = ahead_create("records", batch_read, &pieces->ahead);
	if (err != ERR_OK)
		free_pieces(pieces);
	return err;
}

static void put_piece(struct pieces *pieces)
{
	struct batch *batch = &pieces->batches[pieces->next % AHEAD_PIECES];

	batch->in = pieces->starts[pieces->next];
	batch->own = batch->in + PHRASE_READ_BEHIND;
	batch->until = pieces->starts[pieces->next + 1];
	pieces->next++;
	ahead_put(pieces->ahead, batch);
}

/* There is room for all records of a piece, as there are checkpoints now. */
static void take_piece(struct walk *walk, struct batch *batch)
{
	for (uint32_t i = 0; i < batch->count && reading_owner(&batch->readings[i]) < batch->own;
	     i++)
		batch_rewrite(batch, &batch->readings[i]);
	take_batch(walk, batch);
	while (batch->in < batch->until) {
		batch_read(batch);
		take_batch(walk, batch);
	}
}

/* False: it has to be done without threads, and nothing was done. */
static bool walk_ahead(struct walk *walk)
{
	struct pieces pieces = {.ahead = NULL};

	if (make_pieces(&pieces, walk) != ERR_OK)
		return false;
	for (uint32_t i = 0; i < pieces.count; i++) {
		while (pieces.next < pieces.count && ahead_count(pieces.ahead) < AHEAD_PIECES)
			put_piece(&pieces);
		take_piece(walk, ahead_take(pieces.ahead));
	}
	free_pieces(&pieces);
	return true;
}

/* ---- */

static void walk_alone(struct walk *walk)
{
	struct reading readings[BATCH];
	struct batch batch = {
		.set = walk->set,
		.coder = walk->coder,
		.ends = walk->ends,
		.until = walk->set->arena_bytes,
		.room = BATCH,
		.readings = readings,
	};

	while (batch.in < batch.until) {
		batch_read(&batch);
		take_batch(walk, &batch);
	}
}

/* Without memory for it, names are hashed as wholes. */
static const struct hash_state *hash_ends(const struct domset *set, struct pages *ret_ends)
{
	return batch_hash_ends(set, ret_ends) == ERR_OK ? (const void *)ret_ends->base : NULL;
}

/* Fills `table` and returns the number of records that are in it. */
static uint32_t fill(struct domset *set, uint32_t records, const struct pages *table,
		     const struct domset_again *again, const struct phrase_coder *coder)
{
	struct walk walk = {
		.set = set,
		.again = again,
		.coder = coder,
		.chunks = (void *)table->base,
		.arena = set->arena_pages.base,
		.checkpoints = (void *)set->checkpoint_pages.base,
		.list = -1,
	};
	struct pages ends = {.base = NULL};

	walk.ends = hash_ends(set, &ends);
	set->table_pages = *table;
	set->chunks = walk.chunks;
	set->chunk_count = table->size / sizeof(struct chunk);
	if (records < AHEAD_RECORDS || !walk_ahead(&walk))
		walk_alone(&walk);
	pages_free(&ends);
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

	if (domset_table_map(records, set->ends.phrases != NULL, &table) != ERR_OK)
		return;
	for (uint32_t list = 0; list < DOMSET_LISTS_MAX; list++)
		set->counts[list].rules = 0;
	(void)fill(set, records, &table, &nobody, NULL);
	pages_free(&old);
}

void domset_table_fill(struct domset *set, uint32_t records, const struct pages *table,
		       const struct domset_again *again, const struct phrase_coder *coder)
{
	uint32_t kept = fill(set, records, table, again, coder);

	if (kept < records - records / 8)
		refit(set, kept);
}
