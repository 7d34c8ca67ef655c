/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dns/name.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OCTETS(text) text, sizeof(text) - 1
#define HEADER "\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct hash_key key = {0x0123456789abcdefULL, 0xfedcba9876543210ULL};

/* A name of `labels` labels of `octets` each, filled with `fill`; returns its length. */
static size_t build(uint8_t *wire, size_t labels, size_t octets, uint8_t fill)
{
	size_t len = 0;

	for (size_t i = 0; i < labels; i++) {
		wire[len++] = (uint8_t)octets;
		memset(wire + len, fill, octets);
		len += octets;
	}
	wire[len++] = 0;
	return len;
}

/* Text of dots between labels of 'x' with these lengths; a length of 0 ends it. */
static size_t build_text(char *text, const uint8_t *lengths)
{
	size_t len = 0;

	for (size_t i = 0; lengths[i]; i++) {
		if (i > 0)
			text[len++] = '.';
		memset(text + len, 'x', lengths[i]);
		len += lengths[i];
	}
	text[len] = '\0';
	return len;
}

static const struct {
	const char *wire;
	size_t avail;
	size_t len;
} checks[] = {
	{OCTETS(""), 0},
	{OCTETS("\0"), 1},
	{OCTETS("\0rest"), 1},
	{OCTETS("\3com\0"), 5},
	{OCTETS("\3com"), 0},
	{OCTETS("\3co"), 0},
	{OCTETS("\1a\1b\1c\0\1d"), 7},
	{OCTETS("\3c\0m\0"), 5},
	{OCTETS("\x40"), 0},
	{OCTETS("\x80\0"), 0},
	{OCTETS("\xc0\x0c"), 0},
	{OCTETS("\1a\xc0\x0c"), 0},
	{OCTETS("\xff\xff"), 0},
};

static void test_check(void **state)
{
	for (size_t i = 0; i < COUNT(checks); i++)
		assert_int_equal(name_check((const uint8_t *)checks[i].wire, checks[i].avail),
				 checks[i].len);
}

static void test_check_limits(void **state)
{
	uint8_t wire[300] = {0};
	size_t len;

	assert_int_equal(build(wire, 1, 63, 'a'), 65);
	assert_int_equal(name_check(wire, sizeof(wire)), 65);
	assert_int_equal(name_check(wire, 65), 65);
	assert_int_equal(name_check(wire, 64), 0);
	(void)build(wire, 1, 64, 'a');
	assert_int_equal(name_check(wire, sizeof(wire)), 0);

	len = build(wire, 127, 1, 'a');
	assert_int_equal(len, NAME_WIRE_MAX);
	assert_int_equal(name_check(wire, sizeof(wire)), NAME_WIRE_MAX);
	assert_int_equal(name_check(wire, NAME_WIRE_MAX), NAME_WIRE_MAX);
	assert_int_equal(name_check(wire, NAME_WIRE_MAX - 1), 0);
	len = build(wire, 128, 1, 'a');
	assert_int_equal(name_check(wire, len), 0);

	/* 256 octets: the last label ends where the root label would have to be the 256th */
	len = build(wire, 3, 63, 'a');
	len = len - 1 + build(wire + len - 1, 1, 62, 'a');
	assert_int_equal(len, 256);
	assert_int_equal(name_check(wire, len), 0);
	wire[3 * 64] = 61; /* its last octet is the root label now: 0 was put behind it */
	wire[254] = 0;
	assert_int_equal(name_check(wire, len), 255);
}

static uint8_t expected_lower(unsigned int octet)
{
	return (uint8_t)(octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet);
}

/* Each octet at each place of a word, and beside itself in words that are full of it. */
static void test_lower_every_octet(void **state)
{
	for (unsigned int octet = 0; octet < 256; octet++) {
		for (size_t octets = 1; octets <= 20; octets++) {
			uint8_t wire[NAME_WIRE_MAX];
			size_t len = build(wire, 2, octets, (uint8_t)octet);
			struct name name;

			wire[octets] = 'Z';
			name_copy_lower(&name, wire, len);
			assert_int_equal(name.len, len);
			for (size_t i = 0; i < len; i++)
				assert_int_equal(name.wire[i], expected_lower(wire[i]));
		}
	}
}

