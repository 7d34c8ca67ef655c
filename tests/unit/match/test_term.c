/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match/term.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	struct policy_term term;
	uint64_t now_s;
	enum term_state state;
	enum action action;
	bool silent;
} rows[] = {
	{{.action = ACTION_NODATA}, 5, TERM_NONE, ACTION_NXDOMAIN, false},
	{{.valid_from_s = 10, .action = ACTION_NODATA}, 9, TERM_WAITS, ACTION_NODATA, true},
	{{.valid_from_s = 10, .action = ACTION_NODATA}, 10, TERM_HOLDS, ACTION_NODATA, false},
	{{.valid_from_s = 10, .action = ACTION_NODATA, .begun = true},
	 9,
	 TERM_HOLDS,
	 ACTION_NODATA,
	 false},
	{{.expires_s = 20, .action = ACTION_DROP}, 19, TERM_HOLDS, ACTION_DROP, false},
	{{.expires_s = 20, .action = ACTION_DROP}, 20, TERM_KEPT, ACTION_DROP, false},
	{{.expires_s = 20, .action = ACTION_DROP, .lapse = LAPSE_LOG},
	 20,
	 TERM_LOGS,
	 ACTION_LOG,
	 false},
	{{.expires_s = 20, .action = ACTION_DROP, .lapse = LAPSE_LIFT},
	 20,
	 TERM_LIFTED,
	 ACTION_DROP,
	 true},
	/* a clock that goes back has what had lapsed be in force again */
	{{.expires_s = 20, .action = ACTION_DROP, .lapse = LAPSE_LIFT, .lapsed = true},
	 19,
	 TERM_HOLDS,
	 ACTION_DROP,
	 false},
};

static void test_apply(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct policy policy = {.list_count = 2};
		const struct policy_list *list = &policy.lists[1];

		policy.lists[1] = (struct policy_list){
			.action = ACTION_NXDOMAIN, .silent = true, .term = rows[i].term};
		term_apply(&policy, rows[i].now_s);
		assert_int_equal(term_state(list), rows[i].state);
		assert_int_equal(list->action, rows[i].action);
		assert_int_equal(list->silent, rows[i].silent);
		assert_false(term_is_due(&policy, rows[i].now_s));
	}
}

static void test_due(void **state)
{
	static struct policy policy = {.list_count = 1};

	policy.lists[0].term = (struct policy_term){
		.valid_from_s = 10, .expires_s = 20, .lapse = LAPSE_LIFT, .action = ACTION_DROP};
	term_apply(&policy, 5);
	assert_false(term_is_due(&policy, 9));
	assert_true(term_is_due(&policy, 10));
	term_apply(&policy, 12);
	assert_false(term_is_due(&policy, 9)); /* it has begun */
	assert_false(term_is_over(&policy.lists[0], 19));
	assert_true(term_is_due(&policy, 20));
	assert_true(term_is_over(&policy.lists[0], 20));
	policy.lists[0].term.lapse = LAPSE_KEEP;
	assert_false(term_is_over(&policy.lists[0], 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
