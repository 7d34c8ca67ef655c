/* SPDX-License-Identifier: BSD-2-Clause */
#include "given/localdata.h"

#include <stdlib.h>
#include <string.h>

/*
 * A set as it lies in the arena, whose offset is its number: how many records, and of each its
 * type, its TTL, the length of its data, and these.
 */
#define COUNT_OCTETS 2U
#define FIXED_OCTETS 8U
#define ARENA_MIN 4096U
#define ARENA_MAX UINT32_MAX
#define SEEN 1024U /* sets that are found again, by their hash */

struct seen {
	uint32_t number; /* 0: none */
	uint32_t len;
};

struct localdata {
	uint8_t *arena;
	size_t size;
	uint32_t len;
	struct seen seen[SEEN];
};

enum err localdata_create(struct localdata **ret_data)
{
	struct localdata *data = calloc(1, sizeof(*data));

	if (!data)
		return ERR_NOMEM;
	data->len = 1; /* no set has the number 0 */
	*ret_data = data;
	return ERR_OK;
}

void localdata_free(struct localdata *data)
{
	if (!data)
		return;
	free(data->arena);
	free(data);
}

/* ---- reading */

static struct localdata_iter iter_of(const uint8_t *set)
{
	struct localdata_iter iter = {.at = set + COUNT_OCTETS};

	memcpy(&iter.left, set, sizeof(iter.left));
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

/* ---- making */

static uint32_t length_of(const uint8_t *set)
{
	struct localdata_iter iter = iter_of(set);
	struct localdata_record record;

	while (localdata_iter_next(&iter, &record))
		continue;
	return (uint32_t)(iter.at - set);
}

void localdata_begin(struct localdata_draft *draft)
{
	draft->len = COUNT_OCTETS;
	draft->count = 0;
	memset(draft->octets, 0, COUNT_OCTETS);
}

void localdata_reopen(const struct localdata *data, uint32_t number, struct localdata_draft *draft)
{
	const uint8_t *set = data->arena + number;

	draft->len = length_of(set);
	draft->count = iter_of(set).left;
	memcpy(draft->octets, set, draft->len);
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

/* Nobody is harmed by sets that fall together: they are not found again. */
static uint32_t hash_of(const uint8_t *octets, uint32_t len)
{
	uint32_t hash = 2166136261U;

	for (uint32_t i = 0; i < len; i++)
		hash = (hash ^ octets[i]) * 16777619U;
	return hash ^ hash >> 15;
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

static enum err put(struct localdata *data, const uint8_t *octets, uint32_t len,
		    uint32_t *ret_number)
{
	struct seen *seen = &data->seen[hash_of(octets, len) % SEEN];
	enum err err;

	if (seen->number > 0 && seen->len == len &&
	    memcmp(data->arena + seen->number, octets, len) == 0) {
		*ret_number = seen->number;
		return ERR_OK;
	}
	err = grow(data, (size_t)data->len + len);
	if (err != ERR_OK)
		return err;
	memcpy(data->arena + data->len, octets, len);
	*seen = (struct seen){.number = data->len, .len = len};
	*ret_number = data->len;
	data->len += len;
	return ERR_OK;
}

enum err localdata_put(struct localdata *data, const struct localdata_draft *draft,
		       uint32_t *ret_number)
{
	return put(data, draft->octets, draft->len, ret_number);
}

enum err localdata_copy(struct localdata *data, const struct localdata *old, uint32_t number,
			uint32_t *ret_number)
{
	const uint8_t *set = old->arena + number;

	return put(data, set, length_of(set), ret_number);
}

uint32_t localdata_mark(const struct localdata *data)
{
	return data->len;
}

void localdata_rollback(struct localdata *data, uint32_t mark)
{
	data->len = mark;
	for (size_t i = 0; i < SEEN; i++)
		if (data->seen[i].number >= mark)
			data->seen[i].number = 0;
}