/* ---- the letters' case drawn at random */

static void test_mix_case(void **state)
{
	static const struct {
		const char *wire;
		size_t len;
		uint64_t bits;
		const char *mixed;
	} rows[] = {
		{OCTETS("\3www\7example\0"), 0, "\3www\7example\0"},
		{OCTETS("\3www\7example\0"), UINT64_MAX, "\3WWW\7EXAMPLE\0"},
		{OCTETS("\3www\7example\0"), 2, "\3Www\7example\0"},
		{OCTETS("\3www\7example\0"), 0x800, "\3www\7examplE\0"},
		{OCTETS("\3www\7example\0"), 0xaaa, "\3WwW\7ExAmPlE\0"},
		{OCTETS("\4a-1b\1_\2\0z\0"), 0x232, "\4A-1B\1_\2\0Z\0"},
		{OCTETS("\4`{@[\0"), UINT64_MAX, "\4`{@[\0"},
		{OCTETS("\0"), UINT64_MAX, "\0"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t wire[32];

		memcpy(wire, rows[i].wire, rows[i].len);
		name_mix_case(wire, rows[i].len, rows[i].bits);
		assert_memory_equal(wire, rows[i].mixed, rows[i].len);
	}
}

/* There are more letters than bits: they come again.  Lengths are never letters. */
static void test_mix_case_of_long_names(void **state)
{
	for (size_t octets = 1; octets <= NAME_LABEL_MAX; octets++) {
		size_t labels = (NAME_WIRE_MAX - 1) / (octets + 1);
		uint8_t before[NAME_WIRE_MAX];
		uint8_t wire[NAME_WIRE_MAX];
		size_t len = build(before, labels, octets, 'q');
		uint64_t bits = 0x8000f00000000005U;

		memcpy(wire, before, len);
		name_mix_case(wire, len, bits);
		for (size_t i = 0; i < len; i++) {
			bool is_letter = i % (octets + 1) != 0;
			bool capital = is_letter && (bits >> (i % 64) & 1);

			assert_int_equal(wire[i], capital ? 'Q' : before[i]);
		}
	}
}

/* Every length, with a difference at each of its octets or none; the letters' case is none. */
static void test_equal_lowered(void **state)
{
	static const uint8_t differ[] = {'q' ^ 'r', 0x80, 1};

	for (size_t len = 1; len <= 40; len++) {
		uint8_t wire[40];
		uint8_t lower[40];

		memset(wire, 'q', len);
		memset(lower, 'q', len);
		for (size_t i = 0; i < len; i += 3)
			wire[i] = 'Q';
		assert_true(name_equal_lowered(wire, lower, len));
		for (size_t i = 0; i < len; i++) {
			uint8_t before = wire[i];

			wire[i] = (uint8_t)(before ^ differ[i % COUNT(differ)]);
			assert_false(name_equal_lowered(wire, lower, len));
			wire[i] = before;
		}
	}
}

/* All lengths of a label are left as they are: none is a letter. */
static void test_lower_keeps_lengths(void **state)
{
	for (size_t octets = 1; octets <= NAME_LABEL_MAX; octets++) {
		uint8_t wire[NAME_WIRE_MAX];
		size_t len = build(wire, 2, octets, 'Q');
		struct name name;

		name_copy_lower(&name, wire, len);
		assert_int_equal(name_check(name.wire, name.len), len);
		assert_int_equal(name.wire[0], octets);
		assert_int_equal(name.wire[octets + 1], octets);
		assert_int_equal(name.wire[1], 'q');
	}
}

static const struct {
	const char *msg;
	size_t len;
	size_t pos;
	enum err err;
	const char *text;
	size_t after;
} unpacks[] = {
	{OCTETS(HEADER "\3CoM\0"), 12, ERR_OK, "com", 17},
	{OCTETS(HEADER "\0"), 12, ERR_OK, ".", 13},
	{OCTETS(HEADER "\3com\0\3www\xc0\x0c"), 17, ERR_OK, "www.com", 23},
	{OCTETS(HEADER "\3com\0\xc0\x0c"), 17, ERR_OK, "com", 19},
	{OCTETS(HEADER "\3com\0\xc0\x10"), 17, ERR_OK, ".", 19},
	/* a pointer to a pointer, to a name that ends in a pointer */
	{OCTETS(HEADER "\3com\0\1A\xc0\x0c\xc0\x11\1b\xc0\x15"), 23, ERR_OK, "b.a.com", 27},
	/* into the middle of a name, and of a label */
	{OCTETS(HEADER "\1a\1b\1c\0\xc0\x0e"), 19, ERR_OK, "b.c", 21},
	{OCTETS(HEADER "\2\1x\0\xc0\x0d"), 16, ERR_OK, "x", 18},
	/* to itself, forward, in a circle of two, to the label it ends */
	{OCTETS(HEADER "\xc0\x0c"), 12, ERR_POINTER, NULL, 0},
	{OCTETS(HEADER "\xc0\x0e\3com\0"), 12, ERR_POINTER, NULL, 0},
	{OCTETS(HEADER "\xc0\x0e\xc0\x0c"), 14, ERR_POINTER, NULL, 0},
	{OCTETS(HEADER "\xc0\x0e\xc0\x0c"), 12, ERR_POINTER, NULL, 0},
	{OCTETS(HEADER "\1a\xc0\x0c"), 12, ERR_POINTER, NULL, 0},
	{OCTETS(HEADER "\1a\xc0\x0e"), 12, ERR_POINTER, NULL, 0},
	/* backward, but what stands there leads forward again */
	{OCTETS(HEADER "\1a\xc0\x10\1b\xc0\x0c"), 16, ERR_POINTER, NULL, 0},
	/* in a circle that lies before the name */
	{OCTETS(HEADER "\xc0\x0e\xc0\x0c\xc0\x0e"), 16, ERR_POINTER, NULL, 0},
	/* into the header, past the message's end */
	{OCTETS(HEADER "\xc0\0"), 12, ERR_POINTER, NULL, 0},
	{OCTETS(HEADER "\xc0\x0b"), 12, ERR_POINTER, NULL, 0},
	{OCTETS(HEADER "\xff\xff"), 12, ERR_POINTER, NULL, 0},
	/* cut off */
	{OCTETS(HEADER), 12, ERR_TRUNCATED, NULL, 0},
	{OCTETS(HEADER), 13, ERR_TRUNCATED, NULL, 0},
	{OCTETS(HEADER "\3com"), 12, ERR_TRUNCATED, NULL, 0},
	{OCTETS(HEADER "\3co"), 12, ERR_TRUNCATED, NULL, 0},
	{OCTETS(HEADER "\3"), 12, ERR_TRUNCATED, NULL, 0},
	{OCTETS(HEADER "\3com\0\xc0"), 17, ERR_TRUNCATED, NULL, 0},
	{OCTETS(HEADER "\3com\0\1a\xc0"), 17, ERR_TRUNCATED, NULL, 0},
	/* label types that are not (RFC 6891, 5 has done away with 01) */
	{OCTETS(HEADER "\x40\0"), 12, ERR_LABEL, NULL, 0},
	{OCTETS(HEADER "\x80\0"), 12, ERR_LABEL, NULL, 0},
	{OCTETS(HEADER "\xbf\0"), 12, ERR_LABEL, NULL, 0},
	{OCTETS(HEADER "\1a\x41\0"), 12, ERR_LABEL, NULL, 0},
};

static void test_unpack(void **state)
{
	for (size_t i = 0; i < COUNT(unpacks); i++) {
		struct name name = {.len = 99, .wire = {99}};
		char text[NAME_TEXT_MAX];
		size_t pos = unpacks[i].pos;

		assert_int_equal(
			name_unpack((const uint8_t *)unpacks[i].msg, unpacks[i].len, &pos, &name),
			unpacks[i].err);
		if (unpacks[i].err != ERR_OK) {
			assert_int_equal(pos, unpacks[i].pos);
			assert_int_equal(name.len, 99);
			assert_int_equal(name.wire[0], 99);
			continue;
		}
		assert_int_equal(pos, unpacks[i].after);
		assert_int_equal(name_check(name.wire, name.len), name.len);
		assert_string_equal(name_to_text(name.wire, text, sizeof(text)), unpacks[i].text);
	}
}

/* Where unpack succeeds, skip does and stops at the same place. */
static void test_skip(void **state)
{
	for (size_t i = 0; i < COUNT(unpacks); i++) {
		size_t pos = unpacks[i].pos;
		enum err err = name_skip((const uint8_t *)unpacks[i].msg, unpacks[i].len, &pos);

		if (unpacks[i].err == ERR_OK) {
			assert_int_equal(err, ERR_OK);
			assert_int_equal(pos, unpacks[i].after);
		} else if (err != ERR_OK) {
			assert_int_equal(pos, unpacks[i].pos);
		}
	}
}

/* Octets of a name built of a name in the message and a pointer to it. */
static enum err unpack_joined(size_t head_octets, size_t *ret_len)
{
	uint8_t msg[12 + 255 + 255 + 2] = {0};
	size_t at = 12 + build(msg + 12, 2, 63, 'T'); /* 129 octets */
	size_t begin = at;
	struct name name;
	enum err err;

	while (head_octets > 0) {
		size_t label = head_octets > 64 ? 63 : head_octets - 1;

		if (head_octets - label - 1 == 1)
			label--; /* a label takes two octets at least */
		msg[at++] = (uint8_t)label;
		memset(msg + at, 'h', label);
		at += label;
		head_octets -= label + 1;
	}
	msg[at++] = 0xc0;
	msg[at++] = 12;
	err = name_unpack(msg, at, &begin, &name);
	if (err == ERR_OK) {
		assert_int_equal(begin, at);
		*ret_len = name.len;
	}
	return err;
}

static void test_unpack_limit(void **state)
{
	for (size_t head = 2; head < 200; head++) {
		size_t len = 0;

		assert_int_equal(unpack_joined(head, &len), head + 129 > 255 ? ERR_NAME : ERR_OK);
		assert_int_equal(len, head + 129 > 255 ? 0 : head + 129);
	}
}

/* Writes pointers behind the root label at 12, each to the one before; returns where they end. */
static size_t build_pointers(uint8_t *msg, unsigned int count)
{
	size_t target = 12;
	size_t at = 13;

	memset(msg, 0, at);
	for (unsigned int i = 0; i < count; i++, target = at, at += 2) {
		msg[at] = (uint8_t)(0xc0U | (target >> 8));
		msg[at + 1] = (uint8_t)target;
	}
	return at;
}

/* As many pointers in a row as a name may have labels, and no more. */
static void test_unpack_many_pointers(void **state)
{
	uint8_t msg[12 + 2 + 2 * 5000];
	unsigned int pointers = 7;
	size_t len = build_pointers(msg, NAME_POINTERS_MAX);
	size_t pos = len - 2;
	struct name name;

	assert_int_equal(name_unpack_counted(msg, len, &pos, &pointers, &name), ERR_OK);
	assert_int_equal(name.len, 1);
	assert_int_equal(pos, len);
	assert_int_equal(pointers, 7 + NAME_POINTERS_MAX);
	for (unsigned int count = NAME_POINTERS_MAX + 1; count < 5000; count += 1000) {
		len = build_pointers(msg, count);
		pos = len - 2;
		pointers = 0;
		assert_int_equal(name_unpack_counted(msg, len, &pos, &pointers, &name),
				 ERR_POINTER);
		assert_int_equal(pos, len - 2);
		assert_in_range(pointers, 1, NAME_POINTERS_MAX + 1);
	}
}

static void test_skip_limit(void **state)
{
	uint8_t msg[400] = {0};
	size_t pos = 12;

	assert_int_equal(build(msg + 12, 127, 1, 'a'), 255);
	assert_int_equal(name_skip(msg, sizeof(msg), &pos), ERR_OK);
	assert_int_equal(pos, 12 + 255);
	pos = 12;
	(void)build(msg + 12, 128, 1, 'a');
	assert_int_equal(name_skip(msg, sizeof(msg), &pos), ERR_NAME);
	assert_int_equal(pos, 12);
	/* the 256th octet is the root label */
	(void)build(msg + 12, 126, 1, 'a');
	memcpy(msg + 12 + 252, "\2aa", 4);
	assert_int_equal(name_skip(msg, sizeof(msg), &pos), ERR_NAME);
	assert_int_equal(pos, 12);
}

static const struct {
	const char *text;
	enum err err;
	const char *wire;
	size_t len;
} texts[] = {
	{".", ERR_OK, OCTETS("\0")},
	{"com", ERR_OK, OCTETS("\3com\0")},
	{"com.", ERR_OK, OCTETS("\3com\0")},
	{"WWW.Example.COM", ERR_OK, OCTETS("\3www\7example\3com\0")},
	{"a.b.c.", ERR_OK, OCTETS("\1a\1b\1c\0")},
	{"*.example", ERR_OK, OCTETS("\1*\7example\0")},
	{"a b", ERR_OK, OCTETS("\3a b\0")},
	{"a\\.b", ERR_OK, OCTETS("\3a.b\0")},
	{"\\.", ERR_OK, OCTETS("\1.\0")},
	{"\\.\\..", ERR_OK, OCTETS("\2..\0")},
	{"\\\\", ERR_OK, OCTETS("\1\\\0")},
	{"\\X\\Y", ERR_OK, OCTETS("\2xy\0")},
	{"\\065\\090\\091", ERR_OK, OCTETS("\3az[\0")},
	{"\\000", ERR_OK, OCTETS("\1\0\0")},
	{"\\255", ERR_OK, OCTETS("\1\xff\0")},
	{"\\0461", ERR_OK, OCTETS("\2.1\0")},
	{"M\xc3\x9cNCHEN", ERR_OK, OCTETS("\10m\xc3\x9cnchen\0")},
	{"", ERR_LABEL, NULL, 0},
	{"..", ERR_LABEL, NULL, 0},
	{".com", ERR_LABEL, NULL, 0},
	{"a..b", ERR_LABEL, NULL, 0},
	{"com..", ERR_LABEL, NULL, 0},
	{"\\", ERR_SYNTAX, NULL, 0},
	{"a\\", ERR_SYNTAX, NULL, 0},
	{"\\1", ERR_SYNTAX, NULL, 0},
	{"\\12", ERR_SYNTAX, NULL, 0},
	{"\\1a2", ERR_SYNTAX, NULL, 0},
	{"\\12a", ERR_SYNTAX, NULL, 0},
	{"\\256", ERR_SYNTAX, NULL, 0},
	{"\\999", ERR_SYNTAX, NULL, 0},
	{"ok.\\12", ERR_SYNTAX, NULL, 0},
};

static void test_from_text(void **state)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct name name = {.len = 99, .wire = {99}};

		assert_int_equal(name_from_text(texts[i].text, strlen(texts[i].text), &name),
				 texts[i].err);
		if (texts[i].err != ERR_OK) {
			assert_int_equal(name.len, 99);
			assert_int_equal(name.wire[0], 99);
			continue;
		}
		assert_int_equal(name.len, texts[i].len);
		assert_memory_equal(name.wire, texts[i].wire, texts[i].len);
	}
}

