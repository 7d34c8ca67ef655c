/* SPDX-License-Identifier: BSD-2-Clause */
#include "set/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct hash_key key = {3, 4};

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static void expect_head(const struct record_head *head)
{
	uint8_t octet[RECORD_HEAD_MAX + 1] = {0};
	size_t octets = record_write_head(octet, head);
	struct record_head got;

	assert_true(octets <= RECORD_HEAD_MAX);
	assert_ptr_equal(record_head(octet, &got), octet + octets);
	assert_int_equal(got.class, head->class);
	assert_int_equal(got.delta, head->delta);
	assert_int_equal(got.data, head->data);
	assert_int_equal(got.stream, head->stream);
}

static void test_heads(void **state)
{
	static const uint32_t classes[] = {0, 1, 29, 30, 31, 32, 126, 127, 128, 254};
	static const uint32_t deltas[] = {0, 1, 2, 127, 128, 16383, 16384, 1U << 28, UINT32_MAX};
	static const uint32_t numbers[] = {0, 1, 127, 128, UINT32_MAX};
	uint8_t octet[RECORD_HEAD_MAX];

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		for (size_t j = 0; j < sizeof(deltas) / sizeof(deltas[0]); j++) {
			for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
				struct record_head head = {classes[i], deltas[j], numbers[k],
							   false};

				expect_head(&head);
				head.stream = true;
				expect_head(&head);
			}
		}
	}
	assert_int_equal(record_write_head(octet, &(struct record_head){5, 1, 0, false}), 1);
	assert_int_equal(record_write_head(octet, &(struct record_head){5, 1, 0, true}), 1);
	assert_int_equal(record_write_head(octet, &(struct record_head){0, 1, 0, true}), 0);
}

/* A dictionary where entry `index` is `suffix`, and the others are "a". */
static void fill_dict(struct dict_entry *entries, uint32_t count, uint32_t index,
		      const char *suffix)
{
	for (uint32_t i = 0; i < count; i++) {
		struct name name = name_of(i == index ? suffix : "a");

		memset(&entries[i], 0, sizeof(entries[i]));
		memcpy(entries[i].wire, name.wire, name.len);
		entries[i].len = name.len;
		for (const uint8_t *label = name.wire; *label; label += *label + 1)
			entries[i].labels++;
	}
}

static const struct {
	const char *owner;
	const char *end; /* entry `index` of the dictionary; NULL: none is used */
	uint32_t offset; /* where it begins in the owner */
	uint32_t index;
	const char *name; /* is the owner the end of this name */
	uint32_t label;	  /* that begins with this label? */
	bool equal;
} owners[] = {
	{"a.com", "com", 2, 0, "a.com", 0, true},
	{"a.com", "com", 2, 0, "b.a.com", 1, true},
	{"a.com", "com", 2, 0, "b.a.com", 0, false},
	{"a.com", "com", 2, 0, "a.org", 0, false},
	{"a.com", "com", 2, 0, "a.com.com", 0, false},
	{"a.com", NULL, 0, 0, "a.com", 0, true},
	{"a.com", NULL, 0, 0, "a.co", 0, false},
	{"a.com", NULL, 0, 0, "a.com.a", 0, false},
	{"com", "com", 0, 127, "com", 0, true},
	{"com", "com", 0, 128, "com", 0, true},
	{"a.b.c.com", "b.c.com", 2, 5000, "x.a.b.c.com", 1, true},
	{"a.b.c.com", "b.c.com", 2, 16511, "x.a.b.c.com", 1, true},
	{"a.b.c.com", "b.c.com", 2, 5000, "x.a.b.d.com", 1, false},
	{".", NULL, 0, 0, ".", 0, true},
	{".", NULL, 0, 0, "a.b", 2, true},
	{".", NULL, 0, 0, "a.b", 1, false},
	/* 'c' inside a label reads like the code of entry 35, which is how the name goes on. */
	{"xcccc.com", NULL, 0, 0, "x\\003com", 0, false},
	{"xcccc.com", "com", 6, 35, "x\\003com", 0, false},
	{"xcccc.com", "com", 6, 35, "x\\003com.com", 0, false},
	/* An octet inside a label that is the code of no entry. */
	{"x\\255\\255cc.com", "com", 6, 35, "x\\003com", 0, false},
	{"an-owner-name-longer-than-a-few-words.example.com", "example.com", 38, 200,
	 "an-owner-name-longer-than-a-few-words.example.com", 0, true},
	{"an-owner-name-longer-than-a-few-words.example.com", "example.com", 38, 200,
	 "an-owner-name-longer-than-a-few-wordz.example.com", 0, false},
};

static void test_owners(void **state)
{
	static struct dict_entry entries[DICT_ENTRIES_MAX];
	static uint8_t octet[RECORD_MAX + RECORD_PAD];

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		struct record_ends ends = {.dict = {entries, owners[i].index + 1}};
		struct dict_match end = {owners[i].index, owners[i].offset};
		struct name owner = name_of(owners[i].owner);
		struct name name = name_of(owners[i].name);
		struct name_suffixes suffixes;
		struct record_head head = {1, 1, 0, false};
		struct name got;
		const uint8_t *at;
		size_t octets;

		fill_dict(entries, ends.dict.count, owners[i].index,
			  owners[i].end ? owners[i].end : "com");
		octets = record_write(octet, &head, &owner, owners[i].end ? &end : NULL);
		at = record_head(octet, &head);
		assert_ptr_equal(record_skip_owner(at, &head, &ends), octet + octets);
		assert_ptr_equal(record_owner(at, &head, &ends, &got), octet + octets);
		assert_true(name_equal(&got, &owner));
		name_hash_suffixes(&key, &name, &suffixes);
		if (record_owner_is(at, &head, &ends, &name, &suffixes, owners[i].label) !=
		    owners[i].equal)
			fail_msg("row %zu", i);
	}
}

static void test_dict(void **state)
{
	static struct dict dict;
	struct dict_match match;
	struct name name;
	char text[64];

	name = name_of(".");
	assert_false(dict_match(&dict, &name, &match));
	name = name_of("com");
	assert_true(dict_match(&dict, &name, &match));
	assert_int_equal(match.index, 0);
	assert_int_equal(match.offset, 0);
	for (uint32_t i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "n%u.shared.com", i + 10);
		name = name_of(text);
		assert_true(dict_match(&dict, &name, &match));
	}
	assert_int_equal(match.index, 1);
	assert_int_equal(match.offset, 4);
	assert_int_equal(dict.count, 2);
	dict_truncate(&dict, 1);
	name = name_of("n1.other.com");
	assert_true(dict_match(&dict, &name, &match));
	assert_int_equal(match.index, 0);
	assert_int_equal(match.offset, 9);
	dict_truncate(&dict, 0);
	pages_free(&dict.pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_dict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
