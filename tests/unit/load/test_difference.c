/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "load/difference.h"
#include "support/lists.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct list_row before[] = {
	{.name = "one",
	 .action = ACTION_NXDOMAIN,
	 .rules = "stays.example goes.example both.example"},
	{.name = "two",
	 .action = ACTION_SINKHOLE,
	 .rules = "both.example moves.example <below.example"},
	{.name = "let", .action = ACTION_PASS, .rules = "x.goes.example"},
};

static const struct list_row after[] = {
	{.name = "two", .action = ACTION_NODATA, .rules = "stays.example new.example"},
	{.name = "one",
	 .action = ACTION_REFUSED,
	 .rules = "both.example moves.example sub.stays.example"},
	{.name = "let", .action = ACTION_PASS, .rules = "let.example"},
};

static void expect(const struct difference_side *side, const char *text)
{
	char all[1024] = "";
	char name[NAME_TEXT_MAX];

	for (uint64_t i = 0; i < side->count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s/%s ",
			 side->first[i].below ? "*." : "",
			 name_to_text(side->first[i].owner.wire, name, sizeof(name)),
			 side->first[i].list);
	assert_string_equal(all, text);
}

static void test_sides(void **state)
{
	struct policy *a = lists_policy(before, COUNT(before));
	struct policy *b = lists_policy(after, COUNT(after));
	struct difference difference;

	difference_find(a, b, NULL, &difference);
	expect(&difference.blocked, "new.example/two ");
	expect(&difference.lifted, "goes.example/one *.below.example/two ");
	difference_find(a, a, NULL, &difference);
	expect(&difference.blocked, "");
	expect(&difference.lifted, "");
	policy_free(a);
	policy_free(b);
}

static void test_many(void **state)
{
	static char rules[20000];
	const struct list_row many = {.name = "m", .action = ACTION_NXDOMAIN, .rules = rules};
	struct policy *none = lists_policy(NULL, 0);
	struct difference difference;
	struct policy *some;

	for (unsigned int i = 0; i < 1000; i++)
		snprintf(rules + strlen(rules), 32, "%sn%u.example", i ? " " : "", i);
	some = lists_policy(&many, 1);
	difference_find(none, some, NULL, &difference);
	assert_int_equal(difference.blocked.count, 1000);
	assert_int_equal(difference.lifted.count, 0);
	policy_free(none);
	policy_free(some);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
