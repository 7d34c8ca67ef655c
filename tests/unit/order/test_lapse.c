/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "order/lapse.h"
#include "match/term.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_S 1795849200U /* 2026-11-28T07:00:00Z */
#define DAY_S 86400U
#define NEVER 0U
#define AT_NOW "2026-11-28T07:00:00Z"

/* A policy of one list with that term, as it is at `now_s`. */
static struct policy *policy_at(struct policy *policy, const struct policy_term *term,
				uint64_t now_s)
{
	memset(policy, 0, sizeof(*policy));
	snprintf(policy->lists[0].name, sizeof(policy->lists[0].name), "court");
	policy->lists[0].term = *term;
	policy->list_count = 1;
	term_apply(policy, now_s);
	return policy;
}

/* What the log has of `tell`, at most one line, without its end, and without what the clock of this
 * machine says. */
static const char *told(struct scratch *s)
{
	static char log[1024];
	char *clock;

	scratch_give_stderr(s);
	assert_true(scratch_read(scratch_path(s, ".log"), log, sizeof(log)) >= 0);
	assert_int_equal(remove(scratch_path(s, ".log")), 0);
	if (*log && log[strlen(log) - 1] == '\n')
		log[strlen(log) - 1] = '\0';
	clock = strstr(log, ", and by our clock it is 2");
	if (clock)
		*clock = '\0';
	return log;
}

/* The log's line is that one, behind its priority. */
static void expect_told(size_t row, const char *log, const char *wanted)
{
	const char *at = strstr(log, wanted);

	if (*wanted ? !at || strcmp(at, wanted) != 0 || strchr(log, '\n') : *log != '\0')
		fail_msg("row %zu: \"%s\" rather than \"%s\"", row, log, wanted);
}

/* A change is told once, by what has become of the list. */
static void test_tell(void **state)
{
	static const struct {
		uint64_t before_s; /* when the policy before was made; NEVER: there is none */
		struct policy_term term;
		const char *told;
	} rows[] = {
		{NEVER, {.lapse = LAPSE_KEEP}, ""},
		{NEVER,
		 {.valid_from_s = NOW_S + 1},
		 "list court: not in force yet: its order is valid from 2026-11-28T07:00:01Z on"},
		{NEVER, {.valid_from_s = NOW_S}, "list court: its order is in force, from " AT_NOW},
		{NEVER,
		 {.expires_s = NOW_S + 60},
		 "list court: its order is in force, until 2026-11-28T07:01:00Z"},
		{NEVER,
		 {.valid_from_s = NOW_S, .expires_s = NOW_S + 60},
		 "list court: its order is in force, from " AT_NOW ", until 2026-11-28T07:01:00Z"},
		{NEVER,
		 {.expires_s = NOW_S, .lapse = LAPSE_KEEP},
		 "list court: its order lapsed at " AT_NOW "; it stays in force (lapse: keep)"},
		{NEVER,
		 {.expires_s = NOW_S, .lapse = LAPSE_LOG},
		 "list court: its order lapsed at " AT_NOW "; it only logs (lapse: log)"},
		{NEVER,
		 {.expires_s = NOW_S, .lapse = LAPSE_LIFT},
		 "list court: its order lapsed at " AT_NOW
		 "; it is lifted, and blocks nothing any more (lapse: lift)"},
		{NOW_S - 1, {.valid_from_s = NOW_S + 1}, ""},
		{NOW_S - 1,
		 {.valid_from_s = NOW_S},
		 "list court: its order is in force, from " AT_NOW},
		{NOW_S, {.valid_from_s = NOW_S}, ""},
		{NOW_S - 1, {.expires_s = NOW_S + 1}, ""},
		{NOW_S - 1,
		 {.expires_s = NOW_S, .lapse = LAPSE_KEEP},
		 "list court: its order lapsed at " AT_NOW "; it stays in force (lapse: keep)"},
		{NOW_S, {.expires_s = NOW_S, .lapse = LAPSE_LIFT}, ""},
	};
	static struct policy before;
	static struct policy after;
	struct scratch *s = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		scratch_take_stderr(s);
		lapse_tell(rows[i].before_s ? policy_at(&before, &rows[i].term, rows[i].before_s)
					    : NULL,
			   policy_at(&after, &rows[i].term, NOW_S));
		expect_told(i, told(s), rows[i].told);
	}
}

/* A list is compared with the one of its name, wherever that stood. */
static void test_tell_moved(void **state)
{
	const struct policy_term term = {.expires_s = NOW_S, .lapse = LAPSE_LIFT};
	static struct policy before;
	static struct policy after;
	struct scratch *s = *state;

	policy_at(&before, &term, NOW_S);
	policy_at(&after, &term, NOW_S);
	before.lists[1] = before.lists[0];
	memset(&before.lists[0].term, 0, sizeof(before.lists[0].term));
	snprintf(before.lists[0].name, sizeof(before.lists[0].name), "other");
	before.list_count = 2;
	scratch_take_stderr(s);
	lapse_tell(&before, &after);
	expect_told(0, told(s), "");
	snprintf(after.lists[0].name, sizeof(after.lists[0].name), "new");
	scratch_take_stderr(s);
	lapse_tell(&before, &after);
	expect_told(1, told(s),
		    "list new: its order lapsed at " AT_NOW
		    "; it is lifted, and blocks nothing any more (lapse: lift)");
}

static void test_warn(void **state)
{
	static const struct {
		struct policy_term term;
		const char *told;
	} rows[] = {
		{{.expires_s = NEVER, .warning_s = DAY_S}, ""},
		{{.expires_s = NOW_S + DAY_S + 1, .warning_s = DAY_S}, ""},
		{{.expires_s = NOW_S, .warning_s = DAY_S}, ""},
		{{.expires_s = NOW_S - 1, .warning_s = DAY_S}, ""},
		{{.expires_s = NOW_S + 1, .warning_s = 0}, ""},
		{{.expires_s = NOW_S + 1, .warning_s = 1, .lapse = LAPSE_KEEP},
		 "list court: its order lapses at 2026-11-28T07:00:01Z, in 0 days; then it stays "
		 "in "
		 "force"},
		{{.expires_s = NOW_S + DAY_S, .warning_s = DAY_S, .lapse = LAPSE_LOG},
		 "list court: its order lapses at 2026-11-29T07:00:00Z, in 1 day; then it only "
		 "logs"},
		{{.expires_s = NOW_S + 2 * DAY_S - 1, .warning_s = 9 * DAY_S, .lapse = LAPSE_LOG},
		 "list court: its order lapses at 2026-11-30T06:59:59Z, in 1 day; then it only "
		 "logs"},
		{{.expires_s = NOW_S + 2 * DAY_S, .warning_s = 9 * DAY_S, .lapse = LAPSE_LIFT},
		 "list court: its order lapses at 2026-11-30T07:00:00Z, in 2 days; then it is "
		 "lifted"},
	};
	static struct policy policy;
	struct scratch *s = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct snapshot snapshot = {.policy = policy_at(&policy, &rows[i].term, NOW_S)};

		scratch_take_stderr(s);
		lapse_warn(&snapshot, NOW_S);
		expect_told(i, told(s), rows[i].told);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tell),
		TEST(test_tell_moved),
		TEST(test_warn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