/* The text is as long as it is said to be: what stands behind is not read. */
static void test_from_text_length(void **state)
{
	struct name name;

	assert_int_equal(name_from_text("com.example", 3, &name), ERR_OK);
	assert_int_equal(name.len, 5);
	assert_int_equal(name_from_text("\\065", 3, &name), ERR_SYNTAX);
	assert_int_equal(name_from_text("a\0b", 3, &name), ERR_OK);
	assert_memory_equal(name.wire, "\3a\0b\0", 5);
	assert_int_equal(name_from_host("com!", 3, &name), ERR_OK);
	assert_int_equal(name_from_host("a\0b", 3, &name), ERR_CHAR);
}

static const struct {
	uint8_t lengths[8];
	enum err err;
	size_t len;
} limits[] = {
	{{1}, ERR_OK, 3},
	{{63}, ERR_OK, 65},
	{{64}, ERR_LABEL, 0},
	{{63, 63}, ERR_OK, 129},
	{{63, 64}, ERR_LABEL, 0},
	{{1, 64}, ERR_LABEL, 0},
	{{63, 63, 63}, ERR_OK, 193},
	{{63, 63, 63, 60}, ERR_OK, 254},
	{{63, 63, 63, 61}, ERR_OK, 255},
	{{63, 63, 63, 62}, ERR_NAME, 0},
	{{63, 63, 63, 63}, ERR_NAME, 0},
	{{63, 63, 63, 59, 1}, ERR_OK, 255},
	{{63, 63, 63, 60, 1}, ERR_NAME, 0},
	{{63, 63, 63, 61, 1}, ERR_NAME, 0},
	{{250}, ERR_LABEL, 0},
};

