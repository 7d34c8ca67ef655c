/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a set that was read is one: nothing in it leads anywhere else. */
#include "base/prefetch.h"
#include "set/chunk.h"
#include "set/image.h"

#define NUMBER_OCTETS_MAX 5U

/* The walk over all records. */
struct check {
	const struct domset *set;
	const uint8_t *end;  /* of the arena */
	struct pages begins; /* a bit for each octet that a record begins at */
	uint32_t records;
	uint32_t checkpoint; /* the next one */
};

/* ---- the dictionary and the classes */

static bool is_entry(const struct dict_entry *entry)
{
	uint32_t at = 0;
	uint32_t labels = 0;

	if (entry->len == 0 || entry->len > DICT_SUFFIX_MAX)
		return false;
	for (; at + 1 < entry->len && entry->wire[at] > 0 && entry->wire[at] < RECORD_CODE;
	     at += entry->wire[at] + 1U)
		labels++;
	return at + 1 == entry->len && entry->wire[at] == 0 && labels == entry->labels;
}

static bool are_small(const struct domset *set, unsigned int lists)
{
	for (uint32_t i = 0; i < set->ends.dict.count; i++)
		if (!is_entry(&set->ends.dict.entries[i]))
			return false;
	for (uint32_t i = 0; i < set->class_count; i++)
		if (set->classes[i].list >= lists)
			return false;
	for (uint32_t i = 0; i < DOMSET_LISTS_MAX; i++)
		if (set->starts[i] > set->checkpoint_count)
			return false;
	return true;
}

/* ---- the records */

/* NULL: it does not end where it may. */
static const uint8_t *skip_number(const uint8_t *at, const uint8_t *end)
{
	for (uint32_t i = 0; i < NUMBER_OCTETS_MAX && at < end; i++)
		if (!(*at++ & 0x80))
			return at;
	return NULL;
}

/* Returns where the owner begins, NULL: the head is none.  Of rules with data there are none. */
static const uint8_t *check_head(const struct check *check, const uint8_t *record, bool *ret_stream)
{
	const uint8_t first = *record;
	const uint8_t *at = record + 1;
	struct record_head head;

	*ret_stream = !(first & RECORD_HEAD) || (first & RECORD_STREAM);
	if (!(first & RECORD_HEAD))
		return check->set->class_count > 0 ? record : NULL;
	if (first < (RECORD_HEAD | RECORD_WITH_DATA)) /* most of the others are so */
		return (first & RECORD_CLASS) < check->set->class_count ? at : NULL;
	if ((first & RECORD_CLASS) == RECORD_WITH_DATA)
		return NULL;
	if ((first & RECORD_CLASS) == RECORD_CLASS)
		at = skip_number(at, check->end);
	if (at && (first & RECORD_DELTA))
		at = skip_number(at, check->end);
	if (!at || record_head(record, &head) != at || head.class >= check->set->class_count)
		return NULL;
	return at;
}

/* Returns where the next record begins, NULL: this is no owner. */
static const uint8_t *check_labels(const struct check *check, const uint8_t *owner)
{
	const uint8_t *at = owner;
	const uint8_t *end = check->end;
	uint32_t code;

	while (at < end && *at != 0 && *at < RECORD_CODE)
		at += *at + 1;
	if (at >= end || at - owner >= NAME_WIRE_MAX)
		return NULL;
	if (*at == 0)
		return at + 1;
	if (*at >= RECORD_CODE_TWO && end - at < 2)
		return NULL;
	code = record_code(at);
	if (code >= check->set->ends.dict.count ||
	    at - owner + check->set->ends.dict.entries[code].len > NAME_WIRE_MAX)
		return NULL;
	return at + (*at < RECORD_CODE_TWO ? 1 : 2);
}

static const uint8_t *check_owner(const struct check *check, const uint8_t *owner, bool stream)
{
	const struct record_ends *ends = &check->set->ends;

	if (!stream)
		return check_labels(check, owner);
	return ends->phrases ? phrases_check(ends->phrases, &ends->dict, owner, check->end) : NULL;
}

/* A checkpoint leads to the record at hand, or a later one. */
static void meet_checkpoint(struct check *check, uint32_t record)
{
	const struct domset *set = check->set;
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;

	if (check->checkpoint < set->checkpoint_count &&
	    checkpoints[check->checkpoint].record == record)
		check->checkpoint++;
}

static bool check_records(struct check *check)
{
	const struct domset *set = check->set;
	const uint8_t *at = set->arena;
	bool stream;

	while (at < check->end) {
		uint32_t record = (uint32_t)(at - set->arena);

		check->begins.base[record / 8] |= (uint8_t)(1U << record % 8);
		check->records++;
		meet_checkpoint(check, record);
		if (record == 0 && check->checkpoint != 1)
			return false;
		at = check_head(check, at, &stream);
		if (at)
			at = check_owner(check, at, stream);
		if (!at)
			return false;
	}
	return check->checkpoint == set->checkpoint_count;
}

/* ---- the table, and where lists begin */

#define CHUNKS_AHEAD 16U

/* The misses of many chunks overlap. */
static void prefetch_begins(const struct check *check, uint64_t index)
{
	const struct domset *set = check->set;

	if (index >= set->chunk_count)
		return;
	for (uint32_t i = 0; i < CHUNK_RECORDS; i++) {
		uint32_t record = set->chunks[index].record[i];

		if (record < set->arena_bytes)
			prefetch(&check->begins.base[record / 8]);
	}
}

/* There is a chunk at which every look-up ends, and each record is led to once. */
static bool check_table(const struct check *check)
{
	const struct domset *set = check->set;
	uint32_t records = 0;
	bool ends = false;

	for (uint64_t i = 0; i < set->chunk_count; i++) {
		const struct chunk *chunk = &set->chunks[i];
		uint32_t there = ~chunk_find(chunk, 0) & ((1U << CHUNK_RECORDS) - 1);

		prefetch_begins(check, i + CHUNKS_AHEAD);
		ends = ends || chunk->overflow == 0;
		for (; there; there &= there - 1) {
			uint32_t record = chunk->record[__builtin_ctz(there)];

			if (record >= set->arena_bytes ||
			    !(check->begins.base[record / 8] >> record % 8 & 1))
				return false;
			records++;
		}
	}
	return ends && records == check->records;
}

static bool check_starts(const struct domset *set)
{
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;
	struct record_head head;

	for (uint32_t list = 0; list < DOMSET_LISTS_MAX; list++) {
		if (set->starts[list] == 0)
			continue;
		(void)record_head(set->arena + checkpoints[set->starts[list] - 1].record, &head);
		if (set->classes[head.class].list != list)
			return false;
	}
	return true;
}

bool domset_image_check(const struct domset *set, unsigned int lists)
{
	struct check check = {.set = set, .end = set->arena + set->arena_bytes};
	bool sound = are_small(set, lists) &&
		     pages_map_huge(&check.begins, set->arena_bytes / 8 + 1UL) == ERR_OK &&
		     check_records(&check) && check_table(&check) && check_starts(set);

	pages_free(&check.begins);
	return sound;
}
