/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "loop/heavy.h"

static struct ip client(uint32_t number)
{
	struct ip ip = {.family = AF_INET};

	memcpy(ip.bytes, &number, sizeof(number));
	return ip;
}

static void expect_first(const struct heavy *h, uint32_t number, uint64_t least, uint64_t most)
{
	const struct heavy_place *first = heavy_first(h);
	struct ip ip = client(number);

	assert_true(ip_equal(&first->client, &ip));
	assert_in_range(first->count - first->inherited, least, most);
	assert_true(first->count >= most);
}

/* Who has a tenth of all is found among a hundred thousand, by a count that is never too high. */
static void test_heaviest(void **state)
{
	struct heavy h = {0};

	for (uint32_t i = 1; i <= 100000; i++) {
		struct ip ip = client(i % 10 == 0 ? 0 : i);

		heavy_add(&h, &ip);
	}
	assert_int_equal(h.total, 100000);
	expect_first(&h, 0, 1, 10000);
}

static void test_few(void **state)
{
	struct heavy h = {0};

	for (uint32_t i = 0; i < HEAVY_PLACES; i++) {
		struct ip ip = client(i);

		for (uint32_t n = 0; n <= i; n++)
			heavy_add(&h, &ip);
	}
	expect_first(&h, HEAVY_PLACES - 1, HEAVY_PLACES, HEAVY_PLACES);
}

/* Who is second with each of two is first with both; what was moved is gone. */
static void test_move(void **state)
{
	struct heavy all = {0};

	for (uint32_t half = 1; half <= 2; half++) {
		struct heavy part = {0};
		struct ip own = client(half);
		struct ip both = client(9);

		for (int i = 0; i < 10; i++) {
			heavy_add(&part, &own);
			if (i < 8)
				heavy_add(&part, &both);
		}
		heavy_move(&all, &part);
		assert_int_equal(part.total, 0);
		assert_int_equal(heavy_first(&part)->count, 0);
	}
	assert_int_equal(all.total, 36);
	expect_first(&all, 9, 16, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heaviest),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
