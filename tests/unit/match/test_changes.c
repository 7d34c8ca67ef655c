/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "match/changes.h"
#include "match/weaken.h"
#include "support/lists.h"

#define LISTS 2U
#define LIST(list, does, text) .name = (list), .action = (does), .rules = (text)

/* What two lists were and are, and what has changed: "+" blocked, "-" free, "~" otherwise. */
static const struct {
	struct list_row before[LISTS];
	struct list_row after[LISTS];
	const char *changes;
} rows[] = {
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}}, {{LIST("a", ACTION_NXDOMAIN, "x.test")}}, ""},
	{{{LIST("a", ACTION_NXDOMAIN, "")}}, {{LIST("a", ACTION_NXDOMAIN, "x.test")}}, "+x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test y.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "y.test")}},
	 "-x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "=x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "")}},
	 "-=x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "<x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "")}},
	 "-*.x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "=x.test")}},
	 "-*.x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "=x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 "+*.x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "=x.test <x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 ""},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("a", ACTION_NODATA, "x.test")}},
	 "~x.test "},
	/* what lifts a part of what stays */
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "x.test @y.x.test")}},
	 "-y.x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("b", ACTION_PASS, "y.x.test")}, {LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 "-y.x.test "},
	{{{LIST("b", ACTION_PASS, "y.x.test")}, {LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 "+y.x.test "},
	/* a name of two lists is told once, and one that another list blocks not at all */
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}, {LIST("b", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("c", ACTION_NXDOMAIN, "")}},
	 "-x.test "},
	{{{LIST("c", ACTION_NXDOMAIN, "")}},
	 {{LIST("a", ACTION_NXDOMAIN, "x.test")}, {LIST("b", ACTION_NXDOMAIN, "x.test")}},
	 "+x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("b", ACTION_NXDOMAIN, "test")}},
	 "+test "},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}, {LIST("b", ACTION_NODATA, "x.test")}},
	 {{LIST("b", ACTION_NODATA, "x.test")}},
	 "~x.test "},
	/* what is no block */
	{{{LIST("a", ACTION_LOG, "x.test")}}, {{LIST("a", ACTION_PASS, "x.test")}}, ""},
	{{{LIST("a", ACTION_LOG, "x.test")}}, {{LIST("a", ACTION_TCP_ONLY, "x.test")}}, "~x.test "},
	{{{LIST("a", ACTION_REFUSED, "x.test")}},
	 {{LIST("a", ACTION_TCP_ONLY, "x.test")}},
	 "-x.test "},
	/* addresses, types, patterns */
	{{{LIST("a", ACTION_SINKHOLE, "x.test"), .ipv4 = "192.0.2.1"}},
	 {{LIST("a", ACTION_SINKHOLE, "x.test"), .ipv4 = "192.0.2.2"}},
	 "~x.test "},
	{{{LIST("a", ACTION_SINKHOLE, "x.test"), .ipv4 = "192.0.2.1"}},
	 {{LIST("b", ACTION_SINKHOLE, "x.test"), .ipv4 = "192.0.2.1"}},
	 ""},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "$x.test")}},
	 "-x.test "},
	{{{LIST("a", ACTION_NXDOMAIN, "/^x/ x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 "-/^x/ "},
	{{{LIST("a", ACTION_NXDOMAIN, "x.test")}},
	 {{LIST("a", ACTION_NXDOMAIN, "x.test @/^x/")}},
	 "-=x.test -/^x/ "},
	{{{LIST("a", ACTION_NXDOMAIN, "/^x/")}}, {{LIST("b", ACTION_NXDOMAIN, "/^x/")}}, ""},
};

static void note(void *arg, const struct change *change)
{
	static const char marks[CHANGE_COUNT] = {
		[CHANGE_BLOCKED] = '+', [CHANGE_LIFTED] = '-', [CHANGE_ACTION] = '~'};
	char text[NAME_TEXT_MAX];
	char *to = arg;

	snprintf(to + strlen(to), 256 - strlen(to), "%c%s%s ", marks[change->kind],
		 change->pattern			? ""
		 : change->scope == DOMSET_SCOPE_ITSELF ? "="
		 : change->scope == DOMSET_SCOPE_BELOW	? "*."
							: "",
		 domset_rule_text(&change->owner, change->pattern, text));
}

static size_t count_of(const struct list_row lists[LISTS])
{
	return lists[1].name ? 2 : 1;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy *before = lists_policy(rows[i].before, count_of(rows[i].before));
		struct policy *after = lists_policy(rows[i].after, count_of(rows[i].after));
		char found[256] = "";

		changes_find(before, after, NULL, note, found);
		if (strcmp(found, rows[i].changes) != 0)
			print_message("row %zu\n", i);
		assert_string_equal(found, rows[i].changes);
		policy_free(before);
		policy_free(after);
	}
}

/* Ranges that some list has and none of the later ones. */
static void test_ranges(void **state)
{
	static const struct list_row before[] = {{LIST("a", ACTION_NXDOMAIN, "#192.0.2.0/24")},
						 {LIST("b", ACTION_NXDOMAIN, "#192.0.2.0/25")}};
	static const struct list_row after[] = {{LIST("c", ACTION_NXDOMAIN, "#192.0.2.0/25")}};
	struct policy *a = lists_policy(before, 2);
	struct policy *b = lists_policy(after, 1);
	struct weakening w;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	weaken_find_ranges(a, b, &w);
	assert_int_equal(w.range_count, 1);
	assert_string_equal(ip_text(&w.ranges[0].first, text, sizeof(text)), "192.0.2.128");
	weaken_find_ranges(b, a, &w);
	assert_int_equal(w.range_count, 0);
	policy_free(a);
	policy_free(b);
}

static void stop(void *arg, const struct change *change)
{
	(void)change;
	*(atomic_bool *)arg = true;
}

static void test_cancelled(void **state)
{
	const struct list_row row = {LIST("a", ACTION_NXDOMAIN, "x.test")};
	struct policy *none = lists_policy(NULL, 0);
	struct policy *one = lists_policy(&row, 1);
	atomic_bool cancelled = false;

	(void)state;
	changes_find(none, one, &cancelled, stop, &cancelled);
	assert_true(cancelled);
	policy_free(none);
	policy_free(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
