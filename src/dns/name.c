/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/name.h"

#include <endian.h>
#include <string.h>

#include "base/apart.h"
#include "base/octets.h"

#define POINTER_BITS 0xc0U
#define HEADER_OCTETS 12U /* no name begins inside a message's header */

size_t name_check(const uint8_t *wire, size_t avail)
{
	size_t limit = avail < NAME_WIRE_MAX ? avail : NAME_WIRE_MAX;
	size_t pos = 0;

	while (pos < limit) {
		size_t label = wire[pos];

		if (label == 0)
			return pos + 1;
		if (label > NAME_LABEL_MAX)
			return 0;
		pos += label + 1;
	}
	return 0;
}

#define ONES 0x0101010101010101ULL
#define BIT_OF_OCTET 0x8040201008040201ULL /* bit 0 of the first octet, bit 1 of the second ... */

/* Sets bit 5 of each octet that is 'A'..'Z'.  Length octets, at most 63, are never such. */
static inline uint64_t lower64(uint64_t x)
{
	uint64_t low7 = x & (ONES * 0x7f);
	uint64_t from_a = low7 + ONES * (0x80 - 'A');
	uint64_t past_z = low7 + ONES * (0x80 - 'Z' - 1);

	return x | ((from_a & ~past_z & ~x & (ONES * 0x80)) >> 2);
}

static inline void copy_lower64(uint8_t *to, const uint8_t *from)
{
	uint64_t x = htole64(lower64(octets_le64(from)));

	memcpy(to, &x, sizeof(x));
}

/* The last eight octets are copied together, some of them for the second time. */
void name_copy_lower(struct name *dst, const uint8_t *wire, size_t len)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8)
		copy_lower64(dst->wire + i, wire + i);
	if (i < len && len >= 8)
		copy_lower64(&dst->wire[len - 8], &wire[len - 8]);
	else
		for (; i < len; i++)
			dst->wire[i] = name_lower(wire[i]);
	dst->len = (uint8_t)len;
}

/* Moves `*at` along a pointer.  The pointer must lead before `*limit`, the start of the labels it
 * ends. */
static enum err follow(const uint8_t *msg, size_t len, size_t *at, size_t *limit)
{
	size_t target;

	if (*at + 2 > len)
		return ERR_TRUNCATED;
	target = ((msg[*at] & 0x3fU) << 8) | msg[*at + 1];
	if (target >= *limit || target < HEADER_OCTETS)
		return ERR_POINTER;
	*at = target;
	*limit = target;
	return ERR_OK;
}

/* Appends the label at `at`, lower-cased; ERR_OK also for the root label. */
static enum err append_label(const uint8_t *msg, size_t len, size_t at, struct name *name)
{
	size_t octets = (size_t)msg[at] + 1;

	if (octets > NAME_LABEL_MAX + 1)
		return ERR_LABEL;
	if (at + octets > len)
		return ERR_TRUNCATED;
	if (name->len + octets + (octets > 1) > NAME_WIRE_MAX)
		return ERR_NAME;
	for (size_t i = 0; i < octets; i++)
		name->wire[name->len + i] = name_lower(msg[at + i]);
	name->len = (uint8_t)(name->len + octets);
	return ERR_OK;
}

enum err name_unpack(const uint8_t *msg, size_t len, size_t *pos, struct name *ret_name)
{
	unsigned int pointers = 0;

	return name_unpack_counted(msg, len, pos, &pointers, ret_name);
}

enum err name_unpack_counted(const uint8_t *msg, size_t len, size_t *pos, unsigned int *pointers,
			     struct name *ret_name)
{
	const unsigned int most = *pointers + NAME_POINTERS_MAX;
	struct name name = {.len = 0};
	size_t at = *pos;
	size_t limit = at;
	size_t after = 0;
	enum err err;

	for (;;) {
		if (at >= len)
			return ERR_TRUNCATED;
		if ((msg[at] & POINTER_BITS) == POINTER_BITS) {
			if (!after)
				after = at + 2;
			err = ++*pointers > most ? ERR_POINTER : follow(msg, len, &at, &limit);
		} else {
			err = append_label(msg, len, at, &name);
			if (err == ERR_OK && msg[at] == 0)
				break;
			at += (size_t)msg[at] + 1;
		}
		if (err != ERR_OK)
			return err;
	}
	*pos = after ? after : at + 1;
	ret_name->len = name.len;
	memcpy(ret_name->wire, name.wire, name.len);
	return ERR_OK;
}

