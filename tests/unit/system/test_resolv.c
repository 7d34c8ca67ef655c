/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "support/alloc_fail.h"
#include "support/scratch.h"
#include "system/resolv.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *text;
	const char *servers; /* NULL: it names none */
} files[] = {
	{"nameserver 192.0.2.1\n", "192.0.2.1@53 "},
	{"nameserver 192.0.2.1", "192.0.2.1@53 "},
	{"# nameserver 192.0.2.9\n;nameserver 192.0.2.8\nsearch example.com\noptions edns0\n"
	 "nameserver\t 2001:db8::1\t\nnameserver 192.0.2.1 # first\nnameserver fe80::1%lo\n",
	 "2001:db8::1@53 192.0.2.1@53 fe80::1%lo@53 "},
	{"nameserver 192.0.2.1\r\nnameserver 192.0.2.2\r\n", "192.0.2.1@53 192.0.2.2@53 "},
	{"nameserver 192.0.2.300\nnameserver ns.example\nnameserver 192.0.2.1@54\nnameserver\n"
	 "nameserver 192.0.2.4\n",
	 "192.0.2.4@53 "},
	{"", NULL},
	{"search example.com\n", NULL},
	{"nameserver\n", NULL},
	{"nameservers 192.0.2.1\n", NULL},
};

static void test_files(void **state)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *path = scratch_write(*state, "resolv.conf", files[i].text);
		struct endpoint servers[RESOLV_SERVERS_MAX];
		size_t count = 99;
		struct err_text text = {""};
		char shown[512] = "";
		char buf[ADDR_TEXT_MAX];
		enum err err = resolv_read(path, servers, &count, &text);

		if (!files[i].servers) {
			assert_int_equal(err, ERR_CONFIG);
			assert_int_equal(count, 99);
			assert_non_null(strstr(text.text, ": no nameserver line with an address"));
			continue;
		}
		assert_int_equal(err, ERR_OK);
		for (size_t j = 0; j < count; j++) {
			strcat(shown, endpoint_text(&servers[j], buf, sizeof(buf)));
			strcat(shown, " ");
		}
		assert_string_equal(shown, files[i].servers);
	}
}

/* The first of very many are taken. */
static void test_many(void **state)
{
	char text[2048] = "";
	struct endpoint servers[RESOLV_SERVERS_MAX];
	size_t count = 0;
	char buf[ADDR_TEXT_MAX];

	for (int i = 1; i <= 40; i++)
		sprintf(text + strlen(text), "nameserver 192.0.2.%d\n", i);
	assert_int_equal(
		resolv_read(scratch_write(*state, "resolv.conf", text), servers, &count, NULL),
		ERR_OK);
	assert_int_equal(count, RESOLV_SERVERS_MAX);
	assert_string_equal(endpoint_text(&servers[count - 1], buf, sizeof(buf)), "192.0.2.16@53");
}

static void test_unreadable(void **state)
{
	struct endpoint servers[RESOLV_SERVERS_MAX];
	const char *pipe_path = scratch_path(*state, "pipe");
	const char *path;
	enum err err;
	size_t count = 99;
	struct err_text text;

	assert_int_equal(resolv_read("/nonexistent", servers, &count, &text), ERR_SYS);
	assert_string_equal(text.text, "/nonexistent: No such file or directory");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_int_equal(resolv_read(pipe_path, servers, &count, &text), ERR_SYS);
	assert_non_null(strstr(text.text, ": Not a regular file"));
	path = scratch_write(*state, "resolv.conf", "nameserver 192.0.2.1\n");
	alloc_fail_start(0, false);
	err = resolv_read(path, servers, &count, &text);
	assert_true(alloc_fail_stop());
	assert_int_equal(err, ERR_NOMEM);
	assert_int_equal(count, 99);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files),
		TEST(test_many),
		TEST(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