/* At the borders of 63 and 255 octets, with the final dot and without, in both readers. */
static void test_text_limits(void **state)
{
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct name name;
		char text[300];
		size_t len = build_text(text, limits[i].lengths);

		for (int dot = 0; dot < 2; dot++) {
			assert_int_equal(name_from_text(text, len, &name), limits[i].err);
			if (limits[i].err == ERR_OK) {
				assert_int_equal(name.len, limits[i].len);
				assert_int_equal(name_check(name.wire, name.len), name.len);
			}
			assert_int_equal(name_from_host(text, len, &name), limits[i].err);
			if (limits[i].err == ERR_OK) {
				assert_int_equal(name.len, limits[i].len);
				assert_int_equal(name_check(name.wire, name.len), name.len);
			}
			text[len++] = '.';
		}
	}
}

/* Escapes count as the one octet they stand for. */
static void test_escaped_limits(void **state)
{
	char text[4 * 300];
	struct name name;
	size_t len = 0;

	for (size_t label = 0; label < 4; label++) {
		for (size_t i = 0; i < (label < 3 ? 63U : 61U); i++, len += 4)
			memcpy(text + len, "\\001", 4);
		text[len++] = '.';
	}
	assert_int_equal(name_from_text(text, len, &name), ERR_OK);
	assert_int_equal(name.len, 255);
	assert_int_equal(name_from_text(text, len - 1, &name), ERR_OK);
	memcpy(text + len - 1, "\\001", 4);
	assert_int_equal(name_from_text(text, len + 3, &name), ERR_NAME);
	assert_int_equal(name_from_text(text, 64 * 4, &name), ERR_SYNTAX); /* a cut escape */
}

