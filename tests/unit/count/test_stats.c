/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_rcode_words),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
