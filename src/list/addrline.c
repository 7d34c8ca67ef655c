/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/addrline.h"

#include <stdio.h>

#include "base/octets.h"
#include "line/word.h"

#define V4_BITS 32U
#define V6_BITS 128U
#define ADDRESS_TEXT_MAX 63U /* octets of an address as text, or of a prefix */

__extension__ typedef unsigned __int128 number;

static unsigned int bits_of(const struct ip *ip)
{
	return ip->family == AF_INET ? V4_BITS : V6_BITS;
}

static number number_of(const struct ip *ip)
{
	uint64_t hi = octets_be64(ip->bytes);

	if (ip->family == AF_INET)
		return hi >> 32;
	return (number)hi << 64 | octets_be64(ip->bytes + 8);
}

static struct ip ip_of(number value, uint8_t family)
{
	struct ip ip = {.family = family};
	unsigned int octets = family == AF_INET ? 4 : 16;

	for (unsigned int i = 0; i < octets; i++)
		ip.bytes[i] = (uint8_t)(value >> 8 * (octets - 1 - i));
	return ip;
}

/* The part of the line that is no comment, without the blanks around it. */
static struct word without_comment(const char *text, size_t len)
{
	size_t end = 0;

	for (; end < len; end++) {
		bool begins = end == 0 || is_blank(text[end - 1]);

		if (text[end] == '#' || (begins && (text[end] == ';' || text[end] == '!')))
			break;
	}
	return word_trim((struct word){text, end});
}

static bool copy_text(struct word word, char buf[ADDRESS_TEXT_MAX + 1])
{
	if (word.len == 0 || word.len > ADDRESS_TEXT_MAX || word_has(word, '\0'))
		return false;
	memcpy(buf, word.text, word.len);
	buf[word.len] = '\0';
	return true;
}

static enum list_reason read_address(struct word word, struct ip *ret_ip)
{
	char buf[ADDRESS_TEXT_MAX + 1];

	if (!copy_text(word, buf) || ip_parse(buf, ret_ip) != ERR_OK)
		return LINE_NOT_ADDRESS;
	return LIST_REASON_COUNT;
}

/* "255.255.255.0" as 24; a mask with a hole in it is none. */
static bool read_mask(struct word word, unsigned int *ret_len)
{
	struct ip mask;
	uint32_t ones;

	if (!word_has(word, '.') || read_address(word, &mask) != LIST_REASON_COUNT ||
	    mask.family != AF_INET)
		return false;
	ones = (uint32_t)number_of(&mask);
	if (~ones & (~ones + 1))
		return false;
	*ret_len = (unsigned int)__builtin_popcount(ones);
	return true;
}

struct addrline_range addrline_range_of(const struct prefix *prefix)
{
	struct addrline_range range = {prefix->ip, prefix->ip};

	for (unsigned int i = prefix->len; i < bits_of(&prefix->ip); i++)
		range.last.bytes[i / 8] |= (uint8_t)(0x80U >> i % 8);
	return range;
}

static enum list_reason read_prefix(struct word word, struct addrline_range *ret_range)
{
	struct word rest = word;
	struct word address = word_cut(&rest, '/');
	char buf[ADDRESS_TEXT_MAX + 1];
	struct prefix prefix;
	enum err err;

	if (read_address(address, &prefix.ip) != LIST_REASON_COUNT || !copy_text(word, buf))
		return LINE_NOT_ADDRESS;
	if (prefix.ip.family == AF_INET && word_has(rest, '.')) {
		unsigned int len;

		if (!read_mask(rest, &len))
			return LINE_NOT_ADDRESS;
		snprintf(buf + address.len, sizeof(buf) - address.len, "/%u", len);
	}
	err = prefix_parse(buf, &prefix);
	if (err != ERR_OK)
		return err == ERR_RANGE ? LINE_HOST_BITS : LINE_NOT_ADDRESS;
	*ret_range = addrline_range_of(&prefix);
	return LIST_REASON_COUNT;
}

static enum list_reason read_range(struct word word, struct addrline_range *ret_range)
{
	struct word rest = word;
	struct word first = word_trim(word_cut(&rest, '-'));
	struct word last = word_trim(rest);

	if (read_address(first, &ret_range->first) != LIST_REASON_COUNT ||
	    read_address(last, &ret_range->last) != LIST_REASON_COUNT ||
	    ret_range->first.family != ret_range->last.family)
		return LINE_NOT_ADDRESS;
	if (number_of(&ret_range->first) > number_of(&ret_range->last))
		return LINE_BACKWARDS;
	return LIST_REASON_COUNT;
}

static enum list_reason read(struct word word, struct addrline_range *ret_range)
{
	struct ip ip;

	if (word_has(word, '-'))
		return read_range(word, ret_range);
	if (word_has(word, '/'))
		return read_prefix(word, ret_range);
	if (read_address(word, &ip) != LIST_REASON_COUNT)
		return LINE_NOT_ADDRESS;
	*ret_range = (struct addrline_range){ip, ip};
	return LIST_REASON_COUNT;
}

enum listline_verdict addrline_parse(const char *text, size_t len, struct addrline_range *ret_range,
				     enum list_reason *ret_reason)
{
	struct word word = without_comment(text, len);
	struct addrline_range range;
	enum list_reason reason;

	if (word.len == 0)
		return LISTLINE_END;
	reason = read(word, &range);
	if (reason == LIST_REASON_COUNT) {
		*ret_range = range;
		return LISTLINE_RULE;
	}
	*ret_reason = reason;
	return LISTLINE_BAD;
}

static unsigned int trailing_zeros(number value, unsigned int bits)
{
	unsigned int zeros = 0;

	while (zeros < bits && !(value >> zeros & 1))
		zeros++;
	return zeros;
}

bool addrline_next_prefix(struct addrline_range *range, struct prefix *ret_prefix)
{
	uint8_t family = range->first.family;
	unsigned int bits = bits_of(&range->first);
	number first = number_of(&range->first);
	number left = number_of(&range->last) - first; /* one fewer than there are */
	unsigned int host = trailing_zeros(first, bits);
	number span;

	if (family == 0)
		return false;
	while (host > 0 && (host == V6_BITS ? ~(number)0 : ((number)1 << host) - 1) > left)
		host--;
	span = host == V6_BITS ? ~(number)0 : ((number)1 << host) - 1;
	*ret_prefix = (struct prefix){.ip = range->first, .len = (uint8_t)(bits - host)};
	if (span == left)
		range->first = (struct ip){.family = 0};
	else
		range->first = ip_of(first + span + 1, family);
	return true;
}
