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

#define FEW_LABELS_OCTETS (3 * (NAME_LABEL_MAX + 1))
#define PARTS 4U /* of the records, two for each thread */
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

/* Behind the label at `at`, if there is one, else there: without a branch, as how many labels a
 * name has cannot be foreseen. */
static inline const uint8_t *behind_label(const uint8_t *at)
{
	uint32_t len = *at;
	uint32_t is_length = (len - RECORD_CODE) >> 31;

	return at + ((len + (len != 0)) & -is_length);
}

/* Returns where the next record begins, NULL: this is no owner. */
static const uint8_t *check_labels(const struct check *check, const uint8_t *owner)
{
	const uint8_t *at = owner;
	const uint8_t *end = check->end;
	const struct dict_view *dict = &check->set->ends.dict;
	uint32_t code;
	int two;

	if (end - owner > FEW_LABELS_OCTETS)
		at = behind_label(behind_label(behind_label(at)));
	while (at < end && *at != 0 && *at < RECORD_CODE)
		at += *at + 1;
	if (at >= end || at - owner >= NAME_WIRE_MAX)
		return NULL;
	if (*at == 0)
		return at + 1;
	two = *at >= RECORD_CODE_TWO;
	code = two ? 128U + ((*at & 0x3fU) << 8 | at[1]) : *at - (uint32_t)RECORD_CODE;
	if (end - at <= two || code >= dict->count ||
	    (at - owner > NAME_WIRE_MAX - DICT_SUFFIX_MAX &&
	     at - owner + dict->entries[code].len > NAME_WIRE_MAX))
		return NULL;
	return at + 1 + two;
}

static const uint8_t *check_owner(const struct check *check, const uint8_t *owner, bool stream)
{
	const struct record_ends *ends = &check->set->ends;

	if (!stream)
		return check_labels(check, owner);
	return ends->phrases ? phrases_check(ends->phrases, &ends->dict, owner, check->end) : NULL;
}

/* A checkpoint leads to the record at hand, or a later one. */
static inline void meet_checkpoint(struct check *check, uint32_t record)
{
	const struct domset *set = check->set;
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;

	if (check->checkpoint < check->checkpoints_end &&
	    checkpoints[check->checkpoint].record == record)
		check->checkpoint++;
}

static inline bool goes_on(const struct check *check)
{
	return check->at && check->at < check->end;
}

/* Checks the record at hand. */
static inline __attribute__((always_inline)) void check_record(struct check *check)
{
	uint32_t record = (uint32_t)(check->at - check->set->arena);
	bool stream;

	check->value = times(check->value, check->place - record);
	check->records++;
	meet_checkpoint(check, record);
	check->at = check_head(check, check->at, &stream);
	if (check->at)
		check->at = check_owner(check, check->at, stream);
}

/* Where a record ends is known late; so two are walked through by turns, which do not wait for one
 * another. */
static void *check_records(void *arg)
{
	struct check *pair = arg;
	struct check a = pair[0];
	struct check b = pair[1];

	while (goes_on(&a) && goes_on(&b)) {
		check_record(&a);
		check_record(&b);
	}
	while (goes_on(&a))
		check_record(&a);
	while (goes_on(&b))
		check_record(&b);
	pair[0] = a;
	pair[1] = b;
	return NULL;
}

/* Divides what there is to be walked through at checkpoints, the first of which is the first
 * record.
 */
static bool divide(const struct check *all, struct check parts[PARTS])
{
	const struct domset *set = all->set;
	const struct checkpoint *checkpoints = (const void *)set->checkpoint_pages.base;

	if (set->checkpoint_count == 0 || checkpoints[0].record != 0)
		return false;
	for (uint32_t i = 0; i < PARTS; i++) {
		uint32_t first = (uint32_t)((uint64_t)set->checkpoint_count * i / PARTS);

		if (checkpoints[first].record >= set->arena_bytes)
			return false;
		parts[i] = *all;
		parts[i].at = set->arena + checkpoints[first].record;
		parts[i].checkpoint = first;
		if (i == 0)
			continue;
		parts[i - 1].end = parts[i].at;
		parts[i - 1].checkpoints_end = first;
	}
	return true;
}

/* ---- the table, and where lists begin */

/* Where the table leads: how often, the value of the polynomial, and whether there is a chunk at
 * which every look-up ends. */
struct led {
	uint32_t records;
	uint64_t value;
	bool ends;
};

static struct led walk_table(const struct check *check)
{
	const struct domset *set = check->set;
	uint64_t value[2] = {1, 1}; /* each waits for its own last product alone */
	struct led led = {.records = 0};

	for (uint64_t i = 0; i < set->chunk_count; i++) {
		const struct chunk *chunk = &set->chunks[i];
		uint32_t there = ~chunk_find(chunk, 0) & ((1U << CHUNK_RECORDS) - 1);

		led.ends = led.ends || chunk->overflow == 0;
		for (; there; there &= there - 1) {
			uint64_t record = chunk->record[__builtin_ctz(there)];

			value[led.records % 2] =
				times(value[led.records % 2], check->place - record);
			led.records++;
		}
	}
	led.value = times(value[0], value[1]);
	return led;
}

/* The table leads to each record of the parts once. */
static bool leads_there(const struct led *led, const struct check *parts, uint32_t count)
{
	uint64_t value = 1;
	uint32_t records = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (parts[i].at != parts[i].end || parts[i].checkpoint != parts[i].checkpoints_end)
			return false;
		records += parts[i].records;
		value = times(value, parts[i].value);
	}
	return led->ends && led->records == records && led->value == value;
}

/* Another thread walks through half of the records, while this one does through the others and the
 * table. */
static bool check_records_and_table(const struct check *all)
{
	struct check parts[PARTS];
	pthread_t thread;
	struct led led;
	bool beside;

	if (all->set->arena_bytes == 0) {
		led = walk_table(all);
		return all->set->checkpoint_count == 0 && leads_there(&led, parts, 0);
	}
	if (!divide(all, parts))
		return false;
	beside = all->set->arena_bytes > BESIDE_OCTETS &&
		 thread_start("check", check_records, parts + PARTS / 2, &thread) == 0;
	(void)check_records(parts);
	led = walk_table(all);
	if (beside)
		pthread_join(thread, NULL);
	else
		(void)check_records(parts + PARTS / 2);
	return leads_there(&led, parts, PARTS);
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

	return are_small(set, lists) && draw_place(&check.place) &&
	       check_records_and_table(&check) && check_starts(set);
}
