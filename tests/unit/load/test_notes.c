/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "load/notes.h"

static char none[] = "";
static char court[] = "E.D. Va.";

static struct conf_list list_of(bool mandatory, char *authority)
{
	return (struct conf_list){
		.mandatory = mandatory,
		.authority = {.court = authority,
			      .case_id = none,
			      .date = none,
			      .contact = none,
			      .url = none},
	};
}

static void test_which_lists(void **state)
{
	const struct conf_list plain = list_of(false, none);
	const struct conf_list mandatory = list_of(true, none);
	const struct conf_list ordered = list_of(false, court);

	(void)state;
	assert_false(notes_are_wanted(&plain));
	assert_true(notes_are_wanted(&mandatory));
	assert_true(notes_are_wanted(&ordered));
}

static struct notes *begun(struct conf_list *lists, size_t count)
{
	const struct conf conf = {.lists = lists, .lists_count = count};
	struct notes *notes;

	assert_int_equal(notes_create(&notes), ERR_OK);
	notes_begin(notes, &conf);
	return notes;
}

static void test_lines_of_a_report(void **state)
{
	struct conf_list lists[] = {list_of(false, none), list_of(true, none)};
	struct notes *notes = begun(lists, 2);
	struct list_report report;
	const struct notes_list *of = notes_of(notes, 1);

	(void)state;
	assert_null(notes_ear(notes, 0));
	report_init(&report, LIST_FORMAT_NAMES);
	report_listen(&report, notes_ear(notes, 1));
	report_not_taken(&report, 3, LINE_CHAR, "a\x1b b", 4);
	report_not_taken(&report, 4, LINE_ADDRESS, "192.0.2.1", 9);
	report_held_text(&report, 7, "is a public suffix", "com", 3);
	report_not_taken(&report, 8, LINE_LONG, NULL, 0);
	assert_int_equal(of->count, 4);
	assert_int_equal(of->lines[0].fate, REPORT_MALFORMED);
	assert_string_equal(of->lines[0].text, "a? b");
	assert_int_equal(of->lines[1].fate, REPORT_SKIPPED);
	assert_int_equal(of->lines[2].fate, REPORT_HELD);
	assert_int_equal(of->lines[2].line, 7);
	assert_string_equal(of->lines[2].reason, "is a public suffix");
	assert_string_equal(of->lines[3].text, "");
	report_listen(&report, notes_ear(notes, 1)); /* the file is read again */
	assert_int_equal(of->count, 0);
	notes_free(notes);
}

static void test_so_many(void **state)
{
	struct conf_list list = list_of(true, none);
	struct notes *notes = begun(&list, 1);
	const struct report_ear *ear = notes_ear(notes, 0);

	(void)state;
	ear->begin(ear->arg);
	for (uint32_t i = 1; i <= NOTES_OF_LIST_MAX + 5; i++)
		ear->hear(ear->arg, REPORT_HELD, i, "held", "x", 1);
	assert_int_equal(notes_of(notes, 0)->count, NOTES_OF_LIST_MAX);
	assert_int_equal(notes_of(notes, 0)->more, 5);
	assert_int_equal(notes_of(notes, 0)->lines[NOTES_OF_LIST_MAX - 1].line, NOTES_OF_LIST_MAX);
	notes_free(notes);
}

/* What a set finds there twice, with the line of the second. */
static void test_already_there(void **state)
{
	static const struct hash_key key = {1, 2};
	static const struct domset_kind kind = {.scope = DOMSET_SCOPE_BOTH};
	struct conf_list lists[] = {list_of(true, none), list_of(false, none)};
	struct notes *notes = begun(lists, 2);
	struct domset_builder *builder;
	struct domset *set;
	struct name name;

	(void)state;
	assert_int_equal(domset_builder_create(&key, &builder), ERR_OK);
	notes_listen(notes, builder);
	for (unsigned int list = 0; list < 2; list++) {
		assert_int_equal(domset_builder_begin(builder, list), ERR_OK);
		for (uint32_t line = 1; line <= 40; line++) {
			char text[32];

			snprintf(text, sizeof(text), "n%u.example", line % 39);
			assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
			assert_int_equal(domset_builder_add(builder, &name, &kind, line * 2),
					 ERR_OK);
		}
	}
	assert_int_equal(domset_builder_freeze(builder, &set), ERR_OK);
	assert_int_equal(notes_of(notes, 0)->count, 1);
	assert_int_equal(notes_of(notes, 0)->lines[0].fate, REPORT_AGAIN);
	assert_int_equal(notes_of(notes, 0)->lines[0].line, 80);
	assert_string_equal(notes_of(notes, 0)->lines[0].text, "n1.example");
	assert_int_equal(notes_of(notes, 1)->count, 0);
	domset_free(set);
	domset_builder_free(builder);
	notes_free(notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_lists),
		cmocka_unit_test(test_lines_of_a_report),
		cmocka_unit_test(test_so_many),
		cmocka_unit_test(test_already_there),
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
