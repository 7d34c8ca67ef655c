/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rule as it lies in the arena:
 *
 *   head    1 octet   bit 7: a line delta follows, else it is 1
 *                     bits 0..6: the class, or 127: the class follows as a number,
 *                     or 126: it does, and behind the delta, which is there, the rule's data
 *   class   0..3      7 bits an octet, the low ones first
 *   delta   0..5      lines since the list's record before, likewise
 *   data    0..5      a number of the caller's, likewise
 *   owner             labels, ended by the root label or by a code for an end in the dictionary:
 *                     0x40..0xbf entry 0..127, 0xc0..0xff and an octet the 16384 after them
 *
 * A label's length octet is below 0x40, so that a code cannot be taken for one.  Reading a record
 * may touch RECORD_PAD octets behind it, but they do not matter.
 */
#ifndef SET_RECORD_H
#define SET_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/octets.h"
#include "dns/name.h"
#include "set/dict.h"

#define RECORD_CODE 0x40     /* an octet from here on is a code, or the first of one */
#define RECORD_CODE_TWO 0xc0 /* from here on, the first of two */
#define RECORD_DELTA 0x80
#define RECORD_CLASS 0x7f
#define RECORD_WITH_DATA 0x7e
#define RECORD_HEAD_MAX (1 + 3 + 5 + 5)
#define RECORD_MAX (RECORD_HEAD_MAX + NAME_WIRE_MAX)
#define RECORD_PAD 8

struct record_head {
	uint32_t class;
	uint32_t delta;
	uint32_t data; /* 0: none */
};

/*
 * Writes a record to `out`, of which RECORD_MAX + RECORD_PAD octets may be written; returns its
 * length.  `end` is where the owner's name goes on in the dictionary, NULL when it does not.
 */
size_t record_write(uint8_t *out, const struct record_head *head, const struct name *owner,
		    const struct dict_match *end);

/* Writes the head alone to RECORD_HEAD_MAX octets and returns its length. */
size_t record_write_head(uint8_t *out, const struct record_head *head);

/* Reads the head and returns where the owner begins. */
const uint8_t *record_head(const uint8_t *record, struct record_head *ret_head);

/* Reads the owner and returns where the next record begins. */
const uint8_t *record_owner(const uint8_t *owner, const struct dict_view *dict,
			    struct name *ret_owner);

/* Where the record behind this owner begins. */
const uint8_t *record_skip_owner(const uint8_t *owner);

static inline uint32_t record_code(const uint8_t *code)
{
	if (*code < RECORD_CODE_TWO)
		return *code - (uint32_t)RECORD_CODE;
	return 128U + ((*code & 0x3fU) << 8 | code[1]);
}

/* How many octets the two have in common at their start; at least `len` if those are the same. */
static inline size_t record_common(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t differ = octets_le64(a + i) ^ octets_le64(b + i);

		if (differ)
			return i + (size_t)__builtin_ctzll(differ) / 8;
	}
	return len;
}

/*
 * True when the owner is the end of `name` that begins with label `label` (the label count: the
 * root).  One comparison finds where the two differ.  That is at the owner's code, since a code
 * cannot be where the name has a length octet; unless it is inside a label, where no entry of
 * the dictionary can begin.
 */
static inline bool record_owner_is(const uint8_t *owner, const struct dict_view *dict,
				   const struct name *name, const struct name_suffixes *suffixes,
				   uint32_t label)
{
	uint32_t labels = suffixes->labels;
	size_t offset = label < labels ? suffixes->offset[label] : name->len - 1UL;
	const uint8_t *wire = name->wire + offset;
	size_t len = name->len - offset;
	size_t common = record_common(owner, wire, len);
	const struct dict_entry *entry;
	uint32_t code;

	if (common >= len)
		return true;
	if (owner[common] < RECORD_CODE)
		return false;
	code = record_code(owner + common);
	if (code >= dict->count)
		return false;
	entry = &dict->entries[code];
	return entry->len == len - common && entry->labels <= labels - label &&
	       suffixes->offset[labels - entry->labels] == offset + common &&
	       record_common(entry->wire, wire + common, entry->len) >= entry->len;
}

#endif
