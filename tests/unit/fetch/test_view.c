/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown of a list that is fetched: whatever its URL is and its server says, it fits, and no
 * key is in it. */
#include "fetch/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fetch/source.h"
#include "support/fetched.h"

#define NOW_S 1000000000ULL
#define LONG 4000U

static struct source *made(const struct scratch *s, const char *url)
{
	const struct conf_list list = fetched_list(s, url);
	struct source *source;

	assert_int_equal(source_create(&list, &source), ERR_OK);
	return source;
}

static struct fetch_view view_of(const struct source *source)
{
	struct fetch_view view;

	memset(&view, 0xa5, sizeof(view));
	source_view(source, NOW_S, &view);
	assert_non_null(memchr(view.url, '\0', sizeof(view.url)));
	assert_non_null(memchr(view.reason, '\0', sizeof(view.reason)));
	return view;
}

static void test_urls(void **state)
{
	static const struct {
		const char *url;
		const char *shown;
	} cases[] = {
		{"https://x.test/list?key=secret", "https://x.test/list"},
		{"https://x.test/list?a?b=secret", "https://x.test/list"},
		{"https://x.test?secret", "https://x.test"},
		{"?secret", ""},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char url[64];
		struct source *source;
		struct fetch_view view;

		snprintf(url, sizeof(url), "%s", cases[i].url);
		source = made(*state, url);
		view = view_of(source);
		assert_string_equal(view.url, cases[i].shown);
		source_free(source);
	}
}

static char *repeated(char c, size_t count)
{
	char *text = malloc(count + 1);

	assert_non_null(text);
	memset(text, c, count);
	text[count] = '\0';
	return text;
}

static void test_long_ones_are_cut(void **state)
{
	char *text = repeated('a', LONG);
	struct source *source = made(*state, text);
	struct fetch_view view;

	source_order(source);
	source_failed(source, text, UINT64_MAX, UINT32_MAX);
	view = view_of(source);
	assert_int_equal(strlen(view.url), FETCH_SHOWN_MAX - 1);
	assert_int_equal(strlen(view.reason), FETCH_REASON_MAX - 1);
	assert_int_equal(view.failures, 1);
	source_free(source);
	free(text);
}

static void test_never_fetched(void **state)
{
	char url[] = "https://x.test/";
	struct source *source = made(*state, url);
	struct fetch_view view = view_of(source);

	assert_true(view.fetched_s == 0 && view.changed_s == 0 && view.failures == 0);
	assert_false(view.under_way);
	assert_string_equal(view.reason, "");
	source->wanted = true;
	assert_true(view_of(source).under_way);
	source_free(source);
}

/* Whatever the clock does: what comes from the future is not stale. */
static void test_times(void **state)
{
	static const struct {
		uint64_t checked_s;
		bool stale;
	} cases[] = {{NOW_S, false}, {NOW_S - 179, false}, {NOW_S - 180, true},
		     {1, true},	     {NOW_S + 1, false},   {UINT64_MAX, false}};
	char url[] = "https://x.test/";
	struct source *source = made(*state, url);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		source->kept.checked_s = cases[i].checked_s;
		assert_int_equal(view_of(source).stale, cases[i].stale);
		assert_true(view_of(source).fetched_s == cases[i].checked_s);
	}
	source_free(source);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_long_ones_are_cut),
		cmocka_unit_test(test_never_fetched),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests_name("view", tests, scratch_set_up, scratch_tear_down);
}
