/* SPDX-License-Identifier: BSD-2-Clause */
/* Of which names of a set its phrases are learned, and how its owners come to be streams. */
#include "set/chunk.h"

#include <string.h>

#define PLACES 256U /* of the arena, each for the records up to the next checkpoint */
#define NAMES_MAX (PLACES * CHECKPOINT_RECORDS)

struct gathering {
	const struct domset *set;
	uint8_t *octets;
	uint32_t *start;
	uint32_t *end_seen;
	uint32_t count;
};

static const struct checkpoint *checkpoints_of(const struct domset *set)
{
	return (const void *)set->checkpoint_pages.base;
}

static void gather_name(struct gathering *g, const uint8_t *owner)
{
	uint32_t end;
	size_t len = record_labels(owner, &end);
	uint32_t at = g->start[g->count];

	memcpy(g->octets + at, owner, len);
	memset(g->octets + at + len, 0, NAME_PAD);
	g->start[++g->count] = at + (uint32_t)len + NAME_PAD;
	if (end != PHRASE_NO_END)
		g->end_seen[end]++;
}

/* The records from checkpoint `index` up to the next. */
static void gather_from(struct gathering *g, uint32_t index)
{
	const struct domset *set = g->set;
	const struct checkpoint *checkpoints = checkpoints_of(set);
	uint32_t until = index + 1 < set->checkpoint_count ? checkpoints[index + 1].record
							   : set->arena_bytes;
	uint32_t at = checkpoints[index].record;

	while (at < until && g->count < NAMES_MAX) {
		struct record_head head;
		const uint8_t *owner = record_head(set->arena + at, &head);

		gather_name(g, owner);
		at = (uint32_t)(record_skip_owner(owner, &head, &set->ends) - set->arena);
	}
}

static void gather(struct gathering *g)
{
	uint32_t count = g->set->checkpoint_count;
	uint32_t step = count > PLACES ? count / PLACES : 1;

	for (uint32_t i = 0; i < count; i += step)
		gather_from(g, i);
}

static enum err learn(struct domset *set, const struct pages *memory,
		      struct phrase_coder **ret_coder)
{
	size_t ends = set->ends.dict.count;
	struct gathering g = {
		.set = set,
		.end_seen = (void *)memory->base,
		.start = (uint32_t *)(void *)memory->base + ends,
		.octets = memory->base + (ends + NAMES_MAX + 1) * sizeof(uint32_t),
	};

	gather(&g);
	return phrase_coder_create(
		&(struct phrase_sample){
			.octets = g.octets,
			.start = g.start,
			.count = g.count,
			.end_seen = g.end_seen,
			.ends = (uint32_t)ends,
		},
		(void *)set->phrase_pages.base, ret_coder);
}

enum err domset_learn(struct domset *set, struct phrase_coder **ret_coder)
{
	const size_t names = NAMES_MAX * (NAME_WIRE_MAX + NAME_PAD + sizeof(uint32_t));
	struct pages memory;
	enum err err = pages_map(&memory, names + (set->ends.dict.count + 1UL) * sizeof(uint32_t));

	if (err != ERR_OK)
		return err;
	err = pages_map(&set->phrase_pages, sizeof(struct phrases));
	if (err == ERR_OK)
		err = learn(set, &memory, ret_coder);
	if (err == ERR_OK)
		set->ends.phrases = (const void *)set->phrase_pages.base;
	else
		pages_free(&set->phrase_pages);
	pages_free(&memory);
	return err;
}

bool domset_write_stream(const struct phrase_coder *coder, uint8_t *owner, uint32_t *octets)
{
	uint8_t labels[NAME_WIRE_MAX + NAME_PAD];
	uint8_t stream[NAME_WIRE_MAX];
	uint32_t end;
	size_t len = record_labels(owner, &end);
	size_t written;

	memcpy(labels, owner, len);
	memset(labels + len, 0, NAME_PAD);
	written = phrase_write(coder, labels, len, end, stream, *octets - 1UL);
	if (written == 0)
		return false;
	memcpy(owner, stream, written);
	*octets = (uint32_t)written;
	return true;
}
