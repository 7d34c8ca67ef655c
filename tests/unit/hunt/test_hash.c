/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "hunt/hash.h"
#include "support/scratch.h"

static const struct hunt_hash whole = {{1, 2}, HUNT_BITS};

static struct name name_of(const char *text)
{
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	return name;
}

static uint64_t hash_of(const struct hunt_hash *hash, const char *text)
{
	struct name name = name_of(text);

	return hunt_hash_of(hash, name.wire, name.len);
}

static void test_of_a_name_and_those_above(void **state)
{
	static const struct row {
		const char *name;
		const char *hashes[HUNT_HASHES_MAX + 1]; /* NULL ends them */
	} rows[] = {
		{".", {NULL}},
		{"com", {"com", NULL}},
		{"www.a.example", {"www.a.example", "a.example", "example", NULL}},
		{"1.2.3.4.5.6.7.8",
		 {"1.2.3.4.5.6.7.8", "2.3.4.5.6.7.8", "3.4.5.6.7.8", "4.5.6.7.8", "5.6.7.8",
		  "6.7.8", "7.8", "8", NULL}},
		/* of a longer one itself, and what has eight labels and fewer */
		{"y.x.1.2.3.4.5.6.7.8",
		 {"y.x.1.2.3.4.5.6.7.8", "1.2.3.4.5.6.7.8", "2.3.4.5.6.7.8", "3.4.5.6.7.8",
		  "4.5.6.7.8", "5.6.7.8", "6.7.8", "7.8", "8", NULL}},
	};
	uint64_t hashes[HUNT_HASHES_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct name name = name_of(rows[i].name);
		size_t count = hunt_hash_all(&whole, &name, hashes);
		size_t wanted = 0;

		while (rows[i].hashes[wanted])
			wanted++;
		assert_int_equal(count, wanted);
		for (size_t j = 0; j < count; j++)
			assert_true(hashes[j] == hash_of(&whole, rows[i].hashes[j]));
	}
}

static void test_longest(void **state)
{
	uint64_t hashes[HUNT_HASHES_MAX];
	struct name name = {.len = 255};

	for (size_t i = 0; i < 254; i += 2) {
		name.wire[i] = 1;
		name.wire[i + 1] = 'a';
	}
	assert_int_equal(hunt_hash_all(&whole, &name, hashes), HUNT_HASHES_MAX);
}

/* SipHash-2-4 of the octets of the name: what is stored outlives the program. */
static void test_the_published_function(void **state)
{
	struct name name = name_of("evil.example");

	assert_true(hash_of(&whole, "evil.example") ==
		    hash_siphash24(&whole.key, name.wire, name.len));
	assert_true(hash_of(&whole, "evil.example") != hash_of(&whole, "evil.examplf"));
}

/* Of names that nobody asked for so many look as if somebody had as hunt_hash_false says. */
static void test_false_ones(void **state)
{
	static const unsigned int widths[] = {12, 16, 20};
	enum { ASKED = 2000, NAMES = 200000 };

	for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
		const struct hunt_hash narrow = {{3, 4}, widths[w]};
		uint8_t *has = calloc(1, 1U << widths[w]);
		unsigned int found = 0;
		unsigned int kept = 0;
		double expected;
		char text[32];

		assert_non_null(has);
		for (unsigned int i = 0; i < ASKED; i++) {
			uint64_t hash;

			snprintf(text, sizeof(text), "a%u.example", i);
			hash = hash_of(&narrow, text);
			assert_true(hash < 1U << widths[w]);
			kept += !has[hash];
			has[hash] = 1;
		}
		for (unsigned int i = 0; i < NAMES; i++) {
			snprintf(text, sizeof(text), "n%u.example", i);
			found += has[hash_of(&narrow, text)];
		}
		free(has);
		expected = hunt_hash_false(narrow.bits, NAMES, kept);
		/* five standard deviations; the key is a fixed one */
		assert_true((found - expected) * (found - expected) < 25 * expected);
	}
	/* ten million names against a hundred million hashes: one in 18,000 times */
	assert_true(hunt_hash_false(HUNT_BITS, 10000000, 100000000) < 1.0 / 18000);
	assert_true(hunt_hash_false(HUNT_BITS, 10000000, 100000000) > 1.0 / 19000);
}

static void test_key(void **state)
{
	struct scratch scratch;
	struct hunt_hash first;
	struct hunt_hash again;
	struct err_text text;
	char path[512];
	struct stat st;

	scratch_make(&scratch);
	snprintf(path, sizeof(path), "%s/" HUNT_KEY_FILE, scratch.path);
	assert_int_equal(hunt_hash_open(scratch.path, &first, &text), ERR_OK);
	assert_int_equal(first.bits, HUNT_BITS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(hunt_hash_open(scratch.path, &again, &text), ERR_OK);
	assert_memory_equal(&first.key, &again.key, sizeof(first.key));
	assert_int_equal(file_replace(path, "short", 5), ERR_OK);
	assert_int_equal(hunt_hash_open(scratch.path, &again, &text), ERR_SYNTAX);
	assert_int_equal(file_replace(path, "a file that is longer than a key", 32), ERR_OK);
	assert_int_equal(hunt_hash_open(scratch.path, &again, &text), ERR_SYNTAX);
	assert_int_equal(hunt_hash_open("/nowhere/at/all", &again, &text), ERR_SYS);
	assert_non_null(strstr(text.text, "/nowhere/at/all/key: No such file"));
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_a_name_and_those_above),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_the_published_function),
		cmocka_unit_test(test_false_ones),
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
