/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owners of a compact set: a stream of bits, in which frequent octets and frequent runs of them
 * ("\003www", "shop") have short codes (Huffman's), learned from the set's own names.
 *
 *   0      the first bit, by which the stream is told from the head of a record
 *   codes  each for a phrase of 1 to 7 octets, or LITERAL with an octet behind it
 *   end    ROOT, or NEAR + i for the i-th of the most frequent ends of the dictionary, or FAR with
 *          the number of an end in PHRASE_FAR_BITS bits
 *
 * The high bit of an octet comes first; a stream ends with its octet.  No phrase has an octet 0 in
 * it, so that none matches beyond the root label of a name.
 */
#ifndef SET_PHRASE_H
#define SET_PHRASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/octets.h"
#include "dns/name.h"
#include "ends/dict.h"

#define PHRASES_MAX 256U
#define PHRASE_OCTETS_MAX 7U
#define PHRASE_LITERAL 256U
#define PHRASE_ROOT 257U
#define PHRASE_FAR 258U
#define PHRASE_NEAR 259U
#define PHRASE_NEAR_ENDS 61U
#define PHRASE_SYMBOLS (PHRASE_NEAR + PHRASE_NEAR_ENDS)
#define PHRASE_CODE_MAX 12U /* bits */
#define PHRASE_FAR_BITS 15U
#define PHRASE_WINDOW_BITS 57U /* that can be read at once, wherever a code begins */

/* What the codes are made from; without gaps, as an image has it. */
struct phrase_book {
	uint64_t phrase[PHRASES_MAX]; /* the first octet in the lowest bits; the length on top */
	uint16_t near[PHRASE_NEAR_ENDS + 1];
	uint8_t bits[PHRASE_SYMBOLS]; /* of a symbol's code; 0: it has none */
	uint8_t unused[4];
};

struct phrases {
	struct phrase_book book;
	/* By the next bits, the phrases of all codes that are whole in them, as one: as a phrase is
	 * kept, with the bits of the codes on top of the length.  Of length 0: another symbol. */
	uint64_t decode[1U << PHRASE_CODE_MAX];
};

/* The codes of the book, by symbol; false: these lengths are no code's. */
bool phrase_codes(const struct phrase_book *book, uint16_t codes[PHRASE_SYMBOLS]);

/* Fills in what is read by; false: no stream can be of such a book, with `ends` in the dictionary.
 */
bool phrases_open(struct phrases *phrases, uint32_t ends);

/* A stream is read by words: so many octets behind its end may be read, and not be used. */
#define PHRASE_READ_BEHIND 8U

/* A stream, as far as it is read. */
struct phrase_reader {
	const uint8_t *stream;
	uint64_t window; /* the next bits, of which `left` are there */
	uint32_t at;	 /* the bit behind those */
	uint32_t left;
};

static inline void phrase_refill(struct phrase_reader *r)
{
	uint32_t at = r->at - r->left;

	r->window = octets_be64(r->stream + at / 8) << at % 8;
	r->left = PHRASE_WINDOW_BITS;
	r->at = at + PHRASE_WINDOW_BITS;
}

static inline struct phrase_reader phrase_reader(const uint8_t *stream)
{
	struct phrase_reader r = {.stream = stream, .at = 1};

	phrase_refill(&r);
	return r;
}

static inline uint32_t phrase_octets(uint64_t phrase)
{
	return (uint32_t)(phrase >> 56) & 15;
}

/* What comes next; when it has no octets, its low bits are a symbol. */
static inline uint64_t phrase_next(struct phrase_reader *r, const struct phrases *phrases)
{
	uint64_t found = phrases->decode[r->window >> (64 - PHRASE_CODE_MAX)];
	uint32_t bits = (uint32_t)(found >> 60);

	r->window <<= bits;
	r->left -= bits;
	if (r->left < PHRASE_CODE_MAX)
		phrase_refill(r);
	return found;
}

static inline uint32_t phrase_number(struct phrase_reader *r, uint32_t bits)
{
	uint32_t number;

	phrase_refill(r);
	number = (uint32_t)(r->window >> (64 - bits));
	r->window <<= bits;
	r->left -= bits;
	return number;
}

/* The next octets; false: it is the end, which `ret_found` is. */
static inline bool phrase_goes_on(struct phrase_reader *r, const struct phrases *phrases,
				  uint64_t *ret_found)
{
	*ret_found = phrase_next(r, phrases);
	if (phrase_octets(*ret_found) > 0)
		return true;
	if ((uint16_t)*ret_found != PHRASE_LITERAL)
		return false;
	*ret_found = (uint64_t)1 << 56 | phrase_number(r, 8);
	return true;
}

/* The octet behind the stream, once its end was read. */
static inline const uint8_t *phrase_behind(const struct phrase_reader *r)
{
	return r->stream + (r->at - r->left + 7) / 8;
}

/* The number of the end that what has no octets, and is no LITERAL, stands for; PHRASE_NO_END: the
 * root label alone. */
#define PHRASE_NO_END UINT32_MAX
static inline uint32_t phrase_end(struct phrase_reader *r, const struct phrases *phrases,
				  uint64_t found)
{
	uint32_t symbol = (uint16_t)found;

	if (symbol >= PHRASE_NEAR)
		return phrases->book.near[symbol - PHRASE_NEAR];
	return symbol == PHRASE_FAR ? phrase_number(r, PHRASE_FAR_BITS) : PHRASE_NO_END;
}

/* Reads an owner and returns where the stream ends; one that is too long is cut. */
const uint8_t *phrases_read(const struct phrases *phrases, const struct dict_view *dict,
			    const uint8_t *stream, struct name *ret_owner);
const uint8_t *phrases_skip(const struct phrases *phrases, const uint8_t *stream);

/* As phrases_skip, of a stream that may be anything: NULL when it is no owner, or does not end
 * before `end`. */
const uint8_t *phrases_check(const struct phrases *phrases, const struct dict_view *dict,
			     const uint8_t *stream, const uint8_t *end);

/* ---- writing */

struct phrase_coder;

/* Names that are learned from: `count` of them, one behind the other, each with 8 zeros behind it;
 * `start` has a place more.  `end_seen`: how often each end of the dictionary was. */
struct phrase_sample {
	const uint8_t *octets;
	const uint32_t *start;
	uint32_t count;
	const uint32_t *end_seen;
	uint32_t ends;
};

/* Learns a book, which becomes `phrases`, and how to write by it.  ERR_NOMEM. */
enum err phrase_coder_create(const struct phrase_sample *sample, struct phrases *phrases,
			     struct phrase_coder **ret_coder) MUST_CHECK;
void phrase_coder_free(struct phrase_coder *coder);

/* Writes a stream of `len` octets of labels, which 8 zeros are behind, and an end (PHRASE_NO_END:
 * the root label), of `room` octets at most; returns its octets, 0: there is not so much room. */
size_t phrase_write(const struct phrase_coder *coder, const uint8_t *labels, size_t len,
		    uint32_t end, uint8_t *out, size_t room);

#endif
