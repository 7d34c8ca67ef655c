/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "hunt/ask.h"
#include "hunt/days.h"
#include "hunt/hash.h"
#include "support/scratch.h"

#define FIRST_DAY 20000U
#define DAYS 4U

struct kit {
	struct scratch scratch;
	char folder[PATH_MAX];
	struct hunt_hash hash;
	struct name name;
	struct err_text text;
};

/* On each day two clients have asked for evil.example. */
static void write_day(struct kit *kit, uint32_t number)
{
	const uint64_t hash = hunt_hash_of(&kit->hash, kit->name.wire, kit->name.len);
	const struct day_row rows[] = {
		{hash, {{.family = AF_INET, .bytes = {192, 0, 2, 1}}, DAY_WHOLE}, 100, DAY_ITSELF},
		{hash, {{.family = AF_INET, .bytes = {192, 0, 2, 2}}, DAY_WHOLE}, 40000, DAY_BELOW},
	};
	char path[PATH_MAX];
	struct day *day;
	uint64_t new;

	assert_int_equal(
		day_open(days_path(kit->folder, number, path), DAY_WRITE, &day, &kit->text),
		ERR_OK);
	assert_int_equal(day_put(day, rows, 2, &new, &kit->text), ERR_OK);
	day_close(day);
}

static int set_up(void **state)
{
	struct kit *kit = calloc(1, sizeof(*kit));

	scratch_make(&kit->scratch);
	scratch_take_stderr(&kit->scratch);
	assert_int_equal(days_make(kit->scratch.path, kit->folder, &kit->text), ERR_OK);
	assert_int_equal(hunt_hash_open(kit->folder, &kit->hash, &kit->text), ERR_OK);
	assert_int_equal(name_from_text("evil.example", 12, &kit->name), ERR_OK);
	for (uint32_t i = 0; i < DAYS; i++)
		write_day(kit, FIRST_DAY + i);
	*state = kit;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *kit = *state;

	scratch_remove(&kit->scratch);
	free(kit);
	return 0;
}

struct got {
	uint64_t at_s[16];
	unsigned int count;
	unsigned int most;
};

static bool on_row(void *arg, const struct found_row *row)
{
	struct got *got = arg;

	got->at_s[got->count++] = row->at_s;
	return got->count < got->most;
}

static struct got ask(struct kit *kit, uint64_t since_s, uint64_t until_ms, unsigned int most,
		      struct hunt_seen *seen)
{
	const struct hunt_question question = {kit->scratch.path, since_s, until_ms};
	struct got got = {.most = most};

	assert_int_equal(hunt_ask_name(&question, &kit->name, on_row, &got, seen, &kit->text),
			 ERR_OK);
	return got;
}

static void test_the_last_day_first(void **state)
{
	struct kit *kit = *state;
	struct hunt_seen seen;
	struct got got = ask(kit, 0, UINT64_MAX, 16, &seen);

	assert_int_equal(got.count, 2 * DAYS);
	assert_true(got.at_s[0] == 86400ULL * (FIRST_DAY + DAYS - 1) + 100);
	assert_true(got.at_s[2 * DAYS - 1] == 86400ULL * FIRST_DAY + 40000);
	assert_true(seen.whole);
	assert_int_equal(seen.days, DAYS);
	assert_true(seen.false_a_name > 0 && seen.false_a_name < 1e-12);
}

static void test_since(void **state)
{
	struct kit *kit = *state;
	struct hunt_seen seen;
	struct got got = ask(kit, 86400ULL * (FIRST_DAY + 2) + 101, UINT64_MAX, 16, &seen);

	assert_int_equal(got.count, 3);
	assert_int_equal(seen.days, 2);
	got = ask(kit, 86400ULL * (FIRST_DAY + DAYS), UINT64_MAX, 16, &seen);
	assert_int_equal(got.count, 0);
	assert_int_equal(seen.days, 0);
	assert_true(seen.whole);
}

static void test_enough(void **state)
{
	struct kit *kit = *state;
	struct hunt_seen seen;

	assert_int_equal(ask(kit, 0, UINT64_MAX, 3, &seen).count, 3);
	assert_false(seen.whole);
	assert_int_equal(ask(kit, 0, 0, 16, &seen).count, 1); /* the time is over */
	assert_false(seen.whole);
}

/* A day that is broken hides no other, and is counted. */
static void test_a_broken_day(void **state)
{
	struct kit *kit = *state;
	struct hunt_seen seen;
	char path[PATH_MAX];
	uint64_t rows = 0;

	days_path(kit->folder, FIRST_DAY + 1, path);
	assert_int_equal(file_replace(path, "Forbidden, and so on", 20), ERR_OK);
	assert_int_equal(ask(kit, 0, UINT64_MAX, 16, &seen).count, 2 * (DAYS - 1));
	assert_int_equal(seen.broken, 1);
	assert_false(seen.whole);
	/* but nobody is told that all was erased */
	assert_int_equal(hunt_erase(kit->scratch.path, "192.0.2.1", &rows, &kit->text), ERR_SYNTAX);
	assert_non_null(strstr(kit->text.text, path));
}

static void test_erased(void **state)
{
	struct kit *kit = *state;
	struct hunt_seen seen;
	uint64_t rows = 0;

	assert_int_equal(hunt_erase(kit->scratch.path, "192.0.2.1", &rows, &kit->text), ERR_OK);
	assert_int_equal(rows, DAYS);
	assert_int_equal(ask(kit, 0, UINT64_MAX, 16, &seen).count, DAYS);
	assert_int_equal(hunt_erase("/nowhere", "192.0.2.1", &rows, &kit->text), ERR_OK);
	assert_int_equal(rows, 0);
}

static void test_nothing_was_found_yet(void **state)
{
	struct kit *kit = *state;
	const struct hunt_question question = {.state = kit->scratch.path};
	struct got got = {.most = 16};

	assert_int_equal(hunt_ask_list(&question, "bots", on_row, &got, &kit->text), ERR_OK);
	assert_int_equal(got.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_last_day_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_since, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_enough, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_broken_day, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_erased, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_was_found_yet, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
