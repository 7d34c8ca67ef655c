/* SPDX-License-Identifier: BSD-2-Clause */
#include "list/begun.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/scratch.h"

#define BEGAN_S 4000000000U

static void test_record_is_not_older_than_what_has_begun(void **state)
{
	const struct scratch *s = *state;
	struct policy *policy = calloc(1, sizeof(*policy));
	struct dirent record = {.d_name = "court.order"};
	struct dirent *files[] = {&record};
	const char *path = scratch_write(s, record.d_name, "");

	assert_non_null(policy);
	policy->list_count = 1;
	strcpy(policy->lists[0].name, "court");
	policy->lists[0].term.valid_from_s = BEGAN_S;
	begun_note(s->path, policy);
	assert_int_not_equal(begun_latest(s->path, files, 1, 5), BEGAN_S);
	policy->lists[0].term.begun = true;
	begun_note(s->path, policy);
	assert_int_equal(begun_latest(s->path, files, 1, 5), BEGAN_S);
	assert_int_equal(begun_latest(s->path, files, 1, BEGAN_S + 1), BEGAN_S + 1);
	assert_int_equal(begun_latest(s->path, files, 0, 5), 5);
	assert_int_equal(unlink(path), 0);
	begun_note(s->path, policy); /* of no record */
	free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_record_is_not_older_than_what_has_begun,
						scratch_set_up, scratch_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
