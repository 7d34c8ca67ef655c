/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "names/hosts.h"
#include "support/alloc_fail.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEEN_MAX 2048

/* Notes "address name, ". */
static enum err note(void *arg, const struct ip *ip, const struct name *name)
{
	char *seen = arg;
	char text[NAME_TEXT_MAX];
	char address[INET6_ADDRSTRLEN];
	size_t len = strlen(seen);

	snprintf(seen + len, SEEN_MAX - len, "%s%s %s", len ? ", " : "",
		 ip_text(ip, address, sizeof(address)),
		 name_to_text(name->wire, text, sizeof(text)));
	return ERR_OK;
}

static const struct {
	const char *text;
	const char *seen;
	unsigned int skipped;
	unsigned int bad;
} files[] = {
	{"", "", 0, 0},
	{"192.0.2.1 a.example\n", "192.0.2.1 a.example", 0, 0},
	{"192.0.2.1 a.example", "192.0.2.1 a.example", 0, 0},
	{"192.0.2.1\tA.Example. b\t# c\r\n", "192.0.2.1 a.example, 192.0.2.1 b", 0, 0},
	{"# x\n\n2001:DB8::1 a.example\n", "2001:db8::1 a.example", 0, 0},
	{"::ffff:192.0.2.1 a.example\n", "192.0.2.1 a.example", 0, 0},
	{"127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n", "", 2, 0},
	{"127.0.1.1 me\n", "127.0.1.1 me", 0, 0},
	{"fe80::1%eth0 router\n", "", 1, 0},
	{"a.example 192.0.2.1\n192.0.2.2 b\n", "192.0.2.2 b", 0, 1},
	{"192.0.2.1\n", "", 1, 0},
	{"b.example\n||c.example^\n192.0.2.1 *.d.example\n", "", 0, 3},
	{"192.0.2.1 a..b c 192.0.2.9\n", "192.0.2.1 c", 0, 1},
	{"192.0.2.1 a b\n192.0.2.1 a\n", "192.0.2.1 a, 192.0.2.1 b, 192.0.2.1 a", 0, 0},
};

static void test_files(void **state)
{
	struct scratch *s = *state;

	for (size_t i = 0; i < COUNT(files); i++) {
		const char *path = scratch_write(s, "hosts", files[i].text);
		char seen[SEEN_MAX] = "";
		struct list_report report;

		assert_int_equal(hosts_read(path, note, seen, &report, NULL), ERR_OK);
		assert_string_equal(seen, files[i].seen);
		assert_int_equal(report.skipped, files[i].skipped);
		assert_int_equal(report.bad, files[i].bad);
		assert_int_equal(report.bytes, strlen(files[i].text));
	}
}

/* The line and its reason are told. */
static void test_bad_line(void **state)
{
	const char *path = scratch_write(*state, "hosts", "192.0.2.1 a\nx y\n192.0.2.2 b\n");
	char seen[SEEN_MAX] = "";
	struct list_report report;

	assert_int_equal(hosts_read(path, note, seen, &report, NULL), ERR_OK);
	assert_string_equal(seen, "192.0.2.1 a, 192.0.2.2 b");
	assert_int_equal(report.bad, 1);
	assert_int_equal(report.told, 3);
	assert_int_equal(report.bad_notes[0].line, 2);
	assert_string_equal(report.bad_notes[0].text, "does not begin with an address: \"x y\"");
}

/* A line too long costs itself alone. */
static void test_long_line(void **state)
{
	char text[6000] = "192.0.2.1 ";
	char seen[SEEN_MAX] = "";
	struct list_report report;

	memset(text + 10, 'a', 5000);
	strcpy(text + 5010, "\n192.0.2.2 b\n");
	assert_int_equal(
		hosts_read(scratch_write(*state, "hosts", text), note, seen, &report, NULL),
		ERR_OK);
	assert_string_equal(seen, "192.0.2.2 b");
	assert_int_equal(report.bad, 1);
}

static void expect_refused(const char *path, enum err err, const char *why)
{
	struct err_text text = {""};
	char seen[SEEN_MAX] = "";
	struct list_report report;

	assert_int_equal(hosts_read(path, note, seen, &report, &text), err);
	if (!strstr(text.text, path) || !strstr(text.text, why))
		fail_msg("\"%s\" says nothing of \"%s\"", text.text, why);
}

static void test_cannot_be_read(void **state)
{
	struct scratch *s = *state;
	const char *pipe_path = scratch_path(s, "pipe");

	expect_refused(scratch_path(s, "nowhere"), ERR_SYS, "No such file");
	expect_refused(s->path, ERR_SYS, "not a regular file");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	expect_refused(pipe_path, ERR_SYS, "not a regular file");
}

/* Whatever allocation fails: the file cannot be read, or all its names are taken. */
static void test_each_allocation_fails(void **state)
{
	const char *path = scratch_write(*state, "hosts", "192.0.2.1 a b\303\274cher.example\n");
	bool failed = true;

	for (unsigned long nth = 0; failed; nth++) {
		char seen[SEEN_MAX] = "";
		struct list_report report;
		enum err err;

		alloc_fail_start(nth, false);
		err = hosts_read(path, note, seen, &report, NULL);
		failed = alloc_fail_stop();
		if (err == ERR_OK)
			assert_string_equal(seen, "192.0.2.1 a, 192.0.2.1 xn--bcher-kva.example");
		assert_true(err == ERR_OK || failed);
		assert_true(nth < 1000);
	}
}

static void test_too_large(void **state)
{
	const char *path = scratch_write(*state, "hosts", "192.0.2.1 a\n");

	assert_int_equal(truncate(path, HOSTS_FILE_MAX + 1), 0);
	expect_refused(path, ERR_REFUSED, "larger than 16 MiB");
}

static enum err ignore(void *arg, const struct ip *ip, const struct name *name)
{
	unsigned int *count = arg;

	(*count)++;
	return ERR_OK;
}

static void test_too_many(void **state)
{
	size_t size = (size_t)(HOSTS_NAMES_MAX + 1) * 16;
	char *content = malloc(size);
	struct err_text text = {""};
	struct list_report report;
	unsigned int count = 0;
	size_t len = 0;

	assert_non_null(content);
	for (unsigned int i = 0; i <= HOSTS_NAMES_MAX; i++)
		len += (size_t)snprintf(content + len, size - len, "::1 h%u\n", i);
	assert_int_equal(
		hosts_read(scratch_write(*state, "hosts", content), ignore, &count, &report, &text),
		ERR_REFUSED);
	assert_int_equal(count, HOSTS_NAMES_MAX);
	assert_non_null(strstr(text.text, "more than 65536 names"));
	free(content);
}

static enum err refuse(void *arg, const struct ip *ip, const struct name *name)
{
	return ERR_NOMEM;
}

static void test_callback_fails(void **state)
{
	const char *path = scratch_write(*state, "hosts", "192.0.2.1 a\n");
	struct list_report report;

	assert_int_equal(hosts_read(path, refuse, NULL, &report, NULL), ERR_NOMEM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),
		TEST(test_bad_line),
		TEST(test_long_line),
		TEST(test_cannot_be_read),
		TEST(test_each_allocation_fails),
		TEST(test_too_many),
		TEST(test_cannot_be_read),
		TEST(test_too_large),
		TEST(test_too_many),
		TEST(test_callback_fails),
	};

	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
