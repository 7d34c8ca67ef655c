/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/news.h"

static void name_list(struct policy *policy, size_t i, const char *name)
{
	snprintf(policy->lists[i].name, sizeof(policy->lists[i].name), "%s", name);
	policy->list_count = i + 1;
}

/* What a list has refused is its own, whatever stands before it. */
static void test_order_changes(void **state)
{
	static struct policy policy;
	static struct load_result result;
	static struct news news;
	const struct snapshot snapshot = {.policy = &policy};

	name_list(&policy, 0, "a");
	name_list(&policy, 1, "b");
	result.sources[1].held = 7;
	news_good(&news, &snapshot, &result);
	assert_int_equal(news.loads.good, 1);
	assert_true(news.loads.lists[1].own);
	assert_int_equal(news.loads.lists[1].held, 7);

	name_list(&policy, 0, "new");
	name_list(&policy, 1, "a");
	name_list(&policy, 2, "b");
	memset(&result, 0, sizeof(result));
	strcpy(result.sources[2].reason, "cut off");
	news_good(&news, &snapshot, &result);
	assert_int_equal(news.loads.lists[0].refusals, 0);
	assert_int_equal(news.loads.lists[2].refusals, 1);
	assert_int_equal(news.loads.lists[2].held, 7);
	assert_false(news.loads.lists[2].own);
	assert_string_equal(news.loads.lists[2].reason, "cut off");
}

static void test_failure(void **state)
{
	static struct news news;

	news_failed(&news, "line 3: no");
	assert_true(news.loads.last_failed);
	assert_int_equal(news.loads.failed, 1);
	assert_string_equal(news.loads.reason, "line 3: no");
}

/* Who waits for a load of one kind is not told why one of another has failed. */
static void test_failure_of_a_kind(void **state)
{
	static struct policy policy;
	static struct load_result result;
	struct snapshot snapshot = {.policy = &policy};
	static struct news news;

	news.loads.kind = WEB_RELOAD_BACK;
	news_failed(&news, "nothing to go back to");
	assert_string_equal(news.loads.reason_of[WEB_RELOAD_BACK], "nothing to go back to");
	assert_string_equal(news.loads.reason_of[WEB_RELOAD_NEW], "");
	news.loads.kind = WEB_RELOAD_NEW;
	news_good(&news, &snapshot, &result);
	assert_string_equal(news.loads.reason_of[WEB_RELOAD_BACK], "nothing to go back to");
	news.loads.kind = WEB_RELOAD_BACK;
	news_good(&news, &snapshot, &result);
	assert_string_equal(news.loads.reason_of[WEB_RELOAD_BACK], "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_changes),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_failure_of_a_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
