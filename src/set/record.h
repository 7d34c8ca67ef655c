/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rule as it lies in the arena:
 *
 *   head    1 octet   bit 7: it is there; else it is not, and what it would say is class 0 and
 * delta 1 bit 6: the owner is a stream (set/phrase.h), as it is where there is no head bit 5: a
 * line delta follows, else it is 1 bits 0..4: the class, or 31: the class follows as a number, or
 * 30: it does, and behind the delta, which is there, the rule's data class   0..3      7 bits an
 * octet, the low ones first delta   0..5      lines since the list's record before, likewise data
 * 0..5      a number of the caller's, likewise owner             labels, ended by the root label or
 * by a code for an end in the dictionary: 0x40..0xbf entry 0..127, 0xc0..0xff and an octet the
 * 16384 after them; or a stream
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
#include "ends/dict.h"
#include "set/phrase.h"

#define RECORD_CODE 0x40     /* an octet from here on is a code, or the first of one */
#define RECORD_CODE_TWO 0xc0 /* from here on, the first of two */
#define RECORD_HEAD 0x80
#define RECORD_STREAM 0x40
#define RECORD_DELTA 0x20
#define RECORD_CLASS 0x1f
#define RECORD_WITH_DATA 0x1e
#define RECORD_HEAD_MAX (1 + 3 + 5 + 5)
#define RECORD_MAX (RECORD_HEAD_MAX + NAME_WIRE_MAX)
#define RECORD_PAD 8

struct record_head {
	uint32_t class;
	uint32_t delta;
	uint32_t data; /* 0: none */
	bool stream;   /* the owner is one */
};

/* What owners are read by. */
struct record_ends {
	struct dict_view dict;
	const struct phrases *phrases; /* NULL: no owner is a stream */
};

/*
 * Writes a record to `out`, of which RECORD_MAX + RECORD_PAD octets may be written; returns its
 * length.  `end` is where the owner's name goes on in the dictionary, NULL when it does not.
 */
size_t record_write(uint8_t *out, const struct record_head *head, const struct name *owner,
		    const struct dict_match *end);

/* Writes the owner alone, and may write 32 octets behind it. */
size_t record_write_owner(uint8_t *out, const struct name *owner, const struct dict_match *end);

/* Writes the head alone, if there has to be one, to RECORD_HEAD_MAX octets and returns its length.
 */
size_t record_write_head(uint8_t *out, const struct record_head *head);

/* Reads the head and returns where the owner begins. */
const uint8_t *record_head(const uint8_t *record, struct record_head *ret_head);

/* Reads the owner behind the head and returns where the next record begins. */
const uint8_t *record_owner(const uint8_t *owner, const struct record_head *head,
			    const struct record_ends *ends, struct name *ret_owner);

/* Where the record behind this owner begins. */
const uint8_t *record_skip_owner(const uint8_t *owner, const struct record_head *head,
				 const struct record_ends *ends);

/* Of an owner that is no stream: its labels' octets, before its end, which is PHRASE_NO_END for the
 * root label. */
size_t record_labels(const uint8_t *owner, uint32_t *ret_end);

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

/* The end of a name that begins with one of its labels. */
struct record_asked {
	const struct name *name;
	const struct name_suffixes *suffixes;
	uint32_t label; /* the label count: the root */
	size_t offset;	/* of the label */
	size_t len;
};

/* True when what is asked for goes on, `common` octets behind its start, as this end is. */
static inline bool record_ends_so(const struct record_asked *asked, size_t common,
				  const struct dict_entry *entry)
{
	const struct name_suffixes *suffixes = asked->suffixes;
	size_t at = asked->offset + common;

	return entry->len == asked->len - common &&
	       entry->labels <= suffixes->labels - asked->label &&
	       suffixes->offset[suffixes->labels - entry->labels] == at &&
	       record_common(entry->wire, asked->name->wire + at, entry->len) >= entry->len;
}

/*
 * As record_owner_is, of an owner that is no stream.  One comparison finds where the two differ.
 * That is at the owner's code, since a code cannot be where the name has a length octet; unless it
 * is inside a label, where no entry of the dictionary can begin.
 */
static inline bool record_labels_are(const uint8_t *owner, const struct dict_view *dict,
				     const struct record_asked *asked)
{
	size_t common = record_common(owner, asked->name->wire + asked->offset, asked->len);
	uint32_t code;

	if (common >= asked->len)
		return true;
	if (owner[common] < RECORD_CODE)
		return false;
	code = record_code(owner + common);
	return code < dict->count && record_ends_so(asked, common, &dict->entries[code]);
}

/* As record_owner_is, of a stream. */
bool record_stream_is(const uint8_t *owner, const struct record_ends *ends,
		      const struct record_asked *asked);

/* True when the owner is the end of `name` that begins with label `label` (the label count: the
 * root). */
static inline bool record_owner_is(const uint8_t *owner, const struct record_head *head,
				   const struct record_ends *ends, const struct name *name,
				   const struct name_suffixes *suffixes, uint32_t label)
{
	size_t offset = label < suffixes->labels ? suffixes->offset[label] : name->len - 1UL;
	const struct record_asked asked = {name, suffixes, label, offset, name->len - offset};

	return head->stream ? record_stream_is(owner, ends, &asked)
			    : record_labels_are(owner, &ends->dict, &asked);
}

#endif
