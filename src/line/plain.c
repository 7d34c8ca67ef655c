/* SPDX-License-Identifier: BSD-2-Clause */
#include "line/plain.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "dns/name.h"
#include "line/word.h"

#define STEP 16U
#define HOST_MAX (NAME_WIRE_MAX - 2U) /* octets of a name as text */

/* What of STEP octets is what, a bit each. */
struct octets {
	uint32_t dots;
	uint32_t others; /* what no host name has */
};

#ifdef __SSE2__
/* 0xff in each octet that is `first` or one of the `count` - 1 behind it. */
static inline __m128i are_from(__m128i octets, char first, char count)
{
	__m128i at = _mm_sub_epi8(octets, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(_mm_min_epu8(at, _mm_set1_epi8((char)(count - 1))), at);
}

/* Copies STEP octets, letters in lower case. */
static inline struct octets take_step(const char *text, uint8_t *out)
{
	__m128i octets = _mm_loadu_si128((const __m128i *)(const void *)text);
	__m128i bit = _mm_set1_epi8(0x20);
	__m128i letters = are_from(_mm_or_si128(octets, bit), 'a', 26);
	__m128i dots = _mm_cmpeq_epi8(octets, _mm_set1_epi8('.'));
	__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('-')),
				     _mm_cmpeq_epi8(octets, _mm_set1_epi8('_')));
	__m128i good = _mm_or_si128(_mm_or_si128(letters, dots),
				    _mm_or_si128(marks, are_from(octets, '0', 10)));

	_mm_storeu_si128((__m128i *)(void *)out, _mm_or_si128(octets, _mm_and_si128(letters, bit)));
	return (struct octets){
		.dots = (uint32_t)_mm_movemask_epi8(dots),
		.others = ~(uint32_t)_mm_movemask_epi8(good) & 0xffffU,
	};
}
#else
static bool is_host_octet(uint8_t octet)
{
	return (uint8_t)((octet | 0x20) - 'a') < 26 || (uint8_t)(octet - '0') < 10 ||
	       octet == '-' || octet == '_';
}

static inline struct octets take_step(const char *text, uint8_t *out)
{
	struct octets found = {0, 0};

	for (uint32_t i = 0; i < STEP; i++) {
		uint8_t octet = (uint8_t)text[i];

		out[i] = name_lower(octet);
		found.dots |= (uint32_t)(octet == '.') << i;
		found.others |= (uint32_t)(octet != '.' && !is_host_octet(octet)) << i;
	}
	return found;
}
#endif

/* A name that is being read. */
struct reading {
	uint8_t *wire;
	uint32_t start; /* of the label at hand, in the text */
	uint32_t labels;
};

/* Ends the label at hand at octet `end` of the text. */
static inline bool end_label(struct reading *reading, uint32_t end)
{
	uint32_t len = end - reading->start;

	reading->wire[reading->start] = (uint8_t)len;
	reading->start = end + 1;
	reading->labels++;
	return len > 0 && len <= NAME_LABEL_MAX;
}

/*
 * The length of the host name at `text`, as long as it can be; 0: there is none, or it is too long.
 * Its last label is left open.
 */
static inline uint32_t read_host(const char *text, struct reading *reading)
{
	struct octets found = {0, 0};
	uint32_t at;
	uint32_t end;

	for (at = 0; at < HOST_MAX && found.others == 0; at += STEP) {
		found = take_step(text + at, reading->wire + at + 1);
		if (found.others != 0) /* dots behind the name are none of it */
			found.dots &= (found.others & -found.others) - 1;
		for (; found.dots != 0; found.dots &= found.dots - 1)
			if (!end_label(reading, at + (uint32_t)__builtin_ctz(found.dots)))
				return 0;
	}
	end = found.others != 0 ? at - STEP + (uint32_t)__builtin_ctz(found.others) : HOST_MAX + 1;
	return end > HOST_MAX ? 0 : end;
}

static inline void end_name(const struct reading *reading, struct name *name)
{
	reading->wire[reading->start] = 0;
	name->len = (uint8_t)(reading->start + 1);
}

/* As read_host, whole; 0 also when it ends with a dot or a digit, as addresses do. */
static inline uint32_t take_host(const char *text, struct name *ret_name, uint32_t *ret_labels)
{
	struct reading reading = {.wire = ret_name->wire};
	uint32_t end = read_host(text, &reading);

	if (end == 0 || is_digit(text[end - 1]) || !end_label(&reading, end))
		return 0;
	end_name(&reading, ret_name);
	*ret_labels = reading.labels;
	return end;
}

size_t plain_host(const char *text, struct name *ret_name)
{
	struct reading reading = {.wire = ret_name->wire};
	uint32_t end = read_host(text, &reading);

	if (end == 0 || (text[end - 1] != '.' && !end_label(&reading, end)))
		return 0;
	end_name(&reading, ret_name);
	return end;
}

static inline bool begins(const char *text, const char *with, size_t len)
{
	return memcmp(text, with, len) == 0;
}

/* True for what a hosts file may say of the machine itself, which listline tells from the rest. */
static bool may_be_own(const struct name *name)
{
	const char *text = (const char *)name->wire + 1;

	return begins(text, "local", 5) || begins(text, "broad", 5) || begins(text, "ip6-", 4);
}

/* The forms, by what stands before the name; 0: it begins the line. */
static inline uint32_t prefix_of(const char *text)
{
	if (begins(text, "||", 2))
		return 2;
	if (begins(text, "0.0.0.0 ", 8))
		return 8;
	return begins(text, "127.0.0.1 ", 10) ? 10 : 0;
}

size_t plain_line(const char *text, enum list_format format, bool exact,
		  struct listline_rule *ret_rule)
{
	uint32_t prefix = prefix_of(text);
	bool adblock = prefix == 2;
	uint32_t labels;
	size_t len = take_host(text + prefix, &ret_rule->owner, &labels);
	const char *end = text + prefix + len;

	if (len == 0 || (prefix == 0 && labels == 1 && format == LIST_FORMAT_ADBLOCK) ||
	    (adblock && *end++ != '^') || (prefix > 2 && may_be_own(&ret_rule->owner)))
		return 0;
	end += *end == '\r';
	if (*end != '\n')
		return 0;
	ret_rule->kind = (struct domset_kind){.scope = exact && !adblock ? DOMSET_SCOPE_ITSELF
									 : DOMSET_SCOPE_BOTH};
	ret_rule->pattern.len = 0;
	ret_rule->gives.type = 0;
	ret_rule->denyallow = false;
	ret_rule->badfilter = false;
	return (size_t)(end - text);
}
