/* SPDX-License-Identifier: BSD-2-Clause */
#include "given/localdata.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/*
 * A set as it lies in the arena, whose offset is its number: how many records, and of each its
 * type, its TTL, the length of its data, and these.  Where NOTED is set beside the count, two texts
 * follow, each an octet for its length and that many.
 */
#define COUNT_OCTETS 2U
#define NOTED 0x8000U
#define FIXED_OCTETS 8U
#define ARENA_MIN 4096U
#define ARENA_MAX UINT32_MAX
#define NOTE_OCTETS (2U * (1 + LOCALDATA_NOTE_MAX))
#define SEEN_MIN 64U /* places, of which no more than half are filled */
_Static_assert(LOCALDATA_RECORDS_MAX < NOTED, "a count leaves its bit to the note");

/* A set that is found again by its octets; number 0: none. */
struct seen {
	uint32_t number;
	uint32_t hash;
};

struct localdata {
	struct hash_key key; /* a list's author cannot choose sets that fall together */
	uint8_t *arena;
	size_t size;
	uint32_t len;
	uint32_t noted_bytes; /* of sets with notes */
	uint32_t without_note;
	uint32_t seen_count;
	uint32_t seen_size; /* a power of two, or 0 */
	struct seen *seen;
};

enum err localdata_create(struct localdata **ret_data)
{
	struct localdata *data = calloc(1, sizeof(*data));
	enum err err = data ? hash_key_random(&data->key) : ERR_NOMEM;

	if (err != ERR_OK) {
		free(data);
		return err;
	}
	data->len = 1; /* no set has the number 0 */
	*ret_data = data;
	return ERR_OK;
}

void localdata_free(struct localdata *data)
{
	if (!data)
		return;
	free(data->seen);
	free(data->arena);
	free(data);
}

/* ---- reading */

static struct localdata_iter iter_of(const uint8_t *set)
{
	struct localdata_iter iter = {.at = set + COUNT_OCTETS};

	memcpy(&iter.left, set, sizeof(iter.left));
	iter.left &= NOTED - 1;
	return iter;
}

void localdata_iter_init(struct localdata_iter *iter, const struct localdata *data, uint32_t number)
{
	*iter = iter_of(data->arena + number);
}

bool localdata_iter_next(struct localdata_iter *iter, struct localdata_record *ret_record)
{
	if (iter->left == 0)
		return false;
	memcpy(&ret_record->type, iter->at, sizeof(ret_record->type));
	memcpy(&ret_record->rdlen, iter->at + 2, sizeof(ret_record->rdlen));
	memcpy(&ret_record->ttl_s, iter->at + 4, sizeof(ret_record->ttl_s));
	ret_record->rdata = iter->at + FIXED_OCTETS;
	iter->at += FIXED_OCTETS + ret_record->rdlen;
	iter->left--;
	return true;
}

bool localdata_find(const struct localdata *data, uint32_t number, uint16_t type,
		    struct localdata_record *ret_record)
{
	struct localdata_iter iter;
	struct localdata_record record;

	localdata_iter_init(&iter, data, number);
	while (localdata_iter_next(&iter, &record)) {
		if (record.type != type)
			continue;
		*ret_record = record;
		return true;
	}
	return false;
}

/* ---- notes */

static bool is_noted(const uint8_t *set)
{
	uint16_t count;

	memcpy(&count, set, sizeof(count));
	return count & NOTED;
}

/* Where the records end. */
static const uint8_t *end_of_records(const uint8_t *set)
{
	struct localdata_iter iter = iter_of(set);
	struct localdata_record record;

	while (localdata_iter_next(&iter, &record))
		continue;
	return iter.at;
}

static const uint8_t *read_text(const uint8_t *at, char text[LOCALDATA_NOTE_MAX + 1])
{
	memcpy(text, at + 1, *at);
	text[*at] = '\0';
	return at + 1 + *at;
}

static void read_note(const uint8_t *set, struct localdata_note *ret_note)
{
	const uint8_t *at = read_text(end_of_records(set), ret_note->family);

	(void)read_text(at, ret_note->ticket);
}

static bool says_nothing(const struct localdata_note *note)
{
	return !*note->family && !*note->ticket;
}

bool localdata_has_notes(const struct localdata *data)
{
	return data && data->noted_bytes > 0;
}

bool localdata_note_of(const struct localdata *data, uint32_t number,
		       struct localdata_note *ret_note)
{
	if (!data || number == 0 || !is_noted(data->arena + number))
		return false;
	read_note(data->arena + number, ret_note);
	return true;
}

