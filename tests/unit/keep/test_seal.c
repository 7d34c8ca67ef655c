/* SPDX-License-Identifier: BSD-2-Clause */
/* Seals of kept versions: whole, damaged, set aside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keep/keep.h"
#include "keep/seal.h"
#include "support/scratch.h"

#define LIST "court"

/* A kept version, and a record that seals it. */
static void keep_sealed(const struct scratch *s, const char *kept)
{
	char seal[DIGEST_TEXT_MAX];
	char *text = NULL;
	size_t len;
	FILE *record;

	scratch_write(s, LIST ".list", kept);
	seal_make(s->path, LIST, seal);
	assert_int_equal(strlen(seal), DIGEST_TEXT_MAX - 1);
	record = open_memstream(&text, &len);
	fputs("orders: []\n", record);
	seal_write(record, seal);
	assert_int_equal(fclose(record), 0);
	scratch_write(s, LIST ".order", text);
	free(text);
}

static void test_whole(void **state)
{
	const struct scratch *s = *state;
	char made[DIGEST_TEXT_MAX];
	char found[DIGEST_TEXT_MAX];

	keep_sealed(s, "evil.example\n");
	seal_make(s->path, LIST, made);
	assert_true(seal_read(s->path, LIST, found));
	assert_string_equal(made, found);
	assert_false(seal_is_broken(s->path, LIST));
}

/* One octet less, more or other. */
static void test_damaged(void **state)
{
	static const char *const damaged[] = {"evil.example", "evil.example\n\n", "evim.example\n",
					      ""};
	const struct scratch *s = *state;

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		keep_sealed(s, "evil.example\n");
		scratch_write(s, LIST ".list", damaged[i]);
		assert_true(seal_is_broken(s->path, LIST));
	}
}

/* Where there is no record, no seal in it, or nothing kept, there is nothing to hold against. */
static void test_none(void **state)
{
	const struct scratch *s = *state;
	char seal[DIGEST_TEXT_MAX] = "x";

	seal_make(s->path, LIST, seal);
	assert_string_equal(seal, "");
	assert_false(seal_read(s->path, LIST, seal));
	assert_false(seal_is_broken(s->path, LIST));
	scratch_write(s, LIST ".order", "orders: []\n");
	assert_false(seal_read(s->path, LIST, seal));
	keep_sealed(s, "evil.example\n");
	assert_int_equal(unlink(scratch_path(s, LIST ".list")), 0);
	assert_false(seal_is_broken(s->path, LIST));
}

/* A record of which an octet differs may say anything: no more of it is read than there is. */
static void test_record_of_any_octets(void **state)
{
	const struct scratch *s = *state;
	const char *path = scratch_path(s, LIST ".order");
	char record[512];
	long len;

	keep_sealed(s, "evil.example\n");
	len = scratch_read(path, record, sizeof(record));
	assert_true(len > DIGEST_TEXT_MAX);
	for (long at = 0; at < len; at++) {
		char changed[512];

		memcpy(changed, record, (size_t)len + 1);
		changed[at] ^= 1;
		scratch_write(s, LIST ".order", changed);
		(void)seal_is_broken(s->path, LIST);
	}
}

static void expect_aside(const char *name, const char *expected)
{
	char aside[POLICY_LIST_NAME_MAX];

	seal_aside_name(name, aside);
	assert_string_equal(aside, expected);
}

static void test_names(void **state)
{
	char longest[POLICY_LIST_NAME_MAX];
	char aside[POLICY_LIST_NAME_MAX];
	char again[POLICY_LIST_NAME_MAX];

	(void)state;
	expect_aside("court", "court.damaged");
	expect_aside("court.damaged", "court.damaged");
	expect_aside("damaged", "damaged.damaged");
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	seal_aside_name(longest, aside);
	assert_int_equal(strlen(aside), POLICY_LIST_NAME_MAX - 1);
	seal_aside_name(aside, again);
	assert_string_equal(again, aside);
}

/* The record goes along; what is kept stays under both names, and is not written over later. */
static void test_set_aside(void **state)
{
	struct scratch *s = *state;
	char text[64];

	keep_sealed(s, "evil.example\n");
	scratch_write(s, LIST ".list", "evil.exam");
	scratch_take_stderr(s);
	assert_int_equal(seal_set_aside(s->path, LIST, LIST ".damaged", true), ERR_OK);
	assert_true(scratch_read(scratch_path(s, LIST ".damaged.list"), text, sizeof(text)) == 9);
	assert_true(scratch_read(scratch_path(s, LIST ".list"), text, sizeof(text)) == 9);
	assert_true(access(scratch_path(s, LIST ".damaged.order"), F_OK) == 0);
	assert_true(access(scratch_path(s, LIST ".order"), F_OK) != 0);
	scratch_write(s, LIST ".list", "other.example\n");
	assert_int_equal(seal_set_aside(s->path, LIST, LIST ".damaged", true), ERR_EXISTS);
	assert_true(scratch_read(scratch_path(s, LIST ".damaged.list"), text, sizeof(text)) == 9);
	scratch_give_stderr(s);
	assert_true(scratch_logged(s, "DAMAGED"));
}

/* Told, but nothing is moved. */
static void test_only_told(void **state)
{
	struct scratch *s = *state;

	keep_sealed(s, "evil.example\n");
	scratch_take_stderr(s);
	assert_int_equal(seal_set_aside(s->path, LIST, LIST ".damaged", false), ERR_OK);
	scratch_give_stderr(s);
	assert_true(access(scratch_path(s, LIST ".order"), F_OK) == 0);
	assert_true(access(scratch_path(s, LIST ".damaged.order"), F_OK) != 0);
	assert_true(scratch_logged(s, "sinkholed --accept court.damaged"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole),
		TEST(test_damaged),
		TEST(test_none),
		TEST(test_record_of_any_octets),
		cmocka_unit_test(test_names),
		TEST(test_set_aside),
		TEST(test_only_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
