/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "called/patience.h"

static bool is_over(const struct patience *p, const char *address, uint64_t now_ms)
{
	struct ip ip;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	return patience_is_over(p, &ip, now_ms);
}

static void note(struct patience *p, const char *address, uint64_t took_ms, uint64_t now_ms)
{
	struct ip ip;

	assert_int_equal(ip_parse(address, &ip), ERR_OK);
	patience_note(p, &ip, took_ms, now_ms);
}

/* A network is asked for less when some of it in a row were slow, and others as before. */
static void test_slow_in_a_row(void **state)
{
	struct patience p = {.next = 0};

	(void)state;
	assert_false(is_over(&p, "192.0.2.1", 0));
	for (unsigned int i = 0; i < PATIENCE_SLOW_MAX; i++) {
		assert_false(is_over(&p, "192.0.2.9", 5000));
		note(&p, "192.0.2.1", PATIENCE_SLOW_MS, 5000);
	}
	assert_true(is_over(&p, "192.0.2.9", 5000));
	assert_false(is_over(&p, "192.0.3.9", 5000));
	assert_false(is_over(&p, "2001:db8::1", 5000));
	assert_true(is_over(&p, "192.0.2.9", 5000 + PATIENCE_PAUSE_MS - 1));
	assert_false(is_over(&p, "192.0.2.9", 5000 + PATIENCE_PAUSE_MS)); /* one more */
	note(&p, "192.0.2.9", PATIENCE_SLOW_MS, 90000);
	assert_true(is_over(&p, "192.0.2.9", 90000));
	note(&p, "192.0.2.9", PATIENCE_SLOW_MS - 1, 180000);
	assert_false(is_over(&p, "192.0.2.9", 180000));
}

/* A customer has a /48 of IPv6 at most. */
static void test_networks_of_ipv6(void **state)
{
	struct patience p = {.next = 0};

	(void)state;
	for (unsigned int i = 0; i < PATIENCE_SLOW_MAX; i++) {
		char address[64];

		snprintf(address, sizeof(address), "2001:db8:1:%x::%x", i, i);
		note(&p, address, 3000, 5000);
	}
	assert_true(is_over(&p, "2001:db8:1:ffff::9", 6000));
	assert_false(is_over(&p, "2001:db8:2::9", 6000));
}

/* The first gives way, and quick ones have no room. */
static void test_bound(void **state)
{
	struct patience p = {.next = 0};
	char address[64];

	(void)state;
	for (unsigned int i = 0; i < PATIENCE_NETWORKS + 1; i++) {
		snprintf(address, sizeof(address), "10.0.%u.1", i);
		for (unsigned int k = 0; k < PATIENCE_SLOW_MAX; k++)
			note(&p, address, 3000, 5000);
		note(&p, "192.0.2.1", 3, 5000);
		assert_true(is_over(&p, address, 5000));
	}
	assert_false(is_over(&p, "10.0.0.1", 5000));
	assert_true(is_over(&p, "10.0.1.1", 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_in_a_row),
		cmocka_unit_test(test_networks_of_ipv6),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