APART enum err name_skip(const uint8_t *msg, size_t len, size_t *pos)
{
	size_t limit = *pos;
	size_t at = *pos;
	enum err err;

	for (;;) {
		if (at >= len)
			return ERR_TRUNCATED;
		if ((msg[at] & POINTER_BITS) == POINTER_BITS) {
			size_t after = at + 2;

			err = follow(msg, len, &at, &limit);
			if (err == ERR_OK)
				*pos = after;
			return err;
		}
		if (msg[at] > NAME_LABEL_MAX)
			return ERR_LABEL;
		if (msg[at] == 0)
			break;
		at += (size_t)msg[at] + 1;
		if (at - *pos >= NAME_WIRE_MAX)
			return ERR_NAME;
	}
	*pos = at + 1;
	return ERR_OK;
}

/* One octet that follows a backslash at text[*i]: \DDD or \X.  Leaves *i on its last octet. */
static enum err unescape(const char *text, size_t len, size_t *i, uint8_t *ret_octet)
{
	unsigned int value = 0;

	if (*i + 1 >= len)
		return ERR_SYNTAX;
	*i += 1;
	if ((unsigned int)(text[*i] - '0') > 9) {
		*ret_octet = (uint8_t)text[*i];
		return ERR_OK;
	}
	if (*i + 2 >= len)
		return ERR_SYNTAX;
	for (int digit = 0; digit < 3; digit++) {
		unsigned int d = (unsigned int)(text[*i + (size_t)digit] - '0');

		if (d > 9)
			return ERR_SYNTAX;
		value = value * 10 + d;
	}
	if (value > 255)
		return ERR_SYNTAX;
	*i += 2;
	*ret_octet = (uint8_t)value;
	return ERR_OK;
}

/* Closes the label that began at `start` and opens the next; `end` is where its octet goes. */
static enum err close_label(uint8_t *wire, size_t start, size_t end)
{
	size_t octets = end - start - 1;

	if (octets == 0 || octets > NAME_LABEL_MAX)
		return ERR_LABEL;
	wire[start] = (uint8_t)octets;
	return ERR_OK;
}

/* Writes the root label after the labels and hands the name out. */
static enum err close_name(uint8_t *wire, size_t end, struct name *ret_name)
{
	wire[end] = 0;
	ret_name->len = (uint8_t)(end + 1);
	memcpy(ret_name->wire, wire, end + 1);
	return ERR_OK;
}

enum err name_from_text(const char *text, size_t len, struct name *ret_name)
{
	uint8_t wire[NAME_WIRE_MAX + 1];
	size_t start = 0;
	size_t end = 1;
	enum err err = ERR_OK;

	if (len == 1 && text[0] == '.')
		return close_name(wire, 0, ret_name);
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = (uint8_t)text[i];

		if (end >= NAME_WIRE_MAX - 1 && octet != '.')
			return ERR_NAME;
		if (octet == '.') {
			err = close_label(wire, start, end);
			if (err != ERR_OK)
				return err;
			start = end++;
			continue;
		}
		if (octet == '\\')
			err = unescape(text, len, &i, &octet);
		if (err != ERR_OK)
			return err;
		wire[end++] = name_lower(octet);
	}
	if (end == start + 1 && start > 0)
		return close_name(wire, start, ret_name); /* a final dot */
	err = close_label(wire, start, end);
	return err != ERR_OK ? err : close_name(wire, end, ret_name);
}

/* What an octet of a host name becomes; 0 for one that cannot stand there. */
#define HOST_ROW4(c) (c), (c) + 1, (c) + 2, (c) + 3
#define HOST_ALPHA                                                                                 \
	'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',  \
		's', 't', 'u', 'v', 'w', 'x', 'y', 'z'
static const uint8_t host_octet[256] = {
	['-'] = '-', ['_'] = '_', ['0'] = HOST_ROW4('0'), HOST_ROW4('4'),
	'8',	     '9',	  ['A'] = HOST_ALPHA,	  ['a'] = HOST_ALPHA,
};

enum err name_from_host(const char *text, size_t len, struct name *ret_name)
{
	uint8_t *wire = ret_name->wire;
	size_t start = 0;

	if (len > 1 && text[len - 1] == '.')
		len--;
	if (len == 0)
		return ERR_LABEL;
	if (len > NAME_WIRE_MAX - 2)
		return ERR_NAME;
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = host_octet[(uint8_t)text[i]];

		wire[i + 1] = octet;
		if (octet)
			continue;
		if (text[i] != '.')
			return ERR_CHAR;
		if (close_label(wire, start, i + 1) != ERR_OK)
			return ERR_LABEL;
		start = i + 1;
	}
	if (close_label(wire, start, len + 1) != ERR_OK)
		return ERR_LABEL;
	wire[len + 1] = 0;
	ret_name->len = (uint8_t)(len + 2);
	return ERR_OK;
}

