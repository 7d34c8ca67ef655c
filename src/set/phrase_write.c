/* SPDX-License-Identifier: BSD-2-Clause */
/* Owners on their way into streams. */
#include <string.h>

#include "set/phrase_coder.h"

void phrase_coder_free(struct phrase_coder *coder)
{
	struct pages self;

	if (!coder)
		return;
	self = coder->self;
	pages_free(&self);
}

/* Bits on their way out, from the highest of `word` on; fewer than 32 between two codes.  What is
 * behind the end is counted, and not written. */
struct bits_out {
	uint8_t *at;
	uint8_t *end;
	uint64_t word;
	uint32_t held;
};

static inline void put_bits(struct bits_out *out, uint64_t code, uint32_t bits)
{
	out->word |= code << (64 - bits - out->held);
	out->held += bits;
	if (out->held >= 32) {
		uint32_t four = htobe32((uint32_t)(out->word >> 32));

		if (out->at + sizeof(four) <= out->end)
			memcpy(out->at, &four, sizeof(four));
		out->at += sizeof(four);
		out->word <<= 32;
		out->held -= 32;
	}
}

static size_t end_bits(struct bits_out *out, const uint8_t *begin)
{
	for (; out->held > 0; out->held = out->held > 8 ? out->held - 8 : 0, out->word <<= 8) {
		if (out->at < out->end)
			*out->at = (uint8_t)(out->word >> 56);
		out->at++;
	}
	return out->at <= out->end ? (size_t)(out->at - begin) : 0;
}

size_t phrase_write(const struct phrase_coder *coder, const uint8_t *labels, size_t len,
		    uint32_t end, uint8_t *out, size_t room)
{
	struct bits_out to = {.at = out, .end = out + room, .held = 1};
	const uint8_t *stop = labels + len;
	uint32_t symbol = end == PHRASE_NO_END ? PHRASE_ROOT : coder->near[end];

	while (labels < stop) {
		uint32_t octets;
		uint32_t found = phrase_find(coder, octets_le64(labels), &octets);

		put_bits(&to, coder->code[found], coder->bits[found]);
		if (found == PHRASE_LITERAL)
			put_bits(&to, *labels, 8);
		labels += octets;
	}
	put_bits(&to, coder->code[symbol], coder->bits[symbol]);
	if (symbol == PHRASE_FAR)
		put_bits(&to, end, PHRASE_FAR_BITS);
	return end_bits(&to, out);
}