static const struct {
	const char *text;
	enum err err;
	const char *wire;
	size_t len;
} hosts[] = {
	{"com", ERR_OK, OCTETS("\3com\0")},
	{"com.", ERR_OK, OCTETS("\3com\0")},
	{"WWW.Example.COM", ERR_OK, OCTETS("\3www\7example\3com\0")},
	{"_dmarc.ex-ample.0a9", ERR_OK, OCTETS("\6_dmarc\10ex-ample\0030a9\0")},
	{"xn--mnchen-3ya.de", ERR_OK, OCTETS("\16xn--mnchen-3ya\2de\0")},
	{"-", ERR_OK, OCTETS("\1-\0")},
	{"", ERR_LABEL, NULL, 0},
	{".", ERR_LABEL, NULL, 0},
	{"..", ERR_LABEL, NULL, 0},
	{".com", ERR_LABEL, NULL, 0},
	{"a..b", ERR_LABEL, NULL, 0},
	{"com..", ERR_LABEL, NULL, 0},
	{"a b", ERR_CHAR, NULL, 0},
	{"*.com", ERR_CHAR, NULL, 0},
	{"a\\.b", ERR_CHAR, NULL, 0},
	{"a/b", ERR_CHAR, NULL, 0},
	{"caf\xc3\xa9.fr", ERR_CHAR, NULL, 0},
};

