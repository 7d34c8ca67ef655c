/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/label.h"
#include "web/metrics.h"

static void test_labels(void **state)
{
	static const struct {
		const char *text;
		const char *label;
	} cases[] = {
		{"waledac", "waledac"},
		{"", ""},
		{"a\"b\\c\nd", "a\\\"b\\\\c\\nd"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"\xff", "\xef\xbf\xbd"},
		{"\xc3", "\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},		  /* overlong */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct evbuffer *out = evbuffer_new();

		assert_non_null(out);
		label_add(out, cases[i].text);
		evbuffer_add(out, "", 1);
		assert_string_equal((const char *)evbuffer_pullup(out, -1), cases[i].label);
		evbuffer_free(out);
	}
}

static void test_latency(void **state)
{
	static const struct {
		uint64_t took_us;
		unsigned int bucket;
	} cases[] = {
		{0, 0},		  {1, 0},     {2, 1},	  {3, 2},	  {4, 2},
		{5, 3},		  {1024, 10}, {1025, 11}, {1U << 23, 23}, {(1U << 23) + 1, 24},
		{1ULL << 40, 24},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stats_latency latency = {.sum_us = 0};

		stats_took(&latency, cases[i].took_us, 3);
		assert_int_equal(latency.buckets[cases[i].bucket], 3);
		assert_int_equal(latency.sum_us, 3 * cases[i].took_us);
	}
}

static void test_accept(void **state)
{
	assert_false(metrics_wants_openmetrics(NULL));
	assert_false(metrics_wants_openmetrics("text/plain"));
	assert_true(metrics_wants_openmetrics(
		"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
