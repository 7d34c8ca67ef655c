/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
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

/* What packets cause is written a few times, and then counted. */
static void test_limited_lines(void **state)
{
	const char *text;
	size_t lines = 0;

	capture_begin();
	for (int i = 0; i < 100; i++)
		log_limited(LOG_LEVEL_WARNING, "upstream %d", i);
	for (text = capture_end(); (text = strchr(text, '\n')) != NULL; text++)
		lines++;
	assert_int_equal(lines, 30);
}

/* Stderr is a pipe of one page while the lines are written, which nobody reads until the end. */
static size_t read_from_full_pipe(uint64_t lines, char *text, size_t room)
{
	int stderr_copy = dup(STDERR_FILENO);
	int ends[2];
	size_t len = 0;
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	assert_int_equal(log_start(), ERR_OK);
	for (uint64_t i = 0; i < lines; i++)
		log_info("line %06llu of those that nobody reads", (unsigned long long)i);
	assert_int_equal(fcntl(ends[0], F_SETPIPE_SZ, 1024 * 1024), 1024 * 1024);
	log_stop();
	assert_int_equal(dup2(stderr_copy, STDERR_FILENO), STDERR_FILENO);
	close(stderr_copy);
	while (len < room && (n = read(ends[0], text + len, room - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	return len;
}

/* Whoever logs does not wait; what was queued is written, what was not is counted and told. */
static void test_nobody_reads(void **state)
{
	static char text[512 * 1024];
	uint64_t before = log_lost();
	unsigned long long told = 0;
	uint64_t written = 0;
	const char *line;

	text[read_from_full_pipe(20000, text, sizeof(text) - 1)] = '\0';
	for (line = text; strncmp(line, "line ", 5) == 0; line = strchr(line, '\n') + 1)
		assert_int_equal(strtoull(line + 5, NULL, 10), written++);
	assert_int_equal(sscanf(line, "warning: log: %llu lines were lost", &told), 1);
	assert_int_equal(written + told, 20000);
	assert_int_equal(log_lost() - before, told);
}

static int end_unread(void)
{
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) != STDERR_FILENO ||
	    log_start() != ERR_OK)
		return 1;
	for (int i = 0; i < 5000; i++)
		log_info("line %06d of those that nobody reads", i);
	log_stop();
	return 0;
}

/* The end comes though nobody ever reads. */
static void test_end_while_nobody_reads(void **state)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(end_unread());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_journal_priorities, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_controls_are_shown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_message_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_errno_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limited_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end_while_nobody_reads, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
