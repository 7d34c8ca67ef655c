/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of mandatory lists, on its way to another state directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keep/move.h"
#include "support/scratch.h"

/* Two directories below it, the first with two lists of an order and one of nobody's. */
static int set_up(void **state)
{
	int failed = scratch_set_up(state);
	const struct scratch *s = *state;

	failed |= mkdir(scratch_path(s, "from"), 0700);
	scratch_write(s, "from/court.list", "evil.example\n");
	scratch_write(s, "from/court.order", "orders: []\n");
	scratch_write(s, "from/later.list", "");
	scratch_write(s, "from/later.order", "x");
	scratch_write(s, "from/ads.list", "ads.example\n");
	return failed;
}

/* To the directory of that name, or to none. */
static enum err move(struct scratch *s, const char *name, bool known, struct err_text *text)
{
	char from[128];
	char to[128] = "";
	enum err err;

	snprintf(from, sizeof(from), "%s", scratch_path(s, "from"));
	if (*name)
		snprintf(to, sizeof(to), "%s", scratch_path(s, name));
	scratch_take_stderr(s);
	err = keep_move(from, to, known, text);
	scratch_give_stderr(s);
	return err;
}

static void expect(const struct scratch *s, const char *name, const char *content)
{
	char text[64];

	assert_true(scratch_read(scratch_path(s, name), text, sizeof(text)) >= 0);
	assert_string_equal(text, content);
}

static void test_moved(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};

	for (unsigned int times = 0; times < 2; times++) {
		assert_int_equal(move(s, "to", false, &text), ERR_OK);
		expect(s, "to/court.list", "evil.example\n");
		expect(s, "to/court.order", "orders: []\n");
		expect(s, "to/later.list", "");
		expect(s, "to/later.order", "x");
		assert_true(access(scratch_path(s, "to/ads.list"), F_OK) != 0);
		expect(s, "from/court.list", "evil.example\n");
	}
}

/* However the same directory is written, nothing is lost in it. */
static void test_to_itself(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};

	assert_int_equal(move(s, "from", false, &text), ERR_OK);
	assert_int_equal(move(s, "from/", false, &text), ERR_OK);
	assert_int_equal(move(s, "./from/.", false, &text), ERR_OK);
	expect(s, "from/court.list", "evil.example\n");
	expect(s, "from/court.order", "orders: []\n");
}

/* Without a directory only what is known otherwise may go on. */
static void test_to_none(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};

	assert_int_equal(move(s, "", false, &text), ERR_REFUSED);
	assert_non_null(strstr(text.text, "no state.directory is configured"));
	assert_int_equal(move(s, "", true, &text), ERR_OK);
	assert_int_equal(keep_move("", "", false, &text), ERR_OK);
	assert_int_equal(keep_move(scratch_path(s, "nowhere"), "", false, &text), ERR_OK);
}

/* A list that cannot be read is told of, and the others go along. */
static void test_one_fails(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};

	assert_int_equal(unlink(scratch_path(s, "from/court.list")), 0);
	assert_int_equal(mkdir(scratch_path(s, "from/court.list"), 0700), 0);
	assert_int_equal(move(s, "to", false, &text), ERR_OK);
	assert_true(scratch_logged(s, "a restart will not know what mandatory list court holds"));
	assert_true(access(scratch_path(s, "to/court.order"), F_OK) != 0);
	expect(s, "to/later.order", "x");
}

/* Where the directory cannot be, that is told. */
static void test_no_directory(void **state)
{
	struct scratch *s = *state;
	struct err_text text = {""};

	scratch_write(s, "file", "");
	assert_int_equal(move(s, "file/to", false, &text), ERR_OK);
	assert_true(scratch_logged(s, "a restart will not know what mandatory lists hold"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moved),     TEST(test_to_itself),    TEST(test_to_none),
		TEST(test_one_fails), TEST(test_no_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
