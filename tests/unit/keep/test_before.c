/* SPDX-License-Identifier: BSD-2-Clause */
/* What was kept of a list stays beside, under names that no list has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "keep/before.h"
#include "keep/keep.h"
#include "support/scratch.h"

static int set_up(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	scratch_make(s);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static void write_both(const struct scratch *s, const char *name, const char *text)
{
	char path[PATH_MAX];

	keep_path(s->path, name, path);
	assert_int_equal(file_replace(path, text, strlen(text)), ERR_OK);
	keep_record_path(s->path, name, path);
	assert_int_equal(file_replace(path, text, strlen(text)), ERR_OK);
}

static void expect_both(const struct scratch *s, const char *name, const char *text)
{
	char path[PATH_MAX];

	keep_path(s->path, name, path);
	assert_true(file_holds(path, text, strlen(text)));
	keep_record_path(s->path, name, path);
	assert_true(file_holds(path, text, strlen(text)));
}

static bool has_list(const struct scratch *s, const char *name)
{
	char path[PATH_MAX];

	keep_path(s->path, name, path);
	return access(path, F_OK) == 0;
}

static void test_stays(void **state)
{
	struct scratch *s = *state;

	write_both(s, "a", "one");
	before_keep(s->path, "a");
	write_both(s, "a", "two");
	expect_both(s, "a~1", "one");
	before_keep(s->path, "a");
	write_both(s, "a", "three");
	expect_both(s, "a~1", "one");
	expect_both(s, "a~2", "two");
	expect_both(s, "a", "three");
}

/* A list without a record is not mandatory; what is beside already has no beside of its own. */
static void test_nothing(void **state)
{
	struct scratch *s = *state;
	char path[PATH_MAX];

	write_both(s, "a", "one");
	keep_record_path(s->path, "a", path);
	assert_int_equal(unlink(path), 0);
	before_keep(s->path, "a");
	assert_false(has_list(s, "a~1"));
	write_both(s, "b~1", "one");
	before_keep(s->path, "b~1");
	assert_false(has_list(s, "b~1~1"));
	before_keep(s->path, "c");
	assert_false(has_list(s, "c~1"));
}

/* So many loads were cut short, and none ended since: the last are not kept, and nothing is lost.
 */
static void test_bounded(void **state)
{
	struct scratch *s = *state;

	write_both(s, "a", "one");
	for (int i = 0; i < 20; i++)
		before_keep(s->path, "a");
	assert_true(has_list(s, "a~9"));
	assert_false(has_list(s, "a~10"));
	expect_both(s, "a", "one");
	expect_both(s, "a~1", "one");
}

/* No start is to find more records than it takes. */
static void test_room(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(before_room(s->path, 3), 3);
	write_both(s, "a", "one");
	write_both(s, "b", "one");
	assert_int_equal(before_room(s->path, 3), 1);
	before_keep(s->path, "a");
	assert_int_equal(before_room(s->path, 3), 0);
	before_keep(s->path, "b");
	assert_int_equal(before_room(s->path, 3), 0);
	assert_int_equal(before_room("/nowhere/at/all", 3), 0);
}

static void test_forget(void **state)
{
	struct scratch *s = *state;

	write_both(s, "a", "one");
	before_keep(s->path, "a");
	assert_true(before_is_name("a~1"));
	assert_false(before_is_name("a-1.x_y"));
	before_forget(s->path, "a");
	assert_true(has_list(s, "a"));
	before_forget(s->path, "a~1");
	before_forget(s->path, "a~1");
	assert_false(has_list(s, "a~1"));
	assert_true(has_list(s, "a"));
}

/* The longest name that a list can have. */
static void test_long_name(void **state)
{
	struct scratch *s = *state;
	char name[64];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	write_both(s, name, "one");
	before_keep(s->path, name);
	name[sizeof(name) - 3] = '~';
	name[sizeof(name) - 2] = '1';
	expect_both(s, name, "one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_name, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