static char *escape(char *out, uint8_t octet)
{
	if (octet <= 0x20 || octet >= 0x7f) {
		*out++ = '\\';
		*out++ = (char)('0' + octet / 100);
		*out++ = (char)('0' + octet / 10 % 10);
		*out++ = (char)('0' + octet % 10);
		return out;
	}
	if (strchr(".\\\"();@$", octet))
		*out++ = '\\';
	*out++ = (char)octet;
	return out;
}

const char *name_to_text(const uint8_t *wire, char *buf, size_t size)
{
	char *out = buf;

	if (size < NAME_TEXT_MAX)
		return "";
	for (; *wire; wire += *wire + 1) {
		if (out != buf)
			*out++ = '.';
		for (uint8_t i = 1; i <= *wire; i++)
			out = escape(out, wire[i]);
	}
	if (out == buf)
		*out++ = '.';
	*out = '\0';
	return buf;
}

static size_t label_offsets(const struct name *name, uint8_t *offset)
{
	size_t labels = 0;

	for (size_t pos = 0; name->wire[pos]; pos += (size_t)name->wire[pos] + 1)
		offset[labels++] = (uint8_t)pos;
	return labels;
}

void name_hash_suffixes(const struct hash_key *key, const struct name *name,
			struct name_suffixes *ret_suffixes)
{
	struct hash_state s = hash_begin(key);
	size_t labels = label_offsets(name, ret_suffixes->offset);

	ret_suffixes->labels = (uint8_t)labels;
	if (labels == 0)
		ret_suffixes->hash[0] = hash_end(s);
	for (size_t i = labels; i-- > 0;) {
		name_hash_label(&s, name->wire + ret_suffixes->offset[i]);
		ret_suffixes->hash[i] = hash_end(s);
	}
}

uint64_t name_hash(const struct hash_key *key, const struct name *name)
{
	struct hash_state s = hash_begin(key);
	uint8_t offset[NAME_LABELS_MAX];

	for (size_t i = label_offsets(name, offset); i-- > 0;)
		name_hash_label(&s, name->wire + offset[i]);
	return hash_end(s);
}

uint64_t name_hash_root(const struct hash_key *key)
{
	return hash_end(hash_begin(key));
}

/* Eight octets, those that are letters in capitals where their bit of `bits` is set. */
static inline uint64_t mix64(uint64_t x, uint8_t bits)
{
	const uint64_t high = ONES * 0x80;
	uint64_t low7 = x & ~high;
	uint64_t letters = (low7 + ONES * (0x80 - 'a')) & ~(low7 + ONES * (0x80 - 'z' - 1)) & ~x;
	uint64_t chosen = (bits * ONES & BIT_OF_OCTET) + ~high;

	return x ^ (letters & chosen & high) >> 2;
}

/* Some octets of a name, at most eight, which stand at place `at` of it. */
static inline void mix_octets(uint8_t *wire, size_t at, size_t octets, uint64_t bits)
{
	uint64_t x = 0;

	memcpy(&x, wire + at, octets);
	x = htole64(mix64(le64toh(x), (uint8_t)hash_rotl(bits, (unsigned int)-at & 63U)));
	memcpy(wire + at, &x, octets);
}

/* Lengths, at most 63, are no letters.  The last eight octets are taken together; what is a capital
 * already stays one. */
void name_mix_case(uint8_t *wire, size_t len, uint64_t bits)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8)
		mix_octets(wire, i, 8, bits);
	if (i < len && len >= 8)
		mix_octets(wire, len - 8, 8, bits);
	else
		for (; i < len; i++)
			mix_octets(wire, i, 1, bits);
}

static inline bool equal_lowered64(const uint8_t *wire, const uint8_t *lower)
{
	return lower64(octets_le64(wire)) == octets_le64(lower);
}

bool name_equal_lowered(const uint8_t *wire, const uint8_t *lower, size_t len)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8)
		if (!equal_lowered64(wire + i, lower + i))
			return false;
	if (i < len && len >= 8)
		return equal_lowered64(wire + len - 8, lower + len - 8);
	for (; i < len; i++)
		if (name_lower(wire[i]) != lower[i])
			return false;
	return true;
}

bool name_is_below(const struct name *a, const struct name *b)
{
	size_t pos = 0;

	if (a->len < b->len)
		return false;
	while (a->len - pos > b->len)
		pos += (size_t)a->wire[pos] + 1;
	return a->len - pos == b->len && memcmp(a->wire + pos, b->wire, b->len) == 0;
}

bool name_equal(const struct name *a, const struct name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}
