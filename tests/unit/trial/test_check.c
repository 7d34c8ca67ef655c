/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "trial/check.h"
#include "support/scratch.h"

#define TOLD_MAX 8192

/* Checks the configuration; what is printed goes to `told`.  The test is root's or nobody's: the
 * user stays what it is. */
static int checked(const struct scratch *s, const char *yaml, bool json, char told[TOLD_MAX])
{
	const char *path = scratch_path(s, "out");
	int saved = dup(STDOUT_FILENO);
	int status;
	int fd;

	fflush(stdout);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && saved >= 0);
	dup2(fd, STDOUT_FILENO);
	status = check_configuration(scratch_write(s, "conf", yaml), json);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_true(scratch_read(scratch_path(s, "out"), told, TOLD_MAX) >= 0);
	return status;
}

static void test_rows(void **state)
{
	static const struct {
		const char *before; /* what stands before the path of a list */
		const char *behind;
		int status;
		size_t mistakes;
		size_t lists;
	} rows[] = {
		{"lists: [{name: a, file: ", ", action: nxdomain}]\n", EXIT_SUCCESS, 0, 1},
		{"lists: [{name: a, file: ", ".gone, action: nxdomain}]\n", EXIT_FAILURE, 1, 1},
		{"cache: {size: many}\nlists: [{name: a, file: ", ".gone, action: nxdomain}]\n",
		 EXIT_FAILURE, 2, 1},
		{"cache: {size: many}\nlists: [{name: a, file: ", ", action: nxdomain}]\n",
		 EXIT_FAILURE, 1, 1},
		{"lists: [", "\n", EXIT_FAILURE, 1, 0},
	};
	struct scratch *s = *state;
	char told[TOLD_MAX];
	char yaml[1024];

	scratch_write(s, "list", "a.example\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *root;

		snprintf(yaml, sizeof(yaml),
			 "server: {user: root}\nguard: {public-suffixes: false}\n"
			 "upstreams: [{address: 192.0.2.53}]\n%s%s%s",
			 rows[i].before, scratch_path(s, "list"), rows[i].behind);
		scratch_take_stderr(s);
		assert_int_equal(checked(s, yaml, true, told), rows[i].status);
		scratch_give_stderr(s);
		root = json_loads(told, 0, NULL);
		assert_non_null(root);
		assert_int_equal(json_is_true(json_object_get(root, "ok")),
				 rows[i].status == EXIT_SUCCESS);
		assert_int_equal(json_array_size(json_object_get(root, "mistakes")),
				 rows[i].mistakes);
		assert_int_equal(json_array_size(json_object_get(root, "lists")), rows[i].lists);
		json_decref(root);
		scratch_take_stderr(s);
		assert_int_equal(checked(s, yaml, false, told), rows[i].status);
		scratch_give_stderr(s);
		assert_string_equal(told,
				    rows[i].status == EXIT_SUCCESS ? "ok: 1 lists, 1 names\n" : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, scratch_set_up, scratch_tear_down),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
