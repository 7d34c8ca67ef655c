/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "count/stats.h"

/* A row a counter: nothing is left out, and no two are called the same. */
static void test_rows(void **state)
{
	assert_int_equal(stats_row_count * sizeof(uint64_t), offsetof(struct stats, types));
	for (size_t i = 0; i < stats_row_count; i++) {
		assert_int_equal(stats_rows[i].offset, i * sizeof(uint64_t));
		assert_true(strlen(stats_rows[i].help) > 0);
		assert_true(strlen(stats_rows[i].name) > 0);
		for (const char *p = stats_rows[i].name; *p; p++)
			assert_true(islower((unsigned char)*p) || *p == '_');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(stats_rows[i].name, stats_rows[j].name);
	}
}

static const struct stats_row *row_of(const char *name)
{
	for (size_t i = 0; i < stats_row_count; i++)
		if (strcmp(stats_rows[i].name, name) == 0)
			return &stats_rows[i];
	fail_msg("no row is called %s", name);
	return NULL;
}

static void test_counting(void **state)
{
	struct stats stats = {0};

	stats_inc(&stats, blocked_name);
	stats_inc(&stats, blocked_name);
	stats_add(&stats, cache_hits, 40);
	stats_add(&stats, cache_hits, 0);
	stats_add(&stats, send_errors, UINT64_MAX);
	assert_int_equal(stats_value(&stats, row_of("blocked_name")), 2);
	assert_int_equal(stats_value(&stats, row_of("cache_hits")), 40);
	assert_true(stats_value(&stats, row_of("send_errors")) == UINT64_MAX);
	assert_int_equal(stats_value(&stats, row_of("queries_udp")), 0);
}

static void test_rcode_words(void **state)
{
	assert_string_equal(stats_rcode_word(0), "NOERROR");
	assert_string_equal(stats_rcode_word(5), "REFUSED");
	assert_string_equal(stats_rcode_word(9), "OTHER");
}

/* A policy with the views of such groups, behind that of clients in none. */
static struct policy *policy_of(const char *const *groups, size_t count)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	policy->views =
		calloc(1, sizeof(*policy->views) + (count + 1) * sizeof(policy->views->view[0]));
	assert_non_null(policy->views);
	policy->views->count = count + 1;
	for (size_t i = 0; i < count; i++)
		policy->views->view[i + 1].group = groups[i];
	return policy;
}

static void put_in_force(struct stats *stats, struct stats_groups *names, const char *const *groups,
			 size_t count)
{
	struct policy *policy = policy_of(groups, count);

	stats_move_groups(stats, names, policy);
	stats_note_groups(policy, names);
	free(policy->views);
	free(policy);
}

/* Whatever becomes of its number, a group keeps its counts, and none has another's. */
static void test_groups_keep_their_counts(void **state)
{
	static const char *const three[] = {"a", "b", "c"};
	static const char *const other[] = {"c", "new", "a"};
	static struct stats_groups names;
	static struct stats stats;

	put_in_force(&stats, &names, three, 3);
	stats_add(&stats, views[2].queries, 7);
	stats_add(&stats, views[3].queries, 8);
	stats_add(&stats, views[4].queries, 9);
	stats_add(&stats, views[4].servfail, 1);
	put_in_force(&stats, &names, three, 3);
	put_in_force(&stats, &names, other, 3);
	assert_int_equal(stats.views[1].queries, 0);
	assert_int_equal(stats.views[2].queries, 9);
	assert_int_equal(stats.views[2].servfail, 1);
	assert_int_equal(stats.views[3].queries, 0);
	assert_int_equal(stats.views[4].queries, 7);
	put_in_force(&stats, &names, NULL, 0);
	put_in_force(&stats, &names, three, 3);
	for (size_t i = 0; i < STATS_VIEWS_MAX; i++)
		assert_int_equal(stats.views[i].queries, 0);
}

static void test_there_may_be_no_views(void **state)
{
	static const char *const one[] = {"a"};
	static struct stats_groups names;
	static struct stats stats;
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	put_in_force(&stats, &names, one, 1);
	stats_inc(&stats, views[2].blocked);
	stats_move_groups(&stats, &names, policy);
	stats_note_groups(policy, &names);
	assert_int_equal(names.count, 0);
	assert_int_equal(stats.views[2].blocked, 0);
	free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_rcode_words),
		cmocka_unit_test(test_groups_keep_their_counts),
		cmocka_unit_test(test_there_may_be_no_views),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
