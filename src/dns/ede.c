/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/ede.h"

#include <stdbool.h>

#include "dns/wire.h"

#define INSTEAD '?'    /* of what is not shown */
#define OPTION_HEAD 4U /* octets of the code and the length of an option */

/* ---- texts */

/* The character at `text` of UTF-8 (RFC 3629, 4); returns its octets, 0 when there is none. */
static size_t read_character(const uint8_t *text, size_t len, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = text[0];
	size_t octets = first < 0x80   ? 1
			: first < 0xc0 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
				       : 4;
	uint32_t point = octets == 1 ? first : first & (0x7fU >> octets);

	if (octets == 0 || octets > len || first > 0xf4)
		return 0;
	for (size_t i = 1; i < octets; i++) {
		if ((text[i] & 0xc0U) != 0x80U)
			return 0;
		point = point << 6 | (text[i] & 0x3fU);
	}
	if (point < least[octets] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return octets;
}

/* False for what says something to a terminal or to who lays out a page, and nothing to people. */
static bool is_shown(uint32_t point)
{
	static const uint32_t hidden[][2] = {
		{0, 0x1f},	  {0x7f, 0x9f},	    {0xad, 0xad},     {0x61c, 0x61c},
		{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (point >= hidden[i][0] && point <= hidden[i][1])
			return false;
	return (point & 0xfffe) != 0xfffe;
}

/* Writes `text` as far as there is room, clean, into `to` of `room` octets; its length. */
static size_t clean_text(const uint8_t *text, size_t len, uint8_t *to, size_t room)
{
	size_t written = 0;

	while (len > 0 && text[len - 1] == 0)
		len--; /* RFC 8914, 2: it may end so, which says nothing */
	while (len > 0) {
		uint32_t point;
		size_t octets = read_character(text, len, &point);
		bool shown = octets > 0 && is_shown(point);
		size_t needed = shown ? octets : 1;

		if (written + needed > room)
			break;
		if (shown)
			memcpy(to + written, text, octets);
		else
			to[written] = INSTEAD;
		written += needed;
		text += octets ? octets : 1;
		len -= octets ? octets : 1;
	}
	return written;
}

void ede_clean_text(const char *text, char *to, size_t size)
{
	to[clean_text((const uint8_t *)text, strlen(text), (uint8_t *)to, size - 1)] = '\0';
}

/* ---- options */

/* How many there are; `same` is told when one has these octets. */
static unsigned int count(const struct edes *edes, const uint8_t *data, size_t len, bool *same)
{
	unsigned int options = 0;
	size_t option_len;

	*same = false;
	for (size_t at = 0; at < edes->len; at += WIRE_OPTION_FIXED + option_len, options++) {
		option_len = wire_get16(edes->data + at + 2);
		*same |= option_len == len &&
			 memcmp(edes->data + at + WIRE_OPTION_FIXED, data, len) == 0;
	}
	return options;
}

/* Adds one that is clean, without its text where that has no room. */
static void add(struct edes *edes, const uint8_t *data, size_t len)
{
	uint8_t *p = edes->data + edes->len;
	bool same;

	if (edes->len + WIRE_OPTION_FIXED + len > EDES_OCTETS_MAX)
		len = EDE_CODE;
	if (edes->len + WIRE_OPTION_FIXED + len > EDES_OCTETS_MAX ||
	    count(edes, data, len, &same) >= EDES_OPTIONS_MAX || same)
		return;
	wire_put16(p, OPTION_EDE);
	wire_put16(p + 2, (uint16_t)len);
	memcpy(p + WIRE_OPTION_FIXED, data, len);
	edes->len = (uint16_t)(edes->len + WIRE_OPTION_FIXED + len);
}

void edes_read(struct edes *edes, const uint8_t *options, size_t len)
{
	uint8_t data[EDE_CODE + EDE_TEXT_MAX];
	size_t option_len;

	for (size_t at = 0; len - at >= WIRE_OPTION_FIXED; at += WIRE_OPTION_FIXED + option_len) {
		const uint8_t *option = options + at + WIRE_OPTION_FIXED;

		option_len = wire_get16(options + at + 2);
		if (option_len > len - at - WIRE_OPTION_FIXED)
			return;
		if (wire_get16(options + at) != OPTION_EDE || option_len < EDE_CODE)
			continue;
		memcpy(data, option, EDE_CODE);
		add(edes, data,
		    EDE_CODE + clean_text(option + EDE_CODE, option_len - EDE_CODE, data + EDE_CODE,
					  EDE_TEXT_MAX));
	}
}

void edes_append(struct edes *edes, const struct edes *more)
{
	edes_read(edes, more->data, more->len);
}

bool edes_set_whole(struct edes *edes, enum ede_code code, const char *text, size_t len)
{
	uint8_t *p = edes->data;

	if (len > EDES_OCTETS_MAX - WIRE_OPTION_FIXED - EDE_CODE)
		return false;
	wire_put16(p, OPTION_EDE);
	wire_put16(p + 2, (uint16_t)(EDE_CODE + len));
	wire_put16(p + WIRE_OPTION_FIXED, (uint16_t)code);
	if (len > 0)
		memcpy(p + WIRE_OPTION_FIXED + EDE_CODE, text, len);
	edes->len = (uint16_t)(WIRE_OPTION_FIXED + EDE_CODE + len);
	return true;
}

void edes_set(struct edes *edes, enum ede_code code, const char *text)
{
	size_t octets = text ? strlen(text) : 0;

	if (octets > EDE_TEXT_MAX) {
		octets = EDE_TEXT_MAX;
		while (octets > 0 && ((unsigned char)text[octets] & 0xc0U) == 0x80U)
			octets--;
	}
	(void)edes_set_whole(edes, code, text, octets);
}

bool edes_block(const struct edes *edes)
{
	size_t at = 0;

	while (at + OPTION_HEAD + EDE_CODE <= edes->len) {
		unsigned int code = wire_get16(edes->data + at + OPTION_HEAD);

		if (code >= EDE_BLOCKED && code <= EDE_FILTERED)
			return true;
		at += OPTION_HEAD + (size_t)wire_get16(edes->data + at + 2);
	}
	return false;
}
