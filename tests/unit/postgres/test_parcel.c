/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postgres/parcel.h"

static const struct archive_finding finding = {
	.client = "192.0.2.1",
	.form = 2,
	.list = "a",
	.name = "c2.example",
	.owner_labels = 2,
	.types = 3,
	.ways = 4,
	.first_s = 5,
	.last_s = 6,
	.count = 7,
	.proven = 8,
	.merged = 9,
};

static void test_what_is_put_is_read(void **state)
{
	const struct archive_list list = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	const struct archive_visit visit = {.client = "::1",
					    .form = 1,
					    .port = 80,
					    .host = "h",
					    .method = "GET",
					    .path = "/",
					    .agent = "",
					    .ja4 = "j",
					    .first_s = 1,
					    .last_s = 2,
					    .count = 3};
	const uint64_t numbers[] = {2, 2, 5, 6, 7, 8, 9, 3, 4};
	struct parcel p = {.octets = NULL};
	struct parcel_entry e;
	const uint8_t *at;

	parcel_put_list(&p, &list);
	parcel_put_finding(&p, &finding);
	parcel_put_visit(&p, &visit);
	assert_false(p.full);
	assert_int_equal(p.findings, 1);
	assert_int_equal(p.hits, 7);
	at = p.octets;
	assert_true(parcel_next(&at, p.octets + p.len, &e));
	assert_int_equal(e.kind, PARCEL_LIST);
	assert_string_equal(e.texts[9], "j");
	assert_true(parcel_next(&at, p.octets + p.len, &e));
	assert_int_equal(e.kind, PARCEL_FINDING);
	assert_string_equal(e.texts[2], "c2.example");
	assert_memory_equal(e.numbers, numbers, sizeof(numbers));
	assert_true(parcel_next(&at, p.octets + p.len, &e));
	assert_int_equal(e.kind, PARCEL_VISIT);
	assert_int_equal(e.numbers[1], 80);
	assert_false(parcel_next(&at, p.octets + p.len, &e));
	assert_ptr_equal(at, p.octets + p.len);
	parcel_fini(&p);
}

/* What a list's row says is there where it says something; a spool of before has none. */
static void test_notes(void **state)
{
	static const struct {
		const char *family;
		const char *ticket;
		enum parcel_kind kind;
	} cases[] = {
		{NULL, NULL, PARCEL_FINDING},  {"", "", PARCEL_FINDING},
		{"fox", "", PARCEL_NOTED},     {"", "T-1", PARCEL_NOTED},
		{"f\t\\", NULL, PARCEL_NOTED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct archive_finding f = finding;
		struct parcel p = {.octets = NULL};
		struct parcel_entry e;
		const uint8_t *at;

		f.family = cases[i].family;
		f.ticket = cases[i].ticket;
		parcel_put_finding(&p, &f);
		at = p.octets;
		assert_true(parcel_next(&at, p.octets + p.len, &e));
		assert_ptr_equal(at, p.octets + p.len);
		assert_int_equal(e.kind, cases[i].kind);
		assert_string_equal(e.texts[2], "c2.example");
		assert_int_equal(e.numbers[0], 2);
		if (e.kind == PARCEL_NOTED) {
			assert_string_equal(e.texts[3], f.family ? f.family : "");
			assert_string_equal(e.texts[4], f.ticket ? f.ticket : "");
		}
		parcel_fini(&p);
	}
}

/* Whatever stands in a text, what goes to the database is UTF-8. */
static void test_texts(void **state)
{
	static const struct {
		const char *given;
		const char *wanted;
	} cases[] = {
		{"plain", "plain"},
		{"\xc3\xa4", "\xc3\xa4"},
		{"\xf0\x9f\x90\x9b", "\xf0\x9f\x90\x9b"},
		{"\xff", "\\255"},
		{"\xc3", "\\195"},		     /* cut off */
		{"\xc0\xaf", "\\192\\175"},	     /* too long a form */
		{"\xed\xa0\x80", "\\237\\160\\128"}, /* half of a pair */
		{"\xf4\x90\x80\x80", "\\244\\144\\128\\128"},
		{"a\xc3\xa4\x80", "a\\195\\164\\128"},
		{"tab\t", "tab\t"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct archive_finding f = finding;
		struct parcel p = {.octets = NULL};
		struct parcel_entry e;
		const uint8_t *at;

		f.name = cases[i].given;
		parcel_put_finding(&p, &f);
		at = p.octets;
		assert_true(parcel_next(&at, p.octets + p.len, &e));
		assert_string_equal(e.texts[2], cases[i].wanted);
		parcel_fini(&p);
	}
}

/* An index of the database has no more; no character is cut in two. */
static void test_long_texts_are_cut(void **state)
{
	char name[4001];
	struct archive_finding f = finding;
	struct parcel p = {.octets = NULL};
	struct parcel_entry e;
	const uint8_t *at;

	name[0] = 'x';
	for (size_t i = 1; i < 3999; i += 2)
		memcpy(name + i, "\xc3\xa4", 2);
	name[3999] = '\0';
	f.name = name;
	parcel_put_finding(&p, &f);
	at = p.octets;
	assert_true(parcel_next(&at, p.octets + p.len, &e));
	assert_int_equal(strlen(e.texts[2]), 1023);
	parcel_fini(&p);
}

static void test_what_is_cut_off_or_changed(void **state)
{
	struct parcel p = {.octets = NULL};
	struct parcel_entry e;

	parcel_put_finding(&p, &finding);
	for (size_t len = 0; len < p.len; len++) {
		uint8_t *copy = malloc(len + 1);
		const uint8_t *at = copy;

		memcpy(copy, p.octets, len);
		assert_false(parcel_next(&at, copy + len, &e));
		assert_ptr_equal(at, copy);
		free(copy);
	}
	p.octets[0] = 99;
	{
		const uint8_t *at = p.octets;

		assert_false(parcel_next(&at, p.octets + p.len, &e));
	}
	parcel_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_put_is_read),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_what_is_cut_off_or_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
