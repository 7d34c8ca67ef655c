/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "manual/compile.h"
#include "support/lists.h"
#include "support/said.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct list_row lists[] = {
	{.name = "ads", .action = ACTION_NXDOMAIN, .rules = "ads.example both.example"},
	{.name = "court",
	 .action = ACTION_REFUSED,
	 .rules = "court.example both.example",
	 .mandatory = true},
	{.name = "allowed", .action = ACTION_PASS, .rules = "x.ads.example x.said.example"},
};

static struct snapshot *world(void)
{
	struct snapshot *s = lists_snapshot(1, lists, COUNT(lists));

	s->policy->lists[POLICY_MANUAL_BLOCK] =
		(struct policy_list){.action = ACTION_NODATA, .mandatory = true};
	s->policy->lists[POLICY_MANUAL_PASS] = (struct policy_list){.action = ACTION_PASS};
	return s;
}

static struct verdict match(const struct snapshot *s, const char *text, bool mandatory_only)
{
	struct name_suffixes suffixes;
	struct name name;

	assert_int_equal(name_from_text(text, strlen(text), &name), ERR_OK);
	name_hash_suffixes(domset_key(s->policy->set), &name, &suffixes);
	return policy_match(s->policy, &name, &suffixes, TYPE_A,
			    (struct policy_leave){.passed = mandatory_only});
}

#define NONE 255U

static unsigned int decides(const struct snapshot *s, const char *text, bool mandatory_only)
{
	struct verdict v = match(s, text, mandatory_only);

	return v.matched ? v.list : NONE;
}

static void test_precedence(void **state)
{
	static const struct {
		const char *name;
		unsigned int before, after, mandatory;
	} rows[] = {
		{"good.example", NONE, NONE, NONE},
		{"said.example", NONE, POLICY_MANUAL_BLOCK, POLICY_MANUAL_BLOCK},
		{"y.said.example", NONE, POLICY_MANUAL_BLOCK, POLICY_MANUAL_BLOCK},
		{"x.said.example", 2, POLICY_MANUAL_BLOCK, POLICY_MANUAL_BLOCK},
		{"ads.example", 0, POLICY_MANUAL_PASS, NONE},
		{"www.ads.example", 0, POLICY_MANUAL_PASS, NONE},
		{"court.example", 1, 1, 1}, /* let pass by command, and mandatory */
		{"both.example", 1, 1, 1},
		{"blocked.court.example", 1, POLICY_MANUAL_BLOCK, POLICY_MANUAL_BLOCK},
		{"twice.example", NONE, POLICY_MANUAL_BLOCK, POLICY_MANUAL_BLOCK},
	};
	struct policy_manual *compiled = NULL;
	struct manual manual = {.count = 0};
	struct snapshot *s = world();

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(decides(s, rows[i].name, false), rows[i].before);
	say(&manual, MANUAL_BLOCK, "said.example", 0);
	say(&manual, MANUAL_BLOCK, "blocked.court.example", 0);
	say(&manual, MANUAL_BLOCK, "twice.example", 0);
	say(&manual, MANUAL_PASS, "twice.example", 0);
	say(&manual, MANUAL_PASS, "ads.example", 0);
	say(&manual, MANUAL_PASS, "court.example", 0);
	assert_int_equal(manual_compile(&manual, s, &compiled), ERR_OK);
	policy_set_manual(s->policy, compiled);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(decides(s, rows[i].name, false), rows[i].after);
		assert_int_equal(decides(s, rows[i].name, true), rows[i].mandatory);
	}
	assert_int_equal(match(s, "said.example", false).action, ACTION_NODATA);
	snapshot_free(s);
	manual_free(&manual);
}

