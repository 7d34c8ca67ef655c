/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a set that was read is one: nothing in it leads anywhere else.
 *
 * That the table leads to each record once, and to nothing else, is told without a place for each
 * octet of the arena: of two polynomials, whose roots are where the records begin and where the
 * table leads, the values at a random place are the same.  Were they not the same polynomial, those
 * would be so in one of 2^61 / records cases, and nobody who makes a file knows the place.
 */
#include "base/hash.h"
#include "base/thread.h"
#include "set/chunk.h"
#include "set/image.h"

#define NUMBER_OCTETS_MAX 5U

#define PRIME (((uint64_t)1 << 61) - 1)
#define BESIDE_OCTETS (1U << 20) /* of an arena with more a second thread walks half */

/* A walk over records that lie behind one another. */
struct check {
	const struct domset *set;
	const uint8_t *at;
	const uint8_t *end;
	uint32_t records;
	uint32_t checkpoint; /* the next one */
	uint32_t checkpoints_end;
	uint64_t place; /* of the polynomials */
	uint64_t value; /* of that of the records */
	bool sound;
};

static inline uint64_t times(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

	return sum >= PRIME ? sum - PRIME : sum;
}

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
	return at + 1 == entry->len && entry->wire[at] == 0 && labels > 0 &&
	       labels == entry->labels;
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

	if (check->checkpoint < check->checkpoints_end &&
	    checkpoints[check->checkpoint].record == record)
		check->checkpoint++;
}

static void *check_records(void *arg)
{
	struct check *check = arg;
	const struct domset *set = check->set;
	const uint8_t *at = check->at;
	bool stream;

	while (at && at < check->end) {
		uint32_t record = (uint32_t)(at - set->arena);

		check->value = times(check->value, check->place - record);
		check->records++;
		meet_checkpoint(check, record);
		at = check_head(check, at, &stream);
		if (at)
			at = check_owner(check, at, stream);
	}
	check->sound = at == check->end && check->checkpoint == check->checkpoints_end;
	return NULL;
}

/* The second half, from a checkpoint on, is another thread's.  The first record is a checkpoint. */
static bool check_all_records(struct check *check)
{
	const struct domset *set = check->set;
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;
	uint32_t middle = set->checkpoint_count / 2;
	struct check rest = *check;
	pthread_t thread;
	bool beside;

	if (set->arena_bytes == 0)
		return set->checkpoint_count == 0;
	if (set->checkpoint_count == 0 || checkpoints[0].record != 0 ||
	    checkpoints[middle].record >= set->arena_bytes)
		return false;
	rest.at = set->arena + checkpoints[middle].record;
	rest.checkpoint = middle;
	check->end = rest.at;
	check->checkpoints_end = middle;
	beside = set->arena_bytes > BESIDE_OCTETS &&
		 thread_start("check", check_records, &rest, &thread) == 0;
	(void)check_records(check);
	if (beside)
		pthread_join(thread, NULL);
	else
		(void)check_records(&rest);
	check->records += rest.records;
	check->value = times(check->value, rest.value);
	return check->sound && rest.sound;
}

/* ---- the table, and where lists begin */

/* There is a chunk at which every look-up ends, and each record is led to once. */
static bool check_table(const struct check *check)
{
	const struct domset *set = check->set;
	uint64_t value[2] = {1, 1}; /* each waits for its own last product alone */
	uint32_t records = 0;
	bool ends = false;

	for (uint64_t i = 0; i < set->chunk_count; i++) {
		const struct chunk *chunk = &set->chunks[i];
		uint32_t there = ~chunk_find(chunk, 0) & ((1U << CHUNK_RECORDS) - 1);

		ends = ends || chunk->overflow == 0;
		for (; there; there &= there - 1) {
			uint64_t record = chunk->record[__builtin_ctz(there)];

			value[records % 2] = times(value[records % 2], check->place - record);
			records++;
		}
	}
	return ends && records == check->records && times(value[0], value[1]) == check->value;
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

/* A place that is larger than any record's, so that no factor is 0. */
static bool draw_place(uint64_t *ret_place)
{
	struct hash_key random;

	if (hash_key_random(&random) != ERR_OK)
		return false;
	*ret_place = ((uint64_t)1 << 32) + random.k0 % (PRIME - ((uint64_t)1 << 32));
	return true;
}

bool domset_image_check(const struct domset *set, unsigned int lists)
{
	struct check check = {
		.set = set,
		.at = set->arena,
		.end = set->arena + set->arena_bytes,
		.checkpoints_end = set->checkpoint_count,
		.value = 1,
	};

	return are_small(set, lists) && draw_place(&check.place) && check_all_records(&check) &&
	       check_table(&check) && check_starts(set);
}
