/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/namemap.h"

#include <stdlib.h>
#include <string.h>

#define NO_VALUE UINT32_MAX
#define SLOTS_MIN 16U
#define TEXT_MIN 256U

struct entry {
	uint64_t hash;
	uint32_t at; /* of its name in `wire` */
	uint32_t value;
	uint8_t len; /* octets of its name; 0: the slot is free */
};

/* A table with open addressing, half full at most. */
struct namemap {
	struct hash_key key;
	struct entry *slots;
	uint32_t mask;
	uint32_t count;
	uint8_t *wire; /* the names, one behind the other; those above share their octets */
	size_t wire_len;
	size_t wire_cap;
};

enum err namemap_create(const struct hash_key *key, struct namemap **ret_map)
{
	struct namemap *map = calloc(1, sizeof(*map));

	if (!map)
		return ERR_NOMEM;
	map->key = *key;
	map->mask = SLOTS_MIN - 1;
	map->slots = calloc(SLOTS_MIN, sizeof(*map->slots));
	if (!map->slots) {
		free(map);
		return ERR_NOMEM;
	}
	*ret_map = map;
	return ERR_OK;
}

void namemap_free(struct namemap *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map->wire);
	free(map);
}

const struct hash_key *namemap_key(const struct namemap *map)
{
	return &map->key;
}

/* Where the `len` octets at `wire` are in the table, or would be. */
static struct entry *slot_of(const struct namemap *map, uint64_t hash, const uint8_t *wire,
			     uint8_t len)
{
	uint32_t i = (uint32_t)hash & map->mask;

	for (;; i = (i + 1) & map->mask) {
		struct entry *e = &map->slots[i];

		if (e->len == 0 ||
		    (e->hash == hash && e->len == len && memcmp(map->wire + e->at, wire, len) == 0))
			return e;
	}
}

static struct entry *slot_of_suffix(const struct namemap *map, const struct name *name,
				    const struct name_suffixes *suffixes, uint8_t i)
{
	uint8_t at = suffixes->offset[i];

	return slot_of(map, suffixes->hash[i], name->wire + at, (uint8_t)(name->len - at));
}

/* Makes room for `more` entries. */
static enum err grow_slots(struct namemap *map, uint32_t more)
{
	struct entry *old = map->slots;
	uint32_t old_mask = map->mask;
	uint32_t slots = old_mask + 1;
	struct entry *table;

	if (map->count + more > NAMEMAP_ENTRIES_MAX)
		return ERR_NOMEM;
	while (slots / 2 < map->count + more)
		slots *= 2;
	if (slots == old_mask + 1)
		return ERR_OK;
	table = calloc(slots, sizeof(*table));
	if (!table)
		return ERR_NOMEM;
	map->slots = table;
	map->mask = slots - 1;
	for (uint32_t i = 0; i <= old_mask; i++)
		if (old[i].len > 0)
			*slot_of(map, old[i].hash, map->wire + old[i].at, old[i].len) = old[i];
	free(old);
	return ERR_OK;
}

static enum err keep_wire(struct namemap *map, const struct name *name)
{
	if (map->wire_cap - map->wire_len < name->len) {
		size_t cap = map->wire_cap ? 2 * map->wire_cap : TEXT_MIN;
		uint8_t *wire = realloc(map->wire, cap);

		if (!wire)
			return ERR_NOMEM;
		map->wire = wire;
		map->wire_cap = cap;
	}
	memcpy(map->wire + map->wire_len, name->wire, name->len);
	map->wire_len += name->len;
	return ERR_OK;
}

/* Enters the name and those above it that are not there yet; its octets were kept at `at`. */
static void enter(struct namemap *map, const struct name *name,
		  const struct name_suffixes *suffixes, uint32_t at)
{
	for (uint8_t i = 0; i < suffixes->labels; i++) {
		struct entry *e = slot_of_suffix(map, name, suffixes, i);

		if (e->len > 0)
			break;
		*e = (struct entry){
			.hash = suffixes->hash[i],
			.at = at + suffixes->offset[i],
			.value = NO_VALUE,
			.len = (uint8_t)(name->len - suffixes->offset[i]),
		};
		map->count++;
	}
}

enum err namemap_add(struct namemap *map, const struct name *name, uint32_t value)
{
	struct name_suffixes suffixes;
	struct entry *e;
	enum err err;

	name_hash_suffixes(&map->key, name, &suffixes);
	if (suffixes.labels == 0)
		return ERR_RANGE;
	err = grow_slots(map, suffixes.labels);
	if (err != ERR_OK)
		return err;
	e = slot_of_suffix(map, name, &suffixes, 0);
	if (e->len == 0) {
		err = keep_wire(map, name);
		if (err != ERR_OK)
			return err;
		enter(map, name, &suffixes, (uint32_t)(map->wire_len - name->len));
		e = slot_of_suffix(map, name, &suffixes, 0);
	}
	if (e->value != NO_VALUE)
		return ERR_EXISTS;
	e->value = value;
	return ERR_OK;
}

struct namemap_hit namemap_find(const struct namemap *map, const struct name *name,
				const struct name_suffixes *suffixes, uint8_t from)
{
	struct namemap_hit hit = {.found = false};

	if (!map)
		return hit;
	for (uint8_t i = suffixes->labels; i-- > from;) {
		const struct entry *e = slot_of_suffix(map, name, suffixes, i);

		if (e->len == 0)
			break;
		if (e->value != NO_VALUE)
			hit = (struct namemap_hit){true, i, e->value};
	}
	return hit;
}

/* NULL when it is not there. */
static const struct entry *entry_of(const struct namemap *map, const struct name *name,
				    const struct name_suffixes *suffixes)
{
	const struct entry *e;

	if (!map || suffixes->labels == 0)
		return NULL;
	e = slot_of_suffix(map, name, suffixes, 0);
	return e->len > 0 ? e : NULL;
}

struct namemap_hit namemap_get(const struct namemap *map, const struct name *name,
			       const struct name_suffixes *suffixes)
{
	const struct entry *e = entry_of(map, name, suffixes);

	if (!e || e->value == NO_VALUE)
		return (struct namemap_hit){.found = false};
	return (struct namemap_hit){true, 0, e->value};
}

bool namemap_has(const struct namemap *map, const struct name *name,
		 const struct name_suffixes *suffixes)
{
	return entry_of(map, name, suffixes) != NULL;
}
