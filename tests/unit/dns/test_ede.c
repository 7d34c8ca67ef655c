/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dns/ede.h"
#include "dns/wire.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD (WIRE_OPTION_FIXED + EDE_CODE)

/* ---- ours */

static const struct {
	enum ede_code code;
	const char *text;
	const char *data;
	uint16_t len;
} ours[] = {
	{EDE_OTHER, NULL, "\0\17\0\2\0\0", 6},
	{EDE_BLOCKED, "", "\0\17\0\2\0\17", 6},
	{EDE_CENSORED, "a court; case 7",
	 "\0\17\0\21\0\20"
	 "a court; case 7",
	 21},
	{EDE_NETWORK_ERROR, "x", "\0\17\0\3\0\27x", 7},
	{EDE_FORGED_ANSWER, "M\xc3\xbcnchen", "\0\17\0\12\0\4M\xc3\xbcnchen", 14},
};

static void test_set(void **state)
{
	for (size_t i = 0; i < COUNT(ours); i++) {
		struct edes edes;

		edes_set(&edes, ours[i].code, ours[i].text);
		assert_int_equal(edes.len, ours[i].len);
		assert_memory_equal(edes.data, ours[i].data, ours[i].len);
	}
}

#define TEXT_MAX EDE_TEXT_MAX

/* A long text is cut before the character that does not fit as a whole, whosever it is. */
static void test_cut(void **state)
{
	static const struct {
		const char *character; /* at the border */
		size_t before;	       /* ASCII octets before it */
		size_t kept;
	} rows[] = {
		{"x", TEXT_MAX - 1, TEXT_MAX},
		{"x", TEXT_MAX, TEXT_MAX},
		{"\xc3\xbc", TEXT_MAX - 2, TEXT_MAX},
		{"\xc3\xbc", TEXT_MAX - 1, TEXT_MAX - 1},
		{"\xe2\x82\xac", TEXT_MAX - 3, TEXT_MAX},
		{"\xe2\x82\xac", TEXT_MAX - 2, TEXT_MAX - 2},
		{"\xe2\x82\xac", TEXT_MAX - 1, TEXT_MAX - 1},
		{"\xf0\x9f\x9a\xab", TEXT_MAX - 4, TEXT_MAX},
		{"\xf0\x9f\x9a\xab", TEXT_MAX - 3, TEXT_MAX - 3},
		{"\xf0\x9f\x9a\xab", TEXT_MAX - 1, TEXT_MAX - 1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[2 * TEXT_MAX];
		uint8_t option[HEAD + 2 * TEXT_MAX] = {0, OPTION_EDE, 0, 0, 0, EDE_FILTERED};
		struct edes edes;
		struct edes theirs = {.len = 0};

		memset(text, 'a', sizeof(text));
		memcpy(text + rows[i].before, rows[i].character, strlen(rows[i].character));
		strcpy(text + TEXT_MAX + 4, "and more");
		edes_set(&edes, EDE_FILTERED, text);
		assert_int_equal(edes.len, HEAD + rows[i].kept);
		assert_memory_equal(edes.data + HEAD, text, rows[i].kept);
		wire_put16(option + 2, (uint16_t)(EDE_CODE + strlen(text)));
		memcpy(option + HEAD, text, strlen(text));
		edes_read(&theirs, option, HEAD + strlen(text));
		assert_int_equal(theirs.len, edes.len);
		assert_memory_equal(theirs.data, edes.data, edes.len);
	}
}

/* What is no UTF-8 at all leaves an EDE without text, not one too long. */
static void test_continuations(void **state)
{
	char text[2 * TEXT_MAX];
	struct edes edes;

	memset(text, 0x80, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	edes_set(&edes, EDE_FILTERED, text);
	assert_int_equal(edes.len, HEAD);
}

/* ---- an upstream's */

/* One option of an OPT; returns the octet behind it. */
static uint8_t *put(uint8_t *p, uint16_t code, const void *data, size_t len)
{
	wire_put16(p, code);
	wire_put16(p + 2, (uint16_t)len);
	memcpy(p + 4, data, len);
	return p + 4 + len;
}

static const struct {
	const char *said;
	size_t len;
	const char *shown;
} texts[] = {
	{"at delegation example.com.", 26, "at delegation example.com."},
	{"M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x9a\xab", 17,
	 "M\xc3\xbcnchen \xe2\x82\xac \xf0\x9f\x9a\xab"},
	{"", 0, ""},
	{"ends\0\0", 6, "ends"}, /* as some do: RFC 8914, 2 */
	{"in\0side", 7, "in?side"},
	{"\0\0\0", 3, ""},
	{"\r\n\t\x1b[2J\x7f", 8, "????[2J?"},
	{"\xc2\x80\xc2\x9f\xc2\xad", 6, "???"}, /* C1, the soft hyphen */
	{"\xe2\x80\xae"
	 "gpj.exe",
	 10, "?gpj.exe"}, /* RIGHT-TO-LEFT OVERRIDE */
	{"\xe2\x81\xa6x\xe2\x81\xa9\xd8\x9c\xe2\x80\x8b\xef\xbb\xbf", 15, "?x????"},
	{"\xf3\xa0\x81\x81\xef\xbf\xbe\xef\xb7\x90", 10, "???"}, /* a tag, no characters */
	/* no UTF-8: cut off, over-long, a surrogate, beyond the last, without a first */
	{"a\xc3", 2, "a?"},
	{"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf", 9, "?????????"},
	{"\xed\xa0\x80", 3, "???"},
	{"\xf4\x90\x80\x80\xf5\x80\x80\x80\xff", 9, "?????????"},
	{"\x80z\xe2\x82z", 5, "?z??z"},
};

static void test_texts(void **state)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		const size_t shown = strlen(texts[i].shown);
		struct edes edes = {.len = 0};
		uint8_t data[64] = {0, 22};
		uint8_t option[80];

		memcpy(data + EDE_CODE, texts[i].said, texts[i].len);
		edes_read(
			&edes, option,
			(size_t)(put(option, OPTION_EDE, data, EDE_CODE + texts[i].len) - option));
		assert_int_equal(edes.len, HEAD + shown);
		assert_int_equal(wire_get16(edes.data + 2), EDE_CODE + shown);
		assert_int_equal(wire_get16(edes.data + 4), 22);
		assert_memory_equal(edes.data + HEAD, texts[i].shown, shown);
	}
}

