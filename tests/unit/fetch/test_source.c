/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fetch/source.h"
#include "support/fetched.h"

#define NOW_S 1000000000ULL
#define REFRESH_S 3600U

static struct conf_list list_at(const struct scratch *s)
{
	struct conf_list list = fetched_list(s, "https://x.test/list?key=secret");

	list.refresh_s = REFRESH_S;
	list.fetch_timeout_ms = 1000;
	list.max_size_bytes = 1000;
	list.stale_warning_s = 10 * REFRESH_S;
	return list;
}

static struct source *made(const struct conf_list *list)
{
	struct source *source;

	assert_int_equal(source_create(list, &source), ERR_OK);
	return source;
}

static void test_same(void **state)
{
	struct conf_list list = list_at(*state);
	struct source *a = made(&list);
	struct source *b = made(&list);

	assert_true(source_is_same(a, b));
	source_free(b);
	list.header = (char *)(uintptr_t) "X-Key: 1";
	b = made(&list);
	assert_false(source_is_same(a, b));
	source_free(b);
	source_free(a);
}

static void test_stale(void **state)
{
	struct conf_list list = list_at(*state);
	struct source *source = made(&list);
	struct fetch_view view;

	/* never fetched: since it is configured */
	source->begun_s = NOW_S;
	assert_false(source_is_stale(source, NOW_S + 3 * REFRESH_S - 1));
	assert_true(source_is_stale(source, NOW_S + 3 * REFRESH_S));
	source->kept.checked_s = NOW_S + REFRESH_S;
	assert_false(source_is_stale(source, NOW_S + 3 * REFRESH_S));
	assert_true(source_is_stale(source, NOW_S + 4 * REFRESH_S));
	/* a clock that has gone back */
	assert_false(source_is_stale(source, NOW_S - 1000 * REFRESH_S));
	source_view(source, NOW_S + 4 * REFRESH_S, &view);
	assert_true(view.stale);
	assert_string_equal(view.url, "https://x.test/list");
	source_free(source);
}

static void test_failures_are_further_apart(void **state)
{
	struct conf_list list = list_at(*state);
	struct source *source = made(&list);
	uint64_t before_ms = clock_ms();

	source_order(source);
	assert_true(source->under_way);
	for (unsigned int i = 1; i <= 20; i++) {
		source_failed(source, "because", 0, UINT32_MAX);
		assert_int_equal(source->failures, i);
	}
	assert_false(source->under_way);
	assert_string_equal(source->reason, "because");
	assert_true(source->due_ms >= before_ms + 1000ULL * REFRESH_S / 2);
	assert_true(source->due_ms <= clock_ms() + 1000ULL * REFRESH_S);
	source_free(source);
}

static void test_what_is_known_is_of_the_copy_alone(void **state)
{
	const struct scratch *s = *state;
	struct conf_list list = list_at(s);
	struct source *source = made(&list);
	struct kept kept = {.url = "https://x.test/list?key=secret", .etag = "\"1\""};
	struct stat st;

	scratch_write(s, "feed.list", "a.example\n");
	assert_int_equal(stat(list.file, &st), 0);
	kept_set_file(&kept, &st);
	kept.checked_s = clock_unix_s();
	source_succeeded(source, &kept, true, 0);
	source_order(source);
	assert_string_equal(source->order.kept.etag, "\"1\"");
	source_free(source);
	/* over a restart; not after somebody has written to it */
	source = made(&list);
	source_begin(source, 0);
	source_order(source);
	assert_string_equal(source->order.kept.etag, "\"1\"");
	scratch_write(s, "feed.list", "b.example.\n");
	source_order(source);
	assert_string_equal(source->order.kept.etag, "");
	source_free(source);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_failures_are_further_apart),
		cmocka_unit_test(test_what_is_known_is_of_the_copy_alone),
	};

	return cmocka_run_group_tests(tests, scratch_set_up, scratch_tear_down);
}