uint32_t localdata_without_note(const struct localdata *data)
{
	return data->without_note;
}

/* ---- making */

static uint32_t length_of(const uint8_t *set)
{
	const uint8_t *at = end_of_records(set);

	for (unsigned int texts = is_noted(set) ? 2 : 0; texts > 0; texts--)
		at += 1 + *at;
	return (uint32_t)(at - set);
}

void localdata_begin(struct localdata_draft *draft)
{
	draft->len = COUNT_OCTETS;
	draft->count = 0;
	draft->note.family[0] = draft->note.ticket[0] = '\0';
	memset(draft->octets, 0, COUNT_OCTETS);
}

void localdata_reopen(const struct localdata *data, uint32_t number, struct localdata_draft *draft)
{
	const uint8_t *set = data->arena + number;

	localdata_begin(draft);
	draft->len = (uint32_t)(end_of_records(set) - set);
	draft->count = iter_of(set).left;
	memcpy(draft->octets, set, draft->len);
	memcpy(draft->octets, &draft->count, sizeof(draft->count));
	if (is_noted(set))
		read_note(set, &draft->note);
}

bool localdata_holds(const struct localdata_draft *draft, const struct localdata_record *record)
{
	struct localdata_iter iter = iter_of(draft->octets);
	struct localdata_record other;

	while (localdata_iter_next(&iter, &other))
		if (other.type == record->type && other.rdlen == record->rdlen &&
		    memcmp(other.rdata, record->rdata, record->rdlen) == 0)
			return true;
	return false;
}

enum err localdata_add(struct localdata_draft *draft, const struct localdata_record *record)
{
	uint8_t *at = draft->octets + draft->len;

	if (draft->count == LOCALDATA_RECORDS_MAX ||
	    record->rdlen + FIXED_OCTETS > LOCALDATA_SET_MAX - draft->len)
		return ERR_RANGE;
	memcpy(at, &record->type, sizeof(record->type));
	memcpy(at + 2, &record->rdlen, sizeof(record->rdlen));
	memcpy(at + 4, &record->ttl_s, sizeof(record->ttl_s));
	if (record->rdlen > 0)
		memcpy(at + FIXED_OCTETS, record->rdata, record->rdlen);
	draft->len += FIXED_OCTETS + record->rdlen;
	draft->count++;
	memcpy(draft->octets, &draft->count, sizeof(draft->count));
	return ERR_OK;
}

bool localdata_has(const struct localdata_draft *draft, uint16_t type)
{
	struct localdata_iter iter = iter_of(draft->octets);
	struct localdata_record record;

	while (localdata_iter_next(&iter, &record))
		if (record.type == type)
			return true;
	return false;
}

/* Makes room for `need` octets in all. */
static enum err grow(struct localdata *data, size_t need)
{
	size_t size = data->size ? data->size : ARENA_MIN;
	uint8_t *arena;

	if (need <= data->size)
		return ERR_OK;
	while (size < need)
		size *= 2;
	if (need > ARENA_MAX)
		return ERR_NOMEM;
	arena = realloc(data->arena, size);
	if (!arena)
		return ERR_NOMEM;
	data->arena = arena;
	data->size = size;
	return ERR_OK;
}

/* The place of the set, or the free one where it belongs. */
static struct seen *place_of(const struct localdata *data, const uint8_t *octets, uint32_t len,
			     uint32_t hash)
{
	for (uint32_t i = hash;; i++) {
		struct seen *seen = &data->seen[i & (data->seen_size - 1)];

		if (seen->number == 0 ||
		    (seen->hash == hash && length_of(data->arena + seen->number) == len &&
		     memcmp(data->arena + seen->number, octets, len) == 0))
			return seen;
	}
}

static void see(struct localdata *data, uint32_t number)
{
	const uint8_t *set = data->arena + number;
	uint32_t len = length_of(set);
	uint32_t hash = (uint32_t)hash_siphash24(&data->key, set, len);
	struct seen *seen = place_of(data, set, len, hash);

	data->seen_count += seen->number == 0;
	*seen = (struct seen){.number = number, .hash = hash};
}

/* Sees all sets anew, with `size` places. */
static enum err see_all(struct localdata *data, uint32_t size)
{
	struct seen *places = calloc(size, sizeof(*places));

	if (!places)
		return ERR_NOMEM;
	free(data->seen);
	data->seen = places;
	data->seen_size = size;
	data->seen_count = 0;
	for (uint32_t at = 1; at < data->len; at += length_of(data->arena + at))
		see(data, at);
	return ERR_OK;
}