/* All are kept, in their order; other options, and what is too short for a code, are none. */
static void test_several(void **state)
{
	static const uint8_t expected[] = "\0\17\0\4\0\6no\0\17\0\2\0\11\0\17\0\3\0\6x";
	struct edes edes = {.len = 0};
	uint8_t options[256];
	uint8_t *p = options;

	p = put(p, OPTION_NSID, "\0\6me", 4);
	p = put(p, OPTION_EDE, "\0\6no", 4);
	p = put(p, OPTION_EDE, "", 0);
	p = put(p, OPTION_EDE, "\0", 1);
	p = put(p, OPTION_EDE, "\0\11", 2);
	p = put(p, OPTION_EDE, "\0\6no", 4); /* said already */
	p = put(p, OPTION_EDE, "\0\6x", 3);
	edes_read(&edes, options, (size_t)(p - options));
	assert_int_equal(edes.len, sizeof(expected) - 1);
	assert_memory_equal(edes.data, expected, edes.len);
	edes_append(&edes, &edes);
	assert_int_equal(edes.len, sizeof(expected) - 1);
	wire_put16(p - 5, 4); /* longer than what is left */
	edes.len = 0;
	edes_read(&edes, options, (size_t)(p - options));
	assert_int_equal(edes.len, sizeof(expected) - 1 - 7);
}

static unsigned int count(const struct edes *edes)
{
	unsigned int options = 0;

	for (size_t at = 0; at < edes->len; options++)
		at += 4U + wire_get16(edes->data + at + 2);
	return options;
}

/* Of any number and length so many are kept as there may be; a text goes before its code. */
static void test_bounds(void **state)
{
	for (size_t text = 0; text <= 300; text += 3) {
		uint8_t data[EDE_CODE + 300] = {0};
		struct edes edes = {.len = 0};
		uint8_t options[20 * sizeof(data) + 80];
		uint8_t *p = options;

		memset(data + EDE_CODE, 'x', sizeof(data) - EDE_CODE);
		for (uint8_t i = 0; i < 20; i++) {
			data[1] = i;
			p = put(p, OPTION_EDE, data, EDE_CODE + text);
		}
		edes_read(&edes, options, (size_t)(p - options));
		assert_true(edes.len <= EDES_OCTETS_MAX);
		assert_in_range(count(&edes), 5, EDES_OPTIONS_MAX);
		if (text <= 58)
			assert_int_equal(edes.len, EDES_OPTIONS_MAX * (HEAD + text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),	      cmocka_unit_test(test_cut),
		cmocka_unit_test(test_continuations), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_several),	      cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("ede", tests, NULL, NULL);
}
