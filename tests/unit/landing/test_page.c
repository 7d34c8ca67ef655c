/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "landing/page.h"

static const struct order whole = {
	.listed = true,
	.ordered = true,
	.family = "<b>Waledac",
	.court = "A&B 'Court'",
	.case_id = "1:10\"",
	.date = "2010-02-22",
	.contact = "abuse@court.example",
	.url = "https://court.example/?a=1&b=\"2",
	.remedy = "https://isp.example/clean",
};

/* The page as text; it lies in `out`. */
static const char *write_page(struct evbuffer *out, enum language language, const char *host,
			      const struct order *order)
{
	assert_int_equal(page_write(out, language, host, order), ERR_OK);
	assert_int_equal(evbuffer_add(out, "", 1), 0);
	return (const char *)evbuffer_pullup(out, -1);
}

static void test_all_is_said_and_nothing_is_markup(void **state)
{
	static const char *const said[] = {
		"&lt;b&gt;Waledac",
		"A&amp;B &#39;Court&#39;",
		"1:10&quot;",
		"2010-02-22",
		"abuse@court.example",
		"href=\"https://court.example/?a=1&amp;b=&quot;2\"",
		"href=\"https://isp.example/clean\"",
		"&lt;script&gt;.example",
	};

	(void)state;
	for (unsigned int l = 0; l < LANGUAGE_COUNT; l++) {
		struct evbuffer *out = evbuffer_new();
		const char *text = write_page(out, (enum language)l, "<script>.example", &whole);

		for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
			assert_non_null(strstr(text, said[i]));
		assert_null(strstr(text, "<script"));
		assert_null(strstr(strstr(text, "</style>"), "{"));
		evbuffer_free(out);
	}
}

static void test_nothing_is_known(void **state)
{
	const struct order none = {.listed = false};

	(void)state;
	for (unsigned int l = 0; l < LANGUAGE_COUNT; l++) {
		struct evbuffer *out = evbuffer_new();
		const char *text = write_page(out, (enum language)l, "", &none);

		assert_null(strstr(text, "href"));
		assert_null(strstr(text, "<b></b>"));
		assert_non_null(strstr(text, "</html>"));
		evbuffer_free(out);
	}
}

static void test_policy(void **state)
{
	char policy[PAGE_POLICY_MAX];

	(void)state;
	assert_int_equal(page_policy(policy), ERR_OK);
	assert_non_null(strstr(policy, "default-src 'none'; style-src 'sha256-"));
	assert_non_null(strstr(policy, "=';"));
	assert_true(strlen(policy) < sizeof(policy) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_said_and_nothing_is_markup),
		cmocka_unit_test(test_nothing_is_known),
		cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
