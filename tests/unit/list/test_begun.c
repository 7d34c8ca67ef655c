/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/begun.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGAN_S 4000000000U

static void test_record_is_not_older_than_what_has_begun(void **state)
{
	char directory[] = "/tmp/begun.XXXXXX";
	struct policy *policy = calloc(1, sizeof(*policy));
	struct dirent record = {.d_name = "court.order"};
	struct dirent *files[] = {&record};
	char path[64];
	int fd;

	assert_non_null(policy);
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/court.order", directory);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	policy->list_count = 1;
	strcpy(policy->lists[0].name, "court");
	policy->lists[0].term.valid_from_s = BEGAN_S;
	begun_note(directory, policy);
	assert_int_not_equal(begun_latest(directory, files, 1, 5), BEGAN_S);
	policy->lists[0].term.begun = true;
	begun_note(directory, policy);
	assert_int_equal(begun_latest(directory, files, 1, 5), BEGAN_S);
	assert_int_equal(begun_latest(directory, files, 1, BEGAN_S + 1), BEGAN_S + 1);
	assert_int_equal(begun_latest(directory, files, 0, 5), 5);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	begun_note(directory, policy); /* of no record */
	free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_is_not_older_than_what_has_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