static void test_from_host(void **state)
{
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct name name;

		assert_int_equal(name_from_host(hosts[i].text, strlen(hosts[i].text), &name),
				 hosts[i].err);
		if (hosts[i].err != ERR_OK)
			continue;
		assert_int_equal(name.len, hosts[i].len);
		assert_memory_equal(name.wire, hosts[i].wire, hosts[i].len);
	}
}

/* Each of the 256 octets: it is refused, or it is what it is in lower case. */
static void test_from_host_every_octet(void **state)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";

	for (unsigned int octet = 0; octet < 256; octet++) {
		char text[3] = {'a', (char)octet, 'b'};
		struct name name;

		if (octet == '.')
			continue;
		if (memchr(allowed, (int)octet, sizeof(allowed) - 1)) {
			assert_int_equal(name_from_host(text, 3, &name), ERR_OK);
			assert_int_equal(name.wire[2], expected_lower(octet));
		} else {
			assert_int_equal(name_from_host(text, 3, &name), ERR_CHAR);
		}
	}
}

static const struct {
	const char *wire;
	const char *text;
} shown[] = {
	{"\0", "."},
	{"\3com\0", "com"},
	{"\3WwW\2de\0", "WwW.de"},
	{"\3a.b\0", "a\\.b"},
	{"\12\"$();@\\ \x7f\xff\0", "\\\"\\$\\(\\)\\;\\@\\\\\\032\\127\\255"},
	{"\1*\1_\1-\1~\1!\0", "*._.-.~.!"},
};

