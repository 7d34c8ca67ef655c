/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/snapshot.h"
#include "support/lists.h"

/* All it owns goes with it: the leak checker tells what would not. */
static void test_whole(void **state)
{
	static const struct list_row row = {
		.name = "a list", .action = ACTION_NXDOMAIN, .rules = "bad.example"};
	struct snapshot *s = lists_snapshot(1, &row, 1);

	s->pool_count = 2;
	s->pools = calloc(s->pool_count, sizeof(s->pools[0]));
	s->resolv = calloc(2, sizeof(s->resolv[0]));
	assert_non_null(s->pools);
	assert_non_null(s->resolv);
	assert_int_equal(s->policy->list_count, 1);
	snapshot_free(s);
}

/* A load that fails half way frees what there is so far. */
static void test_partly_made(void **state)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	snapshot_free(s);
	s = calloc(1, sizeof(*s));
	assert_non_null(s);
	assert_int_equal(conf_default(&s->conf), ERR_OK);
	snapshot_free(s);
	snapshot_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_partly_made),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
