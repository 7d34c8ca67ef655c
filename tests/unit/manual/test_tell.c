/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "manual/tell.h"
#include "support/said.h"
#include "support/scratch.h"

static void test_entries(void **state)
{
	struct scratch *s = *state;
	struct manual_entry entry = said(MANUAL_BLOCK, "evil.example", 0);

	scratch_take_stderr(s);
	manual_log("", &entry);
	assert_true(scratch_logged(s, "command: block evil.example, ticket T-1, by user 0\n"));
	entry = said(MANUAL_LIST_OFF, "adverts", 1796000000);
	entry.ticket[0] = '\0';
	manual_log("withdrawn: ", &entry);
	assert_true(scratch_logged(s, "command: withdrawn: "));
	assert_true(scratch_logged(s, " adverts, until 2026-11-30T"));
	assert_false(scratch_logged(s, "adverts, ticket"));
	scratch_give_stderr(s);
}

/* Of those alone that are not in force. */
static void test_held(void **state)
{
	struct scratch *s = *state;
	struct manual manual = {.count = 0};

	say(&manual, MANUAL_BLOCK, "held.example", 0);
	say(&manual, MANUAL_BLOCK, "good.example", 0);
	manual.entries[0].held = true;
	scratch_take_stderr(s);
	manual_log_held(&manual);
	assert_true(scratch_logged(s, "command: block held.example is not in force: the guard"));
	assert_false(scratch_logged(s, "good.example"));
	scratch_give_stderr(s);
	manual_free(&manual);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_entries),
		ROW(test_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