static void test_lists_off(void **state)
{
	struct policy_manual *compiled = NULL;
	struct manual manual = {.count = 0};
	struct snapshot *s = world();
	struct manual_entry court = said(MANUAL_LIST_OFF, "court", 9);
	struct manual_entry none = said(MANUAL_LIST_OFF, "none", 9);
	struct err_text text;

	assert_int_equal(manual_check(&court, s, &text), ERR_REFUSED);
	assert_string_equal(text.text, "list court is mandatory");
	assert_int_equal(manual_check(&none, s, &text), ERR_REFUSED);
	say(&manual, MANUAL_LIST_OFF, "ads", 9);
	say(&manual, MANUAL_LIST_OFF, "allowed", 9);
	say(&manual, MANUAL_LIST_OFF, "court", 9); /* it has become mandatory since */
	assert_int_equal(manual_compile(&manual, s, &compiled), ERR_OK);
	policy_set_manual(s->policy, compiled);
	assert_false(manual.entries[0].held);
	assert_true(manual.entries[2].held);
	assert_int_equal(decides(s, "ads.example", false), NONE);
	assert_int_equal(decides(s, "x.ads.example", false), NONE);
	assert_int_equal(decides(s, "both.example", false), 1);
	snapshot_free(s);
	manual_free(&manual);
}

/* The next snapshot has all that the former one had, whose rest is freed behind it. */
static void test_followed(void **state)
{
	struct policy_manual *compiled = NULL;
	struct manual manual = {.count = 0};
	struct snapshot *s = world();
	struct snapshot *next;

	say(&manual, MANUAL_BLOCK, "said.example", 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(manual_compile(&manual, s, &compiled), ERR_OK);
		assert_int_equal(snapshot_follow(s, compiled, 0, &next), ERR_OK);
		assert_int_equal(next->generation, s->generation + 1);
		assert_int_equal(decides(s, "said.example", false),
				 i == 0 ? NONE : POLICY_MANUAL_BLOCK);
		assert_int_equal(decides(next, "said.example", false), POLICY_MANUAL_BLOCK);
		assert_int_equal(decides(next, "court.example", false), 1);
		snapshot_free_former(s);
		s = next;
	}
	assert_int_equal(snapshot_follow(s, NULL, 0, &next), ERR_OK);
	assert_int_equal(decides(next, "said.example", false), NONE);
	snapshot_free_former(s);
	snapshot_free(next);
	manual_free(&manual);
}

static void test_nothing_said(void **state)
{
	struct policy_manual *compiled = (void *)state;
	struct manual manual = {.count = 0};
	struct snapshot *s = world();

	assert_int_equal(manual_compile(&manual, s, &compiled), ERR_OK);
	assert_null(compiled);
	snapshot_free(s);
}

static void test_guarded(void **state)
{
	static const char *const names[] = {".", "com", "co.uk", "safe.example", "example"};
	static char safe[] = "www.safe.example";
	static char up[] = "dns.up.example";
	char *protected[] = {safe};
	struct conf_upstream upstream = {.tls_name = up};
	struct manual manual = {.count = 0};
	struct policy_manual *compiled;
	struct snapshot *s = world();
	struct conf *conf = s->conf;
	struct conf own = *conf;
	struct err_text text;

	own.guard.protected = protected;
	own.guard.protected_count = 1;
	own.guard.public_suffixes = true;
	own.upstreams = &upstream;
	own.upstreams_count = 1;
	s->conf = &own;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct manual_entry entry = said(MANUAL_BLOCK, names[i], 0);

		assert_int_equal(manual_check(&entry, s, &text), ERR_REFUSED);
		entry.kind = MANUAL_PASS;
		assert_int_equal(manual_check(&entry, s, &text), ERR_OK);
		say(&manual, MANUAL_BLOCK, names[i], 0);
	}
	say(&manual, MANUAL_BLOCK, "up.example", 0);
	assert_int_equal(manual_check(&manual.entries[COUNT(names)], s, &text), ERR_REFUSED);
	assert_string_equal(text.text, "up.example covers the name of an upstream");
	assert_int_equal(manual_compile(&manual, s, &compiled), ERR_OK);
	assert_null(compiled);
	s->conf = conf;
	snapshot_free(s);
	manual_free(&manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_precedence), cmocka_unit_test(test_lists_off),
		cmocka_unit_test(test_followed),   cmocka_unit_test(test_nothing_said),
		cmocka_unit_test(test_guarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