/* Room for one more set to be found again. */
static enum err make_place(struct localdata *data)
{
	uint32_t size = data->seen_size ? data->seen_size : SEEN_MIN;

	if (data->seen && data->seen_count < size / 2)
		return ERR_OK;
	while (size / 2 <= data->seen_count)
		size *= 2;
	return see_all(data, size);
}

static enum err put(struct localdata *data, const uint8_t *octets, uint32_t len,
		    uint32_t *ret_number)
{
	uint32_t hash = (uint32_t)hash_siphash24(&data->key, octets, len);
	enum err err = make_place(data);
	struct seen *seen;

	if (err == ERR_OK)
		err = grow(data, (size_t)data->len + len);
	if (err != ERR_OK)
		return err;
	seen = place_of(data, octets, len, hash);
	if (seen->number == 0) {
		memcpy(data->arena + data->len, octets, len);
		*seen = (struct seen){.number = data->len, .hash = hash};
		data->seen_count++;
		data->noted_bytes += is_noted(octets) ? len : 0;
		data->len += len;
	}
	*ret_number = seen->number;
	return ERR_OK;
}

static uint8_t *write_text(uint8_t *at, const char *text)
{
	size_t len = strnlen(text, LOCALDATA_NOTE_MAX);

	*at = (uint8_t)len;
	memcpy(at + 1, text, len);
	return at + 1 + len;
}

/* Writes what stands behind the records; returns how long that is. */
static uint32_t write_note(uint8_t *to, const struct localdata_note *note)
{
	return (uint32_t)(write_text(write_text(to, note->family), note->ticket) - to);
}

/* False: the set is put without the note. */
static bool has_room(struct localdata *data, const struct localdata_note *note)
{
	if (says_nothing(note))
		return false;
	if (data->noted_bytes < LOCALDATA_NOTES_BYTES_MAX)
		return true;
	data->without_note++;
	return false;
}

enum err localdata_put(struct localdata *data, const struct localdata_draft *draft,
		       uint32_t *ret_number)
{
	uint8_t noted[LOCALDATA_SET_MAX + NOTE_OCTETS];
	uint16_t count = draft->count | NOTED;

	if (!has_room(data, &draft->note))
		return put(data, draft->octets, draft->len, ret_number);
	memcpy(noted, draft->octets, draft->len);
	memcpy(noted, &count, sizeof(count));
	return put(data, noted, draft->len + write_note(noted + draft->len, &draft->note),
		   ret_number);
}

enum err localdata_put_note(struct localdata *data, const struct localdata_note *note,
			    uint32_t *ret_number)
{
	uint8_t noted[COUNT_OCTETS + NOTE_OCTETS];
	const uint16_t count = NOTED;

	*ret_number = 0;
	if (!has_room(data, note))
		return ERR_OK;
	memcpy(noted, &count, sizeof(count));
	return put(data, noted, COUNT_OCTETS + write_note(noted + COUNT_OCTETS, note), ret_number);
}

enum err localdata_copy(struct localdata *data, const struct localdata *old, uint32_t number,
			uint32_t *ret_number)
{
	const uint8_t *set = old->arena + number;
	struct localdata_draft draft;

	if (!is_noted(set) || data->noted_bytes < LOCALDATA_NOTES_BYTES_MAX)
		return put(data, set, length_of(set), ret_number);
	localdata_reopen(old, number, &draft);
	return draft.count > 0 ? localdata_put(data, &draft, ret_number)
			       : localdata_put_note(data, &draft.note, ret_number);
}

/* ---- as a whole */

uint32_t localdata_mark(const struct localdata *data)
{
	return data->len;
}

void localdata_rollback(struct localdata *data, uint32_t mark)
{
	if (data->len == mark || !data->seen)
		return;
	data->len = mark;
	data->noted_bytes = 0;
	for (uint32_t at = 1, len; at < mark; at += len) {
		len = length_of(data->arena + at);
		data->noted_bytes += is_noted(data->arena + at) ? len : 0;
	}
	memset(data->seen, 0, data->seen_size * sizeof(*data->seen));
	data->seen_count = 0;
	for (uint32_t at = 1; at < mark; at += length_of(data->arena + at))
		see(data, at);
}

void localdata_settle(struct localdata *data)
{
	uint8_t *arena = data->size > data->len ? realloc(data->arena, data->len) : NULL;

	if (arena) {
		data->arena = arena;
		data->size = data->len;
	}
	free(data->seen);
	data->seen = NULL;
	data->seen_size = 0;
}
