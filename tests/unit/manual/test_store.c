/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "manual/store.h"
#include "support/said.h"
#include "support/scratch.h"

static void test_kept(void **state)
{
	struct scratch *s = *state;
	struct manual manual = {.count = 0};
	struct manual found;
	struct err_text text;

	say(&manual, MANUAL_BLOCK, "\\000\\255\\\"<b>.example", 17);
	say(&manual, MANUAL_PASS, "b.example", 0);
	say(&manual, MANUAL_LIST_OFF, "ads", 99);
	assert_int_equal(manual_read(s->path, &found, &text), ERR_OK);
	assert_int_equal(found.count, 0);
	assert_int_equal(manual_write(s->path, &manual, &text), ERR_OK);
	assert_int_equal(manual_read(s->path, &found, &text), ERR_OK);
	assert_int_equal(found.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct manual_entry *a = &manual.entries[i];
		const struct manual_entry *b = &found.entries[i];

		assert_int_equal(a->kind, b->kind);
		assert_true(a->kind == MANUAL_LIST_OFF || name_equal(&a->name, &b->name));
		assert_string_equal(a->list, b->list);
		assert_int_equal(a->until_s, b->until_s);
		assert_int_equal(a->since_s, b->since_s);
		assert_string_equal(a->ticket, b->ticket);
		assert_string_equal(a->by, b->by);
	}
	manual_free(&found);
	manual_free(&manual);
}

static void test_nowhere(void **state)
{
	const struct manual manual = {.count = 0};
	struct manual found;
	struct err_text text;

	assert_int_equal(manual_write("", &manual, &text), ERR_NOTFOUND);
	assert_int_equal(manual_read("", &found, &text), ERR_OK);
	assert_int_equal(found.count, 0);
	assert_int_equal(manual_write("/nowhere/at/all", &manual, &text), ERR_SYS);
	assert_non_null(strstr(text.text, "/nowhere/at/all/manual.json: "));
}

#define ENTRY(kind, of, rest)                                                                      \
	"{\"entries\": [{\"kind\": \"" kind "\", \"of\": \"" of "\", \"since\": 1, " rest "}]}"
#define GOOD "\"until\": 0, \"ticket\": \"\", \"by\": \"user 0\""

static void test_damaged(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} cases[] = {
		{"{\"entries\": []}", ERR_OK},
		{ENTRY("block", "a.example", GOOD), ERR_OK},
		{ENTRY("list-off", "ads", GOOD), ERR_OK},
		{"", ERR_SYNTAX},
		{"[]", ERR_SYNTAX},
		{"{}", ERR_SYNTAX},
		{"{\"entries\": {}}", ERR_SYNTAX},
		{"{\"entries\": [1]}", ERR_SYNTAX},
		{ENTRY("blocks", "a.example", GOOD), ERR_SYNTAX},
		{ENTRY("block", "a..example", GOOD), ERR_SYNTAX},
		{ENTRY("list-off", "", GOOD), ERR_SYNTAX},
		{ENTRY("block", "a.example", "\"ticket\": \"\", \"by\": \"x\""), ERR_SYNTAX},
		{ENTRY("block", "a.example", "\"until\": -1, \"ticket\": \"\", \"by\": \"x\""),
		 ERR_SYNTAX},
		{ENTRY("block", "a.example", "\"until\": 0, \"ticket\": \"\\n\", \"by\": \"x\""),
		 ERR_SYNTAX},
		{"{\"entries\": [], \"entries\": []}", ERR_SYNTAX},
	};
	struct scratch *s = *state;
	struct manual found;
	struct err_text text;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_write(s, "manual.json", cases[i].text);
		assert_int_equal(manual_read(s->path, &found, &text), cases[i].err);
		if (cases[i].err == ERR_OK)
			manual_free(&found);
		else
			assert_non_null(strstr(text.text, "/manual.json: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, scratch_set_up, scratch_tear_down),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test_setup_teardown(test_damaged, scratch_set_up, scratch_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
