/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

/* What is written to stderr between begin and end goes to a file in memory. */
static struct {
	int file;
	int stderr_copy;
} capture;

static void capture_begin(void)
{
	capture.file = memfd_create("log", 0);
	capture.stderr_copy = dup(STDERR_FILENO);
	assert_true(capture.file >= 0 && capture.stderr_copy >= 0);
	assert_int_equal(dup2(capture.file, STDERR_FILENO), STDERR_FILENO);
}

static const char *capture_end(void)
{
	static char text[8192];
	ssize_t len;

	dup2(capture.stderr_copy, STDERR_FILENO);
	close(capture.stderr_copy);
	len = pread(capture.file, text, sizeof(text) - 1, 0);
	close(capture.file);
	assert_true(len >= 0);
	text[len] = '\0';
	return text;
}

static int set_up(void **state)
{
	return unsetenv("JOURNAL_STREAM");
}

static int tear_down(void **state)
{
	log_set_level(LOG_LEVEL_INFO);
	return unsetenv("JOURNAL_STREAM");
}

static void write_one_of_each(void)
{
	log_error("%d", LOG_LEVEL_ERROR);
	log_warning("%d", LOG_LEVEL_WARNING);
	log_notice("%d", LOG_LEVEL_NOTICE);
	log_info("%d", LOG_LEVEL_INFO);
	log_debug("%d", LOG_LEVEL_DEBUG);
}

static void test_levels(void **state)
{
	static const char *const expected[] = {
		[LOG_LEVEL_ERROR] = "error: 0\n",
		[LOG_LEVEL_WARNING] = "error: 0\nwarning: 1\n",
		[LOG_LEVEL_NOTICE] = "error: 0\nwarning: 1\n2\n",
		[LOG_LEVEL_INFO] = "error: 0\nwarning: 1\n2\n3\n",
		[LOG_LEVEL_DEBUG] = "error: 0\nwarning: 1\n2\n3\ndebug: 4\n",
	};

	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
		log_set_level((enum log_level)level);
		for (int asked = LOG_LEVEL_ERROR; asked <= LOG_LEVEL_DEBUG; asked++)
			assert_int_equal(log_enabled((enum log_level)asked), asked <= level);
		capture_begin();
		write_one_of_each();
		assert_string_equal(capture_end(), expected[level]);
	}
}

static void test_journal_priorities(void **state)
{
	log_set_level(LOG_LEVEL_DEBUG);
	assert_int_equal(setenv("JOURNAL_STREAM", "8:12345", 1), 0);
	capture_begin();
	write_one_of_each();
	assert_string_equal(capture_end(), "<3>error: 0\n<4>warning: 1\n<5>2\n<6>3\n<7>debug: 4\n");
}

/* One message is one line, whatever a name or a list's text holds. */
static void test_controls_are_shown(void **state)
{
	static const struct {
		const char *text;
		const char *line;
	} rows[] = {
		{"plain", "plain\n"},
		{"", "\n"},
		{"two\nlines\r\n", "two?lines??\n"},
		{"\x1b[31mred\x7f\x01\t", "?[31mred???\n"},
		{"Gr\xc3\xbc\xc3\x9f"
		 "e",
		 "Gr\xc3\xbc\xc3\x9f"
		 "e\n"},
		{"%s%n", "%s%n\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		capture_begin();
		log_info("%s", rows[i].text);
		assert_string_equal(capture_end(), rows[i].line);
	}
}

static void test_long_message_is_cut(void **state)
{
	char longer[4096];
	const char *line;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	capture_begin();
	log_error("%s", longer);
	log_error("next");
	line = capture_end();
	assert_true(strlen(line) < 2048 + 20);
	assert_ptr_equal(strchr(line, '\n') + 1, strstr(line, "error: next\n"));
}

static void test_errno_is_kept(void **state)
{
	int null = dup(STDERR_FILENO);

	close(STDERR_FILENO); /* the write fails */
	errno = ENOENT;
	log_error("nobody hears this");
	assert_int_equal(errno, ENOENT);
	assert_int_equal(dup2(null, STDERR_FILENO), STDERR_FILENO);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_journal_priorities, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_controls_are_shown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_message_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_errno_is_kept, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
