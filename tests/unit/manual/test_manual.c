/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "manual/manual.h"
#include "support/said.h"

/* What is said later of the same takes the place of what was said before. */
static void test_put(void **state)
{
	struct manual manual = {.count = 0};
	struct manual_entry entry;

	say(&manual, MANUAL_BLOCK, "a.example", 10);
	say(&manual, MANUAL_PASS, "a.example", 20);
	say(&manual, MANUAL_LIST_OFF, "a.example", 30);
	say(&manual, MANUAL_BLOCK, "a.example", 0);
	assert_int_equal(manual.count, 3);
	assert_int_equal(manual.entries[0].until_s, 0);
	assert_int_equal(manual_count(&manual, MANUAL_BLOCK), 1);
	entry = said(MANUAL_BLOCK, "b.example", 0);
	assert_int_equal(manual_remove(&manual, &entry), ERR_NOTFOUND);
	entry = said(MANUAL_BLOCK, "a.example", 7);
	assert_int_equal(manual_remove(&manual, &entry), ERR_OK);
	assert_int_equal(manual_count(&manual, MANUAL_BLOCK), 0);
	assert_int_equal(manual_count(&manual, MANUAL_PASS), 1);
	manual_free(&manual);
}

static void test_bound(void **state)
{
	struct manual manual = {.count = 0};
	struct manual_entry entry;
	char name[32];

	for (unsigned int i = 0; i < MANUAL_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		say(&manual, MANUAL_BLOCK, name, 0);
	}
	entry = said(MANUAL_BLOCK, "one.more.example", 0);
	assert_int_equal(manual_put(&manual, &entry), ERR_RANGE);
	assert_int_equal(manual.count, MANUAL_MAX);
	say(&manual, MANUAL_BLOCK, "n7.example", 9);
	manual_free(&manual);
}

static void count_ended(void *arg, const struct manual_entry *entry)
{
	assert_true(entry->until_s > 0);
	++*(size_t *)arg;
}

static void test_ends(void **state)
{
	struct manual manual = {.count = 0};
	struct manual copy;
	size_t told = 0;

	assert_true(manual_next_s(&manual) == UINT64_MAX);
	say(&manual, MANUAL_BLOCK, "ever.example", 0);
	assert_true(manual_next_s(&manual) == UINT64_MAX);
	say(&manual, MANUAL_PASS, "b.example", 30);
	say(&manual, MANUAL_BLOCK, "a.example", 20);
	say(&manual, MANUAL_LIST_OFF, "ads", 20);
	assert_int_equal(manual_next_s(&manual), 20);
	assert_int_equal(manual_copy(&manual, &copy), ERR_OK);
	assert_int_equal(manual_expire(&copy, 19, count_ended, &told), 0);
	assert_int_equal(manual_expire(&copy, 20, count_ended, &told), 2);
	assert_int_equal(told, 2);
	assert_int_equal(copy.count, 2);
	assert_int_equal(manual_next_s(&copy), 30);
	assert_int_equal(manual.count, 4);
	manual_free(&copy);
	manual_free(&manual);
}

static void test_tickets(void **state)
{
	char text[MANUAL_TICKET_MAX + 1];

	assert_true(manual_is_ticket(""));
	assert_true(manual_is_ticket("REQ-2026/17 <urgent> \"gr\xc3\xbc\xc3\x9f\""));
	assert_false(manual_is_ticket("a\nb"));
	assert_false(manual_is_ticket("a\x1b[2J"));
	assert_false(manual_is_ticket("\x7f"));
	memset(text, 'x', sizeof(text));
	text[MANUAL_TICKET_MAX] = '\0';
	assert_false(manual_is_ticket(text));
	text[MANUAL_TICKET_MAX - 1] = '\0';
	assert_true(manual_is_ticket(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_tickets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
