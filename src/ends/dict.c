/* SPDX-License-Identifier: BSD-2-Clause */
#include "ends/dict.h"

#include <string.h>

#include "base/octets.h"

#define PROBES_MAX 16 /* a list made to collide loses compression, not time */
#define LEARN_AFTER 4 /* an entry takes 32 octets and saves about 8 a name */
#define SLOT_SHIFT 49 /* the top 15 bits of a hash choose the slot */
#define BYTES_MAX (DICT_ENTRIES_MAX * sizeof(struct dict_entry))

/* What is to be learned next: of its hash what a candidate is known by, the slot where it would go,
 * and whether that is done at once.  0: nothing. */
#define NEXT_HASH (UINT64_MAX << 20)
#define NEXT_AT_ONCE ((uint64_t)1 << 19)
#define NEXT ((uint64_t)1 << 18)
#define NEXT_SLOT (DICT_SLOTS - 1U)

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

/* Number of the slot's entry, and 1; 0: the slot is free. */
static uint32_t entry_at(const struct dict *dict, uint32_t slot)
{
	return atomic_load_explicit(&dict->slot[slot], memory_order_acquire);
}

/* The slot that holds the suffix, as entry `*ret_at` - 1, or the free one where it would go (0); -1
 * when there is neither. */
static int find_slot(const struct dict *dict, uint64_t hash, const uint8_t *wire, size_t len,
		     uint32_t *ret_at)
{
	uint32_t slot = slot_of(hash);

	for (int probe = 0; probe < PROBES_MAX; probe++, slot = (slot + 1) % DICT_SLOTS) {
		const struct dict_entry *entry;
		uint32_t at = entry_at(dict, slot);

		*ret_at = at;
		if (at == 0)
			return (int)slot;
		entry = &entries_of(dict)[at - 1];
		if (entry->len == len && memcmp(entry->wire, wire, len) == 0)
			return (int)slot;
	}
	return -1;
}

static bool store(struct dict *dict, int slot, const uint8_t *wire, size_t len)
{
	struct dict_entry *entry;

	if (dict->count == DICT_ENTRIES_MAX ||
	    (!dict->pages.base && pages_map(&dict->pages, BYTES_MAX) != ERR_OK))
		return false;
	entry = (struct dict_entry *)(void *)dict->pages.base + dict->count;
	*entry = (struct dict_entry){.len = (uint8_t)len};
	memcpy(entry->wire, wire, len);
	for (uint32_t pos = 0; wire[pos]; pos += wire[pos] + 1U)
		entry->labels++;
	dict->count++;
	atomic_store_explicit(&dict->slot[slot], (uint16_t)dict->count, memory_order_release);
	return true;
}

/* The place where a suffix that is not stored is counted. */
static struct dict_candidate *candidate_of(struct dict *dict, uint64_t hash)
{
	return &dict->candidate[(hash >> 20) % DICT_CANDIDATES];
}

/* True when the suffix has come often enough, once more counted in. */
static bool has_come_often(struct dict *dict, uint64_t hash)
{
	const struct dict_candidate *candidate = candidate_of(dict, hash);

	return candidate->tag == (uint32_t)(hash >> 32) && candidate->seen + 1 >= LEARN_AFTER;
}

static void count(struct dict *dict, uint64_t hash)
{
	struct dict_candidate *candidate = candidate_of(dict, hash);
	uint32_t tag = (uint32_t)(hash >> 32);

	if (candidate->tag == tag)
		candidate->seen++;
	else if (candidate->seen > 0)
		candidate->seen--;
	else
		*candidate = (struct dict_candidate){.tag = tag, .seen = 1};
}

/* True when the suffix is stored, also if it was stored just now. */
static bool find_or_learn(struct dict *dict, uint64_t hash, const uint8_t *wire, size_t len,
			  bool at_once, uint32_t *ret_index)
{
	bool often;
	uint32_t at;
	int slot;

	if (len > DICT_SUFFIX_MAX)
		return false;
	slot = find_slot(dict, hash, wire, len, &at);
	if (slot < 0)
		return false;
	if (at == 0) {
		often = at_once || has_come_often(dict, hash);
		if (!at_once)
			count(dict, hash);
		if (!often || !store(dict, slot, wire, len))
			return false;
		at = dict->count;
	}
	*ret_index = at - 1;
	return true;
}

static uint32_t label_offsets(const struct name *name, uint8_t *offset)
{
	uint32_t labels = 0;

	for (uint32_t pos = 0; name->wire[pos]; pos += name->wire[pos] + 1U)
		offset[labels++] = (uint8_t)pos;
	return labels;
}

bool dict_match(struct dict *dict, const struct name *name, struct dict_match *ret_match)
{
	uint8_t offset[NAME_LABELS_MAX];
	uint32_t labels = label_offsets(name, offset);
	uint64_t hash = 0;
	bool found = false;

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

bool dict_look(const struct dict *dict, const struct name *name, struct dict_match *ret_match,
	       uint64_t *ret_next)
{
	uint8_t offset[NAME_LABELS_MAX];
	uint32_t labels = label_offsets(name, offset);
	uint64_t hash = 0;
	bool found = false;

	*ret_next = 0;
	for (uint32_t i = labels; i-- > 0 && (i > 0 || labels == 1);) {
		const uint8_t *wire = name->wire + offset[i];
		size_t len = name->len - (size_t)offset[i];
		uint32_t at;
		int slot;

		hash = extend_hash(hash, wire);
		slot = len > DICT_SUFFIX_MAX ? -1 : find_slot(dict, hash, wire, len, &at);
		if (slot < 0)
			break;
		if (at == 0) {
			*ret_next = (hash & NEXT_HASH) | NEXT | (uint64_t)slot |
				    (i == labels - 1 ? NEXT_AT_ONCE : 0);
			break;
		}
		*ret_match = (struct dict_match){.index = at - 1, .offset = offset[i]};
		found = true;
	}
	return found;
}

bool dict_pass(struct dict *dict, uint64_t next)
{
	if (next == 0)
		return true;
	if ((next & NEXT_AT_ONCE) || entry_at(dict, next & NEXT_SLOT) != 0 ||
	    has_come_often(dict, next))
		return false;
	count(dict, next);
	return true;
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
	for (uint32_t i = 0; i < DICT_SLOTS; i++)
		atomic_init(&dict->slot[i], 0);
	dict->count = count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = slot_of(entry_hash(&entries[i]));

		while (entry_at(dict, slot) != 0)
			slot = (slot + 1) % DICT_SLOTS;
		atomic_init(&dict->slot[slot], (uint16_t)(i + 1));
	}
}
