/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "map/namemap.h"
#include "support/alloc_fail.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NONE (-1)
#define MANY 5000U

static const struct hash_key key = {0x1122334455667788ULL, 0x99aabbccddeeff00ULL};

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static enum err add(struct namemap *map, const char *text, uint32_t value)
{
	struct name name = name_of(text);

	return namemap_add(map, &name, value);
}

static struct name_suffixes suffixes_of(const struct name *name)
{
	struct name_suffixes suffixes;

	name_hash_suffixes(&key, name, &suffixes);
	return suffixes;
}

static const char *const entries[] = {"corp.example", "eu.corp.example", "a.b.c.example", "lan",
				      "10.in-addr.arpa"};

/* Their numbers are their places. */
static struct namemap *map_of_entries(void)
{
	struct namemap *map = NULL;

	assert_int_equal(namemap_create(&key, &map), ERR_OK);
	for (uint32_t i = 0; i < COUNT(entries); i++)
		assert_int_equal(add(map, entries[i], i), ERR_OK);
	return map;
}

static const struct {
	const char *name;
	int longest; /* entry that it is or lies below */
	int suffix;
	int above; /* the longest that it lies below */
	int itself;
	bool has;
} lookups[] = {
	{"corp.example", 0, 0, NONE, 0, true},
	{"www.corp.example", 0, 1, 0, NONE, false},
	{"eu.corp.example", 1, 0, 0, 1, true},
	{"x.y.eu.corp.example", 1, 2, 1, NONE, false},
	{"xeu.corp.example", 0, 1, 0, NONE, false},
	{"example", NONE, 0, NONE, NONE, true},
	{"c.example", NONE, 0, NONE, NONE, true},
	{"b.c.example", NONE, 0, NONE, NONE, true},
	{"a.b.c.example", 2, 0, NONE, 2, true},
	{"b.a.b.c.example", 2, 1, 2, NONE, false},
	{"x.c.example", NONE, 0, NONE, NONE, false},
	{"lan", 3, 0, NONE, 3, true},
	{"a.lan", 3, 1, 3, NONE, false},
	{"alan", NONE, 0, NONE, NONE, false},
	{"arpa", NONE, 0, NONE, NONE, true},
	{"1.10.in-addr.arpa", 4, 1, 4, NONE, false},
	{"11.in-addr.arpa", NONE, 0, NONE, NONE, false},
	{".", NONE, 0, NONE, NONE, false},
	{"corp.example.com", NONE, 0, NONE, NONE, false},
};

static void expect_hit(struct namemap_hit hit, int value)
{
	assert_int_equal(hit.found ? (int)hit.value : NONE, value);
}

static void test_lookups(void **state)
{
	struct namemap *map = map_of_entries();

	for (size_t i = 0; i < COUNT(lookups); i++) {
		struct name name = name_of(lookups[i].name);
		struct name_suffixes s = suffixes_of(&name);
		struct namemap_hit longest = namemap_find(map, &name, &s, 0);

		expect_hit(longest, lookups[i].longest);
		assert_int_equal(longest.found ? longest.suffix : 0, lookups[i].suffix);
		expect_hit(namemap_find(map, &name, &s, 1), lookups[i].above);
		expect_hit(namemap_get(map, &name, &s), lookups[i].itself);
		assert_int_equal(namemap_has(map, &name, &s), lookups[i].has);
	}
	namemap_free(map);
}

static void test_nothing(void **state)
{
	struct name name = name_of("www.example");
	struct name_suffixes s = suffixes_of(&name);
	struct namemap *empty = NULL;

	assert_int_equal(namemap_create(&key, &empty), ERR_OK);
	expect_hit(namemap_find(empty, &name, &s, 0), NONE);
	assert_false(namemap_has(empty, &name, &s));
	expect_hit(namemap_find(NULL, &name, &s, 0), NONE);
	expect_hit(namemap_get(NULL, &name, &s), NONE);
	assert_false(namemap_has(NULL, &name, &s));
	namemap_free(empty);
	namemap_free(NULL);
}

static void test_refused(void **state)
{
	struct namemap *map = map_of_entries();
	struct name name = name_of("corp.example");
	struct name_suffixes s = suffixes_of(&name);

	assert_int_equal(add(map, "corp.example", 9), ERR_EXISTS);
	expect_hit(namemap_get(map, &name, &s), 0);
	assert_int_equal(add(map, ".", 9), ERR_RANGE);
	assert_int_equal(add(map, "example", 9), ERR_OK); /* was there, without a number */
	assert_int_equal(add(map, "example", 9), ERR_EXISTS);
	namemap_free(map);
}

/* A name is the same only if it is so in full, even where all hashes are equal. */
static void test_hash_collision(void **state)
{
	struct namemap *map = map_of_entries();
	struct name name = name_of("www.other");
	struct name lan = name_of("lan");
	struct name_suffixes s = suffixes_of(&name);
	struct name_suffixes of_lan = suffixes_of(&lan);

	s.hash[1] = of_lan.hash[0];
	expect_hit(namemap_find(map, &name, &s, 0), NONE);
	namemap_free(map);
}

static void test_many(void **state)
{
	struct namemap *map = NULL;
	char text[64];

	assert_int_equal(namemap_create(&key, &map), ERR_OK);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "h%u.s%u.example", i, i % 50);
		assert_int_equal(add(map, text, i), ERR_OK);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		struct name_suffixes s;
		struct name name;

		snprintf(text, sizeof(text), "h%u.s%u.example", i, i % 50);
		name = name_of(text);
		s = suffixes_of(&name);
		expect_hit(namemap_get(map, &name, &s), (int)i);
		snprintf(text, sizeof(text), "h%u.s%u.example", i, (i + 1) % 50);
		name = name_of(text);
		s = suffixes_of(&name);
		expect_hit(namemap_find(map, &name, &s, 0), NONE);
	}
	namemap_free(map);
}

/* Whatever allocation fails: what was there is there, and a later try succeeds. */
static void test_without_memory(void **state)
{
	struct namemap *map = NULL;
	unsigned int failures = 0;
	char text[64];

	alloc_fail_start(0, false);
	assert_int_equal(namemap_create(&key, &map), ERR_NOMEM);
	(void)alloc_fail_stop();
	alloc_fail_start(1, false);
	assert_int_equal(namemap_create(&key, &map), ERR_NOMEM);
	(void)alloc_fail_stop();
	assert_int_equal(namemap_create(&key, &map), ERR_OK);
	for (uint32_t i = 0; i < 100; i++) {
		struct name_suffixes s;
		struct name name;
		enum err err;

		snprintf(text, sizeof(text), "h%u.example", i);
		name = name_of(text);
		s = suffixes_of(&name);
		alloc_fail_start(0, false);
		err = namemap_add(map, &name, i);
		assert_int_equal(err != ERR_OK, alloc_fail_stop());
		if (err != ERR_OK) {
			failures++;
			assert_int_equal(err, ERR_NOMEM);
			assert_false(namemap_get(map, &name, &s).found);
			assert_int_equal(namemap_add(map, &name, i), ERR_OK);
		}
		expect_hit(namemap_get(map, &name, &s), (int)i);
	}
	assert_true(failures > 3);
	namemap_free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookups), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_hash_collision),
		cmocka_unit_test(test_many),	cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests_name("namemap", tests, NULL, NULL);
}