static void test_to_text(void **state)
{
	char buf[NAME_TEXT_MAX];

	for (size_t i = 0; i < COUNT(shown); i++)
		assert_string_equal(name_to_text((const uint8_t *)shown[i].wire, buf, sizeof(buf)),
				    shown[i].text);
	assert_string_equal(name_to_text((const uint8_t *)"\1\0", buf, sizeof(buf)), "\\000");
	assert_string_equal(name_to_text((const uint8_t *)"\1a", buf, sizeof(buf) - 1), "");
}

/* Every octet in a name, and the longest text there is, come back as they were. */
static void test_text_round_trip(void **state)
{
	for (unsigned int octet = 0; octet < 256; octet++) {
		uint8_t wire[NAME_WIRE_MAX + 1];
		char text[NAME_TEXT_MAX];
		struct name lower;
		struct name back;

		name_copy_lower(&lower, wire, build(wire, octet % 2 ? 1 : 127, 1, (uint8_t)octet));
		name_to_text(wire, text, sizeof(text));
		assert_int_equal(name_from_text(text, strlen(text), &back), ERR_OK);
		assert_true(name_equal(&back, &lower));
	}
}

static void test_text_longest(void **state)
{
	uint8_t wire[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	struct name lower;
	struct name back;
	size_t len = build(wire, 3, 63, 0xff);

	len = len - 1 + build(wire + len - 1, 1, 61, 0x01);
	assert_int_equal(len, 255);
	name_copy_lower(&lower, wire, len);
	name_to_text(wire, text, sizeof(text));
	assert_int_equal(strlen(text), 250 * 4 + 3);
	assert_int_equal(name_from_text(text, strlen(text), &back), ERR_OK);
	assert_true(name_equal(&back, &lower));
}

static struct name named(const char *text)
{
	struct name name = {.len = 0};

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

/* A suffix taken as a name of its own has the hash it had as a suffix. */
static void suffixes_hold(const struct name *name)
{
	struct name_suffixes all;
	struct name root = named(".");
	size_t labels = 0;

	name_hash_suffixes(&key, name, &all);
	assert_true(name_hash_root(&key) == name_hash(&key, &root));
	assert_true(all.hash[0] == name_hash(&key, name));
	for (size_t at = 0; name->wire[at]; at += name->wire[at] + 1U, labels++) {
		struct name suffix;
		struct name_suffixes again;

		/* what follows a name in its buffer must not matter */
		memset(&suffix, 0xa5, sizeof(suffix));
		suffix.len = (uint8_t)(name->len - at);
		memcpy(suffix.wire, name->wire + at, suffix.len);
		name_hash_suffixes(&key, &suffix, &again);
		assert_int_equal(all.offset[labels], at);
		assert_true(all.hash[labels] == again.hash[0]);
		assert_true(all.hash[labels] == name_hash(&key, &suffix));
	}
	assert_int_equal(all.labels, labels);
}

static void test_hash_suffixes(void **state)
{
	static const char *const names[] = {
		".",	   "com",	   "www.example.com",	 "a.b.c.d.e.f.g.h.i",
		"1234567", "12345678.com", "123456789.12345678", "abcdefg.abcdefgh.abcdefghi.x",
	};
	uint8_t wire[NAME_WIRE_MAX];
	struct name name;

	for (size_t i = 0; i < COUNT(names); i++) {
		name = named(names[i]);
		suffixes_hold(&name);
	}
	for (size_t octets = 1; octets <= NAME_LABEL_MAX; octets++) {
		name_copy_lower(&name, wire, build(wire, 254 / (octets + 1), octets, 'q'));
		suffixes_hold(&name);
	}
}

/* Octets moved from one label to the next, and labels that begin alike, give other hashes. */
static void test_hash_differs(void **state)
{
	static const char *const names[] = {
		".",	     "a",	    "aa",	 "a.a",		 "aaa",
		"a.aa",	     "aa.a",	    "a.a.a",	 "aaaaaaa",	 "aaaaaaaa",
		"aaaaaaaaa", "aaaaaaa.a",   "a.aaaaaaa", "aaaaaaa.b",	 "\\000",
		"a\\000",    "a\\000\\000", "\\000a",	 "aaaaaaa\\000", "b.a",
		"\\001a.a",  "ab",	    "b",	 "a.b",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct name a = named(names[i]);

		for (size_t j = 0; j < i; j++) {
			struct name b = named(names[j]);

			assert_true(name_hash(&key, &a) != name_hash(&key, &b));
			assert_false(name_equal(&a, &b));
		}
	}
}

static void test_hash_is_keyed(void **state)
{
	static const struct hash_key other = {0x0123456789abcdefULL, 0xfedcba9876543211ULL};
	struct name name = named("example.com");

	assert_true(name_hash(&key, &name) != name_hash(&other, &name));
}

static const struct {
	const char *a;
	const char *b;
	bool below;
} aboves[] = {
	{"example.com", "example.com", true},
	{"www.example.com", "example.com", true},
	{"a.b.www.example.com", "com", true},
	{"com", ".", true},
	{".", ".", true},
	{".", "com", false},
	{"com", "example.com", false},
	{"notexample.com", "example.com", false},
	{"example.com", "xample.com", false},
	{"example.org", "example.com", false},
	{"com.example", "com", false},
	{"a\\007example\\003com", "example.com", false},
};

static void test_is_below(void **state)
{
	for (size_t i = 0; i < COUNT(aboves); i++) {
		struct name a = named(aboves[i].a);
		struct name b = named(aboves[i].b);

		assert_int_equal(name_is_below(&a, &b), aboves[i].below);
		assert_int_equal(name_equal(&a, &b), strcmp(aboves[i].a, aboves[i].b) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_limits),
		cmocka_unit_test(test_lower_every_octet),
		cmocka_unit_test(test_lower_keeps_lengths),
		cmocka_unit_test(test_mix_case),
		cmocka_unit_test(test_mix_case_of_long_names),
		cmocka_unit_test(test_equal_lowered),
		cmocka_unit_test(test_unpack),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_unpack_limit),
		cmocka_unit_test(test_unpack_many_pointers),
		cmocka_unit_test(test_skip_limit),
		cmocka_unit_test(test_from_text),
		cmocka_unit_test(test_from_text_length),
		cmocka_unit_test(test_text_limits),
		cmocka_unit_test(test_escaped_limits),
		cmocka_unit_test(test_from_host),
		cmocka_unit_test(test_from_host_every_octet),
		cmocka_unit_test(test_to_text),
		cmocka_unit_test(test_text_round_trip),
		cmocka_unit_test(test_text_longest),
		cmocka_unit_test(test_hash_suffixes),
		cmocka_unit_test(test_hash_differs),
		cmocka_unit_test(test_hash_is_keyed),
		cmocka_unit_test(test_is_below),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
