/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/phrase.h"

#include <string.h>

#define DECODES (1U << PHRASE_CODE_MAX)

/* By length, then by symbol: Huffman's codes in their canonical order. */
bool phrase_codes(const struct phrase_book *book, uint16_t codes[PHRASE_SYMBOLS])
{
	uint32_t next = 0; /* in units of the longest code */

	for (uint32_t bits = 1; bits <= PHRASE_CODE_MAX; bits++)
		for (uint32_t symbol = 0; symbol < PHRASE_SYMBOLS; symbol++) {
			if (book->bits[symbol] != bits)
				continue;
			if (next >= DECODES)
				return false;
			codes[symbol] = (uint16_t)(next >> (PHRASE_CODE_MAX - bits));
			next += 1U << (PHRASE_CODE_MAX - bits);
		}
	return next == DECODES;
}

static bool is_phrase(uint64_t phrase)
{
	uint32_t octets = phrase_octets(phrase);

	if (phrase >> 56 != octets || octets == 0 || octets > PHRASE_OCTETS_MAX)
		return false;
	for (uint32_t i = 0; i < octets; i++)
		if ((phrase >> 8 * i & 0xff) == 0)
			return false;
	return true;
}

static bool is_symbol(const struct phrase_book *book, uint32_t symbol, uint32_t ends)
{
	if (book->bits[symbol] == 0)
		return true;
	if (book->bits[symbol] > PHRASE_CODE_MAX)
		return false;
	if (symbol < PHRASES_MAX)
		return is_phrase(book->phrase[symbol]);
	return symbol < PHRASE_NEAR || book->near[symbol - PHRASE_NEAR] < ends;
}

/* For the bits of a code and any that follow, the symbol and how many they are. */
static void fill_symbols(const struct phrase_book *book, const uint16_t codes[PHRASE_SYMBOLS],
			 uint16_t symbols[DECODES])
{
	for (uint32_t symbol = 0; symbol < PHRASE_SYMBOLS; symbol++) {
		uint32_t bits = book->bits[symbol];
		uint32_t from = (uint32_t)codes[symbol] << (PHRASE_CODE_MAX - bits);

		for (uint32_t i = 0; bits > 0 && i < DECODES >> bits; i++)
			symbols[from + i] = (uint16_t)(symbol << 4 | bits);
	}
}

/* As many phrases as the bits are the codes of, and as fit. */
static uint64_t join(const struct phrase_book *book, const uint16_t symbols[DECODES],
		     uint32_t coming)
{
	uint64_t octets = 0;
	uint32_t len = 0;
	uint32_t used = 0;

	for (;;) {
		uint32_t found = symbols[coming << used & (DECODES - 1)];
		uint64_t phrase = found >> 4 < PHRASES_MAX ? book->phrase[found >> 4] : 0;

		if (len == 0 && phrase == 0)
			return (uint64_t)(found & 15) << 60 | found >> 4;
		if (phrase == 0 || used + (found & 15) > PHRASE_CODE_MAX ||
		    len + phrase_octets(phrase) > PHRASE_OCTETS_MAX)
			break;
		octets |= (phrase & ~0ULL >> 8) << 8 * len;
		len += phrase_octets(phrase);
		used += found & 15;
	}
	return octets | (uint64_t)(used << 4 | len) << 56;
}

bool phrases_open(struct phrases *phrases, uint32_t ends)
{
	const struct phrase_book *book = &phrases->book;
	uint16_t codes[PHRASE_SYMBOLS];
	uint16_t symbols[DECODES];

	for (uint32_t symbol = 0; symbol < PHRASE_SYMBOLS; symbol++)
		if (!is_symbol(book, symbol, ends))
			return false;
	if (!phrase_codes(book, codes))
		return false;
	fill_symbols(book, codes, symbols);
	for (uint32_t i = 0; i < DECODES; i++)
		phrases->decode[i] = join(book, symbols, i);
	return true;
}

/* Each step writes 8 octets, of which those that count lie within a name. */
const uint8_t *phrases_read(const struct phrases *phrases, const struct dict_view *dict,
			    const uint8_t *stream, struct name *ret_owner)
{
	struct phrase_reader r = phrase_reader(stream);
	const struct dict_entry *entry;
	uint64_t found;
	uint32_t len = 0;
	uint32_t end;

	while (phrase_goes_on(&r, phrases, &found)) {
		uint64_t octets = htole64(found);

		if (len + phrase_octets(found) >= NAME_WIRE_MAX)
			continue;
		memcpy(ret_owner->wire + len, &octets, sizeof(octets));
		len += phrase_octets(found);
	}
	end = phrase_end(&r, phrases, found);
	if (end < dict->count && len + dict->entries[end].len <= NAME_WIRE_MAX) {
		entry = &dict->entries[end];
		memcpy(ret_owner->wire + len, entry->wire, entry->len);
		len += entry->len;
	} else {
		ret_owner->wire[len++] = 0;
	}
	ret_owner->len = (uint8_t)len;
	return phrase_behind(&r);
}

const uint8_t *phrases_skip(const struct phrases *phrases, const uint8_t *stream)
{
	struct phrase_reader r = phrase_reader(stream);
	uint64_t found;

	while (phrase_goes_on(&r, phrases, &found))
		continue;
	(void)phrase_end(&r, phrases, found);
	return phrase_behind(&r);
}

/* True when the labels, before an end, are labels. */
static bool are_labels(const uint8_t *wire, uint32_t len)
{
	uint32_t at = 0;

	while (at < len && wire[at] > 0 && wire[at] <= NAME_LABEL_MAX)
		at += wire[at] + 1U;
	return at == len;
}

const uint8_t *phrases_check(const struct phrases *phrases, const struct dict_view *dict,
			     const uint8_t *stream, const uint8_t *end)
{
	struct phrase_reader r = phrase_reader(stream);
	uint8_t wire[NAME_WIRE_MAX + NAME_PAD];
	uint64_t found;
	uint32_t len = 0;
	uint32_t index;

	while (phrase_goes_on(&r, phrases, &found)) {
		uint64_t octets = htole64(found);

		if (len + phrase_octets(found) >= NAME_WIRE_MAX || phrase_behind(&r) > end)
			return NULL;
		memcpy(wire + len, &octets, sizeof(octets));
		len += phrase_octets(found);
	}
	index = phrase_end(&r, phrases, found);
	if (index != PHRASE_NO_END &&
	    (index >= dict->count || len + dict->entries[index].len > NAME_WIRE_MAX))
		return NULL;
	return are_labels(wire, len) && phrase_behind(&r) <= end ? phrase_behind(&r) : NULL;
}
