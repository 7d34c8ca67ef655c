/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "query/snapshot.h"
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

/* What the configuration says of TTLs, types and all. */
static void test_ttl_limits(void **state)
{
	struct conf_cachetype types[] = {
		{.type = 16, .max_ttl_s = 5, .share_percent = 1},
		{.type = 1, .max_ttl_s = 6},
	};
	const struct conf_cache conf = {
		.min_ttl_s = 1,
		.max_ttl_s = 2,
		.max_negative_ttl_s = 3,
		.types = types,
		.types_count = 2,
	};
	struct reply_ttl_limits limits = snapshot_ttl_limits(&conf);

	assert_int_equal(limits.min_s, 1);
	assert_int_equal(limits.max_s, 2);
	assert_int_equal(limits.max_negative_s, 3);
	assert_int_equal(limits.type_count, 2);
	assert_int_equal(limits.types[0].type, 16);
	assert_int_equal(limits.types[0].max_s, 5);
	assert_int_equal(limits.types[1].type, 1);
	assert_int_equal(limits.types[1].max_s, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_partly_made),
		cmocka_unit_test(test_ttl_limits),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
