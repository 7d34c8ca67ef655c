/* SPDX-License-Identifier: BSD-2-Clause */
/* Owners as streams: what is written is read, and is no other name; and what no book is. */
#include "set/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAMES 400U
#define ROOM 1024U

static const struct hash_key key = {3, 4};
static struct phrases phrases;
static struct phrase_coder *coder;
static uint8_t octets[NAMES * 64];
static uint32_t start[NAMES + 1];
static const uint32_t end_seen[2] = {200, 100};
static struct dict_entry entries[2] = {
	{.wire = "\003com", .len = 5, .labels = 1},
	{.wire = "\002co\002uk", .len = 7, .labels = 2},
};
static const struct dict_view dict = {entries, 2};

/* Most begin with www. */
static int learn(void **state)
{
	const struct phrase_sample sample = {octets, start, NAMES, end_seen, 2};
	struct name name;
	char text[64];

	(void)state;
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "%sshop-%u", i % 4 ? "www." : "", i * 7919);
		assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
		memcpy(octets + start[i], name.wire, name.len - 1U);
		start[i + 1] = start[i] + name.len - 1U + NAME_PAD;
	}
	return phrase_coder_create(&sample, &phrases, &coder) != ERR_OK;
}

static int forget(void **state)
{
	(void)state;
	phrase_coder_free(coder);
	return 0;
}

/* Writes `name`, whose last `end` (PHRASE_NO_END: its root) is in the dictionary. */
static size_t write_name(const struct name *name, uint32_t end, uint8_t *out, size_t room)
{
	uint8_t labels[NAME_WIRE_MAX + NAME_PAD] = {0};
	size_t len = name->len - (end == PHRASE_NO_END ? 1U : entries[end].len);

	memcpy(labels, name->wire, len);
	return phrase_write(coder, labels, len, end, out, room);
}

static bool is_end_of(const uint8_t *stream, const struct name *name, uint32_t label)
{
	const struct record_ends ends = {dict, &phrases};
	const struct record_head head = {.stream = true};
	struct name_suffixes suffixes;

	name_hash_suffixes(&key, name, &suffixes);
	return record_owner_is(stream, &head, &ends, name, &suffixes, label);
}

static void expect_name(const struct name *name, uint32_t end)
{
	uint8_t out[ROOM] = {0};
	size_t len = write_name(name, end, out, sizeof(out) - 8);
	struct name got;
	struct name other = *name;

	assert_true(len > 0 && !(out[0] & 0x80));
	assert_ptr_equal(phrases_read(&phrases, &dict, out, &got), out + len);
	assert_true(name_equal(&got, name));
	assert_ptr_equal(phrases_skip(&phrases, out), out + len);
	assert_ptr_equal(phrases_check(&phrases, &dict, out, out + len), out + len);
	assert_null(phrases_check(&phrases, &dict, out, out + len - 1));
	assert_int_equal(write_name(name, end, out, len), len);
	if (name->len == 1)
		return;
	assert_true(is_end_of(out, name, 0));
	other.wire[name->wire[0]] ^= 1;
	assert_false(is_end_of(out, &other, 0));
	for (size_t room = 0; room < len; room++)
		assert_int_equal(write_name(name, end, out, room), 0);
}

static void test_names(void **state)
{
	static const struct {
		const char *text;
		uint32_t end;
	} names[] = {
		{".", PHRASE_NO_END},
		{"a", PHRASE_NO_END},
		{"www.shop-1.com", 0},
		{"www.shop-1.com", PHRASE_NO_END},
		{"shop-31676.co.uk", 1},
		{"com", 0},
		{"co.uk", 1},
		{"Q.\\000.\\255\\128x.com", 0},
		{"\\000\\000\\000.com", 0},
		{"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz.com", 0},
	};
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(name_from_text(names[i].text, strlen(names[i].text), &name),
				 ERR_OK);
		expect_name(&name, names[i].end);
	}
	for (name.len = 0; name.len < 254; name.len = (uint8_t)(name.len + 2))
		memcpy(name.wire + name.len, "\001\377", 2);
	name.wire[name.len++] = 0;
	expect_name(&name, PHRASE_NO_END);
}

/* A label of zeros does not match beyond the root of a name, nor one name the end of a longer. */
static void test_ends(void **state)
{
	uint8_t out[ROOM] = {0};
	struct name name;
	struct name longer;

	(void)state;
	assert_int_equal(name_from_text("shop-1.com", 10, &name), ERR_OK);
	assert_true(write_name(&name, 0, out, sizeof(out)) > 0);
	assert_int_equal(name_from_text("www.shop-1.com", 14, &longer), ERR_OK);
	assert_true(is_end_of(out, &longer, 1));
	assert_false(is_end_of(out, &longer, 0));
	assert_int_equal(name_from_text("shop-1.com.com", 14, &longer), ERR_OK);
	assert_false(is_end_of(out, &longer, 0));
	assert_int_equal(name_from_text("shop-1", 6, &longer), ERR_OK);
	assert_false(is_end_of(out, &longer, 0));
	memcpy(name.wire, "\001a\001\000", 5);
	name.len = 5;
	assert_true(write_name(&name, PHRASE_NO_END, out, sizeof(out)) > 0);
	memcpy(longer.wire, "\001a\000\000\000", 5);
	longer.len = 3;
	assert_false(is_end_of(out, &longer, 0));
}

static void test_frequent_names_are_short(void **state)
{
	uint8_t out[ROOM];
	struct name name;

	(void)state;
	assert_int_equal(name_from_text("www.shop-7919.com", 17, &name), ERR_OK);
	assert_true(write_name(&name, 0, out, sizeof(out)) <= 6);
}

static bool opens(const struct phrase_book *book)
{
	static struct phrases made;

	made.book = *book;
	return phrases_open(&made, 2);
}

static void test_what_no_book_is(void **state)
{
	struct phrase_book book = phrases.book;

	(void)state;
	assert_true(opens(&book));
	book.bits[0]++;
	assert_false(opens(&book));
	book.bits[0] -= 2;
	assert_false(opens(&book));
	book = phrases.book;
	book.bits[0] = PHRASE_CODE_MAX + 1;
	assert_false(opens(&book));
	book = phrases.book;
	book.near[0] = 2;
	assert_false(opens(&book));
	for (uint32_t len = 0; len < 256; len++) {
		book = phrases.book;
		book.phrase[0] = (book.phrase[0] & 0xff) | (uint64_t)len << 56;
		assert_int_equal(opens(&book), len == 1);
	}
	memset(&book, 0, sizeof(book));
	assert_false(opens(&book));
}

/* Whatever octets come: a stream is refused, or what is read is a name. */
static void test_any_octets(void **state)
{
	uint64_t random = 88172645463325252ULL;
	uint32_t taken = 0;

	(void)state;
	for (uint32_t run = 0; run < 20000; run++) {
		uint8_t out[64 + RECORD_PAD] = {0};
		const uint8_t *end;
		struct name name;

		for (uint32_t i = 0; i < 64; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			out[i] = (uint8_t)(random >> 40);
		}
		end = phrases_check(&phrases, &dict, out, out + 64);
		if (!end)
			continue;
		assert_ptr_equal(phrases_read(&phrases, &dict, out, &name), end);
		assert_int_equal(name_check(name.wire, name.len), name.len);
		taken++;
	}
	assert_true(taken > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_frequent_names_are_short),
		cmocka_unit_test(test_what_no_book_is),
		cmocka_unit_test(test_any_octets),
	};

	return cmocka_run_group_tests(tests, learn, forget);
}
