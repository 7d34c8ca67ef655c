/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the log as records of the journal, which is a socket of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/log.h"
#include "support/scratch.h"

static void test_is_stderr(void **state)
{
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	assert_true(journal_is_stderr(stream));
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + 1);
	assert_false(journal_is_stderr(stream));
	assert_false(journal_is_stderr(NULL));
	assert_false(journal_is_stderr(""));
	assert_false(journal_is_stderr("8"));
	assert_false(journal_is_stderr("x:y"));
}

static void test_records(void **state)
{
	static const struct {
		const char *fmt;
		const char *text;
		const char *more;
	} cases[] = {
		{"list %s: REFUSED: %s", "error: list court: REFUSED: list other is no reason",
		 "SINKHOLED_LIST=court\n"},
		{"rate limit: client %s is near it", "rate limit: client 2001:db8::/64 is near it",
		 "SINKHOLED_CLIENT=2001:db8::/64\n"},
		{"client %s, and list %s", "client 192.0.2.1, and list a",
		 "SINKHOLED_LIST=a\nSINKHOLED_CLIENT=192.0.2.1\n"},
		{"the list of %s", "the list of x", ""},
		{"%s", "list x: from outside, in a line that names none", ""},
	};
	char record[JOURNAL_RECORD_MAX];
	char expected[JOURNAL_RECORD_MAX];
	const char *message;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(expected, sizeof(expected),
			 "PRIORITY=3\nMESSAGE=%s\nSYSLOG_IDENTIFIER=sinkholed\n"
			 "SINKHOLED_FORMAT=%s\n%s",
			 cases[i].text, cases[i].fmt, cases[i].more);
		len = journal_record(record, 3, cases[i].fmt, cases[i].text);
		assert_string_equal(record, expected);
		assert_int_equal(len, strlen(expected));
		message = journal_message(record, &len);
		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(message, cases[i].text, len);
	}
}

/* However long: it is cut, and all fields are there. */
static void test_long_lines(void **state)
{
	static char text[2 * JOURNAL_RECORD_MAX];
	char record[JOURNAL_RECORD_MAX];
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "list ", 5);
	len = journal_record(record, 7, text, text);
	assert_true(len < JOURNAL_RECORD_MAX);
	assert_int_equal(strlen(record), len);
	assert_int_equal(record[len - 1], '\n');
	assert_non_null(strstr(record, "\nSINKHOLED_FORMAT=list xxx"));
}

/* ---- the whole way */

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void expect_record(int fd, const char *message, const char *field)
{
	char record[JOURNAL_RECORD_MAX] = "";
	struct timeval patience = {.tv_sec = 20};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_true(recv(fd, record, sizeof(record) - 1, 0) > 0);
	if (!strstr(record, message) || !strstr(record, field))
		fail_msg("%s and %s are not in: %s", message, field, record);
}

static void name_stream(void)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

/* Last: what the log has once been told, it stays at. */
static void test_log(void **state)
{
	struct scratch s;
	const char *path;
	int fd;

	(void)state;
	scratch_make(&s);
	scratch_take_stderr(&s);
	path = scratch_path(&s, "journal");
	fd = listen_at(path);
	setenv("JOURNAL_STREAM", "1:1", 1); /* the environment of somebody else */
	log_to_journal(path);
	log_notice("to stderr");
	assert_true(scratch_logged(&s, "to stderr"));
	name_stream();
	log_to_journal(path);
	log_error("list %s: a\nb", "court"); /* before there is a thread */
	expect_record(fd, "PRIORITY=3\nMESSAGE=error: list court: a?b\n", "SINKHOLED_LIST=court\n");
	assert_int_equal(log_start(), ERR_OK);
	for (int i = 0; i < 1000; i++) { /* more than the ring has room for, in all */
		log_warning("line %d", i);
		expect_record(fd, "PRIORITY=4\nMESSAGE=warning: line ", "SINKHOLED_FORMAT=line %d");
	}
	close(fd);
	unlink(path); /* the journal is gone: lines are not */
	log_warning("nobody listens");
	log_stop();
	assert_true(scratch_logged(&s, "warning: nobody listens"));
	assert_false(scratch_logged(&s, "MESSAGE="));
	scratch_remove(&s);
	unsetenv("JOURNAL_STREAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_stderr),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
