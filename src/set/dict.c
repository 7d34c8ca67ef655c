/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/dict.h"

#include <string.h>

#include "base/octets.h"

#define PROBES_MAX 16 /* a list made to collide loses compression, not time */
#define LEARN_AFTER 4 /* an entry takes 32 octets and saves about 8 a name */
#define SLOT_SHIFT 49 /* the top 15 bits of a hash choose the slot */
#define BYTES_MAX (DICT_ENTRIES_MAX * sizeof(struct dict_entry))

/* The hash of a suffix from that of the suffix one label shorter.  Reads up to 7 octets past. */
static uint64_t extend_hash(uint64_t hash, const uint8_t *label)
{
	size_t octets = (size_t)label[0] + 1;

	for (; octets > 8; octets -= 8, label += 8) {
		hash = (hash ^ octets_le64(label)) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	hash = (hash ^ (octets_le64(label) & (~0ULL >> (64 - 8 * octets)))) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static uint32_t slot_of(uint64_t hash)
{
	return (uint32_t)(hash * 0xd6e8feb86659fd93ULL >> SLOT_SHIFT);
}

static const struct dict_entry *entries_of(const struct dict *dict)
{
	return (const void *)dict->pages.base;
}

/* The slot that holds the suffix, or the free one where it would go; -1 when there is neither. */
static int find_slot(const struct dict *dict, uint64_t hash, const uint8_t *wire, size_t len)
{
	const struct dict_entry *entries = entries_of(dict);
	uint32_t slot = slot_of(hash);

	for (int probe = 0; probe < PROBES_MAX; probe++, slot = (slot + 1) % DICT_SLOTS) {
		const struct dict_entry *entry;

		if (dict->slot[slot] == 0)
			return (int)slot;
		entry = &entries[dict->slot[slot] - 1];
		if (entry->len == len && memcmp(entry->wire, wire, len) == 0)
			return (int)slot;
	}
	return -1;
}

static bool store(struct dict *dict, int slot, const uint8_t *wire, size_t len)
{
	size_t bytes = (dict->count + 1) * sizeof(struct dict_entry);
	struct dict_entry *entry;

	if (dict->count == DICT_ENTRIES_MAX || pages_grow(&dict->pages, bytes, BYTES_MAX) != ERR_OK)
		return false;
	entry = (struct dict_entry *)(void *)dict->pages.base + dict->count;
	*entry = (struct dict_entry){.len = (uint8_t)len};
	memcpy(entry->wire, wire, len);
	for (uint32_t pos = 0; wire[pos]; pos += wire[pos] + 1U)
		entry->labels++;
	dict->count++;
	dict->slot[slot] = (uint16_t)dict->count;
	return true;
}

/* Counts a suffix that is not stored; true when it has come often enough. */
static bool is_frequent(struct dict *dict, uint64_t hash)
{
	struct dict_candidate *candidate = &dict->candidate[(hash >> 20) % DICT_CANDIDATES];
	uint32_t tag = (uint32_t)(hash >> 32);

	if (candidate->tag == tag)
		return ++candidate->seen >= LEARN_AFTER;
	if (candidate->seen > 0)
		candidate->seen--;
	else
		*candidate = (struct dict_candidate){.tag = tag, .seen = 1};
	return false;
}

/* True when the suffix is stored, also if it was stored just now. */
static bool find_or_learn(struct dict *dict, uint64_t hash, const uint8_t *wire, size_t len,
			  bool at_once, uint32_t *ret_index)
{
	int slot;

	if (len > DICT_SUFFIX_MAX)
		return false;
	slot = find_slot(dict, hash, wire, len);
	if (slot < 0)
		return false;
	if (dict->slot[slot] == 0 &&
	    !((at_once || is_frequent(dict, hash)) && store(dict, slot, wire, len)))
		return false;
	*ret_index = dict->slot[slot] - 1U;
	return true;
}

bool dict_match(struct dict *dict, const struct name *name, struct dict_match *ret_match)
{
	uint8_t offset[NAME_LABELS_MAX];
	uint32_t labels = 0;
	uint64_t hash = 0;
	bool found = false;

	for (uint32_t pos = 0; name->wire[pos]; pos += name->wire[pos] + 1U)
		offset[labels++] = (uint8_t)pos;
	/* The whole name is no end that others share, unless it is a top-level domain. */
	for (uint32_t i = labels; i-- > 0 && (i > 0 || labels == 1);) {
		const uint8_t *wire = name->wire + offset[i];
		uint32_t index;

		hash = extend_hash(hash, wire);
		if (!find_or_learn(dict, hash, wire, name->len - offset[i], i == labels - 1,
				   &index))
			break;
		*ret_match = (struct dict_match){.index = index, .offset = offset[i]};
		found = true;
	}
	return found;
}

/* The hash of a stored suffix, as dict_match made it. */
static uint64_t entry_hash(const struct dict_entry *entry)
{
	uint8_t wire[DICT_SUFFIX_MAX + NAME_PAD] = {0};
	uint8_t offset[DICT_SUFFIX_MAX];
	uint32_t labels = 0;
	uint64_t hash = 0;

	memcpy(wire, entry->wire, entry->len);
	for (uint32_t pos = 0; wire[pos]; pos += wire[pos] + 1U)
		offset[labels++] = (uint8_t)pos;
	while (labels-- > 0)
		hash = extend_hash(hash, wire + offset[labels]);
	return hash;
}

void dict_truncate(struct dict *dict, uint32_t count)
{
	const struct dict_entry *entries = entries_of(dict);

	if (count >= dict->count)
		return;
	memset(dict->slot, 0, sizeof(dict->slot));
	dict->count = count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = slot_of(entry_hash(&entries[i]));

		while (dict->slot[slot] != 0)
			slot = (slot + 1) % DICT_SLOTS;
		dict->slot[slot] = (uint16_t)(i + 1);
	}
}
