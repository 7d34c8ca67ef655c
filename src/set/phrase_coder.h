/* SPDX-License-Identifier: BSD-2-Clause */
/* A coder from within: how the phrase that octets begin with is found. */
#ifndef SET_PHRASE_CODER_H
#define SET_PHRASE_CODER_H

#include <stdint.h>

#include "base/octets.h"
#include "base/pages.h"
#include "set/phrase.h"

#define PHRASE_SLOTS 2048U   /* of phrases of 3 octets and more: one for each of such a hash */
#define PHRASE_SLOT_SHIFT 53 /* the top 11 bits of a hash choose the slot */
#define PHRASE_NONE UINT16_MAX

struct phrase_slot {
	uint64_t octets;
	uint64_t mask;
	uint32_t len; /* 0: free */
	uint32_t symbol;
};

struct phrase_coder {
	struct pages self;
	uint32_t count; /* of phrases */
	uint64_t phrase[PHRASES_MAX];
	struct phrase_slot slot[PHRASE_SLOTS];
	uint16_t two[1U << 16]; /* phrases of two octets, or of the first alone, else PHRASE_NONE */
	uint16_t code[PHRASE_SYMBOLS];
	uint8_t bits[PHRASE_SYMBOLS];
	uint16_t near[DICT_ENTRIES_MAX]; /* an end's symbol, or PHRASE_FAR */
};

static inline uint32_t phrase_slot_of(uint64_t octets)
{
	return (uint32_t)((octets & 0xffffff) * 0x9e3779b97f4a7c15ULL >> PHRASE_SLOT_SHIFT);
}

/* The phrase that the octets begin with; PHRASE_LITERAL: none. */
static inline uint32_t phrase_find(const struct phrase_coder *coder, uint64_t octets,
				   uint32_t *ret_len)
{
	const struct phrase_slot *slot = &coder->slot[phrase_slot_of(octets)];
	uint32_t symbol = slot->symbol;

	if (slot->len > 0 && (octets & slot->mask) == slot->octets) {
		*ret_len = slot->len;
		return symbol;
	}
	symbol = coder->two[octets & 0xffff];
	*ret_len = 1;
	if (symbol == PHRASE_NONE)
		return PHRASE_LITERAL;
	*ret_len = phrase_octets(coder->phrase[symbol]);
	return symbol;
}

#endif
